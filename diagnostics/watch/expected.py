"""What a batch of the reference looks like, hour by hour and weekday by weekday, and how far a batch is from that.

The reference is cut into batches like those that come. Their means are described by a level, a daily and a weekly wave (Fourier
terms; Harvey 1990, Forecasting, Structural Time Series Models and the Kalman Filter) and what is left over, which knows both how
few rows a batch has and how much batches differ beyond that. A new batch is compared with the error of a prediction; rare
things are counted, and compared by the negative binomial that the reference leaves as their prediction
(Gelman et al., Bayesian Data Analysis, 2.6). Both come out as a number that is standard normal while nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from diagnostics.watch.summary import SHARES, Baseline, Summary

FEWEST: Final = 6
"""Batches of the reference below which nothing can be said of how much batches differ."""

WAVES: Final = ((86_400.0, 2), (604_800.0, 3))
"""Seconds of a wave, and how many of its harmonics are fitted."""

MONDAY: Final = datetime(1970, 1, 5)
CYCLES: Final = 2.0
"""Full waves that the reference must hold for one to be fitted."""

PER_TERM: Final = 3
"""Batches of the reference for every term that is fitted."""

RARE: Final = 30.0
"""Rows of a kind in a batch below which they are counted: from there on a mean of them is normal enough."""

FARTHEST: Final = 12.0
"""Standard errors beyond which no batch is farther: no theory of tails reaches there."""

WANDER: Final = 0.8
"""Largest correlation between neighbours that is believed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """What `fit` learnt of the reference's batches.

    counts: batches of the reference. waves: the terms that were fitted, as (seconds, harmonic). line: their coefficients, shape
    (terms + 1, k). spread, within: variance of a batch's mean beyond its rows, and of a row, shape (k,). shape: (X'X)^-1.
    longer: factor on the standard error of what wanders, shape (k,). hits, total, uneven: of rare things, rows that have it, rows
    in all, and the squared variation of their rate between batches, shape (k,). shares: which stats are counted in rows.
    """

    counts: int
    waves: tuple[tuple[float, int], ...]
    line: NDArray[np.float64]
    shape: NDArray[np.float64]
    spread: NDArray[np.float64]
    within: NDArray[np.float64]
    longer: NDArray[np.float64]
    hits: NDArray[np.float64]
    total: NDArray[np.float64]
    uneven: NDArray[np.float64]
    shares: NDArray[np.bool_]

    @property
    def slack(self) -> NDArray[np.float64]:
        """Standard errors that the reference itself leaves open, shape (k,): a lasting difference below that is none."""
        return np.asarray(1.5 * self.longer / np.sqrt(self.counts))

    def centre(self, when: datetime | None) -> NDArray[np.float64]:
        """Expected mean of each stat, shape (k,)."""
        return np.asarray((_terms([when], self.waves) @ self.line)[0], dtype="float64")

    def deviation(self, summary: Summary) -> NDArray[np.float64]:
        """Standard deviation of a batch's mean about `centre`, shape (k,); infinite without rows."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.sqrt(self.spread + self.within / summary.valid) * self.longer)

    def z(self, summary: Summary, when: datetime | None) -> NDArray[np.float64]:
        """How far each stat is from what is expected, shape (k,): standard normal while nothing changed; NaN: not measured."""
        terms = _terms([when], self.waves)
        leverage = float((terms @ self.shape @ terms.T)[0, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            smooth = (summary.means - (terms @ self.line)[0]) / (self.deviation(summary) * np.sqrt(1 + leverage))
            counted = self._counted(summary)
            rate = self.hits / np.maximum(self.total, 1)
            rarer = np.minimum(rate, 1 - rate) * summary.valid
        found = np.where(self.shares & (rarer < RARE), counted, smooth)
        found = np.where((summary.valid > 0) & np.isfinite(summary.means), found, np.nan)
        return np.asarray(np.clip(np.nan_to_num(found, nan=np.nan, posinf=FARTHEST, neginf=-FARTHEST), -FARTHEST, FARTHEST))

    def _counted(self, summary: Summary) -> NDArray[np.float64]:
        """z of rows counted: the middle of the chances of at least, and of more than, so many."""
        often = self.hits > 0.5 * self.total
        seen = np.round(np.nan_to_num(summary.means) * summary.valid)
        count = np.where(often, summary.valid - seen, seen)
        hits = np.where(often, self.total - self.hits, self.hits)
        rate = (hits + 0.5) / (self.total + 1)
        size = 1 / (1 / (hits + 0.5) + self.uneven)
        here = summary.valid / (summary.valid + size / rate)
        at_least = np.where(count > 0, special.betainc(np.maximum(count, 1), size, here), 1.0)
        more = special.betainc(count + 1, size, here)
        middle = np.clip((at_least + more) / 2, 1e-300, 1 - 1e-16)
        return np.asarray(np.where(often, 1, -1) * special.ndtri(middle))


def fit(base: Baseline, batches: Sequence[Summary], times: Sequence[datetime | None]) -> Expected:
    """What the reference's batches say. times: the middle of each, None where unknown."""
    means = np.array([batch.means for batch in batches])
    valid = np.array([batch.valid for batch in batches])
    waves = _fitted_waves(times)
    terms = _terms(times, waves)
    inverse = np.asarray(np.linalg.pinv(terms.T @ terms), dtype="float64")
    known = np.isfinite(means)
    usual = np.nanmean(np.where(known, means, np.nan), axis=0) if len(batches) else np.zeros(len(base.stats))
    usual = np.nan_to_num(usual)
    filled = np.where(known, means, usual)
    line = inverse @ terms.T @ filled
    left = filled - terms @ line
    freedom = max(1, len(batches) - terms.shape[1])
    variance = (left**2).sum(axis=0) / freedom
    shares = np.array([stat.what in SHARES for stat in base.stats])
    rows = np.maximum(valid, 1)
    within = np.nan_to_num(np.nanmean([batch.variance for batch in batches], axis=0)) if len(batches) else np.zeros(len(usual))
    spread = np.maximum(variance - within * (1 / rows).mean(axis=0), 0.0)
    # Few batches say little of how much batches differ: the upper end of what they leave open is taken (90%, chi-square).
    spread = spread * freedom / special.chdtri(freedom, 0.9)
    hits, total = (np.nan_to_num(means) * valid).sum(axis=0), valid.sum(axis=0)
    return Expected(
        counts=len(batches),
        waves=waves,
        line=line,
        shape=inverse,
        spread=spread,
        within=np.maximum(within, 1e-12),
        longer=_longer(left),
        hits=hits,
        total=total,
        uneven=_uneven(means, valid, hits, total),
        shares=shares,
    )


