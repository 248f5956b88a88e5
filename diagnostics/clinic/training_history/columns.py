"""A CSV of numbers, as columns: with caps, gaps and values that are no numbers told apart, and sentences for what cannot be
read.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

BYTES_CAP: Final = 200_000_000
ROWS_CAP: Final = 2_000_000
CELLS_CAP: Final = 20_000_000
COLUMNS_CAP: Final = 2_000
LINE_CAP: Final = 2**20

GAPS: Final = frozenset(("", "na", "n/a", "null", "none", "-", "--"))
NO_NUMBERS: Final = frozenset(
    ("nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity", "1.#inf", "-nan", "1.#qnan", "#num!")
)

TOO_LARGE: Final = N_(
    "{file:name} is larger than {cap:count} MB, which is more than is read of a training history: log every hundredth step, "
    "or give one line per epoch."
)
CUT_OFF: Final = N_("Lines that were cut off and left out: {count:count}.")
NO_HISTORY: Final = N_(
    "{file:name} is no training history that can be read: give a CSV with one line per epoch, trainer_state.json, "
    "the evaluations of XGBoost or LightGBM as JSON, a TensorBoard event file, or the file of the recorder."
)


@dataclass(frozen=True)
class Columns:
    """values: by column, all of one length; NaN for a gap, infinity for what is stated and no number."""

    values: dict[str, NDArray[np.float64]]
    rows: int
    skipped: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.values)


def check_size(file: Path, cap: int = BYTES_CAP) -> None:
    """Raises BadInput for a file beyond the cap, an empty one, and what is no file."""
    size = file.stat().st_size
    if not file.is_file():
        raise BadInput(N_("{file:name} is not a file."), file=file.name)
    if size == 0:
        raise BadInput(N_("{file:name} is empty."), file=file.name)
    if size > cap:
        raise BadInput(TOO_LARGE, file=file.name, cap=cap // 1_000_000)


def read_columns(file: Path) -> Columns:
    """Raises BadInput when the file is no table with a header and at least one column of numbers."""
    check_size(file)
    with file.open("rb") as stream:
        head = stream.read(65536)
    encoding = _encoding(head)
    if encoding == "utf-8" and b"\0" in head:
        raise BadInput(NO_HISTORY, file=file.name)
    with file.open(encoding=encoding, errors="replace", newline="") as text:
        try:
            return _parsed(file, csv.reader(_lines(file, text), delimiter=_delimiter(head.decode(encoding, "replace"))))
        except csv.Error as reason:
            raise BadInput(NO_HISTORY, file=file.name) from reason


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    counts = {mark: header.count(mark) for mark in (",", ";", "\t", "|")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _lines(file: Path, text: Iterator[str]) -> Iterator[str]:
    for line in text:
        if len(line) > LINE_CAP:
            raise BadInput(
                N_("{file:name} has a line of more than a million characters: is it a training history?"), file=file.name
            )
        if line.strip() and not line.startswith("#"):
            yield line


def _parsed(file: Path, reader: Iterator[list[str]]) -> Columns:
    header = [name.strip()[:200] for name in next(reader, [])]
    if len(header) > COLUMNS_CAP:
        raise BadInput(
            N_("{file:name} has more than {cap:count} columns: is it a training history?"), file=file.name, cap=COLUMNS_CAP
        )
    if not header or all(_number(name) is not None for name in header):
        raise BadInput(
            N_("{file:name} has no line with names of columns: put a first line such as epoch,loss,val_loss."), file=file.name
        )
    width = len(header)
    names = _unique(header)
    stored: list[list[float]] = [[] for _ in names]
    text_cells = np.zeros(width, dtype=int)
    rows = skipped = 0
    for cells in itertools.islice(reader, min(ROWS_CAP, CELLS_CAP // width) + 1):
        if len(cells) < 2 <= width:
            skipped += 1  # Cut off in the middle of a line, or a remark between.
            continue
        rows += 1
        for place, column in enumerate(stored):
            cell = cells[place] if place < len(cells) else ""
            value = _number(cell)
            if value is None:
                text_cells[place] += 1
                value = np.nan
            column.append(value)
    if rows > min(ROWS_CAP, CELLS_CAP // width):
        raise BadInput(
            N_("{file:name} has more than {cap:count} lines: log every hundredth step, or give one line per epoch."),
            file=file.name,
            cap=min(ROWS_CAP, CELLS_CAP // width),
        )
    values = {
        name: np.array(column, dtype="float64")
        for name, column, strange in zip(names, stored, text_cells, strict=True)
        if rows and strange <= rows / 2
    }
    if not values:
        raise BadInput(NO_HISTORY, file=file.name)
    return Columns(values, rows, skipped)


def _unique(header: list[str]) -> list[str]:
    taken: dict[str, int] = {}
    names = []
    for place, name in enumerate(header):
        word = name or f"column {place + 1}"
        taken[word] = taken.get(word, 0) + 1
        names.append(word if taken[word] == 1 else f"{word} ({taken[word]})")
    return names


def _number(cell: str) -> float | None:
    """The value; NaN for a gap, infinity for what is stated and no number, None for other text."""
    word = cell.strip()
    try:
        value = float(word)
    except ValueError:
        word = word.lower()
        if word in GAPS:
            return float("nan")
        if word in NO_NUMBERS:
            return float("inf")
        if word.startswith("tensor(") and word.endswith(")"):
            # What str() of a PyTorch tensor gives, logged as it is.
            return _number(word[7:-1].split(",")[0])
        if word.endswith("%"):
            inner = _number(word[:-1])
            return None if inner is None else inner / 100
        if word.count(",") == 1 and word.replace(",", "").lstrip("+-").isdigit():
            return float(word.replace(",", "."))
        return None
    return value if np.isfinite(value) else float("inf")


def header(file: Path) -> tuple[str, ...]:
    """Names of a CSV's columns, from its first line alone; empty for a file that is none."""
    with file.open("rb") as stream:
        head = stream.read(65536)
    encoding = _encoding(head)
    text = head.decode(encoding, "replace")
    line = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if "\0" in line or line.lstrip().startswith(("{", "[")) or "�" in line[:200] or (not line.isprintable() and "\t" not in line):
        return ()
    try:
        names = [name.strip()[:200] for name in next(csv.reader([line], delimiter=_delimiter(text)), [])]
    except csv.Error:
        return ()
    return tuple(_unique(names)) if 1 < len(names) <= COLUMNS_CAP else ()
