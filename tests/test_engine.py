from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.measure import engine
from diagnostics.measure.engine import TableProfile, full_rows
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Table
from tests.factory import table_of


def awkward(rng: np.random.Generator, rows: int = 400) -> pd.DataFrame:
    """Every kind of column with everything that can stand in one."""
    decimal = rng.normal(1e6, 3.0, rows)
    decimal[:7] = np.inf
    decimal[7:9] = -np.inf
    decimal[9:20] = np.nan
    city: np.ndarray = rng.choice(["Ulm", "O'Brien", "<b>Bern</b>", "'; DROP TABLE rows; --"], rows).astype(object)
    city[30:40] = None
    when = pd.Series(pd.date_range("2026-01-01 00:00:00.25", periods=rows, freq="37min"))
    when[50:60] = pd.NaT
    return pd.DataFrame(
        {
            "decimal": decimal,
            "whole": rng.integers(0, 5, rows),
            "city": city,
            "when": when,
            "empty": np.full(rows, np.nan),
            "constant": np.ones(rows),
            "nothing": pd.Series([None] * rows, dtype=object),
        }
    )


def assert_equal_numbers(a: TableProfile, b: TableProfile) -> None:
    """Counts exactly, moments to 1e-9 of their size; the estimated number of distinct values is left out."""
    assert a.rows == b.rows
    assert list(a.columns) == list(b.columns)
    for name, one in a.columns.items():
        other = b.columns[name]
        counts = ("rows", "nulls", "nans", "infs", "count", "bins", "levels", "other")
        assert {c: getattr(one, c) for c in counts} == {c: getattr(other, c) for c in counts}, name
        for moment in ("mean", "std", "low", "high"):
            left, right = getattr(one, moment), getattr(other, moment)
            assert (left is None) == (right is None), (name, moment)
            if left is not None:
                assert math.isclose(left, right, rel_tol=1e-9), (name, moment)


def in_sql(table: Table, monkeypatch: pytest.MonkeyPatch) -> TableProfile:
    grid = engine.grids(Sides(table, table))
    with monkeypatch.context() as patch:
        patch.setattr(full_rows, "SAMPLE_ROWS", 0)
        return engine.profile(table, grid)


def test_small_tables_are_counted_as_large_ones(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = table_of(awkward(rng), tmp_path, "table")
    assert_equal_numbers(engine.profile(table, engine.grids(Sides(table, table))), in_sql(table, monkeypatch))


def test_null_nan_and_infinity_are_told_apart(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(awkward(rng), tmp_path, "table")
    with engine.connect() as con:
        unusable = "CASE c1 WHEN 4 THEN NULL WHEN 3 THEN 'NaN' ELSE c0 END AS c0"
        target = engine.literal(str(tmp_path / "nulls.parquet"))
        con.execute(f"COPY (SELECT * REPLACE ({unusable}) FROM {engine.relation(table)}) TO {target} (FORMAT parquet)")
    holed = Table(table.name, tmp_path / "nulls.parquet", table.columns, table.rows, "nulls", table.reading)
    for counted in (engine.profile(holed, engine.grids(Sides(holed, holed))), in_sql(holed, monkeypatch)):
        column = counted.columns["decimal"]
        assert column.nulls > 0
        assert column.nans > 0
        assert column.infs > 0
        assert column.nulls + column.nans + column.infs + column.count == table.rows
        assert sum(column.bins) == column.count


def test_bins_are_open_below_and_closed_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(pd.DataFrame({"x": [1.0, 2.0, 2.5, 3.0, 4.0]}), tmp_path, "table")
    grid = {"x": engine.Grid(edges=(2.0, 3.0))}
    monkeypatch.setattr(full_rows, "SAMPLE_ROWS", 0)
    assert engine.profile(table, grid).columns["x"].bins == (2, 2, 1)


def test_values_near_the_largest_float_are_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(pd.DataFrame({"x": [1e308, -1e308, 1e308, 0.0]}), tmp_path, "table")
    assert engine.profile(table, engine.grids(Sides(table, table))).columns["x"].count == 4
    assert in_sql(table, monkeypatch).columns["x"].count == 4


def test_a_sample_keeps_file_order_kinds_and_missing_values(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = awkward(rng)
    table = table_of(frame, tmp_path, "table")
    whole = engine.sample(table)
    assert [str(t) for t in whole.dtypes] == ["float64", "float64", "object", "datetime64[us]", "float64", "float64", "object"]
    np.testing.assert_array_equal(whole["decimal"], frame["decimal"])
    assert whole["city"].tolist() == [None if pd.isna(city) else city for city in frame["city"]]
    assert whole["when"].equals(frame["when"].astype("datetime64[us]"))
    part = engine.sample(table, rows=100, seed=3)
    assert len(part) == 100
    assert part["when"].dropna().is_monotonic_increasing
    assert engine.sample(table, rows=100, seed=3).equals(part)


def test_both_sides_share_the_edges_of_the_reference(tmp_path: Path, rng: np.random.Generator) -> None:
    reference = table_of(pd.DataFrame({"x": rng.normal(0, 1, 500)}), tmp_path, "reference")
    current = table_of(pd.DataFrame({"x": rng.normal(9, 1, 500)}), tmp_path, "current")
    both = engine.profiles(Sides(reference, current))
    assert both.reference.columns["x"].grid == both.current.columns["x"].grid
    # Beyond the largest value of the reference lies a bin of its own.
    assert both.reference.columns["x"].bins[-1] == 0
    assert both.current.columns["x"].bins[-1] == 500


def test_quantiles_are_read_from_the_bins(tmp_path: Path, rng: np.random.Generator) -> None:
    values = rng.exponential(1, 4000)
    table = table_of(pd.DataFrame({"x": values}), tmp_path, "table")
    column = engine.profile(table, engine.grids(Sides(table, table))).columns["x"]
    assert abs(column.quantile(0.5) - np.median(values)) < 0.02
