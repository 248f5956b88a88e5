"""The rows at fault, for download: read from the whole current table, not from the sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from diagnostics.measure.engine import connect, relation
from diagnostics.nouns.incident import Incident

ROW: str = "row"
"""Name of the first column of the answer: the row's number in the current table, counted from 1."""


def rows_where(incident: Incident, condition: str, values: Sequence[Any] = (), *, limit: int = 10_000) -> pd.DataFrame:
    """Rows of the current table for which the SQL `condition` on column keys holds, in file order, columns by name.

    `condition` is written by the caller with ``?`` for every value; nothing from a file goes into its text. Raises
    NotApplicable without tables.
    """
    table = incident.pair().current
    keys = ", ".join(column.key for column in table)
    source = relation(table)[:-1] + ", file_row_number=true)"
    with connect() as con:
        frame = con.execute(
            f"SELECT file_row_number + 1 AS row, {keys} FROM {source} WHERE {condition} "
            f"ORDER BY file_row_number LIMIT {int(limit)}",
            list(values),
        ).df()
    name = ROW
    while name in table:
        name += "_"
    frame.columns = pd.Index([name, *table.names], dtype=object)
    return frame


def none(incident: Incident) -> pd.DataFrame:
    """No rows, with the columns that `rows_where` gives."""
    return rows_where(incident, "false", limit=0)
