"""What the rules look at: numbers of a run that do not change when its loss is measured in other units or its epochs are
logged finer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, Curve, History, by_epoch

Numbers = NDArray[np.float64]

BLOCKS: Final = 30
EPOCHS: Final = 4
"""Points of a run that was logged by the step; the means of as many stretches, as one batch's loss says little."""

FEW: Final = 12
"""So few points of a run of three epochs tell nothing within an epoch."""

CHANCE_LEVELS: Final = (*(float(np.log(k)) for k in range(2, 21)), float(np.log(100)), float(np.log(1000)), 1.0)
"""Cross entropy of guessing among k equal classes, and the squared error of the mean for a standardised target."""


@dataclass(frozen=True)
class Signs:
    """points: how many points the training curve has (the held-out one where there is no other). x: their places.

    base: loss at the beginning. end: at the end; low: lowest; all of the smoothed curve. drop: (base - end) / |base|.
    noise: median deviation of a point from the mean of its neighbours; jumps: share of points, past the first fifth, that
    lie above
        both neighbours' mean by more than a twentieth of the way made; both by the way made or a tenth of the base if that
        is more.
    falling: share of steps downwards. speed: share of the loss above `low` (of the base) lost per point at the end.
    gain: what as many epochs again would take away, by the way made. bend: way made in the second half by that in the first.
    flat: the whole way of the smoothed curve after its first tenth, by the loss. rise: the held-out loss' climb above its
    lowest by the way it made or its
        lowest if that is less; rise_from: where it begins. gap: held-out minus training loss at the end, by the base above
        the training
        loss. went_on: how far the training loss fell further while the held-out one rose, 0 to 1.
    peak: the highest loss by the first. near_chance: the end lies where guessing among equal classes, or the mean of a
    standardised target,
        would. constant: share of steps that change nothing at all. rough: noise by the loss itself; bounces: share of points
        that stand
        out by a twelfth of it; climb: how far the end lies above the lowest, by the way made; early_share: of the way, what
        the first
        tenth of the run made; trend: Spearman's correlation of the loss with time (held_trend: of
        the held-out one); last_fall: fall over the last third by the loss at the end, the
        smaller of both sides after that.
    score, val_score: at the end; score_move: between the lowest and the highest of the smoothed one.
    kicks: share of steps past the first fifth that go up by a twenty-fifth of the way or more; own_kicks, held_kicks: by a fifth
        of the loss itself, by a tenth of the held-out one. late_rough: median step of the second half by the loss at its end.
    still: median step of the held-out loss in its second half (of the training loss where there is none), by its size.
    above: the first loss by its end, or by the level of guessing nearest to it if that is higher. levels: how many values the
        held-out score (else the score) takes in the second half, 0 where there is none. best: the lowest point by the end, on
        the side where it lies higher; 1 without held-out losses. late: what the last third made of the way, on the side where
        that is more.
    """

    points: int
    base: float
    end: float
    low: float
    drop: float
    noise: float
    jumps: float
    falling: float
    speed: float
    gain: float
    bend: float
    flat: float
    peak: float
    rise: float
    rise_from: int
    gap: float
    went_on: float
    held: bool
    held_noise: float
    held_gain: float
    score: float | None
    val_score: float | None
    score_move: float | None
    near_chance: bool
    constant: float
    rough: float
    bounces: float
    climb: float
    early_share: float
    trend: float
    held_trend: float
    last_fall: float
    kicks: float
    own_kicks: float
    held_kicks: float
    late_rough: float
    still: float
    above: float
    levels: int
    best: float
    late: float


class _Held(NamedTuple):
    rise: float
    rise_from: int
    gap: float
    went_on: float
    held: bool
    held_noise: float
    held_gain: float
    trend: float
    last_fall: float
    kicks: float
    still: float
    best: float
    late: float


