"""The rules of over- and underfitting, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.clinic.fit.learning_curve import More
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Generalisation(Entry):
    """The model on the rows trained on and on held-out rows, and the other model that gains most, where one does."""

    score: str = shown(N_("Metric"), Unit.TERM)
    trained: float = shown(N_("Score on the rows trained on"), Unit.NUMBER)
    held: float = shown(N_("Score on held-out rows"), Unit.NUMBER)
    held_low: float = shown(N_("Score on held-out rows, at least"), Unit.NUMBER)
    held_high: float = shown(N_("Score on held-out rows, at most"), Unit.NUMBER)
    gap: float = shown(N_("Gap between the two"), Unit.NUMBER)
    guess: float = shown(N_("Score of always the same answer"), Unit.NUMBER)
    count: int = shown(N_("Other models tried"), Unit.COUNT)
    remedy: str | None = shown(N_("Remedy"), Unit.TERM, optional=True)
    gain: float | None = shown(N_("Gain"), Unit.NUMBER, optional=True)
    low: float | None = shown(N_("Gain, at least"), Unit.NUMBER, optional=True)
    high: float | None = shown(N_("Gain, at most"), Unit.NUMBER, optional=True)


@dataclass(frozen=True, kw_only=True)
class MoreRows(Entry):
    """What twice the rows would bring, where that can be estimated."""

    rows: int = shown(N_("Rows trained on"), Unit.COUNT)
    score: str = shown(N_("Metric"), Unit.TERM)
    doubled: float | None = shown(N_("Gain with twice the rows"), Unit.NUMBER, optional=True)
    low: float | None = shown(N_("Gain, at least"), Unit.NUMBER, optional=True)
    high: float | None = shown(N_("Gain, at most"), Unit.NUMBER, optional=True)
    power: float | None = shown(N_("Power of the learning curve"), Unit.NUMBER, optional=True)
    limit: float | None = shown(N_("Score that the curve tends to"), Unit.NUMBER, optional=True)
    more: More = internal()


@dataclass(frozen=True, kw_only=True)
class BiasedGroup(Entry):
    """The group of rows whose predictions are farthest off, always to the same side."""

    column: str = shown(N_("Column"), Unit.NAME)
    """"" where the groups are tenths of the predictions."""

    level: str = shown(N_("Value of the group"), Unit.NAME)
    """"" where the group is a range of numbers."""

    low: float | None = shown(N_("Lower end of the group"), Unit.NUMBER)
    high: float | None = shown(N_("Upper end of the group"), Unit.NUMBER)
    rows: int = shown(N_("Rows in the group"), Unit.COUNT)
    true: float = shown(N_("Mean of the labels"), Unit.NUMBER)
    told: float = shown(N_("Mean of the predictions"), Unit.NUMBER)
    off: float = shown(N_("Label less prediction, mean"), Unit.NUMBER)
    from_: float = shown(N_("Label less prediction, at least"), Unit.NUMBER)
    to: float = shown(N_("Label less prediction, at most"), Unit.NUMBER)
    groups: int = shown(N_("Groups examined"), Unit.COUNT)
    found: int = shown(N_("Groups that are off"), Unit.COUNT)
    class_: str | None = shown(N_("Class"), Unit.NAME, optional=True)
    """The class whose probability is compared, of two."""

    classes: int = internal()
    """Number of classes, 0 for a quantity."""


def _neither(entry: Generalisation) -> str:
    if entry.remedy is None:
        return N_(
            "Neither over- nor underfitting: the {score:term} is {trained:number} on the rows trained on, {held:number} on "
            "others, and none of {count:count} other models does better there beyond chance."
        )
    return N_(
        "Neither over- nor underfitting to speak of: the {score:term} is {trained:number} on the rows trained on, {held:number} "
        "on others, but with “{remedy:term}” it is {gain:number} better there ({low:number} to {high:number})."
    )


_BIASED: Final = {
    ("two", "level"): N_(
        "Where {column:name} is {level:name}, the model gives {class:name} a chance of {told:percent} on average, and "
        "{true:percent} is true."
    ),
    ("two", "range"): N_(
        "Where {column:name} lies between {low:number} and {high:number}, the model gives {class:name} a chance of "
        "{told:percent} on average, and {true:percent} is true."
    ),
    ("two", "answers"): N_(
        "Where the model gives {class:name} a chance of {low:percent} to {high:percent}, it is true in {true:percent} of the "
        "rows."
    ),
    ("more", "level"): N_(
        "Where {column:name} is {level:name}, the model is {told:percent} sure of its answers on average, and right in "
        "{true:percent}."
    ),
    ("more", "range"): N_(
        "Where {column:name} lies between {low:number} and {high:number}, the model is {told:percent} sure of its answers on "
        "average, and right in {true:percent}."
    ),
    ("more", "answers"): N_(
        "Where the model is {low:percent} to {high:percent} sure of its answer, it is right in {true:percent}."
    ),
    ("value", "level"): N_(
        "Where {column:name} is {level:name}, the model says {told:number} on average and {true:number} is true."
    ),
    ("value", "range"): N_(
        "Where {column:name} lies between {low:number} and {high:number}, the model says {told:number} on average and "
        "{true:number} is true."
    ),
    ("value", "answers"): N_("Where the model says {low:number} to {high:number}, the truth is {true:number} on average."),
}
"""What is said of a segment, by what is learnt (two classes, more, a value) and by what makes the segment."""


def _biased(entry: BiasedGroup) -> str:
    where = "level" if entry.level else "range" if entry.column else "answers"
    kind = "value" if not entry.classes else "two" if entry.classes == 2 else "more"
    return _BIASED[kind, where]


def _more_rows(entry: MoreRows) -> str:
    match entry.more:
        case More.UNKNOWN:
            return N_(
                "What more rows would bring cannot be told: from {rows:count} rows on, the score differs more from fold to fold "
                "than it grows."
            )
        case More.HELPS:
            return N_(
                "More rows help: twice the {rows:count} would raise the {score:term} by about {doubled:number} ({low:number} to "
                "{high:number})."
            )
        case More.FLAT:
            return N_(
                "More rows hardly help: twice the {rows:count} would raise the {score:term} by about {doubled:number}, at most "
                "{high:number}."
            )


BOOK: Final = "Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 7, doi:10.1007/978-0-387-84858-7"
OVER: Final = Rule[Generalisation](
    code="FIT001",
    title=N_("Overfitting"),
    says=N_(
        "Overfitting: the {score:term} is {trained:number} on the rows trained on and {held:number} on others; with "
        "“{remedy:term}” it is {gain:number} better there ({low:number} to {high:number})."
    ),
    why=N_("The model learns what is chance in the training rows. In use it meets other rows, where chance fell otherwise."),
    remedy=N_(
        "Take the simpler or more strongly regularised model that gains most below. More rows help too, where the learning curve "
        "still climbs."
    ),
    statistic=N_(
        "The gap: the score on the rows trained on less that on held-out rows. It is a fault where a simpler model does better "
        "on held-out rows, beyond chance."
    ),
    source=BOOK,
    thresholds={
        "gap_at": Shown(N_("Gap that counts"), Unit.NUMBER),
    },
)
UNDER: Final = Rule[Generalisation](
    code="FIT002",
    title=N_("Underfitting"),
    says=N_(
        "Underfitting: the {score:term} is {held:number} on held-out rows ({trained:number} in training), and with "
        "“{remedy:term}” it is {gain:number} better ({low:number} to {high:number})."
    ),
    why=N_("There is more to learn from these columns than the model can express, so it is poor everywhere, also in training."),
    remedy=N_("Take the richer model that gains most below: crosses and squares of the columns, a weaker penalty, more rounds."),
    statistic=N_("The gain of a richer model on held-out rows, beyond chance."),
    source=BOOK,
)
NEITHER: Final = Rule[Generalisation](
    code="FIT003",
    title=N_("Neither over- nor underfitting"),
    says=_neither,
    why=N_("A gap between training and held-out rows is no fault by itself: what counts is whether another model does better."),
    remedy=N_("Leave the model as it is. Better columns or more rows are worth more than more tuning."),
    statistic=N_("Held-out scores of simpler and richer models, each against the model as it is."),
    source=BOOK,
    severity=Severity.INFO,
)
ROWS_MORE: Final = Rule[MoreRows](
    code="FIT004",
    title=N_("What more rows would bring"),
    says=_more_rows,
    why=N_("Collecting rows costs money; the curve says beforehand what that buys."),
    remedy=N_("Collect more rows where the curve still climbs. Where it is flat, look for better columns or another model."),
    statistic=N_(
        "A power law through the held-out scores of models trained on a tenth to all of the rows, read at twice the rows; the "
        "interval comes from drawing the folds anew."
    ),
    source="Viering and Loog 2021, The shape of learning curves: a review, doi:10.1109/TPAMI.2022.3220744; Mukherjee et al. "
    "2003, doi:10.1089/106652703321825928",
    severity=Severity.INFO,
)
BIASED: Final = Rule[BiasedGroup](
    code="FIT005",
    title=N_("Predictions are biased in a group of rows"),
    says=_biased,
    why=N_("For these rows the model errs to one side again and again: something about them was not learnt."),
    remedy=N_(
        "Give the model what sets these rows apart: a cross with this column, a richer model, or more of such rows. If only the "
        "chances are off, calibrate them on held-out rows."
    ),
    statistic=N_(
        "Mean of truth less answer over the group's held-out rows, with an interval that is wide enough for all groups looked at."
    ),
    source="Hébert-Johnson et al. 2018, Multicalibration, arXiv:1711.08513; Bonferroni correction over all groups",
    thresholds={
        "off_at": Shown(N_("Difference of shares that counts"), Unit.SHARE),
        "spreads_at": Shown(N_("Difference of values that counts, in standard deviations of the errors"), Unit.NUMBER),
    },
)
NOTHING: Final = Rule[Generalisation](
    code="FIT006",
    title=N_("Hardly anything to learn"),
    says=N_(
        "Hardly anything to learn: on held-out rows the {score:term} is {held:number}, where always the same answer has "
        "{guess:number}."
    ),
    why=N_("On held-out rows the model is hardly better than always giving the same answer."),
    remedy=N_("Look for columns that say more about the target, and check that the target and the rows belong together."),
    statistic=N_("The held-out score beside that of always giving the same answer."),
    source=BOOK,
    thresholds={
        "nothing_at": Shown(N_("Lead over always the same answer that counts"), Unit.NUMBER),
    },
)
RULES: Final = (OVER, UNDER, NEITHER, ROWS_MORE, BIASED, NOTHING)
