"""The rules of resources, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, optional, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class TrainingMemory(Entry):
    """Memory of a training, and the changes that make it fit, where there are such."""

    need: float = shown(N_("Memory needed (GB)"), Unit.NUMBER)
    memory: float = shown(N_("Memory of the device (GB)"), Unit.NUMBER)
    parameters: float = shown(N_("Parameters (millions)"), Unit.NUMBER)
    weights: float = shown(N_("Weights (GB)"), Unit.NUMBER)
    gradients: float = shown(N_("Gradients (GB)"), Unit.NUMBER)
    optimiser: float = shown(N_("States of the optimiser (GB)"), Unit.NUMBER)
    activations: float = shown(N_("Activations (GB)"), Unit.NUMBER)
    reserve: float = shown(N_("Taken by the framework (GB)"), Unit.NUMBER)
    planned: float = shown(N_("Memory with the changes (GB)"), Unit.NUMBER)
    first: str | None = shown(N_("First change"), Unit.TERM, optional=True)
    second: str | None = shown(N_("Second change"), Unit.TERM, optional=True)
    rest: int | None = optional()
    """Changes beyond these two, below 0 where there are fewer; None where no change makes it fit."""


@dataclass(frozen=True, kw_only=True)
class ServingMemory(Entry):
    """Memory of a model in service."""

    need: float = shown(N_("Memory needed (GB)"), Unit.NUMBER)
    memory: float = shown(N_("Memory of the device (GB)"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class MeasuredStep(Entry):
    """The trial that takes the least memory, beside the plain one."""

    what: str = shown(N_("Remedy"), Unit.TERM)
    times: float = shown(N_("Memory, relative to a plain step"), Unit.SHARE)
    longer: float = shown(N_("Time, relative to a plain step"), Unit.SHARE)
    bytes: float = shown(N_("Memory of a plain step (MB)"), Unit.NUMBER)
    seconds: float = shown(N_("Time of a plain step (s)"), Unit.NUMBER)
    rows: int = shown(N_("Rows of a batch"), Unit.COUNT)


def _misfit(entry: TrainingMemory) -> str:
    if entry.rest is None:
        return N_(
            "It does not fit: training takes about {need:number} GB of {memory:number} GB, and {planned:number} GB with all that "
            "leaves the model as it is: take a smaller one or a larger device."
        )
    if entry.rest > 0:
        return N_(
            "It does not fit: training takes about {need:number} GB of {memory:number} GB. With {first:term}, {second:term} "
            "and {rest:count} more of the changes below it takes {planned:number} GB."
        )
    if entry.rest == 0:
        return N_(
            "It does not fit: training takes about {need:number} GB of {memory:number} GB. With {first:term} and "
            "{second:term} it takes {planned:number} GB."
        )
    return N_(
        "It does not fit: training takes about {need:number} GB of {memory:number} GB. With {first:term} it takes "
        "{planned:number} GB."
    )


SOURCES: Final = (
    "Rajbhandari et al. 2020, ZeRO, arXiv:1910.02054; Korthikanti et al. 2022, arXiv:2205.05198; Micikevicius et al. 2018, "
    "arXiv:1710.03740"
)
MISFIT: Final = Rule[TrainingMemory](
    code="RES001",
    title=N_("Training does not fit"),
    says=_misfit,
    why=N_("A run that asks for more memory than the device has ends with an out-of-memory error, often hours later."),
    remedy=N_("Make the changes below in their order; the first ones cost least. The last column says what each costs."),
    statistic=N_("Weights, gradients, states of the optimiser and activations, by the formulas of the papers named."),
    source=SOURCES,
    severity=Severity.CRITICAL,
    thresholds={
        "full_at": Shown(N_("Share of the memory that may be used"), Unit.SHARE),
    },
)
UNSERVED: Final = Rule[ServingMemory](
    code="RES002",
    title=N_("The model does not fit in service"),
    says=N_("In service it takes about {need:number} GB of {memory:number} GB: it does not fit."),
    why=N_("A service that does not fit on its device restarts again and again."),
    remedy=N_("Serve with fewer bits, prune or distil it, cut the batch or the sequence, or divide it among devices."),
    statistic=N_(
        "Weights in the precision served, and what one batch holds: for a transformer the keys and values of each token."
    ),
    source=SOURCES + "; Pope et al. 2022, Efficiently scaling transformer inference, arXiv:2211.05102",
    thresholds={
        "full_at": Shown(N_("Share of the memory that may be used"), Unit.SHARE),
    },
)
FITS: Final = Rule[TrainingMemory](
    code="RES003",
    title=N_("Training fits"),
    says=N_("It fits: training takes about {need:number} GB of {memory:number} GB."),
    why=N_("What is left over can go into a larger batch, which uses the device better."),
    remedy=N_("Leave it as it is, or try a larger batch. The figures are for planning: watch the true peak in the first steps."),
    statistic=N_("Weights, gradients, states of the optimiser and activations, by the formulas of the papers named."),
    source=SOURCES,
    severity=Severity.INFO,
    thresholds={
        "full_at": Shown(N_("Share of the memory that may be used"), Unit.SHARE),
    },
)
MEASURED: Final = Rule[MeasuredStep](
    code="RES004",
    title=N_("Measured on this machine"),
    says=N_(
        "Measured here on a small network, “{what:term}” takes {times:percent} of the memory of a step and {longer:percent} of "
        "its time."
    ),
    why=N_("Formulas are for planning; a measurement shows whether the saving is real and what it costs in time."),
    remedy=N_(
        "Take what saves memory at little time. On a graphics card 16 bits are also faster; on a processor they seldom are."
    ),
    statistic=N_("Median time of one step of a small network, and the memory that the compiled step holds in between."),
    source="Chen et al. 2016, Training deep nets with sublinear memory cost, arXiv:1604.06174; JAX memory analysis",
    severity=Severity.INFO,
)
RULES: Final = (MISFIT, UNSERVED, FITS, MEASURED)
