from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs import duplicates
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import check, drawn, pair, survives, told, undone
from tests.factory import incident_of


def test_a_batch_that_came_twice_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current = pd.concat([current, current.iloc[700:800]], ignore_index=True)
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(duplicates, incident)
    assert told(findings) == [("INP100", ())]
    assert (findings[0].evidence["rows"], findings[0].evidence["batch"]) == (100, 100)
    assert findings[0].since == current["when"][700].to_pydatetime()
    assert len(duplicates.offending(incident, findings[0])) == 200
    assert len(undone(duplicates, incident, findings[0])) == 1_000
    assert drawn(drawing.duplicates, duplicates.profile(incident), findings)[1] is not None


def test_rows_repeated_under_new_ids_and_times_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    again = current.iloc[::5].assign(when=current["when"].iloc[::5] + pd.Timedelta(seconds=30))
    current = pd.concat([current, again], ignore_index=True)
    for side in (reference, current):
        side["row id"] = np.arange(len(side))
    findings = check(duplicates, incident_of(tmp_path, reference, current, timestamp="when", id="row id"))
    assert told(findings) == [("INP100", ())]
    assert findings[0].evidence["exact"] is False


def test_repeated_ids_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["key"] = np.arange(len(side))
    current["key"] //= 2
    findings = check(duplicates, incident_of(tmp_path, reference, current, timestamp="when", id="key"))
    assert told(findings) == [("INP101", ("key",))]


def test_rows_that_repeat_by_nature_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = (side[["city", "member"]] for side in pair(rng))
    assert check(duplicates, incident_of(tmp_path, reference, current)) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(duplicates, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(duplicates, drawing.duplicates)
