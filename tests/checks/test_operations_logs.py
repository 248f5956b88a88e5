from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from diagnostics.checks.operations import bursts, logs
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import as_plotly
from diagnostics.pictures import operations as drawing
from diagnostics.pictures.style import LIGHT
from tests.checks.operations_logs import START, incident, line, quiet, text


def test_a_new_error_is_named_with_its_first_time(tmp_path: Path) -> None:
    told = quiet(400) + [line(m + 0.2, "ERROR", f"No feature income for user {m}") for m in range(300, 400, 2)]
    findings = logs.judge(logs.profile(incident(tmp_path, log=text(told))))
    new = [f for f in findings if f.code == "OPS002"]
    assert [(f.severity, f.evidence["count"], f.evidence["cause"]) for f in new] == [(Severity.CRITICAL, 50, "error_burst")]
    assert new[0].since == START + timedelta(minutes=300, seconds=12)
    assert new[0].statement(Words()).startswith("A new error appeared on 12 May 2026, 13:00 and came 50 times: No feature income")


def test_a_quiet_log_is_silent(tmp_path: Path) -> None:
    given = incident(tmp_path, log=text(quiet(400)))
    assert logs.judge(logs.profile(given)) == []


def test_an_error_that_was_always_there_is_neither_new_nor_a_burst(tmp_path: Path) -> None:
    told = quiet(600) + [line(m + 0.3, "ERROR", f"Lost connection to 10.0.0.{m % 9}") for m in range(2, 600, 8)]
    given = incident(tmp_path, log=text(told))
    findings = logs.judge(logs.profile(given))
    assert [(f.code, f.severity) for f in findings] == [("OPS001", Severity.INFO)]


def test_many_errors_are_a_problem(tmp_path: Path) -> None:
    told = quiet(100) + [line(m + 0.3, "ERROR", f"Lost connection {m}") for m in range(100)]
    findings = logs.judge(logs.profile(incident(tmp_path, log=text(told))))
    assert [(f.code, f.severity) for f in findings] == [("OPS001", Severity.WARNING)]


def test_an_exception_that_keeps_coming_is_counted(tmp_path: Path) -> None:
    trace = "Traceback (most recent call last):\n  File 'a.py', line 3\nKeyError: 'income'"
    told = [line(m, "ERROR" if m % 10 == 0 else "INFO", "failed\n" + trace if m % 10 == 0 else "fine") for m in range(300)]
    findings = logs.judge(logs.profile(incident(tmp_path, log="\n".join(told))))
    assert [(f.evidence["name"], f.evidence["count"]) for f in findings if f.code == "OPS003"] == [("KeyError", 30)]


@pytest.mark.parametrize("check", [logs, bursts])
def test_without_a_usable_log_it_says_what_to_upload(tmp_path: Path, check: object) -> None:
    for given in (Incident(), incident(tmp_path, log=b""), incident(tmp_path, log=b"\x80\x04\x95" + bytes(range(256)) * 9)):
        with pytest.raises(NotApplicable) as raised:
            check.profile(given)  # type: ignore[attr-defined]
        assert raised.value.needs == "logs"
        assert raised.value.statement(Words()).endswith((".", "line."))


def test_one_log_that_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    from dataclasses import replace

    good = incident(tmp_path, log=text(quiet(50))).logs[0]
    bad = incident(tmp_path, log=b"\x00" * 99, name="b.log").logs[0]
    p = logs.profile(replace(Incident(), logs=(good, bad)))
    assert p.records == 52
    assert [file for file, _ in p.problems] == ["b.log"]


def test_pictures_show_hostile_text_as_text(tmp_path: Path) -> None:
    told = quiet(60) + [line(m + 0.1, "ERROR", "<img src=x onerror=alert(1)> $x$ gone") for m in range(40, 60)]
    given = incident(tmp_path, log=text(told))
    p, q = logs.profile(given), bursts.profile(given)
    for figure in (
        drawing.logs(p, logs.judge(p)[0], Words()),
        drawing.logs(p, None, Words()),
        drawing.bursts(q, logs.judge(p)[0], Words()),
        drawing.bursts(q, None, Words()),
    ):
        assert figure is not None
        shown = as_plotly.figure(figure, Words(), LIGHT).to_json()
        assert "<img" not in shown
        assert "\\u003cimg" not in shown
