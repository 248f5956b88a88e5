"""Which characters separate cells and guard them: the reading under which the lines agree and the cells make sense.

After van den Burg, Nazábal and Sutton 2019 (Wrangling messy CSV files by detecting row and type patterns,
doi:10.1007/s10618-019-00646-y): a dialect is scored by how regular the rows are times how many cells have a known type.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from diagnostics.read.shapes import Sort, shape, sort_of

DELIMITERS: Final = (",", ";", "\t", "|", ", ", "; ", " ", "||", "::", ":", "~", "^", "#", "\x1f", "\x01", "~|~", "§", "¦")
HEAD_LINES: Final = 300


@dataclass(frozen=True)
class Dialect:
    """delimiter: one or more characters. quote: "" for none. escape: "" when quotes are doubled, else the character before them.

    collapse: runs of the delimiter count as one, as in columns padded with spaces. width: cells of a regular row.
    """

    delimiter: str
    quote: str = '"'
    escape: str = ""
    collapse: bool = False
    width: int = 1

    @property
    def plain(self) -> bool:
        """DuckDB reads it as it stands."""
        return self.quote in ('"', "") and not self.escape and not self.collapse


_ESCAPED: Final = re.compile(r"\\([\\\"'])")


def normal_line(line: str, dialect: Dialect) -> str:
    """`line` in a dialect of one-character delimiter, doubled quotes and no padding, that Python's csv reads."""
    if dialect.collapse:
        line = re.sub(re.escape(dialect.delimiter) + "+", dialect.delimiter, line.strip(dialect.delimiter + "\r\n"))
    if dialect.escape:
        quote = dialect.quote
        line = _ESCAPED.sub(lambda m: quote * 2 if m[1] == quote else "\\" if m[1] == "\\" else m[0], line)
    if len(dialect.delimiter) > 1:
        line = line.replace(dialect.delimiter, "\x1f")
        if dialect.delimiter.endswith(" "):
            # The last cell of a row may be empty and the line have lost its trailing space.
            line = re.sub(re.escape(dialect.delimiter.rstrip()) + r"(\r?\n?)\Z", "\x1f\\1", line)
    return line


def strict_cells(line: str, dialect: Dialect) -> list[str] | None:
    """Cells of one record by the letter of RFC 4180; None when its quotes are broken."""
    character = "\x1f" if len(dialect.delimiter) > 1 else dialect.delimiter
    quoted = dialect.quote and dialect.quote in line
    try:
        if not quoted:
            return normal_line(line, dialect).rstrip("\r\n").split(character)
        rows = list(csv.reader([normal_line(line, dialect)], delimiter=character, quotechar=dialect.quote, strict=True))
    except csv.Error:
        return None
    if len(rows) != 1:
        return None
    if character == "\x1f" and any("\x1f" in cell for cell in rows[0]):
        return [cell.replace("\x1f", dialect.delimiter) for cell in rows[0]]
    return rows[0]


