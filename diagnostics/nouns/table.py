"""The nouns of reading: a Table is a named relation on disk, with what was learnt while reading it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from diagnostics.nouns.words import Value, Words

CUT_SHORT: Final = "digits cut off"
"""`Column.format` of whole numbers that a spreadsheet wrote as 4.918E+11: different ones have become equal."""


class Kind(StrEnum):
    """What a column's values are. Booleans written as words are categories; 0/1 columns are numbers."""

    NUMBER = "number"
    CATEGORY = "category"
    TIME = "time"
    NESTED = "nested"


@dataclass(frozen=True)
class Column:
    """One column of a `Table`.

    name: as the file gives it (made unique; never trusted in SQL or markup).
    key: its name in the Parquet file and in SQL, ``c0``, ``c1``, ...
    kind: number (stored as DOUBLE or BIGINT), category (VARCHAR), time (TIMESTAMP, without zone), nested (VARCHAR).
    integer: every value of a number column is whole.
    format: how numbers or times were written when not plainly ("decimal comma", "thousands", "percent",
        "%d/%m/%Y", "epoch seconds"); "mixed" when a text column holds mostly numbers, so that nothing is lost.
    tokens: words that were read as missing, with their counts: (("NA", 12), ("?", 3)); the empty cell is "".
    words: the Parquet file also has a column `words_key` with those words where they stood, for a text column.
    """

    name: str
    key: str
    kind: Kind
    integer: bool = False
    format: str = ""
    tokens: tuple[tuple[str, int], ...] = ()
    words: bool = False

    @property
    def words_key(self) -> str:
        return f"{self.key}_words"


@dataclass(frozen=True)
class Rejected:
    """One record that could not be read. `line` counts from 1 in the file as it was given; reason: a message id."""

    line: int
    reason: str


@dataclass(frozen=True)
class Repaired:
    """One record with a stray quote or a wrong number of cells. was: the beginning of its text; cells: what it was read as."""

    line: int
    was: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """One thing to know of how a file was read. says: a message id; values: what it names, as pairs."""

    says: str
    values: tuple[tuple[str, Value], ...] = ()

    def statement(self, words: Words) -> str:
        return words.sentence(self.says, dict(self.values))

    def __str__(self) -> str:
        return self.statement(Words())


def note(message: str, /, **values: Value) -> Note:
    """A Note of `message` with the values it names."""
    return Note(message, tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in values.items()))


@dataclass(frozen=True)
class Reading:
    """How a file was read. ``rows + rejected_count`` is the number of records below the header.

    repaired_count, repaired: records that were read after a repair, of which the first ones are kept. sheet, sheets: the one that
    was read, and all of the workbook. how: the reader's version and what was stated to it.
    """

    source: str
    container: str
    encoding: str
    delimiter: str
    quote: str
    header_rows: int
    skipped_rows: int
    rows: int
    rejected_count: int = 0
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[Note, ...] = ()
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    how: str = ""
    repaired_count: int = 0
    repaired: tuple[Repaired, ...] = ()


@dataclass(frozen=True)
class Table:
    """A handle: the rows are in `path` (Parquet, columns named by `Column.key`), never in the session."""

    name: str
    path: Path
    columns: tuple[Column, ...]
    rows: int
    fingerprint: str
    reading: Reading

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def save(self) -> None:
        """Write the handle beside its Parquet file, as ``NAME.json``."""
        record: dict[str, Any] = asdict(self)
        record["path"] = self.path.name
        self.path.with_suffix(".json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")

    @staticmethod
    def load(file: Path) -> Table:
        """The handle that `save` wrote. Raises OSError or ValueError when the file is gone or damaged."""
        record = json.loads(file.read_text(encoding="utf-8"))
        try:
            return Table(
                name=record["name"],
                path=file.parent / Path(record["path"]).name,
                columns=tuple(
                    Column(
                        name=c["name"],
                        key=c["key"],
                        kind=Kind(c["kind"]),
                        integer=c["integer"],
                        format=c["format"],
                        tokens=tuple((str(token), int(count)) for token, count in c["tokens"]),
                        words=c["words"],
                    )
                    for c in record["columns"]
                ),
                rows=int(record["rows"]),
                fingerprint=record["fingerprint"],
                reading=Reading(
                    **{k: v for k, v in record["reading"].items() if k not in ("rejected", "notes", "sheets", "repaired")},
                    rejected=tuple(Rejected(**r) for r in record["reading"]["rejected"]),
                    notes=tuple(_note(n) for n in record["reading"]["notes"]),
                    sheets=tuple(record["reading"]["sheets"]),
                    repaired=tuple(Repaired(r["line"], r["was"], tuple(r["cells"])) for r in record["reading"]["repaired"]),
                ),
            )
        except (KeyError, TypeError) as missing:
            raise ValueError(f"{file.name} is not a table handle: {missing}") from missing


def _note(kept: dict[str, Any]) -> Note:
    return Note(kept["says"], tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in kept["values"]))
