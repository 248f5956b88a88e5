from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.causes.catalogue import REFIT_SCALER, UNIT_CHANGE
from diagnostics.checks.inputs.units import check as units
from diagnostics.nouns.words import words_for
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


@pytest.mark.parametrize("ratio", [1000.0, 0.01, 2.54, 1 / 60, 0.45359237])
def test_a_column_in_another_unit_is_named_with_ratio_and_onset(tmp_path: Path, rng: np.random.Generator, ratio: float) -> None:
    reference, current = pair(rng)
    current.loc[ONSET:, "income"] *= ratio
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(units, incident)
    assert told(findings) == [("INP040", ("income",))]
    assert findings[0].evidence["ratio"] == pytest.approx(ratio, rel=1e-6)
    assert findings[0].since is not None
    assert abs((pd.Timestamp(findings[0].since) - current["when"][ONSET]).total_seconds()) < 86_400
    assert all(figure is not None for figure in drawn(drawing.units, units.profile(incident), findings)[1:])


def test_a_column_in_another_unit_throughout_is_named_without_times(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["income"] *= 1000
    incident = incident_of(tmp_path, reference.drop(columns="when"), current.drop(columns="when"))
    findings = check(units, incident)
    assert told(findings) == [("INP040", ("income",))]
    assert findings[0].since is None
    assert "1,000 times, as if the unit changed" in findings[0].statement(words_for("en"))
    assert drawn(drawing.units, units.profile(incident), findings)[1] is not None


def test_another_unit_in_a_part_of_the_rows_is_named_with_its_share(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2_000)
    current.loc[(current.index >= 800) & (rng.random(2_000) < 0.5), "income"] *= 100
    findings = check(units, incident_of(tmp_path, reference, current, timestamp="when"))
    assert told(findings) == [("INP040", ("income",))]
    assert findings[0].evidence["ratio"] == 100
    assert findings[0].evidence["share"] == pytest.approx(0.5, abs=0.1)


def test_fahrenheit_for_celsius_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["temperature"] = rng.normal(12, 6, len(side)).round(1)
    current.loc[ONSET:, "temperature"] = current.loc[ONSET:, "temperature"] * 1.8 + 32
    findings = check(units, incident_of(tmp_path, reference, current, timestamp="when"))
    assert told(findings) == [("INP040", ("temperature",))]
    assert (findings[0].evidence["ratio"], findings[0].evidence["offset"]) == (1.8, 32.0)


def test_a_scaler_that_was_fitted_again_is_one_finding_over_its_columns(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2_000)
    columns = ["income", "age", "visits"]
    for name in columns:
        current.loc[ONSET:, name] = (current.loc[ONSET:, name] - reference[name].mean()) / reference[name].std()
    findings = check(units, incident_of(tmp_path, reference, current, timestamp="when"))
    assert findings[0].code == "INP042"
    assert set(findings[0].columns) == set(columns)


def test_growth_of_a_population_is_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["income"] = (current["income"] * rng.normal(1.15, 0.2, len(current))).clip(lower=1)
    current["age"] = (current["age"] * 0.7 + 20).round()
    assert told(check(units, incident_of(tmp_path, reference, current, timestamp="when"))) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(units, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(units, drawing.units)


def test_the_values_are_converted_back(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    right = current["income"] * 1.0
    current["income"] *= 1000
    incident = incident_of(tmp_path, reference.drop(columns="when"), current.drop(columns="when"))
    [finding] = check(units, incident)
    assert finding.rule.cause(finding.of) is UNIT_CHANGE
    assert undone(units, incident, finding)["income"].to_numpy() == pytest.approx(right.to_numpy())


def test_only_the_changed_rows_are_converted_back(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2_000)
    right = current["income"] * 1.0
    current.loc[rng.random(2_000) < 0.5, "income"] *= 100
    incident = incident_of(tmp_path, reference.drop(columns="when"), current.drop(columns="when"))
    [finding] = check(units, incident)
    assert finding.of.share < 1
    assert undone(units, incident, finding)["income"].to_numpy() == pytest.approx(right.to_numpy())


def test_a_scaler_is_taken_out_of_all_its_columns(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2_000)
    for side in (reference, current):
        side["weight"] = rng.normal(70, 12, len(side)).round(1)
    right = current.copy()
    for name in ("income", "age", "weight"):
        current[name] = (current[name] - reference[name].mean()) / reference[name].std()
    incident = incident_of(tmp_path, reference.drop(columns="when"), current.drop(columns="when"))
    finding = check(units, incident)[0]
    assert finding.rule.cause(finding.of) is REFIT_SCALER
    after = undone(units, incident, finding)
    for name in ("income", "age", "weight"):
        assert after[name].mean() == pytest.approx(right[name].mean(), rel=0.05)


def test_another_unit_in_one_group_is_named_with_the_group_and_undone_there_alone(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    reference, current = pair(rng, 2_000)
    for side in (reference, current):
        side["region"] = rng.choice(["north", "west", "south"], len(side), p=[0.5, 0.3, 0.2])
    before = current.copy()
    current.loc[(current.index >= ONSET) & (current["region"] == "west"), "income"] *= 100
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(units, incident)
    assert told(findings) == [("INP040", ("income",))]
    assert (findings[0].segment, findings[0].evidence["ratio"]) == ("region = west", 100)
    assert findings[0].statement(words_for("en")).count("Where region = west")
    mended = undone(units, incident, findings[0])
    late = before.index >= ONSET
    assert np.allclose(mended["income"][late].to_numpy("float64"), before["income"][late].to_numpy("float64"), equal_nan=True)
    west = units.offending(incident, findings[0])
    assert set(west["region"]) == {"west"}


def test_another_unit_everywhere_is_no_matter_of_a_group(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2_000)
    for side in (reference, current):
        side["region"] = rng.choice(["north", "west", "south"], len(side))
    current.loc[ONSET:, "income"] *= 100
    assert check(units, incident_of(tmp_path, reference, current, timestamp="when"))[0].segment is None
