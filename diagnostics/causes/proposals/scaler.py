"""Scaler: whether many number columns went through straight lines of their own at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import REFIT_SCALER
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.proof.window import affected
from diagnostics.checks.drift.columns import finite
from diagnostics.checks.drift.marginal import NUMBER_MOVED
from diagnostics.checks.inputs.timeline import ks, ks_noise, thin
from diagnostics.checks.inputs.units.check import LINE, MANY, convert_back
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Value

REMEDY: Final = N_(
    "Ship the scaler that was fitted in training together with the model, and never fit it again on production rows."
)
SAYS: Final = N_("{count:count} number columns moved to other scales at once ({columns:list}), as if a scaler was fitted again.")

LEAST_LINES: Final = 2
"""Columns that must go through a line of their own before a scaler is suspected."""

STATED: Final = 0.94
SHOWN: Final = 0.85
"""How clear it is where a check says so of many columns, and where only the columns together show it."""

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


def refit(case: Case) -> Hypothesis | None:
    """One scaler for many columns: those of the finding, and whatever else went through a line at the same time."""
    finding = next(iter(case.of(MANY)), None)
    moves: list[Finding] = [*case.of(LINE), *case.of(NUMBER_MOVED)]
    dates = [found.since for found in moves if found.since]
    since = finding.since if finding else sorted(dates)[len(dates) // 2] if dates else None
    if finding is None and len(dates) < LEAST_LINES:
        return None
    found, moved = lines(case, since)
    own = {round(float(np.log(line.ratio)), 1) for line in found}
    if finding is None and not (len(found) >= LEAST_LINES and len(found) >= 0.6 * moved and len(own) > 1):
        return None
    known = {line.name: (line.ratio, line.offset) for line in found}
    if finding is not None:
        known |= {name: line for name, line in finding.of.lines.items() if name not in known}
    names = tuple(name for name in (case.samples.numbers if case.samples else ()) if name in known)
    evidence: dict[str, Value] = {
        "columns": list(names),
        "count": len(names),
        "moved": moved,
        "ratios": [f"{known[name][0]:.6g}" for name in names],
        "offsets": [f"{known[name][1]:.6g}" for name in names],
    }
    return Hypothesis(
        kind=REFIT_SCALER,
        strength=STATED if finding else SHOWN,
        says=SAYS,
        remedy=REMEDY,
        evidence=evidence,
        columns=names,
        since=since,
        supports=(MANY.code,) if finding else (LINE.code, NUMBER_MOVED.code),
        undo=convert_back(known),
    )


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
