import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from diagnostics.checks.localise.fit import check as fit
from diagnostics.nouns.incident import Answer, Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import localise as drawing
from tests.checks.model_rows import ROLES, rows, score
from tests.factory import incident_of

BOTH = pytest.mark.parametrize("answer", [Answer.SCORE, Answer.LABEL])
VALUES = {"task": Task.REGRESSION, "positive": None}
NUMBERS = ["income", "age", "noise", "weekday"]


def found(folder, reference, current, answer=Answer.SCORE, **roles):
    profiled = fit.profile(incident_of(folder, reference, current, answer=answer, **(ROLES | roles)))
    findings = fit.judge(profiled)
    for finding in [*findings, None]:
        assert drawing.fit(profiled, finding, Words()) is not None
    for finding in findings:
        assert "{" not in finding.statement(Words())
    return findings


def valued(rng, n=1500):
    frame = rows(rng, n)
    told = 100 * score(frame)
    return frame.assign(y=told + rng.normal(0, 10, n), p=told)


@BOTH
def test_a_good_model_is_silent(tmp_path, rng, answer):
    assert found(tmp_path, rows(rng, answer=answer), rows(rng, answer=answer), answer) == []


def test_a_good_regression_is_silent(tmp_path, rng):
    assert found(tmp_path, valued(rng), valued(rng), Answer.VALUE, **VALUES) == []


@BOTH
def test_learnt_by_heart(tmp_path, rng, answer):
    reference, current = rows(rng, n=600), rows(rng, n=900)
    tree = DecisionTreeClassifier(random_state=0).fit(reference[NUMBERS], reference["y"])
    for frame in (reference, current):
        chance = tree.predict_proba(frame[NUMBERS])[:, 1]
        frame["p"] = chance if answer is Answer.SCORE else np.where(chance > 0.5, "yes", "no")
    (finding,) = found(tmp_path, reference, current, answer)
    assert finding.code == "LOC020"
    assert finding.evidence["before"] < finding.evidence["fresh_before"] < finding.evidence["after"]


def test_learnt_by_heart_regression(tmp_path, rng):
    reference, current = valued(rng, 600), valued(rng, 600)
    tree = DecisionTreeRegressor(random_state=0).fit(reference[NUMBERS], reference["y"])
    reference["p"], current["p"] = tree.predict(reference[NUMBERS]), tree.predict(current[NUMBERS])
    assert [f.code for f in found(tmp_path, reference, current, Answer.VALUE, **VALUES)] == ["LOC020"]


def test_answers_that_broke_later_are_not_learnt_by_heart(tmp_path, rng):
    reference, current = rows(rng), rows(rng)
    current["p"] = np.where(np.arange(len(current)) > 500, rng.permutation(current["p"]), current["p"])
    assert found(tmp_path, reference, current) == []


@BOTH
def test_hardly_learnt_anything(tmp_path, rng, answer):
    constant = 0.5 if answer is Answer.SCORE else "yes"
    reference, current = rows(rng).assign(p=constant), rows(rng).assign(p=constant)
    if answer is Answer.SCORE:
        for frame in (reference, current):
            frame["p"] = 0.5 + 0.01 * (score(frame) - 0.5)
    assert [f.code for f in found(tmp_path, reference, current, answer)] == ["LOC021"]


def test_nothing_to_learn_is_no_fault(tmp_path, rng):
    reference, current = rows(rng), rows(rng)
    for frame in (reference, current):
        frame["y"] = rng.permutation(frame["y"])
        frame["p"] = 0.5 + 0.01 * frame["noise"]
    assert found(tmp_path, reference, current) == []


def test_the_rare_class_is_never_answered(tmp_path, rng):
    def few(n=4000):
        frame = rows(rng, n, answer=Answer.LABEL)
        chance = score(frame) ** 3 * 0.35
        return frame.assign(y=np.where(rng.random(n) < chance, "yes", "no"), p="no")

    reference, current = few(), few()
    reference.loc[reference.index[:5], "p"] = "yes"
    (finding,) = found(tmp_path, reference, current, Answer.LABEL)
    assert finding.code == "LOC022"
    assert finding.evidence["class"] == "yes"
    assert finding.evidence["found"] > finding.evidence["recall"]


def test_it_says_what_it_lacks(tmp_path, rng):
    with pytest.raises(NotApplicable):
        fit.profile(incident_of(tmp_path / "a", rows(rng), rows(rng).drop(columns="y"), **ROLES))
    with pytest.raises(NotApplicable):
        fit.profile(incident_of(tmp_path / "b", rows(rng), rows(rng, 3), **ROLES))
    with pytest.raises(NotApplicable):
        fit.profile(Incident())


def test_strange_inputs(tmp_path, rng):
    reference, current = rows(rng, 200), rows(rng, 200)
    for frame in (reference, current):
        frame["gone"] = np.nan
        frame["same"] = 1.0
        frame["<b>x</b>"] = np.inf
    found(tmp_path, reference, current)
