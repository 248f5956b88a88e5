"""Duplicates: rows, batches or ids that come more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import DUPLICATED_ROWS
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.measure import engine
from diagnostics.measure.onset import as_datetime, onset
from diagnostics.measure.samples import times
from diagnostics.measure.undo import Undo
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import CUT_SHORT, Kind, Table
from diagnostics.nouns.words import N_

MIN_BATCH: Final = 20
"""Rows in the same order that chance does not repeat."""

COPIES: Final = 50_000
"""Repeated rows that are pulled to find when and in which order they came."""


@dataclass(frozen=True, kw_only=True)
class Repeated(Entry):
    """Rows, or ids, that an earlier row already has. share, before: of all rows, 0 to 1."""

    column: str
    """The id column; "" without one."""

    rows: int = shown(N_("Repeated rows"), Unit.COUNT)
    share: float = shown(N_("Share of all rows"), Unit.SHARE)
    before: float = shown(N_("Repeated rows in the reference"), Unit.SHARE)
    batch: int = shown(N_("Most of them in one go"), Unit.COUNT)
    """Rows that repeat as many earlier rows in the same order."""

    compared: int = shown(N_("Columns compared"), Unit.COUNT)
    exact: bool
    """Whether the rows are equal in all columns."""

    ids_repeated: int | None = shown(N_("Repeated ids"), Unit.COUNT)
    """None without an id column in both tables."""


def _describe_rows(entry: Repeated) -> str:
    if entry.batch >= MIN_BATCH:
        return N_(
            "{share:percent} of the rows ({rows:count}) repeat an earlier row, up to "
            "{batch:count} in one go; in the reference {before:percent}."
        )
    return N_("{share:percent} of the rows ({rows:count}) repeat an earlier row; in the reference {before:percent}.")


def _clearness_of_rows(entry: Repeated) -> float:
    return 0.95 if entry.exact else 0.8


_THRESHOLDS: Final = {
    "rise_at": Shown(N_("Rise of the share of repeated rows that counts"), Unit.SHARE),
    "factor_at": Shown(N_("Times the share of the reference"), Unit.NUMBER),
    "batch_at": Shown(N_("Rows repeated in one go that count"), Unit.COUNT),
    "critical_at": Shown(N_("Rise that is called critical"), Unit.SHARE),
}

ROWS: Final = Rule[Repeated](
    code="INP100",
    lane=Lane.DATA,
    null=Null.REPEATS,
    title=N_("Rows are repeated"),
    says=_describe_rows,
    why=N_("A batch that arrives twice counts twice in every figure, and its predictions are acted on twice."),
    remedy=N_("Make the delivery idempotent: drop rows whose id or whole content has been seen before."),
    statistic=N_("Rows that are equal to an earlier row, beside the same share in training."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys); Wilson 1927, doi:10.1080/01621459.1927.10502953",
    suggests=DUPLICATED_ROWS,
    clear=_clearness_of_rows,
    thresholds=_THRESHOLDS,
)
IDS: Final = Rule[Repeated](
    code="INP101",
    lane=Lane.DATA,
    title=N_("Ids are repeated"),
    says=N_(
        "{share:percent} of the rows ({rows:count}) have an id in {column:name} that an earlier "
        "row already has; in the reference {before:percent}."
    ),
    why=N_("An id that should name one row names several: a join multiplies rows, or a delivery came twice."),
    remedy=N_("Find the join or the delivery that repeats ids, and keep one row of each."),
    statistic=N_("Rows whose id an earlier row already has."),
    source="Codd 1970, doi:10.1145/362384.362685 (keys)",
    suggests=DUPLICATED_ROWS,
    clear=0.6,
    thresholds=_THRESHOLDS,
)
RULES: Final = (ROWS, IDS)


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Rows equal to an earlier one in the columns compared."""

    counts: Sides[int]
    """Such rows, over the whole tables."""

    of: Sides[int]
    """Rows of the whole tables."""

    batch: Sides[int]
    """Longest stretch of rows that repeats an earlier stretch in order."""

    columns: int
    """How many were compared."""

    since: datetime | None
    """When they began."""


