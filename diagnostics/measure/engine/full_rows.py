"""Every row of a table counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from diagnostics.measure.engine import in_memory, in_sql
from diagnostics.measure.engine.connection import connect, relation
from diagnostics.measure.engine.grids import grids
from diagnostics.measure.engine.profile_types import Grid, TableProfile
from diagnostics.measure.engine.rows import SAMPLE_ROWS
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Column, Table


def profile(table: Table, grid: Mapping[str, Grid]) -> TableProfile:
    """Count every row of `table` once, over the columns of `grid` that the table has."""
    columns = [column for column in table if column.name in grid]
    if not columns:
        return TableProfile(table, table.rows, {})
    if table.rows <= SAMPLE_ROWS:
        return _counted_in_memory(table, columns, grid)
    return in_sql.count(table, columns, grid)


def _counted_in_memory(table: Table, columns: Sequence[Column], grid: Mapping[str, Grid]) -> TableProfile:
    keys = ", ".join(column.key for column in columns)
    with connect() as con:
        arrays = con.execute(f"SELECT {keys} FROM {relation(table)}").fetchnumpy()
    counted = {c.name: in_memory.count(c, np.ma.asanyarray(arrays[c.key]), grid[c.name]) for c in columns}
    return TableProfile(table, table.rows, counted)


def profiles(tables: Sides[Table], *, seed: int = 0) -> Sides[TableProfile]:
    """Both tables counted on the same grid."""
    return _profiles(tables.reference, tables.current, seed)


@lru_cache(maxsize=16)
def _profiles(reference: Table, current: Table, seed: int) -> Sides[TableProfile]:
    grid = grids(Sides(reference, current), seed=seed)
    return Sides(profile(reference, grid), profile(current, grid))
