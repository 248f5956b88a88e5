from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.clinic.deployment import check as deployment
from diagnostics.clinic.deployment import speed as deployment_speed
from diagnostics.clinic.deployment.check import Deployment, Settings, onnx_file
from diagnostics.clinic.deployment.export import as_file, as_onnx, quantise, run_session, session
from diagnostics.clinic.deployment.online import online, serial
from diagnostics.clinic.deployment.rows import as_inputs
from diagnostics.clinic.deployment.speed import latency
from diagnostics.clinic.shared.models import FAMILIES, pipeline
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import deployment as drawing
from tests.clinic.frames import classes, values
from tests.factory import incident_of


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment_speed, "SECONDS", 0.02)


def profiled(incident: Incident, family: str) -> Deployment:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deployment_speed, "SECONDS", 0.02)
        return deployment.profile(incident, Settings(family=family))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Incident]:
    incident = incident_of(tmp_path_factory.mktemp("rows"), classes(np.random.default_rng(0), 400), target="answer")
    return profiled(incident, "network"), incident


@pytest.mark.parametrize("family", list(FAMILIES))
@pytest.mark.parametrize("kind", ["two", "three", "values", "gaps"])
def test_every_family_answers_the_same_as_onnx(tmp_path: Path, rng: np.random.Generator, family: str, kind: str) -> None:
    task = Task.REGRESSION if kind == "values" else Task.CLASSIFICATION
    frame = values(rng, 200) if kind == "values" else classes(rng, 200)
    if kind == "three":
        frame["answer"] = np.where(frame["x2"] > 1, "perhaps", frame["answer"])
    if kind == "gaps":
        frame.loc[::5, "x0"] = np.nan
    data = training_set(incident_of(tmp_path, frame, target="price" if kind == "values" else "answer", task=task))
    few = {"max_iter": 10} if family in ("boosting", "network") else {}
    with pytest.warns() if family == "network" else _nothing():
        fitted = pipeline(data, family, seed=0, **few).fit(data.features, data.truth)
    own = fitted.predict(data.features) if kind == "values" else fitted.predict_proba(data.features)
    told = run_session(session(as_file(fitted, as_onnx, data.features, data)), as_inputs(data.features, data)).reshape(own.shape)
    assert np.abs(told - own).max() < 1e-4 * max(1.0, float(np.abs(own).max()))


@pytest.mark.parametrize("family", ["linear", "boosting"])
def test_the_file_takes_raw_rows_with_gaps_rare_and_unknown_words(tmp_path: Path, rng: np.random.Generator, family: str) -> None:
    rows = 600
    frame = classes(rng, rows).rename(columns={"x0": "x", "x1": "<b>in `it`</b>"})
    frame.loc[::7, "x"] = np.nan
    frame.loc[::11, "<b>in `it`</b>"] = np.inf
    frame["inner/x"] = rng.choice(["a", "b", "c"], rows)
    frame["chances"] = [f"level {min(60, int(n))}" for n in rng.exponential(12, rows)]
    frame.loc[::9, "chances"] = None
    frame["when"] = pd.date_range("2026-01-01", periods=rows, freq="h")
    data = training_set(incident_of(tmp_path, frame, target="answer"))
    fitted = pipeline(data, family, seed=0).fit(data.features, data.truth)
    running = session(as_file(fitted, as_onnx, data.features, data))
    assert {given.name for given in running.get_inputs()} == set(data.features.columns)
    new = data.features.iloc[:80].copy()
    new.loc[new.index[:20], "chances"] = "never seen"
    new.loc[new.index[10:30], "inner/x"] = None
    new.loc[new.index[30:40], "x"] = np.nan
    assert np.abs(run_session(running, as_inputs(new, data)) - fitted.predict_proba(new)).max() < 1e-5
    assert json.loads(running.get_modelmeta().custom_metadata_map["classes"]) == list(data.classes)


def test_a_table_of_words_alone_is_exported_too(tmp_path: Path, rng: np.random.Generator) -> None:
    colours = rng.choice(["red", "green", "blue"], 300)
    frame = pd.DataFrame({"colour": colours, "answer": np.where((colours == "red") ^ (rng.random(300) < 0.1), "yes", "no")})
    data = training_set(incident_of(tmp_path, frame, target="answer"))
    for family in ("linear", "tree"):
        fitted = pipeline(data, family, seed=0).fit(data.features, data.truth)
        told = run_session(session(as_file(fitted, as_onnx, data.features, data)), as_inputs(data.features, data))
        assert np.abs(told - fitted.predict_proba(data.features)).max() < 1e-5


def _nothing():  # type: ignore[no-untyped-def]
    from contextlib import nullcontext

    return nullcontext()


def test_a_network_is_quantised_and_a_tree_has_nothing_to_quantise(
    network: tuple[Deployment, Incident], tmp_path: Path, rng: np.random.Generator
) -> None:
    p = network[0]
    found = {variant.name: variant for variant in p.variants}
    assert found["quantised"].bytes > 0
    assert 0 < found["quantised"].apart < 0.2
    assert found["onnx"].apart < 1e-4
    trees = profiled(incident_of(tmp_path, classes(rng, 300), target="answer"), "tree")
    assert "8 bits can hold" in next(v for v in trees.variants if v.name == "quantised").skipped.says
    with pytest.raises(NotApplicable):
        quantise(onnx_file(network[1], Settings(family="forest"), "onnx"))


