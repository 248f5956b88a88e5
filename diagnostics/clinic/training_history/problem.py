"""One thing that went wrong in a run, and the thresholds from which on it is said."""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.sentences import ByUnit

Number = float | int | str | None


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
    bounce: share of points that jump (AutoTrainer's eta). rough,
    jumps: median jump by the loss, and share of points that jump by a twentieth of the way, that make a run unstable. flat:
    whole move of a loss that learns nothing. rise: held-out
    loss above
        its lowest (Debugger's Overfit allows a tenth). gap: held-out minus training loss.
    level: share of the loss left at the end of a run that learnt too little; weak: score below which that is said
    (AutoTrainer's Theta
        is 0.6 for accuracy). gain: what as many epochs again would bring, by the way made. trend: correlation of the loss
        with time; below it a loss that hardly
        moves does creep downwards. slow: size of an update by the weights' that moves nothing within a usual run. speed:
        share of the
        loss lost per epoch at the end of a run that was cut off. short: the same over the last third of a short run.
    kicks: share of steps that go up, from which on a run is unstable; learnt: share of the loss that it took away at its
        best, below which the rate is blamed instead.
    still: median step of a held-out loss that only the last layer's offsets move, as where all units are dead; above: first
        loss by the last one, below which a run began at guessing. thrown: the same, above which the first steps threw the
        weights off. restless_end: median step of a loss, at its end, that a rate too high keeps moving.
    levels: values of a score of which no more are taken by a model that gives every row the same answer.
    late: share of the way made in the last third, below which a loss has come to rest. visible: median step of the training
        loss from which on the batches' noise is in it, without which a held-out loss that lies still tells nothing.
    held_rough, followed: median deviation of the held-out loss from its neighbours, and share of its steps that go up by a
        tenth, below which it does not follow the jumps of the training loss: those are then noise of the batches, and no step
        is too long. wild: the same deviation from which on the held-out loss alone tells that a run is unstable. burst: first
        loss by the highest that follows, from which on the first steps were too long (healthy runs hardly pass 6). guessing:
        distance from the level of guessing that still counts as there, after a burst. went_on: share of the training loss at the
        turn of the held-out one that was lost past it, from which on a noisy curve is learnt by heart rather than unstable.
        recovered: loss at the end by its highest, below which a run came back from where it was thrown.
        rest: way of the training loss after its first tenth that is none where it lies at the level of guessing. held_flat: the
        same of the held-out loss. same: share of the loss taken away at most by a model that gives every row one answer.
        sure: confidence of a run that never learnt from which on nothing else is looked for. swings: share of the held-out
        loss' steps that go up by a tenth, from which on a run that learns by heart is unstable all the same.
        on, half: what as many epochs again would bring, and way made in the second half by that in the first, from which on a
        run was not at its end; on_even, half_even: the same where the loss falls at nearly every step, which `evenly` tells (a
        correlation with time). smooth: roughness above which no curve is drawn on. long: epochs up to which a run that still
        falls was cut off rather than slow. little: share of the loss taken away below which even a short run was slow.
        plateau: place of the fastest fall past which a long run began on a plateau, which it left if it took away `left` of the
        loss. won: what a score gained in a long run that is at an end, though its loss still falls.
        beside: step of the held-out loss by that of the training loss, below which it lies still. beside_one: distance from the
        squared error of the mean. beyond: size of an update by the weights' that kills units. drifts: way after the first
        tenth that offsets alone make.
    """

    giant: float = 100.0
    span: float = 0.02
    vanished: float = 1e-7
    dead: float = 0.7
    update: float = 0.15
    bounce: float = 0.2
    rough: float = 0.018
    jumps: float = 0.15
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
    short: float = 0.045
    kicks: float = 0.15
    learnt: float = 0.35
    still: float = 4e-4
    above: float = 1.005
    thrown: float = 1.25
    restless_end: float = 0.008
    levels: int = 4
    late: float = 0.05
    visible: float = 2e-5
    held_rough: float = 0.025
    followed: float = 0.05
    wild: float = 0.12
    burst: float = 12.0
    guessing: float = 0.1
    went_on: float = 0.4
    recovered: float = 0.05
    rest: float = 0.004
    held_flat: float = 0.01
    same: float = 0.12
    sure: float = 0.6
    beyond: float = 0.8
    beside: float = 0.2
    beside_one: float = 0.05
    drifts: float = 7e-4
    on: float = 0.015
    half: float = 0.12
    on_even: float = 0.012
    half_even: float = 0.08
    evenly: float = -0.98
    smooth: float = 0.04
    long: int = 22
    little: float = 0.1
    plateau: float = 0.3
    left: float = 0.3
    won: float = 0.2
    swings: float = 0.28


@dataclass(frozen=True)
class Problem:
    """code: of the contract. epoch: where it begins, in the history's unit. until: where the stretch ends that shows it."""

    code: str
    confidence: float
    epoch: float
    until: float
    says: str
    evidence: dict[str, Number] = field(default_factory=dict)


def make(
    history: History, code: str, sure: float, epoch: float, until: float, says: str | ByUnit, evidence: dict[str, Number]
) -> Problem:
    spoken = says if isinstance(says, str) else says.spoken(history.unit)
    return Problem(code, round(sure, 3), epoch, until, spoken, {**evidence, "unit": history.unit})
