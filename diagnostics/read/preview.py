"""The first rows of a table as they were read, to look at."""

from __future__ import annotations

from typing import Final

import pandas as pd

from diagnostics.measure.engine import connect, relation
from diagnostics.nouns.table import Table

ROWS: Final = 8
COLUMNS: Final = 40
"""Columns that a preview shows; a wider table is not looked at cell by cell."""


def first_rows(table: Table, *, rows: int = ROWS, columns: int = COLUMNS) -> pd.DataFrame:
    """The first `rows` rows and `columns` columns by name, as texts: numbers in full, times in ISO 8601, "" for no value."""
    shown = table.columns[:columns]
    cells = ", ".join(f"coalesce(CAST({column.key} AS VARCHAR), '') AS {column.key}" for column in shown)
    with connect() as con:
        found = con.execute(f"SELECT {cells} FROM {relation(table)} LIMIT {rows}").fetchall()
    return pd.DataFrame(found, columns=pd.Index([column.name for column in shown], dtype=object), dtype=object)
