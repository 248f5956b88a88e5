"""The rows of a search as bytes, so that a worker on another machine trains on the same. Parquet: nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import io
from typing import Final

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.shared.training_set import Described, TrainingSet
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

CAP: Final = 64_000_000
"""Bytes of the rows as Parquet that a database has to hold; 20,000 rows of 200 numbers are 32 MB at most."""

META: Final = b"model-clinic"


class _Meta(msgspec.Struct):
    """What a TrainingSet knows beside its arrays."""

    features: tuple[str, ...]
    """Names in the order of the columns f0, f1, …"""

    numbers: tuple[str, ...]
    classes: tuple[str, ...]
    described: Described


def digest(data: TrainingSet) -> str:
    """The same for the same rows, whatever library writes them: features, target and how they belong together."""
    seen = hashlib.sha256()
    seen.update(repr((data.described.target, data.task, data.classes, data.numbers, data.categories)).encode())
    for name in data.features.columns:
        values = data.features[name]
        plain = (
            values.to_numpy("float64") if name in data.numbers else values.astype(object).where(values.notna(), "\0").to_numpy()
        )
        seen.update(pd.util.hash_array(np.ascontiguousarray(plain), categorize=True).tobytes())
    for array in (data.truth, data.groups, data.order):
        seen.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()


def to_bytes(data: TrainingSet) -> bytes:
    """Raises BadInput when the rows are too large to be handed around."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, object] = {}
    for index, name in enumerate(data.features.columns):
        values = data.features[name]
        columns[f"f{index}"] = (
            pa.array(values.to_numpy("float64"))
            if name in data.numbers
            else pa.array(
                [None if value is None else str(value) for value in values.astype(object).where(values.notna(), None)],
                pa.string(),
            )
        )
    columns["truth"] = pa.array(data.truth)
    if data.groups is not None:
        columns["groups"] = pa.array(data.groups)
    if data.order is not None:
        columns["order"] = pa.array(data.order.astype("datetime64[us]").astype("int64"))
    meta = _Meta(tuple(str(name) for name in data.features.columns), data.numbers, data.classes, data.described)
    table = pa.table(columns).replace_schema_metadata({META: msgspec.json.encode(meta)})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue()
    if len(content) > CAP:
        raise BadInput(
            N_("The rows to search on take {size:number} MB, more than {cap:number}: leave out columns that no model needs."),
            size=len(content) / 1e6,
            cap=CAP / 1e6,
        )
    return content


def from_bytes(content: bytes) -> TrainingSet:
    """Raises ValueError when the bytes are no rows of a search."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
        meta = msgspec.json.decode((table.schema.metadata or {}).get(META, b""), type=_Meta)
    except (pa.ArrowException, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error
    names = pd.Index(list(meta.features), dtype=object)
    parts: list[pd.Series] = []
    for index, name in enumerate(meta.features):
        column = table.column(f"f{index}")
        if name in meta.numbers:
            parts.append(pd.Series(column.to_numpy(), dtype="float64"))
        else:
            parts.append(pd.Series(column.to_pylist(), dtype=object))
    features = pd.concat(parts, axis=1)
    features.columns = names
    groups: NDArray[np.int64] | None = table.column("groups").to_numpy() if "groups" in table.column_names else None
    order = table.column("order").to_numpy().astype("datetime64[us]") if "order" in table.column_names else None
    categories = tuple(name for name in meta.features if name not in meta.numbers)
    truth = table.column("truth").to_numpy()
    rows = np.arange(len(truth), dtype="int64")
    return TrainingSet(
        features=features,
        truth=truth,
        task=meta.described.task,
        classes=meta.classes,
        numbers=meta.numbers,
        categories=categories,
        groups=groups,
        order=order,
        described=meta.described,
        drawn=rows,
        frame=pd.DataFrame(),
    )
