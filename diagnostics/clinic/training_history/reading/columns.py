"""Columns of numbers and of labels, and how they are read from a text table; sentences for what cannot be read."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

BYTES_CAP: Final = 200_000_000
ROWS_CAP: Final = 2_000_000
CELLS_CAP: Final = 20_000_000
COLUMNS_CAP: Final = 2_000
LINE_CAP: Final = 2**20

LABELS_CAP: Final = 1_000
"""Different labels of a column; one with more is text of no use here."""

GAPS: Final = frozenset(("", "na", "n/a", "null", "none", "-", "--"))
NOT_FINITE: Final = frozenset(
    ("nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity", "1.#inf", "-nan", "1.#qnan", "#num!")
)

TOO_LARGE: Final = N_(
    "{file:name} is larger than {cap:count} MB, which is more than is read of a training history: log every hundredth step, "
    "or give one line per epoch."
)
CUT_OFF: Final = N_("Lines that were cut off and left out: {count:count}.")
NO_HISTORY: Final = N_(
    "{file:name} is not a training history that can be read: give a CSV with one line per epoch, what the training printed, "
    "JSON or JSON Lines, a TensorBoard event file, or the file of the recorder."
)


@dataclass(frozen=True)
class Columns:
    """A table of a history.

    values: columns of numbers, all of one length; NaN for a gap, infinity for what is stated and not finite.
    rows: that length.
    skipped: lines that were left out because they were cut off.
    labels: columns of text, such as the name of a metric or of a run; "" for a gap.
    """

    values: Mapping[str, NDArray[np.float64]]
    rows: int
    skipped: int = 0
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.values)

    def take(self, rows: NDArray[Any]) -> Columns:
        """The rows of a mask or of positions."""
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        labels = {name: tuple(texts[place] for place in places) for name, texts in self.labels.items()}
        return Columns({name: part[places] for name, part in self.values.items()}, len(places), self.skipped, labels)


def check_size(file: Path, cap: int = BYTES_CAP) -> None:
    """Raises BadInput for a file beyond the cap, for an empty one, and for what is not a file."""
    size = file.stat().st_size
    if not file.is_file():
        raise BadInput(N_("{file:name} is not a file."), file=file.name)
    if size == 0:
        raise BadInput(N_("{file:name} is empty."), file=file.name)
    if size > cap:
        raise BadInput(TOO_LARGE, file=file.name, cap=cap // 1_000_000)


def read_columns(file: Path) -> Columns:
    """Raises BadInput when the file is not a table with at least one column of numbers."""
    check_size(file)
    with file.open("rb") as stream:
        head = stream.read(65536)
    encoding = encoding_of(head)
    if encoding == "utf-8" and b"\0" in head:
        raise BadInput(NO_HISTORY, file=file.name)
    with file.open(encoding=encoding, errors="replace", newline="") as text:
        delimiter = _delimiter(head.decode(encoding, "replace"))
        try:
            return _parsed(file, csv.reader(_lines(file, text), delimiter=delimiter, skipinitialspace=True))
        except csv.Error as reason:
            raise BadInput(NO_HISTORY, file=file.name) from reason


def encoding_of(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        # The last bytes may be half a character.
        head[:-4].decode("utf-8") if len(head) > 8 else head.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030" if re.search(rb"[\xb0-\xf7][\xa1-\xfe]{1}[\xb0-\xf7][\xa1-\xfe]", head) else "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    counts = {mark: header.count(mark) for mark in (",", ";", "\t", "|")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _lines(file: Path, text: Iterable[str]) -> Iterator[str]:
    for line in text:
        if len(line) > LINE_CAP:
            raise BadInput(
                N_("{file:name} has a line of more than a million characters: is it a training history?"), file=file.name
            )
        if line.strip() and not line.startswith("#"):
            yield line


def _parsed(file: Path, reader: Iterator[list[str]]) -> Columns:
    first = next(reader, [])
    header = [name.strip()[:200] for name in first]
    if len(header) > COLUMNS_CAP:
        raise BadInput(
            N_("{file:name} has more than {cap:count} columns: is it a training history?"), file=file.name, cap=COLUMNS_CAP
        )
    nameless = bool(header) and all(parse_number(name) is not None for name in header)
    if not header or (nameless and len(header) < 2):
        raise BadInput(
            N_("{file:name} has no line with names of columns: put a first line such as epoch,loss,val_loss."), file=file.name
        )
    names = [f"column {place + 1}" for place in range(len(header))] if nameless else unique(header)
    return parse_rows(file, names, itertools.chain([first], reader) if nameless else reader)


def parse_rows(file: Path, names: list[str], reader: Iterable[list[str]]) -> Columns:
    """Cells to Columns; rows of one cell are remarks, or were cut off, and a repeated header is left out."""
    width = len(names)
    cap = min(ROWS_CAP, CELLS_CAP // width)
    stored: list[list[float]] = [[] for _ in names]
    texts: list[dict[int, str]] = [{} for _ in names]
    rows = skipped = 0
    for cells in itertools.islice(reader, cap + 1):
        if len(cells) < 2 <= width:
            skipped += 1
            continue
        if [cell.strip() for cell in cells] == names:
            continue
        for place, column in enumerate(stored):
            cell = cells[place] if place < len(cells) else ""
            value = parse_number(cell)
            if value is None:
                texts[place][rows] = cell.strip()[:200]
                value = np.nan
            column.append(value)
        rows += 1
    if rows > cap:
        raise BadInput(
            N_("{file:name} has more than {cap:count} lines: log every hundredth step, or give one line per epoch."),
            file=file.name,
            cap=cap,
        )
    values = {
        name: np.array(column, dtype="float64")
        for name, column, strange in zip(names, stored, texts, strict=True)
        if rows and len(strange) <= rows / 2
    }
    if not values:
        raise BadInput(NO_HISTORY, file=file.name)
    labels = {
        name: tuple(strange.get(row, "") for row in range(rows))
        for name, strange in zip(names, texts, strict=True)
        if len(strange) > rows / 2 and len(set(strange.values())) <= LABELS_CAP
    }
    return Columns(values, rows, skipped, labels)


def unique(header: Iterable[str]) -> list[str]:
    """Names that differ, whatever the header holds."""
    taken: dict[str, int] = {}
    names = []
    for place, name in enumerate(header):
        word = name or f"column {place + 1}"
        taken[word] = taken.get(word, 0) + 1
        names.append(word if taken[word] == 1 else f"{word} ({taken[word]})")
    return names


def parse_number(cell: str) -> float | None:
    """The value; NaN for a gap, infinity for what is stated and not finite, None for other text."""
    word = cell.strip()
    try:
        value = float(word)
    except ValueError:
        word = word.lower()
        if word in GAPS:
            return float("nan")
        if word in NOT_FINITE:
            return float("inf")
        wrapped = re.fullmatch(r"(?:tensor|array|np\.float\d*|numpy\.float\d*|<tf\.tensor.*numpy=)\(?\[?([^,)\]>]+).*", word)
        if wrapped:
            # What str() of a PyTorch tensor or of a NumPy number gives, logged as it is.
            return parse_number(wrapped[1])
        if word.endswith("%"):
            inner = parse_number(word[:-1])
            return None if inner is None else inner / 100
        if word.count(",") == 1 and word.replace(",", "").lstrip("+-").isdigit():
            return float(word.replace(",", "."))
        return None
    return value if np.isfinite(value) else float("inf")


def header(file: Path) -> tuple[str, ...]:
    """Names of a CSV's columns, from its first line alone; empty for other files."""
    with file.open("rb") as stream:
        head = stream.read(65536)
    encoding = encoding_of(head)
    text = head.decode(encoding, "replace")
    line = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if "\0" in line or line.lstrip().startswith(("{", "[")) or "�" in line[:200] or (not line.isprintable() and "\t" not in line):
        return ()
    try:
        names = [name.strip()[:200] for name in next(csv.reader([line], delimiter=_delimiter(text), skipinitialspace=True), [])]
    except csv.Error:
        return ()
    if len(names) < 2 or len(names) > COLUMNS_CAP:
        return ()
    if all(parse_number(name) is not None for name in names):
        return tuple(f"column {place + 1}" for place in range(len(names)))
    return tuple(unique(names))
