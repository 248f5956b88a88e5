from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs import ranges
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


def test_impossible_values_in_a_few_rows_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[ONSET : ONSET + 9, "age"] = rng.integers(900, 3000, 10)
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(ranges, incident)
    assert told(findings) == [("INP030", ("age",))]
    assert findings[0].evidence["rows"] == 10
    assert findings[0].since == current["when"][ONSET].to_pydatetime()
    assert ranges.offending(incident, findings[0])["row"].tolist() == list(range(ONSET + 1, ONSET + 11))
    assert drawn(drawing.ranges, ranges.profile(incident), findings)[1] is not None


def test_negative_values_where_there_were_none_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[ONSET : ONSET + 19, "age"] *= -1
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(ranges, incident)
    assert told(findings) == [("INP031", ("age",))]
    assert len(ranges.offending(incident, findings[0])) == 20
    assert len(undone(ranges, incident, findings[0])) == len(current) - 20
    assert drawn(drawing.ranges, ranges.profile(incident), findings)[1] is not None


def test_times_that_leave_their_range_suggest_no_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["born"] = pd.Timestamp("1990-01-01") + pd.to_timedelta(rng.integers(0, 9_000, len(side)), "D")
    current.loc[ONSET : ONSET + 9, "born"] = pd.Timestamp("1790-01-01") + pd.to_timedelta(np.arange(10), "D")
    [finding] = check(ranges, incident_of(tmp_path, reference, current, timestamp="when"))
    assert finding.columns == ("born",)
    assert finding.rule.cause(finding.of) is None


def test_a_heavy_tail_is_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["amount"] = rng.pareto(1.2, len(side))
    assert check(ranges, incident_of(tmp_path, reference, current, timestamp="when")) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(ranges, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(ranges, drawing.ranges)
