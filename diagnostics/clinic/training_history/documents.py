"""JSON histories: Hugging Face's trainer_state.json, the evaluations of XGBoost and LightGBM, and Keras' History.history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.training_history.columns import CELLS_CAP, NO_HISTORY, Columns, check_size
from diagnostics.clinic.training_history.history import (
    GRADIENT,
    LOSS,
    RATE,
    SCORE,
    VAL_LOSS,
    VAL_SCORE,
    Curve,
    History,
    make_curve,
)
from diagnostics.clinic.training_history.mapped import from_columns
from diagnostics.clinic.training_history.names import guess, part_of, plain, rising
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

BYTES_CAP: Final = 64_000_000
ENTRIES_CAP: Final = 500_000


def read(file: Path) -> History:
    """Raises BadInput when the JSON is broken, too large, or none of the known kinds."""
    check_size(file, BYTES_CAP)
    try:
        told = json.loads(file.read_bytes().decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as reason:
        raise BadInput(
            N_("{file:name} is no complete JSON: it may be cut off. Save it again after the run has ended."), file=file.name
        ) from reason
    if isinstance(told, dict) and isinstance(told.get("log_history"), list):
        return _hugging_face(file, told["log_history"])
    if isinstance(told, list) and told and all(isinstance(entry, dict) for entry in told[:5]):
        return _hugging_face(file, told)
    if isinstance(told, dict):
        if isinstance(told.get("evals_result"), dict):
            told = told["evals_result"]
        if _is_evaluations(told):
            return _boosting(file, told)
        if isinstance(told.get("history"), dict):
            told = told["history"]
        lists = {str(name): values for name, values in told.items() if isinstance(values, list) and values}
        if lists:
            length = max(len(values) for values in lists.values())
            return from_columns(
                file, Columns({name: _array(values, length) for name, values in lists.items()}, length), form="keras_json"
            )
    raise BadInput(NO_HISTORY, file=file.name)


def _array(values: list[Any], length: int | None = None) -> NDArray[np.float64]:
    """Numbers; infinity for what is stated and no number, NaN for gaps."""
    made = np.full(len(values) if length is None else length, np.nan)
    for place, value in enumerate(values[: len(made)]):
        made[place] = number(value)
    return made


def number(value: object) -> float:
    """`value` as a number: NaN where there is none, infinity where it is stated and not finite."""
    if isinstance(value, bool) or value is None:
        return float("nan")
    if isinstance(value, str):
        value = {"nan": float("inf"), "inf": float("inf"), "infinity": float("inf"), "-inf": float("inf")}.get(
            value.strip().lower()
        )
    if isinstance(value, int | float):
        try:
            given = float(value)
        except OverflowError:
            return float("inf")
        return given if np.isfinite(given) else float("inf")
    return float("nan")


def _hugging_face(file: Path, entries: list[Any]) -> History:
    """One entry per log line: training lines hold "loss", evaluation lines "eval_loss"; both the step and the epoch as a
    fraction.
    """
    if len(entries) > ENTRIES_CAP:
        raise BadInput(N_("{file:name} has more than {cap:count} entries: log less often."), file=file.name, cap=ENTRIES_CAP)
    kept = [entry for entry in entries if isinstance(entry, dict)]
    names = [
        name
        for name in dict.fromkeys(str(key) for entry in kept for key in entry)
        if name not in ("train_loss", "train_runtime", "total_flos") or not any("loss" in entry for entry in kept)
    ][:500]
    if len(names) * len(kept) > CELLS_CAP or not kept:
        raise BadInput(NO_HISTORY, file=file.name)
    values = {name: _array([entry.get(name) for entry in kept]) for name in names}
    chosen = {part: name for part, name in guess(names).items() if part not in ("epoch", "step")}
    epoch = values.get("epoch", np.full(len(kept), np.nan))
    step = values.get("step", np.full(len(kept), np.nan))
    unit, place = ("epoch", epoch) if np.isfinite(epoch).mean() > 0.9 and np.nanmax(epoch) > 0 else ("step", step)
    if not np.isfinite(place).any():
        unit, place = "step", np.arange(1, len(kept) + 1, dtype="float64")
    curves: list[Curve] = []
    for part, name in chosen.items():
        if curve := make_curve(part, name, place, values[name], rising=rising(name)):
            curves.append(curve)
    if not {LOSS, VAL_LOSS, SCORE, VAL_SCORE} & {curve.part for curve in curves}:
        raise BadInput(NO_HISTORY, file=file.name)
    last = float(np.nanmax(place))
    return History(file.name, "huggingface", unit, int(np.ceil(last)) if unit == "epoch" else len(kept), tuple(_ordered(curves)))


def _ordered(curves: list[Curve]) -> list[Curve]:
    order = (LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE, GRADIENT)
    return sorted(curves, key=lambda curve: order.index(curve.part))


def _is_evaluations(told: Mapping[Any, Any]) -> bool:
    """{"name of the rows": {"metric": [one value per round]}}."""
    inner = [value for value in told.values() if isinstance(value, dict)]
    return bool(inner) and len(inner) == len(told) and all(isinstance(values, list) for part in inner for values in part.values())


def _boosting(file: Path, told: Mapping[str, Mapping[str, list[Any]]]) -> History:
    """One list per rows and metric. The rows are told by name; of two without a telling name the first are the training rows, as
    XGBoost numbers its eval_set.
    """
    names = list(told)
    train = next((name for name in names if _is_train(name)), None)
    if train is None and len(names) > 1 and all(plain(name).startswith("validation_") for name in names):
        train = names[0]
    held = next((name for name in names if name != train), None)
    metrics = list(dict.fromkeys(metric for part in told.values() for metric in part))
    losses = [metric for metric in metrics if not rising(metric)]
    scores = [metric for metric in metrics if rising(metric)]
    curves = []
    for rows, loss_part, score_part in ((train, LOSS, SCORE), (held, VAL_LOSS, VAL_SCORE)):
        if rows is None:
            continue
        for metric, part in ((_first(losses, told[rows]), loss_part), (_first(scores, told[rows]), score_part)):
            if metric is None:
                continue
            values = _array(told[rows][metric])
            if curve := make_curve(
                part,
                f"{rows} {metric}",
                np.arange(1, len(values) + 1, dtype="float64"),
                values,
                rising=part in (SCORE, VAL_SCORE),
            ):
                curves.append(curve)
    if not curves:
        raise BadInput(NO_HISTORY, file=file.name)
    rounds = max(int(max(curve.x, default=curve.lost_at or 0)) for curve in curves)
    return History(file.name, _library(names, metrics), "round", rounds, tuple(_ordered(curves)))


def _is_train(name: str) -> bool:
    word = plain(name)
    return word in ("train", "training", "dtrain", "learn", "fit", "trn") or word.startswith("train")


def _first(metrics: list[str], rows: Mapping[str, list[Any]]) -> str | None:
    """The metric of most use: a smooth one before an error rate."""
    known = [metric for metric in metrics if metric in rows]
    smooth = [metric for metric in known if "error" not in metric or part_of(metric) is None]
    return next(iter(smooth or known), None)


def _library(names: list[str], metrics: list[str]) -> str:
    lightgbm = any(plain(name).startswith("valid_") or name == "training" for name in names)
    lightgbm = lightgbm or any(
        metric in ("l2", "l1", "binary_logloss", "multi_logloss", "multi_error", "binary_error") for metric in metrics
    )
    return "lightgbm" if lightgbm else "xgboost"