def smooth(y: Numbers, width: int) -> Numbers:
    """Running median, then running mean, of `width` points (odd), the ends with what is there."""
    if width < 3 or len(y) < 3:
        return y
    half = width // 2
    middle = np.array([np.median(y[max(0, i - half) : i + half + 1]) for i in range(len(y))])
    return np.array([middle[max(0, i - half) : i + half + 1].mean() for i in range(len(y))])


def width_of(n: int) -> int:
    """Points that are smoothed together: none of five, three of ten, at most nine."""
    return 1 if n < 7 else int(np.clip(n // 10, 3, 9)) | 1


def blocks(curve: Curve, cap: int = BLOCKS) -> tuple[Numbers, Numbers]:
    """The curve with at most `cap` points, each the mean of its neighbours."""
    x, y = np.array(curve.x), np.array(curve.y)
    if len(y) <= cap:
        return x, y
    parts = np.array_split(np.arange(len(y)), cap)
    return np.array([x[part].mean() for part in parts]), np.array([y[part].mean() for part in parts])


def training(history: History) -> Curve | None:
    """The curve that the rules of learning look at: the training loss, else the held-out one, else a score turned over."""
    for part in (LOSS, VAL_LOSS):
        curve = history.curve(part)
        if curve is not None and (curve.y or curve.lost_at is not None):
            return curve
    for part in (SCORE, VAL_SCORE):
        curve = history.curve(part)
        if curve is not None and curve.y:
            top = 1.0 if max(curve.y) <= 1.0 else max(curve.y)
            return Curve(LOSS, curve.name, curve.x, tuple(top - y if curve.rising else y for y in curve.y), curve.lost_at)
    return None


def arrays(history: History) -> tuple[Numbers, Numbers]:
    """Places and values of the training curve as the rules see it: in epochs where it is given so, else in stretches of steps."""
    curve = training(history)
    if curve is None:
        return np.empty(0), np.empty(0)
    if history.unit == "epoch" and _crowded(curve):
        # Several points an epoch are single batches' noise: their means are what other tools log.
        return by_epoch(np.ceil(np.array(curve.x) - 1e-6), curve.values)
    return blocks(curve, BLOCKS if by_steps(history) else 600)


def _crowded(curve: Curve) -> bool:
    """Whether there are several points in most epochs, and epochs enough to look at each as one."""
    epochs = len(np.unique(np.ceil(np.array(curve.x) - 1e-6)))
    return (epochs >= EPOCHS or (epochs == EPOCHS - 1 and len(curve.x) <= FEW)) and len(curve.x) > 1.5 * epochs


def by_steps(history: History) -> bool:
    """Whether a point is some steps rather than an epoch or a round, so that what is gained in one of them says little."""
    curve = training(history)
    if history.unit == "step" or curve is None or not curve.x:
        return history.unit == "step"
    return history.unit == "epoch" and len(curve.x) > 1.5 * max(1.0, np.ceil(curve.x[-1])) and not _crowded(curve)


def signs(history: History) -> Signs | None:
    """None for a run without two finite points."""
    _, t = arrays(history)
    if len(t) < 2:
        return None
    n = len(t)
    s = smooth(t, width_of(n))
    tail = max(1, n // 10)
    base, end, low = float(t[0]), float(np.median(s[-tail:])), float(s.min())
    size = max(abs(base), abs(end), 1e-300)
    way = max(base - low, 0.0)
    scale = max(way, 0.1 * abs(base), 1e-300)
    off = t[1:-1] - (t[:-2] + t[2:]) / 2 if n > 2 else np.zeros(1)
    late = off[max(0, n // 5 - 1) :] if n > 5 else off
    diff = np.diff(t)
    half = s[n // 2]
    own = _held(history, base)
    score, val_score, score_move = _scores(history)
    settled = s[max(1, n // 10) :] if n > 2 else t
    return Signs(
        points=n,
        base=base,
        end=end,
        low=low,
        drop=(base - end) / size,
        noise=float(np.median(np.abs(off))) / scale,
        jumps=float(np.mean(late > 0.05 * scale)) if len(late) else 0.0,
        falling=float(np.mean(diff < 0)),
        speed=_speed(s, size),
        gain=_gain(s, scale),
        bend=float(half - s[-1]) / max(float(s[0] - half), 1e-3 * scale),
        flat=float(np.max(settled) - np.min(settled)) / size,
        peak=float(np.max(t)) / size if base > 0 else 1.0,
        near_chance=any(abs(end / level - 1) < 0.03 for level in CHANCE_LEVELS) if end > 0 else False,
        constant=float(np.mean(np.abs(np.diff(t[n // 4 :])) <= 1e-7 * size)) if n > 3 else 0.0,
        rough=float(np.median(np.abs(late))) / size if len(late) else 0.0,
        bounces=float(np.mean(late > 0.08 * max(abs(base), abs(end)))) if len(late) else 0.0,
        climb=(end - low) / max(way, 0.05 * size),
        early_share=float(s[0] - s[max(1, n // 10)]) / scale if n > 4 else 0.0,
        trend=_trend(t[max(1, n // 10) :]),
        held_trend=own.trend,
        last_fall=min(_last_fall(t), own.last_fall) if own.held else _last_fall(t),
        rise=own.rise,
        rise_from=own.rise_from,
        gap=own.gap,
        went_on=own.went_on,
        held=own.held,
        held_noise=own.held_noise,
        held_gain=own.held_gain,
        score=score,
        val_score=val_score,
        score_move=score_move,
        kicks=_kicks(t, 0.04 * scale),
        own_kicks=_kicks(t, np.maximum(0.2 * np.abs(t[:-1]), 0.004 * size)),
        held_kicks=own.kicks,
        late_rough=_step(t),
        still=own.still if own.held else _step(t),
        above=_above(base, end),
        levels=_levels(history),
        best=max(float(t.min()) / end, own.best) if own.held and end > 0 else 1.0,
        late=max(_late(s), own.late),
    )


def _kicks(t: Numbers, size: float | Numbers) -> float:
    """Share of steps past the first fifth that go up by more than `size` (one, or one a step)."""
    up = (np.diff(t) > size)[len(t) // 5 :]
    return float(up.mean()) if len(up) else 0.0


def _step(t: Numbers) -> float:
    """Median step of the second half, by the size of the last value."""
    half = np.abs(np.diff(t[len(t) // 2 :]))
    return float(np.median(half)) / max(abs(float(t[-1])), 1e-300) if len(half) else np.inf


def _above(base: float, end: float) -> float:
    nearest = min(CHANCE_LEVELS, key=lambda level: abs(end - level))
    return base / max(end, nearest if abs(end / nearest - 1) < 0.06 else end) if end > 0 else 1.0


def _levels(history: History) -> int:
    curve = history.curve(VAL_SCORE) or history.curve(SCORE)
    return len(set(curve.y[len(curve.y) // 2 :])) if curve is not None else 0


def _last_fall(t: Numbers) -> float:
    """Fall over the last third by the loss at the end."""
    s = smooth(t, width_of(len(t)))
    return float(s[max(0, len(s) * 2 // 3 - 1)] - s[-1]) / max(abs(float(s[-1])), 1e-300)


def _late(s: Numbers) -> float:
    """Fall of a smoothed curve over the last third, by its whole way."""
    return float(s[max(0, len(s) * 2 // 3 - 1)] - s[-1]) / max(float(s[0] - s.min()), 1e-9 * abs(float(s[0])), 1e-300)


def _trend(t: Numbers) -> float:
    """Spearman's correlation of the loss with time: -1 falls at every step, 0 goes nowhere."""
    if len(t) < 4 or np.ptp(t) == 0:
        return 0.0
    ranks = np.argsort(np.argsort(t, kind="stable"), kind="stable")
    return float(np.corrcoef(ranks, np.arange(len(t)))[0, 1])


def _speed(s: Numbers, size: float) -> float:
    """Mean fall per point over the last third, by the size of the loss."""
    last = s[-max(2, len(s) // 3) :]
    return float(last[0] - last[-1]) / (len(last) - 1) / size


def _gain(s: Numbers, scale: float) -> float:
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


def _held(history: History, base: float) -> _Held:
    curve = history.curve(VAL_LOSS)
    nothing = _Held(
        rise=0.0,
        rise_from=-1,
        gap=0.0,
        went_on=0.0,
        held=False,
        held_noise=0.0,
        held_gain=0.0,
        trend=0.0,
        last_fall=0.0,
        kicks=0.0,
        still=np.inf,
        best=1.0,
        late=0.0,
    )
    main = history.curve(LOSS)
    if curve is None or main is None or len(curve.y) < 3 or len(main.y) < 2:
        return nothing
    x, v = blocks(curve, 600)
    s = smooth(v, width_of(len(v)))
    place = int(np.argmin(s))
    lowest, end = float(s[place]), float(np.median(s[-max(1, len(s) // 10) :]))
    made = max(float(v[0]) - lowest, base - lowest, 1e-300)
    t_x, t_y = blocks(main, 600)
    own = np.interp(x, t_x, smooth(t_y, width_of(len(t_y))))
    off = v[1:-1] - (v[:-2] + v[2:]) / 2
    return _Held(
        rise=(end - lowest) / max(min(made, abs(lowest)), 0.1 * made, 0.03 * abs(base), 1e-300),
        rise_from=place,
        gap=(end - float(own[-1])) / max(base - float(own[-1]), 0.1 * abs(base), 1e-300),
        went_on=float(np.clip((own[place] - own[-1]) / max(abs(own[place]), 1e-300), -1, 1)),
        held=True,
        held_noise=float(np.median(np.abs(off))) / max(made, 0.3 * abs(base)) if len(off) else 0.0,
        held_gain=_gain(s, max(made, 0.1 * abs(base))),
        trend=_trend(v[max(1, len(v) // 10) :]),
        last_fall=_last_fall(v),
        kicks=_kicks(v, np.maximum(0.1 * np.abs(v[:-1]), 0.005 * abs(float(v[0])))),
        still=_step(v),
        best=float(v.min()) / end if end > 0 else 1.0,
        late=_late(s),
    )


def _scores(history: History) -> tuple[float | None, float | None, float | None]:
    """Score and held-out score at the end, and how far the first of them that is there moved."""
    ends: dict[str, float] = {}
    move: float | None = None
    for part in (SCORE, VAL_SCORE):
        curve = history.curve(part)
        if curve is not None and curve.rising and len(curve.y) > 1 and min(curve.y) >= -0.001 and max(curve.y) <= 1.001:
            s = smooth(curve.values, width_of(len(curve.y)))
            ends[part] = float(np.median(s[-max(1, len(s) // 10) :]))
            move = float(s.max() - s.min()) if move is None else move
    return ends.get(SCORE), ends.get(VAL_SCORE), move


def known_score(s: Signs) -> float | None:
    """The score at the end: on the training rows, else on the held-out ones."""
    return s.score if s.score is not None else s.val_score


def rate(history: History) -> float | None:
    """The highest learning rate that the file tells."""
    curve = history.curve(RATE)
    return max(curve.y) if curve is not None and curve.y else None


def ended_slow(history: History) -> bool:
    """Whether the learning rate was brought down to a tenth or less by a schedule: the run ended as planned."""
    curve = history.curve(RATE)
    return curve is not None and len(curve.y) > 3 and max(curve.y) > 0 and curve.y[-1] <= 0.1 * max(curve.y)


def gradient(history: History) -> Curve | None:
    return history.curve(GRADIENT)
