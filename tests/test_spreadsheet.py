from __future__ import annotations

import duckdb
import pytest

from diagnostics.nouns.spreadsheet import defused, defused_sql

FORMULAS = [
    *("=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "－1+1", "＠SUM(1)", "-", "+", "\tx", "﹦1"),
    *(hidden + "=1+1" for hidden in "\u200b\u200e\u200f\ufeff\u00ad\u2060\u00a0\u3000\u202e\u0000\u180e\u2028\u3164\U000e0001"),
    *("\u200b\ufeff @SUM(A1)", '=HYPERLINK("http://x")', "-inf+1", "+1+1", "-5;x", "=", "-1 -1", "\u200b-2+3"),
]
HARMLESS = [
    "-5",
    "+3.2",
    "-1e5",
    "-.5",
    "-12,5",
    "-3%",
    "-1,234.5",
    "-1.234.567,8",
    "-12 345",
    "-inf",
    "inf",
    "-Infinity",
    "-nan",
    "+inf",
]
HARMLESS += ["a=b", "", "x@y", "ü=", "5-3", "'=1", "\u200bx", " ", "密码", "0x=1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert defused(cell) == "'" + cell


@pytest.mark.parametrize("cell", [*HARMLESS, 5, -2.5, float("-inf"), None])
def test_numbers_and_plain_text_stay(cell: object) -> None:
    assert defused(cell) == cell


def test_the_engine_decides_alike() -> None:
    cells = [cell for cell in (*FORMULAS, *HARMLESS) if "\0" not in cell]
    con = duckdb.connect()
    con.execute("CREATE TABLE cells AS SELECT unnest(?::VARCHAR[]) AS cell", [cells])
    found = con.execute(f"SELECT {defused_sql('cell')} FROM cells").fetchall()
    assert [row[0] for row in found] == [defused(cell) for cell in cells]
