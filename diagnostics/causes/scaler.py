"""Scaler: whether many number columns went through straight lines of their own at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Case
from diagnostics.causes.window import affected
from diagnostics.checks.drift.columns import finite
from diagnostics.checks.inputs.timeline import ks, ks_noise, thin

ROWS: Final = 20_000
DISTINCT: Final = 6
"""Different values from which on a column is worth scaling."""

MOVED: Final = 0.1
"""KS statistic beyond chance from which on a column has moved."""

LEFT: Final = 0.03
"""KS statistic beyond chance that may be left once the line is undone."""

COLUMNS: Final = 200


@dataclass(frozen=True)
class Line:
    """current = ratio * reference + offset; moved, left: KS statistic less chance, as it is and with the line undone."""

    name: str
    ratio: float
    offset: float
    moved: float
    left: float


def lines(case: Case, since: datetime | None) -> tuple[list[Line], int]:
    """The columns that a straight line explains among those that moved since then, and the number of those that moved."""
    drawn = case.samples
    if drawn is None:
        return [], 0
    rows = affected(case, since, most=ROWS)
    found, moved = [], 0
    for name in drawn.numbers[:COLUMNS]:
        before, after = finite(drawn.reference[name]), finite(drawn.current[name].iloc[rows])
        if min(before.size, after.size) < 30 or np.unique(before).size < DISTINCT:
            continue
        a, b = thin(before), thin(after)
        chance = ks_noise(a.size, b.size)
        apart = ks(a, b) - chance
        if apart < MOVED:
            continue
        moved += 1
        line = min((_line(name, a, b, fit, apart, chance) for fit in _fits(a, b)), key=lambda one: one.left, default=None)
        if line is not None and line.left <= LEFT and line.ratio > 0:
            found.append(line)
    return found, moved


def _fits(a: NDArray[np.float64], b: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Ratio and offset by the quantiles, and by mean and spread, which also see a column that is nearly always zero."""
    at = np.linspace(0.05, 0.95, 19)
    left, right = np.quantile(a, at), np.quantile(b, at)
    fits = []
    if np.ptp(left) > 0:
        slope, start = np.polyfit(left, right, 1)
        fits.append((float(slope), float(start)))
    # The extremes of both sides may differ by a single row; the spread within 1% and 99% does not.
    inner = [side[(side >= np.quantile(side, 0.01)) & (side <= np.quantile(side, 0.99))] for side in (a, b)]
    if min(side.size for side in inner) and np.std(inner[0]) > 0:
        slope = float(np.std(inner[1]) / np.std(inner[0]))
        fits.append((slope, float(np.mean(inner[1]) - slope * np.mean(inner[0]))))
    return [fit for fit in fits if fit[0] != 0]


def _line(
    name: str, a: NDArray[np.float64], b: NDArray[np.float64], fit: tuple[float, float], apart: float, chance: float
) -> Line:
    ratio, offset = fit
    back = np.sort((b - offset) / ratio)
    # A line known to a few digits must not tear apart the two places of one frequent value.
    left = ks(a, back, slack=0.02 * float(np.std(a))) - chance
    return Line(name, ratio, offset, apart, max(0.0, left))
