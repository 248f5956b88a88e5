"""Runs of boosted trees, from the values per rows and metric that documents and printed logs hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.training_history.history import LOSS, SCORE, VAL_LOSS, VAL_SCORE, Curve, History, make_curve
from diagnostics.clinic.training_history.reading.names import part_of, plain, rising


def boosted(
    name: str, evaluations: Mapping[str, Mapping[str, NDArray[np.float64]]], form: str = "", rounds: Sequence[int] = ()
) -> History | None:
    """A run of boosted trees from the values per rows and metric. The rows are recognised by name; where two have names that say
    nothing the first are the training rows, as XGBoost numbers its eval_set. rounds: of every value, 1 and on where they are not
    stated. None without a value.
    """
    names = list(evaluations)
    train = next((rows for rows in names if _is_train(rows)), None)
    if train is None and len(names) > 1 and all(plain(rows).startswith("val") for rows in names):
        train = names[0]
    held = next((rows for rows in names if rows != train), None)
    metrics = list(dict.fromkeys(metric for part in evaluations.values() for metric in part))
    losses = [metric for metric in metrics if not rising(metric)]
    scores = [metric for metric in metrics if rising(metric)]
    curves = []
    for rows, loss_part, score_part in ((train, LOSS, SCORE), (held, VAL_LOSS, VAL_SCORE)):
        if rows is None:
            continue
        for metric, part in ((_first(losses, evaluations[rows]), loss_part), (_first(scores, evaluations[rows]), score_part)):
            if metric is None:
                continue
            values = evaluations[rows][metric]
            x = np.array(rounds or range(1, len(values) + 1), dtype="float64")
            if curve := make_curve(part, f"{rows} {metric}", x, values, rising=part in (SCORE, VAL_SCORE)):
                curves.append(curve)
    if not curves:
        return None
    last = max(int(max(curve.x, default=curve.lost_at or 0)) for curve in curves)
    return History(name, form or _library(names, metrics), "round", last, tuple(_ordered(curves)))


def _ordered(curves: list[Curve]) -> list[Curve]:
    order = (LOSS, VAL_LOSS, SCORE, VAL_SCORE)
    return sorted(curves, key=lambda curve: order.index(curve.part))


def _is_train(name: str) -> bool:
    word = plain(name)
    return word in ("dtrain", "learn", "fit", "trn") or word.startswith("train")


def _first(metrics: list[str], rows: Mapping[str, Any]) -> str | None:
    """The metric of most use: a smooth one before an error rate."""
    known = [metric for metric in metrics if metric in rows]
    smooth = [metric for metric in known if "error" not in metric or part_of(metric) is None]
    return next(iter(smooth or known), None)


def _library(names: list[str], metrics: list[str]) -> str:
    lightgbm = any(plain(name).startswith(("valid_", "val_1")) and not plain(name).startswith("validation_") for name in names)
    lightgbm = (
        lightgbm
        or "training" in names
        or any(metric in ("l2", "l1", "binary_logloss", "multi_logloss", "multi_error", "binary_error") for metric in metrics)
    )
    return "lightgbm" if lightgbm and not any(name.startswith("validation_") for name in names) else "xgboost"
