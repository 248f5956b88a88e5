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


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(precision, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(precision, drawing.precision)
