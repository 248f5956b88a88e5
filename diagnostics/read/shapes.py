"""What a cell looks like: digits as 9, letters as a, runs of either as one. "28/01/2018" has the shape "9/9/9"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from diagnostics.read.missing import TOKEN_SET


class Sort(IntEnum):
    """How much a cell says about itself."""

    EMPTY = 0
    NUMBER = 1
    TIME = 2
    WORD = 3
    TEXT = 4


_NUMBER: Final = re.compile(r"[+-]?[$€£¥]? ?(\d[\d.,' \u00a0\u202f]*|[.,]\d+)([eE][+-]?\d+)? ?[%$€£¥]?\Z")
_TIME: Final = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[ -/][A-Za-z]{3,9}[ -/,]+\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4})"
    r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2}| ?UTC)?)?\Z|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\Z"
)
_WORD: Final = re.compile(r"[\w@#+./&' -]{1,40}\Z")


def sort_of(cell: str) -> Sort:
    cell = cell.strip()
    if cell in TOKEN_SET:
        return Sort.EMPTY
    if _NUMBER.match(cell):
        return Sort.NUMBER
    if _TIME.match(cell):
        return Sort.TIME
    return Sort.WORD if _WORD.match(cell) else Sort.TEXT


_DIGITS: Final = re.compile(r"\d+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")


def shape(cell: str) -> str:
    """At most 40 characters of shape; long text is all alike."""
    return _LETTERS.sub("a", _DIGITS.sub("9", cell[:200].strip()))[:40]


@dataclass(frozen=True)
class ColumnShape:
    """What the regular rows have in one column.

    rigid: almost all filled cells have one of a few shapes with a digit or sign in them, so that a cell says whether it belongs.
    shapes: those shapes. empty: share of empty cells, between 0 and 1. length: a length that few cells exceed.
    """

    rigid: bool
    shapes: frozenset[str]
    empty: float
    length: int

    def misfit(self, cell: str) -> float:
        """0 for a cell that fits, up to 1 for one that does not belong."""
        if not cell.strip():
            return 0.0 if self.empty > 0.02 else 0.6
        form = shape(cell)
        if form in self.shapes:
            return 0.0
        if self.empty > 0.99:
            return 0.8
        if self.rigid:
            return 1.0
        return 0.25 if len(cell) <= 3 * self.length + 10 else 0.6


def column_shape(cells: Sequence[str]) -> ColumnShape:
    filled = [cell for cell in cells if cell.strip()]
    counts = Counter(shape(cell) for cell in filled)
    common = {form for form, count in counts.items() if count >= max(2, 0.01 * len(filled)) or count == len(filled)}
    covered = sum(counts[form] for form in common)
    plain = all(form in ("a", "a a") for form in common)
    rigid = bool(filled) and covered >= 0.9 * len(filled) and len(common) <= 8 and not plain
    lengths = sorted(len(cell) for cell in filled) or [0]
    empty = 1 - len(filled) / len(cells) if cells else 1.0
    return ColumnShape(rigid, frozenset(common), empty, lengths[int(0.95 * (len(lengths) - 1))])
