import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper

from diagnostics.checks.reproduce.scaler import check as scaler
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures import reproduce as drawing
from tests import onnx_graphs as graphs
from tests.factory import incident_of

LISTS = {"feature_names": ["a", "b"], "mean": [50.0, 400.0], "scale": [10.0, 80.0]}
BY_COLUMN = {"scaler": {"a": {"mean": 50, "std": 10}, "b": {"mean": 400, "std": 80}}}
UNNAMED = {"mean_": [50.0, 400.0], "scale_": [10.0, 80.0]}


def rows(rng, n=800, start="2026-05-01"):
    at = pd.Timestamp(start) + pd.to_timedelta(np.arange(n) * 20, unit="min")
    return pd.DataFrame({"a": rng.normal(50, 10, n), "b": rng.normal(400, 80, n), "at": at})


def found(folder, reference, current, content, *, name="scaler.json"):
    given = incident_of(folder, reference, current, timestamp="at")
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "current.yaml").write_text("threshold: 0.5\n")
    (folder / "config" / name).write_text(json.dumps(content))
    file = folder / "config" / ("current.yaml" if name == "scaler.json" else name)
    profiled = scaler.profile(replace(given, config=Sides(None, file)))
    return profiled, scaler.judge(profiled)


@pytest.mark.parametrize("content", [LISTS, BY_COLUMN, UNNAMED], ids=["lists", "by column", "unnamed"])
@pytest.mark.parametrize("name", ["scaler.json", "current.json"])
def test_a_scaler_that_fits_is_silent(tmp_path, rng, content, name):
    profiled, findings = found(tmp_path, rows(rng), rows(rng, start="2026-06-01"), content, name=name)
    assert [c.scale.column for c in profiled.columns] == ["a", "b"]
    assert findings == []
    assert drawing.scaler(profiled, None, Words()) is not None


def test_drift_that_a_model_bears_is_silent(tmp_path, rng):
    current = rows(rng, start="2026-06-01")
    current["a"] = current["a"] * 1.2 + 2
    assert found(tmp_path, rows(rng), current, LISTS)[1] == []


def test_values_that_are_scaled_already(tmp_path, rng):
    current = rows(rng, start="2026-06-01")
    late = current["at"] >= "2026-06-05"
    current.loc[late, "a"] = (current["a"] - 50) / 10
    profiled, findings = found(tmp_path, rows(rng), current[late], LISTS)
    (finding,) = findings
    assert (finding.code, finding.columns, finding.evidence["cause"]) == ("REP050", ("a",), "refit_scaler")
    assert "50" in finding.statement(Words())
    assert drawing.scaler(profiled, finding, Words()) is not None


def test_values_far_from_the_scaler_since_a_day(tmp_path, rng):
    current = rows(rng, start="2026-06-01")
    current.loc[current["at"] >= "2026-06-05", "b"] *= 1000
    _, (finding,) = found(tmp_path, rows(rng), current, LISTS)
    assert (finding.code, finding.columns) == ("REP051", ("b",))
    assert str(finding.since)[:10] == "2026-06-05"
    assert "cause" not in finding.evidence


def test_a_scaler_that_was_fitted_to_production(tmp_path, rng):
    current = rows(rng, 3000, start="2026-06-01")
    current["a"], current["b"] = current["a"] + 12, current["b"] * 0.5
    content = {"columns": ["a", "b"], "mean": [62.0, 200.0], "std": [10.0, 40.0]}
    _, (finding,) = found(tmp_path, rows(rng), current, content)
    assert (finding.code, finding.columns, finding.evidence["cause"]) == ("REP052", ("a", "b"), "refit_scaler")


@pytest.mark.parametrize("content", [[], {"mean": [1], "scale": [1, 2]}, {"a": 5}, {"a": {"mean": "x", "std": 0}}, "text"])
def test_json_that_holds_no_scaler(tmp_path, rng, content):
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, rows(rng), rows(rng), content)
    assert raised.value.needs == "config"


def test_a_scaler_inside_the_model(tmp_path, rng):
    nodes = [
        helper.make_node("Concat", ["a", "b"], ["both"], axis=1),
        helper.make_node("Scaler", ["both"], ["scaled"], domain="ai.onnx.ml", offset=[50.0, 400.0], scale=[0.1, 0.0125]),
        helper.make_node("MatMul", ["scaled", "w"], ["y"]),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in ("a", "b")]
    path = graphs.saved(tmp_path / "model.onnx", nodes, inputs=inputs, held=[graphs.array("w", [[1.0], [1.0]])])
    current = rows(rng, start="2026-06-01")
    current["b"] *= 100
    given = replace(incident_of(tmp_path, rows(rng), current, timestamp="at"), model=path)
    profiled = scaler.profile(given)
    assert [(c.scale.mean, round(c.scale.scale)) for c in profiled.columns] == [(50.0, 10), (400.0, 80)]
    assert [f.columns for f in scaler.judge(profiled)] == [("b",)]


def test_without_tables():
    with pytest.raises(NotApplicable) as raised:
        scaler.profile(Incident())
    assert raised.value.needs == "reference"
