"""Measures of one curve; none changes when the loss is given in other units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def smooth(y: Numbers, width: int) -> Numbers:
    """Running median, then running mean, of `width` points (odd); at the ends, of those that are there."""
    if width < 3 or len(y) < 3:
        return y
    half = width // 2
    gap = np.full(half, np.nan)
    middle = np.nanmedian(np.lib.stride_tricks.sliding_window_view(np.concatenate([gap, y, gap]), width), axis=1)
    return np.asarray(np.nanmean(np.lib.stride_tricks.sliding_window_view(np.concatenate([gap, middle, gap]), width), axis=1))


def width_of(n: int) -> int:
    """Points that are smoothed together: none of five, three of ten, at most nine."""
    return 1 if n < 7 else int(np.clip(n // 10, 3, 9)) | 1


def kicks(t: Numbers, size: float | Numbers) -> float:
    """Share of steps past the first fifth that go up by more than `size` (one, or one a step)."""
    up = (np.diff(t) > size)[len(t) // 5 :]
    return float(up.mean()) if len(up) else 0.0


def step(t: Numbers) -> float:
    """Median step of the second half, by the size of the last value."""
    half = np.abs(np.diff(t[len(t) // 2 :]))
    return float(np.median(half)) / max(abs(float(t[-1])), 1e-300) if len(half) else np.inf


def last_fall(t: Numbers) -> float:
    """Fall over the last third by the loss at the end."""
    s = smooth(t, width_of(len(t)))
    return float(s[max(0, len(s) * 2 // 3 - 1)] - s[-1]) / max(abs(float(s[-1])), 1e-300)


def late(s: Numbers) -> float:
    """Fall of a smoothed curve over the last third, by its whole way."""
    return float(s[max(0, len(s) * 2 // 3 - 1)] - s[-1]) / max(float(s[0] - s.min()), 1e-9 * abs(float(s[0])), 1e-300)


def trend(t: Numbers) -> float:
    """Spearman's correlation of the loss with time: -1 falls at every step, 0 goes nowhere."""
    if len(t) < 4 or np.ptp(t) == 0:
        return 0.0
    ranks = np.argsort(np.argsort(t, kind="stable"), kind="stable")
    return float(np.corrcoef(ranks, np.arange(len(t)))[0, 1])


def speed(s: Numbers, size: float) -> float:
    """Mean fall per point over the last third, by the size of the loss."""
    last = s[-max(2, len(s) // 3) :]
    return float(last[0] - last[-1]) / (len(last) - 1) / size


def gain(s: Numbers, scale: float) -> float:
    """What as many points again would take away if the falls go on shrinking as they did: Aitken's extrapolation of three thirds.

    The falls of the second and the last third give the factor by which a third shrinks; the next three thirds are the sum of
    a geometric
    series with it. By the way made.
    """
    n = len(s)
    if n < 4:
        fall = float(s[-2] - s[-1])
        before = float(s[-3] - s[-2]) if n > 2 else fall
        ratio = np.clip(fall / before, 0.0, 1.0) if before > 0 else 0.5
        return max(0.0, fall) * float(ratio) * max(1.0, (n - 1) / 2) / scale
    # From the last half alone as well: a curve that found its way late and is at its end by now must not count as falling.
    spans = [max(1, (n - 1) // 3)] + ([(n - 1) // 6] if n >= 24 else [])
    return min(_series(s, span, n / span) for span in spans) / scale


def _series(s: Numbers, span: int, times: float) -> float:
    """What `times` stretches of `span` points would take away after the last two."""
    a, b, c = (float(s[-1 - 2 * span]), float(s[-1 - span]), float(s[-1]))
    fall, before = b - c, a - b
    if fall <= 0:
        return 0.0
    ratio = float(np.clip(fall / before, 0.0, 1.0)) if before > 0 else 1.0
    return fall * (times if ratio > 0.999 else ratio * (1 - ratio**times) / (1 - ratio))


def fastest(s: Numbers) -> float:
    """Where a smoothed curve falls fastest, over an eighth of its points: 0 at its beginning, 1 at its end."""
    span = max(1, len(s) // 8)
    falls = s[:-span] - s[span:]
    return float(np.argmax(falls)) / max(1, len(falls) - 1) if len(falls) else 0.0
