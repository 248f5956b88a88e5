"""A record that does not have the table's number of cells: the cheapest reading under which every cell suits its column.

A shortest path over (position in the line, column). Steps are cells: quoted, literal, joined over a delimiter that should
have been quoted, cut where a delimiter is missing, an empty cell too many left out. Each departure from the dialect costs
about 1, as does a cell whose shape its column never has.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from diagnostics.read.dialect import Dialect, normal_line
from diagnostics.read.shapes import ColumnShape

OTHER_DELIMITERS: Final = (",", ";", "\t", "|", " ")
MAX_STEPS: Final = 6_000
MAX_LENGTH: Final = 20_000

MISSING_DELIMITER: Final = 1.0
EXTRA_DELIMITER: Final = 0.9
STRAY_QUOTE: Final = 0.6
OTHER_DIALECT: Final = 0.8


def repair(line: str, dialect: Dialect, shapes: Sequence[ColumnShape], *, limit: float = 2.0) -> list[str] | None:
    """Cells of the record, shape (len(shapes),), or None when no reading costs less than `limit` beyond loose columns."""
    if len(line) > MAX_LENGTH or len(shapes) > 300:
        return None
    allowed = limit + 0.25 * sum(not form.rigid for form in shapes)
    best: tuple[float, list[str]] | None = None
    text = normal_line(line, dialect).rstrip("\r\n")
    character = "\x1f" if len(dialect.delimiter) > 1 else dialect.delimiter
    readings = [(character, dialect.quote, text, 0.0)]
    if text.count(character) + 1 <= max(1, len(shapes) // 3):
        for other in OTHER_DELIMITERS:
            if other != character and other in text:
                plain = normal_line(line, replace(dialect, delimiter=other)).rstrip("\r\n")
                readings.append((other, dialect.quote or '"', plain, OTHER_DIALECT))
    for delimiter, quote, written, cost in readings:
        found = _shortest(written, delimiter, quote, shapes, allowed - cost)
        if found is not None and (best is None or found[0] + cost < best[0]):
            best = (found[0] + cost, found[1])
    return best[1] if best else None


def _shortest(
    text: str, delimiter: str, quote: str, shapes: Sequence[ColumnShape], allowed: float
) -> tuple[float, list[str]] | None:
    end, width = len(text), len(shapes)
    queue: list[tuple[float, int, int]] = [(0.0, 0, 0)]
    known = {(0, 0): 0.0}
    came: dict[tuple[int, int], tuple[tuple[int, int], str | None]] = {}
    for _ in range(MAX_STEPS):
        if not queue:
            return None
        # Of equally cheap readings the one furthest to the right, or the search would widen before it deepens.
        cost, negative, column = heapq.heappop(queue)
        position = -negative
        if cost > known[(position, column)]:
            continue
        if position == end + 1 and column == width:
            return cost, _trace(came, (position, column))
        for cell, following, extra in _steps(text, position, column, delimiter, quote, shapes):
            total = cost + extra
            state = (following, column if cell is None else column + 1)
            if total <= allowed and total < known.get(state, allowed + 1):
                known[state] = total
                came[state] = ((position, column), cell)
                heapq.heappush(queue, (total, -following, state[1]))
    return None


def _trace(came: dict[tuple[int, int], tuple[tuple[int, int], str | None]], state: tuple[int, int]) -> list[str]:
    cells: list[str] = []
    while state != (0, 0):
        state, cell = came[state]
        if cell is not None:
            cells.append(cell)
    return cells[::-1]


def _steps(
    text: str, position: int, column: int, delimiter: str, quote: str, shapes: Sequence[ColumnShape]
) -> Iterator[tuple[str | None, int, float]]:
    """(cell, or None for one left out; where the next begins; what it costs)."""
    end, width = len(text), len(shapes)
    if position > end:
        # Cells are missing at the end of the line.
        if column < width:
            first = MISSING_DELIMITER if column and column == width else 0.5
            yield "", position, (first if column else 2.0) + 0.2 * shapes[column].misfit("")
        return
    until = text.find(delimiter, position)
    until = end if until < 0 else until
    if not text[position:until].strip() and (until < end or position > 0):
        yield None, until + 1, EXTRA_DELIMITER
    if column == width:
        return
    form = shapes[column]
    yield from _quoted(text, position, delimiter, quote, form)
    cell = text[position:until]
    marks = cell.count(quote) if quote else 0
    stray = (STRAY_QUOTE + 0.1 if cell.startswith(quote) else 0.2) if marks else 0.0
    yield cell, until + 1, form.misfit(cell) + stray
    if marks and (mark := text.find(quote, position + 1, until)) > 0:
        yield text[position:mark], mark, form.misfit(text[position:mark]) + MISSING_DELIMITER
    joined = until
    for count in range(1, 9):
        if joined >= end:
            break
        joined = text.find(delimiter, joined + 1)
        joined = end if joined < 0 else joined
        longer = text[position:joined]
        price = 0.12 if delimiter == " " else EXTRA_DELIMITER + 0.3 * (count - 1)
        if form.rigid and form.misfit(longer):
            continue
        yield longer, joined + 1, form.misfit(longer) + (price * count if delimiter == " " else price) + 0.3 * longer.count(quote)
    if form.rigid and not marks:
        for cut in range(position + 1, min(until, position + 40)):
            if form.misfit(text[position:cut]) == 0.0:
                yield text[position:cut], cut, MISSING_DELIMITER


def _quoted(text: str, position: int, delimiter: str, quote: str, form: ColumnShape) -> Iterator[tuple[str, int, float]]:
    begin = position
    while begin < len(text) and text[begin] == " " and delimiter != " ":
        begin += 1
    if not quote or not text.startswith(quote, begin):
        return
    mark, offered = begin, 0
    while offered < 6 and (mark := text.find(quote, mark + 1)) > 0:
        inner = text[begin + 1 : mark]
        closes = mark + 1 == len(text) or text.startswith(delimiter, mark + 1)
        if closes:
            offered += 1
            lone = inner.replace(quote * 2, "").count(quote)
            cell = inner.replace(quote * 2, quote)
            # A cell that begins or ends with half of a doubled quote reads its outer one as stray.
            yield cell, mark + 2, form.misfit(cell) + STRAY_QUOTE * lone
        elif text.startswith(quote, mark + 1) and mark + 2 < len(text) and not text.startswith((delimiter, quote), mark + 2):
            cell = inner.replace(quote * 2, quote)
            if inner.replace(quote * 2, "").count(quote) == 0:
                offered += 1
                yield cell, mark + 1, form.misfit(cell) + MISSING_DELIMITER
