"""What the beginning of a text file says about all of it: delimiter, header, shapes, and whether it looks regular."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read import dialect as dialects
from diagnostics.read import header as headers
from diagnostics.read.binary import too_many_columns
from diagnostics.read.caps import Caps, Options
from diagnostics.read.dialect import Dialect, odd_quotes, strict_cells
from diagnostics.read.records import LINE_ENDS, Layout, count_lines, is_total, rows_named
from diagnostics.read.shapes import column_shape

HEAD: Final = 2**18
LONG_HEAD: Final = 2**22
TAIL: Final = 2**16
WEAK: Final = 1
"""A width that says nothing: then a delimiter is looked for that the list lacks."""


@dataclass(frozen=True)
class Plan:
    """layout: how to read. header_rows, skipped_rows: records of names and before them. regular: DuckDB may read it at once.

    end: what ends a record, as DuckDB wants it stated. shifted: the row of names is one short; see `Header`.
    """

    layout: Layout
    header_rows: int
    skipped_rows: int
    regular: bool
    end: str = "\\n"
    shifted: bool = False


def plan(path: Path, caps: Caps, options: Options) -> Plan:
    """`path` is UTF-8. Raises BadInput when there are no lines or too many columns."""
    head, complete = _head(path, HEAD)
    if not complete and len(LINE_ENDS.findall(head)) < 20:
        head, complete = _head(path, LONG_HEAD)
    if not head.strip():
        raise BadInput(N_("The file holds only blank lines: upload a table with a header and at least one row."))
    above = ""
    if options.skip_rows:
        above, head = _cut(head, options.skip_rows)
        if not head.strip():
            raise BadInput(N_("The file has no more than {rows:count} lines: skip fewer of them."), rows=options.skip_rows)
    dialect = dialects.detect(head, complete=complete, delimiter=options.delimiter)
    if dialect.width <= WEAK and not options.delimiter and (unusual := _unusual(head, complete=complete)):
        dialect = dialects.detect(head, complete=complete, delimiter=unusual)
        if dialect.width <= WEAK:
            dialect = dialects.detect(head, complete=complete)
    if dialect.width > caps.columns:
        raise too_many_columns(dialect.width, caps.columns)
    records = dialects.split_head(head, dialect, complete=complete)
    hint = bool(re.match(r"\"?sep=.\"?\r?\n", head))
    rows = [dialects.strict_cells(record, dialect) for record in records]
    if hint:
        rows[0] = [""] * (dialect.width + 1)
    found = headers.find(rows, dialect.width, stated=options.header_rows, skipped=0 if options.skip_rows is not None else None)
    before = found.skipped + found.rows
    body = [row for row in rows[before:] if row is not None and len(row) == dialect.width]
    body = body[: headers.enough(dialect.width)]
    shapes = tuple(column_shape([row[column] for row in body]) for column in range(dialect.width))
    skipped_lines = len(LINE_ENDS.findall(above))
    layout = Layout(dialect, skipped_lines + count_lines(records[:before]), found.names, shapes, body)
    skipped = sum(1 for record in records[: found.skipped] if record.strip())
    end = _end(records)
    regular = (
        dialect.plain
        and dialect.width > 1
        and len(dialect.delimiter) == 1
        and end in ("\n", "\r\n")
        and layout.lines == skipped_lines + before
        and all(row is not None and len(row) == dialect.width for row in rows[before:])
        and not found.shifted
        and all(record.strip() for record in records[:before])
        and not above
        and _regular_end(path, dialect, body)
        and not (dialect.quote == "" and '"' in head)
        and '="' not in head
    )
    return Plan(layout, found.rows, skipped + skipped_lines, regular, {"\r\n": "\\r\\n"}.get(end, "\\n"), found.shifted)


def _cut(head: str, lines: int) -> tuple[str, str]:
    """The first `lines` lines, and the rest."""
    ends = [match.end() for match in islice(LINE_ENDS.finditer(head), lines)]
    at = ends[-1] if len(ends) == lines else len(head)
    return head[:at], head[at:]


def _end(records: Sequence[str]) -> str:
    """What ends every record of the head, "" where they differ."""
    ends = {record[len(record.rstrip("\r\n")) :] for record in records}
    kinds = {end[:2] if end.startswith("\r\n") else end[:1] for end in ends if end}
    return kinds.pop() if len(kinds) == 1 else ""


def _head(path: Path, size: int) -> tuple[str, bool]:
    with path.open("rb") as stream:
        data = stream.read(size + 1)
    return data[:size].decode("utf-8", errors="ignore").removeprefix("\ufeff"), len(data) <= size


_UNUSUAL: Final = re.compile(r"[^\w\s\"'.,+/-]{1,3}|[þÞ¶ÿ]")


def _unusual(head: str, *, complete: bool) -> str | None:
    """A delimiter that the list lacks: up to three signs that stand in each line of the head as often as in the first one."""
    lines = [line for line in dialects.split_head(head, Dialect("\x1f", quote=""), complete=complete) if line.strip()]
    if len(lines) < 2:
        return None
    counted = [Counter(_UNUSUAL.findall(line)) for line in lines]
    regular = [
        (times, mark)
        for mark, times in counted[0].items()
        if mark not in dialects.DELIMITERS and sum(count[mark] == times for count in counted) >= 0.95 * len(lines)
    ]
    return max(regular)[1] if regular else None


def _regular_end(path: Path, dialect: Dialect, body: Sequence[Sequence[str]]) -> bool:
    """The last lines are rows: no totals, notes or empty rows, which the sequential reader knows how to tell."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - TAIL))
        lines = stream.read().decode("utf-8", errors="ignore").rstrip("\r\n").splitlines()
    if not lines:
        return False
    if dialect.quote and odd_quotes(lines[-1], dialect):
        # The last record spans lines; a note would not.
        return True
    cells = strict_cells(lines[-1], dialect)
    if cells is None or len(cells) != dialect.width or is_total(cells, body):
        return False
    if not cells[0].strip() and rows_named(body):
        # Perhaps sums without a word for them.
        return False
    return sum(bool(cell.strip()) for cell in cells) > max(1, dialect.width // 5)
