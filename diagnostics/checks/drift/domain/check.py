"""All columns together: can current rows be told from reference rows, and did the rows, the classes or the relation move?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import CONCEPT_DRIFT, COVARIATE_DRIFT, MISJOINED_COLUMN, PRIOR_SHIFT
from diagnostics.checks.drift.columns import finite, ks
from diagnostics.checks.drift.domain.late_rows import from_onset
from diagnostics.checks.drift.domain.moved import Domain, Moved, decide
from diagnostics.checks.drift.separation import Frames, Separation, coded_target, frames, matched, separate, strata
from diagnostics.measure.samples import Samples, samples, times
from diagnostics.measure.undo import NO_UNDO, Undo
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

_AUC = N_(
    "Show a small model one reference row and one current row: how often does it say rightly which is which? "
    "50% is guessing, 100% is certain."
)


@dataclass(frozen=True, kw_only=True)
class Apart(Entry):
    """How well current rows can be told from reference rows, from which columns."""

    auc: float = shown(N_("How often rows of the two tables can be told apart"), Unit.SHARE)
    auc_low: float = shown(N_("Told apart, lower end of the 95% interval"), Unit.SHARE)
    auc_high: float = shown(N_("Told apart, upper end of the 95% interval"), Unit.SHARE)
    given_column: float | None = shown(N_("Told apart among rows alike in the column that moved most"), Unit.SHARE)
    given_target: float | None = shown(N_("Told apart among rows with the same label"), Unit.SHARE)
    with_target: float | None = shown(N_("Told apart with the label as well"), Unit.SHARE)
    usual: float | None = shown(N_("Told apart within the reference, earlier against later half"), Unit.SHARE)
    column: str = shown(N_("Column that moved most"), Unit.NAME)
    columns_: tuple[str, ...] = shown(N_("Columns that tell the tables apart"), Unit.NAMES)
    target_alone: float | None = shown(N_("Told apart by the label alone"), Unit.SHARE)
    moved: Moved
    target: str | None = shown(N_("Label"), Unit.NAME)
    target_gap: float = shown(N_("Share of the rows whose label moved"), Unit.SHARE)


def _apart_says(entry: Apart) -> str:
    if entry.columns_:
        return N_("A small model tells current rows from reference rows in {auc:percent} of the pairs, mostly by {columns:list}.")
    return N_("A small model tells current rows from reference rows in {auc:percent} of the pairs.")


EXPLAINED: Final = 0.54
"""Area under the curve up to which nothing else moved among rows alike in one column, as `moved.decide` asks."""


def _rows_say(entry: Apart) -> str:
    if entry.given_column and entry.given_column > EXPLAINED and entry.with_target is not None:
        return N_(
            "Other rows arrive: {column:name} moved most; knowing {target:name} does not help to tell the rows apart "
            "({with_target:percent} of the pairs with it, {auc:percent} without)."
        )
    return N_(
        "Other rows arrive: {column:name} moved, and among rows with the same {column:name} nothing else did "
        "({given_column:percent} of the pairs told apart; 50% is guessing)."
    )


TOLD_APART: Final = Rule[Apart](
    code="DRF010",
    lane=Lane.DATA,
    null=Null.ANYTHING,
    title=N_("Current rows look different from reference rows"),
    says=_apart_says,
    why=N_("Taken together, the columns show another kind of rows than the model was built for."),
    remedy=N_("Start with the columns that give the rows away: are they measured as before, and do other customers come?"),
    statistic=_AUC,
    source="Rabanser, Günnemann, Lipton 2019 (Failing Loudly), arXiv:1810.11953; Hanley and McNeil 1982",
    thresholds={
        "apart_at": Shown(N_("How often rows must be told apart to be listed"), Unit.SHARE),
        "far_at": Shown(N_("How often rows must be told apart for a warning"), Unit.SHARE),
    },
)
COVARIATE: Final = Rule[Apart](
    code="DRF011",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("Other rows arrive; the relation held"),
    says=_rows_say,
    why=N_("Rows that were rare in the reference are common now. The model is right where it learnt, and learnt little there."),
    remedy=N_("Train again with rows weighted to the new mix, or collect more rows of the kind that became common."),
    statistic=_AUC,
    source="Shimodaira 2000, doi:10.1016/S0378-3758(00)00115-4; Rabanser et al. 2019",
    suggests=COVARIATE_DRIFT,
    clear=0.85,
    thresholds={"far_at": Shown(N_("How often rows must be told apart for a warning"), Unit.SHARE)},
)
PRIOR: Final = Rule[Apart](
    code="DRF012",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("The share of the classes moved; the rows of each class held"),
    says=N_(
        "The shares of {target:name} moved by {target_gap:percent} of the rows; among rows with the same "
        "{target:name} the features look as before ({given_target:percent} of the pairs told apart)."
    ),
    why=N_(
        "A class came to be more common. The model still expects the old shares, so its probabilities and its threshold are off."
    ),
    remedy=N_(
        "Correct the probabilities to the new class shares (Saerens 2002), or choose the threshold again; "
        "no new features are needed."
    ),
    statistic=_AUC,
    source="Saerens, Latinne, Decaestecker 2002, doi:10.1162/089976602753284446; Lipton et al. 2018 (BBSE), arXiv:1802.03916",
    suggests=PRIOR_SHIFT,
    clear=0.85,
    thresholds={"classes_at": Shown(N_("Share of the rows with another label for a warning"), Unit.SHARE)},
)
CONCEPT: Final = Rule[Apart](
    code="DRF013",
    lane=Lane.DATA,
    null=Null.RELATION,
    title=N_("The same rows get other answers"),
    says=N_(
        "The features look as before ({auc:percent} of the pairs told apart; 50% is guessing), but together with "
        "{target:name} they do not ({with_target:percent}): the same rows get other answers."
    ),
    why=N_("The rows look as before, but what is true of them changed. The model cannot know."),
    remedy=N_("Train again on recent rows, and look for the region where the answers changed."),
    statistic=_AUC,
    source="Widmer and Kubat 1996, doi:10.1007/BF00116900; Zhang et al. 2023 (Why did the model fail?)",
    suggests=CONCEPT_DRIFT,
    clear=0.8,
)
BROKEN_LINK: Final = Rule[Apart](
    code="DRF014",
    lane=Lane.DATA,
    null=Null.LINKS,
    title=N_("A column no longer fits the other columns"),
    says=N_(
        "{column:name} no longer fits the other columns: by itself it looks as before, yet with the others "
        "it gives current rows away in {auc:percent} of the pairs, and without it nothing does."
    ),
    why=N_("Each column looks right by itself, but the values stand in the wrong rows, as after a join on the wrong key."),
    remedy=N_("Check the join that brings this column: its key, its date, and whether an index was shifted."),
    statistic=_AUC,
    source="Zhang et al. 2023 (Why did the model fail?); Rabanser et al. 2019",
    suggests=MISJOINED_COLUMN,
    clear=0.75,
)
RULES: Final = (TOLD_APART, COVARIATE, PRIOR, CONCEPT, BROKEN_LINK)


def profile(incident: Incident) -> Domain:
    """Raises NotApplicable without both tables, a column to compare, or 60 rows a side."""
    drawn = samples(incident)
    rng = np.random.default_rng([incident.seed, 4])
    seen = frames(drawn, rng)
    target = _target(incident, drawn)
    y = None if target is None else coded_target(drawn, target, seen)
    began, seen, y = from_onset(seen, y, times(drawn.current, incident.roles.timestamp), drawn, rng)
    told = separate(seen.reference, seen.current, rng, explain=True)
    if told is None:
        raise NotApplicable(
            N_("Too few rows or columns to compare all columns together: 60 rows a side and one feature are needed."),
            needs="current",
        )
    usual = _usual(drawn, seen, incident.roles.timestamp, rng)
    floors = [_floor(len(seen.reference), len(seen.current)), 1.0, 1.0]
    column_at = _suspects(seen, told, floors[0])[0]
    y_alone = xy = given_column = given_target = None
    target_gap = 0.0
    if y is None:
        suspects = _suspects(seen, told, floors[0])
        x = [seen.reference, seen.current]
        explained = {number: _given(x, x, number, rng) for number in suspects}
        column_at = min(suspects, key=lambda number: auc.value if (auc := explained[number][0]) else 1.0)
        given_column, floors[1] = explained[column_at]
    elif target is not None:
        known = [~np.isnan(side) for side in y]
        x = [seen.reference[known[0]], seen.current[known[1]]]
        left, right = y[0][known[0]], y[1][known[1]]
        target_gap = _target_gap(left, right, drawn.kinds[target])
        joint = [np.column_stack([x[0], left]), np.column_stack([x[1], right])]
        xy = _auc(separate(joint[0], joint[1], rng))
        y_alone = _auc(separate(left[:, None], right[:, None], rng))
        # Where no column moved by itself, several may give the rows away: the one that explains the others is at fault.
        suspects = _suspects(seen, told, floors[0])
        explained = {number: _given(joint, x, number, rng) for number in suspects}
        column_at = min(suspects, key=lambda number: auc.value if (auc := explained[number][0]) else 1.0)
        given_column, floors[1] = explained[column_at]
        a, b = matched(*strata(left, right), rng)
        given_target = _auc(separate(x[0][a], x[1][b], rng))
        floors[2] = _floor(a.size, b.size)
    order = np.argsort(-told.importance, kind="stable")
    p = Domain(
        Moved.NOTHING,
        told.auc,
        y_alone,
        xy,
        given_column,
        given_target,
        usual,
        (floors[0], floors[1], floors[2]),
        seen.features[column_at],
        float(seen.gaps[column_at]),
        _beyond(drawn, seen.features[column_at]),
        target,
        target_gap,
        target is not None and incident.task is not Task.REGRESSION,
        tuple((seen.features[i], float(told.importance[i])) for i in order if told.importance[i] > 0),
        Sides(len(seen.reference), len(seen.current)),
        None,
    )
    return replace(p, moved=decide(p), since=began)


def _target_gap(left: NDArray[np.float64], right: NDArray[np.float64], kind: Kind) -> float:
    """How far the coded target moved: total variation distance of the classes, or Kolmogorov-Smirnov distance of values."""
    if kind is not Kind.CATEGORY:
        return ks(left, right)
    classes = np.union1d(left, right)
    return float(sum(abs(np.mean(left == c) - np.mean(right == c)) for c in classes) / 2)


def _beyond(drawn: Samples, name: str) -> float:
    """Share of the current rows whose value of `name` lies outside the reference's range or is a level that it lacks."""
    before, after = drawn.reference[name], drawn.current[name]
    if drawn.kinds[name] is Kind.CATEGORY:
        return float((after.notna() & ~after.isin(set(before.dropna()))).mean())
    known, values = finite(before), finite(after)
    if not known.size or not values.size:
        return 0.0
    return float(np.mean((values < known.min()) | (values > known.max())))


