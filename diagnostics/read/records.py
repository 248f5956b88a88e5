"""A text file with faults, record by record: each is kept, repaired or rejected with its line, none is lost."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Rejected, Repaired
from diagnostics.nouns.words import N_, shorten
from diagnostics.read.caps import Caps
from diagnostics.read.dialect import LOOK_AHEAD, Dialect, odd_quotes, strict_cells
from diagnostics.read.repair import repair
from diagnostics.read.shapes import ColumnShape, Sort, sort_of
from diagnostics.read.wrapped import without_formula

KEPT: Final = 1_000
"""Rejected records that are listed one by one; all are counted."""

SHOWN: Final = 100
"""Repaired records that are kept with what they were and became."""

REPAIRED_AT_MOST: Final = 2_000
TOO_MANY: Final = N_("more cells than the table has columns")
TOO_FEW: Final = N_("fewer cells than the table has columns")
QUOTES: Final = N_("quotes that do not close")
NOTE: Final = N_("a note below the table, not a row")
OTHER_TABLE: Final = N_("another table begins below this one")
AGAIN: Final = N_("the names of the columns once more")
EMPTY: Final = N_("an empty row")
COMMENT: Final = N_("a comment that begins with #")
TOTAL: Final = N_("a total below the table, not a row")


@dataclass
class Tally:
    """What became of the records; grows while they are written."""

    rows: int = 0
    repaired_count: int = 0
    repaired: list[Repaired] = field(default_factory=list)
    rejected_count: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, line: int, reason: str) -> None:
        self.rejected_count += 1
        if len(self.rejected) < KEPT:
            self.rejected.append(Rejected(line, reason))

    def repair(self, line: int, was: str, cells: Sequence[str]) -> None:
        self.repaired_count += 1
        if len(self.repaired) < SHOWN:
            self.repaired.append(Repaired(line, shorten(was.rstrip("\r\n")), tuple(shorten(cell) for cell in cells)))


@dataclass(frozen=True)
class Layout:
    """dialect with its width. lines: physical lines above the first record. names: header cells as written; shapes of columns.

    body: the first regular records.
    """

    dialect: Dialect
    lines: int
    names: tuple[str, ...]
    shapes: tuple[ColumnShape, ...]
    body: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class _Odd:
    """A record that has not the table's width, waiting for what follows it."""

    line: int
    text: str
    cells: list[str] | None


_TOTAL: Final = re.compile(
    r"(?:(?:grand|sub|overall|column)[ -]?)?(?:totals?|sum|average|mean)\b.{0,20}"
    r"|(?:gesamt\w*|summe|insgesamt|total(?:e|es)?|somme|suma|итого)(?: .{0,20})?|合计|总计|小计|合計",
    re.IGNORECASE,
)
_TOTAL_LINE: Final = re.compile(
    r"[\W_]*(?:grand|sub|overall|column|total|sum|aver|mean|gesamt|insges|somme|итого|合|总|小)", re.IGNORECASE
)


