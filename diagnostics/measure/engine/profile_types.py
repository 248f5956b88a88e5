"""What is counted of a table, and the counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diagnostics.nouns.table import Column, Table


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
