"""The rules of the lab, and what each is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from diagnostics.clinic.training_history.problem import Problem
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value


@dataclass(frozen=True, kw_only=True)
class TrainingProblem(Entry):
    """What the log of the run shows; the numbers of the problem are evidence too."""

    cause: str
    confidence: float = shown(N_("Confidence"), Unit.SHARE)
    begins: float | None = shown(N_("Begins at epoch"), Unit.NUMBER)
    until: float | None = shown(N_("Ends at epoch"), Unit.NUMBER)
    file: str
    problem: Problem = internal()

    @property
    def evidence(self) -> Mapping[str, Value]:
        """The problem's own numbers first."""
        return MappingProxyType({**self.problem.numbers, **super().evidence})


@dataclass(frozen=True, kw_only=True)
class Remedied(Entry):
    """The remedy that gains most; without numbers where none gains."""

    name: str | None = shown(N_("Remedy"), Unit.TERM, optional=True)
    score: str | None = shown(N_("Metric"), Unit.TERM, optional=True)
    before: float | None = shown(N_("Score before"), Unit.NUMBER, optional=True)
    after: float | None = shown(N_("Score with the remedy"), Unit.NUMBER, optional=True)
    low: float | None = shown(N_("Gain, at least"), Unit.NUMBER, optional=True)
    high: float | None = shown(N_("Gain, at most"), Unit.NUMBER, optional=True)


@dataclass(frozen=True, kw_only=True)
class SuggestedRate(Entry):
    """A learning rate, and the rates between which the loss falls."""

    rate: float = shown(N_("Suggested learning rate"), Unit.NUMBER)
    lowest: float = shown(N_("The loss falls from this rate on"), Unit.NUMBER)
    highest: float = shown(N_("The loss falls up to this rate"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class Recovered(Entry):
    """The remedy with which the gradient recovers; before, after: of the first layer by that of the last."""

    name: str = shown(N_("Remedy"), Unit.TERM)
    problem: str = shown(N_("Problem"), Unit.TERM)
    before: float = shown(N_("Gradient of the first layer by that of the last, before"), Unit.NUMBER)
    after: float = shown(N_("Gradient of the first layer by that of the last, after"), Unit.NUMBER)
    count: int = shown(N_("Remedies that fix it"), Unit.COUNT)


def _problem(entry: TrainingProblem) -> str:
    return entry.problem.says


def _remedied(entry: Remedied) -> str:
    if entry.name is None:
        return N_("No gain: none of the remedies changes the held-out score beyond chance.")
    return N_(
        "“{name:term}” helps most: the {score:term} on held-out rows goes from {before:number} to {after:number} (better by "
        "{low:number} to {high:number})."
    )


SMITH: Final = "Smith 2017, Cyclical learning rates, doi:10.1109/WACV.2017.58"
VERDICT: Final = Rule[TrainingProblem](
    code="NET001",
    title=N_("This network does not train as it should"),
    says=_problem,
    why=N_("What the log of the run shows is what it would show in a large network; here a remedy can be tried in seconds."),
    remedy=N_("Run the remedies for this problem below, on the same rows, and take the one that gains most."),
    statistic=N_("The same rules that read training histories, applied to the run above."),
    source="Zhang et al. 2021, AutoTrainer, doi:10.1109/ICSE43902.2021.00043",
    thresholds={
        "sure_at": Shown(N_("Confidence from which a problem is named"), Unit.SHARE),
    },
)
GAIN: Final = Rule[Remedied](
    code="NET002",
    title=N_("What the remedies bring"),
    says=_remedied,
    why=N_("A remedy that helped elsewhere need not help here; held-out rows of your own table tell."),
    remedy=N_("Use the remedy with the largest gain. Where none gains and no gradient recovers, leave the network as it is."),
    statistic=N_(
        "Difference of the held-out score after and before, over trainings that begin with other weights and hold out other rows."
    ),
    source="Nadeau and Bengio 2003, Inference for the generalization error, doi:10.1023/A:1024068626366",
    severity=Severity.INFO,
)
RATE: Final = Rule[SuggestedRate](
    code="NET003",
    title=N_("A learning rate for this network"),
    says=N_("A learning rate of {rate:number} suits this network: the loss falls between {lowest:number} and {highest:number}."),
    why=N_("Too low a rate wastes epochs, too high a one never arrives; between them lie about two powers of ten."),
    remedy=N_(
        "Train with the suggested rate as the highest of a schedule with warm-up (one cycle, cosine), or a third of "
        "it if constant."
    ),
    statistic=N_("The rate is raised from step to step; suggested is a tenth of the one at which the loss was lowest."),
    source=SMITH,
    severity=Severity.INFO,
)
RECOVERED: Final = Rule[Recovered](
    code="NET004",
    title=N_("The gradient recovers"),
    says=N_(
        "With “{name:term}” the gradient arrives as it should: the first layer's is {after:number} times the last layer's, "
        "{before:number} times before."
    ),
    why=N_(
        "A layer without a gradient learns nothing. On this small table the others may make up for it; a larger network or a "
        "longer "
        "training will need it."
    ),
    remedy=N_(
        "Take this remedy even where the held-out score hardly moves: it costs nothing, and no remedy that scores worse is named."
    ),
    statistic=N_("Median over the run of the norm of the first layer's gradient, by that of the last layer's."),
    source="Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, AISTATS",
    severity=Severity.INFO,
    thresholds={"sure_at": Shown(N_("Confidence from which a problem is named"), Unit.SHARE)},
)
RULES: Final = (VERDICT, GAIN, RATE, RECOVERED)
