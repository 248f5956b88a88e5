"""Which words mean that there is no value."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from diagnostics.nouns.table import Kind
from diagnostics.read.agree import agree
from diagnostics.read.caps import Options
from diagnostics.read.reader import read_table
from tests.read.given import column, notes, read, values


def test_namibia_and_minus_are_values(tmp_path: Path) -> None:
    table = read(tmp_path, column(["ZA", "NA", "BW", "NA"]))
    assert values(table, "x") == ["ZA", "NA", "BW", "NA"]
    assert "NA in x is kept as a value" in notes(table)
    table = read(tmp_path, column(["+", "-", "+", "-"]))
    assert values(table, "x") == ["+", "-", "+", "-"]


def test_the_same_words_are_missing_elsewhere(tmp_path: Path) -> None:
    table = read(tmp_path, column(["north", "NA", "-", ""]))
    assert values(table, "x") == ["north", None, None, None]
    assert dict(table["x"].tokens) == {"NA": 1, "-": 1, "": 1}


def test_words_can_be_stated(tmp_path: Path) -> None:
    table = read(tmp_path, column(["north", "NA", "none", ""]), options=Options(missing=("none",)))
    assert values(table, "x") == ["north", "NA", None, None]
    numbers = read(tmp_path, column(["1", "unknown", "3"]), options=Options(missing=("unknown",)))
    assert values(numbers, "x") == [1, None, 3]


def test_true_is_one_value_in_any_spelling(tmp_path: Path) -> None:
    for cells in (["true", "false"], ["TRUE", "FALSE"], ["True", "False"], ["true", "FALSE"]):
        assert values(read(tmp_path, column(cells)), "x") == ["True", "False"]
    assert values(read(tmp_path, column(["true", "maybe"])), "x") == ["true", "maybe"]


def test_in_a_typed_file_only_null_is_missing(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["NONE", None, "x", "NA", ""], "b": [True, False, None, True, True]}).to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet", tmp_path / "out", name="t")
    assert values(table, "a") == ["NONE", None, "x", "NA", ""]
    assert table["a"].tokens == (("", 1),)
    assert values(table, "b") == ["True", "False", None, "True", "True"]


def _pair(folder: Path, reference: list[str], current: list[str]) -> tuple[list[object], list[object]]:
    tables = []
    for name, cells in (("reference", reference), ("current", current)):
        (folder / f"{name}.csv").write_text(column(cells))
        tables.append(read_table(folder / f"{name}.csv", folder / "out", name=name))
    left, right = agree(tables[0], tables[1])
    return values(left, "x"), values(right, "x")


def test_a_word_as_common_on_both_sides_is_a_value(tmp_path: Path) -> None:
    left, right = _pair(tmp_path, ["none", "None", "low", "high"] * 50, ["None", "none", "high", "low"] * 50)
    assert left.count("None") == right.count("None") == 50
    assert None not in left + right


def test_a_word_that_became_common_is_missing(tmp_path: Path) -> None:
    left, right = _pair(tmp_path, ["a", "b", "c", "d"] * 50, ["NA", "b", "c", "d"] * 50)
    assert left.count(None) == 0
    assert right.count(None) == 50
    left, right = _pair(tmp_path, ["a", "NA", *["b"] * 98] * 5, ["NA", "NA", *["b"] * 2] * 50)
    assert left.count(None) == 5
    assert right.count(None) == 100


def test_a_value_of_a_typed_file_is_one_in_a_text_file_too(tmp_path: Path) -> None:
    pd.DataFrame({"x": ["NONE", "a", "b"] * 20}).to_parquet(tmp_path / "reference.parquet")
    (tmp_path / "current.csv").write_text(column(["NONE", "a", "", "b"] * 20))
    reference = read_table(tmp_path / "reference.parquet", tmp_path / "out", name="reference")
    current = read_table(tmp_path / "current.csv", tmp_path / "out", name="current")
    assert values(current, "x").count(None) == 40
    _, current = agree(reference, current)
    assert values(current, "x").count("NONE") == 20
    assert values(current, "x").count(None) == 20
    assert current["x"].tokens == (("", 20),)
    assert current["x"].kind is Kind.CATEGORY


def test_days_that_a_spreadsheet_counts_are_times_beside_times(tmp_path: Path) -> None:
    (tmp_path / "reference.csv").write_text("when,y\n" + "".join(f"2026-01-{d:02d},{d}\n" for d in range(1, 29)))
    (tmp_path / "current.csv").write_text("when,y\n" + "".join(f"{46082 + d}.5,{d}\n" for d in range(28)))
    reference = read_table(tmp_path / "reference.csv", tmp_path / "out", name="reference")
    current = read_table(tmp_path / "current.csv", tmp_path / "out", name="current")
    _, current = agree(reference, current)
    assert (current["when"].kind, current["when"].format) == (Kind.TIME, "days since 1899-12-30")
    assert str(values(current, "when")[0]) == "2026-03-01 12:00:00"
    assert "were read as times" in notes(current)


@pytest.mark.parametrize(
    ("cells", "kind", "counts"),
    [
        (["unknown", "5.5", "6.5", "7.25"], Kind.NUMBER, {"unknown": 5}),
        (["*", "550", "1200", "7"], Kind.NUMBER, {"*": 5}),
        (["0000-00-00", "2026-05-01", "2026-05-02", "2026-05-03"], Kind.TIME, {"0000-00-00": 5}),
        (["ground", "1", "2", "3"], Kind.CATEGORY, {}),
        (["<0.5", "0.7", "1.2", "1.9"], Kind.CATEGORY, {}),
    ],
)
def test_one_word_among_measurements_says_that_there_is_none(
    tmp_path: Path, cells: list[str], kind: Kind, counts: dict[str, int]
) -> None:
    table = read(tmp_path, column(cells * 5))
    assert (table["x"].kind, dict(table["x"].tokens)) == (kind, counts)
    assert ("is read as missing (5 rows)" in notes(table)) is bool(counts)
