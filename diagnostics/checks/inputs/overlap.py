"""Overlap: rows of the current table that stand in the reference as well, beyond what chance explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb
import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import TRAIN_TEST_OVERLAP
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.measure import engine
from diagnostics.measure.onset import since
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class SharedRows(Entry):
    """Current rows that stand in the reference as well. Shares are of the current rows, 0 to 1."""

    share: float = shown(N_("Current rows that the reference has too"), Unit.SHARE)
    expected: float = shown(N_("Share that chance gives"), Unit.SHARE)
    rows: int = shown(N_("Rows at fault"), Unit.COUNT)
    copied: float = shown(N_("Share that chance leaves unexplained"), Unit.SHARE)
    compared: int = shown(N_("Columns compared"), Unit.COUNT)


OVERLAP: Final = Rule[SharedRows](
    code="INP102",
    lane=Lane.DATA,
    title=N_("Current rows stand in the reference as well"),
    says=N_(
        "{share:percent} of the current rows ({rows:count}) stand in the reference as well, equal in all "
        "{compared:count} columns compared; chance would give {expected:percent}."
    ),
    why=N_("A model is graded too kindly on rows that it was trained on: it may know them by heart."),
    remedy=N_(
        "Split by id or by time before anything else, take the shared rows out of the evaluation, and measure the model again "
        "on rows that it has never seen."
    ),
    statistic=N_(
        "Share of current rows that are equal to a reference row in all features and the target; "
        "for comparison, the share of reference rows that have an equal one beside them."
    ),
    source="Kapoor and Narayanan 2023 (leakage L1.4), doi:10.1016/j.patter.2023.100804; Wilson 1927",
    suggests=TRAIN_TEST_OVERLAP,
    clear=0.95,
    thresholds={
        "copied_at": Shown(N_("Share beyond chance that counts"), Unit.SHARE),
        "factor_at": Shown(N_("Times the share that chance gives"), Unit.NUMBER),
        "least_rows": Shown(N_("Shared rows that count"), Unit.COUNT),
        "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
    },
)
RULES: Final = (OVERLAP,)

LEAST: Final = 20
"""Rows on either side, below which no share is worth comparing."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Rows that stand in both tables, counted over every row."""

    shared: Interval
    """Share of the current rows that have an equal one in the reference, with 95% interval."""

    twins: Interval
    """Share of the reference's rows that have an equal one among the other rows of the reference."""

    closer: float
    """How many times commoner twins are within the current table than within as many rows of the reference, at least 1: a
    narrower population meets itself more.
    """

    expected: float
    """Share that chance gives, 0 to 1."""

    rows: int
    """Shared rows."""

    of: Sides[int]
    """Rows of both tables."""

    columns: int
    """How many were compared."""

    since: datetime | None
    """When the shared rows began."""

    @property
    def copied(self) -> float:
        """Share of the current rows that chance leaves unexplained, 0 to 1."""
        return max(0.0, (self.shared.value - self.expected) / max(1e-9, 1 - self.expected))


def profile(incident: Incident) -> Overlap:
    """Every row of both tables is counted.

    Raises NotApplicable without both tables, with fewer than 20 rows on a side, or without a column to compare.
    """
    tables = incident.pair()
    rows = Sides(tables.reference.rows, tables.current.rows)
    if min(rows.reference, rows.current) < LEAST:
        raise NotApplicable(
            N_("Too few rows to look for rows that stand in both tables: at least {least:count} are needed."),
            needs="current",
            least=LEAST,
        )
    with engine.connect() as con:
        names = _compared(incident, tables, con)
        if not names:
            raise NotApplicable(
                N_("The two tables have no column in common, apart from ids, times and predictions."), needs="current"
            )
        for side, table in (("known", tables.reference), ("now", tables.current)):
            # Hashed once: all counts below read eight bytes a row.
            source = engine.relation(table)[:-1] + ", file_row_number=true)"
            con.execute(f"CREATE TEMP TABLE {side} AS SELECT file_row_number AS r, {_hash(table, names)} AS h FROM {source}")
        shared = int(con.execute("SELECT count(*) FROM now WHERE h IN (SELECT h FROM known)").fetchall()[0][0])
        few = min(rows.reference, rows.current)
        twins = _twins(con, "known", rows.reference)
        alike = Sides(_twins(con, "known", few), _twins(con, "now", few))
        began = _since(incident, tables.current, con) if shared else None
    # Five rows on either side, so that a handful of twins makes no ratio.
    closer = max(1.0, (alike.current + 5) / (alike.reference + 5))
    within = intervals.share(twins, rows.reference)
    return Overlap(
        shared=intervals.share(shared, rows.current),
        twins=within,
        closer=closer,
        expected=min(1.0, within.high * closer),
        rows=shared,
        of=rows,
        columns=len(names),
        since=began,
    )


def _compared(incident: Incident, tables: Sides[Table], con: duckdb.DuckDBPyConnection) -> list[str]:
    """Columns whose values make a row what it is: no ids, times or predictions; the target where every current row has one."""
    roles = incident.roles
    chosen = []
    for column in tables.reference:
        name = column.name
        if name in (roles.id, roles.timestamp, roles.prediction) or name not in tables.current:
            continue
        other = tables.current[name]
        if other.kind is not column.kind or column.kind is Kind.TIME:
            continue
        if _numbered(tables, Sides(column, other), con):
            continue
        if name == roles.target and _gaps(tables.current, other, con):
            continue
        chosen.append(name)
    return chosen


