"""The command `read`: what it tells, and what can be stated to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diagnostics.__main__ import main


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["read", *arguments, "--json", "-"]) == 0
    record: dict[str, object] = json.loads(capsys.readouterr().out)
    return record


def test_everything_that_was_changed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Report\n\nid;price;region\n1;1.234,50;north\n2;NA;NA\n3;2,5;south\n# a comment\n4;7,25;east\n")
    record = told(capsys, str(file), "--out", str(tmp_path / "clean.csv"))
    assert (record["rows"], record["skipped_rows"], record["rejected_count"]) == (4, 1, 1)
    assert record["rejected"] == [{"line": 7, "reason": "a comment that begins with #"}]
    assert record["written"] == {"price": "decimal comma"}
    assert record["missing"] == {"price": {"NA": 1}, "region": {"NA": 1}}
    assert (tmp_path / "clean.csv").read_text().splitlines()[2] == '"2","NA","NA"'


def test_repairs_and_guesses_are_told_with_what_speaks_for_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.csv"
    rows = [f"C{i};{i}.5;north;2026-01-{i:02d}" for i in range(10, 28)]
    file.write_text("\n".join(["id;price;region;seen_at", *rows[:5], rows[5].replace(";north", ";no;rth"), *rows[6:]]) + "\n")
    record = told(capsys, str(file))
    assert (record["rows"], record["repaired_count"]) == (18, 1)
    assert record["repaired"] == [
        {"line": 7, "was": "C15;15.5;no;rth;2026-01-15", "cells": ["C15", "15.5", "no;rth", "2026-01-15"]}
    ]
    guesses = {str(guess["role"]): guess for guess in record["guesses"]}  # type: ignore[attr-defined]
    assert guesses["timestamp"]["column"] == "seen_at"
    assert guesses["timestamp"]["evidence"]
    assert main(["read", str(file)]) == 0
    said = capsys.readouterr().out
    assert "line 7 was repaired" in said
    assert guesses["id"]["evidence"] in said


def test_what_is_stated_overrules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x;y\n1.234;01/02/2026\n2.500;03/04/2026\n")
    assert any("nothing in the file decides" in str(note) for note in told(capsys, str(file))["notes"])  # type: ignore[attr-defined]
    record = told(capsys, str(file), "--decimal", ".", "--dates", "month", "--missing", "none")
    assert record["notes"] == []
    assert record["written"] == {"y": "%m/%d/%Y"}
    record = told(capsys, str(file), "--header", "0", "--skip", "1")
    assert (record["rows"], record["header_rows"]) == (2, 0)


def test_a_mark_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    assert main(["read", str(tmp_path / "a.csv"), "--decimal", ";"]) != 0
    assert "must be a point or a comma" in capsys.readouterr().err
