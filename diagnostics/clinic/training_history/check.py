"""Training histories: what went wrong while the model was trained, from the log of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from diagnostics.clinic.training_history.diagnosis import diagnose as find_problems
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.problem import Evidence, Problem
from diagnostics.clinic.training_history.reading.read import groups, read_group
from diagnostics.nouns.entry import Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable, Reason
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_

SOURCE: Final = (
    "Zhang et al. 2021, AutoTrainer (doi:10.1109/ICSE43902.2021.00043); Schoop et al. 2021, UMLAUT "
    "(doi:10.1145/3411764.3445538); built-in rules of Amazon SageMaker Debugger; thresholds and scoring table set on "
    "benchmarks/training"
)
THRESHOLDS: Final = {"critical_at": Shown(N_("Confidence from which a problem is critical"), Unit.SHARE)}


@dataclass(frozen=True, kw_only=True)
class RunProblem(Evidence):
    """The likeliest problem of one run.

    also: codes of the problems beside it. begins, until: the stretch of the run that shows it. sentence: what is said of it.
    """

    confidence: float = shown(N_("Confidence"), Unit.SHARE, default=0.0)
    file: str = shown(N_("File"), Unit.NAME, default="")
    begins: float = 0.0
    until: float = 0.0
    also: tuple[str, ...] = ()
    sentence: str = internal("")


def _sentence(entry: RunProblem) -> str:
    return entry.sentence


OVERFITTING: Final = Rule[RunProblem](
    code="TRN001",
    title=N_("The model overfits: it memorises its training rows"),
    says=_sentence,
    why=N_("What it memorises does not hold for new rows: on those it is worse than it was earlier in the same run."),
    remedy=N_(
        "Stop where the validation loss is lowest and keep those weights (early stopping); if that is not good enough, use a "
        "smaller model, weight decay or dropout, or more training rows."
    ),
    statistic=N_("How far the validation loss ends above its lowest value while the training loss went on falling."),
    source="Prechelt 1998, Early stopping (doi:10.1007/3-540-49430-8_3); " + SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
UNDERFITTING: Final = Rule[RunProblem](
    code="TRN002",
    title=N_("The model underfits: it cannot follow the data"),
    says=_sentence,
    why=N_("It is wrong even about the rows that it was trained on; more of the same training will not help."),
    remedy=N_(
        "Use a larger model (more or wider layers, deeper trees), weaker weight decay or dropout, or better features; check that "
        "the inputs are scaled and the labels right."
    ),
    statistic=N_("Share of the first loss that is left when the curve has become flat."),
    source=SOURCE,
    thresholds=THRESHOLDS,
)
VANISHING: Final = Rule[RunProblem](
    code="TRN003",
    title=N_("Gradients vanish"),
    says=_sentence,
    why=N_("The gradient shrinks from layer to layer until nothing reaches the first ones: they keep their random weights."),
    remedy=N_(
        "Use ReLU or GELU instead of sigmoid and tanh, He initialisation, batch or layer normalisation, and residual "
        "connections; for sequences LSTM or GRU."
    ),
    statistic=N_(
        "The first layer's gradient beside the last layer's; without gradients, a loss that never leaves its first level."
    ),
    source="Glorot & Bengio 2010; He et al. 2015, doi:10.1109/ICCV.2015.123; " + SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
EXPLODING: Final = Rule[RunProblem](
    code="TRN004",
    title=N_("Gradients explode"),
    says=_sentence,
    why=N_("The gradient grows from layer to layer until the weights are not numbers any more: the model is lost from there on."),
    remedy=N_(
        "Clip the gradient to a norm of 1, use He or Xavier initialisation and normalisation layers, scale the inputs and a "
        "numeric target, and lower the learning rate."
    ),
    statistic=N_("The first point where the loss or a gradient is infinite, not a number, or a hundred times what it was."),
    source="Pascanu et al. 2013, On the difficulty of training recurrent neural networks (ICML); " + SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
DEAD: Final = Rule[RunProblem](
    code="TRN005",
    title=N_("Units are dead"),
    says=_sentence,
    why=N_("A unit that is zero for every row gets no gradient any more and never recovers."),
    remedy=N_(
        "Use leaky ReLU, ELU or GELU, a lower learning rate with warm-up, He initialisation with biases of zero, and batch "
        "normalisation."
    ),
    statistic=N_("Share of a layer's units that are zero on every row."),
    source="Lu et al. 2020, Dying ReLU and initialization (doi:10.4208/cicp.OA-2020-0165); " + SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
TOO_HIGH: Final = Rule[RunProblem](
    code="TRN006",
    title=N_("The learning rate is too high"),
    says=_sentence,
    why=N_("Each step overshoots the minimum, so the loss jumps about or climbs instead of falling."),
    remedy=N_(
        "Divide the learning rate by ten and let it warm up; a range test in Gradients and learning rate finds the best one."
    ),
    statistic=N_("How much the loss jumps beside how far it falls; where it is recorded, the size of a step beside the weights."),
    source="Smith 2017, doi:10.1109/WACV.2017.58; " + SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
TOO_LOW: Final = Rule[RunProblem](
    code="TRN007",
    title=N_("The learning rate is too low"),
    says=_sentence,
    why=N_("The loss falls evenly and hardly at all: at this pace the run would take many times as long."),
    remedy=N_(
        "Multiply the learning rate by ten, or use Adam with 0.001; a range test in Gradients and learning rate finds the best "
        "one."
    ),
    statistic=N_("How evenly the loss falls and how little; where it is recorded, the size of a step beside the weights."),
    source="Smith 2017, doi:10.1109/WACV.2017.58; " + SOURCE,
    thresholds=THRESHOLDS,
)
UNSTABLE: Final = Rule[RunProblem](
    code="TRN008",
    title=N_("Training is unstable"),
    says=_sentence,
    why=N_("The loss falls but keeps jumping back up, so the model's quality depends on where the run happens to stop."),
    remedy=N_(
        "Use larger batches or accumulate gradients over several, a lower learning rate that decays at the end, gradient "
        "clipping, and less momentum; look for rows with extreme values."
    ),
    statistic=N_("Share of the points at which the loss jumps above its neighbours."),
    source=SOURCE,
    thresholds=THRESHOLDS,
)
TOO_SHORT: Final = Rule[RunProblem](
    code="TRN009",
    title=N_("Training stopped too early"),
    says=_sentence,
    why=N_("The loss still fell when the run ended: the model is not as good as these settings can make it."),
    remedy=N_("Train two to three times as long, and let early stopping on the validation loss decide where to end."),
    statistic=N_("How fast the loss still fell at the end, and what as many epochs again would bring."),
    source="Prechelt 1998, Early stopping (doi:10.1007/3-540-49430-8_3); " + SOURCE,
    thresholds=THRESHOLDS,
)
BROKEN_VALIDATION: Final = Rule[RunProblem](
    code="TRN010",
    title=N_("The validation loss cannot be computed"),
    says=_sentence,
    why=N_("The training itself is fine, but nothing tells whether the model works on other rows, or when to stop."),
    remedy=N_(
        "Check the validation rows: missing or infinite values, an empty last batch, labels outside the model's classes. Then "
        "check how the loss is computed on them (log of zero, division by a count of zero)."
    ),
    statistic=N_("Where the validation loss is not a finite number although the training loss is."),
    source=SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
LOSS_MISMATCH: Final = Rule[RunProblem](
    code="TRN011",
    title=N_("The loss does not fit the model's output"),
    says=_sentence,
    why=N_("A loss of zero has no gradient: nothing is learnt, however long the training runs."),
    remedy=N_(
        "Use as many outputs as classes with a categorical cross entropy, or one output with a sigmoid and a binary cross "
        "entropy; a softmax over one output is always 1."
    ),
    statistic=N_("A loss of exactly zero beside a score that is not perfect."),
    source=SOURCE,
    severity=Severity.CRITICAL,
    thresholds=THRESHOLDS,
)
ONE_CLASS: Final = Rule[RunProblem](
    code="TRN012",
    title=N_("The model predicts one class for every row"),
    says=_sentence,
    why=N_("The score looks good because one class is frequent; rows of the other classes are never recognised."),
    remedy=N_(
        "Compare the score with the share of the most frequent class; weight the classes or resample, and judge by balanced "
        "accuracy or recall instead of accuracy."
    ),
    statistic=N_("A score that is the same from the first point to the last while the loss falls."),
    source=SOURCE,
    thresholds=THRESHOLDS,
)
RULES: Final = (
    OVERFITTING,
    UNDERFITTING,
    VANISHING,
    EXPLODING,
    DEAD,
    TOO_HIGH,
    TOO_LOW,
    UNSTABLE,
    TOO_SHORT,
    BROKEN_VALIDATION,
    LOSS_MISMATCH,
    ONE_CLASS,
)

BY_CODE: Final[Mapping[str, Rule[RunProblem]]] = {
    "overfitting": OVERFITTING,
    "underfitting": UNDERFITTING,
    "vanishing_gradient": VANISHING,
    "exploding_gradient": EXPLODING,
    "dead_units": DEAD,
    "learning_rate_too_high": TOO_HIGH,
    "learning_rate_too_low": TOO_LOW,
    "unstable_training": UNSTABLE,
    "stopped_too_early": TOO_SHORT,
    "broken_validation_loss": BROKEN_VALIDATION,
    "loss_mismatch": LOSS_MISMATCH,
    "class_imbalance": ONE_CLASS,
}
"""Codes of the contract, and two of files whose numbers do not fit together, which are no cause of an incident."""


@dataclass(frozen=True)
class Diagnosed:
    """One run and what is wrong with it.

    found: the likeliest problem first; empty where nothing is named.
    unsure: the two codes between which it is split, "" for a healthy run; empty where it is not split.
    """

    history: History
    found: tuple[Problem, ...]
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainingHistories:
    """runs: in the order of their files. problems: files that could not be read, and why."""

    runs: tuple[Diagnosed, ...]
    problems: tuple[tuple[str, Reason], ...] = ()


@dataclass(frozen=True)
class Settings:
    """file: the only one to look at, "" for all. mapping: (part, column) of a table whose columns a person named; empty where
    their names or numbers tell.
    """

    file: str = ""
    mapping: tuple[tuple[str, str], ...] = ()


Progress = Callable[[float, str, TrainingHistories | None], None]


def quiet(share: float, what: str, so_far: TrainingHistories | None = None) -> None:
    """Progress that nobody follows."""


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> TrainingHistories:
    """Raises NotApplicable without a training history that can be read."""
    chosen = tuple(file for file in incident.training if settings.file in ("", file.name))
    if not chosen:
        raise NotApplicable(
            N_("No training history: upload the log of a training run (what it printed, a CSV, JSON or TensorBoard file)."),
            needs="training",
        )
    runs: list[Diagnosed] = []
    unread: list[tuple[str, BadInput]] = []
    for place, group in enumerate(groups(chosen)):
        on_progress(place / len(chosen), N_("Reading the histories"), None)
        try:
            runs += [diagnose(history) for history in read_group(group, dict(settings.mapping) or None)]
        except BadInput as reason:
            unread.append((group[0].name, reason))
    if not runs:
        raise NotApplicable(unread[0][1].message, needs="training", **unread[0][1].values)
    return TrainingHistories(tuple(runs), tuple((name, reason.kept) for name, reason in unread))


def diagnose(history: History) -> Diagnosed:
    found = find_problems(history)
    return Diagnosed(history, found.problems, found.unsure)


def judge(p: TrainingHistories, *, critical_at: float = 0.75) -> list[Finding]:
    """The first problem of every run; those behind it stand in its evidence. Critical from a confidence of `critical_at` on,
    below which fewer than three in four are right on the tuning runs.
    """
    findings = []
    for run in p.runs:
        if not run.found:
            continue
        first = run.found[0]
        rule = BY_CODE[first.code]
        sure = first.confidence >= critical_at and rule.severity is Severity.CRITICAL
        entry = RunProblem(
            **first.evidence.as_arguments() | {"weight": first.confidence},
            confidence=first.confidence,
            file=run.history.file,
            begins=first.epoch,
            until=first.until,
            also=tuple(problem.code for problem in run.found[1:]),
            sentence=first.says,
        )
        findings.append(rule.found(entry, severity=Severity.CRITICAL if sure else Severity.WARNING))
    return findings