@dataclass(frozen=True)
class Duplicates:
    """exact: all columns. content: without id and time. ids: the id column alone, None where there is none (in both tables)."""

    exact: Repeats
    content: Repeats
    ids: Repeats | None
    id: str | None


def profile(incident: Incident) -> Duplicates:
    """Raises NotApplicable without both tables."""
    tables = incident.pair()
    roles = incident.roles
    shared = [c.name for c in tables.reference if c.name in tables.current]
    content = [name for name in shared if name not in (roles.id, roles.timestamp)] or shared
    with engine.connect() as con:
        exact = _repeats(incident, tables, Sides(tables.reference.names, tables.current.names), con)
        same = _repeats(incident, tables, Sides(content, content), con) if content else exact
        ids = None
        # Ids that a spreadsheet cut short are equal because of that, which says nothing of the rows.
        cut = roles.id in shared and CUT_SHORT in (tables.reference[roles.id].format, tables.current[roles.id].format)
        if roles.id is not None and roles.id in shared and not cut:
            ids = _repeats(incident, tables, Sides([roles.id], [roles.id]), con)
    return Duplicates(exact, same, ids, roles.id)


def _hash(table: Table, names: Sequence[str]) -> str:
    return "hash(" + ", ".join(table[name].key for name in names) + ")"


def _repeats(incident: Incident, tables: Sides[Table], names: Sides[Sequence[str]], con: duckdb.DuckDBPyConnection) -> Repeats:
    counts = []
    for table, columns in ((tables.reference, names.reference), (tables.current, names.current)):
        answer = con.execute(
            f"SELECT count(*) - count(DISTINCT {_hash(table, columns)}) FROM {engine.relation(table)}"
        ).fetchall()
        counts.append(int(answer[0][0]))
    batch, old_batch, since = 0, 0, None
    # Only what may be a finding is looked at row by row.
    if counts[1] > 0 and counts[1] / max(1, tables.current.rows) > counts[0] / max(1, tables.reference.rows):
        batch, since = _copies(incident, tables.current, names.current, con)
        if batch >= MIN_BATCH:
            old_batch, _ = _copies(incident, tables.reference, names.reference, con)
    return Repeats(
        counts=Sides(counts[0], counts[1]),
        of=Sides(tables.reference.rows, tables.current.rows),
        batch=Sides(old_batch, batch),
        columns=len(names.current),
        since=since,
    )


def _copies(
    incident: Incident, table: Table, names: Sequence[str], con: duckdb.DuckDBPyConnection
) -> tuple[int, datetime | None]:
    stamp = incident.roles.timestamp
    timed = stamp is not None and stamp in table and table[stamp].kind is Kind.TIME
    clock = table[stamp].key if timed and stamp is not None else "NULL"
    source = engine.relation(table)[:-1] + ", file_row_number=true)"
    frame = con.execute(
        f"WITH keyed AS (SELECT {_hash(table, names)} AS h, file_row_number AS r, {clock} AS t FROM {source}), "
        "seen AS (SELECT h, min(r) AS origin FROM keyed GROUP BY h HAVING count(*) > 1) "
        f"SELECT r, origin, t FROM keyed JOIN seen USING (h) WHERE r > origin ORDER BY r LIMIT {COPIES}"
    ).df()
    rows, origins = frame["r"].to_numpy("int64"), frame["origin"].to_numpy("int64")
    if not timed:
        return _longest_batch(rows, origins), None
    copied = frame["t"].astype("datetime64[us]").to_numpy("datetime64[us]")
    everything = times(engine.sample(table, seed=incident.seed + 1), stamp)
    if everything is None:
        return _longest_batch(rows, origins), None
    # Copies among all rows: where they begin, their share of the two together rises.
    change = onset(np.concatenate([everything, copied]), np.concatenate([np.zeros(everything.size), np.ones(copied.size)]))
    present = np.sort(copied[~np.isnat(copied)])
    if not present.size:
        return _longest_batch(rows, origins), None
    if change is None or change.after <= change.before:
        return _longest_batch(rows, origins), as_datetime(present[0])
    later = present[present >= np.datetime64(change.since, "us")]
    return _longest_batch(rows, origins), as_datetime(later[0] if later.size else present[0])


