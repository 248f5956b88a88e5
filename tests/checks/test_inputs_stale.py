from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.inputs import clipped, fills, stale
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


@pytest.mark.parametrize("column", ["income", "city"])
def test_a_column_that_stopped_changing_is_named(tmp_path: Path, rng: np.random.Generator, column: str) -> None:
    reference, current = pair(rng)
    current.loc[ONSET:, column] = current.loc[ONSET - 1, column]
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(stale, incident)
    assert told(findings) == [("INP060", (column,))]
    assert findings[0].since is not None
    assert abs((findings[0].since - current["when"][ONSET]).total_seconds()) <= 4 * 3600
    assert len(stale.offending(incident, findings[0])) == findings[0].evidence["rows"]
    left = current[column] != current.loc[ONSET, column]
    assert len(undone(stale, incident, findings[0])) == left.sum()
    assert check(fills, incident) == []
    assert check(clipped, incident) == []
    assert drawn(drawing.stale, stale.profile(incident), findings)[1] is not None


def test_a_column_that_is_refreshed_too_seldom_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    rows = np.arange(len(current))
    current["income"] = current["income"].to_numpy()[np.where(rows < ONSET, rows, rows // 5 * 5)]
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(stale, incident)
    assert told(findings) == [("INP065", ("income",))]
    assert findings[0].evidence["before"] < 0.1 < 0.7 < findings[0].evidence["after"]
    assert len(undone(stale, incident, findings[0])) == ONSET + (len(current) - ONSET) // 5


def test_a_column_that_is_nearly_always_zero_is_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["gain"] = np.where(rng.random(len(side)) < 0.02, 100.0, 0.0)
    assert check(stale, incident_of(tmp_path, reference, current, timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(stale, drawing.stale)
