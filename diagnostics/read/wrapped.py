"""Text that a program wrapped once more: every line in quotes as a whole, or every cell as a formula that gives its text."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

from diagnostics.read.dialect import Dialect, strict_cells

LINES: Final = 300
_MARKS: Final = ",;\t|"
_FORMULA: Final = re.compile(r"=\"((?:[^\"]|\"\")*)\"\Z")


def in_quotes(head: str) -> bool:
    """Each line is one quoted cell, and what it holds is a record of three cells and more."""
    lines = [line for line in head.splitlines()[:LINES] if line.strip()]
    if len(lines) < 2 or not all(line.startswith('"') and line.rstrip().endswith('"') for line in lines):
        return False
    for mark in _MARKS:
        cells = [strict_cells(line, Dialect(mark)) for line in lines]
        if any(row is None or len(row) != 1 for row in cells):
            return False
    for mark in _MARKS:
        widths = Counter(len(row) if row else 0 for row in (strict_cells(_inside(line), Dialect(mark)) for line in lines))
        width, count = widths.most_common(1)[0]
        if width >= 3 and count >= 0.95 * len(lines):
            return True
    return False


def _inside(line: str) -> str:
    return line.strip()[1:-1].replace('""', '"')


def take_off(source: Path, target: Path) -> None:
    """Write `source` (UTF-8) to `target` without the quotes around its lines."""
    with (
        source.open(encoding="utf-8", errors="replace", newline="") as lines,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        for line in lines:
            bare = line.rstrip("\r\n")
            wrapped = len(bare) > 1 and bare.startswith('"') and bare.endswith('"')
            out.write((_inside(bare) if wrapped else bare) + line[len(bare) :])


def without_formula(cell: str) -> str:
    """The text that a cell such as ="00123" gives, which spreadsheets are made to keep so."""
    found = _FORMULA.match(cell) if cell.startswith('="') else None
    return found[1].replace('""', '"') if found else cell
