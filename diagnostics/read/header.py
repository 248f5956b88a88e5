"""Where a table begins: lines before it, rows of names, first record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from diagnostics.read.shapes import ColumnShape, Sort, column_shape, sort_of

MAX_HEADER_ROWS: Final = 4
MAX_PREAMBLE: Final = 60


@dataclass(frozen=True)
class Header:
    """skipped: records before the table. rows: records of names. names: one per column, as written (joined), not yet unique.

    shifted: the row of names was one short, and its names belong to the last columns.
    """

    skipped: int
    rows: int
    names: tuple[str, ...]
    shifted: bool = False


ROW_NAME: Final = "row_name"
"""What a column of row names is called that the header leaves out."""


def find(rows: Sequence[Sequence[str] | None], width: int, *, stated: int | None = None, skipped: int | None = None) -> Header:
    """`rows`: cells of the first records, None for those that cannot be split.

    stated: number of header rows when known; skipped: of records above them when known.
    """
    start = _start(rows, width) if skipped is None else skipped
    table = [row for row in rows[start:] if row is not None and len(row) == width]
    if not table:
        return Header(start, 0, ())
    body = (table[min(MAX_HEADER_ROWS + 1, len(table) // 2) :] or table)[: enough(width)]
    shapes = [column_shape([row[column] for row in body]) for column in range(width)]
    kinds = [_kind([row[column] for row in body]) for column in range(width)]
    count = _count(rows[start:], table, shapes, kinds, width) if stated is None else stated
    # Names come from the first records one after the other; a broken one among them ends the header.
    named = [row for row in rows[start : start + count] if row is not None]
    if len(named) == 1 and len(named[0]) == width - 1 and _row_names(table, width):
        return Header(start, count, _join([[ROW_NAME, *named[0]]]), shifted=True)
    return Header(start, count, _join([_padded(row, width) for row in named]))


def enough(width: int) -> int:
    """Records that tell what the columns look like: fewer where there are many columns."""
    return max(30, 60_000 // width)


def _row_names(table: Sequence[Sequence[str]], width: int) -> bool:
    """The first column could name the rows, as R writes them: filled, all different, and the last one is no empty leftover."""
    first = [row[0].strip() for row in table if len(row) == width]
    return len(first) >= 2 and all(first) and len(set(first)) == len(first) and any(row[-1].strip() for row in table)


def _padded(row: Sequence[str], width: int) -> list[str]:
    return [*row, *[""] * width][:width]


def _start(rows: Sequence[Sequence[str] | None], width: int) -> int:
    """Index of the first record of the table: before it stand titles, comments and empty lines."""
    if width == 1:
        for index, row in enumerate(rows[:MAX_PREAMBLE]):
            if row is None or (row and row[0].strip() and not row[0].lstrip().startswith("# ")):
                return index
        return 0
    for index, row in enumerate(rows[:MAX_PREAMBLE]):
        if row is None or len(row) != width:
            # A first line that is a little off is a broken header, not a title.
            if index == 0 and row is not None and len(row) > 1 and abs(len(row) - width) <= 1 and _texts(row):
                following = [other for other in rows[1:4] if other is not None]
                if following and all(len(other) == width for other in following):
                    return 0
            continue
        filled = sum(bool(cell.strip()) for cell in row)
        if row[0].lstrip().startswith("#") and _next_is_header(rows, index, width):
            continue
        if width >= 3 and filled <= max(1, width // 5) and _later_fuller(rows, index, width, filled):
            continue
        if width == 2 and (filled == 0 or _title_of_two(rows, index)):
            continue
        return index
    return 0


def _title_of_two(rows: Sequence[Sequence[str] | None], index: int) -> bool:
    """A lone text above a later row of two names."""
    row = rows[index]
    if row is None or not row[0].strip() or row[1].strip():
        return False
    later = [other for other in rows[index + 1 : index + 8] if other is not None and len(other) == 2]
    return any(_texts(other) and all(cell.strip() for cell in other) for other in later)


def _next_is_header(rows: Sequence[Sequence[str] | None], index: int, width: int) -> bool:
    """A line that begins with # is a comment only when what follows could be the names."""
    after = rows[index + 1] if index + 1 < len(rows) else None
    return after is not None and len(after) == width and _texts(after) and not after[0].lstrip().startswith("#")


