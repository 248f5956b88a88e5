"""Which curves of a run are looked at, and at which points."""

from __future__ import annotations

from typing import Final

import numpy as np

from diagnostics.clinic.training_history.history import LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, Curve, History, by_epoch
from diagnostics.clinic.training_history.shapes import Numbers

BLOCKS: Final = 30
EPOCHS: Final = 4
"""Points of a run that was logged by the step; the means of as many stretches, as one batch's loss says little."""

FEW: Final = 12
"""So few points of a run of three epochs tell nothing within an epoch."""

MOST: Final = 600
"""Points of a curve that are looked at."""


def blocks(curve: Curve, cap: int = BLOCKS) -> tuple[Numbers, Numbers]:
    """The curve with at most `cap` points, each the mean of its neighbours."""
    x, y = np.array(curve.x), np.array(curve.y)
    if len(y) <= cap:
        return x, y
    parts = np.array_split(np.arange(len(y)), cap)
    return np.array([x[part].mean() for part in parts]), np.array([y[part].mean() for part in parts])


def training(history: History) -> Curve | None:
    """The curve that shows how training went: the training loss, else the validation loss, else a score turned over."""
    for part in (LOSS, VAL_LOSS):
        curve = history.curve(part)
        if curve is not None and (curve.y or curve.lost_at is not None):
            return curve
    for part in (SCORE, VAL_SCORE):
        curve = history.curve(part)
        if curve is not None and curve.y:
            top = 1.0 if max(curve.y) <= 1.0 else max(curve.y)
            return Curve(LOSS, curve.name, curve.x, tuple(top - y if curve.rising else y for y in curve.y), curve.lost_at)
    return None


def arrays(history: History) -> tuple[Numbers, Numbers]:
    """Positions and values of the training curve: by the epoch where that is known, else in stretches of steps."""
    curve = training(history)
    if curve is None:
        return np.empty(0), np.empty(0)
    if history.unit == "epoch" and _crowded(curve):
        # Several points an epoch are single batches' noise: their means are what other tools log.
        return by_epoch(np.ceil(np.array(curve.x) - 1e-6), curve.values)
    return blocks(curve, BLOCKS if by_steps(history) else MOST)


def lift(history: History) -> float:
    """What is added to losses that go below zero, as a log-likelihood does, so that shares of them mean something: the lowest is
    then a tenth of the whole way above zero. 0 for losses that do not.
    """
    values = [value for part in (LOSS, VAL_LOSS) if (curve := history.curve(part)) is not None for value in curve.y]
    if not values or min(values) >= 0:
        return 0.0
    return -min(values) + 0.1 * (max(values) - min(values))


def _crowded(curve: Curve) -> bool:
    """Whether there are several points in most epochs, and epochs enough to look at each as one."""
    epochs = len(np.unique(np.ceil(np.array(curve.x) - 1e-6)))
    return (epochs >= EPOCHS or (epochs == EPOCHS - 1 and len(curve.x) <= FEW)) and len(curve.x) > 1.5 * epochs


def by_steps(history: History) -> bool:
    """Whether a point is some steps rather than an epoch or a round, so that what is gained in one of them says little."""
    curve = training(history)
    if history.unit == "step" or curve is None or not curve.x:
        return history.unit == "step"
    return history.unit == "epoch" and len(curve.x) > 1.5 * max(1.0, np.ceil(curve.x[-1])) and not _crowded(curve)


def rate(history: History) -> float | None:
    """The highest learning rate that the file tells."""
    curve = history.curve(RATE)
    return max(curve.y) if curve is not None and curve.y else None


def ended_slow(history: History) -> bool:
    """Whether the learning rate was brought down to a tenth or less by a schedule: the run ended as planned."""
    curve = history.curve(RATE)
    return curve is not None and len(curve.y) > 2 and max(curve.y) > 0 and curve.y[-1] <= 0.1 * max(curve.y)
