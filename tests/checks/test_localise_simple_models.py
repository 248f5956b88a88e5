import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.localise.simple_models import check as simple_models
from diagnostics.checks.localise.simple_models.check import Verdict, verdict
from diagnostics.nouns.incident import Answer, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import localise as drawing
from tests.checks.model_rows import ROLES, rows, score
from tests.factory import incident_of

BOTH = pytest.mark.parametrize("answer", [Answer.SCORE, Answer.LABEL])


def found(folder, reference, current, answer=Answer.SCORE, **roles):
    profiled = simple_models.profile(incident_of(folder, reference, current, answer=answer, **(ROLES | roles)))
    findings = simple_models.judge(profiled)
    for finding in [*findings, None]:
        assert drawing.simple_models(profiled, finding, Words()) is not None
    return profiled, findings


@BOTH
def test_the_same_population_is_silent(tmp_path, rng, answer):
    profiled, findings = found(tmp_path, rows(rng, answer=answer), rows(rng, answer=answer), answer)
    assert verdict(profiled) is Verdict.FINE
    assert findings == []
    assert {m.kind for m in profiled.models} == {"logged", "stand-in", "dummy", "rule", "tree", "linear", "fresh"}


@BOTH
def test_concept_drift_is_the_data(tmp_path, rng, answer):
    current = rows(rng, answer=answer, start="2026-05-01")
    late = current["at"] >= "2026-05-04"
    current["y"] = np.where(late, np.where(current["y"] == "yes", "no", "yes"), current["y"])
    profiled, (finding,) = found(tmp_path, rows(rng, answer=answer), current, answer)
    assert finding.code == "LOC001"
    assert verdict(profiled) is Verdict.DATA
    assert abs(finding.since - pd.Timestamp("2026-05-04")) < pd.Timedelta("12h")


def test_answers_of_other_rows_are_the_model(tmp_path, rng):
    current = rows(rng, start="2026-05-01")
    current["p"] = rng.permutation(current["p"])
    profiled, (finding,) = found(tmp_path, rows(rng), current)
    assert finding.code == "LOC002"
    assert verdict(profiled) is Verdict.MODEL
    assert finding.evidence["logged_before"] < finding.evidence["logged_after"]
    assert "simple model holds" in finding.statement(Words())


def test_without_predictions_the_simple_models_speak_alone(tmp_path, rng):
    current = rows(rng, start="2026-05-01").drop(columns="p")
    current["income"] /= 1000
    profiled, (finding,) = found(tmp_path, rows(rng).drop(columns="p"), current, None, prediction=None)
    assert not profiled.logged
    assert finding.code == "LOC001"
    assert finding.evidence["before"] < finding.evidence["after"]
    assert "logged" not in finding.statement(Words())


def test_regression(tmp_path, rng):
    def valued(frame):
        told = 100 * score(frame)
        return frame.assign(y=told + rng.normal(0, 5, len(frame)), p=told)

    reference, current = valued(rows(rng)), valued(rows(rng))
    roles = {"task": Task.REGRESSION, "positive": None}
    assert found(tmp_path / "a", reference, current, Answer.VALUE, **roles)[1] == []
    shuffled = current.assign(p=rng.permutation(current["p"]))
    assert found(tmp_path / "b", reference, shuffled, Answer.VALUE, **roles)[1][0].code == "LOC002"


def test_three_classes(tmp_path, rng):
    def graded(frame):
        grade = np.where(frame["p"] < 0.3, "low", np.where(frame["p"] < 0.7, "mid", "high"))
        return frame.assign(y=grade, p=grade)

    profiled, findings = found(tmp_path, graded(rows(rng)), graded(rows(rng)), Answer.LABEL, positive=None)
    assert findings == []
    assert profiled.best != "dummy"


@pytest.mark.parametrize("missing", ["reference", "current"])
def test_no_true_answers(tmp_path, rng, missing):
    frames = {"reference": rows(rng, 200), "current": rows(rng, 200)}
    frames[missing] = frames[missing].drop(columns="y")
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, **frames)
    assert raised.value.needs == "target"


def test_one_class(tmp_path, rng):
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, rows(rng, 200).assign(y="yes"), rows(rng, 200).assign(y="yes"))
    assert raised.value.needs == "target"


def test_hostile_values(tmp_path, rng):
    reference, current = rows(rng, 400), rows(rng, 400)
    for frame in (reference, current):
        frame["<b>empty</b>"] = np.nan
        frame["same"] = 1
        frame.loc[:20, "income"] = np.inf
    found(tmp_path, reference, current, timestamp=None)
    with pytest.raises(NotApplicable):
        found(tmp_path, reference, current.head(3), timestamp=None)
