"""The current rows from the change on, dated by whatever shows it most clearly. No rule of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.drift.columns import gap
from diagnostics.checks.drift.separation import LEAST_ROWS, Frames, separate
from diagnostics.measure.onset import onset, since
from diagnostics.measure.samples import Samples
from diagnostics.nouns.table import Kind

SUSPECTS: Final = 3
"""Columns that may date the change by themselves: each further one is one more chance to be wrong."""


def from_onset(
    seen: Frames,
    y: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    when: NDArray[np.datetime64] | None,
    drawn: Samples,
    rng: np.random.Generator,
) -> tuple[datetime | None, Frames, tuple[NDArray[np.float64], NDArray[np.float64]] | None]:
    """The onset, and the current rows from it on: rows from before the change would only blur what changed."""
    if when is None:
        return None, seen, y
    when = when[seen.current_rows]
    traces: list[tuple[NDArray[np.float64], float]] = []
    if (told := separate(seen.reference, seen.current, rng)) is not None:
        traces.append((told.current, float(told.reference.mean())))
    if y is not None:
        joint = [np.column_stack([x, side]) for x, side in zip((seen.reference, seen.current), y, strict=True)]
        if (told := separate(joint[0], joint[1], rng)) is not None:
            traces.append((told.current, float(told.reference.mean())))
        traces.append(_signed(y))
    # A few rows late in the table move one column before trees learn anything from them.
    for number in np.argsort(-seen.gaps, kind="stable")[:SUSPECTS]:
        name = seen.features[number]
        sides = (seen.reference[:, number], seen.current[:, number])
        traces.append(_level(*sides) if drawn.kinds[name] is Kind.CATEGORY else _signed(sides))
    # The trace that shows the change most clearly dates it; chance would pass the bar once in a thousand tables.
    clear = [(change.strength, number) for number, trace in enumerate(traces) if (change := onset(when, trace[0])) is not None]
    if not clear:
        return None, seen, y
    values, usual = traces[max(clear)[1]]
    began = since(when, values, usual)
    late = np.zeros(len(when), dtype=bool) if began is None else when >= np.datetime64(began, "us")
    if late.sum() < LEAST_ROWS or late.all():
        return began, seen, y
    rows = seen.current_rows[late]
    gaps = np.asarray(
        [gap(drawn.reference[n].iloc[seen.reference_rows], drawn.current[n].iloc[rows], drawn.kinds[n]) for n in seen.features]
    )
    seen = replace(seen, current=seen.current[late], current_rows=rows, gaps=gaps)
    return began, seen, None if y is None else (y[0], y[1][late])


def _level(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Whether a row has (or, where it went, has not) the level whose share changed most, and the reference's share of that."""
    levels = np.union1d(before[~np.isnan(before)], after[~np.isnan(after)])
    if not levels.size:
        return np.full(after.size, np.nan), 0.0
    changes = [float(np.mean(after == level) - np.mean(before == level)) for level in levels]
    most = int(np.argmax(np.abs(changes)))
    rose = changes[most] >= 0
    return ((after == levels[most]) == rose).astype("float64"), float(np.mean((before == levels[most]) == rose))


def _signed(y: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[NDArray[np.float64], float]:
    """The current target with the sign that makes its change a rise, and the reference's mean with the same sign."""
    means = [float(side[~np.isnan(side)].mean()) if np.isfinite(side).any() else 0.0 for side in y]
    sign = 1.0 if means[1] >= means[0] else -1.0
    return sign * y[1], sign * means[0]
