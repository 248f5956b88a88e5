"""Short excursions: a few points far from their neighbours, in a series that hardly ever does so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from diagnostics.onset import as_datetime
from diagnostics.steps.operations.series import Series


@dataclass(frozen=True)
class Spike:
    """usual: the level around it; peak: its most distant point; size: distance in deviations that the series usually shows."""

    since: datetime
    until: datetime
    usual: float
    peak: float
    size: float


def spikes(
    series: Series, *, sigmas: float = 15.0, beyond: float = 2.5, habit_at: int = 3, window: int = 51
) -> tuple[Spike, ...]:
    """Excursions `sigmas` robust deviations and `beyond` times the 99th percentile of all distances away from their neighbours.

    The second condition keeps heavy-tailed series silent, whose every day has such points (Siffer et al. 2017,
    doi:10.1145/3097983.3098144, for why a Gaussian bound is no bound there). More than `habit_at` excursions are a habit.
    """
    from scipy.ndimage import median_filter

    x = series.values
    if x.size < 4 * window:
        return ()
    usual = median_filter(x, size=window, mode="nearest")
    distance = np.abs(x - usual)
    noise = 1.4826 * float(np.median(distance))
    far = float(np.quantile(distance, 0.99))
    high = distance > max(sigmas * noise, beyond * far, 1e-9 * float(np.ptp(x) or 1.0))
    groups: list[list[int]] = []
    for position in np.flatnonzero(high).tolist():
        if groups and position - groups[-1][-1] <= window:
            groups[-1].append(position)
        else:
            groups.append([position])
    if len(groups) > habit_at:
        return ()
    found = []
    for group in groups:
        peak = max(group, key=lambda i: (distance[i], -i))
        begin, end = as_datetime(series.times[group[0]]), as_datetime(series.times[group[-1]])
        size = float(distance[peak] / max(noise, far / 3, 1e-12))
        found.append(Spike(begin, end, float(usual[peak]), float(x[peak]), size))
    return tuple(found)
