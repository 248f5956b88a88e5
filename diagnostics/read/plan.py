"""What the beginning of a text file says about all of it: delimiter, header, shapes, and whether it looks regular."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read import dialect as dialects
from diagnostics.read import header as headers
from diagnostics.read.binary import too_many_columns
from diagnostics.read.caps import Caps, Options
from diagnostics.read.dialect import Dialect
from diagnostics.read.records import LINE_ENDS, Layout, count_lines
from diagnostics.read.shapes import column_shape

HEAD: Final = 2**18
LONG_HEAD: Final = 2**22
TAIL: Final = 2**16
WEAK: Final = 1
"""A width that says nothing: then DuckDB's sniffer is asked for a delimiter that the list here lacks."""


@dataclass(frozen=True)
class Plan:
    """layout: how to read. header_rows, skipped_rows: records of names and before them. regular: DuckDB may read it at once."""

    layout: Layout
    header_rows: int
    skipped_rows: int
    regular: bool


def plan(path: Path, caps: Caps, options: Options) -> Plan:
    """`path` is UTF-8. Raises BadInput when there are no lines or too many columns."""
    head, complete = _head(path, HEAD)
    if not complete and len(LINE_ENDS.findall(head)) < 20:
        head, complete = _head(path, LONG_HEAD)
    if not head.strip():
        raise BadInput(N_("The file holds only blank lines: upload a table with a header and at least one row."))
    dialect = dialects.detect(head, complete=complete, delimiter=options.delimiter)
    if dialect.width <= WEAK and not options.delimiter and (sniffed := _sniffed(path, head)):
        dialect = dialects.detect(head, complete=complete, delimiter=sniffed)
        if dialect.width <= WEAK:
            dialect = dialects.detect(head, complete=complete)
    if dialect.width > caps.columns:
        raise too_many_columns(dialect.width, caps.columns)
    records = dialects.split_head(head, dialect, complete=complete)
    hint = bool(re.match(r"\"?sep=.\"?\r?\n", head))
    rows = [dialects.strict_cells(record, dialect) for record in records]
    if hint:
        rows[0] = [""] * (dialect.width + 1)
    found = headers.find(rows, dialect.width, stated=options.header_rows)
    above = found.skipped + found.rows
    body = [row for row in rows[above:] if row is not None and len(row) == dialect.width]
    shapes = tuple(column_shape([row[column] for row in body]) for column in range(dialect.width))
    layout = Layout(dialect, count_lines(records[:above]), found.names, shapes)
    skipped = sum(1 for record in records[: found.skipped] if record.strip())
    regular = (
        dialect.plain
        and dialect.width > 1
        and len(dialect.delimiter) == 1
        and layout.lines == above
        and all(row is not None and len(row) == dialect.width for row in rows[above:])
        and all(record.strip() for record in records[:above])
        and not re.search(r"\r(?!\n)", head[:-1])
        and _regular_end(path, dialect)
        and not (dialect.quote == "" and '"' in head)
    )
    return Plan(layout, found.rows, skipped, regular)


def _head(path: Path, size: int) -> tuple[str, bool]:
    with path.open("rb") as stream:
        data = stream.read(size + 1)
    return data[:size].decode("utf-8", errors="ignore").removeprefix("\ufeff"), len(data) <= size


def _sniffed(path: Path, head: str) -> str | None:
    """The delimiter that DuckDB's sniffer finds, if it is an unusual one that splits the first lines."""
    with connect() as con:
        try:
            found = con.execute(f"SELECT Delimiter FROM sniff_csv({literal(str(path))}, sample_size=2000)").fetchall()
        except duckdb.Error:
            return None  # The sniffer gives up on what is no table in any dialect; the file is then one column.
    character = str(found[0][0]) if found else ""
    return (
        character
        if character and character in head and not character.isalnum() and character not in ('"', "'", " ", ",")
        else None
    )


def _regular_end(path: Path, dialect: Dialect) -> bool:
    """The last lines are rows: no totals, notes or empty rows, which the sequential reader knows how to tell."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - TAIL))
        lines = stream.read().decode("utf-8", errors="ignore").rstrip("\r\n").splitlines()
    if not lines or '"' in lines[-1]:
        return bool(lines)
    cells = lines[-1].split(dialect.delimiter)
    filled = sum(bool(cell.strip()) for cell in cells)
    return len(cells) == dialect.width and filled > max(1, dialect.width // 5)
