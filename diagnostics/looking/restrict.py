"""An incident with the rows and columns of a scope alone."""

from __future__ import annotations

import hashlib
import math
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from diagnostics.looking.scope import Condition, Group, Scope, Test, wants
from diagnostics.measure.engine import connect, literal, relation
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_

KEPT: Final = 20
"""Tables of chosen rows that are kept; the oldest makes room for a new one."""


def condition_sql(condition: Condition, table: Table) -> str:
    """The condition as a SQL expression that is true or false for every row of `table`. Raises BadInput for a bad value."""
    missing = condition.test is Test.MISSING
    if condition.column not in table:
        return "true" if missing else "false"
    column = table[condition.column]
    gone = f"({column.key} IS NULL" + (f" OR isnan({column.key}))" if _fraction(table, condition) else ")")
    if not wants(condition.test):
        return gone if missing else f"NOT {gone}"
    if condition.test is Test.HOLDS:
        asked = f"contains(lower({column.key}::VARCHAR), lower({literal(condition.values[0])}))"
    elif condition.test in (Test.IS, Test.NOT):
        asked = f"{column.key} IN ({', '.join(_value(v, column.kind, condition.column) for v in condition.values)})"
    else:
        sign = ">=" if condition.test is Test.FROM else "<="
        asked = f"{column.key} {sign} {_value(condition.values[0], column.kind, condition.column)}"
    known = f"coalesce(NOT {gone} AND {asked}, false)"
    return f"NOT {known}" if condition.test is Test.NOT else known


def _fraction(table: Table, condition: Condition) -> bool:
    column = table[condition.column]
    return column.kind is Kind.NUMBER and not column.integer


def _value(text: str, kind: Kind, column: str) -> str:
    """A value of a condition as a SQL literal of the column's kind."""
    if kind is Kind.NUMBER:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise BadInput(
                N_("{column:name} holds numbers, and {value:name} is none: write a number."), column=column, value=text
            )
        return f"{number!r}::DOUBLE"
    if kind is Kind.TIME:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadInput(
                N_("{column:name} holds times, and {value:name} is none: write it as 2026-05-12 08:00."),
                column=column,
                value=text,
            ) from None
        return f"TIMESTAMP {literal(moment.replace(tzinfo=None).isoformat(sep=' '))}"
    return literal(text)


def group_sql(group: Group, table: Table) -> str:
    return " OR ".join("(" + " AND ".join(condition_sql(c, table) for c in every) + ")" for every in group.either)


def restrict(incident: Incident, scope: Scope, work: Path) -> Incident:
    """The incident with the rows and columns of `scope` alone; its tables are written into `work`.

    Raises BadInput when no row is left in a table, or when a condition does not fit its column.
    """
    if scope.whole:
        return incident
    tables: dict[str, Table | None] = {}
    for side in ("reference", "current"):
        table: Table | None = getattr(incident, side)
        tables[side] = None if table is None else _restricted(table, side, scope, incident, work)
    roles = replace(incident.roles, segments=tuple(name for name in incident.roles.segments if name not in scope.without))
    return replace(incident, roles=roles, reference=tables["reference"], current=tables["current"])


def _restricted(table: Table, side: str, scope: Scope, incident: Incident, work: Path) -> Table:
    left = set(scope.without) - incident.roles.named
    columns = tuple(column for column in table.columns if column.name not in left)
    asked = [f"({group_sql(scope.group, table)})"] if scope.group is not None else []
    time = incident.roles.timestamp
    if side == "current" and time is not None and time in table and table[time].kind is Kind.TIME:
        key = table[time].key
        if scope.since is not None:
            asked.append(f"{key} >= TIMESTAMP {literal(scope.since.isoformat(sep=' '))}")
        if scope.until is not None:
            asked.append(f"{key} < TIMESTAMP {literal((scope.until + timedelta(days=1)).isoformat(sep=' '))}")
    fingerprint = hashlib.sha256(f"{table.fingerprint}|{asked}|{[c.name for c in columns]}".encode()).hexdigest()
    if not asked:
        return replace(table, columns=columns, fingerprint=fingerprint)
    path = work / f"{side}-{fingerprint[:16]}.parquet"
    with connect() as con:
        if not path.is_file():
            work.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            con.execute(
                f"COPY (SELECT * FROM {relation(table)} WHERE {' AND '.join(asked)}) TO {literal(str(part))} (FORMAT parquet)"
            )
            part.replace(path)
            _tidy(work)
        found = con.execute(f"SELECT count(*) FROM read_parquet({literal(str(path))})").fetchone()
    rows = int(found[0]) if found else 0
    if not rows:
        raise BadInput(
            N_("No row of the {side:term} table is among those you chose: choose more days or a wider group."), side=side
        )
    return replace(table, path=path, columns=columns, rows=rows, fingerprint=fingerprint)


def _tidy(work: Path) -> None:
    files = sorted(work.glob("*.parquet"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for old in files[KEPT:]:
        with suppress(FileNotFoundError):
            old.unlink()
