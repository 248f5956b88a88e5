"""Small files for the tests of reading, and what was read of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import openpyxl

from diagnostics.nouns.table import Table
from diagnostics.read.caps import Caps, Options
from diagnostics.read.reader import read_table


def read(folder: Path, data: bytes | str, name: str = "t.csv", options: Options | None = None, caps: Caps | None = None) -> Table:
    source = folder / name
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(source, folder / "out", name="t", options=options, caps=caps)


def values(table: Table, name: str) -> list[object]:
    with duckdb.connect() as con:
        return [row[0] for row in con.execute(f"SELECT {table[name].key} FROM read_parquet('{table.path}')").fetchall()]


def notes(table: Table) -> str:
    return "\n".join(str(note) for note in table.reading.notes)


def column(cells: Sequence[str], name: str = "x", other: str = "w") -> str:
    """A file of two columns, separated by bars: `cells`, and a word in every row."""
    return f"{name}|y\n" + "".join(f"{cell}|{other}\n" for cell in cells)


def workbook(folder: Path, sheets: dict[str, Sequence[Sequence[object]]], name: str = "t.xlsx") -> openpyxl.Workbook:
    """A workbook with these rows on its sheets, saved and given back for more."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(folder / name)
    return book
