"""The rules of data quality, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.clinic.data_quality.leaks import Leak
from diagnostics.nouns.entry import ColumnEntry, Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Repeated(Entry):
    """Rows that repeat an earlier one."""

    repeated: int = shown(N_("Rows that are copies"), Unit.COUNT)
    rows: int = shown(N_("Rows examined"), Unit.COUNT)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class Contradicting(Entry):
    """Rows that equal another row with another target."""

    conflicts: int = shown(N_("Rows that contradict another row"), Unit.COUNT)
    rows: int = shown(N_("Rows examined"), Unit.COUNT)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)
    patterns: int = shown(N_("Different rows"), Unit.COUNT)
    ceiling: float | None = shown(N_("Best possible share of right predictions"), Unit.SHARE, optional=True)
    """None where the target is a quantity."""

    target: str = shown(N_("Target"), Unit.NAME)


@dataclass(frozen=True, kw_only=True)
class NearlyEqual(Entry):
    """Rows that nearly equal another row."""

    near: int = shown(N_("Nearly equal rows"), Unit.COUNT)
    rows: int = shown(N_("Rows examined"), Unit.COUNT)
    chance: int = shown(N_("Expected by chance"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class StandingApart(Entry):
    """Outlying rows, and the remedy that gains most where one does."""

    rows: int = shown(N_("Outlying rows"), Unit.COUNT)
    looked: int = shown(N_("Rows examined"), Unit.COUNT)
    share: float = shown(N_("Share of the rows"), Unit.SHARE)
    remedy: str | None = shown(N_("Remedy"), Unit.TERM, optional=True)
    score: str | None = shown(N_("Metric"), Unit.TERM, optional=True)
    gain: float | None = shown(N_("Gain"), Unit.NUMBER, optional=True)
    low: float | None = shown(N_("Gain, at least"), Unit.NUMBER, optional=True)
    high: float | None = shown(N_("Gain, at most"), Unit.NUMBER, optional=True)


@dataclass(frozen=True, kw_only=True)
class TellingGap(ColumnEntry):
    """A column whose missing values go with the target."""

    share: float = shown(N_("Rows without this value"), Unit.SHARE)
    where: float = shown(N_("Mean of the target where it is missing"), Unit.NUMBER)
    """Share of the class `level`, where there is one."""

    elsewhere: float = shown(N_("Mean of the target elsewhere"), Unit.NUMBER)
    low: float = shown(N_("Difference, at least"), Unit.NUMBER)
    high: float = shown(N_("Difference, at most"), Unit.NUMBER)
    target: str = shown(N_("Target"), Unit.NAME)
    level: str | None = shown(N_("Class"), Unit.NAME, optional=True)


@dataclass(frozen=True, kw_only=True)
class Better(Entry):
    """The remedy that gains most."""

    remedy: str = shown(N_("Remedy"), Unit.TERM)
    score: str = shown(N_("Metric"), Unit.TERM)
    before: float = shown(N_("Score before"), Unit.NUMBER)
    after: float = shown(N_("Score with the remedy"), Unit.NUMBER)
    gain: float = shown(N_("Gain"), Unit.NUMBER)
    low: float = shown(N_("Gain, at least"), Unit.NUMBER)
    high: float = shown(N_("Gain, at most"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class Doubted(Entry):
    """Labels that cross-fitted models contradict, and what training without them gains where it does."""

    sure: int = shown(N_("Surprising labels"), Unit.COUNT)
    rows: int = shown(N_("Labels examined"), Unit.COUNT)
    found: int = shown(N_("Labels worth a look"), Unit.COUNT)
    share: float = shown(N_("Estimated share of wrong labels"), Unit.SHARE)
    given: str = shown(N_("Label of the most doubtful row"), Unit.NAME)
    looks: str = shown(N_("Class that this row looks like"), Unit.NAME)
    score: str | None = shown(N_("Metric"), Unit.TERM, optional=True)
    gain: float | None = shown(N_("Gain"), Unit.NUMBER, optional=True)
    low: float | None = shown(N_("Gain, at least"), Unit.NUMBER, optional=True)
    high: float | None = shown(N_("Gain, at most"), Unit.NUMBER, optional=True)


@dataclass(frozen=True, kw_only=True)
class Overstated(Entry):
    """A score that a random split overstates."""

    score: str = shown(N_("Metric"), Unit.TERM)
    easy: float = shown(N_("Score on a random split"), Unit.NUMBER)
    honest: float = shown(N_("Score on a proper split"), Unit.NUMBER)
    lost: float = shown(N_("Overstated by"), Unit.NUMBER)
    low: float = shown(N_("Overstated by at least"), Unit.NUMBER)
    high: float = shown(N_("Overstated by at most"), Unit.NUMBER)
    rows: int = shown(N_("Rows that can leak"), Unit.COUNT)
    folds: int = shown(N_("Folds"), Unit.COUNT)
    leak: Leak = internal()


@dataclass(frozen=True, kw_only=True)
class HoldsTarget(ColumnEntry):
    """A column without which the others are clearly worse."""

    target: str = shown(N_("Target"), Unit.NAME)
    score: str = shown(N_("Metric"), Unit.TERM)
    all: float = shown(N_("Score with all columns"), Unit.NUMBER)
    left: float = shown(N_("Score without this column"), Unit.NUMBER)
    alone: float = shown(N_("Score of this column alone, 0 to 1"), Unit.NUMBER)
    low: float = shown(N_("Loss without it, at least"), Unit.NUMBER)
    high: float = shown(N_("Loss without it, at most"), Unit.NUMBER)


def _contradiction(entry: Contradicting) -> str:
    if entry.ceiling is None:
        return N_("{conflicts:count} of {rows:count} rows ({share:percent}) equal another row that has another {target:name}.")
    return N_(
        "{conflicts:count} of {rows:count} rows ({share:percent}) equal another row that has another {target:name}: no "
        "model can be right in more than {ceiling:percent}."
    )


def _apart(entry: StandingApart) -> str:
    if entry.remedy is None:
        return N_("{rows:count} of {looked:count} rows stand apart from the others; to leave them out or clip them is no gain.")
    return N_(
        "{rows:count} of {looked:count} rows stand apart: with “{remedy:term}” the {score:term} on held-out rows is better by "
        "{gain:number} ({low:number} to {high:number})."
    )


def _telling_gap(entry: TellingGap) -> str:
    if entry.level is None:
        return N_(
            "Where {column:name} is missing ({share:percent} of the rows), the mean of {target:name} is {where:number}, "
            "elsewhere {elsewhere:number}."
        )
    return N_(
        "Where {column:name} is missing ({share:percent} of the rows), {where:percent} are {level:name}; elsewhere "
        "{elsewhere:percent}."
    )


def _doubt(entry: Doubted) -> str:
    if entry.gain is None:
        return N_(
            "{sure:count} of {rows:count} labels are a surprise: at least 9 of 10 rows like them have another. {found:count} are "
            "worth a look; training without them is no gain on held-out rows."
        )
    return N_(
        "{sure:count} of {rows:count} labels are a surprise: at least 9 of 10 rows like them have another. Trained without "
        "such rows, the {score:term} on held-out rows is better by {gain:number} ({low:number} to {high:number})."
    )


def _related(entry: Overstated) -> str:
    if entry.leak is Leak.IDS:
        return N_(
            "Rows of one id flatter the model: split at random the {score:term} is {easy:number}, with each id on one side "
            "{honest:number} (worse by {low:number} to {high:number})."
        )
    return N_(
        "Equal or nearly equal rows flatter the model: split at random the {score:term} is {easy:number}, with them kept "
        "together {honest:number} (worse by {low:number} to {high:number})."
    )


KAUFMAN: Final = "Kaufman et al. 2012, Leakage in data mining, doi:10.1145/2382577.2382579"
NADEAU: Final = "interval: Nadeau and Bengio 2003, doi:10.1023/A:1024068626366"

REPEATED: Final = Rule[Repeated](
    code="DAT001",
    title=N_("Repeated rows"),
    says=N_("{repeated:count} of {rows:count} rows ({share:percent}) are copies of another row, the target too."),
    why=N_("A row that stands there five times counts five times, and copies on both sides of a split make the score look good."),
    remedy=N_("Find out where the copies come from. Keep each row once, or give it its count as a weight."),
    statistic=N_("Rows that are the same in every column, the target too, as an earlier row."),
    source="Exact comparison of all columns that are learnt from",
    severity=Severity.INFO,
    thresholds={
        "copies_at": Shown(N_("Share of the rows from which on copies count"), Unit.SHARE),
        "rows_at": Shown(N_("Fewest rows that count"), Unit.COUNT),
    },
)
CONTRADICT: Final = Rule[Contradicting](
    code="DAT002",
    title=N_("Rows that contradict each other"),
    says=_contradiction,
    why=N_("No model can be right about rows that are the same and have different answers."),
    remedy=N_("Review the rows below. If both answers are true, a column that tells them apart is missing."),
    statistic=N_(
        "Rows that are the same in every column but the target; the best a model can do is to give the commonest answer."
    ),
    source="Exact comparison of all columns that are learnt from; for values, rows more than half a standard deviation apart",
    severity=Severity.INFO,
    thresholds={
        "copies_at": Shown(N_("Share of the rows from which on copies count"), Unit.SHARE),
        "rows_at": Shown(N_("Fewest rows that count"), Unit.COUNT),
    },
)
APART: Final = Rule[StandingApart](
    code="DAT003",
    title=N_("Rows that stand apart"),
    says=_apart,
    why=N_("A few extreme rows can pull a model away from all the others; they can also be the cases that matter most."),
    remedy=N_("Review the rows below: mend wrong units and typing errors, keep true extremes. Clip only where that gains below."),
    statistic=N_("Rows that a forest of random cuts sets apart early, with a modified z-score of their depth above 3.5."),
    source="Liu et al. 2008, Isolation forest, doi:10.1109/ICDM.2008.17; Iglewicz and Hoaglin 1993; Tukey 1977 for columns",
    severity=Severity.INFO,
    thresholds={
        "apart_at": Shown(N_("Fewest rows that count"), Unit.COUNT),
    },
)
TELLING_GAPS: Final = Rule[TellingGap](
    code="DAT004",
    title=N_("Gaps go with the answer"),
    says=_telling_gap,
    why=N_("Where a value is missing for a reason, filling the gap silently throws that reason away or teaches a wrong one."),
    remedy=N_("Ask how the gap comes about. If it is known at the time of the prediction, mark it in a column of its own."),
    statistic=N_("The target where the column is missing against where it is not, corrected for looking at every column."),
    source="Little and Rubin 2019, Statistical analysis with missing data, doi:10.1002/9781119482260; Benjamini-Hochberg 1995",
    severity=Severity.INFO,
    thresholds={
        "gap_at": Shown(N_("Difference that counts, in standard deviations of the target"), Unit.NUMBER),
    },
)
FILLED: Final = Rule[Better](
    code="DAT005",
    title=N_("Another way to fill gaps is better"),
    says=N_(
        "Gaps are better filled otherwise: with “{remedy:term}” the {score:term} goes from {before:number} to {after:number} "
        "(better by {low:number} to {high:number})."
    ),
    why=N_("How gaps are filled decides what the model sees in these rows."),
    remedy=N_("Fill the gaps as below, learnt on the training rows alone, and the same way in service."),
    statistic=N_("Held-out score with each way to fill the gaps, all on the same folds."),
    source="Van Buuren 2018, Flexible imputation of missing data; " + NADEAU,
)
SCALED: Final = Rule[Better](
    code="DAT006",
    title=N_("Scaling matters here"),
    says=N_(
        "Scaling matters for models that measure distances: with “{remedy:term}” the {score:term} goes from {before:number} to "
        "{after:number} (better by {low:number} to {high:number})."
    ),
    why=N_("Models that measure distances or share one penalty hear the column with the largest numbers alone."),
    remedy=N_("Scale the numbers as below, with figures learnt on the training rows alone. Trees need no scaling."),
    statistic=N_("Held-out score with each way to scale, all on the same folds."),
    source="Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 13; " + NADEAU,
    severity=Severity.INFO,
)
DOUBTED: Final = Rule[Doubted](
    code="DAT007",
    title=N_("Doubtful labels"),
    says=_doubt,
    why=N_("Wrong labels teach wrong answers, and in the held-out rows they hide how good a model is."),
    remedy=N_("Have somebody review the rows below, the first ones first. Do not drop them unread: some will be rare and right."),
    statistic=N_(
        "Chances from models that never saw the row, counted against the mean chance of each class (confident learning)."
    ),
    source="Northcutt, Jiang and Chuang 2021, Confident learning, arXiv:1911.00068",
    severity=Severity.INFO,
    thresholds={
        "doubt_at": Shown(N_("Share of surprising labels that counts"), Unit.SHARE),
        "labels_at": Shown(N_("Fewest labels that count"), Unit.COUNT),
    },
)
RELATED: Final = Rule[Overstated](
    code="DAT008",
    title=N_("Leak through related rows"),
    says=_related,
    why=N_("Where rows of one customer or copies lie on both sides of the split, the model is asked what it has already seen."),
    remedy=N_("Split by the id, or keep equal and nearly equal rows together: GroupKFold instead of KFold."),
    statistic=N_("The score of the same model where rows are split at random, less that where related rows stay together."),
    source=f"{KAUFMAN}; {NADEAU}",
    thresholds={
        "flattered_at": Shown(N_("Overstatement that counts"), Unit.NUMBER),
    },
)
LATER: Final = Rule[Overstated](
    code="DAT009",
    title=N_("Leak from the future"),
    says=N_(
        "A random split flatters the model: there the {score:term} is {easy:number}, on later rows {honest:number} (worse by "
        "{low:number} to {high:number})."
    ),
    why=N_("Split at random, a model is trained on rows that are later than those it is asked about. In use it never is."),
    remedy=N_("Judge models on later rows than they were trained on: TimeSeriesSplit instead of KFold. Retrain as time goes on."),
    statistic=N_("The score where rows are split at random, less that on later rows, with as many rows to train on."),
    source=f"{KAUFMAN}; {NADEAU}",
    thresholds={
        "flattered_at": Shown(N_("Overstatement that counts"), Unit.NUMBER),
    },
)
HOLDS: Final = Rule[HoldsTarget](
    code="DAT010",
    title=N_("A column holds the answer"),
    says=N_(
        "{column:name} alone all but gives {target:name} away: with it the {score:term} is {all:number}, without it "
        "{left:number}."
    ),
    why=N_("A column that is written after the answer is known makes every score look good and is empty or wrong in use."),
    remedy=N_("Ask when this column is filled. If that is after the time of the prediction, leave it out."),
    statistic=N_("Score of a small tree on this column alone, and the score of all the others without it."),
    source=f"{KAUFMAN}; {NADEAU}",
    severity=Severity.CRITICAL,
    thresholds={
        "tells_at": Shown(N_("Score of the column alone that counts"), Unit.NUMBER),
        "missed_at": Shown(N_("Loss of score without the column that counts"), Unit.NUMBER),
    },
)
NEARLY: Final = Rule[NearlyEqual](
    code="DAT011",
    title=N_("Nearly equal rows"),
    says=N_("{near:count} of {rows:count} rows are nearly equal to another row; by chance it would be {chance:count}."),
    why=N_("Rows that differ by a rounding or a retry are copies in disguise."),
    remedy=N_("Review the rows below. If they are copies, keep one of each; else keep them on one side of every split."),
    statistic=N_("Rows whose nearest row differs by less than 2% of the spread in every number, against shuffled columns."),
    source="Barz and Denzler 2020, Do we train on test data?, doi:10.3390/jimaging6060041",
    severity=Severity.INFO,
    thresholds={
        "copies_at": Shown(N_("Share of the rows from which on copies count"), Unit.SHARE),
        "rows_at": Shown(N_("Fewest rows that count"), Unit.COUNT),
        "times_at": Shown(N_("Times as many as by chance"), Unit.NUMBER),
    },
)
RULES: Final = (
    REPEATED,
    CONTRADICT,
    APART,
    TELLING_GAPS,
    FILLED,
    SCALED,
    DOUBTED,
    RELATED,
    LATER,
    HOLDS,
    NEARLY,
)
