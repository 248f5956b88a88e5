"""Columns that only count the rows: what pandas and R write beside a table, and nothing that a model was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.read.header import ROW_NAME

ROW_NUMBER: Final = "row number"
"""`Column.format` of such a column."""

_UNNAMED: Final = re.compile(rf"column_1|{ROW_NAME}|Unnamed: ?\d+|__index_level_\d+__|X\.?1?")
_PERHAPS: Final = re.compile(r"index|level_0|row|rownames?|row_?num(?:ber)?", re.IGNORECASE)


def with_row_numbers(file: Path, columns: Sequence[Column], rows: int, *, header: bool = True) -> tuple[Column, ...]:
    """`columns` with those marked that count the rows: whole numbers, no two alike, without a name of their own.

    A column named "index" or the like must run from 0 or 1 to the last row without a gap. Without a `header` none counts.
    """
    found: dict[int, Column] = {}
    if not header:
        return tuple(columns)
    for position, column in enumerate(columns):
        at_edge = position == 0 or column.name.startswith("__index_level_")
        unnamed = bool(_UNNAMED.fullmatch(column.name))
        if not at_edge or not column.integer or column.format or len(columns) < 2 or rows < 2:
            continue
        if not (unnamed or _PERHAPS.fullmatch(column.name)):
            continue
        key = column.key
        with connect() as con:
            query = f"SELECT count(DISTINCT {key}), min({key}), max({key}) FROM read_parquet({literal(str(file))})"
            distinct, low, high = con.execute(query).fetchall()[0]
        gapless = low in (0, 1) and high - low == rows - 1
        if distinct == rows and (gapless or unnamed):
            found[position] = replace(column, format=ROW_NUMBER)
    return tuple(found.get(position, column) for position, column in enumerate(columns))


def without_row_numbers(table: Table, stated: Iterable[str]) -> Table:
    """`table` without columns that only count its rows, but for those that were `stated` to play a role."""
    kept = set(stated)
    columns = tuple(c for c in table if c.kind is not Kind.NUMBER or c.format != ROW_NUMBER or c.name in kept)
    return table if len(columns) == len(table.columns) else replace(table, columns=columns)
