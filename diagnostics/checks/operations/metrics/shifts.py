"""Change of level and steady growth in one series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.metrics.series import Series
from diagnostics.measure.onset import as_datetime

POINTS: Final = 500
"""Points to which a series is thinned before change points are sought; each is the median of its neighbours."""

SEASON_DAYS: Final = 4
"""Days a series must cover before the usual curve of a day is taken off; with fewer, an incident would pass for a habit."""


@dataclass(frozen=True)
class Thinned:
    """times (datetime64[us]), values: shape (n,), medians of neighbours; rest: values without the usual curve of a day or
    week.
    """

    times: NDArray[np.datetime64]
    values: NDArray[np.float64]
    rest: NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """A change of level. before: the level of the time just before it, after: that of the stretch since, in the unit of the
    series; size: distance from the usual level in robust deviations.

    until: None when it lasts to the end.
    """

    since: datetime
    until: datetime | None
    before: float
    after: float
    size: float
    usual: float
    """The level of most of the time, of the same hours as `after`."""


@dataclass(frozen=True)
class Slope:
    """Steady growth. per_day with its 95% interval (low, high), in units per day; restarts: drops in between; left: hours to
    the limit.
    """

    since: datetime
    until: datetime
    per_day: float
    low: float
    high: float
    first: float
    last: float
    restarts: int
    limit: float | None
    left: float | None


def thin(series: Series, *, points: int = POINTS) -> Thinned:
    groups = np.array_split(np.arange(series.values.size), min(points, series.values.size))
    times = np.array([series.times[g[0]] for g in groups])
    values = np.array([np.median(series.values[g]) for g in groups])
    hours = (times - times[0]) / np.timedelta64(1, "h")
    rest = values
    if hours[-1] >= 24 * SEASON_DAYS and values.size >= 24 * SEASON_DAYS / 2:
        rest = _without_season(times, values, weekly=bool(hours[-1] >= 24 * 21))
    return Thinned(times, values, rest)


def _without_season(times: NDArray[np.datetime64], values: NDArray[np.float64], *, weekly: bool) -> NDArray[np.float64]:
    """Values without the median of their hour of the day (and kind of day), when that explains a fifth of the variation."""
    hour = ((times.astype("datetime64[m]").astype("int64") // 60) % 24).astype("int64")
    group = hour
    if weekly:
        weekday = (times.astype("datetime64[D]").astype("int64") + 3) % 7
        group = hour + 24 * (weekday >= 5)
    usual = np.zeros_like(values)
    for key in np.unique(group):
        usual[group == key] = np.median(values[group == key])
    usual -= np.median(usual)
    rest = values - usual
    return rest if _spread(rest) < 0.9 * _spread(values) else values


def _spread(values: NDArray[np.float64]) -> float:
    """Standard deviation, robust: from the median distance to the median."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def shifts(thinned: Thinned, *, size_at: float = 4.0, relative_at: float = 0.2, shortest: int = 4) -> tuple[Shift, ...]:
    """Stretches whose level stands `size_at` robust deviations and `relative_at` of the usual level away from the usual level,
    each told as a change from what came just before it: before and after follow time.

    PELT with a mean-shift cost (Killick et al. 2012, doi:10.1080/01621459.2012.737745). The penalty is the Bayesian criterion's
    2 s2 log n, with the noise s2 taken from neighbouring differences and raised for autocorrelation, so that a wandering
    series is
    not cut into pieces (Lavielle and Moulines 2000, doi:10.1111/1467-9892.00172). The usual level is that of the first
    segment that
    lasts a fifth of the series, else the median of all.
    """
    x = thinned.rest
    if x.size < 3 * shortest or np.ptp(x) == 0:
        return ()
    steps = np.diff(x)
    noise = 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2)
    noise = max(noise, 0.25 * float(np.std(steps)) / np.sqrt(2), 1e-9 * float(np.ptp(x)))
    scaled = (x - np.median(x)) / noise
    # A single spike must not look like a level.
    scaled = np.clip(scaled, -50, 50)
    centred = scaled - running_median(scaled, 15)
    rho = float(np.clip(np.corrcoef(centred[1:], centred[:-1])[0, 1], 0.0, 0.9)) if np.ptp(centred) > 0 else 0.0
    penalty = 2 * np.log(x.size) * (1 + rho) / (1 - rho) * 1.5
    segments = _segments(scaled, float(penalty), shortest)
    long = [s for s in segments if s[1] - s[0] >= 0.2 * x.size]
    usual = long[0] if long else (0, x.size)
    level = float(np.median(x[usual[0] : usual[1]]))
    # What the other stretches of the usual time wander is no shift.
    within = np.concatenate([x[a:b] - np.median(x[a:b]) for a, b in segments])
    wobble = max(_spread(within), _spread(x[usual[0] : usual[1]]), noise)
    found: list[tuple[int, int]] = []
    for a, b in segments:
        away = float(np.median(x[a:b])) - level
        if abs(away) >= size_at * wobble and abs(away) >= relative_at * max(abs(level), 1e-12):
            if found and found[-1][1] == a and np.sign(away) == np.sign(np.median(x[found[-1][0] : found[-1][1]]) - level):
                found[-1] = (found[-1][0], b)
            else:
                found.append((a, b))
    shifted = []
    for place, (a, b) in enumerate(found):
        away = abs(float(np.median(x[a:b])) - level) / wobble
        if a == 0:
            # Nothing came before it: what can be told is how it ended.
            a, b = b, found[place + 1][0] if place + 1 < len(found) else x.size
            if b - a < shortest:
                continue
            earlier = (0, a)
        else:
            earlier = (found[place - 1][1] if place and found[place - 1][1] < a else found[place - 1][0] if place else 0, a)
        after = float(np.median(thinned.values[a:b]))
        # Both of the same hours, where the usual curve of a day was taken off.
        before = after - float(np.median(x[a:b]) - np.median(x[slice(*earlier)]))
        until = as_datetime(thinned.times[b]) if b < x.size else None
        usually = after - (float(np.median(x[a:b])) - level)
        shifted.append(Shift(as_datetime(thinned.times[a]), until, before, after, away, usually))
    return _unusual(shifted, thinned)


