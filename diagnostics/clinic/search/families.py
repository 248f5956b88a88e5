"""What can be searched: the clinic's families, a support vector machine, and the boosting libraries that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from diagnostics.clinic.shared.models import FAMILIES, Family, Knob
from diagnostics.nouns.words import N_

ALIASES: Final[Mapping[str, str]] = {
    "logistic": "linear",
    "ridge": "linear",
    "elastic_net": "linear",
    "random_forest": "forest",
    "randomforest": "forest",
    "rf": "forest",
    "hist_gradient_boosting": "boosting",
    "histgradientboosting": "boosting",
    "gradient_boosting": "boosting",
    "hgb": "boosting",
    "k_neighbours": "neighbours",
    "k_neighbors": "neighbours",
    "neighbors": "neighbours",
    "kneighbors": "neighbours",
    "knn": "neighbours",
    "svc": "svm",
    "svr": "svm",
    "mlp": "network",
    "neural_network": "network",
    "xgb": "xgboost",
    "lgbm": "lightgbm",
}
"""Names that people know a family by, for the command line."""

CALIBRATION: Final = 3
"""Folds in which the margins of a support vector machine become chances (Platt 1999)."""


def _svm(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from sklearn.svm import SVC, SVR

    shared = {"C": float(s["C"]), "kernel": str(s["kernel"]), "gamma": s["gamma"], "cache_size": 200}
    if not classes:
        return SVR(**shared, epsilon=float(s["epsilon"]))
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(SVC(**shared, class_weight=s.get("class_weight")), ensemble=False, cv=CALIBRATION)


def _xgboost(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from xgboost import XGBClassifier, XGBRegressor

    return (XGBClassifier if classes else XGBRegressor)(
        n_estimators=int(s["n_estimators"]),
        learning_rate=float(s["learning_rate"]),
        max_depth=int(s["max_depth"]),
        min_child_weight=float(s["min_child_weight"]),
        subsample=float(s["subsample"]),
        colsample_bytree=float(s["colsample_bytree"]),
        reg_lambda=float(s["reg_lambda"]),
        tree_method="hist",
        random_state=seed,
        n_jobs=1,
        verbosity=0,
    )


def _lightgbm(classes: bool, seed: int, s: Mapping[str, Any]) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    extra: dict[str, Any] = {"class_weight": s.get("class_weight")} if classes else {}
    return (LGBMClassifier if classes else LGBMRegressor)(
        n_estimators=int(s["n_estimators"]),
        learning_rate=float(s["learning_rate"]),
        num_leaves=int(s["num_leaves"]),
        min_child_samples=int(s["min_child_samples"]),
        subsample=float(s["subsample"]),
        subsample_freq=1,
        colsample_bytree=float(s["colsample_bytree"]),
        reg_lambda=float(s["reg_lambda"]),
        random_state=seed,
        n_jobs=1,
        verbosity=-1,
        deterministic=True,
        **extra,
    )


_LEAF: Final = Knob("min_child_weight", N_("fewest rows in a leaf"), (300, 100, 30, 10, 1), log=True)

MORE: Final[Mapping[str, Family]] = {
    f.name: f
    for f in (
        Family(
            name="svm",
            title=N_("Support vector machine"),
            make=_svm,
            scaled=True,
            settings={"C": 1.0, "gamma": "scale", "kernel": "rbf", "epsilon": 0.1, "class_weight": None},
            complexity=Knob("gamma", N_("reach of a row"), (0.001, 0.01, 0.1, 1.0), log=True),
            regularisation=Knob("C", N_("price of an error"), (0.01, 0.1, 1.0, 10.0, 100.0), log=True),
        ),
        Family(
            name="xgboost",
            title=N_("XGBoost"),
            make=_xgboost,
            scaled=False,
            settings={
                "n_estimators": 100,
                "learning_rate": 0.3,
                "max_depth": 6,
                "min_child_weight": 1.0,
                "subsample": 1.0,
                "colsample_bytree": 1.0,
                "reg_lambda": 1.0,
            },
            complexity=Knob("max_depth", N_("depth of the trees"), (1, 2, 4, 6, 10)),
            regularisation=_LEAF,
        ),
        Family(
            name="lightgbm",
            title=N_("LightGBM"),
            make=_lightgbm,
            scaled=False,
            settings={
                "n_estimators": 100,
                "learning_rate": 0.1,
                "num_leaves": 31,
                "min_child_samples": 20,
                "subsample": 1.0,
                "colsample_bytree": 1.0,
                "reg_lambda": 0.0,
                "class_weight": None,
            },
            complexity=Knob("num_leaves", N_("leaves of a tree"), (2, 4, 8, 16, 31, 64)),
            regularisation=Knob("min_child_samples", N_("fewest rows in a leaf"), (300, 100, 30, 10), log=True),
        ),
    )
}
"""The defaults are those of each library."""

SEARCHED: Final = ("linear", "forest", "boosting", "neighbours", "svm", "network", "xgboost", "lightgbm")


@cache
def families() -> Mapping[str, Family]:
    """Those that can be searched here, in the order of the menu; the libraries of the last two may be missing."""
    known = {**FAMILIES, **MORE}
    return {name: known[name] for name in SEARCHED if name not in ("xgboost", "lightgbm") or find_spec(name) is not None}


ROWS: Final[Mapping[str, int]] = {"svm": 3_000, "network": 10_000, "neighbours": 10_000}
"""Rows that a family is searched on at most: the time of a support vector machine grows with their square, say."""


def failures() -> tuple[type[Exception], ...]:
    """What a model may raise for settings that do not suit it."""
    import numpy as np

    known: tuple[type[Exception], ...] = (ValueError, ArithmeticError, RuntimeError, MemoryError, np.linalg.LinAlgError)
    if find_spec("lightgbm") is not None:
        from lightgbm.basic import LightGBMError

        known = (*known, LightGBMError)
    return known
