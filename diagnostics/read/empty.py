"""A column without a single value has no kind of its own: it takes that of the table it is compared with."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.measure.engine import connect, literal, relation
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.read.typed import copy

STORED = {Kind.TIME: "TIMESTAMP", Kind.CATEGORY: "VARCHAR", Kind.NESTED: "VARCHAR"}


def adopt_kinds(table: Table, like: Table) -> Table:
    """`table` with its empty columns in the kinds that `like` gives them; its Parquet file and handle are written again.

    Without this a number column that arrives wholly empty would be text on one side, and not be compared at all.
    """
    changed: dict[str, Column] = {}
    for column in table:
        if column.name in like and like[column.name].kind is not column.kind and is_empty(table, column):
            other = like[column.name]
            changed[column.key] = replace(column, kind=other.kind, integer=other.integer, format="")
    if not changed:
        return table
    casts = []
    for column in table:
        new = changed.get(column.key)
        number = "BIGINT" if new is not None and new.integer else "DOUBLE"
        stored = STORED.get(new.kind, number) if new is not None else ""
        casts.append(f"CAST(NULL AS {stored}) AS {column.key}" if new is not None else column.key)
    again = table.path.with_suffix(".adopted")
    with connect() as con:
        copy(con, f"SELECT {', '.join(casts)} FROM {relation(table)}", again)
    again.replace(table.path)
    fingerprint = table.fingerprint[:32] + like.fingerprint[:32]
    adopted = replace(table, columns=tuple(changed.get(c.key, c) for c in table), fingerprint=fingerprint)
    adopted.save()
    return adopted


def is_empty(table: Table, column: Column) -> bool:
    """No row has a value in `column`."""
    if column.kind is not Kind.CATEGORY and column.tokens and sum(count for _, count in column.tokens) < table.rows:
        return False
    with connect() as con:
        return not con.execute(f"SELECT count({column.key}) FROM read_parquet({literal(str(table.path))})").fetchall()[0][0]
