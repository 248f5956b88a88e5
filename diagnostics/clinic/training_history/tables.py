"""CSV histories: Keras' CSVLogger, Lightning's metrics.csv, and any table whose columns are told by name or mapped by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from diagnostics.clinic.training_history.columns import Columns, read_columns
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.mapped import from_columns


def read(file: Path, mapping: Mapping[str, str] | None = None) -> History:
    """Raises BadInput as `read_columns` and `from_columns` do."""
    columns = read_columns(file)
    return from_columns(file, columns, form=form(columns) if mapping is None else "csv", mapping=mapping)


def form(columns: Columns) -> str:
    """Which tool wrote the table, by its columns.

    Lightning's logger writes "step" and "epoch" and leaves gaps; Keras' writes "epoch", "loss" and its twins with "val_" before.
    """
    names = set(columns.names)
    gaps = any(bool((values != values).any()) for values in columns.values.values())
    if {"step", "epoch"} <= names and (gaps or any(name.endswith(("_step", "_epoch")) for name in names)):
        return "lightning"
    bare = {name.removeprefix("val_") for name in names if name.startswith("val_")}
    if "loss" in names and not {"step", "global_step"} & names and (not bare or bare <= names):
        return "keras_csv"
    return "csv"
