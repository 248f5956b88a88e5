"""The recorder's format: one JSON object per line, written as training goes, so that a run that was killed can be read as well.

    {"recorder": "model-clinic", "version": 1, "framework": "pytorch"}
    {"epoch": 1, "loss": 0.61, "val_loss": 0.58, "score": 0.71, "val_score": 0.73, "learning_rate": 0.001,
     "layers": [{"name": "0.weight", "gradient": 0.12, "ratio": 0.003, "dead": 0.02}]}

Every value but the epoch may be missing, null or NaN. gradient: norm of the loss' gradient by the layer's weights. ratio:
norm of the
update by that of the weights. dead: share of the layer's units that were zero on every row they saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from diagnostics.clinic.training_history.history import (
    GRADIENT,
    LOSS,
    RATE,
    SCORE,
    VAL_LOSS,
    VAL_SCORE,
    Curve,
    History,
    Layer,
    make_curve,
)
from diagnostics.clinic.training_history.reading.columns import CUT_OFF, LINE_CAP, NO_HISTORY, check_size
from diagnostics.clinic.training_history.reading.documents import number
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput, Reason

MARK: Final = '"model-clinic"'
LAYERS_CAP: Final = 200
LINES_CAP: Final = 200_000
KEYS: Final = (
    (LOSS, "loss"),
    (VAL_LOSS, "val_loss"),
    (SCORE, "score"),
    (VAL_SCORE, "val_score"),
    (RATE, "learning_rate"),
    (GRADIENT, "gradient"),
)


def read(file: Path) -> History:
    """Raises BadInput when there is no line of an epoch in it."""
    check_size(file)
    entries: list[dict[str, Any]] = []
    cut = 0
    with file.open(encoding="utf-8", errors="replace") as text:
        for line in text:
            if len(line) > LINE_CAP or len(entries) > LINES_CAP:
                raise BadInput(NO_HISTORY, file=file.name)
            try:
                entry = load_json(line) if line.strip() else None
            except NotPlain:
                cut += 1  # The line at which a killed run was writing.
                continue
            if isinstance(entry, dict) and "epoch" in entry:
                entries.append(entry)
    return from_entries(file.name, entries, notes=(Reason(CUT_OFF, {"count": cut}),) if cut else ())


def from_entries(name: str, entries: list[dict[str, Any]], *, notes: tuple[Reason, ...] = ()) -> History:
    """entries: one mapping per epoch, as the lines hold them. Raises BadInput without any loss or score."""
    x = [number(entry.get("epoch")) for entry in entries]
    curves: list[Curve] = []
    for part, key in KEYS:
        curve = make_curve(part, key, x, [number(entry.get(key)) for entry in entries], rising=part in (SCORE, VAL_SCORE))
        if curve is not None:
            curves.append(curve)
    if not {LOSS, VAL_LOSS, SCORE, VAL_SCORE} & {curve.part for curve in curves}:
        raise BadInput(NO_HISTORY, file=name)
    finite = [place for place in x if np.isfinite(place)]
    return History(name, "recorder", "epoch", int(max(finite, default=0)), tuple(curves), tuple(_layers(x, entries)), notes)


def _layers(x: list[float], entries: list[dict[str, Any]]) -> Iterable[Layer]:
    listed = [entry.get("layers") for entry in entries]
    by_place = [
        {str(one.get("name")): one for one in told if isinstance(one, dict)} if isinstance(told, list) else {} for told in listed
    ]
    names = list(dict.fromkeys(name for told in by_place for name in told))[:LAYERS_CAP]
    for name in names:
        kept: dict[str, Curve | None] = {}
        for key in ("gradient", "ratio", "dead"):
            kept[key] = make_curve(GRADIENT, name, x, [number(told.get(name, {}).get(key)) for told in by_place])
        first = kept["gradient"] or kept["ratio"] or kept["dead"]
        if first is None:
            continue
        same = {key: curve.y if curve is not None and curve.x == first.x else () for key, curve in kept.items()}
        lost = [curve.lost_at for curve in kept.values() if curve is not None and curve.lost_at is not None]
        yield Layer(name[:200], first.x, same["gradient"], same["ratio"], same["dead"], min(lost, default=None))
