"""DuckDB within bounds, and the pieces of SQL that speak of a table."""

from __future__ import annotations

import os

import duckdb

from diagnostics.nouns.table import Column, Kind, Table


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
