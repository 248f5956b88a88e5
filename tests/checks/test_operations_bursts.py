from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from diagnostics.checks.operations import bursts
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from tests.checks.operations_logs import START, incident, line, quiet, text


@pytest.mark.parametrize("steady", [False, True])
def test_a_quiet_log_and_a_steady_error_are_silent(tmp_path: Path, steady: bool) -> None:
    told = quiet(600) + [line(m + 0.3, "ERROR", f"Lost connection to 10.0.0.{m % 9}") for m in range(2, 600, 8) if steady]
    assert bursts.judge(bursts.profile(incident(tmp_path, log=text(told)))) == []


def test_a_burst_has_its_beginning_and_end(tmp_path: Path) -> None:
    burst = [line(200 + i / 10, "ERROR", f"Timeout after {i} ms") for i in range(120)]
    told = quiet(400) + burst + [line(m, "ERROR", f"Timeout after {m} ms") for m in range(10, 190, 30)]
    p = bursts.profile(incident(tmp_path, log=text(told)))
    findings = bursts.judge(p)
    assert [(f.code, f.severity, f.evidence["cause"]) for f in findings] == [("OPS004", Severity.CRITICAL, "error_burst")]
    assert findings[0].since == START + timedelta(minutes=200)
    assert findings[0].evidence["until"] == START + timedelta(minutes=212)
    assert findings[0].evidence["count"] == 120


def test_without_times_or_with_few_minutes_bursts_say_why(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="no time"):
        bursts.profile(incident(tmp_path, log="ERROR:a:b\nERROR:a:c\n"))
    with pytest.raises(NotApplicable, match="too short"):
        bursts.profile(incident(tmp_path, log=line(0, "ERROR", "x") + "\n" + line(1, "ERROR", "y") + "\n"))
