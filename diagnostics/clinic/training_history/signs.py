"""What the rules look at: numbers of a run that do not change when its loss is measured in other units or its epochs are
logged finer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.training_history import shapes
from diagnostics.clinic.training_history.curves import arrays
from diagnostics.clinic.training_history.held import held
from diagnostics.clinic.training_history.history import SCORE, VAL_SCORE, History
from diagnostics.clinic.training_history.shapes import Numbers, smooth, width_of

CHANCE_LEVELS: Final = (*(float(np.log(k)) for k in range(2, 21)), float(np.log(100)), float(np.log(1000)), 1.0)
"""Cross entropy of guessing among k equal classes, and the squared error of the mean for a standardised target."""

TOWERS: Final = 2.5
"""The first loss by all that follow the first tenth, from which on it is a burst and no measure of what there is to learn."""


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
    held_rough: median deviation of the held-out loss from its neighbours, past the first fifth, by its end. held_flat: its
        whole way after the first tenth, smoothed, by its end. burst: first loss by the highest that follows, where it towers
        above all of them; jumps, noise, rough, bounces and kicks are then measured by what follows.
        fastest: where the smoothed loss falls fastest, 0 at the beginning, 1 at the end.
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
    held_rough: float
    held_flat: float
    burst: float
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
    fastest: float


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
    # What jumps is measured by what there is to learn once a first burst is over.
    first, whole = _after_burst(t, way)
    near, span = max(abs(first), abs(end), 1e-300), max(whole, 0.1 * abs(first), 1e-300)
    off = t[1:-1] - (t[:-2] + t[2:]) / 2 if n > 2 else np.zeros(1)
    past = off[max(0, n // 5 - 1) :] if n > 5 else off
    diff = np.diff(t)
    half = s[n // 2]
    own = held(history, base)
    score, val_score, score_move = _scores(history)
    settled = s[max(1, n // 10) :] if n > 2 else t
    return Signs(
        points=n,
        base=base,
        end=end,
        low=low,
        drop=(base - end) / size,
        noise=float(np.median(np.abs(off))) / span,
        jumps=float(np.mean(past > 0.05 * span)) if len(past) else 0.0,
        falling=float(np.mean(diff < 0)),
        speed=shapes.speed(s, size),
        gain=shapes.gain(s, scale),
        bend=float(half - s[-1]) / max(float(s[0] - half), 1e-3 * scale),
        flat=float(np.max(settled) - np.min(settled)) / size,
        peak=float(np.max(t)) / size if base > 0 else 1.0,
        near_chance=any(abs(end / level - 1) < 0.03 for level in CHANCE_LEVELS) if end > 0 else False,
        constant=float(np.mean(np.abs(np.diff(t[n // 4 :])) <= 1e-7 * size)) if n > 3 else 0.0,
        rough=float(np.median(np.abs(past))) / near if len(past) else 0.0,
        bounces=float(np.mean(past > 0.08 * near)) if len(past) else 0.0,
        climb=(end - low) / max(way, 0.05 * size),
        early_share=float(s[0] - s[max(1, n // 10)]) / scale if n > 4 else 0.0,
        trend=shapes.trend(t[max(1, n // 10) :]),
        held_trend=own.trend,
        last_fall=min(shapes.last_fall(t), own.last_fall) if own.held else shapes.last_fall(t),
        rise=own.rise,
        rise_from=own.rise_from,
        gap=own.gap,
        went_on=own.went_on,
        held=own.held,
        held_noise=own.held_noise,
        held_rough=own.rough,
        held_flat=own.flat,
        burst=base / max(first, 1e-300) if base > first > 0 else 1.0,
        held_gain=own.held_gain,
        score=score,
        val_score=val_score,
        score_move=score_move,
        kicks=shapes.kicks(t, 0.04 * span),
        own_kicks=shapes.kicks(t, np.maximum(0.2 * np.abs(t[:-1]), 0.004 * near)),
        held_kicks=own.kicks,
        late_rough=shapes.step(t),
        still=own.still if own.held else shapes.step(t),
        above=_above(base, end),
        levels=_levels(history),
        best=max(float(t.min()) / end, own.best) if own.held and end > 0 else 1.0,
        late=max(shapes.late(s), own.late),
        fastest=shapes.fastest(s),
    )


def _after_burst(t: Numbers, way: float) -> tuple[float, float]:
    """The loss to measure jumps by, and the way from it to the lowest: the first one, or the highest after a first burst."""
    k = max(1, len(t) // 10)
    if len(t) - k < 5 or float(t[k:].max()) <= 0 or float(t[0]) < TOWERS * float(t[k:].max()):
        return float(t[0]), way
    top = float(t[k:].max())
    return top, top - float(t[k:].min())


def _above(base: float, end: float) -> float:
    nearest = min(CHANCE_LEVELS, key=lambda level: abs(end - level))
    return base / max(end, nearest if abs(end / nearest - 1) < 0.06 else end) if end > 0 else 1.0


def _levels(history: History) -> int:
    curve = history.curve(VAL_SCORE) or history.curve(SCORE)
    return len(set(curve.y[len(curve.y) // 2 :])) if curve is not None else 0


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
