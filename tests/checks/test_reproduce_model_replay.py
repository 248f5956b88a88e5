from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper

from diagnostics.checks.reproduce import model_replay, replayed
from diagnostics.measure.uploaded import replays, scoring_model, uploaded_model
from diagnostics.nouns.incident import Answer, Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import reproduce as drawing
from tests import onnx_graphs as graphs
from tests.factory import incident_of

WEIGHTS, START = [1.5, -0.02, 0.4], -0.6
NAMES = '["a", "b", "c"]'


def rows(rng, n=600, start="2026-05-01", weights=WEIGHTS):
    frame = pd.DataFrame({"a": rng.normal(0, 1, n), "b": rng.normal(40, 12, n), "c": rng.integers(0, 4, n).astype("float64")})
    frame = frame.round(3)
    frame["region"] = rng.choice(["north", "south", "east"], n)
    frame["at"] = pd.Timestamp(start) + pd.to_timedelta(np.arange(n) * 20, unit="min")
    return frame.assign(p=answers(frame, weights), y=np.where(rng.random(n) < answers(frame, WEIGHTS), "yes", "no"))


def answers(frame, weights=WEIGHTS):
    z = frame[["a", "b", "c"]].to_numpy() @ np.asarray(weights) + START
    return np.round(1 / (1 + np.exp(-np.clip(z, -50, 50))), 4)


def incident(folder, reference, current, path, **roles):
    given = {"target": "y", "prediction": "p", "timestamp": "at", "positive": "yes"} | roles
    return replace(incident_of(folder, reference, current, **given), model=path)


def model(folder, names=NAMES, weights=WEIGHTS):
    return graphs.linear(folder / "model.onnx", weights, START, names=names, sigmoid=True)


def found(given):
    profiled = model_replay.profile(given)
    return profiled, {f.code: f for f in model_replay.judge(profiled)}


def test_the_model_that_served_is_silent(tmp_path, rng):
    profiled, findings = found(incident(tmp_path, rows(rng), rows(rng, start="2026-06-01"), model(tmp_path)))
    assert set(findings) == {"REP045"}
    assert profiled.differing.current.value == 0
    assert profiled.again == (0.0, 1200)
    assert profiled.rows.current == 600
    assert findings["REP045"].statement(Words())
    assert drawing.model_replay(profiled, findings["REP045"], Words()) is not None


def test_faulty_inputs_that_the_model_saw_come_back_too(tmp_path, rng):
    current = rows(rng, start="2026-06-01")
    current["b"] *= 1000
    current["p"] = answers(current)
    assert set(found(incident(tmp_path, rows(rng), current, model(tmp_path)))[1]) == {"REP045"}


def test_another_model_since_a_day(tmp_path, rng):
    current = rows(rng, start="2026-06-01")
    late = current["at"] >= "2026-06-04"
    current.loc[late, "p"] = answers(current, [0.2, 0.03, -1.0])[late]
    given = incident(tmp_path, rows(rng), current, model(tmp_path))
    profiled, findings = found(given)
    finding = findings["REP040"]
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["cause"] == "model_mismatch"
    assert str(finding.since) == "2026-06-04 00:00:00"
    assert profiled.after > 0.95
    assert "4 June" in finding.statement(Words())
    assert len(model_replay.offending(given, finding)) > 300
    assert drawing.model_replay(profiled, finding, Words()) is not None


def test_another_model_for_one_group(tmp_path, rng):
    current = rows(rng, start="2026-06-01")
    south = current["region"] == "south"
    current.loc[south, "p"] = answers(current, [0.2, 0.03, -1.0])[south]
    _, findings = found(incident(tmp_path, rows(rng), current, model(tmp_path)))
    assert findings["REP040"].segment == "region = south"


