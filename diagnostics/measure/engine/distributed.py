"""The profile as one Ibis expression, for tables that outgrow one machine: Spark, Trino, BigQuery and others.

Needs `requirements-distributed.txt`; Ibis is imported when a profile is asked for, so that nobody else pays for it. Columns of
the relation go by their keys (c0, c1, ...), as in the Parquet file of a `Table`. All counts equal those of `engine.profile`,
means and spreads to rounding. `distinct` is the engine's own estimate, and every engine estimates differently: it alone is not
comparable.
Times are seconds since 1970 in UTC: set the engine's session to UTC (Spark: ``spark.sql.session.timeZone``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from diagnostics.measure.engine.profile_types import ColumnProfile, Grid, TableProfile
from diagnostics.nouns.table import Column, Kind, Table

if TYPE_CHECKING:
    import ibis

# Ibis' expressions carry no type hints that mypy can follow.
Value: TypeAlias = Any


def profile(relation: ibis.Table, table: Table, grid: Mapping[str, Grid]) -> TableProfile:
    """Count every row of `relation` once, over the columns of `grid` that `table` has, by one aggregate query.

    relation: the rows of `table` on any Ibis backend. grid: as `engine.grids` fixes it, from samples.
    """
    columns = [column for column in table if column.name in grid]
    row = expression(relation, columns, grid).to_pyarrow().to_pylist()[0]
    rows = int(row["rows"])
    counted = {column.name: _collect(column, grid[column.name], rows, row) for column in columns}
    return TableProfile(table, rows, counted)


def expression(relation: ibis.Table, columns: list[Column], grid: Mapping[str, Grid]) -> ibis.Table:
    """The query of `profile`, not yet run: one row, one field per number, named ``c0_count``, ``c0_mean``, ``c0_below_3``, ..."""
    parts: dict[str, Value] = {"rows": relation.count()}
    for column in columns:
        named = _levels if column.kind in (Kind.CATEGORY, Kind.NESTED) else _numbers
        parts.update((f"{column.key}_{part}", value) for part, value in named(relation, column, grid[column.name]).items())
    return relation.aggregate(**parts)


def _levels(relation: ibis.Table, column: Column, grid: Grid) -> dict[str, Value]:
    value = relation[column.key]
    parts = {"present": value.count(), "distinct": value.approx_nunique()}
    parts.update((f"level_{number}", (value == level).sum()) for number, level in enumerate(grid.levels))
    return parts


def _numbers(relation: ibis.Table, column: Column, grid: Grid) -> dict[str, Value]:
    import ibis

    value = relation[column.key]
    parts: dict[str, Value] = {"present": value.count(), "distinct": value.approx_nunique()}
    if column.kind is Kind.TIME:
        # Whole seconds and microseconds apart: some engines cut the fraction off when they count seconds. The microseconds
        # come as text, because Ibis asks Spark for them in no other way.
        seconds = value.truncate("s").epoch_seconds()
        finite = seconds.cast("float64") + value.strftime("%f").cast("float64") / 1e6
    elif column.integer:
        finite = value.cast("float64")
    else:
        number = value.cast("float64")
        parts["nans"] = number.isnan().sum()
        # NaN and infinities fail the comparison, nulls stay null. Not least() or greatest(): they skip nulls on some engines,
        # which would put missing values into the first bin.
        finite = ibis.cases((number.abs() <= sys.float_info.max, number))
    parts |= {
        "count": finite.count(),
        "mean": finite.mean(),
        "std": finite.std(how="sample"),
        "low": finite.min(),
        "high": finite.max(),
    }
    parts.update((f"below_{number}", (finite <= edge).sum()) for number, edge in enumerate(grid.edges))
    return parts


def _collect(column: Column, grid: Grid, rows: int, row: Mapping[str, Any]) -> ColumnProfile:
    def whole(part: str) -> int:
        # The sum over no row at all is null.
        return int(row.get(f"{column.key}_{part}") or 0)

    def decimal(part: str) -> float | None:
        value = row[f"{column.key}_{part}"]
        return None if value is None else float(value)

    present, distinct = whole("present"), whole("distinct")
    if column.kind in (Kind.CATEGORY, Kind.NESTED):
        levels = tuple(whole(f"level_{number}") for number in range(len(grid.levels)))
        return ColumnProfile(
            column, rows, rows - present, 0, 0, present, distinct, grid, levels=levels, other=present - sum(levels)
        )
    nans, count = whole("nans"), whole("count")
    below = [0, *(whole(f"below_{number}") for number in range(len(grid.edges))), count]
    return ColumnProfile(
        column,
        rows,
        rows - present,
        nans,
        present - nans - count,
        count,
        distinct,
        grid,
        mean=decimal("mean"),
        # Spark calls the spread of a single value NaN, DuckDB null.
        std=decimal("std") if count > 1 else None,
        low=decimal("low"),
        high=decimal("high"),
        bins=tuple(after - before for before, after in pairwise(below)),
    )
