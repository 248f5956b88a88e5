"""The rules of a search, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


class Difference(Enum):
    """How the chosen settings differ from the default."""

    WORSE = "worse"
    BY_CHANCE = "by chance"
    BETTER = "better"


@dataclass(frozen=True, kw_only=True)
class HeldOut(Entry):
    """Chosen settings, default settings and a dummy on rows that no trial saw."""

    metric: str = shown(N_("Metric"), Unit.TERM)
    chosen: float = shown(N_("Score of the chosen settings"), Unit.NUMBER)
    default: float = shown(N_("Score of the default settings"), Unit.NUMBER)
    dummy: float = shown(N_("Score of a dummy"), Unit.NUMBER)
    gain: float = shown(N_("Gain over the default settings"), Unit.NUMBER)
    low: float = shown(N_("Gain, at least"), Unit.NUMBER)
    high: float = shown(N_("Gain, at most"), Unit.NUMBER)
    rows: int = shown(N_("Held-out rows"), Unit.COUNT)
    difference: Difference = internal()


@dataclass(frozen=True, kw_only=True)
class Optimism(Entry):
    """How much better the search's own best value is than the chosen settings on held-out rows."""

    best: float = shown(N_("Best value in the search"), Unit.NUMBER)
    optimism: float = shown(N_("Overstated by"), Unit.NUMBER)
    chosen: float = shown(N_("Score of the chosen settings"), Unit.NUMBER)
    metric: str = shown(N_("Metric"), Unit.TERM)


