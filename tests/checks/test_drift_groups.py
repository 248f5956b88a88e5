from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift import groups
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.factory import incident_of


@pytest.mark.parametrize("rows", [60, 600, 6000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    reference, current = pair(rng, rows)
    assert groups.judge(groups.profile(incident_of(tmp_path, reference, current, **ROLES))) == []


def test_a_group_that_the_reference_hardly_has(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    reference = reference[(reference["city"] != "Graz") | (rng.random(3000) < 0.03)].reset_index(drop=True)
    findings = groups.judge(groups.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert [(f.code, f.columns, f.evidence["level"]) for f in findings] == [("DRF040", ("city",), "Graz")]
    assert "Rows with city Graz rose from" in findings[0].statement(words_for("en"))


def test_a_range_that_no_longer_comes_with_its_onset(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current = current[(current["age"] > 33) | (np.arange(3000) < 100)].reset_index(drop=True)
    found = groups.judge(groups.profile(incident_of(tmp_path, reference, current, **ROLES)))
    by_age = [f for f in found if f.columns == ("age",)]
    assert [f.code for f in by_age] == ["DRF041"]
    assert by_age[0].evidence["low"] is None
    assert by_age[0].since is not None


def test_a_pair_of_segments_is_told_when_neither_alone_tells_it(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = 4000
    reference = pd.DataFrame({"plan": rng.choice(["a", "b"], rows), "shop": rng.choice(["x", "y"], rows)})
    current = pd.DataFrame({"plan": rng.choice(["a", "b"], rows)})
    current["shop"] = np.where(current["plan"] == "a", "x", "y")
    found = groups.judge(groups.profile(incident_of(tmp_path, reference, current, segments=("plan", "shop"))))
    assert {(f.columns, f.code) for f in found} == {(("plan", "shop"), "DRF041")}
    assert {(f.evidence["level"], f.evidence["other_level"]) for f in found} == {("a", "y"), ("b", "x")}


def test_odd_tables_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 100), frame(rng, 3)
    for side in (reference, current):
        side["empty"] = np.nan
        side["constant"] = 1.0
    groups.judge(groups.profile(incident_of(tmp_path, reference, current, segments=("city", "constant", "gone"))))


def test_the_picture(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["city"] = "<b>Linz</b>"
    current["age"] += 60
    p = groups.profile(incident_of(tmp_path, reference, current, **ROLES))
    findings = groups.judge(p)
    assert findings
    (linz,) = [f for f in findings if f.evidence.get("level") == "<b>Linz</b>"]
    assert (linz.evidence["before"], linz.evidence["after"]) == (0.0, 1.0)
    for finding in (None, *findings):
        figure = drawing.groups(p, finding, words_for("en"))
        assert figure is not None