def is_total(cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """The first filled cell is a word for a sum, which no other row of the body has in that column; numbers or gaps follow.

    body: rows of the beginning of the table.
    """
    filled = [(position, cell.strip()) for position, cell in enumerate(cells) if cell.strip()]
    if len(filled) < 2 or len(body) < 2 or not _TOTAL.fullmatch(filled[0][1]):
        return False
    position = filled[0][0]
    if any(_TOTAL.fullmatch(row[position].strip()) for row in body if list(row) != list(cells)):
        return False
    return all(sort_of(cell) is Sort.NUMBER for _, cell in filled[1:])


def rows_named(body: Sequence[Sequence[str]]) -> bool:
    """The first cell is filled in all rows but one, at most."""
    return len(body) > 2 and sum(not row[0].strip() for row in body) <= 1


def _number(cell: str, mark: str) -> float | None:
    """The number that `cell` is with that decimal mark, 0 for an empty one, None for none."""
    bare = cell.strip().replace("," if mark == "." else ".", "").replace(mark, ".")
    try:
        return float(bare) if bare else 0.0
    except ValueError:
        return None


def _sums(rows: Iterable[Sequence[str]], positions: Sequence[int], mark: str) -> list[float] | None:
    """The sum of each of these columns, None where a cell is no number."""
    sums = [0.0] * len(positions)
    for row in rows:
        for number, position in enumerate(positions):
            value = _number(row[position], mark)
            if value is None:
                return None
            sums[number] += value
    return sums


def too_many_rows(caps: Caps) -> BadInput:
    return BadInput(N_("The table has more than {cap:count} rows: upload a sample of them or a shorter period."), cap=caps.rows)


def output_delimiter(dialect: Dialect) -> str:
    return "\x1f" if len(dialect.delimiter) > 1 or dialect.collapse else dialect.delimiter


def written(cells: Sequence[str], delimiter: str) -> str:
    return delimiter.join(['"' + without_formula(cell).replace('"', '""') + '"' for cell in cells]) + "\n"


def normalise(source: Path, layout: Layout, target: Path, caps: Caps) -> Tally:
    """Write the records of `source` (UTF-8) to `target`: same width, one delimiter, doubled quotes, no header.

    Raises BadInput when there are more rows than the cap.
    """
    with (
        source.open(encoding="utf-8", errors="replace", newline="") as lines,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        return _Writer(layout, out, caps).run(lines)


class _Writer:
    """One pass over the lines."""

    def __init__(self, layout: Layout, out: TextIO, caps: Caps) -> None:
        self.layout, self.out, self.caps = layout, out, caps
        self.dialect, self.width = layout.dialect, layout.dialect.width
        self.delimiter = output_delimiter(layout.dialect)
        self.tally = Tally()
        self.waiting: list[_Odd] = []
        self.sparse: list[tuple[int, list[str]]] = []
        self.names = [name.strip() for name in layout.names]
        self.hashes = bool(layout.shapes) and any(form.startswith("#") for form in layout.shapes[0].shapes)

    def run(self, lines: TextIO) -> Tally:
        quote, plain, last = self.dialect.quote, self.dialect.plain, self.width - 1
        separator, twice = self.dialect.delimiter, self.dialect.delimiter * 2
        fast = plain and len(separator) == 1 and self.width > 1
        first_name = self.names[0] if self.names else ""
        source = _Lines(lines, self.layout.lines)
        for line in source:
            # Most lines: no quote, the right number of cells, not sparse. They pass as they are.
            plainly = fast and '"' not in line and line.count(separator) == last and twice not in line and "\0" not in line
            if plainly and not (line.startswith(separator) or _TOTAL_LINE.match(line)):
                if first_name and line.startswith(first_name) and self._is_header(line.rstrip("\r\n").split(separator)):
                    self.tally.reject(source.number, AGAIN)
                    continue
                if self.waiting or self.sparse:
                    self._settle()
                self._count()
                self.out.write(line.rstrip("\r\n") + "\n")
                continue
            if (self.width > 1 and not line.strip()) or line.rstrip("\r\n") == "\x1a":
                # A blank line is no record, nor is the mark with which DOS ended files.
                continue
            number = source.number
            text = self._whole(line, source) if quote and quote in line else line
            self._record(number, text)
        self._settle(ended=True)
        return self.tally

    def _whole(self, line: str, source: _Lines) -> str:
        """`line` with those that follow, when a quoted cell runs over them and the record is whole after that."""
        if not odd_quotes(line, self.dialect):
            return line
        text = line
        for count, following in enumerate(source.peek(LOOK_AHEAD), start=1):
            text += following
            if len(text) > self.caps.line:
                break
            if not odd_quotes(text, self.dialect):
                cells = strict_cells(text, self.dialect)
                if cells is not None and len(cells) == self.width:
                    source.take(count)
                    return text
                if cells is None:
                    break
        return line

    def _record(self, number: int, text: str) -> None:
        cells = strict_cells(text, self.dialect)
        if cells is None or len(cells) != self.width:
            self.waiting.append(_Odd(number, text, cells))
            if len(self.waiting) >= 5_000:
                self._settle()
            return
        if self._is_header(cells):
            self.tally.reject(number, AGAIN)
            return
        filled = sum(1 for cell in cells if cell.strip())
        lone = self.width == 2 and filled == 1 and bool(cells[0].strip())
        sparse = filled == 0 or lone or (self.width >= 3 and filled <= max(1, self.width // 5))
        if sparse or is_total(cells, self.layout.body) or self._nameless(cells):
            self.sparse.append((number, cells))
            if len(self.sparse) >= 5_000:
                self._settle()
            return
        if self.waiting or self.sparse:
            self._settle()
        self._write(cells)

    def _nameless(self, cells: Sequence[str]) -> bool:
        """Numbers alone, without the first cell that every other row has: perhaps their sums."""
        filled = [cell for cell in cells if cell.strip()]
        named = not cells[0].strip() and rows_named(self.layout.body)
        return named and self.width >= 3 and bool(filled) and all(sort_of(cell) is Sort.NUMBER for cell in filled)

    def _is_sum(self, cells: Sequence[str]) -> bool:
        """Each of the numbers is the sum of its column, over more than one row."""
        if not self._nameless(cells) or self.tally.rows < 2:
            return False
        positions = [position for position, cell in enumerate(cells) if cell.strip()]
        self.out.flush()
        for mark in ".,":
            with open(self.out.name, encoding="utf-8", newline="") as rows:
                sums = _sums(csv.reader(rows, delimiter=self.delimiter), positions, mark)
            stated = [_number(cells[position], mark) for position in positions]
            # Sums are printed with the digits of a cell, so that each row may bring half of the last one.
            if sums and all(s is not None and abs(s - t) <= 1e-9 * abs(t) + 0.005 for s, t in zip(stated, sums, strict=True)):
                return True
        return False

    def _is_header(self, cells: Sequence[str]) -> bool:
        return bool(self.names) and self.width > 1 and [cell.strip() for cell in cells] == self.names

    def _count(self) -> None:
        self.tally.rows += 1
        if self.tally.rows > self.caps.rows:
            raise too_many_rows(self.caps)

    def _write(self, cells: Sequence[str]) -> None:
        self._count()
        self.out.write(written(cells, self.delimiter))

    def _settle(self, *, ended: bool = False) -> None:
        """Decide on the records that waited, now that what follows is known."""
        waiting, sparse = self.waiting, self.sparse
        self.waiting, self.sparse = [], []
        if len(waiting) >= 3 and self._other_table(waiting):
            for odd in waiting:
                self.tally.reject(odd.line, OTHER_TABLE)
            waiting = []
        tail_notes = ended and self.tally.rows > 0
        merged: list[tuple[int, _Odd | list[str]]] = [(odd.line, odd) for odd in waiting]
        merged += [(line, cells) for line, cells in sparse]
        merged.sort(key=lambda item: item[0])
        for line, item in merged:
            if isinstance(item, _Odd):
                self._repair(item, at_end=tail_notes and len(merged) <= 10)
            elif not any(cell.strip() for cell in item) and (tail_notes or self.width > 1):
                self.tally.reject(line, EMPTY)
            elif tail_notes and (is_total(item, self.layout.body) or self._is_sum(item)):
                self.tally.reject(line, TOTAL)
            elif tail_notes and len(merged) <= 10 and not _like_row(item, self.layout.shapes):
                self.tally.reject(line, NOTE)
            else:
                self._write(item)

    def _other_table(self, waiting: Sequence[_Odd]) -> bool:
        """A run of records of one other width, under a line of names."""
        widths = [len(odd.cells) for odd in waiting if odd.cells]
        if not widths:
            return False
        common = max(set(widths), key=widths.count)
        if common < 2 or common == self.width or widths.count(common) < max(3, 0.7 * len(waiting)):
            return False
        first = next(odd.cells for odd in waiting if odd.cells and len(odd.cells) == common)
        shared = len({cell.strip() for cell in first} & set(self.names))
        return shared >= 0.5 * common or all(sort_of(cell) in (Sort.WORD, Sort.TEXT) for cell in first)

    def _repair(self, odd: _Odd, *, at_end: bool) -> None:
        cells = odd.cells
        if self.width > 1 and odd.text.lstrip().startswith("#") and not self.hashes:
            self.tally.reject(odd.line, COMMENT)
            return
        if (
            at_end
            and cells is not None
            and sum(bool(cell.strip()) for cell in cells) <= max(1, self.width // 4)
            and self.width > 2
        ):
            self.tally.reject(odd.line, NOTE)
            return
        if self.width == 1:
            # One column has no delimiter to get wrong: the line is the cell.
            self.tally.repair(odd.line, odd.text, [odd.text.rstrip("\r\n")])
            self._write([odd.text.rstrip("\r\n")])
            return
        if self.tally.repaired_count < REPAIRED_AT_MOST:
            found = repair(odd.text, self.dialect, self.layout.shapes)
            if found is not None:
                self.tally.repair(odd.line, odd.text, found)
                self._write(found)
                return
        reason = QUOTES if cells is None else TOO_MANY if len(cells) > self.width else TOO_FEW
        self.tally.reject(odd.line, reason)


def _like_row(cells: Sequence[str], shapes: Sequence[ColumnShape]) -> bool:
    """A sparse row whose few cells suit their columns."""
    pairs = [(cell, form) for cell, form in zip(cells, shapes, strict=True) if cell.strip()]
    return all(form.misfit(cell) == 0.0 for cell, form in pairs)


class _Lines(Iterator[str]):
    """Physical lines with their number, and a look at those that follow."""

    def __init__(self, lines: TextIO, skip: int) -> None:
        self.lines = lines
        self.ahead: list[str] = []
        self.number = 0
        for _ in islice(lines, skip):
            self.number += 1

    def __next__(self) -> str:
        line = self.ahead.pop(0) if self.ahead else next(self.lines)
        self.number += 1
        return line

    def peek(self, count: int) -> Iterator[str]:
        for index in range(count):
            if index >= len(self.ahead):
                line = next(self.lines, None)
                if line is None:
                    return
                self.ahead.append(line)
            yield self.ahead[index]

    def take(self, count: int) -> None:
        del self.ahead[:count]
        self.number += count


LINE_ENDS: Final = re.compile(r"\r\n|\n|\r")


def count_lines(records: Sequence[str]) -> int:
    """Physical lines that `records` span."""
    return sum(len(LINE_ENDS.findall(record)) or 1 for record in records)