def _auc(told: Separation | None) -> Interval | None:
    return None if told is None else told.auc


def _floor(n: int, m: int, *, z: float = 3.29) -> float:
    """The AUC that guessing passes once in two thousand times (Mann and Whitney 1947, doi:10.1214/aoms/1177730491)."""
    return 0.5 + z * float(np.sqrt((n + m + 1) / (12 * n * m))) if n and m else 1.0


def _usual(drawn: Samples, seen: Frames, timestamp: str | None, rng: np.random.Generator) -> Interval | None:
    when = times(drawn.reference, timestamp)
    n = len(seen.reference)
    order: NDArray[np.intp] = rng.permutation(n)
    if when is not None and not np.isnat(when[seen.reference_rows]).all():
        order = np.argsort(when[seen.reference_rows], kind="stable")
    return _auc(separate(seen.reference[order[: n // 2]], seen.reference[order[n // 2 :]], rng))


def _suspects(seen: Frames, told: Separation, floor: float) -> list[int]:
    """The column that changed most; where none moved by itself but all together did, the three that give the rows away."""
    moved = seen.gaps.max() > max(0.05, 2 * np.sqrt(1 / len(seen.reference) + 1 / len(seen.current)))
    if not moved and told.auc.value > floor:
        return [int(number) for number in np.argsort(-told.importance, kind="stable")[:3]]
    return [int(np.argmax(seen.gaps))]


def _given(
    joint: list[NDArray[np.float64]], x: list[NDArray[np.float64]], column: int, rng: np.random.Generator
) -> tuple[Interval | None, float]:
    """AUC from the other features and the target among rows matched on `column`, and what chance may reach."""
    rest = np.delete(np.arange(joint[0].shape[1]), column)
    a, b = matched(*strata(x[0][:, column], x[1][:, column]), rng)
    return _auc(separate(joint[0][a][:, rest], joint[1][b][:, rest], rng)), _floor(a.size, b.size)


def _target(incident: Incident, drawn: Samples) -> str | None:
    target = incident.roles.target
    if target is None or target not in drawn.kinds or target not in drawn.current:
        return None
    known = [drawn.reference[target].notna().sum(), drawn.current[target].notna().sum()]
    return target if min(known) else None


def judge(p: Domain, *, apart_at: float = 0.6, far_at: float = 0.7, classes_at: float = 0.1) -> list[Finding]:
    """Rows that are told apart in more than `apart_at` of the pairs are listed, above `far_at` they are a warning.

    0.6 and 0.7 are what a shift of one column by a third and by three quarters of a standard deviation give (area under the
    curve of two normal distributions, Green and Swets 1966). `classes_at`: class shares that moved by less hardly move a
    threshold.
    """
    telling = tuple(name for name, fall in p.tells if fall >= 0.1 * p.tells[0][1])[:5]
    entry = Apart(
        since=p.since,
        weight=float(np.clip(2 * p.x.value - 1, 0, 1)),
        auc=p.x.value,
        auc_low=p.x.low,
        auc_high=p.x.high,
        given_column=p.given_column.value if p.given_column else None,
        given_target=p.given_target.value if p.given_target else None,
        with_target=p.xy.value if p.xy else None,
        usual=p.usual.value if p.usual else None,
        column=p.column,
        columns_=telling,
        target_alone=p.y.value if p.y else None,
        moved=p.moved,
        target=p.target,
        target_gap=p.target_gap,
    )
    far = Severity.WARNING if p.x.value >= far_at else Severity.INFO
    findings: list[Finding] = []
    if p.moved is not Moved.NOTHING and p.x.value >= apart_at:
        findings.append(TOLD_APART.found(replace(entry, columns=telling), severity=far))
    match p.moved:
        case Moved.ROWS:
            findings.append(COVARIATE.found(replace(entry, columns=(p.column,)), severity=far))
        case Moved.CLASSES:
            columns = (p.target,) if p.target else ()
            classes = replace(entry, columns=columns, weight=float(np.clip(p.target_gap, 0, 1)))
            findings.append(PRIOR.found(classes, severity=Severity.WARNING if p.target_gap >= classes_at else Severity.INFO))
        case Moved.RELATION:
            weight = float(np.clip(2 * (p.xy.value if p.xy else 0.5) - 1, 0, 1))
            findings.append(CONCEPT.found(replace(entry, weight=weight)))
        case Moved.LINK:
            findings.append(BROKEN_LINK.found(replace(entry, columns=(p.column,))))
        case _:
            pass
    return findings


def undo(finding: Finding[Apart], incident: Incident) -> Undo:
    """What stands in the wrong rows can only be left out. Rows, classes and relations that moved are no fault of a column."""
    return Undo(leave_out=finding.columns) if finding.rule is BROKEN_LINK else NO_UNDO
