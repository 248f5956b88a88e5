"""What the requests of a log tell: those that fail, those that are slow, how many come."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.operations import requests
from diagnostics.checks.operations.reading.kinds import took
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import operations as drawing
from tests.checks.operations_logs import START, incident, line, quiet, text

HOURS = 5


def access(minute: float, status: int, took_ms: float) -> str:
    when = START + timedelta(minutes=minute)
    return f'10.0.0.9 - - [{when:%d/%b/%Y:%H:%M:%S} +0000] "POST /p HTTP/1.1" {status} 31 "-" "curl" {took_ms / 1000:.3f}'


def log(rng: np.random.Generator, failing: float = 0.0, slow: float = 50.0, always: float = 0.0, load: float = 5.0) -> str:
    """`load` requests a minute; from the third hour on `failing` of them fail and take `slow` milliseconds, before `always`."""
    minutes = np.sort(rng.uniform(0, 60 * HOURS, int(60 * HOURS * load)))
    late = minutes > 120
    bad = rng.uniform(size=minutes.size) < np.where(late, np.maximum(failing, always), always)
    times = rng.lognormal(np.log(np.where(late, slow, 50.0)), 0.3)
    return "\n".join(access(m, 502 if b else 200, t) for m, b, t in zip(minutes, bad, times, strict=True)) + "\n"


def found(folder: Path, told: str) -> list[Finding]:
    return requests.judge(requests.profile(incident(folder, log=told)))


def test_requests_that_fail_from_a_time_on_are_dated(tmp_path: Path, rng: np.random.Generator) -> None:
    (failing,) = found(tmp_path, log(rng, failing=0.3, always=0.005))
    assert (failing.code, failing.severity, failing.evidence["cause"]) == ("OPS016", Severity.CRITICAL, "error_burst")
    assert failing.since is not None
    assert abs(failing.since - START - timedelta(hours=2)) <= timedelta(minutes=10)
    assert "30% of the requests fail" in failing.statement(Words()) or abs(failing.evidence["share"] - 0.3) < 0.05


def test_requests_that_fail_from_the_start_are_told_without_a_date(tmp_path: Path, rng: np.random.Generator) -> None:
    (failing,) = found(tmp_path, log(rng, always=0.12))
    assert (failing.code, failing.since) == ("OPS016", None)
    assert "of the 1,500 requests in the log failed" in failing.statement(Words())


def test_slower_requests_are_dated(tmp_path: Path, rng: np.random.Generator) -> None:
    (slower,) = found(tmp_path, log(rng, slow=200.0))
    assert (slower.code, slower.evidence["cause"]) == ("OPS017", "latency_regression")
    assert slower.since is not None
    assert abs(slower.since - START - timedelta(hours=2)) <= timedelta(minutes=10)
    assert slower.evidence["median_after"] == pytest.approx(200, rel=0.1)
    assert slower.evidence["before"] < 100 < slower.evidence["after"]


@pytest.mark.parametrize("seed", range(6))
def test_a_healthy_service_is_silent(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert found(tmp_path, log(rng, always=0.01, load=[1.0, 5.0, 20.0][seed % 3])) == []


def test_load_that_rises_once_is_told_and_names_no_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    (load,) = found(tmp_path, log(rng) + log(rng, load=40.0).split("\n", 5000)[-1])
    assert (load.code, load.severity) == ("OPS018", Severity.INFO)
    assert "rose" in load.statement(Words())
    assert load.evidence["before"] < load.evidence["after"]


def test_a_log_without_requests_or_times_has_no_course(tmp_path: Path) -> None:
    told = [line(m, "INFO", f"step {m} of the nightly job") for m in range(60)]
    for given in (text(told), "POST /p 200 in 3 ms\n" * 60):
        with pytest.raises(NotApplicable):
            requests.profile(incident(tmp_path, log=given))


def test_any_line_that_says_how_long_it_took_counts(tmp_path: Path) -> None:
    profile = requests.profile(incident(tmp_path, log=text(quiet(200))))
    assert np.nanmedian(profile.half) == pytest.approx(13, abs=2)


@pytest.mark.parametrize(
    ("message", "milliseconds"),
    [
        ("POST /predict 200 in 33 ms request_id=0bca015f", 33.0),
        ("POST /predict 200 52ms", 52.0),
        ('"GET /x HTTP/1.1" 200 31 "-" "curl/8" 0.061', 61.0),
        ('"GET /x HTTP/1.1" 200 31 request_time=0.061 upstream=x', 61.0),
        ('/10.0.0.3:4242 "POST /predictions/bert HTTP/1.1" 200 31', 31.0),
        ("done status=200 duration_ms=33", 33.0),
        ("answered in 1.5 seconds", 1500.0),
        ('"GET /x HTTP/1.1" 200 31', None),
    ],
)
def test_how_long_a_request_took(message: str, milliseconds: float | None) -> None:
    assert took(message) == (None if milliseconds is None else pytest.approx(milliseconds))


def test_pictures_are_drawn(tmp_path: Path, rng: np.random.Generator) -> None:
    profile = requests.profile(incident(tmp_path, log=log(rng, failing=0.3, slow=300.0)))
    findings = requests.judge(profile)
    assert {f.code for f in findings} >= {"OPS016", "OPS017"}
    for finding in [*findings, None]:
        assert drawing.requests(profile, finding, Words()) is not None
