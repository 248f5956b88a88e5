"""Sides: are the two tables what they were given as, the reference from before and the current one from after?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from diagnostics.causes.catalogue import REFERENCE_FAULT
from diagnostics.measure import engine
from diagnostics.measure.samples import times
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Rule, Severity, Sign
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Older(Entry):
    """The current rows are from before the reference."""

    last: datetime = shown(N_("Last row of the current table"), Unit.TIME)
    first: datetime = shown(N_("First row of the reference"), Unit.TIME)
    older: float = shown(N_("Current rows older than the reference"), Unit.SHARE)
    rows: int = shown(N_("Rows in the current table"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class SameRows(Entry):
    """Both tables hold the same rows."""

    rows: int = shown(N_("Rows of either table"), Unit.COUNT)


EXCHANGED: Final = Rule[Older](
    code="CON051",
    title=N_("The two files look exchanged"),
    says=N_(
        "The current rows are older than the reference: they end on {last:time}, and the reference begins on {first:time}. "
        "The two files look exchanged."
    ),
    why=N_("The reference is what the current rows are compared with. The wrong way round, a fault in production looks normal."),
    remedy=N_("Exchange the two files: the older rows, from when all was well, are the reference."),
    statistic=N_("The share of the current rows that are older than the first rows of the reference."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=REFERENCE_FAULT,
    clear=0.97,
    shows=Sign.UNCOMPARED,
    first=True,
    thresholds={"older_at": Shown(N_("Share of older rows from which on the files look exchanged"), Unit.SHARE)},
)
SAME: Final = Rule[SameRows](
    code="CON052",
    title=N_("The same file was given twice"),
    says=N_("The same file was given twice: both tables hold the same {rows:count} rows, so nothing can be compared."),
    why=N_("A table never differs from itself. That nothing was found says nothing about the model."),
    remedy=N_("Give rows from when all was well as the reference, and rows from production as the current table."),
    statistic=N_("Whether every row of one table stands in the other as often, in whatever order."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    shows=Sign.UNCOMPARED,
    first=True,
)
RULES: Final = (EXCHANGED, SAME)

EARLY: Final = 0.01
"""Share of the reference's rows that may be older than its beginning: a stray time does not hide that files are exchanged."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """older: share of the current rows from before the reference's beginning, None without times on both sides."""

    same: bool
    rows: Sides[int]
    older: float | None = None
    last: datetime | None = None
    """Last time of the current rows."""

    first: datetime | None = None
    """First time of the reference, strays left out."""


def profile(incident: Incident) -> Given:
    """Raises NotApplicable without both tables."""
    tables = incident.pair()
    given = Given(same=_same(tables), rows=Sides(tables.reference.rows, tables.current.rows))
    frames = engine.sample(tables.reference, seed=incident.seed), engine.sample(tables.current, seed=incident.seed + 1)
    clocks = [times(frame, incident.roles.timestamp) for frame in frames]
    if clocks[0] is None or clocks[1] is None:
        return given
    before, after = (np.sort(clock[~np.isnat(clock)]) for clock in (clocks[0], clocks[1]))
    if not before.size or not after.size:
        return given
    begins, ends = before[int(EARLY * before.size)], after[int((1 - EARLY) * (after.size - 1))]
    if after[-1] < before[0]:
        begins, ends = before[0], after[-1]
    return Given(
        same=given.same,
        rows=given.rows,
        older=float(np.mean(after < begins)),
        last=ends.item(),
        first=begins.item(),
    )


def judge(p: Given, *, older_at: float = 0.99) -> list[Finding]:
    """Files look exchanged when `older_at` of the current rows are older than all but the first hundredth of the reference's."""
    if p.same:
        return [SAME.found(SameRows(weight=1.0, rows=p.rows.current))]
    if p.older is None or p.last is None or p.first is None or p.older < older_at:
        return []
    return [EXCHANGED.found(Older(weight=1.0, last=p.last, first=p.first, older=p.older, rows=p.rows.current))]


def _same(tables: Sides[Table]) -> bool:
    left, right = tables.reference, tables.current
    if left.rows != right.rows or not left.rows or {c.name: c.kind for c in left} != {c.name: c.kind for c in right}:
        return False
    return left.fingerprint == right.fingerprint or _content(left) == _content(right)


def _content(table: Table) -> tuple[object, ...]:
    """A number for the rows as a whole, whatever their order: the sum and the exclusive or of 64 bits a row."""
    written = ", ".join(f"CAST({table[name].key} AS VARCHAR)" for name in sorted(table.names))
    with engine.connect() as con:
        query = f"SELECT sum(CAST(h AS HUGEINT)), bit_xor(h) FROM (SELECT hash({written}) AS h FROM {engine.relation(table)})"
        return tuple(con.execute(query).fetchall()[0])
