from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs.swaps import check as swaps
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


def exchanged(current: pd.DataFrame, one: str, other: str, start: int = ONSET) -> pd.DataFrame:
    turned = current.copy()
    values = current.loc[start:, [other, one]].to_numpy().copy()
    turned.loc[start:, [one, other]] = values
    return turned


def alike(rng: np.random.Generator, rows: int = 1_000) -> pd.DataFrame:
    """Two pairs of look-alikes that other columns tell apart."""
    left, right = rng.normal(size=(2, rows))
    return pd.DataFrame(
        {
            "when": pd.date_range("2026-01-01", periods=rows, freq="h"),
            "first": left + rng.normal(0, 0.3, rows),
            "second": right + rng.normal(0, 0.3, rows),
            "like first": np.exp(left),
            "like second": right**3,
            "phone": np.where(left + rng.normal(0, 0.5, rows) > 0, "Yes", "No"),
            "online": np.where(right + rng.normal(0, 0.5, rows) > 0, "Yes", "No"),
        }
    )


def test_two_numbers_that_changed_places_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    findings = check(swaps, incident_of(tmp_path, reference, exchanged(current, "age", "income"), timestamp="when"))
    assert told(findings) == [("INP044", ("income", "age"))]
    assert findings[0].evidence["share"] == pytest.approx(0.5, abs=0.02)
    assert findings[0].evidence["sharp"] is True
    assert abs((findings[0].since - current["when"][ONSET].to_pydatetime()).total_seconds()) <= 7_200
    assert drawn(drawing.swaps, swaps.profile(incident_of(tmp_path, reference, current)), findings)[1] is None


def test_two_categories_that_changed_places_are_named_and_drawn(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    incident = incident_of(tmp_path, reference, exchanged(current, "city", "member", 0), timestamp="when")
    findings = check(swaps, incident)
    assert told(findings) == [("INP044", ("city", "member"))]
    assert findings[0].evidence["sharp"] is False
    after = undone(swaps, incident, findings[0])
    assert after[["city", "member"]].equals(current[["city", "member"]].astype(after["city"].dtype))
    assert drawn(drawing.swaps, swaps.profile(incident), findings)[1] is not None


@pytest.mark.parametrize(("one", "other"), [("first", "second"), ("phone", "online")])
def test_look_alikes_are_told_apart_by_the_other_columns(tmp_path: Path, rng: np.random.Generator, one: str, other: str) -> None:
    reference, current = alike(rng), alike(rng)
    incident = incident_of(tmp_path, reference, exchanged(current, one, other), timestamp="when")
    findings = check(swaps, incident)
    assert told(findings) == [("INP044", (one, other))]
    assert findings[0].evidence["how"] == "neighbours"
    assert findings[0].evidence["share"] == pytest.approx(0.5, abs=0.05)
    assert drawn(drawing.swaps, swaps.profile(incident), findings)[1] is not None


def test_exchanged_rows_in_no_order_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = (side.drop(columns="when") for side in pair(rng))
    mixed = exchanged(current, "age", "income").sample(frac=1, random_state=3)
    incident = incident_of(tmp_path, reference, mixed.reset_index(drop=True))
    findings = check(swaps, incident)
    assert told(findings) == [("INP044", ("income", "age"))]
    assert findings[0].evidence["how"] == "scattered"
    assert findings[0].evidence["share"] == pytest.approx(0.5, abs=0.05)


def test_a_unit_a_scaler_and_a_wrong_join_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = alike(rng), alike(rng)
    unit = current.assign(first=current["first"] * 1_000)
    numbers = ["first", "second", "like first", "like second"]
    scaled = current.assign(**{n: (current[n] - current[n].mean()) / current[n].std() for n in numbers})
    joined = current.assign(first=rng.permutation(current["first"]), second=rng.permutation(current["second"]))
    drifted = current.assign(first=current["first"] + 1, second=current["second"] - 1)
    for place, frame in enumerate((unit, scaled, joined, drifted)):
        assert check(swaps, incident_of(tmp_path / str(place), reference, frame, timestamp="when")) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(swaps, incident_of(tmp_path / "a", *pair(rng, rows), timestamp="when")) == []
    assert check(swaps, incident_of(tmp_path / "b", alike(rng, rows), alike(rng, rows))) == []


def test_odd_tables_are_survived() -> None:
    survives(swaps, drawing.swaps)
