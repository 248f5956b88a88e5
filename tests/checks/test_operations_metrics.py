from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.operations.metrics import check as metrics
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import operations as drawing
from tests.checks.operations_logs import START, csv, incident

N = 1000


def found(folder: Path, text: str | bytes) -> list[Finding]:
    return metrics.judge(metrics.profile(incident(folder, metrics=text)))


def near(finding: Finding, position: int, *, hours: float = 3) -> bool:
    return finding.since is not None and abs(finding.since - START - timedelta(minutes=5 * position)) <= timedelta(hours=hours)


def test_memory_that_climbs_is_a_leak_with_the_time_left(tmp_path: Path, rng: np.random.Generator) -> None:
    values = 40 + np.maximum(0, np.arange(N) - 400) * 0.05 + rng.normal(0, 0.5, N)
    leak = found(tmp_path, csv(values, "memory_percent"))
    assert [(f.code, f.severity, f.evidence["cause"]) for f in leak] == [("OPS011", Severity.CRITICAL, "memory_leak")]
    assert near(leak[0], 400, hours=8)
    assert leak[0].evidence["low"] <= 0.05 * 288 <= leak[0].evidence["high"] * 1.02
    assert leak[0].evidence["hours_left"] == pytest.approx(30 / 0.6, rel=0.1)


def test_memory_that_climbs_between_restarts_is_a_leak(tmp_path: Path, rng: np.random.Generator) -> None:
    values = 500 + 4.0 * (np.arange(N) % 250) + rng.normal(0, 8, N)
    leak = [f for f in found(tmp_path, csv(values, "rss_mb")) if f.code == "OPS011"]
    assert [f.evidence["restarts"] for f in leak] == [3]


@pytest.mark.parametrize("shape", ["flat", "daily", "step", "noise"])
def test_memory_that_does_not_climb_is_no_leak(tmp_path: Path, shape: str, rng: np.random.Generator) -> None:
    index = np.arange(2 * N)
    base = {
        "flat": np.full(2 * N, 60.0),
        "daily": 60 + 10 * np.sin(2 * np.pi * index / 288),
        "step": np.where(index > N, 75.0, 60.0),
        "noise": 60 + rng.normal(0, 5, 2 * N),
    }[shape]
    findings = found(tmp_path, csv(base + rng.normal(0, 0.7, 2 * N), "memory_mb"))
    assert [f.code for f in findings if f.code == "OPS011"] == []
    if shape in ("flat", "noise", "daily"):
        assert findings == []


