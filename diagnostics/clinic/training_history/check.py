"""Training histories: what went wrong while the model was trained, told from the log of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.read import groups, read_group
from diagnostics.clinic.training_history.rules import Problem, problems
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable, Reason
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_

SOURCE: Final = (
    "Zhang et al. 2021, AutoTrainer (doi:10.1109/ICSE43902.2021.00043); Schoop et al. 2021, UMLAUT "
    "(doi:10.1145/3411764.3445538); "
    "built-in rules of Amazon SageMaker Debugger; thresholds set on the tuning half of benchmarks/training"
)

OVERFITTING: Final = Rule(
    code="TRN001",
    title=N_("The model learnt its training rows by heart"),
    why=N_(
        "What it learns of single rows does not hold for others: on new rows it is worse than it was earlier in the same run."
    ),
    remedy=N_(
        "Stop where the validation loss is lowest and keep those weights (early stopping); if that is not good enough, use a "
        "smaller model, "
        "weight decay or dropout, or more training rows."
    ),
    statistic=N_("How far the validation loss lies above its lowest value while the training loss went on falling."),
    source=SOURCE,
    severity=Severity.CRITICAL,
)
UNDERFITTING: Final = Rule(
    code="TRN002",
    title=N_("The model cannot follow the data"),
    why=N_("It does not even get the rows right that it was trained on; more of the same training will not help."),
    remedy=N_(
        "Give it more room: more or wider layers, deeper trees, weaker weight decay or dropout, or features that tell more; "
        "check that the inputs are scaled and the labels right."
    ),
    statistic=N_("Share of the first loss that is left when the curve has become flat."),
    source=SOURCE,
)
VANISHING: Final = Rule(
    code="TRN003",
    title=N_("Gradients vanish"),
    why=N_("The corrections shrink from layer to layer until nothing arrives at the first ones: they stay as they were drawn."),
    remedy=N_(
        "Use ReLU or GELU instead of sigmoid and tanh, He initialisation, batch or layer normalisation, and residual "
        "connections; for "
        "sequences LSTM or GRU."
    ),
    statistic=N_(
        "The first layer's gradient beside the last layer's; without gradients, a loss that never leaves its first level."
    ),
    source="Glorot & Bengio 2010; He et al. 2015, doi:10.1109/ICCV.2015.123; " + SOURCE,
    severity=Severity.CRITICAL,
)
EXPLODING: Final = Rule(
    code="TRN004",
    title=N_("Gradients explode"),
    why=N_(
        "The corrections grow from layer to layer until the weights are no numbers any more: the model is lost from there on."
    ),
    remedy=N_(
        "Clip the gradient to a norm of 1, use He or Xavier initialisation and normalisation layers, scale the inputs and a "
        "numeric "
        "target, and lower the learning rate."
    ),
    statistic=N_("The first place where the loss or a gradient is infinite, no number, or a hundred times what it was."),
    source="Pascanu et al. 2013, On the difficulty of training recurrent neural networks (ICML); " + SOURCE,
    severity=Severity.CRITICAL,
)
DEAD: Final = Rule(
    code="TRN005",
    title=N_("Units are dead"),
    why=N_("A unit that answers zero to every row gets no correction any more and never comes back."),
    remedy=N_(
        "Use leaky ReLU, ELU or GELU, a lower learning rate with warm-up, He initialisation with biases of zero, and batch "
        "normalisation."
    ),
    statistic=N_("Share of a layer's units that are zero on every row."),
    source="Lu et al. 2020, Dying ReLU and initialization (doi:10.4208/cicp.OA-2020-0165); " + SOURCE,
    severity=Severity.CRITICAL,
)
TOO_HIGH: Final = Rule(
    code="TRN006",
    title=N_("The learning rate is too high"),
    why=N_("Each step jumps over what it looks for, so the loss leaps about or climbs instead of falling."),
    remedy=N_(
        "Divide the learning rate by ten and let it warm up; a range test in Gradients and learning rate finds the best one."
    ),
    statistic=N_(
        "How much the loss jumps beside how far it falls; where it is recorded, the size of a step beside that of the weights."
    ),
    source="Smith 2017, doi:10.1109/WACV.2017.58; " + SOURCE,
    severity=Severity.CRITICAL,
)
TOO_LOW: Final = Rule(
    code="TRN007",
    title=N_("The learning rate is too low"),
    why=N_("The loss falls evenly and hardly at all: at this pace the run would take many times as long."),
    remedy=N_(
        "Multiply the learning rate by ten, or use Adam with 0.001; a range test in Gradients and learning rate finds the "
        "best one."
    ),
    statistic=N_(
        "How evenly the loss falls and how little of the way is made; where it is recorded, the size of a step beside that of "
        "the weights."
    ),
    source="Smith 2017, doi:10.1109/WACV.2017.58; " + SOURCE,
)
UNSTABLE: Final = Rule(
    code="TRN008",
    title=N_("Training is unstable"),
    why=N_("The loss falls but keeps jumping back up, so where the run happens to stop decides how good the model is."),
    remedy=N_(
        "Use larger batches or accumulate gradients over several, a lower learning rate that decays at the end, gradient "
        "clipping, and less "
        "momentum; look for rows with extreme values."
    ),
    statistic=N_("Share of the points at which the loss jumps above its neighbours."),
    source=SOURCE,
)
TOO_SHORT: Final = Rule(
    code="TRN009",
    title=N_("Training stopped too early"),
    why=N_("The loss still fell when the run ended: the model is not as good as these settings can make it."),
    remedy=N_("Train two to three times as long, and let early stopping on the validation loss decide where to end."),
    statistic=N_("How fast the loss still fell at the end, and what as many epochs again would bring."),
    source="Prechelt 1998, Early stopping (doi:10.1007/3-540-49430-8_3); " + SOURCE,
)
RULES: Final = (OVERFITTING, UNDERFITTING, VANISHING, EXPLODING, DEAD, TOO_HIGH, TOO_LOW, UNSTABLE, TOO_SHORT)

BY_CODE: Final[Mapping[str, Rule]] = {
    "overfitting": OVERFITTING,
    "underfitting": UNDERFITTING,
    "vanishing_gradient": VANISHING,
    "exploding_gradient": EXPLODING,
    "dead_units": DEAD,
    "learning_rate_too_high": TOO_HIGH,
    "learning_rate_too_low": TOO_LOW,
    "unstable_training": UNSTABLE,
    "stopped_too_early": TOO_SHORT,
}
"""Codes of the contract."""


@dataclass(frozen=True)
class Diagnosed:
    """One run and what is wrong with it, the likeliest first; empty when it is healthy."""

    history: History
    found: tuple[Problem, ...]


@dataclass(frozen=True)
class TrainingHistories:
    """runs: in the order of their files. problems: files that could not be read, and why."""

    runs: tuple[Diagnosed, ...]
    problems: tuple[tuple[str, Reason], ...] = ()


@dataclass(frozen=True)
class Settings:
    """file: the only one to look at, "" for all. mapping: (part, column) of a CSV whose columns a person named; empty where
    they are told by
    their names.
    """

    file: str = ""
    mapping: tuple[tuple[str, str], ...] = ()


Progress = Callable[[float, str, TrainingHistories | None], None]


def quiet(share: float, what: str, so_far: TrainingHistories | None = None) -> None:
    """Nobody is told."""


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> TrainingHistories:
    """Raises NotApplicable without a training history that can be read."""
    chosen = tuple(file for file in incident.training if settings.file in ("", file.name))
    if not chosen:
        raise NotApplicable(
            N_(
                "No training history: upload the log of a training run (Keras CSV, Lightning, Hugging Face, XGBoost, "
                "TensorBoard)."
            ),
            needs="training",
        )
    runs: list[Diagnosed] = []
    unread: list[BadInput] = []
    named: list[str] = []
    for place, group in enumerate(groups(chosen)):
        on_progress(place / len(chosen), N_("Reading the histories"), None)
        try:
            runs.append(diagnose(read_group(group, dict(settings.mapping) or None)))
        except BadInput as reason:
            unread.append(reason)
            named.append(group[0].name)
    if not runs:
        raise NotApplicable(unread[0].message, needs="training", **unread[0].values)
    return TrainingHistories(tuple(runs), tuple((name, reason.kept) for name, reason in zip(named, unread, strict=True)))


def diagnose(history: History) -> Diagnosed:
    return Diagnosed(history, problems(history))


def judge(p: TrainingHistories, *, critical_at: float = 0.75) -> list[Finding]:
    """The first problem of every run; those behind it stand in its evidence. Critical from a confidence of `critical_at` on,
    below which
    fewer than three in four are right on the tuning runs.
    """
    findings = []
    for run in p.runs:
        if not run.found:
            continue
        first = run.found[0]
        rule = BY_CODE[first.code]
        sure = first.confidence >= critical_at and rule.severity is Severity.CRITICAL
        findings.append(
            loose(
                rule,
                first.says,
                {
                    **first.evidence,
                    "cause": first.code,
                    "confidence": first.confidence,
                    "file": run.history.file,
                    "begins": first.epoch,
                    "until": first.until,
                    "also": [problem.code for problem in run.found[1:]],
                },
                severity=Severity.CRITICAL if sure else Severity.WARNING,
                weight=first.confidence,
            )
        )
    return findings
