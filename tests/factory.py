"""Small real incidents for tests: frames written as Parquet and opened as tables."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pandas as pd

from diagnostics.nouns.incident import Answer, Event, Incident, Roles, Task
from diagnostics.nouns.table import Column, Kind, Reading, Table


def table_of(frame: pd.DataFrame, folder: Path, name: str) -> Table:
    """`frame` as a Table in `folder`, typed by its dtypes."""
    folder.mkdir(parents=True, exist_ok=True)
    columns, keyed = [], {}
    for position, label in enumerate(frame.columns):
        values, key = frame[label], f"c{position}"
        if values.dtype.kind in "iufb":
            column = Column(str(label), key, Kind.NUMBER, integer=values.dtype.kind in "iub")
            values = values.astype("int64" if column.integer else "float64")
        elif values.dtype.kind == "M":
            column = Column(str(label), key, Kind.TIME)
            values = values.astype("datetime64[us]")
        else:
            column = Column(str(label), key, Kind.CATEGORY)
            values = values.astype("str").where(values.notna(), None)
        columns.append(column)
        keyed[key] = values
    path = folder / f"{name}.parquet"
    with duckdb.connect() as con:
        con.register("frame", pd.DataFrame(keyed))
        con.execute(f"COPY frame TO '{path}' (FORMAT parquet)")
    fingerprint = hashlib.sha256(path.read_bytes() + repr(columns).encode()).hexdigest()
    reading = Reading(f"{name}.csv", "csv", "utf-8", ",", '"', 1, 0, len(frame))
    return Table(name, path, tuple(columns), len(frame), fingerprint, reading)


def incident_of(
    folder: Path,
    reference: pd.DataFrame | None = None,
    current: pd.DataFrame | None = None,
    *,
    target: str | None = None,
    prediction: str | None = None,
    timestamp: str | None = None,
    id: str | None = None,
    segments: tuple[str, ...] = (),
    positive: str | None = None,
    task: Task | None = Task.CLASSIFICATION,
    answer: Answer | None = Answer.SCORE,
    events: tuple[Event, ...] = (),
    seed: int = 0,
) -> Incident:
    """An incident whose tables are `reference` and `current`, stored in `folder` (a tmp_path)."""
    return Incident(
        title="test",
        task=task,
        answer=answer,
        roles=Roles(target, prediction, timestamp, id, segments, positive),
        reference=None if reference is None else table_of(reference, folder, "reference"),
        current=None if current is None else table_of(current, folder, "current"),
        events=events,
        seed=seed,
    )
