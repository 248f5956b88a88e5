"""The rows at fault: in a frame, and for download from the whole current table rather than the sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.engine import connect, relation, seconds
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


def equal(values: pd.Series, value: float | str) -> NDArray[np.bool_]:
    """Which of `values` are `value` (of times: its seconds since 1970), shape (len(values),)."""
    if values.dtype.kind in "Mf":
        if isinstance(value, str):
            return np.zeros(len(values), dtype=bool)
        return np.asarray(seconds(values) == float(value))
    return np.asarray((values == str(value)).to_numpy(dtype=bool))
