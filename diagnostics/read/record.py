"""How a table was read, as the command line gives it: the JSON record, and the table as read."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.incident import Guess, Roles
from diagnostics.nouns.spreadsheet import defused, defused_sql
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.read.binary import relation_of
from diagnostics.read.caps import Caps, Options
from diagnostics.read.container import TYPED, damaged
from diagnostics.read.header import at_edges, unique
from diagnostics.read.plan import plan
from diagnostics.read.reader import as_text, decoded, opened
from diagnostics.read.records import normalise, output_delimiter
from diagnostics.read.typed import Source


def reading_record(table: Table, roles: Roles, words: Words | None = None, guesses: Sequence[Guess] = ()) -> dict[str, Any]:
    """The `read` record of the contract; `role` is null for a feature.

    written: how numbers or times were written where not plainly, by column; missing: what was taken for missing, with its count
    ("" is the empty cell); notes: what was repaired, guessed or left open, in the reader's language. repaired: records with what
    they were and were read as, of which the first ones are listed; guesses: roles with their evidence.
    """
    words = words or Words()
    reading = table.reading
    by_name = {getattr(roles, role): role for role in ("id", "timestamp", "prediction", "target") if getattr(roles, role)}
    by_name = {**dict.fromkeys(roles.segments, "segment"), **by_name}
    return {
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "quote": reading.quote,
        "header_rows": reading.header_rows,
        "skipped_rows": reading.skipped_rows,
        "rows": reading.rows,
        "rejected": [{"line": rejected.line, "reason": words(rejected.reason)} for rejected in reading.rejected],
        "columns": [{"name": c.name, "type": c.kind.value, "role": by_name.get(c.name)} for c in table],
        "written": {c.name: c.format for c in table if c.format},
        "missing": {c.name: dict(c.tokens) for c in table if c.tokens},
        "container": reading.container,
        "rejected_count": reading.rejected_count,
        "sheet": reading.sheet,
        "sheets": list(reading.sheets),
        "notes": [note.statement(words) for note in reading.notes],
        "repaired_count": reading.repaired_count,
        "repaired": [{"line": r.line, "was": r.was, "cells": list(r.cells)} for r in reading.repaired],
        "guesses": [
            {
                "role": guess.role,
                "column": guess.column,
                "evidence": guess.evidence.statement(words),
                "confidence": round(guess.confidence, 2),
            }
            for guess in guesses
        ],
    }


def reading_text(record: Mapping[str, Any], file: str, words: Words) -> str:
    """The record as lines for a person at a terminal."""
    columns = record["columns"]
    said = N_("{file:name}: {rows:count} rows, {columns:count} columns, {encoding}.")
    lines = [
        words(
            said, file=file, rows=record["rows"], columns=len(columns), encoding=record["encoding"] or record["container"] or ""
        )
    ]
    for column in columns:
        how = [column["type"], column["role"] or "", record["written"].get(column["name"], "")]
        lines.append(f"  {shorten(column['name'])}: {', '.join(part for part in how if part)}")
    lines += [f"  {note}" for note in record["notes"]]
    says = N_("Read as missing in {column:name}: {words:list}.")
    for name, tokens in record["missing"].items():
        named = [f"{word or words(N_('empty cell'))} ({count:,})" for word, count in tokens.items()]
        lines.append("  " + words(says, column=name, words=named))
    lines += [f"  {guess['role']}: {shorten(guess['column'])}. {guess['evidence']}" for guess in record["guesses"]]
    said = N_("line {line:count} was repaired: {was:name} was read as {cells:name}")
    lines += [words(said, line=r["line"], was=r["was"], cells=" | ".join(r["cells"])) for r in record["repaired"]]
    if record["rejected_count"]:
        lines.append(words(N_("Rows set aside: {count:count}."), count=record["rejected_count"]))
    lines += [words(N_("line {line:count}: {reason}"), line=r["line"], reason=r["reason"]) for r in record["rejected"]]
    return "\n".join(lines) + "\n"


def write_clean(source: Path, out: Path, *, caps: Caps | None = None, options: Options | None = None) -> None:
    """Write the table as read to `out`: UTF-8, comma, one header row; the texts of the cells unchanged, but for an apostrophe in
    front of what a spreadsheet would run. Raises BadInput.
    """
    caps, options = caps or Caps(), options or Options()
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as folder, connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        try:
            query, names = _texts(con, source, Path(folder), caps, options)
            header = Path(folder) / "header.csv"
            written = ('"' + str(defused(name)).replace('"', '""') + '"' for name in names)
            header.write_text(",".join(written) + "\n", encoding="utf-8")
            body = Path(folder) / "body.csv"
            con.execute(
                f"COPY ({query}) TO {literal(str(body))} (FORMAT csv, HEADER false, DELIMITER ',', FORCE_QUOTE *, NULLSTR '')"
            )
        except duckdb.Error as damage:
            raise damaged(source) from damage
        with out.open("wb") as target:
            for part in (header, body):
                with part.open("rb") as stream:
                    while chunk := stream.read(2**22):
                        target.write(chunk)


def _texts(
    con: duckdb.DuckDBPyConnection, source: Path, folder: Path, caps: Caps, options: Options
) -> tuple[str, tuple[str, ...]]:
    """A query whose columns are the cells as text, "" where there is nothing, and their names."""
    given = source
    source, container, head = opened(source, folder, caps)
    if container in TYPED:
        relation = relation_of(given, source, container, folder, caps)
        described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        keys = [f"c{position}" for position in range(len(described))]
        cells = ", ".join(f"coalesce(CAST({key} AS VARCHAR), '') AS {key}" for key in keys)
        texts = ", ".join(f"{defused_sql(key)} AS {key}" for key in keys)
        query = f"SELECT {texts} FROM (SELECT {cells} FROM {relation} AS given({', '.join(keys)}))"
        return query, tuple(str(row[0]) for row in described)
    text = as_text(given, source, container, head, folder, caps, options)
    if text.path.name != "decoded" and not text.seen.ascii:
        text = decoded(text, folder, caps)
    planned = plan(text.path, caps, replace(options, delimiter=options.delimiter or text.delimiter))
    regular = folder / "regular.csv"
    normalise(text.path, planned.layout, regular, caps)
    width = planned.layout.dialect.width
    names = planned.layout.names or unique((), width)
    keyed = {f"c{position}": "" for position in range(width)}
    relation = Source(regular, output_delimiter(planned.layout.dialect), 0, keyed).sql(caps)
    hollow = [f"c{position}" for position in at_edges(planned.layout.names)]
    if hollow:
        filled = con.execute(
            f"SELECT {', '.join(f'count(nullif(trim({key}), {chr(39) * 2}))' for key in hollow)} FROM {relation}"
        ).fetchall()[0]
        gone = {key for key, count in zip(hollow, filled, strict=True) if not count}
        names = tuple(name for key, name in zip(keyed, names, strict=True) if key not in gone)
        keyed = {key: "" for key in keyed if key not in gone}
    cells = ", ".join(f"coalesce({key}, '') AS {key}" for key in keyed)
    texts = ", ".join(f"{defused_sql(key)} AS {key}" for key in keyed)
    return f"SELECT {texts} FROM (SELECT {cells} FROM {relation})", names
