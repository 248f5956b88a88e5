"""What the scoring table looks at: the signs of a run, what its layers show, and how it broke, as plain numbers by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

import numpy as np

from diagnostics.clinic.training_history.curves import arrays, rate
from diagnostics.clinic.training_history.history import LOSS, RATE, VAL_LOSS, History, Layer
from diagnostics.clinic.training_history.layers import Depths
from diagnostics.clinic.training_history.signs import Signs

UNITS: Final = ("base", "end", "low")
"""Signs that change with the unit of the loss."""

LOW: Final = 0.03
"""Below it a learning rate says nothing by itself: 2e-5 is usual for adapting a large model, 0.02 for plain gradient descent."""


def measures(history: History, s: Signs | None, deep: Depths | None) -> dict[str, float]:
    """Name to number; what a file does not tell is left out. None changes with the unit of the loss but `entropy`.

    still_beside: `still` by `late_rough`. entropy: first loss of a run with a score. lost: whether the loss is no number from
    some place on; lasted: points before that. worst: the highest loss by the first; learnt_before: the lowest by it.
    high_rate: the highest learning rate, LOW at the least; rate_end: the last one by the highest.
    span, growth, dead, dead_first, update: as in Depths; largest, typical: as there, by the first loss. updates: median update by
    the weights' size, over the run and the layers; update_least: of the layer with the smallest. update_end: the largest in the
    last tenth. fading: median gradient of the last tenth by that of the first.
    """
    found = dict(_of_curves(history, s))
    if deep is not None:
        found |= {name: getattr(deep, name) for name in ("span", "growth", "dead", "dead_first", "update")}
        unit = abs(s.base) if s is not None else 1.0
        found |= {"largest": deep.largest / max(unit, 1e-300), "typical": deep.typical / max(unit, 1e-300)}
        found |= dict(_of_layers(history.layers))
    return {name: float(value) for name, value in found.items() if value is not None and np.isfinite(value)}


def _of_curves(history: History, s: Signs | None) -> Iterator[tuple[str, float]]:
    _, y = arrays(history)
    if s is not None:
        yield from ((name, value) for name, value in asdict(s).items() if name not in UNITS)
        yield "still_beside", s.still / max(s.late_rough, 1e-12)
    lost = [curve.lost_at for curve in history.curves if curve.part in (LOSS, VAL_LOSS) and curve.lost_at is not None]
    yield "lost", float(bool(lost))
    yield "lasted", float(len(y)) if lost else np.nan
    if len(y):
        size = max(abs(float(y[0])), 1e-300)
        yield "worst", float(np.abs(y).max()) / size
        yield "learnt_before", float(y.min()) / size
        yield "entropy", float(y[0]) if any(curve.rising for curve in history.curves) else np.nan
    highest, curve = rate(history), history.curve(RATE)
    if highest is not None and curve is not None:
        yield "high_rate", max(highest, LOW)
        yield "rate_end", curve.y[-1] / max(highest, 1e-300)


def _of_layers(layers: tuple[Layer, ...]) -> Iterator[tuple[str, float]]:
    moved = [np.array(layer.ratios) for layer in layers if layer.ratios]
    if moved:
        medians = [float(np.median(part)) for part in moved]
        yield "updates", float(np.median(medians))
        yield "update_least", min(medians)
        yield "update_end", max(float(part[-max(1, len(part) // 10) :].max()) for part in moved)
    norms = [np.array(layer.gradients) for layer in layers if layer.gradients]
    if norms:
        total = np.sum([part[: min(map(len, norms))] ** 2 for part in norms], axis=0) ** 0.5
        k = max(1, len(total) // 10)
        yield "fading", float(np.median(total[-k:])) / max(float(np.median(total[:k])), 1e-30)
