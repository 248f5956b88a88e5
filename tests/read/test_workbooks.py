"""Workbooks: which sheet, which table on it, and what its cells are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from openpyxl.styles import Font

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.read.caps import Options
from diagnostics.read.reader import read_table
from tests.read.given import notes, values, workbook

ROWS = [["id", "age"], *[[i, 20 + i] for i in range(1, 8)]]


def opened(folder: Path, options: Options | None = None) -> Table:
    return read_table(folder / "t.xlsx", folder / "out", name="t", options=options)


def test_a_sheet_of_one_column(tmp_path: Path) -> None:
    workbook(tmp_path, {"a": [["age"], [34], [45], [27]]})
    assert values(opened(tmp_path), "age") == [34, 45, 27]


def test_the_sheet_that_is_a_table_is_read_and_another_can_be_chosen(tmp_path: Path) -> None:
    book = workbook(tmp_path, {"README": [["Exported by", "CRM"], ["Contact", "ops"]], "old": ROWS[:3], "data": ROWS})
    book["old"].sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    table = opened(tmp_path)
    assert (table.reading.sheet, table.reading.sheets, table.rows) == ("data", ("README", "old", "data"), 7)
    assert "Read the sheet data, one of 3" in notes(table)
    assert opened(tmp_path, Options(sheet="old")).rows == 2
    with pytest.raises(BadInput, match="no sheet nope"):
        opened(tmp_path, Options(sheet="nope"))


def test_a_formatted_cell_far_below_is_no_table_of_millions(tmp_path: Path) -> None:
    book = workbook(tmp_path, {"a": ROWS})
    book["a"].cell(1_048_576, 22).font = Font(bold=True)
    book.save(tmp_path / "t.xlsx")
    assert (opened(tmp_path).rows, len(opened(tmp_path).columns)) == (7, 2)


def test_formulas_that_were_never_calculated_are_said(tmp_path: Path) -> None:
    workbook(tmp_path, {"a": [["a", "b", "sum"], [1, 2, "=A2+B2"], [3, 4, "=A3+B3"]]})
    table = opened(tmp_path)
    assert values(table, "sum") == [None, None]
    assert "2 formulas in the workbook were never calculated" in notes(table)


def test_merged_cells_are_filled_down(tmp_path: Path) -> None:
    book = workbook(tmp_path, {"a": [["region", "v"], ["R0", 1], [None, 2], ["R1", 3], [None, 4]]})
    book["a"].merge_cells("A2:A3")
    book["a"].merge_cells("A4:A5")
    book.save(tmp_path / "t.xlsx")
    table = opened(tmp_path)
    assert values(table, "region") == ["R0", "R0", "R1", "R1"]
    assert "2 cells below merged ones" in notes(table)


def test_title_and_total_around_the_table(tmp_path: Path) -> None:
    workbook(tmp_path, {"a": [["Report"], ["Period: May"], [], *ROWS, ["Total", 168], [], ["Source: CRM"]]})
    table = opened(tmp_path)
    assert (table.names, table.rows) == (("id", "age"), 7)
    assert table["age"].integer


def test_the_largest_of_several_tables(tmp_path: Path) -> None:
    beside = [[*row, None, *(["k", "n"] if i == 0 else [f"k{i}", i] if i < 5 else [])] for i, row in enumerate(ROWS)]
    below = [*beside, [], [], ["city", "people", "area"], *[[f"c{i}", i, i * 2] for i in range(4)]]
    workbook(tmp_path, {"a": below})
    table = opened(tmp_path)
    assert (table.names, table.rows) == (("id", "age"), 7)
    assert "The sheet holds 3 tables" in notes(table)


def test_cells_keep_their_types(tmp_path: Path) -> None:
    rows = [["flag", "when", "word", "n"], *[[i % 2 == 0, datetime(2026, 5, 1 + i), "NA" if i else "-", 1.5] for i in range(4)]]
    workbook(tmp_path, {"a": rows})
    table = opened(tmp_path)
    assert values(table, "flag") == ["True", "False", "True", "False"]
    assert table["when"].kind is Kind.TIME
    assert values(table, "word") == ["-", "NA", "NA", "NA"]


def test_numbers_that_count_days_under_the_name_of_a_day(tmp_path: Path) -> None:
    workbook(tmp_path, {"a": [["d", "v"], [45000, 1], [45001, 2]]})
    assert values(opened(tmp_path), "d") == [datetime(2023, 3, 15), datetime(2023, 3, 16)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600, "password"),
        (b"<html><body><table><tr><td>a</td></tr></table></body></html>", "web page"),
        (b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>', "XML of 2003"),
    ],
)
def test_what_only_looks_like_a_workbook_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "t.xls").write_bytes(data)
    with pytest.raises(BadInput, match=says):
        read_table(tmp_path / "t.xls", tmp_path / "out", name="t")
