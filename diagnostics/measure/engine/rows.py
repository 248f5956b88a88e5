"""A bounded, seeded sample of a table's rows."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.engine.connection import connect, literal
from diagnostics.nouns.table import Column, Kind, Table

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS: Final = 50_000
"""Rows pulled from a table for everything that is not a full-row count."""


@lru_cache(maxsize=16)
def _sample(path: Path, fingerprint: str, rows: int, wanted: int, seed: int, columns: tuple[Column, ...]) -> pd.DataFrame:
    # Half a second to load, which whoever only reads a file need not wait for.
    import pandas as pd

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
    import pandas as pd

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


def seconds(values: pd.Series) -> NDArray[np.float64]:
    """A number or time column as float64, shape (n,): times as seconds since 1970, NaN where missing."""
    if values.dtype.kind == "M":
        stamps = values.to_numpy("datetime64[us]")
        result = stamps.astype("int64").astype("float64") / 1e6
        result[np.isnat(stamps)] = np.nan
        return result
    return values.to_numpy("float64")
