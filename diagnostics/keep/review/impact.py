"""The impact in plain numbers, as far as the tables tell it: rows since the onset, and when that was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from diagnostics.investigation import Investigation
from diagnostics.keep.review.record import Impact, Record
from diagnostics.measure import engine
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.table import Column, Kind
from diagnostics.nouns.words import N_, Words


def impact_of(investigation: Investigation) -> Impact:
    """What the investigation knows: the onset of the likeliest cause, else of the worst finding, and the rows from then on.

    Nothing is known where nothing is wrong; all current rows count where nobody knows since when.
    """
    table = investigation.incident.current
    wrong = [finding for finding in investigation.findings() if finding.severity is not Severity.INFO]
    if not investigation.causes and not wrong:
        return Impact(of_rows=table.rows if table else None)
    dated = [*(cause.since for cause in investigation.causes[:1]), *(finding.since for finding in wrong)]
    since = next((when for when in dated if when is not None), None)
    if table is None:
        return Impact(since=_bare(since))
    rows = table.rows
    name = investigation.incident.roles.timestamp
    column = next((c for c in table if c.name == name and c.kind is Kind.TIME), None)
    if since is not None and column is not None:
        rows = _rows_since(investigation, column, since)
    return Impact(rows, table.rows, _bare(since))


def filled(record: Record, investigation: Investigation) -> Record:
    """`record` with what the investigation knows of the impact where nobody wrote anything, and the title where there is none."""
    held = completed(record, impact_of(investigation))
    return replace(held, title=record.title or investigation.incident.title)


def completed(record: Record, found: Impact) -> Record:
    """`record` with what was `found` of the impact where nobody wrote anything."""
    said, versions = record.impact, record.versions
    impact = Impact(
        said.rows_affected if "impact.rows_affected" in versions else found.rows_affected,
        found.of_rows,
        said.since if "impact.since" in versions else found.since,
        said.until if "impact.until" in versions else found.until,
        said.says,
    )
    return replace(record, impact=impact)


def _rows_since(investigation: Investigation, column: Column, since: datetime) -> int:
    table = investigation.incident.current
    if table is None:
        return 0
    with engine.connect() as con:
        query = f"SELECT count(*) FROM {engine.relation(table)} WHERE {column.key} >= ?"
        found = con.execute(query, [since.replace(tzinfo=None)]).fetchone()
    return int(found[0]) if found else 0


def _bare(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=None) if when else None


def told(impact: Impact, words: Words) -> str:
    """The impact in one sentence, "" where nothing is known."""
    rows, whole, since, until = impact.rows_affected, impact.of_rows, impact.since, impact.until
    if rows is None:
        if since is None:
            return ""
        if until is None:
            return words(N_("Since {since:time}; it is not known how many rows were affected."), since=since)
        says = N_("From {since:time} to {until:time}; it is not known how many rows were affected.")
        return words(says, since=since, until=until)
    if since is None:
        if whole is None:
            return words(N_("{rows:count} rows were affected; it is not known since when."), rows=rows)
        return words(N_("{rows:count} of {whole:count} rows were affected; it is not known since when."), rows=rows, whole=whole)
    if whole is None:
        if until is None:
            return words(N_("{rows:count} rows were affected since {since:time}."), rows=rows, since=since)
        says = N_("{rows:count} rows were affected from {since:time} to {until:time}.")
        return words(says, rows=rows, since=since, until=until)
    if until is None:
        says = N_("{rows:count} of {whole:count} rows were affected since {since:time}.")
        return words(says, rows=rows, whole=whole, since=since)
    says = N_("{rows:count} of {whole:count} rows were affected from {since:time} to {until:time}.")
    return words(says, rows=rows, whole=whole, since=since, until=until)
