"""The course of a watch: all of its batches in the order of time, and the changes among them. Computed anew from the summaries
whenever one is added or labels come late, so that there is no state that could be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.watch.expected import Expected
from diagnostics.watch.sequential import Alarm, Detected, detect
from diagnostics.watch.summary import Baseline, Summary, What

LOSS_WEIGHT: Final = 1 / 3
PREDICTION_WEIGHT: Final = 1 / 6
"""Shares of the chance of a false alarm that the loss and the predictions have to themselves, however many columns there are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """z: shape (batches, stats), NaN where not measured."""

    z: NDArray[np.float64]
    detected: Detected
    base: Baseline
    expected: Expected

    def columns(self, alarm: Alarm) -> tuple[str, ...]:
        """The columns that moved, the one that moved most first; none for the loss alone."""
        return tuple(dict.fromkeys(self.base.stats[s].column for s in alarm.accused if self.base.stats[s].what is not What.LOSS))

    def lost(self, alarm: Alarm) -> bool:
        """Whether the loss rose."""
        return any(self.base.stats[s].what is What.LOSS for s in alarm.accused)

    def heat(self) -> NDArray[np.float64]:
        """How far each column is from what is expected, by its farthest stat, shape (columns, batches), NaN where unknown."""
        names = self.base.names
        found = np.full((len(names), len(self.z)), np.nan)
        size = np.abs(self.z)
        for place, name in enumerate(names):
            mine = [n for n, s in enumerate(self.base.stats) if s.column == name and s.what is not What.LOSS]
            if mine and len(self.z):
                held = size[:, mine]
                known = np.isfinite(held)
                found[place] = np.where(known.any(axis=1), np.where(known, held, -1.0).max(axis=1), np.nan)
        return found


def course(
    base: Baseline,
    expected: Expected,
    batches: Sequence[Summary | None],
    times: Sequence[datetime | None],
    *,
    run_length: float,
    calm: int,
) -> Course:
    """batches: in the order of time; None for those that were not measured."""
    stats = len(base.stats)
    z = np.full((len(batches), stats), np.nan)
    for place, (batch, when) in enumerate(zip(batches, times, strict=True)):
        if batch is not None:
            z[place] = expected.z(batch, when)
    names = {name: number for number, name in enumerate(base.names)}
    loss = np.array([stat.what is What.LOSS for stat in base.stats], dtype=bool)
    # The loss is a group of its own, though it is written under the prediction's name.
    groups = [len(names) if own else names[stat.column] for own, stat in zip(loss, base.stats, strict=True)]
    return Course(
        z=z,
        detected=detect(
            z,
            _weights(base, loss),
            run_length=run_length,
            groups=groups,
            slack=expected.slack,
            one_sided=loss,
            calm=calm,
        ),
        base=base,
        expected=expected,
    )


def _weights(base: Baseline, loss: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Shares of the chance of a false alarm, shape (k,), sum 1."""
    about = np.array([stat.column == base.prediction for stat in base.stats], dtype=bool) & ~loss
    rest = ~loss & ~about
    weights = np.zeros(len(base.stats))
    parts = [(loss, LOSS_WEIGHT), (about, PREDICTION_WEIGHT), (rest, 1 - LOSS_WEIGHT - PREDICTION_WEIGHT)]
    for where, share in parts:
        if where.any():
            weights[where] = share / where.sum()
    return np.asarray(weights / weights.sum())
