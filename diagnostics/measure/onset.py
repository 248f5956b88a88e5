"""Since when: the time at which a row-by-row statistic changed its level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MIN_ROWS: Final = 10
"""Rows that must lie on either side of a change; fewer carry no mean worth comparing."""

APART: Final = 5.0
"""Standard errors between two levels that the largest of many thousand splits does not reach by chance (Darling and Erdős 1956,
doi:10.1215/S0012-7094-56-02313-4: it grows with the root of 2 log log n)."""


@dataclass(frozen=True)
class Onset:
    """A change of level. before, after: mean of the statistic on either side, in its unit. strength: the CUSUM statistic.

    apart: how many standard errors the two means lie apart.
    """

    since: datetime
    before: float
    after: float
    strength: float
    apart: float


def onset(times: NDArray[np.datetime64], values: NDArray[np.floating[Any]], *, strength_at: float = 1.95) -> Onset | None:
    """The most likely single change of level of `values` over `times` (both shape (n,)), or None when chance explains it.

    The largest standardised cumulative sum is compared with the supremum of a Brownian bridge: 1.36 would be passed by 5%
    of series without a change, 1.63 by 1%, 1.95 by 0.1% (Page 1954, doi:10.2307/2333009; Kolmogorov's distribution). The
    strictest is the default, because many statistics are looked at.
    """
    found = _likeliest(times, values)
    return found if found is not None and found.strength >= strength_at else None


def _likeliest(times: NDArray[np.datetime64], values: NDArray[np.floating[Any]]) -> Onset | None:
    """The split with the largest contrast, chance or not; None where there is none to be made."""
    known = np.isfinite(values) & ~np.isnat(times)
    if known.sum() < 2 * MIN_ROWS:
        return None
    order = np.argsort(times[known], kind="stable")
    when, x = times[known][order], values[known][order]
    n = x.size
    position = np.arange(1, n)
    total = np.cumsum(x)
    drop = np.abs(total[:-1] - position / n * total[-1])
    # A change can only fall between two different times, with enough rows on either side.
    allowed = (when[1:] > when[:-1]) & (position >= MIN_ROWS) & (position <= n - MIN_ROWS)
    if not allowed.any():
        return None
    # Weighting by the place of the split finds changes near either end as well as those in the middle.
    weighted = np.where(allowed, drop / np.sqrt(position / n * (1 - position / n)), -np.inf)
    split = int(np.argmax(weighted)) + 1
    before, after = float(x[:split].mean()), float(x[split:].mean())
    residual = np.concatenate([x[:split] - before, x[split:] - after])
    noise = float(np.sqrt(np.mean(residual**2)))
    size = abs(after - before) * np.sqrt(split / n * (1 - split / n))
    if size == 0:
        return None
    strength = float("inf") if noise == 0 else float(np.max(drop) / (noise * np.sqrt(n)))
    apart = float("inf") if noise == 0 else float(size * np.sqrt(n) / noise)
    return Onset(as_datetime(when[split]), before, after, strength, apart)


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A level that grows along a straight line until the last row. before: level until it begins, after: level at the last row,
    in the unit of the values. sure: natural log of the likelihood by which it beats the likeliest sudden change.
    """

    since: datetime
    before: float
    after: float
    sure: float


RAMP_ROWS: Final = 4_000
RAMP_STARTS: Final = 24
"""Rows a ramp is fitted on at most, evenly spread, and places that its beginning is looked for at."""


def ramp(times: NDArray[np.datetime64], values: NDArray[np.floating[Any]]) -> Ramp | None:
    """The line that best follows `values` over `times` (both shape (n,), times ascending), flat before it begins.

    None with fewer than 40 values or without a spread of times or values. Values beyond the first and the last hundredth count
    as lying on it: single rows must not decide.
    """
    known = np.flatnonzero(np.isfinite(values) & ~np.isnat(times))
    if known.size < 4 * MIN_ROWS:
        return None
    known = known[np.linspace(0, known.size - 1, min(known.size, RAMP_ROWS)).astype(int)]
    when, x = times[known], np.asarray(values[known], dtype="float64")
    x = np.clip(x, *np.quantile(x, [0.01, 0.99]))
    clock = (when - when[0]).astype("timedelta64[us]").astype("float64")
    if clock[-1] <= 0 or np.ptp(x) == 0:
        return None
    clock /= clock[-1]
    total = float(((x - x.mean()) ** 2).sum())
    best: tuple[float, float, float, float] | None = None
    for start in np.unique(np.quantile(clock, np.linspace(0, 0.8, RAMP_STARTS), method="inverted_cdf")):
        grown = np.maximum(clock - start, 0.0)
        centred = grown - grown.mean()
        slope = float(centred @ x / (centred @ centred))
        left = total - slope * float(centred @ x)
        if best is None or left < best[0]:
            best = left, float(start), slope, float(x.mean() - slope * grown.mean())
    assert best is not None
    position = np.arange(MIN_ROWS, x.size - MIN_ROWS + 1)
    sums = np.cumsum(x)[position - 1]
    between = (sums - position / x.size * x.sum()) ** 2 * x.size / (position * (x.size - position))
    step = total - float(between.max())
    floor = 1e-12 * total
    sure = x.size / 2 * float(np.log(max(step, floor) / max(best[0], floor)))
    begins = when[int(np.searchsorted(clock, best[1]))]
    return Ramp(since=as_datetime(begins), before=best[3], after=best[3] + best[2] * (1 - best[1]), sure=sure)


def as_datetime(when: np.datetime64) -> datetime:
    """A numpy time as a datetime without zone, to the second."""
    moment = when.astype("datetime64[s]").item()
    if not isinstance(moment, datetime):
        raise ValueError(f"when must be a time, got {when!r}")
    return moment


def first(times: NDArray[np.datetime64] | None) -> datetime | None:
    """The earliest known time, None without any."""
    if times is None:
        return None
    known = times[~np.isnat(times)]
    return as_datetime(known.min()) if known.size else None


def since(
    times: NDArray[np.datetime64] | None, values: NDArray[np.floating[Any]], usual: float, *, depth: int = 3
) -> datetime | None:
    """When `values` (shape (n,)) rose above their `usual` mean; the first time where they were high from the start.

    A fault that ended is found as well: where the level falls again, its beginning is looked for before the fall. None without
    times. To find a fall, pass the values and `usual` with their signs turned.
    """
    if times is None:
        return None
    change = onset(times, values)
    if change is None:
        # Of a group that most of the fault's rows fall into, the few before lie at the edge, where the CUSUM sees little.
        edge = _likeliest(times, values)
        late = edge is not None and edge.apart >= APART and edge.before <= (usual + edge.after) / 2 < edge.after
        return edge.since if edge is not None and late else first(times)
    if depth == 0:
        return first(times)
    early = times < np.datetime64(change.since, "us") if change.after < change.before else None
    if early is not None:
        return since(times[early], values[early], usual, depth=depth - 1)
    # Nearer to the new level than to the usual one before the change: it had begun earlier.
    if change.before > (usual + change.after) / 2:
        return first(times)
    return change.since