def _later_fuller(rows: Sequence[Sequence[str] | None], index: int, width: int, filled: int) -> bool:
    later = [sum(bool(c.strip()) for c in row) for row in rows[index + 1 : index + 8] if row is not None and len(row) == width]
    return bool(later) and max(later) >= max(filled + 1, width // 2)


def _texts(row: Sequence[str]) -> bool:
    return all(sort_of(cell) in (Sort.WORD, Sort.TEXT, Sort.EMPTY) for cell in row) and any(cell.strip() for cell in row)


def _kind(cells: Sequence[str]) -> Sort | None:
    """NUMBER or TIME when nearly all filled cells are; else None."""
    found = [sort for cell in cells if (sort := sort_of(cell)) is not Sort.EMPTY]
    for sort in (Sort.NUMBER, Sort.TIME):
        if found and sum(other is sort for other in found) >= 0.8 * len(found):
            return sort
    return None


def _count(
    rows: Sequence[Sequence[str] | None],
    table: Sequence[Sequence[str]],
    shapes: Sequence[ColumnShape],
    kinds: Sequence[Sort | None],
    width: int,
) -> int:
    """Number of header rows."""
    first = _padded(rows[0] or [], width)
    if len(table) == 1 and rows[0] is not None:
        return 1 if _texts(first) and len({cell.strip() for cell in first}) == width else 0
    if not _is_header(first, shapes, kinds, table, first=True):
        return 0
    count = 1
    for row in rows[1 : min(MAX_HEADER_ROWS, len(rows) - 1)]:
        if row is None or len(row) != width or not (_ruled(row) or _is_header(row, shapes, kinds, table, first=False)):
            break
        count += 1
    return count


def _is_header(
    row: Sequence[str],
    shapes: Sequence[ColumnShape],
    kinds: Sequence[Sort | None],
    table: Sequence[Sequence[str]],
    *,
    first: bool,
) -> bool:
    against = favour = 0
    for cell, form, kind in zip(row, shapes, kinds, strict=True):
        sort = sort_of(cell)
        if sort is Sort.EMPTY:
            continue
        if kind is not None:
            if sort is kind:
                against += 1
            elif not any(c.isdigit() for c in cell) or first:
                favour += 1
        elif form.rigid and form.empty < 0.5 and all("9" in known for known in form.shapes):
            if cell.strip() and shape_fits(form, cell):
                against += 1
            elif not any(c.isdigit() for c in cell):
                favour += 1
    if first and against and _years(row, kinds):
        return True
    if favour or against:
        return favour > 2 * against if first else favour >= 1 and against == 0
    if not first:
        return False
    # Text all over: names are filled, unlike each other, unlike what stands below them, and short.
    names = [cell.strip() for cell in row]
    filled = [name for name in names if name]
    below = [{other[column] for other in table[1:]} for column in range(len(row))]
    repeated = sum(cell in seen for cell, seen in zip(row, below, strict=True) if cell.strip())
    if not filled or any(sort_of(name) in (Sort.NUMBER, Sort.TIME) for name in filled):
        return False
    return len(set(filled)) == len(filled) and len(filled) >= 0.5 * len(names) and repeated <= 0.2 * len(filled)


def shape_fits(form: ColumnShape, cell: str) -> bool:
    return any(c.isdigit() for c in cell) and form.misfit(cell) == 0.0


def _years(row: Sequence[str], kinds: Sequence[Sort | None]) -> bool:
    """Names such as country, 2019, 2020, 2021."""
    numbers = [cell.strip() for cell, kind in zip(row, kinds, strict=True) if kind is Sort.NUMBER]
    years = [int(cell) for cell in numbers if re.fullmatch(r"(19|20)\d\d", cell)]
    return len(years) >= 2 and len(years) == len(numbers) and all(b - a == 1 for a, b in pairwise(years))


def _join(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Names over several rows, joined from the top; a gap in an upper row belongs to the name on its left.

    Rules that a program draws below the names, and a row that gives types, are no part of them.
    """
    if not rows:
        return ()
    rows = [rows[0], *(row for row in rows[1:] if not _types(row))]
    rows = [rows[0], *(["" if _RULE.fullmatch(cell.strip()) else cell for cell in row] for row in rows[1:])]
    filled: list[list[str]] = []
    for position, row in enumerate(rows):
        cells = [" ".join(cell.split()) for cell in row]
        if position < len(rows) - 1 and cells[0]:
            for column in range(1, len(cells)):
                cells[column] = cells[column] or cells[column - 1]
        filled.append(cells)
    return tuple(" ".join(part for part in parts if part) for parts in zip(*filled, strict=True))


_RULE: Final = re.compile(r"[-=_+:*~|]+")
_TYPE: Final = re.compile(
    r"(?:string|str|text|(?:var)?char|int(?:eger|8|16|32|64)?|bigint|long|float(?:32|64)?|double|decimal|numeric|number|real|bool(?:ean)?"
    r"|date|datetime|timestamp|time|category|factor|object|nominal)(?:\(\d+(?:, ?\d+)?\))?",
    re.IGNORECASE,
)


def _ruled(row: Sequence[str]) -> bool:
    """A line drawn below the names: signs of at least two in all cells that are filled."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return bool(filled) and all(len(cell) > 1 and _RULE.fullmatch(cell) for cell in filled)


def _types(row: Sequence[str]) -> bool:
    """Every cell is the name of a type."""
    return all(_TYPE.fullmatch(cell.strip()) for cell in row)


def at_edges(names: Sequence[str]) -> list[int]:
    """Positions of the nameless columns before the first and behind the last name."""
    named = [position for position, name in enumerate(names) if name]
    return [position for position in range(len(names)) if named and not named[0] <= position <= named[-1]]


def unique(names: Sequence[str], width: int) -> tuple[str, ...]:
    """A name for every column: empty ones by position, repeated ones numbered."""
    taken: set[str] = set()
    result = []
    wanted = {name for name in names if name}
    for position in range(width):
        base = (names[position] if position < len(names) else "") or f"column_{position + 1}"
        name, number = base, 1
        while name in taken or (number > 1 and name in wanted):
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        result.append(name)
    return tuple(result)
