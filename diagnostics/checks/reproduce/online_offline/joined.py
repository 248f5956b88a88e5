"""The same rows in both tables, found by their id: offline as the reference has them, online as the service saw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_

JOIN_ROWS: Final = 20_000
"""Pairs of rows that are compared value by value; drawn by seed from all pairs."""

MIN_PAIRS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Joined:
    """offline, online: values of the paired rows, columns by name, one row per pair; numbers float64 (times as seconds since
    1970, NaN where missing), categories str or None. pairs: of the full tables. times: of the online rows, None without a
    timestamp. same_moment: whether the paired rows carry the same time in both tables; None where that is not known.
    """

    offline: pd.DataFrame
    online: pd.DataFrame
    pairs: int
    times: NDArray[np.datetime64] | None
    same_moment: bool | None


def joined(incident: Incident) -> Joined:
    """Raises NotApplicable without both tables, without an id in both, or when hardly any id is in both."""
    tables = incident.pair()
    name = incident.role("id")
    if name not in tables.reference or name not in tables.current:
        raise NotApplicable(N_("The id column {column:name} is not in both tables."), needs="id", column=name)
    with engine.connect() as con:
        left, right = _pairs(con, tables, name, None)
        stamp = incident.roles.timestamp
        if left.size < MIN_PAIRS and stamp in tables.reference and stamp in tables.current:
            # The same id in several rows: with its time it may still name one.
            left, right = _pairs(con, tables, name, stamp)
        if left.size < MIN_PAIRS:
            raise NotApplicable(
                N_(
                    "The two tables share {pairs:count} ids that stand for one row each. To compare offline with online "
                    "features, upload the rows that the service saw and the same rows as training would compute them."
                ),
                needs="id",
                pairs=int(left.size),
            )
        pairs = int(left.size)
        if pairs > JOIN_ROWS:
            kept = np.sort(np.random.default_rng(incident.seed).choice(pairs, JOIN_ROWS, replace=False))
            left, right = left[kept], right[kept]
        shared = [c for c in tables.reference if c.name in tables.current and c.name not in incident.roles.named]
        shared = [c for c in shared if c.kind is tables.current[c.name].kind and c.kind is not Kind.NESTED]
        offline = _rows(con, tables.reference, left, shared)
        online = _rows(con, tables.current, right, [tables.current[c.name] for c in shared])
        when = _times(con, tables.current, right, stamp)
        before = _times(con, tables.reference, left, stamp)
    same = None if when is None or before is None else bool(np.mean(when == before) >= 0.9)
    return Joined(offline=offline, online=online, pairs=pairs, times=when, same_moment=same)


def _times(
    con: duckdb.DuckDBPyConnection, table: Table, places: NDArray[np.int64], stamp: str | None
) -> NDArray[np.datetime64] | None:
    if stamp is None or stamp not in table or table[stamp].kind is not Kind.TIME:
        return None
    seconds = _rows(con, table, places, [table[stamp]])[stamp].to_numpy("float64")
    known = np.isfinite(seconds)
    when = np.full(seconds.size, np.datetime64("NaT", "us"))
    when[known] = (seconds[known] * 1e6).astype("int64").astype("datetime64[us]")
    return when


def _pairs(
    con: duckdb.DuckDBPyConnection, tables: Sides[Table], name: str, stamp: str | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of rows with the same id, in the reference's order; ids that stand more than once on a side are left out."""
    parts = []
    for table in (tables.reference, tables.current):
        key = _key_sql(table[name])
        if stamp is not None:
            key = f"{key} || '|' || CAST({table[stamp].key} AS VARCHAR)"
        source = f"read_parquet({engine.literal(str(table.path))}, file_row_number=true)"
        parts.append(
            f"SELECT k, min(file_row_number) AS place FROM (SELECT {key} AS k, file_row_number FROM {source}) "
            "WHERE k IS NOT NULL GROUP BY k HAVING count(*) = 1"
        )
    arrays = con.execute(
        f"SELECT l.place AS a, r.place AS b FROM ({parts[0]}) AS l JOIN ({parts[1]}) AS r USING (k) ORDER BY l.place"
    ).fetchnumpy()
    return np.asarray(arrays["a"], dtype="int64"), np.asarray(arrays["b"], dtype="int64")


def _key_sql(column: Column) -> str:
    if column.kind is Kind.NUMBER and not column.integer:
        # 17 and 17.0 are one id.
        return (
            f"CASE WHEN {column.key} = floor({column.key}) AND abs({column.key}) < 9e15 "
            f"THEN CAST(CAST({column.key} AS BIGINT) AS VARCHAR) ELSE CAST({column.key} AS VARCHAR) END"
        )
    return f"trim(CAST({column.key} AS VARCHAR))"


def _rows(con: duckdb.DuckDBPyConnection, table: Table, places: NDArray[np.int64], columns: list[Column]) -> pd.DataFrame:
    """The rows at `places` in that order."""
    if not columns:
        return pd.DataFrame(index=range(places.size))
    con.register("places", pd.DataFrame({"place": places, "turn": np.arange(places.size)}))
    wanted = ", ".join(
        f"{c.key}" if c.kind is Kind.CATEGORY else f"CAST({engine.number_sql(c)} AS DOUBLE) AS {c.key}" for c in columns
    )
    source = f"read_parquet({engine.literal(str(table.path))}, file_row_number=true) AS r"
    arrays = con.execute(
        f"SELECT {wanted} FROM {source} JOIN places ON r.file_row_number = places.place ORDER BY turn"
    ).fetchnumpy()
    con.unregister("places")
    frame = {}
    for position, column in enumerate(columns):
        values = np.ma.asanyarray(arrays[column.key])
        missing = np.ma.getmaskarray(values)
        data = np.ma.getdata(values).astype(object if column.kind is Kind.CATEGORY else "float64")
        data[missing] = None if column.kind is Kind.CATEGORY else np.nan
        frame[position] = pd.Series(data, dtype=data.dtype)
    result = pd.DataFrame(frame)
    result.columns = pd.Index([column.name for column in columns], dtype=object)
    return result
