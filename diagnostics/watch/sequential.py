"""When to raise an alarm, batch after batch, with few false ones over a long time.

Each stat of a batch is a number that is standard normal while nothing changes (`watch.expected`). A bet on "it moved up by d"
pays exp(d z - d^2/2), one on average while nothing changed; the sums of all bets that were begun at any batch before are an
e-detector of the Shiryaev-Roberts kind, and so is their weighted mean over stats, directions and sizes. An alarm is raised where
it reaches `run_length`: until the first false alarm so many batches pass on average at least (Shin, Ramdas and Rinaldo 2024,
E-detectors, arXiv:2203.03532). The bound holds for the z as modelled; benchmarks/watch measures what comes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

SIZES: Final = (0.75, 1.5, 3.0, 6.0)
"""Changes that are bet on, in standard errors of one batch."""

BACK, NEAR = 1.0, 3.0
"""Standard errors within which the mean of the last batches counts as expected at least, and at most."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One change. Places are numbers of batches, in the order of time."""

    at: int
    """The batch that raised it."""

    since: int
    """The batch with which the change most likely began."""

    stat: int
    """The stat that moved most."""

    up: bool
    accused: tuple[int, ...]
    """All stats that moved, `stat` first."""

    over: int | None = None
    """The batch with which it was over; None while it lasts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Detected:
    """evidence: of each batch, shape (t,): the detector's value over `run_length`, as a logarithm to base 10."""

    alarms: tuple[Alarm, ...]
    evidence: NDArray[np.float64] = field(repr=False)

    def open_at(self, batch: int) -> Alarm | None:
        """The alarm that stood when `batch` had come."""
        return next((a for a in self.alarms if a.at <= batch and (a.over is None or batch < a.over)), None)


def detect(
    z: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    run_length: float,
    groups: Sequence[int],
    slack: NDArray[np.float64],
    one_sided: NDArray[np.bool_],
    calm: int = 2,
) -> Detected:
    """Run over all batches in the order of time.

    z: shape (t, k), NaN where not measured. weights: of the stats, shape (k,), sum 1. groups: which column each stat is of, so
    that one alarm speaks of a column once. slack: standard errors that a lasting difference must exceed. one_sided: stats that
    only count upwards. calm: batches in a row within BACK after which an alarm is over.
    """
    batches, stats = z.shape
    sizes = np.asarray(SIZES)
    signs = np.array([1.0, -1.0])
    # Shape (stats, directions, sizes).
    share = np.repeat(weights[:, None] / 2, 2, axis=1)
    share[one_sided] = np.stack([weights[one_sided], np.zeros(int(one_sided.sum()))], axis=1)
    with np.errstate(divide="ignore"):
        prior = np.log(share / sizes.size)[:, :, None]
    value = np.full((stats, 2, sizes.size), -np.inf)
    column = np.asarray(groups)
    quiet = np.ones(stats, dtype=bool)
    limit = float(np.log(run_length))
    evidence = np.zeros(batches)
    alarms: list[Alarm] = []
    standing: Alarm | None = None
    begun = 0
    for place in range(batches):
        known = np.isfinite(z[place])
        moved = signs[None, :] * np.nan_to_num(z[place])[:, None] - slack[:, None]
        bet = sizes * moved[:, :, None] - sizes**2 / 2
        value = np.where(known[:, None, None], np.logaddexp(0.0, value) + bet, value)
        weighed = np.where(quiet[:, None, None], prior + value, -np.inf)
        total = float(logsumexp(weighed)) if quiet.any() else -np.inf
        evidence[place] = (max(total, -50.0) - limit) / np.log(10)
        if total >= limit:
            best = np.unravel_index(int(np.argmax(weighed)), weighed.shape)
            stat, up = int(best[0]), bool(best[1] == 0)
            found = {int(s) for s in np.flatnonzero((value.max(axis=(1, 2)) >= limit) & quiet)} | {stat}
            accused = (stat, *sorted(found - {stat}))
            quiet &= ~np.isin(column, column[list(accused)])
            if standing is None:
                since = _onset(z[begun : place + 1, stat], up, float(sizes[best[2]]), float(slack[stat])) + begun
                standing = Alarm(at=place, since=since, stat=stat, up=up, accused=accused)
            else:
                standing = _joined(standing, accused)
            value[:] = -np.inf
        elif standing is not None and _over(z, standing, place, slack, calm):
            standing = _ended(standing, place)
            alarms.append(standing)
            standing, begun = None, place
            quiet[:] = True
            value[:] = -np.inf
    if standing is not None:
        alarms.append(standing)
    return Detected(alarms=tuple(alarms), evidence=evidence)


def _onset(z: NDArray[np.float64], up: bool, size: float, slack: float) -> int:
    """The batch from which on the bet won most (Page 1954, doi:10.2307/2333009)."""
    step = np.nan_to_num((1 if up else -1) * z - slack) * size - size**2 / 2
    from_here = np.cumsum(step[::-1])[::-1]
    return int(np.argmax(from_here))


def _over(z: NDArray[np.float64], alarm: Alarm, place: int, slack: NDArray[np.float64], calm: int) -> bool:
    """Whether the last batches are nearer to what is expected than to what they were at the alarm, in all that had moved.

    As many batches are asked as the alarm took to be raised: a small change that took ten is not over after two.
    """
    first = place - max(calm, alarm.at - alarm.since + 1) + 1
    if first <= alarm.at:
        return False
    stats = list(alarm.accused)
    then, now = (_mean(part[:, stats]) for part in (z[alarm.since : alarm.at + 1], z[first : place + 1]))
    near = np.minimum(np.maximum(np.abs(then) / 2, BACK + slack[stats]), NEAR)
    return bool(np.isfinite(now).any() and (np.nan_to_num(np.sign(then) * now) <= near).all())


def _mean(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of the columns over what is known; NaN where nothing is."""
    known = np.isfinite(z)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, z, 0.0).sum(axis=0) / known.sum(axis=0))


def _joined(alarm: Alarm, more: tuple[int, ...]) -> Alarm:
    accused = (*alarm.accused, *(stat for stat in more if stat not in alarm.accused))
    return Alarm(at=alarm.at, since=alarm.since, stat=alarm.stat, up=alarm.up, accused=accused)


def _ended(alarm: Alarm, over: int) -> Alarm:
    return Alarm(at=alarm.at, since=alarm.since, stat=alarm.stat, up=alarm.up, accused=alarm.accused, over=over)
