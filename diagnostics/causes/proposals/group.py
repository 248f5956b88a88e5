"""Group: whether the rows that arrive differ by one group that came or went, rather than by a drift along a column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Case
from diagnostics.causes.proof.window import affected
from diagnostics.checks.drift.columns import finite
from diagnostics.measure import engine
from diagnostics.nouns.table import Kind

BINS: Final = 20
LEVELS: Final = 30
ROWS: Final = 20_000

EXPLAINED: Final = 0.89
"""A cut must explain more than this of what moved: the best cut through a steady drift explains three quarters of it."""

STEEP: Final = 25.0
"""How fast a better fit becomes sure: a twentieth more explained makes it four times as likely."""

RATIO: Final = 0.5
"""A group whose share changed by less than half has neither come nor gone."""


@dataclass(frozen=True)
class Group:
    """text: the group, as "age > 61" or "plan = basic". before, after: its share of the rows, 0 to 1. sure: that it is a group
    and no drift, 0 to 1.
    """

    text: str
    before: float
    after: float
    sure: float


def find_group(case: Case, name: str, since: datetime | None) -> Group | None:
    """The group along column `name` that came or went, None where no cut fits.

    The counts of the affected rows per bin are held against two readings of the reference's: one group's share changed and
    all else kept its proportions, or the odds change steadily along the column (exponential tilting, Qin 1998,
    doi:10.1093/biomet/85.3.619). What counts is the share of the deviance that each explains.
    """
    drawn = case.samples
    if drawn is None or name not in drawn.reference or name not in drawn.current:
        return None
    rows = affected(case, since, most=ROWS)
    left, right = drawn.reference[name], drawn.current[name].iloc[rows]
    if drawn.kinds[name] is Kind.CATEGORY:
        levels = [str(level) for level in pd.concat([left, right]).value_counts().index[:LEVELS]]
        before, after = (np.array([float((side == level).sum()) for level in levels]) for side in (left, right))
        cuts = [np.arange(len(levels)) == i for i in range(len(levels))]
        texts = [f"{name} = {level}" for level in levels]
        tilted = None
    else:
        known = np.unique(finite(left))
        if known.size < 2:
            return None
        values = finite(left)
        edges = (known[1:] + known[:-1]) / 2 if known.size <= BINS else np.unique(np.quantile(values, np.arange(1, BINS) / BINS))
        before, after = (_counts(side, edges) for side in (left, right))
        bins = np.arange(edges.size + 1)
        cuts = [bins > i for i in range(edges.size)] + [bins == i for i in bins if known.size <= BINS]
        texts = [f"{name} > {_short(edge)}" for edge in edges] + [f"{name} = {_short(v)}" for v in known if known.size <= BINS]
        tilted = _tilt(before, after)
    if before.sum() < 30 or after.sum() < 30 or len(cuts) < 2:
        return None
    fits = [_step(before, after, inside) for inside in cuts]
    best = int(np.argmin(fits))
    share = [float(side[cuts[best]].sum() / side.sum()) for side in (before, after)]
    if min(share) > RATIO * max(share) and min(1 - s for s in share) > RATIO * max(1 - s for s in share):
        return None
    text = texts[best]
    if not min(share) <= RATIO * max(share):
        # The rest is what came or went.
        share = [1 - s for s in share]
        text = text.replace(" > ", " ≤ ") if " > " in text else text.replace(" = ", " ≠ ")
    whole = max(_deviance((before + 0.5) / (before + 0.5).sum(), after), 1e-9)
    # Both tables' counts are noisy: without any misfit the deviance averages this.
    noise = (len(before) - 2) * (1 + after.sum() / before.sum())
    cut, drift = (1 - max(0.0, fit - noise) / whole for fit in (fits[best], whole if tilted is None else tilted))
    sure = 1 / (1 + np.exp(-STEEP * (cut - max(drift, EXPLAINED))))
    return Group(text, share[0], share[1], float(np.clip(sure, 0.05, 0.95)))


def _counts(values: pd.Series, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    numbers = engine.seconds(values)
    return np.bincount(np.searchsorted(edges, numbers[np.isfinite(numbers)], side="left"), minlength=edges.size + 1).astype(
        "float64"
    )


def _short(value: float) -> str:
    return f"{value:.4g}"


def _deviance(expected: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Of counts against expected shares; half a count each keeps empty bins from deciding alone."""
    share = (expected * counts.sum() + 0.5) / (counts.sum() + 0.5 * counts.size)
    return float(2 * np.sum(counts * np.log(np.maximum(counts, 1e-12) / (counts.sum() * share))))


def _step(before: NDArray[np.float64], after: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    share = (before + 0.5) / (before + 0.5).sum()
    for part in (inside, ~inside):
        total = share[part].sum()
        if total > 0:
            share[part] *= after[part].sum() / after.sum() / total
    return _deviance(share, after)


def _tilt(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """The best deviance of shares that change by a factor that grows steadily with the place along the column."""
    share = (before + 0.5) / (before + 0.5).sum()
    place = np.cumsum(share) - share / 2

    def fit(slope: float) -> float:
        tilted = share * np.exp(slope * (place - 0.5))
        return _deviance(tilted / tilted.sum(), after)

    slopes = np.linspace(-16, 16, 65)
    first = slopes[int(np.argmin([fit(s) for s in slopes]))]
    return min(fit(s) for s in np.linspace(first - 0.5, first + 0.5, 21))