def _longest_batch(rows: NDArray[np.int64], origins: NDArray[np.int64]) -> int:
    """Length of the longest stretch of neighbouring rows that are copies of neighbouring rows; shapes (n,)."""
    if not rows.size:
        return 0
    follows = (np.diff(rows) == 1) & (np.diff(origins) == 1)
    breaks = np.concatenate([[-1], np.flatnonzero(~follows), [rows.size - 1]])
    return int(np.diff(breaks).max())


def judge(
    p: Duplicates, *, rise_at: float = 0.01, factor_at: float = 2.0, critical_at: float = 0.2, batch_at: int = MIN_BATCH
) -> list[Finding[Repeated]]:
    """Rows fire when the share of repeated ones exceeds `factor_at` times that of the reference by `rise_at`, beyond its 95%
    interval.

    A table with few columns always repeats rows, the more so the more rows there are: the reference's share is scaled to the
    number of rows before comparing. A batch of `batch_at` rows in the same order, four
    times as long as any of the reference, fires by half of that whatever the factor. All four were chosen on
    benchmarks/incidents.
    """
    chosen = [(ROWS, repeats) for repeats in (p.exact, p.content) if _fires(repeats, rise_at, factor_at, batch_at)][:1]
    ids = p.ids if p.ids is not None and _fires(p.ids, rise_at, factor_at, batch_at) else None
    if ids is not None and not chosen:
        chosen = [(IDS, ids)]
    findings: list[Finding[Repeated]] = []
    for rule, repeats in chosen:
        before = repeats.counts.reference / max(1, repeats.of.reference)
        after = repeats.counts.current / max(1, repeats.of.current)
        entry = Repeated(
            columns=(p.id,) if rule is IDS and p.id else (),
            since=repeats.since,
            weight=float(np.clip(after - before, 0, 1)),
            column=p.id or "",
            rows=repeats.counts.current,
            share=after,
            before=before,
            batch=repeats.batch.current,
            compared=repeats.columns,
            exact=repeats is p.exact,
            ids_repeated=p.ids.counts.current if p.ids else None,
        )
        findings.append(rule.found(entry, severity=Severity.CRITICAL if after - before >= critical_at else Severity.WARNING))
    return findings


def _fires(repeats: Repeats, rise_at: float, factor_at: float, batch_at: int) -> bool:
    if not repeats.of.current or not repeats.of.reference:
        return False
    scale = max(1.0, repeats.of.current / repeats.of.reference)
    expected = repeats.counts.reference / repeats.of.reference * scale
    found = intervals.share(repeats.counts.current, repeats.of.current)
    if repeats.batch.current >= max(batch_at, 4 * repeats.batch.reference) and found.value >= expected + rise_at / 2:
        return True
    wide = intervals.share(repeats.counts.reference, repeats.of.reference).high * scale
    return bool(found.value >= factor_at * expected + rise_at and found.low > wide and repeats.counts.current >= 5)


def undo(finding: Finding[Repeated], incident: Incident) -> Undo:
    """The later ones of equal rows can be left out; of rows that share an id it is unknown which is right."""
    if not finding.of.exact:
        return Undo(leave_out=finding.columns)
    identity = incident.roles.id
    return Undo(
        faulty=lambda frame: frame.drop(columns=[identity] if identity in frame else []).duplicated().to_numpy(dtype=bool)
    )


def offending(incident: Incident, finding: Finding[Repeated], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows that have an equal one, originals and copies together, as `rows.rows_where` gives them."""
    tables = incident.pair()
    table = tables.current
    if finding.rule is IDS and incident.roles.id is not None:
        names: Sequence[str] = [incident.roles.id]
    elif finding.of.exact:
        names = table.names
    else:
        left_out = (incident.roles.id, incident.roles.timestamp)
        names = [n for n in table.names if n in tables.reference and n not in left_out]
    if not names:
        return none(incident)
    key = _hash(table, names)
    condition = f"{key} IN (SELECT {key} FROM {engine.relation(table)} GROUP BY 1 HAVING count(*) > 1)"
    return rows_where(incident, condition, limit=limit)
