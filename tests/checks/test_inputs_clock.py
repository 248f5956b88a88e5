from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs.clock import check as clock
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import check, drawn, survives, told
from tests.factory import incident_of

BUSY = np.array([1, 1, 1, 1, 1, 1, 2, 5, 9, 14, 17, 18, 16, 12, 14, 16, 16, 15, 13, 11, 8, 5, 3, 2]) / 202


def frame(rng: np.random.Generator, start: str, rows: int = 1_500) -> pd.DataFrame:
    """Times with a daily rhythm, the time at which each row was made some minutes before, its hour, and its epoch."""
    seconds = rng.integers(0, 30, rows) * 86_400 + rng.choice(24, rows, p=BUSY) * 3_600 + rng.integers(0, 3_600, rows)
    seen = pd.Series(pd.Timestamp(start) + pd.to_timedelta(np.sort(seconds), "s")).astype("datetime64[us]")
    return pd.DataFrame(
        {
            "seen": seen,
            "made": (seen - pd.to_timedelta(rng.gamma(4, 120, rows), "s")).astype("datetime64[us]"),
            "hour": seen.dt.hour.astype("int64"),
            "epoch": seen.astype("int64") // 10**6,
            "x": rng.normal(size=rows),
        }
    )


def sides(rng: np.random.Generator, *names: str, rows: int = 1_500) -> tuple[pd.DataFrame, pd.DataFrame]:
    reference, current = frame(rng, "2026-01-05", rows), frame(rng, "2026-04-06", rows)
    return reference[["x", *names]], current[["x", *names]]


@pytest.mark.parametrize("hours", [1, -1, 2, 5.5, -8])
def test_a_zone_shows_beside_another_time(tmp_path: Path, rng: np.random.Generator, hours: float) -> None:
    reference, current = sides(rng, "seen", "made", "hour")
    current.loc[700:, "made"] += pd.Timedelta(hours=hours)
    incident = incident_of(tmp_path, reference, current, timestamp="seen")
    findings = check(clock, incident)
    assert told(findings) == [("INP061", ("made",))]
    assert findings[0].evidence["hours"] == hours
    assert findings[0].evidence["beside"] == "seen"
    assert abs((findings[0].since - current["seen"][700].to_pydatetime()).total_seconds()) < 3_600
    assert drawn(drawing.clock, clock.profile(incident), findings)[1] is not None


def test_the_rhythm_of_the_day_shows_a_zone_without_another_time(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = sides(rng, "seen")
    current.loc[700:, "seen"] += pd.Timedelta(hours=-5)
    findings = check(clock, incident_of(tmp_path, reference, current, timestamp="seen"))
    assert told(findings) == [("INP061", ("seen",))]
    assert findings[0].evidence["hours"] == -5
    assert findings[0].evidence["beside"] is None


@pytest.mark.parametrize("names", [("hour", "seen"), ("hour",)])
def test_a_turned_hour_column_is_named(tmp_path: Path, rng: np.random.Generator, names: tuple[str, ...]) -> None:
    reference, current = sides(rng, *names)
    current.loc[700:, "hour"] = (current.loc[700:, "hour"] + 3) % 24
    timestamp = "seen" if "seen" in names else None
    findings = check(clock, incident_of(tmp_path, reference, current, timestamp=timestamp))
    assert told(findings) == [("INP063", ("hour",))]
    assert findings[0].evidence["hours"] == 3


def test_milliseconds_for_seconds_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = sides(rng, "seen", "epoch")
    current.loc[700:, "epoch"] *= 1_000
    findings = check(clock, incident_of(tmp_path, reference, current, timestamp="seen"))
    assert told(findings) == [("INP062", ("epoch",))]
    assert findings[0].evidence["times"] == 1_000
    assert findings[0].since == current["seen"][700].to_pydatetime().replace(microsecond=0)


def test_dates_in_1970_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = sides(rng, "seen", "made")
    early = pd.to_datetime(current["made"].astype("int64") // 1_000, unit="us").astype("datetime64[us]")
    current["made"] = current["made"].where(current.index < 700, early)
    findings = check(clock, incident_of(tmp_path, reference, current, timestamp="seen"))
    assert told(findings) == [("INP062", ("made",))]
    assert findings[0].evidence["times"] == 0.001


def test_longer_delays_and_other_habits_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = sides(rng, "seen", "made")
    late = current.assign(made=current["made"] - pd.Timedelta(minutes=37))
    slow = current.assign(made=(current["seen"] - 3 * (current["seen"] - current["made"])).astype("datetime64[us]"))
    evening = current[(current["seen"].dt.hour > 15) | (rng.random(len(current)) < 0.4)].reset_index(drop=True)
    for place, table in enumerate((late, slow, evening)):
        assert check(clock, incident_of(tmp_path / str(place), reference, table, timestamp="seen")) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_the_same_clock_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    incident = incident_of(tmp_path, *sides(rng, "seen", "made", "hour", "epoch", rows=rows), timestamp="seen")
    assert check(clock, incident) == []


def test_odd_tables_are_survived() -> None:
    survives(clock, drawing.clock)
