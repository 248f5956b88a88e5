"""Run as a program: a typed file of another kind as Parquet. A process of its own, so that a hostile file takes only itself down.

    python convert.py KIND SOURCE OUT.parquet MEMORY_BYTES SECONDS MAX_CELLS

KIND: arrow (Feather too), avro, orc, parquet (what the engine cannot read), stata, sas, xport. Prints one JSON object: {"rows"}
or {"error", "what"}. Imports nothing of the project.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from typing import Any

ROWS = 50_000
"""Rows converted at a time."""


def confine(memory: int, seconds: int) -> None:
    """Bound address space and processor time where the system can (not on Windows), never above what is allowed already."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        allowed = resource.getrlimit(what)[1]
        most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def batches(kind: str, source: str) -> Iterator[Any]:
    """Record batches or tables of the file, in its order."""
    import pyarrow as pa

    if kind == "arrow":
        import pyarrow.feather
        import pyarrow.ipc

        with open(source, "rb") as stream:
            compressed_v1 = stream.read(4) == b"FEA1"
        if compressed_v1:
            yield pyarrow.feather.read_table(source, memory_map=False)
            return
        with pa.OSFile(source) as file:
            reader = pyarrow.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)
            if not reader.num_record_batches:
                yield reader.schema.empty_table()
    elif kind == "orc":
        import pyarrow.orc

        opened = pyarrow.orc.ORCFile(source)
        for number in range(opened.nstripes):
            yield opened.read_stripe(number)
    elif kind == "avro":
        yield from avro_batches(source)
    elif kind == "parquet":
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(source) as opened:
            yield from opened.iter_batches(ROWS)
    else:
        import pandas as pd

        if kind == "stata":
            frames: Any = pd.read_stata(source, chunksize=ROWS, convert_categoricals=True)
        else:
            frames = pd.read_sas(source, format="xport" if kind == "xport" else "sas7bdat", chunksize=ROWS, encoding="infer")
        with frames:
            for frame in frames:
                for name in frame.columns[frame.dtypes == "category"]:
                    # Each part of the file knows only its own labels.
                    frame[name] = frame[name].astype(object)
                yield pa.Table.from_pandas(frame, preserve_index=False)


AVRO_KINDS = {"boolean": "bool_", "int": "int64", "long": "int64", "float": "float32", "double": "float64", "string": "string"}
AVRO_TIMES = {"date": "date32", "timestamp-millis": "ms", "timestamp-micros": "us", "timestamp-nanos": "ns"}


def avro_batches(source: str) -> Iterator[Any]:
    """Tables of an Avro file in the types of its schema; records, lists and maps as JSON."""
    import fastavro
    import pyarrow as pa

    with open(source, "rb") as stream:
        reader = fastavro.reader(stream)
        schema: Any = reader.writer_schema
        if not isinstance(schema, dict) or schema.get("type") != "record":
            raise NotImplementedError("an Avro file whose entries are no records")
        fields = [(field["name"], avro_type(field["type"])) for field in schema["fields"]]
        arrow = pa.schema([(name, kind or pa.string()) for name, kind in fields])
        nested = [name for name, kind in fields if kind is None]
        rows: list[Any] = []
        row: Any
        for row in reader:
            for name in nested:
                row[name] = avro_text(row[name])
            rows.append(row)
            if len(rows) == ROWS:
                yield pa.Table.from_pylist(rows, schema=arrow)
                rows = []
        yield pa.Table.from_pylist(rows, schema=arrow)


def avro_type(given: Any) -> Any:
    """The Arrow type of an Avro type; None for what is kept as text: several types in one column, records, lists, maps."""
    import pyarrow as pa

    if isinstance(given, list):
        kinds = [kind for kind in given if kind != "null"]
        return avro_type(kinds[0]) if len(kinds) == 1 else None
    if isinstance(given, str):
        return getattr(pa, AVRO_KINDS[given])() if given in AVRO_KINDS else None
    logical, base = given.get("logicalType", ""), given["type"]
    if logical == "decimal":
        return pa.decimal128(min(38, int(given["precision"])), int(given.get("scale", 0)))
    if logical in AVRO_TIMES:
        return pa.date32() if logical == "date" else pa.timestamp(AVRO_TIMES[logical], tz="UTC")
    if logical.startswith("local-timestamp-"):
        return pa.timestamp(AVRO_TIMES[logical.removeprefix("local-")])
    if base == "enum":
        return pa.string()
    return None if logical or base in ("record", "array", "map", "fixed") else avro_type(base)


def avro_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)


def plain(table: Any) -> Any:
    """Columns in types that the engine reads: half floats as floats, long decimals as texts, categories as their values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else table
    for number, field in enumerate(table.schema):
        kind = field.type
        column = table.column(number)
        if pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type) if not pa.types.is_null(kind.value_type) else column
        elif pa.types.is_float16(kind):
            column = column.cast(pa.float32())
        elif pa.types.is_decimal256(kind):
            column = column.cast(pa.string())
        elif pa.types.is_null(kind):
            column = pc.cast(column, pa.string())
        elif pa.types.is_duration(kind):
            column = column.cast(pa.int64())
        else:
            continue
        table = table.set_column(number, field.name, column)
    return table


def main(kind: str, source: str, out: str, memory: str, seconds: str, max_cells: str) -> dict[str, object]:
    import pyarrow as pa
    import pyarrow.parquet

    confine(int(memory), int(seconds))
    pa.set_cpu_count(1)
    writer, rows = None, 0
    try:
        for part in batches(kind, source):
            table = plain(part)
            rows += table.num_rows
            if rows * max(1, table.num_columns) > int(max_cells):
                return {"error": "cells"}
            if writer is None:
                writer = pyarrow.parquet.ParquetWriter(out, table.schema)
            writer.write_table(table.cast(writer.schema) if table.schema != writer.schema else table)
    except MemoryError:
        return {"error": "memory"}
    except (NotImplementedError, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        return {"error": "kind", "what": str(error)[:200]}
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError, EOFError, struct.error) as error:
        # What compresses the blocks of an Avro file may be a library that is not there.
        why = "encryption" if "encrypt" in str(error).lower() else str(error)[:200] if "codec" in str(error) else ""
        return {"error": "kind", "what": why} if why else {"error": "damaged"}
    finally:
        if writer is not None:
            writer.close()
    return {"rows": rows} if writer is not None else {"error": "empty"}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
