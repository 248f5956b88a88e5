"""Parquet as it comes from elsewhere: any names, any types, perhaps damaged."""

from __future__ import annotations

from pathlib import Path

import duckdb

from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Column, Kind
from diagnostics.nouns.words import N_
from diagnostics.read.caps import Caps
from diagnostics.read.container import RATIO_FROM, damaged, too_large
from diagnostics.read.header import unique
from diagnostics.read.kinds import Choice, Convention, choose
from diagnostics.read.records import too_many_rows
from diagnostics.read.typed import copy

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
REAL = ("FLOAT", "DOUBLE", "DECIMAL", "HUGEINT", "UHUGEINT", "UBIGINT")


def too_many_columns(columns: int, cap: int) -> BadInput:
    return BadInput(
        N_("The table has {columns:count} columns, more than the {cap:count} allowed: keep those that the model uses."),
        columns=columns,
        cap=cap,
    )


def read(source: Path, target: Path, caps: Caps) -> tuple[int, tuple[Column, ...]]:
    """Write `target` with keyed columns; rows and columns. Raises BadInput."""
    with connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        relation = f"read_parquet({literal(str(source))})"
        try:
            _check(con, source, caps)
            described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
            if len(described) > caps.columns:
                raise too_many_columns(len(described), caps.columns)
            names = unique([" ".join(str(row[0]).split()) for row in described], len(described))
            keys = [f"c{position}" for position in range(len(described))]
            aliased = f"(SELECT * FROM {relation} AS given({', '.join(keys)}))"
            kinds = [_kind(str(row[1])) for row in described]
            read_as = ", ".join(f"{cast.format(key=key)} AS {key}" for key, (_, cast) in zip(keys, kinds, strict=True))
            typed = f"(SELECT {read_as} FROM {aliased})"
            texts = {key: name for key, name, (kind, _) in zip(keys, names, kinds, strict=True) if kind is Kind.CATEGORY}
            choices = choose(con, typed, texts, Convention(typed=True, missing=())).of if texts else {}
            expressions, columns = [], []
            for key, name, (kind, cast) in zip(keys, names, kinds, strict=True):
                choice = choices.get(key) or Choice(kind, key, integer=cast.endswith("AS BIGINT)"))
                expressions.append(f"{choice.sql} AS {key}")
                columns.append(Column(name, key, choice.kind, choice.integer, choice.format, choice.tokens))
            rows = copy(con, f"SELECT {', '.join(expressions)} FROM {typed}", target)
            return rows, tuple(_with_nulls(con, target, rows, columns))
        except duckdb.Error as damage:
            raise damaged(source) from damage


def _with_nulls(con: duckdb.DuckDBPyConnection, target: Path, rows: int, columns: list[Column]) -> list[Column]:
    """Columns that were not texts get their count of nulls as the empty token."""
    typed = [column for column in columns if column.kind is not Kind.CATEGORY and not column.tokens]
    if not typed:
        return columns
    query = f"SELECT {', '.join(f'count({column.key})' for column in typed)} FROM read_parquet({literal(str(target))})"
    present = dict(zip((column.key for column in typed), con.execute(query).fetchall()[0], strict=True))
    result = []
    for column in columns:
        missing = rows - present.get(column.key, rows)
        tokens = (("", missing),) if missing else column.tokens
        result.append(Column(column.name, column.key, column.kind, column.integer, column.format, tokens))
    return result


def _check(con: duckdb.DuckDBPyConnection, source: Path, caps: Caps) -> None:
    """What the footer says, before any page is read."""
    path = literal(str(source))
    rows = con.execute(f"SELECT num_rows FROM parquet_file_metadata({path})").fetchall()[0][0]
    if rows > caps.rows:
        raise too_many_rows(caps)
    size, packed = con.execute(
        f"SELECT sum(total_uncompressed_size), sum(total_compressed_size) FROM parquet_metadata({path})"
    ).fetchall()[0]
    size, packed = int(size or 0), int(packed or 0)
    if size > caps.unpacked or (size > RATIO_FROM and size > caps.ratio * max(1, packed)):
        raise too_large(source, caps.unpacked)
    if packed > 2 * source.stat().st_size:
        raise damaged(source)


def _kind(given: str) -> tuple[Kind, str]:
    """Kind of a DuckDB type, and the expression that reads it."""
    base = given.split("(")[0]
    if given.endswith("]") or base in ("STRUCT", "MAP", "UNION", "LIST", "VARIANT"):
        return Kind.NESTED, "CAST(to_json({key}) AS VARCHAR)"
    if base in WHOLE:
        return Kind.NUMBER, "CAST({key} AS BIGINT)"
    if base in REAL:
        return Kind.NUMBER, "CAST({key} AS DOUBLE)"
    if base in ("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"):
        return Kind.TIME, "CAST({key} AS TIMESTAMP)"
    if base.startswith("TIMESTAMP"):
        return Kind.TIME, "timezone('UTC', {key})"
    if base == "BOOLEAN":
        # As Python and pandas write them, so that a CSV of the same table compares.
        return Kind.CATEGORY, "CASE WHEN {key} THEN 'True' WHEN NOT {key} THEN 'False' END"
    return Kind.CATEGORY, "CAST({key} AS VARCHAR)"
