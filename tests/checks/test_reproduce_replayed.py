import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.reproduce import replayed
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import reproduce as drawing
from tests.checks.model_rows import ROLES, answered, rows, score
from tests.factory import incident_of

BOTH = pytest.mark.parametrize("answer", [Answer.SCORE, Answer.LABEL])


def found(folder, reference, current, answer=Answer.SCORE, **roles):
    incident = incident_of(folder, reference, current, answer=answer, **(ROLES | roles))
    profiled = replayed.profile(incident)
    return profiled, replayed.judge(profiled), incident


@BOTH
def test_the_same_model_is_silent(tmp_path, rng, answer):
    profiled, findings, _ = found(tmp_path, rows(rng, answer=answer), rows(rng, answer=answer, start="2026-05-01"), answer)
    assert findings == []
    assert profiled.covered > 0.8
    drawing.replayed(profiled, None, Words())


@BOTH
def test_another_model_since_a_day_is_found_with_that_day(tmp_path, rng, answer):
    current = rows(rng, answer=answer, start="2026-05-01")
    broken = current.assign(age=95.0 - current["age"])  # What the service made of the column before it asked the model.
    late = current["at"] >= pd.Timestamp("2026-05-06")
    current["p"] = np.where(late, answered(score(broken), answer), current["p"])
    profiled, findings, incident = found(tmp_path, rows(rng, answer=answer), current, answer)
    (finding,) = findings
    assert finding.code == "REP001"
    assert finding.evidence["cause"] == "model_mismatch"
    assert abs(finding.since - pd.Timestamp("2026-05-06")) < pd.Timedelta("12h")
    assert "stand-in" in finding.statement(Words())
    assert drawing.replayed(profiled, finding, Words()) is not None
    assert len(replayed.offending(incident, finding)) > 100


def test_another_model_in_one_group_names_the_group(tmp_path, rng):
    current = rows(rng, start="2026-05-01")
    current["p"] = np.where(current["city"] == "Rom", 1 - current["p"], current["p"])
    _, (finding,), _ = found(tmp_path, rows(rng), current)
    assert finding.segment == "city = Rom"


def test_a_squared_score_keeps_the_ranking(tmp_path, rng):
    current = rows(rng, start="2026-05-01").assign(p=lambda f: f["p"] ** 2)
    _, (finding,), _ = found(tmp_path, rows(rng), current)
    assert finding.evidence["ranking"] > 0.9
    assert finding.evidence["bias"] < -0.03


def test_inputs_beyond_the_reference_are_no_proof_against_the_model(tmp_path, rng):
    current = rows(rng, start="2026-05-01")
    current["income"] *= 3
    current["p"] = score(current)
    profiled, findings, _ = found(tmp_path, rows(rng), current)
    assert profiled.apart > 0.9
    assert [f.code for f in findings] in ([], ["REP002"])
    assert all(f.severity is Severity.INFO for f in findings)
    for finding in findings:
        assert drawing.replayed(profiled, finding, Words()) is not None


def test_other_answers_to_rows_beyond_the_reference_are_told_for_information(tmp_path, rng):
    current = rows(rng, start="2026-05-01")
    current["income"] *= 1.6
    current["p"] = 1 - score(current)
    profiled, (finding,), _ = found(tmp_path, rows(rng), current)
    assert (finding.code, finding.severity) == ("REP002", Severity.INFO)
    assert profiled.covered < 0.6
    assert drawing.replayed(profiled, finding, Words()) is not None


def test_no_target_is_needed(tmp_path, rng):
    profiled, findings, _ = found(tmp_path, rows(rng).drop(columns="y"), rows(rng).drop(columns="y"), target=None, positive=None)
    assert profiled.fidelity > 0.8
    assert findings == []


def test_answers_that_the_table_does_not_explain_are_not_checked(tmp_path, rng):
    reference, current = rows(rng), rows(rng)
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, reference.assign(p=rng.random(1500)), current)
    assert raised.value.needs == "model"


def test_no_predictions_in_the_current_table(tmp_path, rng):
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, rows(rng), rows(rng).assign(p=np.nan))
    assert raised.value.needs == "prediction"


def test_three_current_rows(tmp_path, rng):
    with pytest.raises(NotApplicable):
        found(tmp_path, rows(rng), rows(rng, 3))


def test_hostile_values(tmp_path, rng):
    reference, current = rows(rng), rows(rng)
    for frame in (reference, current):
        frame["<b>empty</b>"] = np.nan
        frame.loc[:20, "income"] = np.inf
    current.loc[:30, "p"] = np.inf
    found(tmp_path, reference, current, timestamp=None)
