"""A row-by-row statistic over time: bins for the picture, and the times at which its level changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.onset import Onset, as_datetime, onset
from diagnostics.nouns import intervals
from diagnostics.nouns.intervals import Interval

MAX_BINS: Final = 300
BIN_ROWS: Final = 40
"""Rows with a value that a bin should hold, so that its interval is worth drawing."""

SEARCH_BINS: Final = 200
SEARCH_ROWS: Final = 15

PLACED_AT: Final = 1.63
"""What the cumulative sum must reach where PELT sees a change: 1% of series without one would (Kolmogorov's distribution)."""

MINUTE, HOUR, DAY = 60, 3600, 86400
WIDTHS: Final = (
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
    28 * DAY,
    91 * DAY,
    364 * DAY,
)
"""Widths that people read easily, in seconds."""

MONDAY: Final = 4 * DAY
"""1970 began on a Thursday; bins of weeks begin on Monday."""


@dataclass(frozen=True)
class TimeBin:
    """start: of the bin. rows: all rows in it; known: rows with a value. value: their mean with 95% interval."""

    start: datetime
    rows: int
    known: int
    value: Interval


@dataclass(frozen=True)
class Series:
    """bins: in order of time, at most 300, those without rows too. width: of a bin in seconds."""

    bins: tuple[TimeBin, ...]
    width: int

    @property
    def counts(self) -> NDArray[np.float64]:
        return np.array([b.rows for b in self.bins], dtype="float64")


def clock_seconds(times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Whole seconds since 1970 of known times, shape (n,)."""
    return times.astype("datetime64[s]").astype("int64")


def series(times: NDArray[np.datetime64], values: NDArray[np.float64], *, width: int | None = None) -> Series:
    """`values` in bins of time (both shape (n,)); times far from all others are left out of the picture."""
    known = ~np.isnat(times)
    if not known.any():
        return Series((), HOUR)
    clock, values = clock_seconds(times[known]), values[known]
    inside = _near(clock)
    clock, values = clock[inside], values[inside]
    if width is None:
        width = _width(clock)
    offset = MONDAY if width >= 7 * DAY else 0
    place = (clock - offset) // width
    first = int(place.min())
    place = place - first
    count = int(place.max()) + 1
    if count > MAX_BINS:
        return Series((), width)
    finite = np.isfinite(values)
    rows = np.bincount(place, minlength=count)
    n = np.bincount(place[finite], minlength=count)
    total = np.bincount(place[finite], values[finite], count)
    squares = np.bincount(place[finite], values[finite] ** 2, count)
    share = bool(finite.any()) and set(np.unique(values[finite])) <= {0.0, 1.0}
    bins = []
    for i in range(count):
        start = as_datetime(np.datetime64((first + i) * width + offset, "s"))
        bins.append(TimeBin(start, int(rows[i]), int(n[i]), _interval(n[i], total[i], squares[i], share)))
    return Series(tuple(bins), width)


def _interval(n: int, total: float, squares: float, share: bool) -> Interval:
    if share or n == 0:
        return intervals.share(float(total), float(n))
    centre = total / n
    half = 1.959964 * np.sqrt(max(0.0, squares / n - centre**2) / n)
    return Interval(float(centre), float(centre - half), float(centre + half))


def _near(clock: NDArray[np.int64]) -> NDArray[np.bool_]:
    low, high = np.quantile(clock, [0.005, 0.995])
    reach = 2 * (high - low) + DAY
    return np.asarray((clock >= low - reach) & (clock <= high + reach))


def _width(clock: NDArray[np.int64]) -> int:
    """The smallest readable width that gives at most 300 bins with enough rows; the largest that leaves ten bins otherwise."""
    span = int(clock.max() - clock.min())
    fits = [w for w in WIDTHS if span // w + 2 <= MAX_BINS]
    if not fits:
        return (span // (MAX_BINS - 2) // DAY + 1) * DAY
    for width in fits:
        if np.median(np.unique(clock // width, return_counts=True)[1]) >= BIN_ROWS:
            return width if span // width >= 4 else fits[0]
    few = [w for w in fits if span // w >= 10]
    return few[-1] if few else fits[0]


def changes(times: NDArray[np.datetime64], values: NDArray[np.float64]) -> tuple[Onset, ...]:
    """The times at which the level of `values` changed (both shape (n,)), in order, none when chance explains it.

    PELT (Killick et al. 2012, doi:10.1080/01621459.2012.737745) on means of equally many rows finds how many changes there are;
    each is then placed among the single rows by the cumulative sum (`measure.onset`). The penalty is 3 log(k) + 10 for k
    bins of unit variance, more than BIC's 2 log(k): the mean of a few rows has heavier tails than the normal distribution.
    """
    import ruptures

    known = np.isfinite(values) & ~np.isnat(times)
    order = np.argsort(times[known], kind="stable")
    when, x = times[known][order], values[known][order]
    count = min(SEARCH_BINS, x.size // SEARCH_ROWS)
    if count < 6 or when[0] == when[-1]:
        return ()
    parts = np.linspace(0, x.size, count + 1).astype(int)
    means = np.add.reduceat(x, parts[:-1]) / np.diff(parts)
    sizes = np.diff(parts)
    within = np.add.reduceat((x - np.repeat(means, sizes)) ** 2, parts[:-1]) / sizes
    # The spread within bins is what chance alone does to a mean; neighbours differ by more where rows depend on each other.
    noise = max(float(np.sqrt(within.mean() / sizes.min())), float(np.std(np.diff(means))) / np.sqrt(2))
    if noise == 0:
        return ()
    scaled = (means - means.mean()) / noise
    penalty = 3 * float(np.log(count)) + 10
    ends = ruptures.KernelCPD(kernel="linear", min_size=2, jump=1).fit(scaled[:, None]).predict(pen=penalty)
    bounds = [0, *(int(parts[e]) for e in ends[:-1]), x.size]
    found = []
    for low, split, high in zip(bounds, bounds[1:], bounds[2:], strict=False):
        # Placed between the middles of its neighbours, so that these do not disturb it.
        left, right = (low + split) // 2 if low else 0, (split + high) // 2 if high < x.size else x.size
        placed = onset(when[left:right], x[left:right], strength_at=PLACED_AT)
        if placed is not None:
            before, after = float(x[low:split].mean()), float(x[split:high].mean())
            found.append(replace(placed, before=before, after=after))
    return tuple(found)
