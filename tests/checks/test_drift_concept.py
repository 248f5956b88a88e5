from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift.concept import check as concept
from diagnostics.nouns.incident import Answer, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.factory import incident_of


def turned(rng: np.random.Generator, rows: int, since: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Above 45 the answers are turned round, from row `since` of the current table."""
    reference, current = pair(rng, rows)
    at = (current["age"] > 45) & (np.arange(rows) >= since)
    current.loc[at, "bought"] = np.where(current.loc[at, "bought"] == "yes", "no", "yes")
    return reference, current


@pytest.mark.parametrize("rows", [300, 3000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert concept.judge(concept.profile(incident_of(tmp_path, *pair(rng, rows), **ROLES))) == []


def test_the_region_is_found_and_dated(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = turned(rng, 4000, since=2000)
    p = concept.profile(incident_of(tmp_path, reference, current, **ROLES))
    found = [f for f in concept.judge(p) if f.code == "DRF020"]
    assert found
    assert [f.evidence["before"] < f.evidence["after"] for f in concept.judge(p) if f.code == "DRF021"] == [True]
    assert "age" in found[0].columns
    assert found[0].severity is Severity.WARNING
    assert "age above 4" in found[0].statement(words_for("en"))
    assert found[0].since is not None
    assert abs((found[0].since - current["when"][2000].to_pydatetime()).total_seconds()) < 2 * 86_400


def test_the_rise_of_the_loss_is_laid_on_the_answers(tmp_path: Path, rng: np.random.Generator) -> None:
    p = concept.profile(incident_of(tmp_path, *turned(rng, 4000), **ROLES))
    (split,) = [f for f in concept.judge(p) if f.code == "DRF021"]
    assert split.evidence["part"] > 0.8


def test_other_rows_alone_are_no_concept_drift(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 6000)
    current = current[rng.random(6000) < np.clip((current["age"] - 20) / 40, 0, 1)].reset_index(drop=True)
    assert concept.judge(concept.profile(incident_of(tmp_path, reference, current, **ROLES))) == []


def test_moved_class_shares_are_no_region(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 6000)
    keep = rng.random(6000) < np.where(current["bought"] == "yes", 1.0, 0.4)
    p = concept.profile(incident_of(tmp_path, reference, current[keep].reset_index(drop=True), **ROLES))
    assert [f for f in concept.judge(p) if f.code == "DRF020"] == []


def test_a_number_as_target(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 3000)
    for side in (reference, current):
        side["spent"] = side["age"] * 2 + rng.normal(0, 5, 3000)
    current.loc[current["city"] == "Ulm", "spent"] += 10
    roles = {"target": "spent", "timestamp": "when", "task": Task.REGRESSION, "answer": Answer.VALUE}
    sides = [side.drop(columns=["bought", "score"]) for side in (reference, current)]
    findings = concept.judge(concept.profile(incident_of(tmp_path, *sides, **roles)))
    assert findings
    assert findings[0].columns[0] == "city"
    assert "city is Ulm" in findings[0].statement(words_for("en"))


def test_rows_that_do_not_overlap_are_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 500)
    current["age"] *= 1000
    with pytest.raises(NotApplicable, match="hardly overlap"):
        concept.profile(incident_of(tmp_path, reference, current, **ROLES))


def test_missing_labels_and_few_rows_are_said(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 200)
    with pytest.raises(NotApplicable):
        concept.profile(incident_of(tmp_path / "a", reference, current.assign(bought=None), **ROLES))
    with pytest.raises(NotApplicable):
        concept.profile(incident_of(tmp_path / "b", reference, frame(rng, 3), **ROLES))
    with pytest.raises(NotApplicable):
        concept.profile(incident_of(tmp_path / "c", reference, current))


def test_one_class_is_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 300)
    sides = [side.assign(bought="yes") for side in (reference, current)]
    assert concept.judge(concept.profile(incident_of(tmp_path, *sides, **ROLES))) == []


def test_the_pictures(tmp_path: Path, rng: np.random.Generator) -> None:
    p = concept.profile(incident_of(tmp_path, *turned(rng, 3000), **ROLES))
    for finding in (None, *concept.judge(p)):
        assert drawing.concept(p, finding, words_for("en")) is not None