def test_size_time_and_accuracy_stand_side_by_side(network: tuple[Deployment, Incident]) -> None:
    p = network[0]
    names = {result.name for result in p.compared.remedies if not result.skipped}
    assert names == {"onnx", "quantised", "distilled"}
    assert p.compared.remedies[0].gain.value == pytest.approx(0, abs=1e-3)
    assert {(c.batch, c.workers) for c in p.latency if c.what == "onnx"} == {(b, w) for b in (1, 32, 512) for w in (1, 2, 4)}
    assert all(0 < c.p50 <= c.p95 <= c.p99 for c in p.latency)
    assert p.online is None
    assert p.uploaded is None


def test_a_forest_becomes_faster_and_smaller(tmp_path: Path, rng: np.random.Generator) -> None:
    p = profiled(incident_of(tmp_path, classes(rng, 400), target="answer"), "forest")
    findings = {finding.code: finding for finding in deployment.judge(p)}
    assert "DEP001" in findings
    times = findings["DEP001"].evidence["times"]
    assert isinstance(times, float)
    assert times > 1.5


def stream(rng: np.random.Generator, *, turns: bool, rows: int = 1500) -> pd.DataFrame:
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=list("abc"))
    angle = np.linspace(0, 3, rows) if turns else np.zeros(rows)
    score = np.cos(angle) * frame["a"] + np.sin(angle) * frame["b"] + 0.3 * rng.normal(size=rows)
    return frame.assign(
        when=pd.date_range("2026-01-01", periods=rows, freq="h"), answer=np.where(score > 0, "yes", "no"), price=score
    )


@pytest.mark.parametrize("target", ["answer", "price"])
@pytest.mark.parametrize("turns", [True, False])
def test_learning_on_pays_where_the_rule_turns_and_not_where_it_stands(
    tmp_path: Path, rng: np.random.Generator, turns: bool, target: str
) -> None:
    frame = stream(rng, turns=turns).drop(columns="price" if target == "answer" else "answer")
    task = Task.CLASSIFICATION if target == "answer" else Task.REGRESSION
    found = online(training_set(incident_of(tmp_path, frame, target=target, timestamp="when", task=task)))
    assert found is not None
    assert (found.gain.low > 0 and found.gain.value > 0.05) is turns


def test_the_result_on_a_stream_says_so(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = stream(rng, turns=True, rows=600).drop(columns="price")
    p = profiled(incident_of(tmp_path, frame, target="answer", timestamp="when"), "tree")
    assert "DEP003" in {finding.code for finding in deployment.judge(p)}
    still = replace(p, online=None)
    assert "DEP003" not in {finding.code for finding in deployment.judge(still)}


def test_neighbouring_blocks_that_are_alike_widen_the_interval(rng: np.random.Generator) -> None:
    alone = rng.normal(size=40)
    alike = np.repeat(rng.normal(size=20), 2)
    plain = 2.02 * alike.std() / np.sqrt(39)
    assert serial(alike).high - serial(alike).value > 1.1 * plain
    assert serial(alone).low < alone.mean() < serial(alone).high


def test_an_error_while_timing_is_not_swallowed() -> None:
    def ask(count: int) -> object:
        if count > 1:
            raise ValueError("too many")
        return count

    with pytest.raises(ValueError, match="too many"):
        latency("x", ask, batches=(1, 2))


def test_an_uploaded_model_that_cannot_be_run_is_said(tmp_path: Path, rng: np.random.Generator) -> None:
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    frame = classes(rng, 200)
    incident = replace(incident_of(tmp_path, frame, frame, target="answer"), model=broken)
    p = profiled(incident, "tree")
    assert p.uploaded is not None
    assert p.uploaded.skipped
    assert p.uploaded.latency == ()


def test_an_uploaded_model_is_timed_in_its_confined_process(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 200).drop(columns="city")
    incident = incident_of(tmp_path, frame, frame, target="answer")
    file = tmp_path / "model.onnx"
    file.write_bytes(onnx_file(incident, Settings(family="tree"), "onnx"))
    p = profiled(replace(incident, model=file), "tree")
    assert p.uploaded is not None
    assert not p.uploaded.skipped
    assert {cell.batch for cell in p.uploaded.latency} == {1, 32}
    assert "DEP005" in {finding.code for finding in deployment.judge(p)}


def test_it_comes_back_from_json_and_every_picture_can_be_drawn(network: tuple[Deployment, Incident]) -> None:
    p = network[0]
    assert decode(encode(p), Deployment) == p
    for finding in (None, *deployment.judge(p)):
        assert drawing.draw(p, finding, Words()) is not None
    assert drawing.draw_workers(p, Words(), 512) is not None


def test_it_says_what_it_lacks_and_refuses_odd_settings(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        deployment.profile(Incident())
    with pytest.raises(ValueError, match="family must be one of"):
        deployment.profile(incident_of(tmp_path, classes(rng), target="answer"), Settings(family="oracle"))
