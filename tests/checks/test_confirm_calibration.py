import numpy as np
import pandas as pd
import pytest

from diagnostics.causes.catalogue import MISCALIBRATION
from diagnostics.checks.confirm.calibration import check as calibration
from diagnostics.checks.confirm.calibration.reliability import reliability
from diagnostics.measure.outcome import Outcome
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import confirm as drawing
from tests.checks.model_rows import ROLES, rows, score
from tests.factory import incident_of

START = "2026-05-01"
LATE = pd.Timestamp("2026-05-05")


def found(folder, reference, current, answer=Answer.SCORE, **roles):
    profiled = calibration.profile(incident_of(folder, reference, current, answer=answer, **(ROLES | roles)))
    findings = calibration.judge(profiled)
    for finding in [*findings, None]:
        drawing.calibration(profiled, finding, Words())
    for finding in findings:
        assert "{" not in finding.statement(Words())
    return profiled, findings


def moved(chance, by):
    odds = np.log(np.clip(chance, 1e-6, 1 - 1e-6) / (1 - np.clip(chance, 1e-6, 1 - 1e-6)))
    return 1 / (1 + np.exp(-by(odds)))


@pytest.mark.parametrize("answer", [Answer.SCORE, Answer.LABEL])
def test_the_same_population_is_silent(tmp_path, rng, answer):
    assert found(tmp_path, rows(rng, answer=answer), rows(rng, answer=answer), answer)[1] == []


@pytest.mark.parametrize("by", [lambda odds: odds + 1.2, lambda odds: odds * 2.5], ids=["shifted", "stretched"])
def test_scores_that_moved_in_the_same_order(tmp_path, rng, by):
    current = rows(rng, start=START)
    current["p"] = np.where(current["at"] >= LATE, moved(current["p"].to_numpy(), by), current["p"])
    _, (finding,) = found(tmp_path, rows(rng), current)
    assert finding.code == "CON041"
    assert abs(finding.since - LATE) < pd.Timedelta("12h")
    assert finding.evidence["explained"] > 0.8
    assert finding.evidence["ranking"] > 0.95
    assert finding.evidence["held"]


def test_without_labels_it_is_still_seen(tmp_path, rng):
    current = rows(rng, start=START).drop(columns="y")
    current["p"] = moved(current["p"].to_numpy(), lambda odds: odds - 1.5)
    _, (finding,) = found(tmp_path, rows(rng), current)
    assert finding.code == "CON041"
    assert "lower" in finding.statement(Words())


def test_a_limit_that_moved_shows_in_labels(tmp_path, rng):
    current = rows(rng, n=3000, start=START)
    current["p"] = np.where(score(current) > 0.75, "yes", "no")
    reference = rows(rng, n=3000, answer=Answer.LABEL)
    _, (finding,) = found(tmp_path, reference, current, Answer.LABEL)
    assert finding.code == "CON041"
    assert finding.evidence["class"] == "yes"
    assert "less often" in finding.statement(Words())


def test_values_that_were_rescaled(tmp_path, rng):
    def valued(frame, by=1.0):
        told = 100 * score(frame)
        return frame.assign(y=told + rng.normal(0, 5, len(frame)), p=50 + by * (told - 50))

    roles = {"task": Task.REGRESSION, "positive": None}
    assert found(tmp_path / "a", valued(rows(rng)), valued(rows(rng)), Answer.VALUE, **roles)[1] == []
    _, (finding,) = found(tmp_path / "b", valued(rows(rng)), valued(rows(rng), 1.8), Answer.VALUE, **roles)
    assert finding.code == "CON041"
    assert finding.evidence["slope"] == pytest.approx(1.8, abs=0.1)


def test_another_model_is_not_miscalibrated(tmp_path, rng):
    current = rows(rng, start=START)
    current["p"] = rng.permutation(current["p"])
    assert not any(f.code == "CON041" for f in found(tmp_path, rows(rng), current)[1])