@dataclass(frozen=True, kw_only=True)
class AtEdge(Entry):
    """A setting whose best value is at an end of its range."""

    name: str = shown(N_("Setting"), Unit.NAME)
    value: float = shown(N_("Best value"), Unit.NUMBER)
    low: float = shown(N_("Lower end of the range"), Unit.NUMBER)
    high: float = shown(N_("Upper end of the range"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class FailedTrials(Entry):
    """Trials that failed, of those that ended."""

    failed: int = shown(N_("Failed trials"), Unit.COUNT)
    tries: int = shown(N_("Trials"), Unit.COUNT)
    why: str = shown(N_("Error of the last one"), Unit.NAME)


@dataclass(frozen=True, kw_only=True)
class NoneFinished(Entry):
    """A search without one finished trial."""

    tries: int = shown(N_("Trials"), Unit.COUNT)
    why: str | None = shown(N_("Error of the last one"), Unit.NAME, optional=True)


def _no_gain(entry: HeldOut) -> str:
    match entry.difference:
        case Difference.WORSE:
            return N_(
                "No gain: on {rows:count} rows that the search never saw, the chosen settings are worse than the default: the "
                "{metric:term} is {chosen:number} against {default:number} (a difference of {low:number} to {high:number}). Keep "
                "the default; a dummy has {dummy:number}."
            )
        case Difference.BETTER:
            return N_(
                "No gain worth the change: on {rows:count} rows that the search never saw, the {metric:term} is {chosen:number} "
                "against {default:number} with the default settings (better by {low:number} to {high:number}, too little to "
                "matter); a dummy has {dummy:number}."
            )
        case Difference.BY_CHANCE:
            return N_(
                "No gain: on {rows:count} rows that the search never saw, the {metric:term} is {chosen:number} against "
                "{default:number} with the default settings (a difference of {low:number} to {high:number}, which can be "
                "chance); a dummy has {dummy:number}."
            )


def _none_finished(entry: NoneFinished) -> str:
    if entry.why is None:
        return N_("None of the {tries:count} trials finished.")
    return N_("None of the {tries:count} trials finished; the last one failed with: {why:name}.")


_HOW: Final = N_(
    "A part of the rows was put aside before the search. The best settings, the model's default settings and a dummy were "
    "trained on all other rows and judged on these; the interval comes from drawing these rows again and again, the same for "
    "all three."
)
_SOURCE: Final = "Cawley and Talbot 2010, jmlr.org/papers/v11/cawley10a.html; percentile bootstrap, Efron 1979"

GAIN: Final = Rule[HeldOut](
    code="SEA001",
    title=N_("The search pays"),
    says=N_(
        "On {rows:count} rows that the search never saw, the {metric:term} goes from {default:number} with the default "
        "settings to {chosen:number} (better by {low:number} to {high:number}); a dummy has {dummy:number}."
    ),
    why=N_("Rows that no trial saw are the only fair judge: a search picks what looks best on the rows it has."),
    remedy=N_("Use the chosen settings: export them as JSON, or as a Pipeline in Python."),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.INFO,
)
NO_GAIN: Final = Rule[HeldOut](
    code="SEA002",
    title=N_("The search does not pay"),
    says=_no_gain,
    why=N_("Settings that are no better than the default cost time and hide what decides: the data."),
    remedy=N_(
        "Keep the default settings, and look for better columns, more rows or another model family before searching longer."
    ),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.INFO,
)
FLATTERED: Final = Rule[Optimism](
    code="SEA003",
    title=N_("The search's own best value flatters"),
    says=N_(
        "The search's own best value ({best:number}) is {optimism:number} better than what the chosen model reaches on the "
        "held-out rows ({chosen:number}): count on the latter."
    ),
    why=N_("The best of many tries is partly luck; who reports it promises more than the model will keep."),
    remedy=N_("Report the value on the held-out rows. More folds, or fewer trials, make the two come closer."),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.INFO,
)
EDGE: Final = Rule[AtEdge](
    code="SEA004",
    title=N_("The best value lies at the edge of the space"),
    says=N_("The best {name:name} ({value:number}) lies at the end of its range, {low:number} to {high:number}."),
    why=N_("Beyond the edge there may be better settings that were never tried."),
    remedy=N_("Widen the range of this setting in the table, and resume with more trials under a new name."),
    statistic=N_(
        "The best trial's setting lies within 2% of an end of its range, counted in factors where it is searched by factors."
    ),
    source="Bergstra and Bengio 2012, jmlr.org/papers/v13/bergstra12a.html",
    severity=Severity.INFO,
    thresholds={
        "edge_at": Shown(N_("Share of a range that counts as its end"), Unit.SHARE),
        "matters_at": Shown(N_("Importance of a setting that counts"), Unit.SHARE),
    },
)
FAILED: Final = Rule[FailedTrials](
    code="SEA005",
    title=N_("Trials failed"),
    says=N_("{failed:count} of {tries:count} trials failed, the last one with: {why:name}."),
    why=N_("A trial that fails costs time and tells nothing."),
    remedy=N_("Narrow the range of the settings that fail, or choose another metric or fewer folds."),
    statistic=N_("A trial fails when the model cannot be trained with its settings, or when its score is no number."),
    source="Optuna: trial states",
    severity=Severity.WARNING,
    thresholds={
        "failing_at": Shown(N_("Share of failed trials that counts"), Unit.SHARE),
        "warn_at": Shown(N_("Share of failed trials that is called a warning"), Unit.SHARE),
    },
)
DUMMY: Final = Rule[HeldOut](
    code="SEA006",
    title=N_("No better than guessing"),
    says=N_(
        "On {rows:count} rows that the search never saw, the chosen model is no better than a dummy: the {metric:term} is "
        "{chosen:number} against {dummy:number}."
    ),
    why=N_("A model that a dummy equals has learnt nothing from these columns; no setting will change that."),
    remedy=N_("Check the target and the columns on the page Data quality before searching further."),
    statistic=_HOW,
    source=_SOURCE,
    severity=Severity.WARNING,
)
NOTHING: Final = Rule[NoneFinished](
    code="SEA007",
    title=N_("No trial finished"),
    says=_none_finished,
    why=N_("Without one finished trial there is nothing to choose from."),
    remedy=N_("Give the search more time, or narrow the ranges of the settings."),
    statistic=N_("A trial is finished when it was scored on every fold."),
    source="Optuna: trial states",
    severity=Severity.CRITICAL,
)
RULES: Final = (GAIN, NO_GAIN, FLATTERED, EDGE, FAILED, DUMMY, NOTHING)
