"""The signs of a run: numbers that do not change when its loss is given in other units or its epochs are logged finer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from diagnostics.clinic.training_history import shapes
from diagnostics.clinic.training_history.curves import MOST, arrays, blocks, lift, rate
from diagnostics.clinic.training_history.history import LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, History, Layer
from diagnostics.clinic.training_history.layers import LayerSigns
from diagnostics.clinic.training_history.shapes import Numbers, smooth, width_of

CHANCE_LEVELS: Final = (*(float(np.log(k)) for k in range(2, 21)), float(np.log(100)), float(np.log(1000)), 1.0)
"""Cross entropy of guessing among k equal classes, and the squared error of the mean for a standardised target."""

TOWERS: Final = 2.5
"""First loss over the highest after the first tenth, from which on it is a burst and does not measure what there is to learn."""

LOWEST_RATE: Final = 0.03
"""Below it a learning rate says nothing by itself: 2e-5 is usual for fine-tuning, 0.02 for plain gradient descent."""

NOT_MEASURED: Final = ("base", "end", "low", "rise_from", "points", "has_validation")
"""Signs that change with the unit or the length of the run: not for the scoring table."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What the validation loss shows beside the training loss.

    rise: how far it ends above its lowest, by the way it made (or by its lowest where that is less).
    rise_from: position of its lowest, -1 where there is no validation loss.
    gap: validation minus training loss at the end, by what the training loss lost.
    went_on: share of the training loss that was lost after the validation loss was at its lowest, -1 to 1.
    has_validation: whether there is a validation loss beside a training loss.
    val_noise: median distance of a point from the mean of its neighbours, by the way made.
    val_rough: the same after the first fifth, by the loss at the end.
    val_flat: whole way of the smoothed curve after its first tenth, by the loss at the end.
    val_gain: what as many epochs again would take away, by the way made.
    val_trend: Spearman's correlation with time.
    val_last_fall: fall over the last third, by the loss at the end.
    val_kicks: share of steps that go up by a tenth of the loss.
    val_step: median step of the second half, by the loss at the end.
    val_lowest: lowest over last value.
    val_late: share of the way that the last third made.
    val_recent: trend of the values since the lowest one: 1 where it rises at every point.
    """

    rise: float = 0.0
    rise_from: int = -1
    gap: float = 0.0
    went_on: float = 0.0
    has_validation: bool = False
    val_noise: float = 0.0
    val_rough: float = np.inf
    val_flat: float = np.inf
    val_gain: float = 0.0
    val_trend: float = 0.0
    val_last_fall: float = 0.0
    val_kicks: float = 0.0
    val_step: float = np.inf
    val_lowest: float = 1.0
    val_late: float = 0.0
    val_recent: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Signs(Validation):
    """What the curves show. "By the way": divided by how far the loss fell.

    points: points of the training curve (of the validation curve where there is no other).
    base: loss at the beginning.
    end: smoothed loss at the end.
    low: lowest smoothed loss.
    drop: (base - end) / |base|.
    noise: median distance of a point from the mean of its neighbours, by the way.
    jumps: share of points after the first fifth that lie above both neighbours' mean by more than a twentieth of the way.
    falling: share of steps that go down.
    speed: share of the loss that was lost per point over the last third.
    gain: what as many epochs again would take away, by the way.
    bend: way of the second half over that of the first.
    flat: whole way of the smoothed curve after its first tenth, by the loss.
    peak: highest loss over the first.
    near_chance: the end lies where guessing among equal classes would, or the mean of a standardised target.
    constant: share of steps that change nothing at all.
    rough: as noise, by the loss itself.
    bounces: share of points that stand out by a twelfth of the loss.
    climb: how far the end lies above the lowest loss, by the way.
    early_share: share of the way that the first tenth made.
    trend: Spearman's correlation of the loss with time.
    last_fall: fall over the last third, by the loss at the end; the smaller of both curves.
    score, val_score: at the end.
    score_move: between the lowest and the highest smoothed score.
    kicks: share of steps after the first fifth that go up by a twenty-fifth of the way.
    large_kicks: the same by a fifth of the loss itself.
    late_step: median step of the second half, by the loss at the end.
    burst: first loss over the highest that follows, where it towers above all of them.
    above: first loss over the last (over the level of guessing where that is near and higher).
    score_levels: values that the validation score (else the score) takes in the second half, 0 where there is none.
    late: share of the way that the last third made, on the curve where that is more.
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
    near_chance: bool
    constant: float
    rough: float
    bounces: float
    climb: float
    early_share: float
    trend: float
    last_fall: float
    score: float | None
    val_score: float | None
    score_move: float | None
    kicks: float
    large_kicks: float
    late_step: float
    burst: float
    above: float
    score_levels: int
    late: float
    fastest: float

    @property
    def known_score(self) -> float | None:
        """The score at the end: on the training rows, else on the validation rows."""
        return self.score if self.score is not None else self.val_score


