from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.inputs import precision
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told
from tests.factory import incident_of


def test_rounded_values_are_named_with_the_step(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[ONSET:, "income"] = (current.loc[ONSET:, "income"] / 5000).round() * 5000
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(precision, incident)
    assert told(findings) == [("INP070", ("income",))]
    assert findings[0].evidence["step"] == 5000
    assert findings[0].evidence["before"] < 0.1 < 0.9 < findings[0].evidence["after"]
    assert findings[0].since is not None
    assert abs((findings[0].since - current["when"][ONSET]).total_seconds()) < 86_400
    assert drawn(drawing.precision, precision.profile(incident), findings)[1] is not None


def test_binned_values_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    edges = np.quantile(reference["income"], np.linspace(0, 1, 9))
    middles = (edges[1:] + edges[:-1]) / 2
    place = np.clip(np.searchsorted(edges, current["income"]) - 1, 0, 7)
    current.loc[ONSET:, "income"] = middles[place][ONSET:]
    findings = check(precision, incident_of(tmp_path, reference, current, timestamp="when"))
    assert told(findings) == [("INP071", ("income",))]


def test_rounding_in_part_of_the_rows_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    hit = (np.arange(len(current)) >= ONSET) & (rng.random(len(current)) < 0.15)
    current["income"] = np.where(hit, (current["income"] / 5000).round() * 5000, current["income"])
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(precision, incident)
    assert told(findings) == [("INP070", ("income",))]
    assert findings[0].evidence["step"] == 5000
    rows = precision.offending(incident, findings[0])
    assert abs(len(rows) - hit.sum()) <= 0.1 * hit.sum()
    taken_out = precision.undo(findings[0], incident).faulty
    assert taken_out is not None
    assert taken_out(current)[hit].all()


def test_the_middles_of_bins_are_named_as_such(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    late = np.arange(len(current)) >= ONSET
    current["income"] = np.where(late, np.floor(current["income"] / 5000) * 5000 + 2500, current["income"])
    (finding,) = check(precision, incident_of(tmp_path, reference, current, timestamp="when"))
    assert (finding.evidence["step"], finding.evidence["middles"]) == (5000, True)
    assert "middle" in finding.says


def test_one_value_written_into_rows_is_no_rounding(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["income"] = np.where(rng.random(len(current)) < 0.2, 40_000.0, current["income"])
    assert check(precision, incident_of(tmp_path, reference, current, timestamp="when")) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(precision, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(precision, drawing.precision)
