"""The sentences of data quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from diagnostics.clinic.data_quality.leaks import Inflation, Leak, Teller
from diagnostics.clinic.shared.compare import Compared, Result, Verdict
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value

if TYPE_CHECKING:
    from diagnostics.clinic.data_quality.check import DataQuality

KAUFMAN: Final = "Kaufman et al. 2012, Leakage in data mining, doi:10.1145/2382577.2382579"
NADEAU: Final = "interval: Nadeau and Bengio 2003, doi:10.1023/A:1024068626366"

REPEATED: Final = Rule(
    code="DAT001",
    title=N_("Repeated rows"),
    why=N_("A row that stands there five times counts five times, and copies on both sides of a split make the score look good."),
    remedy=N_("Find out where the copies come from. Keep each row once, or give it its count as a weight."),
    statistic=N_("Rows that are the same in every column, the target too, as an earlier row."),
    source="Exact comparison of all columns that are learnt from",
    severity=Severity.INFO,
)
CONTRADICT: Final = Rule(
    code="DAT002",
    title=N_("Rows that contradict each other"),
    why=N_("No model can be right about rows that are the same and have different answers."),
    remedy=N_("Review the rows below. If both answers are true, a column that tells them apart is missing."),
    statistic=N_(
        "Rows that are the same in every column but the target; the best a model can do is to give the commonest answer."
    ),
    source="Exact comparison of all columns that are learnt from; for values, rows more than half a standard deviation apart",
    severity=Severity.INFO,
)
APART: Final = Rule(
    code="DAT003",
    title=N_("Rows that stand apart"),
    why=N_("A few extreme rows can pull a model away from all the others; they can also be the cases that matter most."),
    remedy=N_("Review the rows below: mend wrong units and typing errors, keep true extremes. Clip only where that gains below."),
    statistic=N_("Rows that a forest of random cuts sets apart early, with a modified z-score of their depth above 3.5."),
    source="Liu et al. 2008, Isolation forest, doi:10.1109/ICDM.2008.17; Iglewicz and Hoaglin 1993; Tukey 1977 for columns",
    severity=Severity.INFO,
)
TELLING_GAPS: Final = Rule(
    code="DAT004",
    title=N_("Gaps go with the answer"),
    why=N_("Where a value is missing for a reason, filling the gap silently throws that reason away or teaches a wrong one."),
    remedy=N_("Ask how the gap comes about. If it is known at the time of the prediction, mark it in a column of its own."),
    statistic=N_("The target where the column is missing against where it is not, corrected for looking at every column."),
    source="Little and Rubin 2019, Statistical analysis with missing data, doi:10.1002/9781119482260; Benjamini-Hochberg 1995",
    severity=Severity.INFO,
)
FILLED: Final = Rule(
    code="DAT005",
    title=N_("Another way to fill gaps is better"),
    why=N_("How gaps are filled decides what the model sees in these rows."),
    remedy=N_("Fill the gaps as below, learnt on the training rows alone, and the same way in service."),
    statistic=N_("Held-out score with each way to fill the gaps, all on the same folds."),
    source="Van Buuren 2018, Flexible imputation of missing data; " + NADEAU,
)
SCALED: Final = Rule(
    code="DAT006",
    title=N_("Scaling matters here"),
    why=N_("Models that measure distances or share one penalty hear the column with the largest numbers alone."),
    remedy=N_("Scale the numbers as below, with figures learnt on the training rows alone. Trees need no scaling."),
    statistic=N_("Held-out score with each way to scale, all on the same folds."),
    source="Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 13; " + NADEAU,
    severity=Severity.INFO,
)
DOUBTED: Final = Rule(
    code="DAT007",
    title=N_("Doubtful labels"),
    why=N_("Wrong labels teach wrong answers, and in the held-out rows they hide how good a model is."),
    remedy=N_("Have somebody review the rows below, the first ones first. Do not drop them unread: some will be rare and right."),
    statistic=N_(
        "Chances from models that never saw the row, counted against the mean chance of each class (confident learning)."
    ),
    source="Northcutt, Jiang and Chuang 2021, Confident learning, arXiv:1911.00068",
    severity=Severity.INFO,
)
RELATED: Final = Rule(
    code="DAT008",
    title=N_("Leak through related rows"),
    why=N_("Where rows of one customer or copies lie on both sides of the split, the model is asked what it has already seen."),
    remedy=N_("Split by the id, or keep equal and nearly equal rows together: GroupKFold instead of KFold."),
    statistic=N_("The score of the same model where rows are split at random, less that where related rows stay together."),
    source=f"{KAUFMAN}; {NADEAU}",
)
LATER: Final = Rule(
    code="DAT009",
    title=N_("Leak from the future"),
    why=N_("Split at random, a model is trained on rows that are later than those it is asked about. In use it never is."),
    remedy=N_("Judge models on later rows than they were trained on: TimeSeriesSplit instead of KFold. Retrain as time goes on."),
    statistic=N_("The score where rows are split at random, less that on later rows, with as many rows to train on."),
    source=f"{KAUFMAN}; {NADEAU}",
)
HOLDS: Final = Rule(
    code="DAT010",
    title=N_("A column holds the answer"),
    why=N_("A column that is written after the answer is known makes every score look good and is empty or wrong in use."),
    remedy=N_("Ask when this column is filled. If that is after the time of the prediction, leave it out."),
    statistic=N_("Score of a small tree on this column alone, and the score of all the others without it."),
    source=f"{KAUFMAN}; {NADEAU}",
    severity=Severity.CRITICAL,
)
NEARLY: Final = Rule(
    code="DAT011",
    title=N_("Nearly equal rows"),
    why=N_("Rows that differ by a rounding or a retry are copies in disguise."),
    remedy=N_("Review the rows below. If they are copies, keep one of each; else keep them on one side of every split."),
    statistic=N_("Rows whose nearest row differs by less than 2% of the spread in every number, against shuffled columns."),
    source="Barz and Denzler 2020, Do we train on test data?, doi:10.3390/jimaging6060041",
    severity=Severity.INFO,
)
EVERY: Final = (
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


def judged(p: DataQuality, *, copies_at: float, doubt_at: float, flattered_at: float, tells_at: float) -> list[Finding]:
    """DAT010 where the others are clearly worse without the column. DAT003 and DAT007 become warnings where leaving these rows
    out of the training gains on held-out rows.
    """
    found: list[Finding | None] = [
        *(_holds(p, teller) for teller in p.tellers[:3] if teller.alone >= tells_at),
        *(_flattered(p, inflation) for inflation in p.inflations if inflation.lost.value >= flattered_at),
        _doubted(p, doubt_at),
        _better(FILLED, _FILLED, p.imputers, p),
        # Measured with another model than the one that was asked about, it comes last.
        _better(SCALED, _SCALED, p.scaling, p, weight=None if p.scaled_by == p.family else 0.0),
        *_copies(p, copies_at),
        _apart(p),
        *_gaps(p),
    ]
    return [finding for finding in found if finding is not None]


def _holds(p: DataQuality, teller: Teller) -> Finding | None:
    without = teller.without
    # A good column among other good ones is no leak: the others must be clearly worse without it.
    if without is None or without.verdict is not Verdict.WORSE or without.gain.value > -0.05:
        return None
    says = N_(
        "{column:name} alone all but gives {target:name} away: with it the {score:term} is {all:number}, without it "
        "{left:number}."
    )
    whole = without.score.value - without.gain.value
    numbers: dict[str, Value] = {
        "column": teller.column,
        "target": p.data.target,
        "score": p.says,
        "all": whole,
        "left": without.score.value,
        "alone": teller.alone,
        "low": -without.gain.high,
        "high": -without.gain.low,
    }
    return loose(HOLDS, says, numbers, (teller.column,), weight=min(1.0, teller.alone))


_FLATTERED: Final = {
    Leak.TWINS: N_(
        "Equal or nearly equal rows flatter the model: split at random the {score:term} is {easy:number}, with them kept "
        "together {honest:number} (worse by {low:number} to {high:number})."
    ),
    Leak.IDS: N_(
        "Rows of one id flatter the model: split at random the {score:term} is {easy:number}, with each id on one side "
        "{honest:number} (worse by {low:number} to {high:number})."
    ),
    Leak.TIME: N_(
        "A random split flatters the model: there the {score:term} is {easy:number}, on later rows {honest:number} (worse by "
        "{low:number} to {high:number})."
    ),
}


def _flattered(p: DataQuality, found: Inflation) -> Finding | None:
    if found.lost.low <= 0:
        return None
    numbers: dict[str, Value] = {
        "score": p.says,
        "easy": found.easy.value,
        "honest": found.honest.value,
        "lost": found.lost.value,
        "low": found.lost.low,
        "high": found.lost.high,
        "rows": found.rows,
        "folds": found.folds,
    }
    rule = LATER if found.leak is Leak.TIME else RELATED
    return loose(rule, _FLATTERED[found.leak], numbers, weight=min(0.95, 0.5 + found.lost.value))


def _doubted(p: DataQuality, doubt_at: float) -> Finding | None:
    noise = p.noise
    if noise is None or noise.sure < max(3, doubt_at * noise.rows):
        return None
    result = _result(p.compared, "suspects")
    gains = result is not None and result.verdict is Verdict.GAIN
    numbers: dict[str, Value] = {
        "sure": noise.sure,
        "rows": noise.rows,
        "found": noise.found,
        "share": noise.share,
        "given": noise.suspects[0].given,
        "looks": noise.suspects[0].looks,
    }
    says = N_(
        "{sure:count} of {rows:count} labels are a surprise: at least 9 of 10 rows like them have another. {found:count} are "
        "worth a look; training without them is no gain on held-out rows."
    )
    if gains and result is not None:
        says = N_(
            "{sure:count} of {rows:count} labels are a surprise: at least 9 of 10 rows like them have another. Trained without "
            "such rows, the {score:term} on held-out rows is better by {gain:number} ({low:number} to {high:number})."
        )
        numbers |= {"score": p.says, "gain": result.gain.value, "low": result.gain.low, "high": result.gain.high}
    weight = min(0.9, 0.5 + noise.sure / noise.rows)
    return loose(DOUBTED, says, numbers, severity=Severity.WARNING if gains else None, weight=weight)


_FILLED: Final = N_(
    "Gaps are better filled otherwise: with “{remedy:term}” the {score:term} goes from {before:number} to {after:number} "
    "(better by {low:number} to {high:number})."
)
_SCALED: Final = N_(
    "Scaling matters for models that measure distances: with “{remedy:term}” the {score:term} goes from {before:number} to "
    "{after:number} (better by {low:number} to {high:number})."
)


def _better(rule: Rule, says: str, compared: Compared | None, p: DataQuality, *, weight: float | None = None) -> Finding | None:
    best = compared.best if compared else None
    if compared is None or best is None:
        return None
    numbers: dict[str, Value] = {
        "remedy": best.says,
        "score": p.says,
        "before": compared.before.score.value,
        "after": best.score.value,
        "gain": best.gain.value,
        "low": best.gain.low,
        "high": best.gain.high,
    }
    return loose(rule, says, numbers, weight=weight if weight is not None else min(0.8, abs(best.gain.value)))


def _copies(p: DataQuality, copies_at: float) -> Sequence[Finding]:
    found, seen = [], p.copies
    # A table of few patterns is alike by nature; its copies are the counts of a contingency table.
    many = seen.patterns >= seen.rows / 2
    if seen.repeated >= max(5, copies_at * seen.rows):
        says = N_("{repeated:count} of {rows:count} rows ({share:percent}) are copies of another row, the target too.")
        numbers: dict[str, Value] = {"repeated": seen.repeated, "rows": seen.rows, "share": seen.repeated / seen.rows}
        found.append(loose(REPEATED, says, numbers, weight=min(0.4, seen.repeated / seen.rows)))
    if seen.conflicts >= max(5, copies_at * seen.rows):
        share = seen.conflicts / seen.rows
        numbers = {"conflicts": seen.conflicts, "rows": seen.rows, "share": share, "patterns": seen.patterns}
        says = N_("{conflicts:count} of {rows:count} rows ({share:percent}) equal another row that has another {target:name}.")
        if seen.ceiling is not None:
            says = N_(
                "{conflicts:count} of {rows:count} rows ({share:percent}) equal another row that has another {target:name}: no "
                "model can be right in more than {ceiling:percent}."
            )
            numbers["ceiling"] = seen.ceiling
        numbers["target"] = p.data.target
        severity = Severity.WARNING if many else Severity.INFO
        found.append(loose(CONTRADICT, says, numbers, severity=severity, weight=min(0.6, share)))
    if seen.near >= max(5, copies_at * seen.near_rows) and seen.near > 5 * max(1, seen.by_chance):
        says = N_("{near:count} of {rows:count} rows are nearly equal to another row; by chance it would be {chance:count}.")
        numbers = {"near": seen.near, "rows": seen.near_rows, "chance": seen.by_chance}
        found.append(loose(NEARLY, says, numbers, weight=min(0.3, seen.near / seen.near_rows)))
    return found


def _apart(p: DataQuality) -> Finding | None:
    seen = p.outliers
    gain = max(
        (r for r in (_result(p.compared, "clipped"), _result(p.compared, "apart")) if r and r.verdict is Verdict.GAIN),
        key=lambda r: r.gain.value,
        default=None,
    )
    if gain is None and seen.rows < 3:
        return None
    numbers: dict[str, Value] = {"rows": seen.rows, "looked": seen.looked, "share": seen.rows / seen.looked}
    columns = tuple(column.column for column in seen.columns[:3])
    if gain is None:
        says = N_("{rows:count} of {looked:count} rows stand apart from the others; to leave them out or clip them is no gain.")
        return loose(APART, says, numbers, columns, weight=min(0.2, seen.rows / seen.looked))
    numbers |= {"remedy": gain.says, "score": p.says, "gain": gain.gain.value, "low": gain.gain.low, "high": gain.gain.high}
    says = N_(
        "{rows:count} of {looked:count} rows stand apart: with “{remedy:term}” the {score:term} on held-out rows is better by "
        "{gain:number} ({low:number} to {high:number})."
    )
    return loose(APART, says, numbers, columns, severity=Severity.WARNING, weight=min(0.8, abs(gain.gain.value)))


def _gaps(p: DataQuality) -> Sequence[Finding]:
    found: list[Finding] = []
    told: set[str] = set()
    for gap in p.gaps.columns[:5]:
        # A tenth of the target's spread is a small effect (Cohen 1988: 0.2 is small); below, a gap is hardly worth a word.
        if not gap.beyond_chance or abs(gap.apart.value) < 0.1 * p.gaps.spread:
            continue
        # Columns that are missing in the same rows tell the same twice.
        if any(gap.column in group and set(group) & told for group in p.gaps.together):
            continue
        told.add(gap.column)
        numbers: dict[str, Value] = {
            "column": gap.column,
            "share": gap.share,
            "where": gap.where,
            "elsewhere": gap.elsewhere,
            "low": gap.apart.low,
            "high": gap.apart.high,
            "target": p.data.target,
        }
        says = N_(
            "Where {column:name} is missing ({share:percent} of the rows), the mean of {target:name} is {where:number}, "
            "elsewhere {elsewhere:number}."
        )
        if p.gaps.about:
            numbers["level"] = p.gaps.about
            says = N_(
                "Where {column:name} is missing ({share:percent} of the rows), {where:percent} are {level:name}; elsewhere "
                "{elsewhere:percent}."
            )
        found.append(loose(TELLING_GAPS, says, numbers, (gap.column,), weight=min(0.45, abs(gap.apart.value) / p.gaps.spread)))
    return found


def _result(compared: Compared, name: str) -> Result | None:
    return next((r for r in compared.remedies if r.name == name and not r.skipped), None)
