"""Numbers as people write them: one decimal mark for one file, and codes that are no numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.nouns.table import Kind
from diagnostics.read import typed
from diagnostics.read.caps import Options
from tests.read.given import column, notes, read, values


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,23,456", "12,34,567", "99,999"], [123456, 1234567, 99999]),
        (["\u22125.2", "3.1", "\u22120.4"], [-5.2, 3.1, -0.4]),
        (["٣٫٥", "١٢", "٧٫٢٥"], [3.5, 12, 7.25]),
        (["３．５", "１２", "７．２５"], [3.5, 12, 7.25]),
        (["(1,234.50)", "12.00", "(3.25)"], [-1234.5, 12, -3.25]),
        (["12-", "7", "3.5-"], [-12, 7, -3.5]),
        (["1'234.5", "12'000", "7"], [1234.5, 12000, 7]),
        (["1 234,5", "12 000", "7,25"], [1234.5, 12000, 7.25]),
        (["12 %", "3.5 %"], [0.12, 0.035]),
    ],
)
def test_numbers_of_many_countries(tmp_path: Path, cells: list[str], numbers: list[float]) -> None:
    table = read(tmp_path, column(cells))
    assert table["x"].kind is Kind.NUMBER
    assert values(table, "x") == [pytest.approx(number) for number in numbers]


@pytest.mark.parametrize(
    "cells",
    [
        ["2026_0001", "2026_0002", "2026_0011"],
        ["1_11", "11_1", "2_22"],
        ["1E2", "10E1", "3E05", "7E1"],
        ["1.2.3", "1.10.0", "2.0.1"],
        ["9223372036854775807", "9223372036854775806", "9223372036854775805"],
        ["123456789012345678901", "123456789012345678902", "123456789012345678903"],
        ["007", "042", "100"],
    ],
)
def test_codes_keep_every_character(tmp_path: Path, cells: list[str]) -> None:
    table = read(tmp_path, column(cells))
    assert table["x"].kind is Kind.CATEGORY
    assert values(table, "x") == cells


def test_numbers_with_an_exponent_are_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, column(["1.5e3", "2.5E-2", "3e+05"]))["x"].kind is Kind.NUMBER
    assert read(tmp_path, column(["100", "1e20", "2.5"]))["x"].kind is Kind.NUMBER


def test_another_column_settles_the_decimal_mark(tmp_path: Path) -> None:
    table = read(tmp_path, "price|amount|y\n1.234,50|1.000|a\n99,90|2.500|b\n1.000,00|12.000|c\n")
    assert values(table, "price") == [1234.5, 99.9, 1000.0]
    assert values(table, "amount") == [1000, 2500, 12000]
    assert "1.000 in amount is read as 1000, because the file also holds 1.234,50" in notes(table)


def test_a_point_elsewhere_settles_it_the_other_way(tmp_path: Path) -> None:
    table = read(tmp_path, "price|amount\n12.5|1,234\n7.25|2,500\n0.5|3,100\n")
    assert values(table, "amount") == [1234, 2500, 3100]
    assert not notes(table)


@pytest.mark.parametrize(("mark", "numbers"), [(None, [1234, 12500]), (".", [1.234, 12.5]), (",", [1234, 12500])])
def test_what_nothing_settles_is_said_and_can_be_stated(tmp_path: Path, mark: str | None, numbers: list[float]) -> None:
    table = read(tmp_path, "city;people\nA;1.234\nB;12.500\n", options=Options(decimal=mark))
    assert values(table, "people") == numbers
    assert ("nothing in the file decides" in notes(table)) is (mark is None)


def test_a_late_cell_settles_it_too(tmp_path: Path) -> None:
    rows = "".join(f"{i}.{i:03d}|a\n" for i in range(100, 1500))
    table = read(tmp_path, "x|y\n" + rows + "2.5|b\n")
    assert values(table, "x")[0] == 100.1
    assert not notes(table)


def test_codes_behind_plain_first_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed, "HEAD_ROWS", 100)
    monkeypatch.setattr(typed, "SMALL", 0)
    plain = "".join(f"{i}.5,{i},a\n" for i in range(300))
    table = read(tmp_path, "real,whole,word\n" + plain + "2026_0001,7,b\n")
    assert table["real"].format == "mixed"
    assert values(table, "real")[-1] == "2026_0001"
    table = read(tmp_path, "real,whole,word\n" + plain + "7.5,7,b\n")
    assert table["real"].kind is Kind.NUMBER


@pytest.mark.parametrize("options", [{"decimal": ";"}, {"thousands": "x"}, {"decimal": ",", "thousands": ","}, {"dates": "year"}])
def test_what_cannot_be_stated_is_refused(options: dict[str, str]) -> None:
    from diagnostics.nouns.refusal import BadInput

    with pytest.raises(BadInput):
        Options(**options)
