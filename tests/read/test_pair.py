"""Two files read with both in view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import Words
from diagnostics.read.folder import open_incident
from diagnostics.remarks import remarks
from tests.read.given import notes, values, workbook

RNG = np.random.default_rng(3)
AMOUNTS = np.round(RNG.lognormal(5, 0.5, 60), 3) + 0.0005


def _pair(folder: Path, reference: str, current: str) -> tuple[Table, Table]:
    (folder / "reference.csv").write_text(reference, encoding="utf-8")
    (folder / "current.csv").write_text(current, encoding="utf-8")
    incident = open_incident(folder, work=folder / "work")
    assert incident.reference is not None
    assert incident.current is not None
    return incident.reference, incident.current


def _table(cells: list[str], delimiter: str = ",", name: str = "amount") -> str:
    return f"id{delimiter}{name}\n" + "".join(f"C{i}{delimiter}{cell}\n" for i, cell in enumerate(cells))


POINTS = [f"{amount:.3f}" for amount in AMOUNTS]
COMMAS = [f"{amount:.3f}".replace(".", ",") for amount in AMOUNTS]
THOUSANDS = [f"{int(amount * 1000):,}" for amount in AMOUNTS]


def test_a_comma_is_decimal_where_the_other_table_says_so(tmp_path: Path) -> None:
    cells = [f'"{cell}"' for cell in COMMAS if len(cell) >= 7]
    reference, current = _pair(tmp_path, _table(POINTS), _table(cells))
    assert max(values(current, "amount")) < 2 * max(values(reference, "amount"))  # type: ignore[type-var, operator]
    assert "because the values of the other table are of that size" in notes(current)
    again = open_incident(tmp_path, work=tmp_path / "work")
    assert again.current is not None
    assert (values(again.current, "amount"), again.current.fingerprint) == (values(current, "amount"), current.fingerprint)


def test_a_comma_groups_thousands_where_the_other_table_says_so(tmp_path: Path) -> None:
    whole = [str(int(amount * 1000)) for amount in AMOUNTS]
    _, current = _pair(tmp_path, _table(whole), _table(THOUSANDS, "\t"))
    assert values(current, "amount") == [int(cell) for cell in whole]
    assert "because the values of the other table are of that size" in notes(current)


def test_what_neither_table_decides_is_said(tmp_path: Path) -> None:
    _pair(tmp_path, _table([f"{amount / 40:.4f}" for amount in AMOUNTS]), _table(THOUSANDS, "\t"))
    incident = open_incident(tmp_path, work=tmp_path / "work")
    said = "\n".join(remark.statement(Words()) for remark in remarks(incident, []))
    assert "nothing in the file decides" in said


def test_the_order_of_dates_is_that_of_the_other_table(tmp_path: Path) -> None:
    stated = ["01/25/2026", "02/13/2026", "03/01/2026"] * 5
    _, current = _pair(tmp_path, _table(stated, name="day"), _table(["03/01/2026", "03/02/2026", "03/03/2026"], name="day"))
    assert [str(day)[:10] for day in values(current, "day")] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    _, current = _pair(tmp_path, _table(stated, name="day"), _table(["03/01/2026", "04/01/2026", "05/01/2026"], name="day"))
    assert [str(day)[:10] for day in values(current, "day")] == ["2026-03-01", "2026-04-01", "2026-05-01"]
    assert "those of the other table" in notes(current)


def test_the_sheet_with_the_names_of_the_other_table_is_read(tmp_path: Path) -> None:
    rows = [["id", "amount"], *([i, float(amount)] for i, amount in enumerate(AMOUNTS))]
    others = [["month", "budget"], *([i, i * 100.0] for i in range(80))]
    workbook(tmp_path, {"Budget": others, "Data": rows}, name="current.xlsx")
    (tmp_path / "reference.csv").write_text(_table(POINTS), encoding="utf-8")
    incident = open_incident(tmp_path, work=tmp_path / "work")
    assert incident.current is not None
    assert (incident.current.names, incident.current.reading.sheet) == (("id", "amount"), "Data")
    assert "names of the other table" in notes(incident.current)


@pytest.mark.parametrize("spelled", [("true", "false"), ("T", "F"), ("1", "0"), ("yes", "no"), ("Y", "N")])
def test_booleans_are_one_value_in_any_spelling(tmp_path: Path, spelled: tuple[str, str]) -> None:
    flags = [i % 3 == 0 for i in range(60)]
    plain = _table([str(flag) for flag in flags])
    other = _table([spelled[0] if flag else spelled[1] for flag in flags])
    reference, current = _pair(tmp_path, plain, other)
    assert values(current, "amount") == values(reference, "amount") == [str(flag) for flag in flags]
    reference, current = _pair(tmp_path, other, plain)
    assert (values(current, "amount"), current["amount"].kind) == (values(reference, "amount"), reference["amount"].kind)


def test_yes_and_no_written_otherwise_stay_another_spelling(tmp_path: Path) -> None:
    reference, current = _pair(tmp_path, _table(["yes", "no"] * 30), _table(["Y", "N"] * 30))
    assert set(values(reference, "amount")) != set(values(current, "amount"))
    reference, current = _pair(tmp_path, _table(["True", "no"] * 30), _table(["1", "0"] * 30))
    assert current["amount"].kind is Kind.NUMBER


def test_how_the_times_of_a_log_are_written_is_no_change(tmp_path: Path) -> None:
    def rows(form: str) -> str:
        days = [datetime(2026, 1, 1) + timedelta(days=i) for i in range(40)]
        return "id,seen_at,x\n" + "".join(f"C{i},{day.strftime(form)},{i}\n" for i, day in enumerate(days))

    (tmp_path / "incident.yaml").write_text("timestamp: seen_at\n", encoding="utf-8")
    reference, current = _pair(tmp_path, rows("%Y-%m-%d"), rows("%d.%m.%Y"))
    assert values(reference, "seen_at") == values(current, "seen_at")
    assert reference["seen_at"].format == current["seen_at"].format == ""


def _amounts(write: Callable[[float], str], delimiter: str, columns: int) -> str:
    """Columns of amounts, of which the first `columns` are written that way and the others plainly."""
    cells = [[write(a * k) if k <= columns else f"{a * k:.2f}" for k in (1, 2, 3)] for a in AMOUNTS]
    return f"a{delimiter}b{delimiter}c\n" + "".join(delimiter.join(row) + "\n" for row in cells)


def _comma(amount: float) -> str:
    return f"{amount:.2f}".replace(".", ",")


def test_the_locale_of_a_whole_file_is_no_change_of_its_columns(tmp_path: Path) -> None:
    plain = _amounts(lambda amount: f"{amount:.2f}", ",", 3)
    reference, current = _pair(tmp_path, plain, _amounts(_comma, ";", 3))
    assert [column.format for column in (*reference, *current)] == [""] * 6
    assert "have a decimal comma" in notes(current)


def test_one_column_in_another_notation_keeps_it(tmp_path: Path) -> None:
    plain = _amounts(lambda amount: f"{amount:.2f}", ",", 3)
    _, current = _pair(tmp_path, plain, _amounts(_comma, ";", 1))
    assert [column.format for column in current] == ["decimal comma", "", ""]
