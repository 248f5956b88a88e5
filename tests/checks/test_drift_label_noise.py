import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift.label_noise import check as label_noise
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import drift as drawing
from tests.checks.model_rows import ROLES, rows, score
from tests.factory import incident_of

LATE = pd.Timestamp("2026-05-08")


def found(folder, reference, current, **roles):
    incident = incident_of(folder, reference, current, **(ROLES | roles))
    profiled = label_noise.profile(incident)
    findings = label_noise.judge(profiled)
    for finding in [*findings, None]:
        assert drawing.label_noise(profiled, finding, Words()) is not None
    for finding in findings:
        assert "{" not in finding.statement(Words())
    return incident, findings


def clear(rng, n=2500, start="2026-05-01"):
    """Rows whose truth nearly follows from them."""
    frame = rows(rng, n, start=start)
    return frame.assign(y=np.where(score(frame) + rng.normal(0, 0.08, n) > 0.5, "yes", "no"))


def turned(frame, hit):
    return frame.assign(y=np.where(hit, np.where(frame["y"] == "yes", "no", "yes"), frame["y"]))


def test_clean_labels_are_silent(tmp_path, rng):
    assert found(tmp_path / "a", clear(rng), clear(rng))[1] == []
    assert found(tmp_path / "b", rows(rng, 2500), rows(rng, 2500))[1] == []


def test_noise_that_began_in_current(tmp_path, rng):
    current = clear(rng)
    hit = (current["at"] >= LATE).to_numpy() & (rng.random(len(current)) < 0.25)
    incident, (finding,) = found(tmp_path, clear(rng), turned(current, hit))
    assert finding.code == "DRF037"
    assert finding.evidence["where"] == "current"
    assert finding.evidence["rate"] == pytest.approx(0.25, abs=0.06)
    assert abs(finding.since - LATE) < pd.Timedelta("1D")
    doubtful = label_noise.offending(incident, finding, limit=200)
    assert len(doubtful) <= 200
    assert np.mean(doubtful["y"] != doubtful["expected_answer"]) == 1.0
    assert hit[doubtful.index].mean() > 0.8


def test_noise_in_both_tables(tmp_path, rng):
    noisy = [turned(frame, rng.random(len(frame)) < 0.15) for frame in (clear(rng), clear(rng))]
    _, (finding,) = found(tmp_path, *noisy)
    assert finding.evidence["where"] == "both"
    assert finding.evidence["floor"] == pytest.approx(0.15, abs=0.05)


def test_noise_in_numbers(tmp_path, rng):
    def valued(noise):
        frame = rows(rng, 2500)
        told = 100 * score(frame) + rng.normal(0, 4, len(frame))
        return frame.assign(y=np.where(rng.random(len(frame)) < noise, rng.permutation(told), told), p=told)

    roles = {"task": Task.REGRESSION, "positive": None}
    assert found(tmp_path / "a", valued(0), valued(0), **roles)[1] == []
    assert found(tmp_path / "b", valued(0), valued(0.3), **roles)[1][0].evidence["where"] == "current"
    assert found(tmp_path / "c", valued(0.3), valued(0.3), **roles)[1][0].evidence["where"] == "both"


def test_a_region_that_was_turned_round_is_no_noise(tmp_path, rng):
    current = clear(rng)
    assert found(tmp_path, clear(rng), turned(current, current["age"] > 55))[1] == []


def test_another_mix_of_classes_is_no_noise(tmp_path, rng):
    pool = rows(rng, 6000)
    keep = (pool["y"] == "yes") | (rng.random(len(pool)) < 0.2)
    assert found(tmp_path, rows(rng, 2500), pool[keep].reset_index(drop=True))[1] == []


def test_nothing_to_learn_is_no_noise(tmp_path, rng):
    sides = [frame.assign(y=rng.permutation(frame["y"])) for frame in (rows(rng), rows(rng))]
    assert found(tmp_path, *sides)[1] == []


def test_it_says_what_it_lacks(tmp_path, rng):
    with pytest.raises(NotApplicable):
        label_noise.profile(incident_of(tmp_path / "a", rows(rng), rows(rng).drop(columns="y"), **ROLES))
    with pytest.raises(NotApplicable):
        label_noise.profile(incident_of(tmp_path / "b", rows(rng, 45), rows(rng, 45), **ROLES))
    with pytest.raises(NotApplicable):
        label_noise.profile(Incident())