def _unusual(found: list[Shift], thinned: Thinned, *, habit_at: int = 4) -> tuple[Shift, ...]:
    """Without the short stretches that come back again and again in the same direction: they are how this series is."""
    end = as_datetime(thinned.times[-1])
    kept = []
    for shift in found:
        alike = [s for s in found if (s.after > s.before) == (shift.after > shift.before)]
        lengths = sorted((s.until or end) - s.since for s in alike)
        if len(alike) <= habit_at or (shift.until or end) - shift.since > 4 * lengths[len(lengths) // 2]:
            kept.append(shift)
    return tuple(kept)


def by_chance(series: Series, shift: Shift, *, chance_at: float = 1e-5) -> bool:
    """Whether counts of rare events may have met in this stretch by chance, as a Poisson process lets them; False for other
    series.

    The medians of neighbours hide how few events a level of counts rests on. `chance_at`: several hundred stretches of one
    series are looked at, and one false shift in a hundred series is bearable.
    """
    x = series.values
    inside = series.times >= np.datetime64(shift.since, "us")
    if shift.until is not None:
        inside &= series.times < np.datetime64(shift.until, "us")
    rest = x[~inside]
    if not inside.any() or not rest.size or x.min() < 0 or np.any(x != np.floor(x)) or np.median(x) > 2:
        return False
    count = float(x[inside].sum())
    # Half an event more, so that a quiet time is not taken for one in which nothing can happen.
    expected = (float(rest.sum()) + 0.5) / rest.size * float(inside.sum())
    if count <= expected:
        return False
    # Chernoff's bound of the upper tail (Boucheron, Lugosi, Massart 2013, section 2.2).
    return bool(count - expected - count * np.log(count / expected) > np.log(chance_at))


def _segments(values: NDArray[np.float64], penalty: float, shortest: int) -> list[tuple[int, int]]:
    """The cut into stretches (begin, end) with the least squared distance to their means plus `penalty` per stretch.

    The exact minimum, as PELT finds it; with at most 500 points, looking at every begin at once is faster than pruning them.
    """
    size = values.size
    total, square = np.concatenate([[0.0], np.cumsum(values)]), np.concatenate([[0.0], np.cumsum(values**2)])
    best = np.full(size + 1, np.inf)
    best[0] = -penalty
    origin = np.zeros(size + 1, dtype="int64")
    for end in range(shortest, size + 1):
        begin = np.arange(0, end - shortest + 1)
        cost = square[end] - square[begin] - (total[end] - total[begin]) ** 2 / (end - begin)
        value = best[begin] + cost + penalty
        origin[end] = int(np.argmin(value))
        best[end] = value[origin[end]]
    cuts, end = [], size
    while end > 0:
        cuts.append((int(origin[end]), end))
        end = int(origin[end])
    return cuts[::-1]


def running_median(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    padded = np.pad(values, width // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def _collected(thinned: Thinned, restarts: list[int], *, cycles_at: int = 12, longest: float = 8.0, early: float = 0.15) -> bool:
    """Whether it climbs and falls back in short turns from the first points on, as memory does that is collected from time to
    time; what is restarted because it leaks does so less often, or began to at some time.

    Collectors run within seconds to hours (Jones, Hosking, Moss 2012, The Garbage Collection Handbook); `longest` in hours.
    """
    if len(restarts) < cycles_at or restarts[0] > early * thinned.values.size:
        return False
    hours = float((thinned.times[-1] - thinned.times[0]) / np.timedelta64(1, "s")) / 3600
    return hours / len(restarts) <= longest


def _quick_turns(series: Series, *, cycles_at: int = 12, longest: float = 8.0) -> int:
    """Turns of climbing and falling back that are too short to be seen in medians of neighbours; 0 for none."""
    x = series.values
    falls = np.flatnonzero(np.diff(x) < -0.3 * float(np.ptp(x)))
    turns = falls[np.concatenate([[True], np.diff(falls) > 2])] if falls.size else falls
    if turns.size < cycles_at or turns[0] > 0.15 * x.size or x.size < 6 * turns.size:
        return 0
    apart = np.diff(turns)
    # Turns are alike; single points that drop out come at any time.
    even = float(np.median(np.abs(apart - np.median(apart)))) <= 0.25 * float(np.median(apart))
    return int(turns.size) if even and float(series.hours[-1]) / turns.size <= longest else 0


def _every_day(thinned: Thinned, restarts: list[int], *, within: float = 1.5) -> bool:
    """Whether it falls back at the same hour of every day, as a disk does whose logs are cleared at night."""
    if len(restarts) < 3:
        return False
    apart = np.diff(thinned.times[np.array(restarts)]) / np.timedelta64(1, "h")
    return bool((np.abs(apart - 24 * np.maximum(1, np.round(apart / 24))) <= within).all())


def _running_lowest(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.asarray(np.min(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def slope(
    series: Series, thinned: Thinned, *, tau_at: float = 0.5, growth_at: float = 0.15, floors: bool = False
) -> Slope | None:
    """Growth that goes on and on, restarts apart; None when the series has none.

    Theil-Sen's median of slopes with its interval (Sen 1968, doi:10.1080/01621459.1968.10480934) over the stretch since
    growth began,
    with the drops of restarts added back. Growth must fill more than half of what the rises and falls add up to (`tau_at`),
    gain `growth_at`
    of the level, and go on in both halves, so that one step up does not pass for a leak. What is collected from time to time is
    judged by what is left each time; `floors`: the values are that already.
    """
    x = thinned.values
    spread = float(np.ptp(x))
    if x.size < 20 or spread == 0:
        return None
    steps = np.diff(x)
    typical = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    padded = np.concatenate([np.repeat(x[0], 4), x, np.repeat(x[-1], 4)])
    middles = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
    before, after = middles[: x.size - 1], middles[5 : x.size + 4]
    # What is left after each collection has no restarts of its own. A restart is a fall that noise does not make, from one level
    # to a lower one; the falls of noise would add up to a climb.
    drops = np.flatnonzero((steps < -max(0.15 * spread, 6 * typical)) & (before - after > 0.3 * spread) & (not floors))
    # One restart may fall over two thinned points.
    restarts = [int(d) for i, d in enumerate(drops.tolist()) if i == 0 or d - drops[i - 1] > 2]
    if not floors and (quick := _quick_turns(series)):
        floor = thin(replace(series, values=_running_lowest(series.values, 2 * series.values.size // quick)))
        return slope(series, floor, tau_at=tau_at, growth_at=growth_at, floors=True)
    if _every_day(thinned, restarts) and spread < 0.25 * abs(float(np.median(x))):
        return None
    if not floors and _collected(thinned, restarts):
        lowest = _running_lowest(x, 2 * x.size // len(restarts))
        return slope(series, Thinned(thinned.times, lowest, lowest), tau_at=tau_at, growth_at=growth_at, floors=True)
    joined = x.copy()
    for drop in drops.tolist():
        joined[drop + 1 :] -= steps[drop]
    hours = (thinned.times - thinned.times[0]) / np.timedelta64(1, "us") / 3.6e9
    if hours[-1] <= 0:
        return None
    begin = _bend(hours, joined)
    y, h = joined[begin:], hours[begin:]
    if y.size < 15:
        return None
    middle, low, high = _median_slope(h[:: max(1, y.size // 250)], y[:: max(1, y.size // 250)])
    gain = middle * float(h[-1] - h[0])
    level = max(abs(float(np.median(joined[: max(5, begin)]))), 1e-12)
    halves = [y[: y.size // 2], y[y.size // 2 :]]
    times = [h[: y.size // 2], h[y.size // 2 :]]
    parts = [
        _median_slope(b[:: max(1, a.size // 120)], a[:: max(1, a.size // 120)])[0] for a, b in zip(halves, times, strict=True)
    ]
    quarters = [float(np.median(q)) for q in np.array_split(y, 6)]
    steady = all(b > a for a, b in pairwise(quarters))
    residual = y - middle * h
    wobble = _spread(residual - np.median(residual))
    if low <= 0 or gain < growth_at * level or min(parts) < 0.25 * middle or not steady or gain < 3 * wobble:
        return None
    if gain < tau_at * spread and not restarts:
        return None
    limit = series.limit
    last = float(np.median(x[-3:]))
    left = None if limit is None or last >= limit else (limit - last) / middle
    return Slope(
        as_datetime(thinned.times[begin]),
        as_datetime(thinned.times[-1]),
        24 * middle,
        24 * low,
        24 * high,
        float(np.median(x[begin : begin + 3])),
        last,
        len(restarts),
        limit,
        left,
    )


def _median_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """Theil-Sen's median of the slopes between all pairs, with its 95% interval; x ascending, not all equal, shape (n,).

    The same as scipy.stats.theilslopes, whose module takes most of a second to load.
    """
    run = x[:, None] - x
    slopes = np.sort((y[:, None] - y)[run > 0] / run[run > 0])
    n = y.size
    # Sen's equation 2.6: ties make the interval narrower.
    ties = [np.unique(side, return_counts=True)[1].astype("int64") for side in (x, y)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(int(np.sum(k * (k - 1) * (2 * k + 5))) for k in ties)) / 18
    half = 1.959963984540054 * float(np.sqrt(max(0.0, variance)))
    low = max(int(np.round((slopes.size - half) / 2)) - 1, 0)
    high = min(int(np.round((slopes.size + half) / 2)), slopes.size - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def _bend(hours: NDArray[np.float64], values: NDArray[np.float64]) -> int:
    """Where growth begins: the bend of a flat line into a rising one that fits best; 0 when a straight line fits as well."""
    size = values.size
    straight = _residual(np.column_stack([np.ones(size), hours]), values)
    best, begin = straight, 0
    for bend in range(size // 20, int(0.85 * size), max(1, size // 60)):
        rise = np.maximum(0.0, hours - hours[bend])
        fitted = _residual(np.column_stack([np.ones(size), rise]), values)
        if fitted < best:
            best, begin = fitted, bend
    if best >= 0.7 * straight:
        return 0
    # Then to the point: growth is rarely even, so only what is near the bend dates it.
    stride = max(1, size // 60)
    part = slice(max(0, begin - 12 * stride), begin + 6 * stride)
    near = range(max(1, begin - 2 * stride), min(size - 2, begin + 2 * stride) + 1)
    h, y = hours[part], values[part]
    rises = {b: np.column_stack([np.ones(h.size), np.maximum(0.0, h - hours[b])]) for b in near}
    bend = min(near, key=lambda b: _residual(rises[b], y))
    # A morning's rise before it draws the bend forward; growth that is seen cannot have begun much before the level was left.
    usual, wobble = float(np.median(values[:begin])), _spread(values[:begin])
    level = np.flatnonzero(running_median(values, 5)[: begin + 2 * stride] <= usual + 2 * wobble)
    pace = float(np.linalg.lstsq(rises[bend], y)[0][1])
    if not level.size or pace <= 0:
        return bend
    left = int(np.searchsorted(hours, hours[level[-1]] - 2 * wobble / pace))
    return left if bend < left <= bend + 2 * stride else bend


def _residual(design: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    return float(np.sum((values - design @ coefficients) ** 2))
