from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.drift import labels
from diagnostics.nouns.incident import Answer, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.factory import incident_of


@pytest.mark.parametrize("rows", [60, 600, 6000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert labels.judge(labels.profile(incident_of(tmp_path, *pair(rng, rows), **ROLES))) == []


def test_moved_labels_are_found_and_the_gap_to_the_predictions_with_them(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[rng.random(3000) < 0.3, "bought"] = "yes"
    p = labels.profile(incident_of(tmp_path, reference, current, **ROLES))
    found = {f.code: f for f in labels.judge(p)}
    assert set(found) == {"DRF030", "DRF032"}
    assert found["DRF032"].evidence["after"] < -0.1
    assert "more than the predictions expect" in found["DRF032"].statement(words_for("en"))


def test_moved_predictions_are_found_with_their_onset(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[1000:, "score"] = np.clip(current.loc[1000:, "score"] + 0.25, 0, 1)
    found = {f.code: f for f in labels.judge(labels.profile(incident_of(tmp_path, reference, current, **ROLES)))}
    assert set(found) == {"DRF031", "DRF032"}
    assert abs(found["DRF031"].since - current["when"][1000].to_pydatetime()).days < 1


def test_a_number_as_target_that_moved(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = (side.drop(columns=["bought", "score"]) for side in pair(rng))
    for side in (reference, current):
        side["told"] = side["age"]
    current["age"] += 8
    incident = incident_of(
        tmp_path, reference, current, target="age", prediction="told", task=Task.REGRESSION, answer=Answer.VALUE
    )
    found = {f.code: f for f in labels.judge(labels.profile(incident))}
    assert set(found) == {"DRF030", "DRF032"}
    assert abs(found["DRF032"].evidence["before"]) < 1 < abs(found["DRF032"].evidence["after"])


def test_odd_tables_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 100), frame(rng, 3)
    labels.judge(labels.profile(incident_of(tmp_path / "few", reference, current, **ROLES)))
    flat = [side.assign(bought="yes", score=0.5) for side in pair(rng, 100)]
    assert labels.judge(labels.profile(incident_of(tmp_path / "flat", *flat, **ROLES))) == []
    with pytest.raises(NotApplicable):
        labels.profile(incident_of(tmp_path / "none", reference, current))


def test_the_pictures(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[:2000, "bought"] = "yes"
    current.loc[2500:, "bought"] = None
    current["score"] = 1 - current["score"]
    p = labels.profile(incident_of(tmp_path, reference, current, **ROLES))
    for finding in (None, *labels.judge(p)):
        assert drawing.labels(p, finding, words_for("en")) is not None