def _terms(times: Sequence[datetime | None], waves: Sequence[tuple[float, int]]) -> NDArray[np.float64]:
    """A column of ones, and sine and cosine of each wave, shape (n, 1 + 2 waves)."""
    seconds = np.array([np.nan if when is None else (when - MONDAY).total_seconds() for when in times])
    columns = [np.ones(len(times))]
    for length, harmonic in waves:
        angle = 2 * np.pi * harmonic * seconds / length
        columns += [np.sin(angle), np.cos(angle)]
    # A batch of an unknown time is expected to be in the middle of every wave.
    return np.nan_to_num(np.column_stack(columns))


def _fitted_waves(times: Sequence[datetime | None]) -> tuple[tuple[float, int], ...]:
    """The waves that the reference is long and dense enough to show."""
    if len(times) < 2 or any(when is None for when in times):
        return ()
    moments = sorted(when.timestamp() for when in times if when is not None)
    span = moments[-1] - moments[0]
    step = span / (len(moments) - 1)
    found: list[tuple[float, int]] = []
    for length, harmonics in WAVES:
        for harmonic in range(1, harmonics + 1):
            terms = 1 + 2 * (len(found) + 1)
            # A wave is seen where two batches fall into each of its swings.
            if span >= (CYCLES - 0.1) * length and length / harmonic >= 2 * step and len(moments) >= PER_TERM * terms:
                found.append((length, harmonic))
    return tuple(found)


def _longer(left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor on the standard error where neighbours are alike (the long-run variance of a first-order process), shape (k,)."""
    if len(left) < 2 * FEWEST:
        return np.ones(left.shape[1])
    power = (left**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.nan_to_num((left[1:] * left[:-1]).sum(axis=0) / power)
    alike = np.clip(alike - 1 / np.sqrt(len(left)), 0.0, WANDER)
    return np.asarray(np.sqrt((1 + alike) / (1 - alike)))


def _uneven(
    means: NDArray[np.float64], valid: NDArray[np.float64], hits: NDArray[np.float64], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Squared coefficient of variation of a rate between batches, beyond that of counting, by moments, shape (k,)."""
    rate = hits / np.maximum(total, 1)
    small = np.minimum(rate, 1 - rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = np.nanmean((means - rate) ** 2 - rate * (1 - rate) / np.maximum(valid, 1), axis=0) / small**2
    return np.where(small > 0, np.clip(np.nan_to_num(beyond), 0.0, 100.0), 0.0)