def test_a_resource_at_its_limit_is_dated(tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.clip(np.where(np.arange(N) >= 700, 99.0, 45.0) + rng.normal(0, 1, N), 0, 100)
    findings = [f for f in found(tmp_path, csv(values, "cpu_percent")) if f.code == "OPS012"]
    assert [(f.severity, f.evidence["cause"]) for f in findings] == [(Severity.CRITICAL, "resource_saturation")]
    assert near(findings[0], 700, hours=0.5)


def test_slower_answers_and_more_errors_are_told_by_their_names(tmp_path: Path, rng: np.random.Generator) -> None:
    after = np.arange(N) >= 600
    latency = np.where(after, 240.0, 80.0) + rng.normal(0, 8, N)
    errors = np.where(after, 0.08, 0.01) + rng.normal(0, 0.003, N)
    wide = csv(latency, "latency_p95_ms").splitlines()
    wide = [f"{row},{value}" for row, value in zip(wide, ["error_rate", *(f"{e:.5f}" for e in errors)], strict=True)]
    findings = found(tmp_path, "\n".join(wide))
    assert {(f.code, f.evidence["series"], f.evidence["cause"]) for f in findings} == {
        ("OPS013", "latency_p95_ms", "latency_regression"),
        ("OPS014", "error_rate", "error_burst"),
    }
    assert all(near(f, 600) for f in findings)


def test_faster_answers_are_no_regression(tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.where(np.arange(N) >= 600, 80.0, 240.0) + rng.normal(0, 8, N)
    findings = found(tmp_path, csv(values, "latency_ms"))
    assert [(f.code, f.severity) for f in findings] == [("OPS010", Severity.INFO)]


def test_a_short_jump_is_told_and_a_habit_of_jumping_is_not(tmp_path: Path, rng: np.random.Generator) -> None:
    values = rng.normal(100, 3, N)
    values[500:502] = 400
    assert [f.code for f in found(tmp_path, csv(values, "requests"))] == ["OPS015"]
    values[::37] = 400
    assert found(tmp_path, csv(values, "requests")) == []


@pytest.mark.parametrize("seed", range(5))
def test_noise_that_wanders_a_little_is_silent(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.empty(N)
    values[0] = 0.0
    for i in range(1, N):
        values[i] = 0.8 * values[i - 1] + rng.normal()
    assert found(tmp_path, csv(100 + 3 * values, "requests_per_second")) == []


def test_the_long_form_and_epochs_are_read(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = ["ts;metric;value"]
    for i in range(200):
        rows += [f"{1778572800 + 60 * i};latency_ms;{80 + 200 * (i > 120) + rng.normal():.3f}", f"{1778572800 + 60 * i};rps;{9}"]
    findings = found(tmp_path, "\n".join(rows))
    assert [(f.code, f.evidence["series"]) for f in findings] == [("OPS013", "latency_ms")]


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "a,b\nx,y\nz,w\n", "timestamp,value\n2026-01-01,3\n", "\x00\x01", "timestamp,value\n" + "now,x\n" * 50]
)
def test_what_is_no_metric_is_said_plainly(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotApplicable) as raised:
        metrics.profile(incident(tmp_path, metrics=text))
    assert raised.value.needs == "metrics"
    assert "metrics.csv" in raised.value.statement(Words())


def test_without_metrics_it_says_what_to_upload() -> None:
    with pytest.raises(NotApplicable, match="No metrics"):
        metrics.profile(Incident())


def test_constant_infinite_and_missing_values_are_survived(tmp_path: Path) -> None:
    rows = [f"2026-05-12 08:{i % 60:02d}:00,5,{'inf' if i % 7 == 0 else i},{'' if i % 3 else 1}" for i in range(60)]
    assert found(tmp_path, "timestamp,a,b,c\n" + "\n".join(rows)) == []


def test_pictures_are_drawn_for_every_finding(tmp_path: Path, rng: np.random.Generator) -> None:
    leak = 40 + np.arange(N) * 0.05 + rng.normal(0, 0.5, N)
    spike = rng.normal(100, 3, N)
    spike[500] = 900
    for values, name in ((leak, "memory_percent"), (spike, "<b>rps</b>"), (np.repeat([80.0, 300.0], N // 2), "latency_ms")):
        p = metrics.profile(incident(tmp_path, metrics=csv(values, name)))
        findings = metrics.judge(p)
        assert findings
        for finding in [*findings, None]:
            figure = drawing.metrics(p, finding, Words())
            assert figure is not None


def test_two_hours_unlike_the_same_hours_of_other_days_are_told(tmp_path: Path, rng: np.random.Generator) -> None:
    hours = np.arange(14 * 24 * 12) / 12
    values = 100 + 40 * np.sin(2 * np.pi * hours / 24) + rng.normal(0, 3, hours.size)
    assert metrics.judge(metrics.profile(incident(tmp_path, metrics=csv(values, "requests")))) == []
    night = (hours >= 9 * 24 + 17) & (hours < 9 * 24 + 19)
    values[night] += 18
    (found,) = metrics.judge(metrics.profile(incident(tmp_path, metrics=csv(values, "requests"))))
    assert found.code == "OPS015"
    assert found.since is not None
    assert abs((found.since - START).total_seconds() / 3600 - (9 * 24 + 17)) <= 1


def test_a_wandering_series_has_no_excursions(tmp_path: Path) -> None:
    for seed in range(5):
        values = 500 + np.cumsum(np.random.default_rng(seed).normal(0, 1, 4032))
        assert "OPS015" not in {
            f.code for f in metrics.judge(metrics.profile(incident(tmp_path, metrics=csv(values, "requests"))))
        }


@pytest.mark.parametrize("hours", [1, 2, 6])
def test_memory_that_is_collected_in_short_turns_is_no_leak(tmp_path: Path, hours: int, rng: np.random.Generator) -> None:
    turn = 12 * hours
    saw = 900 + 400 * (np.arange(4 * N) % turn) / turn + rng.normal(0, 8, 4 * N)
    assert [f.code for f in found(tmp_path, csv(saw, "memory_mb")) if f.code == "OPS011"] == []
    rising = saw + np.maximum(0, np.arange(4 * N) - 2500) * 0.4
    (leak,) = [f for f in found(tmp_path, csv(rising, "memory_mb")) if f.code == "OPS011"]
    assert near(leak, 2500, hours=8)


def test_turns_of_minutes_and_a_disk_cleared_at_night_are_no_leak(tmp_path: Path, rng: np.random.Generator) -> None:
    hours = np.arange(0, 48, 1 / 60)
    turns = 400 + 300 * ((2.3 * hours) % 1) + rng.normal(0, 8, hours.size)
    assert [f.code for f in found(tmp_path, csv(turns, "heap_used_mb", minutes=1)) if f.code == "OPS011"] == []
    days = np.arange(0, 14 * 24, 1.0) / 24
    cleared = 55 + 6 * (days % 1) + rng.normal(0, 0.4, days.size)
    assert [f.code for f in found(tmp_path, csv(cleared, "disk_used_percent", minutes=60)) if f.code == "OPS011"] == []


def test_work_per_second_does_not_leak(tmp_path: Path, rng: np.random.Generator) -> None:
    index = np.arange(4 * N)
    busy = index % 288 > 100
    values = np.where((index > 2300) & busy, 100.0, np.where(busy, 30.0, 10.0) + rng.normal(0, 1.5, 4 * N))
    codes = {f.code for f in found(tmp_path, csv(values.clip(0, 100), "cpu_percent"))}
    assert "OPS011" not in codes
    assert "OPS012" in codes


def test_rare_errors_that_meet_by_chance_are_silent(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        quiet = rng.poisson(0.05, 2 * N)
        assert [f.code for f in found(folder, csv(quiet, "errors_per_minute")) if f.code == "OPS014"] == []
    folder.joinpath("metrics.csv").unlink(missing_ok=True)
    many = quiet + rng.poisson(np.where(np.arange(2 * N) > 1500, 2.0, 0.0))
    assert "OPS014" in [f.code for f in found(folder, csv(many, "errors_per_minute"))]