def test_rows_of_another_mix_are_only_told(tmp_path, rng):
    pool = rows(rng, n=6000, start=START)
    keep = (pool["y"] == "yes") | (rng.random(len(pool)) < 0.15)
    profiled, findings = found(tmp_path, rows(rng, n=3000), pool[keep].reset_index(drop=True))
    assert [(f.code, f.severity.value) for f in findings] == [("CON042", "info")]
    assert profiled.bend.moved < 0.03
    (finding,) = findings
    # Twice as many rows are positive as the scores say: the model predicts as before, so that its scores are not the cause.
    assert finding.of.signed < -0.1 < -finding.of.gap_before
    assert "points too low" in finding.statement(Words())
    assert finding.rule.cause(finding.of) is None


def sides(rng, reference_gap, current_gap, n=2000, blocks=1):
    """Scores that lie off by a gap on either side; each of the `blocks` of the rows in time has a level of its own besides."""
    made = []
    for gap in (reference_gap, current_gap):
        chance = rng.uniform(0.2, 0.8, n)
        level = np.repeat(rng.normal(0, 0.15 if blocks > 1 else 0.0, blocks), n // blocks)
        truth = np.where(rng.random(n) < chance - level, "yes", "no").astype(object)
        made.append((truth, chance + gap))
    known = Outcome(
        Task.CLASSIFICATION, Answer.SCORE, ("no", "yes"), "yes", Sides(made[0][0], made[1][0]), Sides(made[0][1], made[1][1])
    )
    return reliability(known, Sides(None, None), None)


@pytest.mark.parametrize(
    ("reference_gap", "current_gap", "grew"),
    [(0.0, 0.12, True), (0.0, -0.12, True), (0.0, 0.02, False), (0.12, 0.0, False), (0.12, 0.12, False)],
    ids=["too high", "too low", "hardly", "became right", "as before"],
)
def test_only_a_distance_that_grew_is_told(rng, reference_gap, current_gap, grew):
    assert sides(rng, reference_gap, current_gap).grew(level_at=0.1, sure_at=4.0) is grew


def test_a_gap_of_few_rows_may_be_chance(rng):
    assert not any(sides(rng, 0.0, 0.05, n=80).grew(level_at=0.1, sure_at=4.0) for _ in range(50))


def test_a_level_that_always_wanders_is_no_change(rng):
    """Blocks of rows that share a level make the mean gap far less sure than as many independent rows would."""
    loud = [sides(rng, 0.0, 0.0, blocks=10).grew(level_at=0.1, sure_at=4.0) for _ in range(60)]
    assert np.mean(loud) <= 0.05


def test_predictions_that_became_too_high_name_their_direction(tmp_path, rng):
    """The inputs tell nothing of the predictions, so that only the labels can show it."""

    def scored(gap, n=2500):
        frame = rows(rng, n=n)
        chance = rng.uniform(0.1, 0.7, n)
        return frame.assign(y=np.where(rng.random(n) < chance, "yes", "no"), p=chance + gap)

    assert found(tmp_path / "a", scored(0.0), scored(0.0))[1] == []
    _, (finding,) = found(tmp_path / "b", scored(0.0), scored(0.15))
    assert finding.code == "CON042"
    assert "points too high" in finding.statement(Words())
    assert finding.rule.cause(finding.of) is MISCALIBRATION
    assert finding.rule.clearness(finding.of) == pytest.approx(finding.of.weight)


@pytest.mark.parametrize("size", [3, 40])
def test_few_rows_and_strange_values(tmp_path, rng, size):
    reference, current = rows(rng, n=400), rows(rng, n=size)
    current["income"] = np.inf
    current["noise"] = np.nan
    found(tmp_path, reference, current)


def test_it_needs_predictions_on_both_sides(tmp_path, rng):
    with pytest.raises(NotApplicable):
        calibration.profile(incident_of(tmp_path, rows(rng), rows(rng).drop(columns="p"), **ROLES))
    with pytest.raises(NotApplicable):
        calibration.profile(Incident())
