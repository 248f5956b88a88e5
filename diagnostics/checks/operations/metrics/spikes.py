"""Short excursions: a few points far from their neighbours, in a series that hardly ever does so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.metrics.series import Series
from diagnostics.measure.onset import as_datetime

BLOCKS: Final = 80
"""Blocks whose largest distances are looked at; enough to tell how heavy a tail is, and long enough to hold an extreme each."""

SHORT: Final = 2_000
"""Points below which the blocks are too short, or too few, to tell a heavy tail from spikes; a fixed bound holds as well."""


@dataclass(frozen=True)
class Spike:
    """usual: the level around it; peak: its most distant point; size: distance in deviations that the series usually shows."""

    since: datetime
    until: datetime
    usual: float
    peak: float
    size: float


def spikes(
    series: Series, *, sigmas: float = 6.0, chance_at: float = 1e-2, habit_at: int = 3, keep: int = 2, window: int = 51
) -> tuple[Spike, ...]:
    """Excursions from their neighbours by `sigmas` robust deviations, and beyond what the largest distances of this very series
    reach with a chance of `chance_at` (see `reach`). More than `habit_at` excursions are a habit.
    """
    from scipy.ndimage import median_filter

    x = series.values
    if x.size < 4 * window:
        return ()
    usual = median_filter(x, size=window, mode="nearest")
    distance = np.abs(x - usual)
    noise = 1.4826 * float(np.median(distance))
    far = float(np.quantile(distance, 0.99))
    bound = max(sigmas * noise, reach(distance, chance_at=chance_at, aside=habit_at), 1e-9 * float(np.ptp(x) or 1.0))
    if x.size < SHORT:
        bound = max(bound, 2.5 * sigmas * noise, 2.5 * far)
    high = distance > bound
    groups = _groups(high, gap=window)
    found = []
    for first, last in groups:
        peak = first + int(np.argmax(distance[first : last + 1]))
        begin, end = as_datetime(series.times[first]), as_datetime(series.times[last])
        size = float(distance[peak] / max(noise, far / 3, 1e-12))
        found.append(Spike(begin, end, float(usual[peak]), float(x[peak]), size))
    return unusual(found, habit_at, keep)


def reach(distance: NDArray[np.float64], *, chance_at: float, aside: int) -> float:
    """The distance that the largest of a whole series exceeds with a chance of `chance_at`, told from its own tail.

    Extreme values: the generalised distribution of the largest of each block, fitted by L-moments (Hosking 1985,
    doi:10.1080/00401706.1985.10488049), which tells a tail that ends from one that goes on; a Gaussian bound is no bound for the
    latter (Siffer et al. 2017, doi:10.1145/3097983.3098144). The `aside` largest are left out, so that what is sought does not
    set the bound; a tail lighter than Gumbel's is not assumed. distance: shape (n,), of more than 10 blocks.
    """
    length = max(10, distance.size // BLOCKS)
    count = distance.size // length
    x = np.sort(distance[: count * length].reshape(count, length).max(axis=1))[: count - aside]
    rank = np.arange(x.size)
    b0 = float(x.mean())
    b1 = float((rank * x).mean()) / (x.size - 1)
    b2 = float((rank * (rank - 1) * x).mean()) / ((x.size - 1) * (x.size - 2))
    spread = 2 * b1 - b0
    if spread <= 0:
        return float(x[-1])
    c = 2 / (3 + (6 * b2 - 6 * b1 + b0) / spread) - math.log(2) / math.log(3)
    shape = min(-1e-6, max(-0.9, 7.8590 * c + 2.9554 * c * c))
    scale = spread * shape / ((1 - 2**-shape) * math.gamma(1 + shape))
    place = b0 - scale * (1 - math.gamma(1 + shape)) / shape
    return float(place + scale * (1 - (-math.log1p(-chance_at / count)) ** shape) / shape)


def excursions(
    series: Series,
    *,
    hours: float = 2.0,
    sigmas: float = 5.0,
    beyond: float = 1.3,
    habit_at: int = 3,
    keep: int = 2,
    days_at: float = 4.0,
) -> tuple[Spike, ...]:
    """Means of `hours` that stand far from what is usual at that hour of the day (and kind of day, from three weeks on).

    Far: `sigmas` robust deviations, and `beyond` times the distance that one mean in fifty reaches, so that a wandering or
    heavy-tailed series stays silent. A seasonal median as baseline: Hochenbaum, Vallis, Kejariwal 2017, arXiv:1704.07706. Series
    shorter than `days_at` days have no usual day; more than `habit_at` excursions are a habit.
    """
    x, times = series.values, series.times
    minutes = times.astype("datetime64[m]").astype("int64")
    step = float(np.median(np.diff(minutes))) if x.size > 1 else 0.0
    width = max(3, int(hours * 60 / step)) if step > 0 else 0
    days = float((times[-1] - times[0]) / np.timedelta64(1, "D"))
    if not width or days < days_at or x.size < 10 * width or np.ptp(x) == 0:
        return ()
    from scipy.ndimage import uniform_filter1d

    means = uniform_filter1d(x, width, mode="nearest")
    moment = (minutes // 60) % 24
    if days >= 21:
        moment = moment + 24 * ((minutes // 1440 + 3) % 7 >= 5)
    usual = np.zeros_like(means)
    for one in np.unique(moment):
        usual[moment == one] = np.median(means[moment == one])
    rest = means - usual
    distance = np.abs(rest)
    noise = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    bound = max(sigmas * noise, beyond * float(np.quantile(distance, 0.98)), 1e-9 * float(np.ptp(x)))
    groups = _groups(distance > bound, gap=2 * width)
    found = []
    for begin, end in groups:
        peak = begin + int(np.argmax(distance[begin : end + 1]))
        size = float(distance[peak] / max(noise, bound / sigmas))
        found.append(Spike(as_datetime(times[begin]), as_datetime(times[end]), float(usual[peak]), float(means[peak]), size))
    return unusual(found, habit_at, keep)


def unusual(found: list[Spike], habit_at: int, keep: int) -> tuple[Spike, ...]:
    """All of a few; of a habit the `keep` largest, and only where they stand out from the others by half."""
    if len(found) <= habit_at:
        return tuple(found)
    by_size = sorted(found, key=lambda s: -s.size)
    least = 1.5 * by_size[len(by_size) // 2].size
    return tuple(sorted((s for s in by_size[:keep] if s.size >= least), key=lambda s: s.since))


def _groups(flags: NDArray[np.bool_], *, gap: int) -> list[tuple[int, int]]:
    """First and last position of each run of True; runs at most `gap` apart are one."""
    groups: list[tuple[int, int]] = []
    for position in np.flatnonzero(flags).tolist():
        if groups and position - groups[-1][1] <= gap:
            groups[-1] = (groups[-1][0], position)
        else:
            groups.append((position, position))
    return groups
