from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.inputs import fills
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


@pytest.mark.parametrize("fill", [0.0, -1.0, -999.0, 40_000.0])
def test_one_number_in_many_rows_is_named_with_its_value(tmp_path: Path, rng: np.random.Generator, fill: float) -> None:
    reference, current = pair(rng)
    hit = (current.index >= ONSET) & (rng.random(len(current)) < 0.4)
    current.loc[hit, "income"] = fill
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(fills, incident)
    assert told(findings) == [("INP050", ("income",))]
    assert findings[0].evidence["fill"] == fill
    assert findings[0].evidence["after"] == pytest.approx(0.4, abs=0.08)
    assert findings[0].since is not None
    assert findings[0].since >= current["when"][ONSET - 30]
    assert len(fills.offending(incident, findings[0])) == hit.sum()
    assert len(undone(fills, incident, findings[0])) == len(current) - hit.sum()
    assert drawn(drawing.fills, fills.profile(incident), findings)[1] is not None


def test_the_median_as_a_default_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    median = float(reference["age"].median())
    current.loc[(current.index >= ONSET) & (rng.random(len(current)) < 0.5), "age"] = median
    findings = check(fills, incident_of(tmp_path, reference, current, timestamp="when"))
    assert [(f.code, f.columns, f.evidence["fill"]) for f in findings] == [("INP050", ("age",), median)]


@pytest.mark.parametrize("fill", ["Unknown", "Ulm"])
def test_one_category_in_many_rows_is_named(tmp_path: Path, rng: np.random.Generator, fill: str) -> None:
    reference, current = pair(rng)
    current.loc[(current.index >= ONSET) & (rng.random(len(current)) < 0.6), "city"] = fill
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(fills, incident)
    assert [(f.code, f.columns, f.evidence["fill"]) for f in findings] == [("INP051", ("city",), fill)]
    assert len(undone(fills, incident, findings[0])) == (current["city"] != fill).sum()


def test_rounding_is_no_fill(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[ONSET:, "age"] = (current.loc[ONSET:, "age"] / 10).round() * 10
    assert check(fills, incident_of(tmp_path, reference, current, timestamp="when")) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(fills, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(fills, drawing.fills)
