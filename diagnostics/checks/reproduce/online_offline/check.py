"""Offline against online: are the features of the same rows the same in both tables?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from diagnostics.causes.catalogue import (
    MISJOINED_COLUMN,
    MISSING_VALUES,
    PRECISION_LOSS,
    RECODED_CATEGORIES,
    REFIT_SCALER,
    UNIT_CHANGE,
)
from diagnostics.checks.reproduce.online_offline.joined import JOIN_ROWS, joined
from diagnostics.checks.reproduce.online_offline.relation import LINKED, Relation, RelationKind, relate_levels, relate_numbers
from diagnostics.measure.onset import since
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import ColumnEntry, Entry, Shown, Unit, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

CAUSES: Final = {
    RelationKind.AFFINE: UNIT_CHANGE,
    RelationKind.PERMUTED: MISJOINED_COLUMN,
    RelationKind.ROUNDED: PRECISION_LOSS,
    RelationKind.RECODED: RECODED_CATEGORIES,
    RelationKind.MISSING: MISSING_VALUES,
}
"""The cause that each relation suggests; values that merely differ suggest none by themselves."""

SAYS: Final = {
    RelationKind.AFFINE: N_(
        "For the same ids, {column:name} is {slope:number} times the offline value plus {offset:number} in {share:percent} "
        "of the rows."
    ),
    RelationKind.PERMUTED: N_(
        "For the same ids, {column:name} holds the values of other rows in {share:percent} of the rows: its distribution is "
        "the same, its link to the id is lost."
    ),
    RelationKind.ROUNDED: N_("For the same ids, {column:name} is rounded online in {share:percent} of the rows."),
    RelationKind.RECODED: N_("For the same ids, {column:name} goes by other names online in {share:percent} of the rows."),
    RelationKind.MISSING: N_("For the same ids, {column:name} is missing online but not offline in {share:percent} of the rows."),
    RelationKind.OTHER: N_("For the same ids, {column:name} differs between offline and online in {share:percent} of the rows."),
}

TIMES: Final = N_("For the same ids, {column:name} is {slope:number} times the offline value in {share:percent} of the rows.")


@dataclass(frozen=True, kw_only=True)
class ColumnDiffers(ColumnEntry):
    """A column with other values online than offline, for rows with the same id."""

    column: str = shown(N_("Column"), Unit.NAME)
    relation: RelationKind
    share: float = shown(N_("Rows with another value online"), Unit.SHARE)
    link: float = shown(N_("How closely online follows offline: 1 is exactly, 0 not at all"))
    pairs: int = shown(N_("Rows with the same id in both tables"), Unit.COUNT)
    slope: float | None = shown(N_("Factor from offline to online"), optional=True)
    offset: float | None = shown(N_("Offset from offline to online"), optional=True)
    decimals: int | None = optional()
    cause: CauseKind | None = optional()


@dataclass(frozen=True, kw_only=True)
class ColumnsRescaled(Entry):
    """Many columns on another scale online, each on its own."""

    count: int = shown(N_("Columns on another scale online"), Unit.COUNT)
    numbers: int = shown(N_("Numeric columns"), Unit.COUNT)
    columns: tuple[str, ...] = shown(N_("Columns"), Unit.NAMES)
    share: float = shown(N_("Rows with another value online"), Unit.SHARE)
    ratios: tuple[str, ...] = shown(N_("Factors from offline to online"), Unit.NAMES)
    offsets: tuple[str, ...] = shown(N_("Offsets from offline to online"), Unit.NAMES)
    pairs: int = shown(N_("Rows with the same id in both tables"), Unit.COUNT)
    cause: CauseKind = REFIT_SCALER


def _say(entry: ColumnDiffers) -> str:
    return TIMES if entry.relation is RelationKind.AFFINE and entry.offset == 0 else SAYS[entry.relation]


SKEW: Final = Rule[ColumnDiffers](
    code="REP010",
    lane=Lane.MODEL,
    title=N_("Offline and online features differ"),
    says=_say,
    why=N_("The model learnt from the offline values; online it is given others for the very same rows."),
    remedy=N_(
        "Compute the column with the same code in training and in serving, and compare the two for the same ids in a test."
    ),
    statistic=N_("Of a hundred rows with the same id, how many have another value online than offline."),
    source="Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (training-serving skew)",
    suggests=lambda entry: entry.cause,
    thresholds={
        "differ_at": Shown(N_("Share of rows with another value that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
    },
)
REFIT: Final = Rule[ColumnsRescaled](
    code="REP011",
    lane=Lane.MODEL,
    title=N_("A scaler was fitted again"),
    says=N_(
        "For the same ids, {count:count} of {numbers:count} numeric columns ({columns:list}) stand on another scale "
        "online, each on its own, in {share:percent} of the rows."
    ),
    why=N_(
        "Many columns of the same rows stand on other scales, each on its own: the scaler of training was not the one applied."
    ),
    remedy=N_("Load the scaler that was fitted in training together with the model; never fit one on production rows."),
    statistic=N_("Number of columns whose online values are the offline values times a constant, plus a constant."),
    source="Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (training-serving skew)",
    severity=Severity.CRITICAL,
    suggests=REFIT_SCALER,
    thresholds={
        "differ_at": Shown(N_("Share of rows with another value that counts"), Unit.SHARE),
        "many_at": Shown(N_("Rescaled columns that are needed"), Unit.COUNT),
        "most_at": Shown(N_("Share of the numeric columns that are needed"), Unit.SHARE),
    },
)
RULES: Final = (SKEW, REFIT)


@dataclass(frozen=True)
class ColumnPair:
    """kind, slope, offset, link, decimals: see `Relation`. share: rows that differ, with its 95% interval.

    offline, online: values of at most 500 pairs for the picture, numbers only.
    """

    name: str
    number: bool
    kind: RelationKind
    share: intervals.Interval
    link: float
    slope: float
    offset: float
    decimals: int | None
    since: datetime | None
    offline: tuple[float, ...] = ()
    online: tuple[float, ...] = ()


@dataclass(frozen=True)
class OnlineOffline:
    """columns: in the reference's order. pairs: rows with the same id in the full tables; compared: those that were compared.

    same_moment: whether they carry the same time in both tables; None where that is not known.
    """

    columns: tuple[ColumnPair, ...]
    pairs: int
    compared: int
    same_moment: bool | None


def profile(incident: Incident) -> OnlineOffline:
    """Raises NotApplicable without both tables and common ids, or when rows with the same id have nothing in common."""
    rows = joined(incident)
    tables = incident.pair()
    relations: list[tuple[Relation, bool]] = []
    for name in rows.offline.columns:
        a, b = rows.offline[name], rows.online[name]
        if tables.reference[name].kind is Kind.CATEGORY:
            if a.notna().any():
                relations.append((relate_levels(name, a, b), False))
        elif np.isfinite(a.to_numpy("float64")).any():
            relations.append((relate_numbers(name, a.to_numpy("float64"), b.to_numpy("float64")), True))
    telling = [r for r, _ in relations if not (r.kind is RelationKind.MISSING and r.share > 0.9)]
    linked = [r for r in telling if abs(r.link) >= LINKED or r.share <= 0.02]
    if len(linked) < max(1, len(telling) / 2):
        raise NotApplicable(
            N_(
                "Rows with the same id have nothing in common (columns that agree: {linked:count} of {columns:count}): the ids "
                "seem to be row numbers. Choose a column that identifies a row in both tables."
            ),
            needs="id",
            linked=len(linked),
            columns=len(telling),
        )
    columns = []
    for relation, number in relations:
        began = None
        if rows.times is not None and relation.kind is not RelationKind.EQUAL:
            began = since(rows.times, relation.differs.astype("float64"), 0.0)
        shown: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
        if number and relation.kind is not RelationKind.EQUAL:
            x, y = rows.offline[relation.name].to_numpy("float64"), rows.online[relation.name].to_numpy("float64")
            some = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[:500]
            shown = tuple(map(float, x[some])), tuple(map(float, y[some]))
        columns.append(
            ColumnPair(
                relation.name,
                number,
                relation.kind,
                intervals.share(float(relation.differs.sum()), float(relation.differs.size)),
                relation.link,
                relation.slope,
                relation.offset,
                relation.decimals,
                began,
                *shown,
            )
        )
    return OnlineOffline(tuple(columns), rows.pairs, min(rows.pairs, JOIN_ROWS), rows.same_moment)


def judge(
    p: OnlineOffline, *, differ_at: float = 0.01, critical_at: float = 0.1, many_at: int = 3, most_at: float = 0.5
) -> list[Finding]:
    """A column fires when more than `differ_at` of the paired rows differ, beyond their interval.

    The same computation on the same row gives the same number, so any difference is one; 1 in 100 leaves room for rows that
    were corrected in between. A refit scaler is named from `many_at` columns with maps of their own, when they are `most_at` of
    the numbers. Values that merely differ are worth more than a note only where the rows carry the same time in both tables.
    """
    differing = [c for c in p.columns if c.kind is not RelationKind.EQUAL and c.share.low > differ_at]
    affine = [c for c in differing if c.kind is RelationKind.AFFINE]
    numbers = [c for c in p.columns if c.number]
    maps = {(round(c.slope, 3), round(c.offset, 3)) for c in affine}
    refit = len(affine) >= many_at and len(affine) >= most_at * len(numbers) and len(maps) >= many_at
    findings: list[Finding] = []
    if refit:
        findings.append(
            REFIT.found(
                ColumnsRescaled(
                    since=min((c.since for c in affine if c.since), default=None),
                    weight=len(affine) / max(1, len(numbers)),
                    count=len(affine),
                    numbers=len(numbers),
                    columns=tuple(c.name for c in affine),
                    share=float(np.median([c.share.value for c in affine])),
                    ratios=tuple(repr(c.slope) for c in affine),
                    offsets=tuple(repr(c.offset) for c in affine),
                    pairs=p.pairs,
                )
            )
        )
    for column in differing:
        scaled = column.kind is RelationKind.AFFINE
        if refit and scaled:
            continue
        findings.append(
            SKEW.found(
                ColumnDiffers(
                    since=column.since,
                    weight=float(np.clip(column.share.value, 0, 1)),
                    column=column.name,
                    relation=column.kind,
                    share=column.share.value,
                    link=column.link,
                    pairs=p.pairs,
                    slope=column.slope if scaled else None,
                    offset=column.offset if scaled else None,
                    decimals=column.decimals,
                    cause=CAUSES.get(column.kind),
                ),
                severity=_severity(column, critical_at, p.same_moment),
            )
        )
    return findings


def _severity(column: ColumnPair, critical_at: float, same_moment: bool | None) -> Severity:
    if column.kind is RelationKind.ROUNDED and (column.decimals or 0) >= 3:
        return Severity.INFO  # A rounded fourth digit moves hardly any answer.
    if column.kind is RelationKind.OTHER:
        # The same customer at another time has another age and another balance.
        return Severity.WARNING if same_moment else Severity.INFO
    critical = column.share.value >= critical_at and column.kind is not RelationKind.ROUNDED
    return Severity.CRITICAL if critical else Severity.WARNING
