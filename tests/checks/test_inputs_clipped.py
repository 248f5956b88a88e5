from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.inputs import clipped, fills
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told
from tests.factory import incident_of


@pytest.mark.parametrize("side", ["high", "low"])
def test_a_column_that_is_cut_off_is_named_with_its_bound(tmp_path: Path, rng: np.random.Generator, side: str) -> None:
    reference, current = pair(rng)
    bound = float(reference["income"].quantile(0.85 if side == "high" else 0.15))
    cut = current.loc[ONSET:, "income"]
    current.loc[ONSET:, "income"] = cut.clip(upper=bound) if side == "high" else cut.clip(lower=bound)
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(clipped, incident)
    assert told(findings) == [("INP080", ("income",))]
    assert (findings[0].evidence["bound"], findings[0].evidence["side"]) == (bound, side)
    assert findings[0].evidence["before"] < 0.05 < findings[0].evidence["after"]
    assert check(fills, incident) == []
    assert drawn(drawing.clipped, clipped.profile(incident), findings)[1] is not None


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(clipped, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(clipped, drawing.clipped)