def test_the_reference_comes_from_another_model(tmp_path, rng):
    reference = rows(rng, weights=[0.2, 0.03, -1.0])
    _, findings = found(incident(tmp_path, reference, rows(rng, start="2026-06-01"), model(tmp_path)))
    assert findings["REP041"].evidence["cause"] == "model_mismatch"
    assert "REP040" not in findings


@pytest.mark.parametrize(("names", "severity"), [(NAMES, Severity.WARNING), ("", Severity.INFO)])
def test_the_wrong_file(tmp_path, rng, names, severity):
    frames = [rows(rng, start=start).drop(columns="region") for start in ("2026-05-01", "2026-06-01")]
    profiled, findings = found(incident(tmp_path, *frames, model(tmp_path, names, [0.2, 0.03, -1.0])))
    assert findings["REP042"].severity is severity
    # Both sides are off alike: the file is wrong, and no cause of what changed.
    assert "cause" not in findings["REP042"].evidence
    assert drawing.model_replay(profiled, findings["REP042"], Words()) is not None


def test_the_reference_without_answers(tmp_path, rng):
    current = rows(rng, start="2026-06-01", weights=[0.2, 0.03, -1.0])
    _, findings = found(incident(tmp_path, rows(rng).drop(columns="p"), current, model(tmp_path)))
    assert set(findings) == {"REP042", "REP045"}
    assert findings["REP042"].evidence["cause"] == "model_mismatch"


def test_the_wrong_file_and_another_model_now(tmp_path, rng):
    reference, current = rows(rng), rows(rng, start="2026-06-01", weights=[0.2, 0.03, -1.0])
    path = model(tmp_path)
    reference.loc[: len(reference) // 3, "p"] = answers(reference, [1.4, -0.03, 0.5])[: len(reference) // 3 + 1]
    _, findings = found(incident(tmp_path, reference, current, path))
    assert findings["REP042"].evidence["cause"] == "model_mismatch"


def test_an_answer_that_depends_on_the_batch(tmp_path, rng):
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Gemm", ["centred", "w", "b"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["y"]),
    ]
    wide = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])]
    held = [graphs.array("w", np.array(WEIGHTS)[:, None]), graphs.array("b", [START])]
    path = graphs.saved(tmp_path / "model.onnx", nodes, inputs=wide, held=held, names=NAMES)
    profiled, findings = found(incident(tmp_path, rows(rng), rows(rng, start="2026-06-01"), path))
    assert profiled.alone[0] > 0.5
    assert "REP043" in findings
    assert "REP044" not in findings
    assert drawing.model_replay(profiled, findings["REP043"], Words()) is None


def test_a_model_that_answers_at_random(tmp_path, rng):
    nodes = [
        helper.make_node("ReduceSum", ["x", "last"], ["sum"], keepdims=1),
        helper.make_node("RandomNormalLike", ["sum"], ["noise"]),
        helper.make_node("Sigmoid", ["noise"], ["y"]),
    ]
    wide = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])]
    held = [graphs.array("last", [1], "int64")]
    path = graphs.saved(tmp_path / "model.onnx", nodes, inputs=wide, held=held, names=NAMES)
    _, findings = found(incident(tmp_path, rows(rng), rows(rng, start="2026-06-01"), path))
    assert {"REP044", "REP042"} <= set(findings)


def test_labels_of_a_scikit_learn_model_with_words(tmp_path, rng):
    import skops.io
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    prepare = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["region"]))
    train = rows(rng)
    fitted = make_pipeline(prepare, LogisticRegression()).fit(train[["a", "b", "region"]], train["y"])
    skops.io.dump(fitted, tmp_path / "model.skops")
    reference, current = rows(rng), rows(rng, start="2026-06-01")
    for frame in (reference, current):
        frame["p"] = fitted.predict(frame[["a", "b", "region"]])
    late = current["at"] >= "2026-06-05"
    current.loc[late, "p"] = np.where(current["p"] == "yes", "no", "yes")[late]
    given = incident(tmp_path, reference, current, tmp_path / "model.skops")
    profiled, findings = found(replace(given, answer=Answer.LABEL))
    assert profiled.differing.reference.value == 0
    assert str(findings["REP040"].since)[:10] == "2026-06-05"
    assert drawing.model_replay(profiled, findings["REP040"], Words()) is not None
    stand = uploaded_model(replace(given, answer=Answer.LABEL))
    drawn = stand.encoder.matrix(reference)
    assert np.array_equal(stand.answers_of(drawn), reference["p"].to_numpy(dtype=object))
    assert np.allclose(stand.scores_of(drawn), fitted.predict_proba(reference[["a", "b", "region"]]))


