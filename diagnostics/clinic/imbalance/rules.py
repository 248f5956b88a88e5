"""The rules of imbalance, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class MissedClass(Entry):
    """A rare class that plain training misses, and what the cheapest remedy finds, where one costs less."""

    class_: str = shown(N_("Class"), Unit.NAME)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)
    recall: float = shown(N_("Share of the class found (recall)"), Unit.SHARE)
    low_recall: float = shown(N_("Recall, at least"), Unit.SHARE)
    high_recall: float = shown(N_("Recall, at most"), Unit.SHARE)
    precision: float = shown(N_("Share of alarms that are right (precision)"), Unit.SHARE)
    accuracy: float = shown(N_("Share of right predictions (accuracy)"), Unit.SHARE)
    majority: float = shown(N_("Accuracy of never naming the class"), Unit.SHARE)
    missed: float = shown(N_("Missed, of 100 rows of the class"), Unit.NUMBER)
    remedy: str | None = shown(N_("Remedy"), Unit.TERM, optional=True)
    before: float | None = shown(N_("Cost of 100 rows before"), Unit.NUMBER, optional=True)
    after: float | None = shown(N_("Cost of 100 rows with the remedy"), Unit.NUMBER, optional=True)
    low: float | None = shown(N_("Saved, at least"), Unit.NUMBER, optional=True)
    high: float | None = shown(N_("Saved, at most"), Unit.NUMBER, optional=True)
    cost: float | None = shown(N_("False alarms that one miss costs"), Unit.NUMBER, optional=True)
    found: float | None = shown(N_("Recall with the remedy"), Unit.SHARE, optional=True)
    right: float | None = shown(N_("Precision with the remedy"), Unit.SHARE, optional=True)


@dataclass(frozen=True, kw_only=True)
class Cheaper(Entry):
    """The remedy that costs least."""

    class_: str = shown(N_("Class"), Unit.NAME)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)
    remedy: str = shown(N_("Remedy"), Unit.TERM)
    before: float = shown(N_("Cost of 100 rows before"), Unit.NUMBER)
    after: float = shown(N_("Cost of 100 rows with the remedy"), Unit.NUMBER)
    low: float = shown(N_("Saved, at least"), Unit.NUMBER)
    high: float = shown(N_("Saved, at most"), Unit.NUMBER)
    cost: float = shown(N_("False alarms that one miss costs"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class Harmless(Entry):
    """A class for which no remedy costs less than plain training."""

    class_: str = shown(N_("Class"), Unit.NAME)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)
    count: int = shown(N_("Remedies tried"), Unit.COUNT)
    recall: float = shown(N_("Share of the class found (recall)"), Unit.SHARE)
    cost: float = shown(N_("False alarms that one miss costs"), Unit.NUMBER)
    before: float = shown(N_("Cost of 100 rows before"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class Miscalibrated(Entry):
    """A remedy that overstates the probability of the class."""

    remedy: str = shown(N_("Remedy"), Unit.TERM)
    told: float = shown(N_("Mean predicted probability"), Unit.SHARE)
    share: float = shown(N_("True share"), Unit.SHARE)
    plain: float = shown(N_("Mean predicted probability without the remedy"), Unit.SHARE)
    class_: str = shown(N_("Class"), Unit.NAME)


@dataclass(frozen=True, kw_only=True)
class FewRows(Entry):
    """A class with few rows."""

    rows: int = shown(N_("Rows of the class"), Unit.COUNT)
    class_: str = shown(N_("Class"), Unit.NAME)


@dataclass(frozen=True, kw_only=True)
class AsOddity(Entry):
    """An isolation forest beside the trained model."""

    class_: str = shown(N_("Class"), Unit.NAME)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)
    odd: float = shown(N_("Average precision of the isolation forest"), Unit.NUMBER)
    trained: float = shown(N_("Average precision of the trained model"), Unit.NUMBER)
    better: bool = shown(N_("Isolation forest is better"), Unit.YES_NO)


def _missed(entry: MissedClass) -> str:
    if entry.remedy is None:
        return N_(
            "{class:name} is {share:percent} of the rows and the model finds {recall:percent} of them; it is right in "
            "{accuracy:percent}, and never naming that class would be right in {majority:percent}."
        )
    return N_(
        "{class:name} is {share:percent} of the rows and the model finds {recall:percent} of them; with “{remedy:term}” it finds "
        "{found:percent}, and {right:percent} of its alarms are right."
    )


LEARNING: Final = "He and Garcia 2009, Learning from imbalanced data, doi:10.1109/TKDE.2008.239"
MISSED: Final = Rule[MissedClass](
    code="IMB001",
    title=N_("The rare class is missed"),
    says=_missed,
    why=N_("With a rare class a model is right most of the time by never naming it, and the share of right answers hides it."),
    remedy=N_(
        "Say what a miss costs, and take the remedy that costs least below. Judge by recall and precision, not by the share of "
        "right answers."
    ),
    statistic=N_("Recall: of a hundred held-out rows of the rare class, how many the model finds at its usual limit of 50%."),
    source=LEARNING,
    thresholds={
        "rare_at": Shown(N_("Largest share of a rare class"), Unit.SHARE),
        "missed_at": Shown(N_("Share found below which the class is missed"), Unit.SHARE),
    },
)
CHEAPER: Final = Rule[Cheaper](
    code="IMB002",
    title=N_("A remedy costs less"),
    says=N_(
        "If missing one {class:name} costs as much as {cost:number} false alarms, “{remedy:term}” lowers the cost of 100 rows "
        "from {before:number} to {after:number} false alarms (by {low:number} to {high:number})."
    ),
    why=N_(
        "What a miss and a false alarm cost decides where the line should be drawn; a model trained plainly takes both as equal."
    ),
    remedy=N_(
        "Take the remedy that costs least below. Of two that cost the same take the simpler: a moved threshold trains nothing."
    ),
    statistic=N_("Cost of a hundred held-out rows: misses times what a miss costs, plus false alarms."),
    source="Elkan 2001, The foundations of cost-sensitive learning (IJCAI); " + LEARNING,
)
FINE: Final = Rule[Harmless](
    code="IMB003",
    title=N_("Imbalance does no harm"),
    says=N_(
        "No gain: {class:name} is {share:percent} of the rows, nothing done finds {recall:percent} of them, and none of "
        "{count:count} remedies costs less, if a miss costs {cost:number} false alarms."
    ),
    why=N_("An uneven target is no fault by itself: where the classes can be told apart, plain training finds the rare one."),
    remedy=N_("Leave the training as it is."),
    statistic=N_("Cost of a hundred held-out rows with each remedy, against nothing done."),
    source="van den Goorbergh et al. 2022, The harm of class imbalance corrections, doi:10.1093/jamia/ocac093",
    severity=Severity.INFO,
)
MISCALIBRATED: Final = Rule[Miscalibrated](
    code="IMB004",
    title=N_("The chances no longer hold"),
    says=N_(
        "With “{remedy:term}” the model gives {class:name} a mean chance of {told:percent}, where {share:percent} is true "
        "({plain:percent} with nothing done)."
    ),
    why=N_("Weights and added rows tell the model that the rare class is common, so it overstates every chance of it."),
    remedy=N_("Use such chances to rank rows only, or move the threshold instead: then the chances stay what they are."),
    statistic=N_("Mean chance that the model gives the rare class on held-out rows, beside its true share."),
    source="van den Goorbergh et al. 2022, The harm of class imbalance corrections, doi:10.1093/jamia/ocac093",
    severity=Severity.INFO,
    thresholds={
        "off_at": Shown(N_("Times the true share that counts"), Unit.NUMBER),
    },
)
FEW: Final = Rule[FewRows](
    code="IMB005",
    title=N_("Too few rare rows to be sure"),
    says=N_("Only {rows:count} rows are {class:name}: every number here has a wide interval."),
    why=N_("However many rows there are in all, what can be learnt of the rare class depends on its own rows."),
    remedy=N_(
        "Collect more rows of the rare class. Synthetic rows repeat what the few say; they add nothing that is not in them."
    ),
    statistic=N_("Rows of the rare class."),
    source="Peduzzi et al. 1996, events per variable, doi:10.1016/S0895-4356(96)00236-3",
    severity=Severity.INFO,
    thresholds={
        "few_at": Shown(N_("Rows of the rare class below which it is said"), Unit.COUNT),
    },
)
EXTREME: Final = Rule[AsOddity](
    code="IMB006",
    title=N_("So rare that it can be looked for as an oddity"),
    says=N_(
        "{class:name} is {share:percent} of the rows: an isolation forest, which sees no class, has an average precision of "
        "{odd:number}, the trained model {trained:number}."
    ),
    why=N_("Where a class has a handful of rows, a model that learns what is usual may find what is not, without any label."),
    remedy=N_("Compare the two below: where labels tell more than oddity does, stay with a trained model."),
    statistic=N_("Average precision of an isolation forest, which sees no class, beside that of the trained model."),
    source="Liu, Ting and Zhou 2008, Isolation forest, doi:10.1109/ICDM.2008.17",
    severity=Severity.INFO,
    thresholds={
        "extreme_at": Shown(N_("Largest share of an extremely rare class"), Unit.SHARE),
    },
)
RULES: Final = (MISSED, CHEAPER, FINE, MISCALIBRATED, FEW, EXTREME)
