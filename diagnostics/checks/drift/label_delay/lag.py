"""Whether labels fit the predictions of other rows, so many places up or down. No rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.drift.label_delay.ripening import Rows
from diagnostics.measure.onset import as_datetime

LEAST: Final = 50
"""Rows of a stretch in which a lag is looked for."""


@dataclass(frozen=True)
class Shifted:
    """lag: places by which the labels lie further down (negative: up). usual: correlation of label and prediction in the
    reference; same, there: in the current rows since the onset, without and with the lag. noise: what chance gives the best lag.
    """

    lag: int
    usual: float
    same: float
    there: float
    noise: float
    share: float
    since: datetime | None


def shifted(old: Rows, new: Rows, clock: NDArray[np.datetime64]) -> Shifted | None:
    """The lag at which labels fit predictions best, over a stretch up to the end of the table."""
    usual = _correlation(old.truth, old.told)
    n = new.truth.size
    if not np.isfinite(usual) or usual < 0.15:
        return None
    best: Shifted | None = None
    for start in sorted({0, *(int(n * share) for share in (0.2, 0.35, 0.5, 0.65, 0.8))}):
        truth, told = new.truth[start:], new.told[start:]
        if truth.size < LEAST or truth.std() == 0 or told.std() == 0:
            continue
        length = truth.size
        a, b = (truth - truth.mean()) / truth.std(), (told - told.mean()) / told.std()
        size = 1 << int(np.ceil(np.log2(2 * length)))
        cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
        reach = length // 2
        lags = np.concatenate([np.arange(1, reach), -np.arange(1, reach)])
        found = cross[lags] / (length - np.abs(lags))
        lag = int(lags[np.argmax(found * np.sqrt(1 - np.abs(lags) / length))])
        there = float(cross[lag] / (length - abs(lag)))
        same = float(cross[0] / length)
        noise = float(np.sqrt(2 * np.log(2 * reach)) / np.sqrt(length - abs(lag)))
        if there > max(0.0, same) and (best is None or there - same > 1.05 * (best.there - best.same)):
            best = Shifted(lag, usual, same, there, noise, length / n, as_datetime(clock[start]))
    return best if best is None else _began(best, new, clock)


def _began(found: Shifted, new: Rows, clock: NDArray[np.datetime64]) -> Shifted:
    """With its onset: where the label begins to fit the other row better than its own."""
    truth, told = new.truth - new.truth.mean(), new.told - new.told.mean()
    other = np.roll(told, found.lag)
    gains = truth * (other - told)
    if found.lag > 0:
        gains[: found.lag] = 0
    else:
        gains[found.lag :] = 0
    start = int(np.argmax(np.cumsum(gains[::-1])[::-1]))
    share = (gains.size - start) / gains.size
    return Shifted(found.lag, found.usual, found.same, found.there, found.noise, share, as_datetime(clock[start]))


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    if one.size < 3 or one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
