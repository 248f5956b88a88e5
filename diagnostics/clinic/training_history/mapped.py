"""From columns of numbers to a History, by the parts that the columns play; Keras, Lightning and any CSV end here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.training_history.columns import CUT_OFF, Columns
from diagnostics.clinic.training_history.history import (
    GRADIENT,
    LOSS,
    PARTS,
    SCORE,
    VAL_LOSS,
    VAL_SCORE,
    Curve,
    History,
    Layer,
    by_epoch,
    make_curve,
)
from diagnostics.clinic.training_history.names import EPOCH, STEP, guess, layer_gradients, rising
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_

FEW_EPOCHS: Final = 4
"""Below so many epochs a run that was logged step by step is looked at by steps."""

UNMAPPED: Final = N_(
    "No column of {file:name} could be told to be a loss or a score (there are {columns:list}): say which is which, or name them "
    "loss, val_loss, accuracy."
)


def from_columns(file: Path | str, columns: Columns, *, form: str, mapping: Mapping[str, str] | None = None) -> History:
    """mapping: part ("loss", "val_loss", "score", "val_score", "rate", "gradient", "epoch", "step") to a column's name;
    guessed where
    it is None. Raises BadInput when there is neither a loss nor a score.
    """
    name = Path(file).name
    chosen = {
        part: column
        for part, column in (guess(columns.names) if mapping is None else mapping).items()
        if column in columns.values
    }
    if not {LOSS, VAL_LOSS, SCORE, VAL_SCORE} & chosen.keys():
        raise BadInput(UNMAPPED, file=name, columns=list(columns.names))
    steps, epochs = _steps(columns, chosen), _epochs(columns, chosen)
    unit, grouped = "step" if STEP in chosen else "epoch", False
    if epochs is not None:
        known = np.unique(epochs[np.isfinite(epochs)])
        whole = bool(np.all(known == np.round(known)))
        main = columns.values[next(chosen[part] for part in (LOSS, VAL_LOSS, SCORE, VAL_SCORE) if part in chosen)]
        once = int(np.count_nonzero(~np.isnan(main))) <= 1.5 * len(known)
        grouped = whole and (len(known) >= FEW_EPOCHS or once)
        unit = "epoch" if grouped or not whole else unit
    place = epochs if unit == "epoch" and epochs is not None else steps
    curves: list[Curve] = []
    for part in PARTS:
        if part not in chosen:
            continue
        values = columns.values[chosen[part]]
        x, y = by_epoch(place, values) if grouped else (place, values)
        if curve := make_curve(part, chosen[part], x, y, rising=rising(chosen[part])):
            curves.append(curve)
    layers = []
    for column, called in layer_gradients(columns.names).items():
        if column == chosen.get(GRADIENT):
            continue
        x, y = by_epoch(place, columns.values[column]) if grouped else (place, columns.values[column])
        if curve := make_curve(GRADIENT, column, x, y):
            layers.append(Layer(called, curve.x, curve.y, lost_at=curve.lost_at))
    if not curves:
        raise BadInput(UNMAPPED, file=name, columns=list(columns.names))
    notes = (Reason(CUT_OFF, {"count": columns.skipped}),) if columns.skipped else ()
    return History(name, form, unit, _count(curves, unit, epochs, columns.rows), tuple(curves), tuple(layers), notes)


def _epochs(columns: Columns, chosen: Mapping[str, str]) -> NDArray[np.float64] | None:
    """Epoch of every row, from 1; gaps take the last one stated. None where there is none, or where it starts again and again."""
    if EPOCH not in chosen:
        return None
    stated = columns.values[chosen[EPOCH]]
    known = np.isfinite(stated)
    if not known.any():
        return None
    filled = stated[np.maximum.accumulate(np.where(known, np.arange(len(stated)), int(np.flatnonzero(known)[0])))]
    back = np.flatnonzero(np.diff(filled) < 0)
    if len(back) > max(1, len(filled) // 10):
        return None
    for place in back:
        # A log that was appended to: the second run's epochs follow the first one's.
        filled[place + 1 :] += filled[place] - filled[place + 1] + 1
    whole = bool(np.all(filled == np.round(filled)))
    return filled + 1 if whole and filled[0] == 0 else filled


def _steps(columns: Columns, chosen: Mapping[str, str]) -> NDArray[np.float64]:
    if STEP in chosen:
        stated = columns.values[chosen[STEP]]
        known = np.isfinite(stated)
        if known.mean() > 0.9 and bool(np.all(np.diff(stated[known]) >= 0)):
            return np.asarray(np.where(known, stated, np.nan))
    return np.arange(1, columns.rows + 1, dtype="float64")


def _count(curves: list[Curve], unit: str, epochs: NDArray[np.float64] | None, rows: int) -> int:
    if epochs is not None and np.isfinite(epochs).any():
        return int(np.ceil(np.nanmax(epochs)))
    if unit == "epoch":
        return rows
    return max(len(curve.x) + (curve.lost_at is not None) for curve in curves)
