"""Boosted trees, really trained with XGBoost and LightGBM, with their evaluations as JSON."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.training.runs import rows_of

SETTINGS: dict[str, dict[str, Any]] = {
    "": {"learning_rate": 0.1, "max_depth": 3, "n_estimators": 400, "early": 20, "subsample": 0.8},
    "overfitting": {"learning_rate": 0.3, "max_depth": 8, "n_estimators": 400, "early": 0, "flip": 0.3, "rows": 150},
    "learning_rate_too_low": {"learning_rate": 0.0005, "max_depth": 4, "n_estimators": 150, "early": 0},
    "stopped_too_early": {"learning_rate": 0.05, "max_depth": 4, "n_estimators": 10, "early": 0},
}


def evaluations(table: str, *, seed: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Problem, library and the evaluations that the library keeps, for each setting that its truth shows in."""
    import lightgbm
    import xgboost

    for problem, given in SETTINGS.items():
        chosen = dict(given)
        early, flip, count = chosen.pop("early"), chosen.pop("flip", 0.0), chosen.pop("rows", None)
        rows = rows_of(table, seed=seed, train_rows=count, flip=flip if count else 0.0)
        x, y, held, truth = rows.x, rows.y, rows.x_held, rows.y_held
        kind = "Classifier" if rows.classes else "Regressor"
        boost = getattr(xgboost, f"XGB{kind}")(**chosen, n_jobs=1, early_stopping_rounds=early or None, random_state=seed)
        boost.fit(x, y, eval_set=[(x, y), (held, truth)], verbose=False)
        first, second = (next(iter(part.values())) for part in boost.evals_result().values())
        if _shows(problem, second, first):
            yield problem, "xgboost", boost.evals_result()
        light = getattr(lightgbm, f"LGBM{kind}")(**chosen, n_jobs=1, random_state=seed, verbose=-1, min_child_samples=5)
        calls = [lightgbm.early_stopping(early, verbose=False)] if early else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that its next version will change
            light.fit(x, y, eval_set=[(x, y), (held, truth)], eval_names=["training", "valid_1"], callbacks=calls)
        kept = {name: {metric: list(values) for metric, values in part.items()} for name, part in light.evals_result_.items()}
        if _shows(problem, next(iter(kept["valid_1"].values())), next(iter(kept["training"].values()))):
            yield problem, "lightgbm", kept


def _shows(problem: str, held: list[float], own: list[float]) -> bool:
    v, t = np.array(held), np.array(own)
    if problem == "overfitting":
        return bool(v[-1] - v.min() > 0.1 * v.min() and t[-1] < 0.5 * t[0])
    if problem == "":
        return bool(
            v[-1] - v.min() < 0.05 * (v[0] - v.min() + 1e-9) + 0.02 * v.min()
            and t[-1] < 0.8 * t[0]
            and v[-1] - t[-1] < 0.4 * (t[0] - t[-1])
        )
    return True