def _gaps(table: Table, column: Column, con: duckdb.DuckDBPyConnection) -> bool:
    found = con.execute(f"SELECT count(*) - count({column.key}) FROM {engine.relation(table)}").fetchall()[0][0]
    return int(found) > 0


def _numbered(tables: Sides[Table], column: Sides[Column], con: duckdb.DuckDBPyConnection) -> bool:
    """A column that gives every row a value of its own that the other table lacks: an id that nobody named."""
    if column.reference.kind is Kind.NUMBER and not (column.reference.integer and column.current.integer):
        return False
    left, right = engine.relation(tables.reference), engine.relation(tables.current)
    for source, key in ((left, column.reference.key), (right, column.current.key)):
        # The first rows tell most columns apart without counting all of them.
        distinct, present = con.execute(
            f"SELECT count(DISTINCT v), count(v) FROM (SELECT {key} AS v FROM {source} LIMIT 2000)"
        ).fetchall()[0]
        if int(distinct) < max(LEAST, 0.99 * int(present)):
            return False
    common = con.execute(
        f"SELECT count(*) FROM {right} WHERE {column.current.key} IN (SELECT {column.reference.key} FROM {left})"
    ).fetchall()[0][0]
    return int(common) == 0


def _hash(table: Table, names: Sequence[str]) -> str:
    return "hash(" + ", ".join(_value(table[name]) for name in names) + ")"


def _value(column: Column) -> str:
    # Single precision, because two files seldom write the last digits of the same number alike.
    if column.kind is Kind.NUMBER:
        return f"CASE WHEN {column.key} = 0 THEN 0::FLOAT ELSE TRY_CAST({column.key} AS FLOAT) END"
    return column.key


def _twins(con: duckdb.DuckDBPyConnection, side: str, rows: int) -> int:
    """Rows that are equal to another row of the same table, among `rows` of its rows (spread evenly over the file)."""
    # Golden-ratio steps spread the choice over the file and give the same rows each time.
    chosen = f"SELECT h FROM {side} ORDER BY (r * 0.6180339887498949) % 1.0 LIMIT {int(rows)}"
    query = f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM ({chosen}) GROUP BY h) WHERE n > 1"
    return int(con.execute(query).fetchall()[0][0])


def _since(incident: Incident, table: Table, con: duckdb.DuckDBPyConnection) -> datetime | None:
    stamp = incident.roles.timestamp
    if stamp is None or stamp not in table or table[stamp].kind is not Kind.TIME:
        return None
    step = math.ceil(table.rows / engine.SAMPLE_ROWS)
    source = engine.relation(table)[:-1] + ", file_row_number=true)"
    arrays = con.execute(
        f"SELECT {table[stamp].key} AS t, h IN (SELECT h FROM known) AS f FROM {source} JOIN now ON r = file_row_number "
        f"WHERE r % {step} = 0 ORDER BY r"
    ).fetchnumpy()
    clock = np.ma.asanyarray(arrays["t"])
    when = np.ma.getdata(clock).astype("datetime64[us]")
    when[np.ma.getmaskarray(clock)] = np.datetime64("NaT")
    return since(when, np.ma.getdata(arrays["f"]).astype("float64"), 0.0)


def judge(
    p: Overlap, *, copied_at: float = 0.03, factor_at: float = 1.5, least_rows: int = 10, critical_at: float = 0.2
) -> list[Finding[SharedRows]]:
    """Fires when the rows that chance leaves unexplained are `copied_at` of all and the share exceeds what chance gives by
    `factor_at`, beyond the 95% interval.

    What chance gives is measured, not assumed: each reference row, left out of the reference, meets an equal row as often as a
    new row of the same population would. Where hardly anything but chance is at work (few columns with few values), even many
    shared rows say nothing. All four were chosen on benchmarks/incidents.
    """
    beyond = p.shared.low > p.expected and p.shared.value >= factor_at * p.expected
    if not beyond or p.copied < copied_at or p.rows < least_rows:
        return []
    entry = SharedRows(
        since=p.since,
        weight=float(np.clip(p.copied, 0, 1)),
        share=p.shared.value,
        expected=p.expected,
        rows=p.rows,
        copied=p.copied,
        compared=p.columns,
    )
    return [OVERLAP.found(entry, severity=Severity.CRITICAL if p.copied >= critical_at else Severity.WARNING)]


def offending(incident: Incident, finding: Finding[SharedRows], *, limit: int = 10_000) -> pd.DataFrame:
    """The current rows that stand in the reference too, as `rows.rows_where` gives them."""
    tables = incident.pair()
    with engine.connect() as con:
        names = _compared(incident, tables, con)
    if not names:
        return none(incident)
    keys = Sides(*(_hash(table, names) for table in (tables.reference, tables.current)))
    condition = f"{keys.current} IN (SELECT {keys.reference} FROM {engine.relation(tables.reference)})"
    return rows_where(incident, condition, limit=limit)
