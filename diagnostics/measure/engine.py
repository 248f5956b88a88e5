"""The queries that read all rows, once, in DuckDB. Everything else works on a bounded, seeded sample.

A `Grid` fixes what is counted (shared bin edges and shared levels), so that two tables, or the same table on two engines,
can be compared number by number. `engine_memory` counts small tables from arrays, `engine_distributed` runs the same
profile as an Ibis expression on any engine.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine_memory
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Column, Kind, Table

SAMPLE_ROWS: Final = 50_000
"""Rows pulled from a table for everything that is not a full-row count."""

BINS: Final = 20
"""Quantile bins of the reference between its extremes; PSI is customarily read with 10 to 20 (Yurdakul 2018)."""

LEVELS: Final = 200
"""Levels of a category that are counted by name; the rest is counted together."""


BATCH: Final = 8
"""Columns counted by one query."""


@dataclass(frozen=True)
class Grid:
    """What is counted of one column on both sides.

    edges: inner bin edges of a number or time column (times as seconds since 1970), ascending, shape (k,); the k+1 bins
        are (-inf, e0], (e0, e1], ..., (e_last, inf). Empty for categories.
    levels: names of the levels that are counted one by one. Empty for numbers.
    """

    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnProfile:
    """Numbers of one column over every row.

    count: rows with a value (neither null, NaN nor infinite). mean, std, low, high: over those, in the column's unit (seconds
    since 1970 for times), None for categories. bins: rows per bin of the grid, shape (len(edges) + 1,). levels: rows per level of
    the grid, shape (len(levels),); other: rows with any other level. distinct: estimated number of distinct values.
    """

    column: Column
    rows: int
    nulls: int
    nans: int
    infs: int
    count: int
    distinct: int
    grid: Grid
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    bins: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    other: int = 0

    @property
    def missing(self) -> float:
        """Share of rows that are null or NaN, between 0 and 1."""
        return (self.nulls + self.nans) / self.rows if self.rows else 0.0

    def quantile(self, share: float) -> float:
        """The value below which `share` of the rows lie, read from the bins by linear interpolation."""
        if self.low is None or self.high is None or not self.count:
            return math.nan
        inner = [min(max(edge, self.low), self.high) for edge in self.grid.edges]
        positions = np.concatenate([[0.0], np.cumsum(self.bins)]) / max(1, sum(self.bins))
        return float(np.interp(share, positions, [self.low, *inner, self.high]))


@dataclass(frozen=True)
class TableProfile:
    table: Table
    rows: int
    columns: Mapping[str, ColumnProfile]


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that loads nothing from outside and stays within bounds."""
    memory = os.environ.get("MODEL_CLINIC_MEMORY", "1GB")
    con = duckdb.connect(
        config={
            "threads": os.environ.get("MODEL_CLINIC_THREADS", str(min(4, os.cpu_count() or 1))),
            "memory_limit": memory,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    # A bar on the terminal would stand in the middle of what a command prints.
    con.execute("SET enable_progress_bar = false")
    return con


def literal(text: str) -> str:
    """`text` as a SQL string literal."""
    return "'" + text.replace("'", "''").replace("\x00", "") + "'"


def relation(table: Table) -> str:
    return f"read_parquet({literal(str(table.path))})"


def number_sql(column: Column) -> str:
    """A DOUBLE expression of a number or time column: times as seconds since 1970."""
    return f"epoch({column.key})" if column.kind is Kind.TIME else column.key


@lru_cache(maxsize=16)
def _sample(path: Path, fingerprint: str, rows: int, wanted: int, seed: int, columns: tuple[Column, ...]) -> pd.DataFrame:
    keys = ", ".join(column.key for column in columns)
    source = f"read_parquet({literal(str(path))}, file_row_number=true) AS rows"
    with connect() as con:
        if rows <= wanted:
            query = f"SELECT {keys} FROM {source} ORDER BY rows.file_row_number"
        else:
            chosen = np.sort(np.random.default_rng(seed).choice(rows, size=wanted, replace=False))
            con.register("chosen", pd.DataFrame({"position": chosen}))
            query = (
                f"SELECT {keys} FROM {source} SEMI JOIN chosen ON rows.file_row_number = chosen.position "
                "ORDER BY rows.file_row_number"
            )
        # Arrays, not a frame: DuckDB's frame would make an Arrow string of every level, only to be turned back here.
        arrays = con.execute(query).fetchnumpy()
    frame = pd.DataFrame(
        {position: _series(column, np.ma.asanyarray(arrays[column.key])) for position, column in enumerate(columns)}
    )
    frame.columns = pd.Index([column.name for column in columns], dtype=object)
    return frame


def _series(column: Column, values: NDArray[np.generic]) -> pd.Series:
    """One drawn column in the dtype that `sample` promises; masked entries are missing."""
    missing = np.ma.getmaskarray(values)
    if column.kind is Kind.NUMBER:
        numbers = np.ma.getdata(values).astype("float64")
        numbers[missing] = np.nan
        return pd.Series(numbers)
    if column.kind is Kind.TIME:
        stamps = np.ma.getdata(values).astype("datetime64[us]")
        stamps[missing] = np.datetime64("NaT")
        return pd.Series(stamps)
    levels = np.ma.getdata(values).astype(object)
    levels[missing] = None
    return pd.Series(levels, dtype=object)


def sample(table: Table, *, rows: int = SAMPLE_ROWS, seed: int = 0) -> pd.DataFrame:
    """At most `rows` rows of `table` in file order, drawn without replacement, columns by name.

    Numbers are float64, times datetime64[us], categories and nested values str or None. The frame is shared between callers:
    copy before changing it.
    """
    return _sample(table.path, table.fingerprint, table.rows, rows, seed, table.columns)


def grids(tables: Sides[Table], *, bins: int = BINS, levels: int = LEVELS, seed: int = 0) -> dict[str, Grid]:
    """The shared grid of every column that both tables have with the same kind; the reference fixes the edges."""
    reference, current = sample(tables.reference, seed=seed), sample(tables.current, seed=seed)
    shared: dict[str, Grid] = {}
    for column in tables.reference:
        if column.name not in tables.current:
            continue
        kinds = {column.kind, tables.current[column.name].kind}
        if kinds <= {Kind.NUMBER} or kinds <= {Kind.TIME}:
            shared[column.name] = Grid(edges=_edges(seconds(reference[column.name]), bins))
        elif kinds <= {Kind.CATEGORY, Kind.NESTED}:
            sides = (reference[column.name], current[column.name])
            shared[column.name] = Grid(levels=_levels(sides, levels))
    return shared


def own_grids(table: Table, *, bins: int = BINS, levels: int = LEVELS, seed: int = 0) -> dict[str, Grid]:
    """The grid of every column of one table alone."""
    return grids(Sides(table, table), bins=bins, levels=levels, seed=seed)


def seconds(values: pd.Series) -> NDArray[np.float64]:
    """A number or time column as float64, shape (n,): times as seconds since 1970, NaN where missing."""
    if values.dtype.kind == "M":
        stamps = values.to_numpy("datetime64[us]")
        result = stamps.astype("int64").astype("float64") / 1e6
        result[np.isnat(stamps)] = np.nan
        return result
    return values.to_numpy("float64")


def _edges(values: NDArray[np.float64], bins: int) -> tuple[float, ...]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return ()
    distinct = np.unique(finite)
    if distinct.size <= bins:
        # Few values: one bin each, cut half-way, so that a new value in between is seen.
        cuts = (distinct[1:] + distinct[:-1]) / 2
    else:
        cuts = np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    # The extremes are edges too: what lies beyond them was never seen in the reference.
    low, high = np.nextafter(distinct[0], -np.inf), distinct[-1]
    return tuple(float(edge) for edge in np.unique(np.concatenate([[low], cuts, [high]])))


def _levels(sides: Sequence[pd.Series], cap: int) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for values in sides:
        counts = values.value_counts()
        # Ties are broken by name, or the same file would give other levels on another run.
        top = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:cap]
        names.update((str(level), None) for level, _ in top)
    return tuple(names)


def profile(table: Table, grid: Mapping[str, Grid]) -> TableProfile:
    """Count every row of `table` once, over the columns of `grid` that the table has."""
    columns = [column for column in table if column.name in grid]
    if not columns:
        return TableProfile(table, table.rows, {})
    if table.rows <= SAMPLE_ROWS:
        return _counted_in_memory(table, columns, grid)
    return _counted_in_sql(table, columns, grid)


def _counted_in_memory(table: Table, columns: Sequence[Column], grid: Mapping[str, Grid]) -> TableProfile:
    keys = ", ".join(column.key for column in columns)
    with connect() as con:
        arrays = con.execute(f"SELECT {keys} FROM {relation(table)}").fetchnumpy()
    counted = {c.name: engine_memory.count(c, np.ma.asanyarray(arrays[c.key]), grid[c.name]) for c in columns}
    return TableProfile(table, table.rows, counted)


def _counted_in_sql(table: Table, columns: Sequence[Column], grid: Mapping[str, Grid]) -> TableProfile:
    counted: dict[str, ColumnProfile] = {}
    with connect() as con:
        # Parquet is read by column, so several queries cost no more than one; wide ones leave the processor's cache.
        for start in range(0, len(columns), BATCH):
            batch = columns[start : start + BATCH]
            parts = [part for column in batch for part in _aggregates(column, grid[column.name])]
            values = iter(con.execute(f"SELECT {', '.join(parts)} FROM {relation(table)}").fetchall()[0])
            counted.update((column.name, _collect(column, grid[column.name], table.rows, values)) for column in batch)
    return TableProfile(table, table.rows, counted)


def profiles(tables: Sides[Table], *, seed: int = 0) -> Sides[TableProfile]:
    """Both tables counted on the same grid."""
    return _profiles(tables.reference, tables.current, seed)


@lru_cache(maxsize=16)
def _profiles(reference: Table, current: Table, seed: int) -> Sides[TableProfile]:
    grid = grids(Sides(reference, current), seed=seed)
    return Sides(profile(reference, grid), profile(current, grid))


def _aggregates(column: Column, grid: Grid) -> list[str]:
    key = column.key
    if column.kind in (Kind.CATEGORY, Kind.NESTED):
        names = ", ".join(literal(level) for level in grid.levels)
        counted = f"histogram_exact({key}, [{names}])" if names else "NULL"
        return [f"count({key})", f"approx_count_distinct({key})", counted]
    value = number_sql(column)
    whole = column.integer or column.kind is Kind.TIME
    finite = value if whole else f"CASE WHEN isfinite({value}) THEN {value} END"
    return [
        f"count({key})",
        # Not FILTER: it takes twenty times as long as count_if.
        "0" if whole else f"count_if(isnan({value}))",
        "0" if whole else f"count_if({value} = '-Infinity'::DOUBLE)",
        f"count({finite})",
        f"approx_count_distinct({key})",
        f"avg({finite})",
        f"stddev_samp({finite})",
        f"min({finite})",
        f"max({finite})",
        # Rows at or below each edge: comparisons run on whole vectors, histogram() searches row by row.
        *(f"count_if({value} <= {edge!r}::DOUBLE)" for edge in grid.edges),
    ]


def _collect(column: Column, grid: Grid, rows: int, values: Iterator[Any]) -> ColumnProfile:
    present = int(next(values))
    if column.kind in (Kind.CATEGORY, Kind.NESTED):
        distinct, counted = int(next(values)), next(values) or {}
        levels = tuple(int(counted.get(level, 0)) for level in grid.levels)
        return ColumnProfile(
            column, rows, rows - present, 0, 0, present, distinct, grid, levels=levels, other=present - sum(levels)
        )
    # A condition counted over nothing but nulls is null.
    nans, lowest, count, distinct = (int(next(values) or 0) for _ in range(4))
    mean, std, low, high = (None if v is None else float(v) for v in (next(values) for _ in range(4)))
    # A negative infinity lies below every edge and in no bin.
    below = [0, *(int(next(values) or 0) - lowest for _ in grid.edges), count]
    return ColumnProfile(
        column,
        rows,
        rows - present,
        nans,
        present - nans - count,
        count,
        distinct,
        grid,
        mean=mean,
        std=std,
        low=low,
        high=high,
        bins=tuple(after - before for before, after in pairwise(below)),
    )