def signs(history: History) -> Signs | None:
    """None for a run without two finite points."""
    _, t = arrays(history)
    if len(t) < 2:
        return None
    lifted = lift(history)
    n, t = len(t), t + lifted
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
    half = s[n // 2]
    validation = _validation(history, base, lifted)
    score, val_score, score_move = _scores(history)
    settled = s[max(1, n // 10) :] if n > 2 else t
    last_fall = shapes.last_fall(t)
    return Signs(
        **{field.name: getattr(validation, field.name) for field in fields(Validation)},
        points=n,
        base=base - lifted,
        end=end - lifted,
        low=low - lifted,
        drop=(base - end) / size,
        noise=float(np.median(np.abs(off))) / span,
        jumps=float(np.mean(past > 0.05 * span)) if len(past) else 0.0,
        falling=float(np.mean(np.diff(t) < 0)),
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
        last_fall=min(last_fall, validation.val_last_fall) if validation.has_validation else last_fall,
        score=score,
        val_score=val_score,
        score_move=score_move,
        kicks=shapes.kicks(t, 0.04 * span),
        large_kicks=shapes.kicks(t, np.maximum(0.2 * np.abs(t[:-1]), 0.004 * near)),
        late_step=shapes.step(t),
        burst=base / max(first, 1e-300) if base > first > 0 else 1.0,
        above=_above(base, end),
        score_levels=_levels(history),
        late=max(shapes.late(s), validation.val_late),
        fastest=shapes.fastest(s),
    )


def _validation(history: History, base: float, lifted: float) -> Validation:
    curve, main = history.curve(VAL_LOSS), history.curve(LOSS)
    if curve is None or main is None or len(curve.y) < 3 or len(main.y) < 2:
        return Validation()
    x, v = blocks(curve, MOST)
    v = v + lifted
    s = smooth(v, width_of(len(v)))
    place = int(np.argmin(s))
    lowest, end = float(s[place]), float(np.median(s[-max(1, len(s) // 10) :]))
    made = max(float(v[0]) - lowest, base - lowest, 1e-300)
    t_x, t_y = blocks(main, MOST)
    own = np.interp(x, t_x, smooth(t_y + lifted, width_of(len(t_y))))
    off = v[1:-1] - (v[:-2] + v[2:]) / 2
    past = np.abs(off[max(0, (len(off) + 2) // 5 - 1) :])
    size = max(abs(end), 1e-300)
    return Validation(
        rise=(end - lowest) / max(min(made, abs(lowest)), 0.1 * made, 0.03 * abs(base), 1e-300),
        rise_from=place,
        gap=(end - float(own[-1])) / max(base - float(own[-1]), 0.1 * abs(base), 1e-300),
        went_on=float(np.clip((own[place] - own[-1]) / max(abs(own[place]), 1e-300), -1, 1)),
        has_validation=True,
        val_noise=float(np.median(np.abs(off))) / max(made, 0.3 * abs(base)) if len(off) else 0.0,
        val_rough=float(np.median(past)) / size if len(past) else np.inf,
        val_flat=float(np.ptp(s[max(1, len(s) // 10) :])) / size,
        val_gain=shapes.gain(s, max(made, 0.1 * abs(base))),
        val_trend=shapes.trend(v[max(1, len(v) // 10) :]),
        val_last_fall=shapes.last_fall(v),
        val_kicks=shapes.kicks(v, np.maximum(0.1 * np.abs(v[:-1]), 0.005 * abs(float(v[0])))),
        val_step=shapes.step(v),
        val_lowest=float(v.min()) / end if end > 0 else 1.0,
        val_late=shapes.late(s),
        val_recent=shapes.trend(v[int(np.argmin(v)) :]),
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
    """Score and validation score at the end, and how far the first of them that is there moved."""
    ends: dict[str, float] = {}
    move: float | None = None
    for part in (SCORE, VAL_SCORE):
        curve = history.curve(part)
        if curve is not None and curve.rising and len(curve.y) > 1 and min(curve.y) >= -0.001 and max(curve.y) <= 1.001:
            s = smooth(curve.values, width_of(len(curve.y)))
            ends[part] = float(np.median(s[-max(1, len(s) // 10) :]))
            move = float(s.max() - s.min()) if move is None else move
    return ends.get(SCORE), ends.get(VAL_SCORE), move


def measured(history: History, s: Signs | None, layers: LayerSigns | None) -> dict[str, float]:
    """The signs by name, for the scoring table; what a file does not hold is left out.

    Beside those of Signs and LayerSigns:

    step_beside: step of the validation loss (else of the training loss) over that of the training loss.
    entropy: first loss of a run with a score.
    lost: whether the loss is not a finite number from some point on; lasted: points before that.
    worst: highest loss over the first; learnt_before: lowest over the first.
    high_rate: the highest learning rate, LOWEST_RATE at the least; rate_end: the last one over the highest.
    largest, typical: gradients over the first loss.
    updates: median size of an update by the weights', over the run and the layers; update_least: of the layer with the smallest;
    update_end: the largest in the last tenth.
    fading: median gradient of the last tenth over that of the first.
    """
    found = dict(_of_curves(history, s))
    if layers is not None:
        found |= {name: getattr(layers, name) for name in ("span", "growth", "dead", "dead_first", "update")}
        unit = abs(s.base) if s is not None else 1.0
        found |= {"largest": layers.largest / max(unit, 1e-300), "typical": layers.typical / max(unit, 1e-300)}
        found |= dict(_of_layers(history.layers))
    return {name: float(value) for name, value in found.items() if value is not None and np.isfinite(value)}


def _of_curves(history: History, s: Signs | None) -> Iterator[tuple[str, float | None]]:
    _, y = arrays(history)
    if s is not None:
        yield from ((field.name, getattr(s, field.name)) for field in fields(Signs) if field.name not in NOT_MEASURED)
        if s.has_validation:
            yield "step_beside", s.val_step / max(s.late_step, 1e-12)
    lost = [curve.lost_at for curve in history.curves if curve.part in (LOSS, VAL_LOSS) and curve.lost_at is not None]
    yield "lost", float(bool(lost))
    yield "lasted", float(len(y)) if lost else None
    y = y + lift(history)
    if len(y):
        size = max(abs(float(y[0])), 1e-300)
        yield "worst", float(np.abs(y).max()) / size
        yield "learnt_before", float(y.min()) / size
        yield "entropy", float(y[0]) if any(curve.rising for curve in history.curves) else None
    highest, curve = rate(history), history.curve(RATE)
    if highest is not None and curve is not None:
        yield "high_rate", max(highest, LOWEST_RATE)
        yield "rate_end", curve.y[-1] / max(highest, 1e-300)


def _of_layers(layers: tuple[Layer, ...]) -> Iterator[tuple[str, float]]:
    moved = [np.array(layer.ratios) for layer in layers if layer.ratios]
    if moved:
        medians = [float(np.median(part)) for part in moved]
        yield "updates", float(np.median(medians))
        yield "update_least", min(medians)
        yield "update_end", max(float(part[-max(1, len(part) // 10) :].max()) for part in moved)
    norms = [np.array(layer.gradients) for layer in layers if layer.gradients]
    if norms:
        total = np.sum([part[: min(map(len, norms))] ** 2 for part in norms], axis=0) ** 0.5
        k = max(1, len(total) // 10)
        yield "fading", float(np.median(total[-k:])) / max(float(np.median(total[:k])), 1e-30)