def split_head(head: str, dialect: Dialect, *, complete: bool) -> list[str]:
    """Records of the head as text, those with line ends in quotes joined; the last one is dropped when it may be cut."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z", head)
    if not complete and lines:
        lines = lines[:-1]
    records: list[str] = []
    at = 0
    while at < len(lines) and len(records) < HEAD_LINES:
        count = _spanned(lines, at, dialect, complete=complete)
        if not count:
            break
        records.append("".join(lines[at : at + count]))
        at += count
    return records


LOOK_AHEAD: Final = 500
"""Lines that a quoted cell may run over before its quote is taken for a stray one: letters and reviews have some hundred."""


def _spanned(lines: list[str], at: int, dialect: Dialect, *, complete: bool) -> int:
    """Lines of the record that begins at `at`: 1 where its quotes do not close well, 0 where the head ends before they do."""
    if not dialect.quote or not odd_quotes(lines[at], dialect):
        return 1
    odd, length = True, len(lines[at])
    for count, line in enumerate(lines[at + 1 : at + 1 + LOOK_AHEAD], start=2):
        length += len(line)
        odd ^= odd_quotes(line, dialect)
        if not odd:
            return count if strict_cells("".join(lines[at : at + count]), dialect) is not None else 1
        if length > 2**18:
            return 1
    return 1 if complete or at + 1 + LOOK_AHEAD <= len(lines) else 0


def odd_quotes(text: str, dialect: Dialect) -> bool:
    if dialect.escape:
        text = text.replace("\\\\", "").replace("\\" + dialect.quote, "")
    return text.count(dialect.quote) % 2 == 1


def detect(head: str, *, complete: bool, delimiter: str | None = None) -> Dialect:
    """The dialect of the decoded beginning of a file; `complete` when it is all of it."""
    hint = re.match(r"\ufeff?\"?sep=(.)\"?\r?\n", head)
    candidates = [delimiter] if delimiter else [hint[1]] if hint else [c for c in DELIMITERS if c in head]
    if hint:
        head = head[hint.end() :]
    if not delimiter and not hint:
        # A character that only ever occurs inside a longer delimiter is none itself.
        inside = {m[0] for m in candidates if len(m) > 1 and head.count(m[0]) == m.count(m[0]) * _whole(head, m)}
        candidates = [c for c in candidates if c not in inside]
        if _named(head, complete=complete):
            # The marks inside times and numbers separate no cells where the row of names lacks them.
            first = next(line for line in head.splitlines() if line.strip())
            candidates = [c for c in candidates if c not in IN_VALUES or c in first]
    best, best_score = Dialect(delimiter or ","), -1.0
    if not delimiter and not hint and _one_column(head, complete=complete):
        return Dialect("\x1f", '"' if '"' in head else "", width=1)
    for character in candidates or [","]:
        # A delimiter that most records lack is none; a blank line is no record.
        records = [record for record in split_head(head, Dialect(character), complete=complete) if record.strip()]
        having = sum(character in record for record in records)
        if not delimiter and having < 0.5 * len(records) and having < 20:
            continue
        for quote in _quotes(head, character, records):
            escapes = ("", "\\") if quote and "\\" + quote in head else ("",)
            for escape in escapes:
                dialect = Dialect(character, quote, escape)
                score, width = _score(head, dialect, complete)
                if score > best_score + 1e-9:
                    best, best_score = replace(dialect, width=width), score
    if " " in head and not delimiter and re.search(r"\S {2,}\S", head):
        padded = Dialect(" ", '"', collapse=True)
        score, width = _score(head, padded, complete)
        if score > best_score + 1e-9 and width > 1:
            best = replace(padded, width=width)
    if best.width == 1 and not delimiter:
        return Dialect("\x1f", '"' if '"' in head else "", width=1)
    return best


def _whole(head: str, delimiter: str) -> int:
    """Occurrences of a delimiter, with those that lost their trailing blank at the end of a line."""
    cut = len(re.findall(re.escape(delimiter.rstrip()) + r"\r?$", head, re.MULTILINE)) if delimiter.endswith(" ") else 0
    return head.count(delimiter) + cut


_OWN_FORM: Final = re.compile(
    r"[\"']?(?:[A-Za-z][\w+.-]*://\S+|[\w.+-]+@[\w-]+\.[\w.-]+|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"
    r"|\d{4}-\d{2}-\d{2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?"
    r"|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}( \d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?)?"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?)[\"']?\Z"
)
"""Addresses, days and clocks: a blank, colon or comma inside them separates no cells."""


def _one_column(head: str, *, complete: bool) -> bool:
    """The lines are values with a form of their own; or one name stands above texts that nothing shows to be cells."""
    lines = [line.strip() for line in split_head(head, Dialect(",", quote=""), complete=complete) if line.strip()]
    below = lines[1:] or lines
    if _named(head, complete=complete):
        return False
    if below and sum(_OWN_FORM.match(line) is not None for line in below) >= 0.9 * len(below):
        return True
    if len(lines) < 2 or not re.fullmatch(r"[\w.-]+", lines[0]) or not re.match(r"\S", head):
        return False
    cells = [cell for line in below for cell in re.split(r"[,;\t|]", line)]
    widths = {len(re.split(r"[,;\t|]", line)) for line in below}
    if widths == {1}:
        return False
    return len(below) <= FEW_RECORDS and all(sort_of(cell) in (Sort.WORD, Sort.TEXT) for cell in cells)


IN_VALUES: Final = (" ", ":")
"""What stands inside times as often as between cells."""


def _named(head: str, *, complete: bool) -> bool:
    """The first line holds names, and a comma, semicolon, tab or bar divides it into as many cells as the lines below."""
    lines = [line.strip("\r\n") for line in split_head(head, Dialect(",", quote=""), complete=complete) if line.strip()]
    if len(lines) < 3 or re.search(r"\d[:.,]\d", lines[0]):
        return False
    counts = {mark: lines[0].count(mark) for mark in ",;\t|" if mark in lines[0]}
    return any(sum(line.count(mark) == count for line in lines[1:]) >= 0.9 * (len(lines) - 1) for mark, count in counts.items())


FEW_RECORDS: Final = 5
"""Records up to which agreement on a number of cells may be chance."""


def _quotes(head: str, delimiter: str, records: list[str]) -> tuple[str, ...]:
    """Double quotes always; single ones where they open and close cells; none where double ones guard no cell."""
    opened = re.search(r"(?:^|" + re.escape(delimiter) + r")'[^'\n]*'(?:" + re.escape(delimiter) + r"|\r?$)", head, re.MULTILINE)
    marked = [record for record in records if '"' in record]
    broken = sum(strict_cells(record, Dialect(delimiter)) is None for record in marked)
    return ('"', *(["'"] if opened else []), *([""] if marked and broken > 0.5 * len(marked) else []))


def _score(head: str, dialect: Dialect, complete: bool) -> tuple[float, int]:
    """(score, modal width): share of records with the modal width, times share of cells of a known sort, favouring width."""
    records = [record for record in split_head(head, dialect, complete=complete) if record.strip()]
    if not records:
        return 0.0, 1
    rows = [strict_cells(record, dialect) for record in records]
    broken = sum(row is None for row in rows)
    widths = Counter(len(row) for row in rows if row is not None)
    if not widths:
        return 0.0, 1
    first = next((len(row) for row in rows if row is not None), 1)
    width = modal_width(widths, first)
    regular = [row for row in rows if row is not None and len(row) == width]
    cells = [cell for row in regular[:100] for cell in row[:100]]
    known = sum(_KNOWN[sort_of(cell)] for cell in cells) / len(cells)
    # A second regular width is half as good: another table, or a part of the rows with a cell too few.
    second = max((count for other, count in widths.items() if other not in (1, width)), default=0)
    share = (len(regular) + 0.5 * second) / len(rows)
    if dialect.delimiter == " " and _texts_with_blanks(rows, width):
        share = max(share, 0.9)
    score = share * (1 - 0.6 / width) * (0.25 + 0.75 * known) * (1 - 0.5 * broken / len(rows))
    if dialect.delimiter == " ":
        # Blanks stand in every text; they separate cells only where numbers or times come out.
        firm = sum(sort_of(cell) in (Sort.NUMBER, Sort.TIME) for cell in cells) / len(cells)
        score *= 0.9 if firm >= 0.25 else 0.45
    stray = sum(bool(dialect.quote) and cell.startswith(dialect.quote) for cell in cells) / len(cells)
    padded = sum(cell.startswith(" ") and len(cell) > 1 for row in regular[:100] for cell in row[1:]) / len(cells)
    return score * (1 - stray) * (1 - 0.05 * padded), width


def _texts_with_blanks(rows: Sequence[Sequence[str] | None], width: int) -> bool:
    """Below a row of as many names, rows have as many cells or more, where a text holds blanks that no quotes guard; the cells to
    the left of the texts are alike.
    """
    first, *below = [row for row in rows if row is not None] or [[]]
    if width < 4 or len(first) != width or len(below) < 5 or any(sort_of(cell) is not Sort.WORD for cell in first):
        return False
    regular = [row for row in below if len(row) == width]
    if len(regular) < 0.2 * len(below) or sum(len(row) >= width for row in below) < 0.95 * len(below):
        return False
    left = [Counter(shape(row[column]) for row in below if len(row) >= width) for column in range(3)]
    return all(max(forms.values()) >= 0.7 * len(below) for forms in left)


_KNOWN: Final = {Sort.EMPTY: 0.7, Sort.NUMBER: 1.0, Sort.TIME: 1.0, Sort.WORD: 0.8, Sort.TEXT: 0.3}


def modal_width(widths: Counter[int], first: int) -> int:
    """The commonest width; of nearly as common ones that of the first line, else the larger: rows rather lose cells."""
    top = max(widths.values())
    common = [width for width, count in widths.items() if count >= 0.8 * top]
    return first if first in common else max(common)
