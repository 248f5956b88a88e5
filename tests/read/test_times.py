"""Times as programs write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind
from diagnostics.read.caps import Options
from diagnostics.read.folder import assemble
from diagnostics.read.reader import read_table
from diagnostics.remarks import remarks
from tests.read.given import column, notes, read, values

NOON = datetime(2026, 1, 5, 13, 2, 3)
DAY = datetime(2026, 1, 5)


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2026-01-05 13:02:03,123", NOON + timedelta(milliseconds=123)),
        ("20260105T130203Z", NOON),
        ("20260105130203", NOON),
        ("Mon Jan 05 13:02:03 CET 2026", NOON),
        ("Mon Jan  5 13:02:03 2026", NOON),
        ("Mon Jan 05 2026 13:02:03 GMT+0100 (Central European Standard Time)", NOON - timedelta(hours=1)),
        ("Mon, 05 Jan 2026 13:02:03 +0100", NOON - timedelta(hours=1)),
        ("05/Jan/2026:13:02:03 +0100", NOON - timedelta(hours=1)),
        ("05-JAN-26 01.02.03.123456 PM", NOON),
        ("05JAN2026:13:02:03", NOON),
        ("05JAN2026", DAY),
        ("01/25/2026 1:02:03 PM", datetime(2026, 1, 25, 13, 2, 3)),
        ("2026-01-05-13.02.03.123456", NOON),
        ("2026-01-05T13:02:03+01:00[Europe/Berlin]", NOON - timedelta(hours=1)),
        ("2026-01-05 13:02:03+01", NOON - timedelta(hours=1)),
        ("1767618123", NOON),
        ("1767618123000", NOON),
        ("1767618123000000", NOON),
        ("1767618123000000000", NOON),
        ("20260105T130203+0100", NOON - timedelta(hours=1)),
        ("01/25/2026 1:02 p.m.", datetime(2026, 1, 25, 13, 2)),
        ("01/25/2026, 1:02:03\u202fPM", datetime(2026, 1, 25, 13, 2, 3)),
        ("2026. 1. 5.", DAY),
        ("2026年1月5日13时2分", datetime(2026, 1, 5, 13, 2)),
        ("2026년 1월 5일", DAY),
        ("5. Januar 2026", DAY),
        ("Montag, 5. Jan. 2026, 13:02:03 Uhr", NOON),
        ("5 de enero de 2026", DAY),
        ("5 janv. 2026 à 13:02", datetime(2026, 1, 5, 13, 2)),
        ("5 января 2026 г.", DAY),
        ("05-gen-2026", DAY),
        ("January 5th, 2026 1:02 pm", datetime(2026, 1, 5, 13, 2)),
        ("2026. január 5.", DAY),
        ("46027", DAY),
        ("46027.5", DAY + timedelta(hours=12)),
    ],
)
def test_times_of_many_programs(tmp_path: Path, cell: str, time: datetime) -> None:
    table = read(tmp_path, column([cell, cell], name="created_at"))
    assert table["created_at"].kind is Kind.TIME
    assert values(table, "created_at") == [time, time]


def test_days_without_marks_need_no_name(tmp_path: Path) -> None:
    table = read(tmp_path, column(["20260131", "20260201", "20260202"]))
    assert values(table, "x") == [datetime(2026, 1, 31), datetime(2026, 2, 1), datetime(2026, 2, 2)]
    assert read(tmp_path, column(["20260131", "20261399", "20260202"]))["x"].kind is Kind.NUMBER


def test_months_that_two_languages_name_alike_are_said(tmp_path: Path) -> None:
    table = read(tmp_path, column(["4 listopada 2026", "5 listopada 2026"]))
    assert table["x"].kind is Kind.TIME
    assert "words of several languages" in notes(table)
    assert read(tmp_path, column(["10 kg 2026", "12 kg 2027"]))["x"].kind is Kind.CATEGORY


def test_durations_and_amounts_are_no_days(tmp_path: Path) -> None:
    assert read(tmp_path, column(["46027", "46028"], name="response_time"))["response_time"].kind is Kind.NUMBER
    assert read(tmp_path, column(["46027", "46028"], name="income"))["income"].kind is Kind.NUMBER


def test_a_column_named_as_the_time_is_read_as_one_or_refused(tmp_path: Path) -> None:
    serial = read(tmp_path, column(["46027", "46028"], name="x"))
    incident = assemble(None, {"timestamp": "x"}, serial, None)
    assert incident.reference is not None
    assert incident.reference["x"].kind is Kind.TIME
    words = read(tmp_path, column(["soon", "later"], name="x"))
    with pytest.raises(BadInput, match=r"x was named as the time, but t\.csv holds no times there"):
        assemble(None, {"timestamp": "x"}, words, None)
    (tmp_path / "good.csv").write_text(column(["2026-01-05", "2026-01-06"], name="x"))
    good = read_table(tmp_path / "good.csv", tmp_path / "good", name="good")
    told = [str(remark.says) for remark in remarks(assemble(None, {"timestamp": "x"}, good, words), ())]
    assert any("nothing in it can be dated" in says for says in told)


def test_one_column_settles_the_order_of_dates_for_the_file(tmp_path: Path) -> None:
    table = read(tmp_path, "a|b\n13/05/2026|01/02/2026\n14/06/2026|02/03/2026\n")
    assert values(table, "b") == [datetime(2026, 2, 1), datetime(2026, 3, 2)]
    assert not notes(table)


@pytest.mark.parametrize(
    ("stated", "time"),
    [("day", datetime(2026, 2, 1)), ("month", datetime(2026, 1, 2)), ("%d/%m/%Y", datetime(2026, 2, 1))],
)
def test_the_order_of_dates_can_be_stated(tmp_path: Path, stated: str, time: datetime) -> None:
    data = "a|b\n01/02/2026|x\n01/02/2026|y\n"
    assert "could begin with the day or the month" in notes(read(tmp_path, data))
    table = read(tmp_path, data, options=Options(dates=stated))
    assert values(table, "a") == [time, time]
    assert not notes(table)
