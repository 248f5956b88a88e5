"""From the signs of a run to its problems, the likeliest first.

Where gradients were recorded they decide; where only losses and scores exist, their shape is all there is and the confidence
is lower. A
problem that brings others with it stands before them: what broke the numbers before what is noisy, what never learnt before what
learnt too little, what learnt by heart before what could have gone on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from diagnostics.clinic.history.history import LOSS, VAL_LOSS, History
from diagnostics.clinic.history.layers import Depths, depths
from diagnostics.clinic.history.signs import Numbers, Signs, arrays, ended_slow, rate, signs, smooth, training, width_of
from diagnostics.words import N_

Number = float | int | str | None

NAMED_FROM: Final = 0.3
"""A second problem is named beside the first from this confidence on."""

SEVERAL: Final = 3


@dataclass(frozen=True)
class Thresholds:
    """Where the rules begin. AutoTrainer: Zhang et al. 2021, doi:10.1109/ICSE43902.2021.00043, parameters of its published
    code; Debugger: the
    built-in rules of Amazon SageMaker Debugger; UMLAUT: Schoop et al. 2021, doi:10.1145/3411764.3445538. What has no source
    was set
    on the tuning half of benchmarks/training.

    giant: loss by its beginning that no recovery is expected from. span: first layer's gradient by the last one's;
    AutoTrainer's beta_1 is
        1e-3 for a step, this is the median of the run. vanished: any gradient below it is none (Debugger, VanishingGradient:
        1e-7).
    dead: share of silent units of a layer (AutoTrainer's gamma). update: size of an update by the weights' that overthrows
    what was learnt;
        healthy runs stay near 1e-3 (Karpathy 2019, A recipe for training neural networks).
    bounce: share of points that jump (AutoTrainer's eta). flat: whole move of a loss that learns nothing. rise: held-out
    loss above
        its lowest (Debugger's Overfit allows a tenth). gap: held-out minus training loss.
    level: share of the loss left at the end of a run that learnt too little; weak: score below which that is said
    (AutoTrainer's Theta
        is 0.6 for accuracy). gain: what as many epochs again would bring, by the way made. trend: correlation of the loss
        with time; below it a loss that hardly
        moves does creep downwards. slow: size of an update by the weights' that moves nothing within a usual run. speed:
        share of the
        loss lost per epoch at the end of a run that was cut off.
    """

    giant: float = 100.0
    span: float = 0.02
    vanished: float = 1e-7
    dead: float = 0.7
    update: float = 0.15
    bounce: float = 0.2
    flat: float = 0.03
    rise: float = 0.3
    gap: float = 0.45
    level: float = 0.6
    weak: float = 0.7
    gain: float = 0.12
    high_rate: float = 0.3
    trend: float = -0.45
    slow: float = 8e-4
    speed: float = 0.0095


@dataclass(frozen=True)
class Problem:
    """code: of the contract. epoch: where it begins, in the history's unit. until: where the stretch ends that shows it."""

    code: str
    confidence: float
    epoch: float
    until: float
    says: str
    evidence: dict[str, Number] = field(default_factory=dict)


def problems(history: History, thresholds: Thresholds | None = None) -> tuple[Problem, ...]:
    """At most three, the likeliest first; empty for a healthy run, and for one too short to tell."""
    at = thresholds or Thresholds()
    told = signs(history)
    deep = depths(history)
    found = list(_candidates(history, told, deep, at))
    best: dict[str, Problem] = {}
    for problem in found:
        if problem.code not in best or problem.confidence > best[problem.code].confidence:
            best[problem.code] = problem
    ordered = sorted(best.values(), key=lambda problem: (-problem.confidence, problem.code))
    if not ordered or ordered[0].confidence < 0.5:
        return ()
    return tuple(problem for place, problem in enumerate(ordered) if place == 0 or problem.confidence >= NAMED_FROM)[:SEVERAL]


def _candidates(history: History, s: Signs | None, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    broken = list(_broken(history, s, deep, at))
    yield from broken
    if broken or s is None:
        return
    if _fell_back(s):
        yield _high_level(history, s, 0.75)
        return
    stuck = list(_dead_or_vanished(history, s, deep, at))
    yield from stuck
    if stuck and max(problem.confidence for problem in stuck) >= 0.8:
        return
    heart = list(_by_heart(history, s, at))
    shaky = list(_shaky(history, s, deep, at))
    if heart and heart[0].confidence > 0.85 and s.rise > 0.8 and s.drop > 0.8:
        # Few rows make noisy curves too; what is learnt by heart weighs more.
        yield from heart
        return
    yield from shaky
    if shaky and max(problem.confidence for problem in shaky) >= 0.6:
        return
    yield from heart
    if heart:
        return
    slow = list(_slow(history, s, deep, at))
    yield from slow
    if slow or stuck:
        return
    yield from _too_little(history, s, at)


# What broke the numbers
# ------------------------------------------------------------------------------------------------------------


def _broken(history: History, s: Signs | None, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    """NaN, infinity, or a loss beyond all bounds."""
    main = training(history)
    lost = [curve.lost_at for curve in history.curves if curve.part in (LOSS, VAL_LOSS) and curve.lost_at is not None]
    x, y = arrays(history)
    classes = any(curve.rising for curve in history.curves)
    when: float | None = min(lost, default=None)
    worst = float(np.abs(y).max()) if len(y) else 0.0
    if when is None and len(y) > 1:
        start = float(np.abs(y[: max(1, len(y) // 20)]).min())
        grew = worst > at.giant * max(start, 1e-12) and float(np.median(np.abs(y[-max(1, len(y) // 10) :]))) > 0.1 * worst
        # A cross entropy of a thousand is beyond anything that learns; a squared error may be large by its unit.
        if grew or (classes and abs(y[0]) > 50) or (classes and worst > 1e3 and abs(s.end if s else worst) > 30) or worst > 1e15:
            when = float(x[int(np.argmax(np.abs(y) > (at.giant * max(start, 1e-12) if grew else 50.0)))])
    if when is None and deep is not None and deep.lost_at is not None:
        when = deep.lost_at
    burst = deep is not None and deep.largest > 1e4 and s is not None and s.drop < 0.5
    if when is None and not burst:
        return
    if when is None:
        when = float(x[0]) if len(x) else 1.0
    high = rate(history)
    # From a start like any other straight upwards, nothing ever learnt: the steps are too long. Broken from the first epoch,
    # or after
    # it had learnt: the gradients are.
    start = abs(s.base) if s is not None else np.inf
    usual = start < 30 if classes else worst > at.giant * start
    straight = s is not None and usual and s.points > 2 and s.low > 0.9 * s.base
    blame_rate = (high is not None and high >= at.high_rate) or straight
    evidence: dict[str, Number] = {
        "epoch": when,
        "worst": worst if np.isfinite(worst) else None,
        "rate": high,
        "name": main.name if main else "",
    }
    says = (
        N_("From {unit} {epoch:number} on the loss is no number any more: the steps became too large to compute with.")
        if lost
        else N_(
            "The loss grew to {worst:number} by {unit} {epoch:number}: gradients multiply from layer to layer and the steps "
            "overshoot."
        )
    )
    last = float(x[-1]) if len(x) else when
    yield _problem(history, "exploding_gradient", 0.45 if blame_rate else 0.85, when, max(last, when), says, evidence)
    yield _problem(
        history,
        "learning_rate_too_high",
        0.8 if blame_rate else 0.4,
        when,
        max(last, when),
        N_("The loss breaks out at {unit} {epoch:number}: the learning rate may be too high.")
        if high is None
        else N_("The loss breaks out at {unit} {epoch:number}, with a learning rate of up to {rate:number}."),
        evidence,
    )


# What never learnt
# ------------------------------------------------------------------------------------------------------------------


def _at_chance(s: Signs, at: Thresholds) -> bool:
    """Whether the run knows nothing at its end: the score stays put at a low level, or the loss where guessing lies."""
    if s.score is not None and s.score_move is not None:
        return s.score < 0.9 and s.score_move < 0.06 and (s.score < 0.75 or s.near_chance)
    return s.near_chance or s.drop < at.flat


def _dead_or_vanished(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    x, _ = arrays(history)
    begin, last = float(x[0]), float(x[-1])
    overthrown = deep is not None and (deep.update > at.update or (s.peak > 1.5 and s.base > 0))
    if deep is not None and history.layers:
        silent = deep.largest <= 0 or deep.typical < at.vanished
        if deep.dead >= at.dead and (s.drop < at.level or silent) and not (deep.span > 0 and deep.span < at.span and not silent):
            sure = 0.55 if overthrown else 0.95
            yield _problem(
                history,
                "dead_units",
                sure,
                deep.dead_from or begin,
                last,
                N_("{share:percent} of the units of {layer:name} answer zero to every row: they learn nothing any more."),
                {"share": deep.dead, "layer": deep.dead_layer, "first": deep.dead_first},
            )
            if not overthrown:
                return
        small = np.isfinite(deep.span) and deep.span < at.span
        if (small or deep.largest < at.vanished) and s.drop < at.level and not overthrown:
            yield _problem(
                history,
                "vanishing_gradient",
                0.95 if s.drop < 0.3 else 0.7,
                begin,
                last,
                N_("The first layer's gradient is only {share:percent} of the last layer's: the first layers hardly learn."),
                {"share": deep.span if np.isfinite(deep.span) else 0.0, "largest": deep.largest},
            )
            return
    elif deep is not None and deep.largest < 1e-5 and s.drop < 0.3:
        yield _problem(
            history,
            "vanishing_gradient",
            0.85,
            begin,
            last,
            N_("The gradient never exceeds {largest:number} and the loss hardly moves: nothing arrives at the layers."),
            {"largest": deep.largest},
        )
        return
    # Only the loss is left: it stands still from the start, or from where it fell back to guessing.
    trend = s.trend < at.trend and (s.drop > 0.01 or s.trend < -0.9)
    healthy_layers = deep is not None and history.layers and deep.span > 0.1
    if s.points >= 5 and s.flat < at.flat and _at_chance(s, at) and not trend and s.rough < 0.05 and s.peak < 1.3:
        still = s.constant > 0.5
        evidence: dict[str, Number] = {"first": s.base, "end": s.end, "move": s.flat, "score": s.score}
        says = N_(
            "The loss stays at {end:number} from the start: nothing is learnt. Without recorded gradients this looks like "
            "gradients "
            "that vanish on their way to the first layers."
        )
        sure = 0.3 if healthy_layers else 0.45 if still else 0.65
        yield _problem(history, "vanishing_gradient", sure, begin, last, says, evidence)
        says = N_("The loss stays at {end:number} without any change: most units may be dead.")
        yield _problem(history, "dead_units", 0.3 if healthy_layers else 0.6 if still else 0.45, begin, last, says, evidence)


# What jumps
# -------------------------------------------------------------------------------------------------------------------------


def _shaky(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    if s.points < 6:
        return
    x, y = arrays(history)
    last = float(x[-1])
    update = deep.update if deep is not None else np.nan
    overthrown = bool(update > at.update) and (s.rough > 0.008 or s.peak > 1.5)
    rough = s.rough > 0.025 and s.jumps >= at.bounce
    held_rough = s.held_noise > 0.05 and s.jumps >= at.bounce / 2
    poor = s.drop < 0.3
    worse = s.drop < 0.05 or s.peak > 1.5 or s.climb > 0.35
    first = _first_jump(x, y, s)
    evidence: dict[str, Number] = {
        "epoch": first,
        "jumps": s.jumps,
        "noise": s.rough,
        "end": s.end,
        "first": s.base,
        "peak": s.peak * abs(s.base),
        "rate": rate(history),
        "update": None if not np.isfinite(update) else update,
    }
    too_high = N_(
        "The loss leaps about from {unit} {epoch:number} on and ends at {end:number} after {first:number}: the steps jump "
        "over what "
        "they look for."
    )
    unstable = N_(
        "The loss jumps in {jumps:percent} of the points from {unit} {epoch:number} on, though it falls from {first:number} "
        "to {end:number}."
    )
    if overthrown and (poor or rough or worse or s.early_share > 0.8):
        yield _problem(history, "learning_rate_too_high", 0.9, first, last, too_high, evidence)
        if rough:
            yield _problem(history, "unstable_training", 0.4, first, last, unstable, evidence)
    elif rough or held_rough:
        high = 0.75 if (poor and worse) else 0.65 if poor else 0.35
        yield _problem(history, "learning_rate_too_high", high, first, last, too_high, evidence)
        yield _problem(history, "unstable_training", 0.75 if not poor else 0.5, first, last, unstable, evidence)
    elif s.climb > 0.5 and s.drop < 0.3 and s.rough > 0.01 and not s.held:
        yield _problem(history, "learning_rate_too_high", 0.55, first, last, too_high, evidence)


def _first_jump(x: Numbers, y: Numbers, s: Signs) -> float:
    off = y[1:-1] - (y[:-2] + y[2:]) / 2
    up = np.flatnonzero(off > 0.05 * max(abs(s.base), abs(s.end)))
    return float(x[int(up[0]) + 1]) if len(up) else float(x[0])


# What was learnt by heart
# -----------------------------------------------------------------------------------------------------------


def _by_heart(history: History, s: Signs, at: Thresholds) -> Iterator[Problem]:
    held = history.curve(VAL_LOSS)
    if not s.held or held is None or s.rise_from < 0:
        return
    x = np.array(held.x)
    values = np.array(held.y)
    n = len(values)
    place = min(int(s.rise_from * len(x) / max(1, min(len(x), 600))), n - 1)
    # Patience of early stopping: the few points after the best one are the way a good run ends.
    late = n - 1 - place
    long_enough = late >= max(3, 0.15 * n)
    rises = s.rise > at.rise and s.went_on > 0.1 and long_enough
    scores_part = s.score is not None and s.val_score is not None and s.score - s.val_score > 0.1
    apart = s.gap > at.gap and s.drop > 0.5 and (s.went_on > 0.1 or s.held_gain < 0.05) and s.held_gain < 0.1
    if not rises and not (apart and (scores_part or s.score is None or s.rise > 0.1)):
        return
    sure = 0.9 if rises and s.rise > 0.5 else 0.75 if rises else 0.65
    evidence: dict[str, Number] = {
        "epoch": float(x[place]),
        "low": float(values[place]),
        "held": float(np.median(values[-max(1, n // 10) :])),
        "own": s.end,
        "rise": s.rise,
        "gap": s.gap,
    }
    says = (
        N_(
            "From {unit} {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
            "loss goes on "
            "falling to {own:number}."
        )
        if rises
        else N_(
            "The training loss falls to {own:number} while the validation loss stays at {held:number} from {unit} "
            "{epoch:number} on."
        )
    )
    yield _problem(history, "overfitting", sure, float(x[place]), float(x[-1]), says, evidence)


# What was too slow or too short
# -------------------------------------------------------------------------------------------------------


def _slow(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    """A loss that still falls at the end: little by little for a long time, or fast and cut off."""
    x, _ = arrays(history)
    update = deep.update if deep is not None and history.layers else np.nan
    creeps = s.points >= 8 and s.trend < at.trend and s.early_share < 0.24 and (s.drop > 0.01 or s.trend < -0.9)
    if np.isfinite(update) and update < at.slow and s.drop < 0.75 and s.trend < at.trend / 2:
        yield _crawling(history, s, 0.95, x, update)
        return
    if ended_slow(history):
        return
    gain = s.held_gain if s.held else s.gain
    unturned = not s.held or s.rise < 0.1
    fast = s.speed > at.speed if history.unit == "epoch" else s.drop > 0.3
    if fast and unturned and (max(gain, s.gain) > 0.03 if s.points >= 8 else max(gain, s.gain) > 0.06):
        yield _cut(history, s, 0.85 if gain > at.gain else 0.65, x)
        if creeps and s.drop < 0.5:
            yield _crawling(history, s, 0.4, x, update)
    elif creeps and _evenly(s):
        yield _crawling(history, s, 0.85 if s.gain > at.gain else 0.6, x, update)
    elif gain > 1.5 * at.gain and s.gain > at.gain and unturned and s.points >= 8:
        yield _cut(history, s, 0.55, x)


def _evenly(s: Signs) -> bool:
    """Whether the loss still falls on both sides, neither in leaps nor ever faster, with most of the way before it."""
    goes_on = s.gain > 0.04 or s.drop < 0.1
    useful = not s.held or s.held_gain > 0.02
    return goes_on and useful and s.drop < 0.75 and s.rough < 0.03 and (s.bend < 1.5 or s.drop < 0.1)


def _crawling(history: History, s: Signs, sure: float, x: Numbers, update: float) -> Problem:
    return _problem(
        history,
        "learning_rate_too_low",
        sure,
        float(x[0]),
        float(x[-1]),
        N_(
            "The loss creeps from {first:number} to {end:number} and still falls evenly at {unit} {last:number}: the steps "
            "are too small."
        ),
        {
            "first": s.base,
            "end": s.end,
            "last": float(x[-1]),
            "gain": s.gain,
            "speed": s.speed,
            "update": None if not np.isfinite(update) else update,
            "rate": rate(history),
        },
    )


def _cut(history: History, s: Signs, sure: float, x: Numbers) -> Problem:
    place = max(0, len(x) * 2 // 3 - 1)
    return _problem(
        history,
        "stopped_too_early",
        sure,
        float(x[place]),
        float(x[-1]),
        N_(
            "Training ended at {unit} {last:number} while the loss still fell by {speed:percent} each time: as long again "
            "would bring it from "
            "{end:number} to about {later:number}."
        ),
        {
            "last": float(x[-1]),
            "end": s.end,
            "speed": s.speed,
            "gain": s.gain,
            "later": s.end - s.gain * max(s.base - s.low, 0.0),
        },
    )


def _fell_back(s: Signs) -> bool:
    """Whether the loss rose without a jump to a level where it stays: a penalty on the weights takes back what was learnt."""
    return (
        s.points >= 8
        and s.rough < 0.02
        and s.drop < 0.4
        and s.end > 1.07 * s.low > 0
        and s.climb > 0.35
        and s.peak < 1.6
        and s.jumps < 0.2
    )


def _too_little(history: History, s: Signs, at: Thresholds) -> Iterator[Problem]:
    """A plateau at a high level on both sides."""
    if s.points < 8:
        return
    level = s.end / s.base if s.base > 0 else 1.0
    plateau = s.gain < at.gain and s.rough < 0.04
    known = s.score is not None
    weak = (s.score is not None and s.score < at.weak) or (not known and level > 0.75)
    if plateau and level > at.level and weak and s.gap < 0.35:
        yield _high_level(history, s, 0.75 if known else 0.6)


def _high_level(history: History, s: Signs, sure: float) -> Problem:
    x, y = arrays(history)
    smoothed = smooth(y, width_of(len(y)))
    near = np.abs(smoothed - s.end) < 0.1 * max(s.base - s.low, s.end - s.low, 0.02 * abs(s.base))
    place = int(np.argmax(near))
    return _problem(
        history,
        "underfitting",
        sure,
        float(x[place]),
        float(x[-1]),
        N_(
            "The loss stays at {end:number} from {unit} {epoch:number} on, after {first:number} at the start: the model "
            "cannot follow the data."
        ),
        {
            "epoch": float(x[place]),
            "end": s.end,
            "first": s.base,
            "score": s.score,
            "level": s.end / s.base if s.base > 0 else None,
        },
    )


def _problem(
    history: History, code: str, sure: float, epoch: float, until: float, says: str, evidence: dict[str, Number]
) -> Problem:
    return Problem(code, round(sure, 3), epoch, until, says, {**evidence, "unit": history.unit})