def test_values_of_a_regression_in_the_order_of_the_table(tmp_path, rng):
    frames = []
    for start in ("2026-05-01", "2026-06-01"):
        frame = rows(rng, start=start).drop(columns="region")
        z = frame[["a", "b", "c"]].to_numpy() @ np.array([10.0, 2.0, 1.0]) + 5
        frames.append(frame.assign(p=z.round(2), y=z + rng.normal(size=len(z))))
    path = graphs.linear(tmp_path / "model.onnx", [10.0, 2.0, 1.0], 5.0)
    given = replace(incident(tmp_path, *frames, path), task=Task.REGRESSION, answer=Answer.VALUE)
    profiled, findings = found(given)
    assert not profiled.named
    assert set(findings) == {"REP045"}


def test_columns_that_do_not_fit_are_told(tmp_path, rng):
    frames = [rows(rng), rows(rng, start="2026-06-01")]
    path = graphs.linear(tmp_path / "model.onnx", [1.0] * 7)
    with pytest.raises(NotApplicable) as raised:
        model_replay.profile(incident(tmp_path, *frames, path))
    said = raised.value.statement(Words())
    assert "7" in said
    assert "4" in said
    path = graphs.linear(tmp_path / "model.onnx", WEIGHTS, names='["a", "b", "income"]')
    with pytest.raises(NotApplicable) as raised:
        model_replay.profile(incident(tmp_path, *frames, path))
    assert "income" in raised.value.statement(Words())


@pytest.mark.parametrize("seed", range(3))
def test_hard_tables_end_plainly(tmp_path, seed):
    rng = np.random.default_rng(seed)
    current = rows(rng, 40, start="2026-06-01")
    current.loc[:5, "a"] = np.nan
    current.loc[6:9, "b"] = np.inf
    reference = rows(rng, 40).assign(c=np.nan) if seed == 1 else rows(rng, 40)
    current = current.iloc[[1, 8, 20]] if seed == 2 else current
    given = incident(tmp_path, reference, current, model(tmp_path), timestamp=None)
    profiled, findings = found(given)
    for finding in findings.values():
        assert finding.statement(Words())
    assert profiled.since is None


def test_the_uploaded_model_stands_in_for_itself(tmp_path, rng):
    reference, current = rows(rng), rows(rng, start="2026-06-01")
    given = incident(tmp_path, reference, current, model(tmp_path))
    stand = scoring_model(given)
    assert type(stand).__name__ == "Uploaded"
    assert stand.skill > 0.999
    assert stand.encoder.features == ("a", "b", "c")
    assert np.allclose(stand.answers(current.assign(a=0.0)), answers(current.assign(a=0.0)), atol=1e-4)
    assert stand.scores_of(stand.encoder.matrix(current)).shape == (600, 1)
    with pytest.raises(NotApplicable):
        replayed.profile(given)
    wrong = incident(tmp_path / "b", reference, current, model(tmp_path, weights=[0.2, 0.03, -1.0]))
    assert type(scoring_model(wrong)).__name__ == "Surrogate"
    assert replays(wrong).named


def test_without_a_model():
    with pytest.raises(NotApplicable) as raised:
        model_replay.profile(Incident())
    assert raised.value.needs == "model"
