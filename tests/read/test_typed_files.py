"""Files that say what their values are: Parquet, JSON, Arrow, ORC, Stata; and a zip of one table."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import fastavro
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.read.reader import read_table
from diagnostics.read.record import write_clean
from tests.read.given import read, values

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [0.5, 1.5, 2.5]})


def opened(file: Path) -> Table:
    return read_table(file, file.parent / "out", name="t")


def _feather(file: Path) -> None:
    pyarrow.feather.write_feather(pa.Table.from_pandas(FRAME, preserve_index=False), file)


def _orc(file: Path) -> None:
    pyarrow.orc.write_table(pa.Table.from_pandas(FRAME, preserve_index=False), file)


def _avro(file: Path) -> None:
    fields = [{"name": name, "type": ["null", kind]} for name, kind in (("a", "long"), ("b", "string"), ("c", "double"))]
    with file.open("wb") as stream:
        fastavro.writer(
            stream, {"type": "record", "name": "row", "fields": fields}, FRAME.to_dict(orient="records"), codec="deflate"
        )


WRITERS: dict[str, Callable[[Path], object]] = {
    "parquet": lambda file: FRAME.to_parquet(file),
    "jsonl": lambda file: FRAME.to_json(file, orient="records", lines=True),
    "json": lambda file: FRAME.to_json(file, orient="records"),
    "feather": _feather,
    "orc": _orc,
    "avro": _avro,
    "dta": lambda file: FRAME.to_stata(file, write_index=False),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_the_same_table_in_any_container(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t.{ending}"
    WRITERS[ending](file)
    table = opened(file)
    assert table.names == ("a", "b", "c")
    assert [column.kind for column in table] == [Kind.NUMBER, Kind.CATEGORY, Kind.NUMBER]
    assert [values(table, name) for name in table.names] == [[1, 2, 3], ["x", "y", "z"], [0.5, 1.5, 2.5]]
    write_clean(file, tmp_path / "clean.csv")
    assert pd.read_csv(tmp_path / "clean.csv")["b"].tolist() == ["x", "y", "z"]


def test_a_zip_of_one_table(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/table.csv", FRAME.to_csv(index=False))
        archive.writestr("__MACOSX/._table.csv", "x")
    table = read(tmp_path, packed.getvalue(), "t.zip")
    assert (table.names, table.rows, table.reading.source) == (("a", "b", "c"), 3, "t.zip")
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("second.csv", "a\n1\n")
    with pytest.raises(BadInput, match="2 files"):
        read(tmp_path, packed.getvalue(), "t.zip")


def test_lines_that_are_no_record_are_set_aside(tmp_path: Path) -> None:
    lines = [json.dumps({"a": i, "b": None if i == 2 else "NONE"}) for i in range(5)]
    table = read(tmp_path, "\n".join([*lines[:3], "{broken", *lines[3:]]), "t.jsonl")
    assert table.rows == 5
    assert [(r.line, r.reason) for r in table.reading.rejected] == [(4, "no JSON record")]
    assert values(table, "b") == ["NONE", "NONE", None, "NONE", "NONE"]


def test_json_that_is_no_table_is_said_to_be_that(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="one JSON object"):
        read(tmp_path, '{\n "a": 1,\n "b": [1, 2]\n}', "t.json")


def test_long_whole_numbers_keep_every_digit(tmp_path: Path) -> None:
    ids = np.array([2**64 - 1, 2**64 - 2, 2**64 - 3], dtype="uint64")
    pd.DataFrame({"id": ids, "n": [1, 2, 3], "ms": [1767618123000] * 3}).rename(columns={"ms": "created_at"}).to_parquet(
        tmp_path / "t.parquet"
    )
    table = opened(tmp_path / "t.parquet")
    assert values(table, "id") == [str(number) for number in ids]
    assert values(table, "created_at") == [datetime(2026, 1, 5, 13, 2, 3)] * 3
    assert values(table, "n") == [1, 2, 3]


def test_what_the_engine_cannot_read_goes_another_way(tmp_path: Path) -> None:
    half = pa.table({"h": pa.array(np.array([1.5, 2.5], dtype="float16")), "n": [1, 2]})
    pyarrow.parquet.write_table(half, tmp_path / "t.parquet")
    table = opened(tmp_path / "t.parquet")
    assert values(table, "h") == [1.5, 2.5]


def test_zones_and_durations(tmp_path: Path) -> None:
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-05-01 10:00+02:00"] * 2, utc=True), "d": pd.to_timedelta([1, 2], unit="s")})
    frame.to_parquet(tmp_path / "t.parquet")
    table = opened(tmp_path / "t.parquet")
    assert values(table, "t") == [datetime(2026, 5, 1, 8)] * 2


def test_avro_keeps_its_types(tmp_path: Path) -> None:
    moment = {"type": "long", "logicalType": "timestamp-millis"}
    kinds = {
        "when": moment,
        "flag": "boolean",
        "level": {"type": "enum", "name": "e", "symbols": ["NA", "B"]},
        "mixed": ["long", "string"],
    }
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    rows = [
        {"when": datetime(2026, 1, 1, 8, tzinfo=UTC), "flag": True, "level": "NA", "mixed": 1},
        {"when": datetime(2026, 1, 2, 8, tzinfo=UTC), "flag": False, "level": "B", "mixed": "one"},
    ]
    with (tmp_path / "t.avro").open("wb") as stream:
        fastavro.writer(stream, {"type": "record", "name": "row", "fields": fields}, rows)
    table = opened(tmp_path / "t.avro")
    assert values(table, "when") == [datetime(2026, 1, 1, 8), datetime(2026, 1, 2, 8)]
    assert (values(table, "flag"), values(table, "level"), values(table, "mixed")) == (
        ["True", "False"],
        ["NA", "B"],
        ["1", "one"],
    )
    (tmp_path / "t.avro").write_bytes((tmp_path / "t.avro").read_bytes()[:-30])
    with pytest.raises(BadInput, match="damaged"):
        opened(tmp_path / "t.avro")


RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    "document",
    [
        {"status": "ok", "result": {"rows": RECORDS}},
        {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]},
        {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}},
        {"a": [1, 2], "b": ["x", "y"]},
        {"0": RECORDS[0], "1": RECORDS[1]},
        [["a", "b"], [1, "x"], [2, "y"]],
    ],
    ids=["answer", "split", "columns", "lists", "index", "rows"],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_a_table_inside_a_document(tmp_path: Path, document: object, indent: int | None) -> None:
    table = read(tmp_path, json.dumps(document, indent=indent), "t.json")
    assert (values(table, "a"), values(table, "b")) == ([1, 2], ["x", "y"])
