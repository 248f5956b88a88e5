"""Named symptoms: each is one sentence about a run, and whether it is true of this one.

A symptom never says how likely its problem is: the scoring table does that, with all symptoms and signs together (diagnosis.py).
Those that are `visible` cannot be overruled by it.

Sources. AutoTrainer: Zhang et al. 2021, doi:10.1109/ICSE43902.2021.00043, parameters of its published code; UMLAUT: Schoop et al.
2021, doi:10.1145/3411764.3445538; Debugger: the built-in rules of Amazon SageMaker Debugger. Thresholds without a source were set
on the group "fit" of benchmarks/training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.training_history import sentences as say
from diagnostics.clinic.training_history.curves import MOST, arrays, by_steps, ended_slow, rate, training
from diagnostics.clinic.training_history.history import LOSS, VAL_LOSS, History
from diagnostics.clinic.training_history.layers import LayerSigns, layer_signs
from diagnostics.clinic.training_history.problem import Evidence, Problem
from diagnostics.clinic.training_history.sentences import ByUnit
from diagnostics.clinic.training_history.shapes import Numbers, smooth, width_of
from diagnostics.clinic.training_history.signs import CHANCE_LEVELS, Signs, signs

FEWEST: Final = 4
"""Points below which a curve has no shape."""

HALVED: Final = 0.5
"""Squared error of the mean for a standardised target as scikit-learn counts it, by half."""

GIANT: Final = 100.0
"""Loss over its beginning from which on nothing recovers."""

THOUSANDS: Final = 1e3
"""Gradient norm from which on a step cannot be trusted; clipping is usual at 1 (Pascanu et al. 2013)."""

VANISHED: Final = 1e-7
"""Gradient norm below which nothing is learnt (Debugger, VanishingGradient)."""

DEAD_SHARE: Final = 0.7
"""Share of silent units of a layer (AutoTrainer's gamma)."""

OVERTHROWN: Final = 0.15
"""Size of an update by that of the weights; healthy runs stay near 1e-3 (Karpathy 2019, A recipe for training networks)."""


@dataclass(frozen=True)
class Run:
    """All that symptoms look at. x, y: positions and values of the training curve, shape (n,)."""

    history: History
    signs: Signs | None
    layers: LayerSigns | None
    x: Numbers
    y: Numbers

    @property
    def lost_at(self) -> float | None:
        """Where the training loss (the validation loss where there is no other) is not a finite number any more."""
        main = training(self.history)
        return main.lost_at if main is not None else None

    @property
    def begin(self) -> float:
        return float(self.x[0]) if len(self.x) else self.lost_at or 1.0

    @property
    def until(self) -> float:
        return max(float(self.x[-1]) if len(self.x) else 0.0, self.lost_at or 0.0, self.begin)

    @property
    def classes(self) -> bool:
        """Whether it is a classifier, as far as its scores say."""
        return any(curve.rising for curve in self.history.curves)

    @property
    def largest_gradient(self) -> float:
        return self.layers.largest if self.layers is not None else 0.0


def examine(history: History) -> Run:
    x, y = arrays(history)
    return Run(history, signs(history), layer_signs(history), x, y)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A symptom that is there: from where, and with which numbers. until: the end of the run where it is None."""

    evidence: Evidence
    begins: float
    until: float | None = None


Test = Callable[[Run, Signs], Seen | None]


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """code: the problem that it is a symptom of. test: whether it is there. says: its sentence. visible: whether the problem is
    there whatever the scoring table makes of the run.
    """

    code: str
    test: Test
    says: str | ByUnit
    visible: bool = False

    @property
    def name(self) -> str:
        return f"{self.code}: {self.test.__name__}"

    def problem(self, run: Run, confidence: float) -> Problem | None:
        # Not a number from the first point on: nothing else can be said.
        lost = loss_is_lost(run) if self.test is loss_is_lost else None
        seen = lost if run.signs is None else self.test(run, run.signs)
        if seen is None:
            return None
        says = self.says if isinstance(self.says, str) else self.says.spoken(run.history.unit)
        until = run.until if seen.until is None else seen.until
        return Problem(
            code=self.code,
            confidence=round(confidence, 3),
            epoch=seen.begins,
            until=max(until, seen.begins),
            says=says,
            evidence=seen.evidence,
        )


# Numbers that broke


def loss_is_lost(run: Run, s: Signs | None = None) -> Seen | None:
    """The training loss is NaN or infinite from some point to the end."""
    if run.lost_at is None:
        return None
    return Seen(evidence=Evidence(epoch=run.lost_at, rate=rate(run.history)), begins=run.lost_at)


def loss_grew_without_bound(run: Run, s: Signs) -> Seen | None:
    """The loss is a hundred times what it was and stays there, or a cross entropy is in the thousands."""
    if len(run.y) < 2:
        return None
    y = np.abs(run.y)
    worst = float(y.max())
    start = max(float(y[: max(1, len(y) // 20)].min()), 1e-12)
    stays = float(np.median(y[-max(1, len(y) // 10) :])) > 0.1 * worst
    grew = worst > GIANT * start and stays
    # A squared error may be large by its unit; a cross entropy of a thousand is beyond anything that learns.
    beyond = run.classes and worst > 1e3 and abs(s.end) > 30
    if not grew and not beyond and worst <= 1e15:
        return None
    at = float(run.x[int(np.argmax(y > (GIANT * start if grew else min(50.0, worst / 2))))])
    return Seen(evidence=Evidence(epoch=at, worst=worst, rate=rate(run.history)), begins=at)


def gradient_is_lost(run: Run, s: Signs) -> Seen | None:
    """A recorded gradient is NaN or infinite to the end."""
    if run.layers is None or run.layers.lost_at is None:
        return None
    return Seen(evidence=Evidence(epoch=run.layers.lost_at), begins=run.layers.lost_at)


def gradients_in_thousands(run: Run, s: Signs) -> Seen | None:
    """Gradient norms reach thousands while little is learnt."""
    if run.largest_gradient <= THOUSANDS * max(1.0, abs(s.base)) ** 0.5 or (s.drop > 0.5 and s.burst < TOWERING):
        return None
    return Seen(evidence=Evidence(epoch=run.begin, largest=run.largest_gradient, end=s.end), begins=run.begin)


def began_far_and_stays(run: Run, s: Signs) -> Seen | None:
    """The first loss is many times the later ones, which lie still: one giant step at the beginning."""
    if not s.base > 10 * s.end > 0:
        return None
    return Seen(evidence=Evidence(first=s.base, end=s.end), begins=run.begin)


def loss_peaks(run: Run, s: Signs) -> Seen | None:
    """The loss is at some point ten times what it began with."""
    if not float(run.y.max()) > 10 * s.base > 0:
        return None
    at = float(run.x[int(run.y.argmax())])
    return Seen(evidence=Evidence(epoch=at, worst=float(run.y.max()), rate=rate(run.history)), begins=at)


# Steps that are too long, and unsteady training

TOWERING: Final = 3.0
"""First loss over all that follow, from which on the first steps threw a run off."""


def loss_leaps(run: Run, s: Signs) -> Seen | None:
    """Points stand out above their neighbours."""
    if s.points < FEWEST or s.jumps < 0.02:
        return None
    return _jumping(run, s)


def _jumping(run: Run, s: Signs) -> Seen:
    off = run.y[1:-1] - (run.y[:-2] + run.y[2:]) / 2
    up = np.flatnonzero(off > 0.05 * max(abs(s.base), abs(s.end)))
    at = float(run.x[int(up[0]) + 1]) if len(up) else run.begin
    return Seen(
        evidence=Evidence(epoch=at, jumps=s.jumps, first=s.base, end=s.end, worst=s.peak * abs(s.base), rate=rate(run.history)),
        begins=at,
    )


def loss_leaps_and_learns_nothing(run: Run, s: Signs) -> Seen | None:
    """It jumps, and ends no better or above where it began."""
    jumpy = s.jumps >= 0.15 and s.rough > 0.018
    lost = s.drop < 0.05 or s.peak > 1.3 or s.climb > 0.35
    return _jumping(run, s) if s.points >= 8 and jumpy and lost and _validation_follows(s) else None


def training_loss_rises(run: Run, s: Signs) -> Seen | None:
    """The training loss itself goes up over the run, and no jump alone is to blame."""
    if s.points < FEWEST or s.trend < 0.5 or not s.end > s.base + 0.05 * abs(s.base) + 3 * s.rough * abs(s.base):
        return None
    return Seen(evidence=Evidence(epoch=run.begin, first=s.base, end=s.end, rate=rate(run.history)), begins=run.begin)


def first_steps_threw_it_off(run: Run, s: Signs) -> Seen | None:
    """The first loss towers above all others."""
    if s.burst < TOWERING:
        return None
    return Seen(evidence=Evidence(epoch=run.begin, first=s.base, end=s.end, rate=rate(run.history)), begins=run.begin)


def first_steps_threw_it_off_for_good(run: Run, s: Signs) -> Seen | None:
    """The same, and what follows only guesses."""
    guessing = (*CHANCE_LEVELS, HALVED) if s.known_score is None else CHANCE_LEVELS
    guesses = any(abs(s.end / level - 1) < 0.1 for level in guessing)
    weak = s.known_score is None or s.known_score < 0.75
    return first_steps_threw_it_off(run, s) if s.burst > 12 and len(run.y) >= 6 and guesses and weak else None


def updates_overthrow_the_weights(run: Run, s: Signs) -> Seen | None:
    """An update as large as a good part of the weights it changes."""
    if run.layers is None or not run.layers.update > OVERTHROWN:
        return None
    return Seen(evidence=Evidence(epoch=run.begin, update=run.layers.update, rate=rate(run.history)), begins=run.begin)


def loss_jumps_while_it_falls(run: Run, s: Signs) -> Seen | None:
    """Points stand out although the loss falls over the run."""
    return _jumping(run, s) if s.points >= FEWEST and s.jumps >= 0.02 and s.drop > 0 else None


def loss_jumps_again_and_again(run: Run, s: Signs) -> Seen | None:
    """It falls, jumping by a good part of the way, and the validation loss follows."""
    often = (s.jumps >= 0.15 and s.rough > 0.018) or (s.bounces >= 0.12 and s.jumps >= 0.16)
    restless = s.kicks >= 0.15 and (s.val_kicks >= 0.15 or s.large_kicks >= 0.15)
    falls = s.drop > 0.05 and s.peak <= 1.3
    return _jumping(run, s) if s.points >= 8 and falls and (often or restless) and _validation_follows(s) else None


def validation_loss_swings(run: Run, s: Signs) -> Seen | None:
    """The validation loss goes up by a tenth in more than a quarter of the steps."""
    return _jumping(run, s) if s.points >= 8 and s.val_kicks >= 0.28 and s.kicks >= 0.08 and s.drop > 0 else None


def _validation_follows(s: Signs) -> bool:
    """Whether the validation loss jumps as well: noise that it does not follow is that of the batches."""
    return not s.has_validation or (s.val_rough > 0.025 and s.val_kicks >= 0.05)


# Runs that learn nothing


def gradient_is_zero(run: Run, s: Signs) -> Seen | None:
    """Most recorded gradients are exactly zero, or as good as, and the loss is flat."""
    if run.layers is None or not run.layers.typical <= VANISHED or (s.flat > 0.05 and s.drop > 0.3):
        return None
    return Seen(evidence=Evidence(largest=run.layers.largest, end=s.end), begins=run.begin)


def units_are_silent(run: Run, s: Signs) -> Seen | None:
    """A layer has lost most of its units."""
    return _silent(run, 0.5)


def units_are_silent_and_nothing_is_learnt(run: Run, s: Signs) -> Seen | None:
    """A layer has lost nearly all of its units, and the loss hardly moves."""
    nothing = s.drop < 0.6 and (s.flat < 0.05 or (run.layers is not None and run.layers.typical <= VANISHED))
    return _silent(run, 0.95) if nothing else None


def _silent(run: Run, share: float) -> Seen | None:
    if run.layers is None or run.layers.dead < share:
        return None
    at = run.layers.dead_from or run.begin
    return Seen(evidence=Evidence(epoch=at, share=run.layers.dead, layer=run.layers.dead_layer), begins=at)


def first_layer_gets_little(run: Run, s: Signs) -> Seen | None:
    """The first layer's gradient is less than half of the last layer's."""
    return _small_span(run, 0.5)


def first_layer_gets_nothing(run: Run, s: Signs) -> Seen | None:
    """The first layer's gradient is a fiftieth of the last layer's, and little is learnt."""
    return _small_span(run, 0.02) if s.drop < 0.6 else None


def _small_span(run: Run, span: float) -> Seen | None:
    if run.layers is None or not run.layers.span < span:
        return None
    return Seen(evidence=Evidence(share=run.layers.span, largest=run.layers.largest), begins=run.begin)


def gradient_is_tiny(run: Run, s: Signs) -> Seen | None:
    """The gradient of the whole model never reaches 1e-5 and the loss hardly moves."""
    if run.layers is None or run.layers.by_layer or run.layers.largest >= 1e-5 or s.drop > 0.3:
        return None
    return Seen(evidence=Evidence(largest=run.layers.largest), begins=run.begin)


def loss_stands_still(run: Run, s: Signs) -> Seen | None:
    """The loss makes hardly any way, and no score moves."""
    learns = s.score_levels > 4 and (s.score_move or 0.0) > 0.06
    if s.points < FEWEST or s.flat > 0.15 or learns:
        return None
    return _at_rest(run, s)


def loss_never_leaves_chance(run: Run, s: Signs) -> Seen | None:
    """The same to the third digit, where guessing lies, from the first tenth to the end."""
    still = s.flat < 0.01 and s.rough < 0.01 and s.drop < 0.1 and s.points >= 5 and abs(s.trend) < 0.9
    score = s.known_score
    knows = score is not None and ((s.score_move or 0.0) > 0.05 or score > 0.9)
    return _at_rest(run, s) if still and not knows and (s.near_chance or score is not None) and not _loss_is_zero(s) else None


def _loss_is_zero(s: Signs) -> bool:
    return s.base == 0 and s.end == 0


def _at_rest(run: Run, s: Signs) -> Seen:
    return Seen(evidence=Evidence(first=s.base, end=s.end, move=s.flat, score=s.score), begins=run.begin)


# Runs that are too slow or too short


def loss_creeps(run: Run, s: Signs) -> Seen | None:
    """The loss falls, and its learning rate was not brought down on purpose."""
    if s.points < FEWEST or s.drop <= 0 or s.speed <= 0 or ended_slow(run.history):
        return None
    return _creeping(run, s)


def loss_creeps_evenly(run: Run, s: Signs) -> Seen | None:
    """A long run whose loss falls at nearly every step and has made little of its way."""
    even = s.trend < -0.95 and s.early_share < 0.27 and s.drop < 0.5 and s.rough < 0.03
    return loss_creeps(run, s) if s.points >= 20 and even and s.gain > 0.1 else None


def loss_falls_in_a_straight_line(run: Run, s: Signs) -> Seen | None:
    """A long run that loses as much in its second half as in its first, at nearly every step, and keeps most of its loss."""
    straight = s.trend < -0.97 and 0.6 < s.bend < 1.7 and 0.005 < s.drop < 0.46 and s.rough < 0.01
    both = not s.has_validation or s.val_trend < -0.9
    return loss_creeps(run, s) if s.points >= 20 and straight and both and s.burst < TOWERING else None


def updates_are_tiny(run: Run, s: Signs) -> Seen | None:
    """No update is larger than a thousandth of the weights, and the loss falls slowly."""
    if run.layers is None or not run.layers.by_layer or not run.layers.update < 8e-4 or s.drop > 0.75 or s.trend > -0.2:
        return None
    return _creeping(run, s)


def _creeping(run: Run, s: Signs) -> Seen:
    update = run.layers.update if run.layers is not None and np.isfinite(run.layers.update) else None
    evidence = Evidence(
        first=s.base, end=s.end, last=run.until, gain=s.gain, speed=s.speed, update=update, rate=rate(run.history)
    )
    return Seen(evidence=evidence, begins=run.begin)


def loss_still_falls(run: Run, s: Signs) -> Seen | None:
    """The loss falls at the end, and its learning rate was not brought down on purpose."""
    if s.points < 3 or s.drop <= 0 or s.speed <= 0 or ended_slow(run.history):
        return None
    at = float(run.x[max(0, len(run.x) * 2 // 3 - 1)])
    later = s.end - s.gain * max(s.base - s.low, 0.0)
    return Seen(evidence=Evidence(last=run.until, end=s.end, speed=s.speed, gain=s.gain, later=later), begins=at)


def loss_falls_fast_at_the_end(run: Run, s: Signs) -> Seen | None:
    """A short run whose last third brought a good part of the way, on both curves."""
    gain = min(s.gain, s.val_gain) if s.has_validation else s.gain
    fast = s.last_fall > 0.045 and (gain > 0.1 or s.points <= 8)
    return loss_still_falls(run, s) if s.points <= 22 and fast and not by_steps(run.history) else None


# Runs that memorise, and runs that cannot learn enough


def validation_loss_rises(run: Run, s: Signs) -> Seen | None:
    """The validation loss rises for at least three points, by more than chance, while the training loss goes on falling.

    More than a tenth of the way that it had made plus a twenty-fifth of its lowest, and than three times its noise. Prechelt
    1998, doi:10.1007/3-540-49430-8_3, stops at a rise of 2 to 5 percent; patience of early stopping stays below.
    """
    turn = _validation_turn(run, s)
    if turn is None or turn.points_after < 3 or turn.points_after < 0.05 * turn.points:
        return None
    climbed = turn.end - turn.low
    enough = climbed > 0.1 * turn.way + 0.04 * abs(turn.low) and climbed > 3 * turn.noise
    return _risen(run, s, turn) if enough and s.went_on > 0.05 and s.val_recent > 0.6 else None


def validation_loss_is_above_its_lowest(run: Run, s: Signs) -> Seen | None:
    """The same by any amount that a picture shows."""
    turn = _validation_turn(run, s)
    return _risen(run, s, turn) if turn is not None and s.rise > 0.05 and s.went_on > 0 else None


def validation_loss_stays_behind(run: Run, s: Signs) -> Seen | None:
    """The two losses stand apart at the end."""
    turn = _validation_turn(run, s)
    return _risen(run, s, turn) if turn is not None and s.gap > 0.2 else None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Where the validation loss is lowest. at: in the history's unit. way: how far it had come down."""

    at: float
    low: float
    end: float
    way: float
    noise: float
    points: int
    points_after: int


def _validation_turn(run: Run, s: Signs) -> Turn | None:
    curve = run.history.curve(VAL_LOSS)
    if not s.has_validation or curve is None or s.rise_from < 0:
        return None
    y = curve.values
    n = len(y)
    place = min(int(s.rise_from * n / max(1, min(n, MOST))), n - 1)
    tail = max(1, min(3, n // 4), n // 10)
    off = np.abs(np.diff(y, 2)) if n > 4 else np.zeros(1)
    return Turn(
        at=curve.x[place],
        low=float(smooth(y, width_of(n))[place]),
        end=float(np.median(y[-tail:])),
        way=max(float(y[0] - y.min()), 0.0),
        noise=float(np.median(off)) / 2.5,
        points=n,
        points_after=n - 1 - place,
    )


def _risen(run: Run, s: Signs, turn: Turn) -> Seen:
    return Seen(evidence=Evidence(epoch=turn.at, low=turn.low, held=turn.end, own=s.end), begins=turn.at)


def loss_stays_high(run: Run, s: Signs) -> Seen | None:
    """The loss comes to rest with a good part of it left."""
    score = s.known_score
    rests = s.points >= 8 and s.end > 0.35 * s.base and s.last_fall < 0.05
    return _resting(run, s) if rests and (score is None or score < 0.85) else None


def score_stays_low(run: Run, s: Signs) -> Seen | None:
    """Both scores are poor, close together, and have come to rest, whatever the loss began with."""
    score, move = s.known_score, s.score_move or 0.0
    together = s.val_score is None or s.score is None or abs(s.score - s.val_score) < 0.1
    rests = s.points >= 8 and s.last_fall < 0.1 and s.gain < 0.2
    return _resting(run, s) if score is not None and score < 0.6 and move < 0.3 and together and rests else None


def loss_fell_back(run: Run, s: Signs) -> Seen | None:
    """It rose without a jump to a level where it stays: a penalty on the weights takes back what was learnt."""
    smooth_rise = s.rough < 0.02 and s.end > 1.07 * s.low > 0 and s.climb > 0.35
    return _resting(run, s) if s.points >= 8 and s.drop < 0.4 and s.peak < 1.6 and s.jumps < 0.2 and smooth_rise else None


def _resting(run: Run, s: Signs) -> Seen:
    smoothed = smooth(run.y, width_of(len(run.y)))
    near = np.abs(smoothed - s.end) < 0.1 * max(s.base - s.low, s.end - s.low, 0.02 * abs(s.base))
    at = float(run.x[int(np.argmax(near))])
    return Seen(evidence=Evidence(epoch=at, end=s.end, first=s.base, score=s.score), begins=at)


# Files whose numbers do not fit together


def only_validation_is_lost(run: Run, s: Signs) -> Seen | None:
    """The validation loss is NaN or infinite from its first point on or soon after, the training loss is fine."""
    curve = run.history.curve(VAL_LOSS)
    if curve is None or curve.lost_at is None or run.history.curve(LOSS) is None or run.lost_at is not None or s.drop < -0.5:
        return None
    return Seen(evidence=Evidence(epoch=curve.lost_at, own=s.end), begins=curve.lost_at)


def loss_is_zero_and_score_poor(run: Run, s: Signs) -> Seen | None:
    """A loss of exactly zero beside a score that is not perfect."""
    if not _loss_is_zero(s) or s.known_score is None or s.known_score > 0.99:
        return None
    return Seen(evidence=Evidence(end=s.end, score=s.known_score), begins=run.begin)


def score_never_moves(run: Run, s: Signs) -> Seen | None:
    """The score is the same from the first point to the last, well above a half: one class for every row."""
    score = s.known_score
    still = s.score_move is not None and s.score_move < 1e-9 and s.score_levels == 1 and s.points >= 8
    if not still or score is None or not 0.55 < score < 0.999:
        return None
    return Seen(evidence=Evidence(score=score, first=s.base, end=s.end), begins=run.begin)


SYMPTOMS: Final = (
    Symptom(code="exploding_gradient", test=loss_is_lost, says=say.LOST, visible=True),
    Symptom(code="exploding_gradient", test=loss_grew_without_bound, says=say.GREW, visible=True),
    Symptom(code="exploding_gradient", test=gradient_is_lost, says=say.GRADIENT_LOST, visible=True),
    Symptom(code="exploding_gradient", test=gradients_in_thousands, says=say.GRADIENT_HUGE, visible=True),
    Symptom(code="exploding_gradient", test=first_steps_threw_it_off_for_good, says=say.BEGAN_FAR, visible=True),
    Symptom(code="exploding_gradient", test=began_far_and_stays, says=say.BEGAN_FAR),
    Symptom(code="exploding_gradient", test=loss_peaks, says=say.GREW),
    Symptom(code="learning_rate_too_high", test=loss_is_lost, says=say.BREAKS_OUT, visible=True),
    Symptom(code="learning_rate_too_high", test=loss_grew_without_bound, says=say.BREAKS_OUT, visible=True),
    Symptom(code="learning_rate_too_high", test=gradient_is_lost, says=say.BREAKS_OUT, visible=True),
    Symptom(code="learning_rate_too_high", test=gradients_in_thousands, says=say.GRADIENT_HUGE, visible=True),
    Symptom(code="learning_rate_too_high", test=training_loss_rises, says=say.CLIMBS, visible=True),
    Symptom(code="learning_rate_too_high", test=loss_leaps_and_learns_nothing, says=say.LEAPS, visible=True),
    Symptom(code="learning_rate_too_high", test=first_steps_threw_it_off_for_good, says=say.THROWN_OFF, visible=True),
    Symptom(code="learning_rate_too_high", test=loss_leaps, says=say.LEAPS),
    Symptom(code="learning_rate_too_high", test=first_steps_threw_it_off, says=say.THROWN_OFF),
    Symptom(code="learning_rate_too_high", test=updates_overthrow_the_weights, says=say.OVERTHROWN),
    Symptom(code="unstable_training", test=loss_leaps_and_learns_nothing, says=say.LEAPS, visible=True),
    Symptom(code="unstable_training", test=loss_jumps_again_and_again, says=say.JUMPS),
    Symptom(code="unstable_training", test=validation_loss_swings, says=say.JUMPS),
    Symptom(code="unstable_training", test=loss_jumps_while_it_falls, says=say.JUMPS),
    Symptom(code="dead_units", test=units_are_silent_and_nothing_is_learnt, says=say.UNITS_DEAD, visible=True),
    Symptom(code="dead_units", test=units_are_silent, says=say.UNITS_DEAD),
    Symptom(code="dead_units", test=gradient_is_zero, says=say.GRADIENT_ZERO, visible=True),
    Symptom(code="dead_units", test=loss_never_leaves_chance, says=say.STAYS_DEAD, visible=True),
    Symptom(code="dead_units", test=loss_stands_still, says=say.STAYS_DEAD),
    Symptom(code="vanishing_gradient", test=first_layer_gets_nothing, says=say.FIRST_LAYER, visible=True),
    Symptom(code="vanishing_gradient", test=first_layer_gets_little, says=say.FIRST_LAYER),
    Symptom(code="vanishing_gradient", test=gradient_is_zero, says=say.GRADIENT_TINY, visible=True),
    Symptom(code="vanishing_gradient", test=gradient_is_tiny, says=say.GRADIENT_TINY, visible=True),
    Symptom(code="vanishing_gradient", test=loss_never_leaves_chance, says=say.STAYS_VANISHED, visible=True),
    Symptom(code="vanishing_gradient", test=loss_stands_still, says=say.STAYS_VANISHED),
    Symptom(code="learning_rate_too_low", test=loss_falls_in_a_straight_line, says=say.CREEPS, visible=True),
    Symptom(code="learning_rate_too_low", test=updates_are_tiny, says=say.CREEPS),
    Symptom(code="learning_rate_too_low", test=loss_creeps_evenly, says=say.CREEPS),
    Symptom(code="learning_rate_too_low", test=loss_creeps, says=say.CREEPS),
    Symptom(code="stopped_too_early", test=loss_falls_fast_at_the_end, says=say.CUT),
    Symptom(code="stopped_too_early", test=loss_still_falls, says=say.CUT),
    Symptom(code="overfitting", test=validation_loss_rises, says=say.RISES, visible=True),
    Symptom(code="overfitting", test=validation_loss_is_above_its_lowest, says=say.RISES),
    Symptom(code="overfitting", test=validation_loss_stays_behind, says=say.APART),
    Symptom(code="underfitting", test=loss_fell_back, says=say.HIGH_LEVEL),
    Symptom(code="underfitting", test=loss_stays_high, says=say.HIGH_LEVEL),
    Symptom(code="underfitting", test=score_stays_low, says=say.HIGH_LEVEL),
)
"""Of each problem the strongest first: its sentence is the one that is said."""

MISMATCHES: Final = (
    Symptom(code="broken_validation_loss", test=only_validation_is_lost, says=say.ONLY_VALIDATION, visible=True),
    Symptom(code="loss_mismatch", test=loss_is_zero_and_score_poor, says=say.ZERO_LOSS, visible=True),
    Symptom(code="class_imbalance", test=score_never_moves, says=say.ONE_CLASS, visible=True),
)
"""What is no fault of training: the file's numbers do not fit together. Looked at before all others."""


def contradicted(code: str, run: Run) -> bool:
    """Whether something that can be seen forbids a problem.

    Never "train longer" or "raise the rate" while the validation loss rises, or while gradients are in the thousands; never where
    the learning rate was brought down on purpose. No vanishing gradient where the first layer's was recorded and is not small; no
    dead units where they were counted and most are alive. Not unstable where a log by the step jumps and the validation loss
    does not follow, or has too few points to tell: that is the noise of small batches.
    """
    if run.signs is None:
        return False
    if code in ("vanishing_gradient", "dead_units"):
        return _recorded_otherwise(code, run)
    if code == "unstable_training":
        return by_steps(run.history) and not _validation_jumps(run, run.signs)
    if code not in ("stopped_too_early", "learning_rate_too_low"):
        return False
    s = run.signs
    rising = s.has_validation and s.val_recent > 0.3 and s.rise > 0.02 and s.went_on > 0
    explodes = run.largest_gradient > THOUSANDS
    return rising or explodes or ended_slow(run.history) or run.lost_at is not None


def _validation_jumps(run: Run, s: Signs) -> bool:
    curve = run.history.curve(VAL_LOSS)
    return curve is not None and len(curve.y) >= 8 and s.val_rough > 0.025 and s.val_kicks >= 0.05


def _recorded_otherwise(code: str, run: Run) -> bool:
    layers = run.layers
    if layers is None or not layers.by_layer:
        return False
    if code == "dead_units":
        return any(layer.dead for layer in run.history.layers) and layers.dead < 0.3
    return layers.span > 0.2 and layers.largest > VANISHED


def broke_after_learning(run: Run) -> bool:
    """Whether the loss had come down by a third before it broke, with a learning rate that is not recorded."""
    if len(run.y) < 3 or run.signs is None or rate(run.history) is not None:
        return False
    worst = int(run.y.argmax())
    before = run.y[: worst + 1] if run.y[worst] > GIANT * abs(run.signs.base) else run.y
    broke = run.lost_at is not None or len(before) < len(run.y) or bool(worst > 0 and run.y[worst] > GIANT * abs(run.signs.base))
    return bool(broke and before.min() < (1 - 1 / 3) * run.signs.base)
