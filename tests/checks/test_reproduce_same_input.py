import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.reproduce import same_input
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import reproduce as drawing
from tests.checks.model_rows import ROLES, answered, rows, score
from tests.factory import incident_of


def coarse(rng, answer=Answer.SCORE, start="2026-03-01"):
    """Rows of which many are equal."""
    frame = rows(rng, 800, start=start).assign(noise=0.0, weekday=rng.integers(0, 3, 800))
    frame["income"], frame["age"] = frame["income"].round(-4), frame["age"].round(-1)
    frame["p"] = answered(score(frame), answer)
    return frame


def found(folder, reference, current, answer=Answer.SCORE, **roles):
    profiled = same_input.profile(incident_of(folder, reference, current, answer=answer, **(ROLES | roles)))
    return profiled, same_input.judge(profiled)


@pytest.mark.parametrize("answer", [Answer.SCORE, Answer.LABEL])
def test_a_steady_model_is_silent(tmp_path, rng, answer):
    profiled, findings = found(tmp_path, coarse(rng, answer), coarse(rng, answer), answer)
    assert profiled.rows.current > 100
    assert findings == []
    assert drawing.same_input(profiled, None, Words()) is None


def test_two_models_at_once(tmp_path, rng):
    current = coarse(rng, start="2026-05-01")
    second = (rng.random(len(current)) < 0.5) & (current["at"] >= "2026-05-04")
    current["p"] = np.where(second, current["p"] ** 3, current["p"])
    profiled, findings = found(tmp_path, coarse(rng), current)
    by_code = {f.code: f for f in findings}
    assert set(by_code) == {"REP020", "REP021"}
    assert abs(by_code["REP021"].since - pd.Timestamp("2026-05-04")) < pd.Timedelta("12h")
    assert by_code["REP021"].evidence["cause"] == "model_mismatch"
    assert drawing.same_input(profiled, by_code["REP020"], Words()) is not None


def test_another_steady_model(tmp_path, rng):
    _, findings = found(tmp_path, coarse(rng), coarse(rng).assign(p=lambda f: f["p"] ** 3))
    assert [f.code for f in findings] == ["REP021"]


def test_answers_that_always_varied_are_natural(tmp_path, rng):
    frames = [coarse(rng).assign(p=rng.random(800)) for _ in range(2)]
    assert found(tmp_path, *frames)[1] == []


def test_rounded_answers_are_the_same(tmp_path, rng):
    assert found(tmp_path, coarse(rng), coarse(rng).assign(p=lambda f: f["p"].round(3)))[1] == []


def test_no_input_stands_twice(tmp_path, rng):
    with pytest.raises(NotApplicable):
        found(tmp_path, rows(rng), rows(rng))


def test_no_predictions(tmp_path, rng):
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, coarse(rng), coarse(rng).drop(columns="p"))
    assert raised.value.needs == "prediction"


def test_no_reference_predictions(tmp_path, rng):
    profiled, findings = found(tmp_path, coarse(rng).drop(columns="p"), coarse(rng))
    assert profiled.across_rows == 0
    assert findings == []
