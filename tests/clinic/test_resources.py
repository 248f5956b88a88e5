from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.resources import check as resources
from diagnostics.clinic.resources.check import Resources, Settings
from diagnostics.clinic.resources.model import (
    GB,
    Described,
    Kind,
    Optimiser,
    Precision,
    Recompute,
    activations,
    changes,
    parameters,
    plan_to_fit,
    serving,
    training,
)
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import resources as drawing
from tests.clinic.frames import classes
from tests.factory import incident_of

GPT2_XL = Described(layers=48, hidden=1600, heads=25, sequence=1024, vocabulary=50257, precision=Precision.MIXED)
GPT3 = Described(layers=96, hidden=12288, heads=96, sequence=2048, vocabulary=51200)


def test_known_models_have_their_known_sizes() -> None:
    assert parameters(GPT2_XL) == pytest.approx(1.558e9, rel=0.01)
    assert parameters(GPT3) == pytest.approx(175e9, rel=0.01)
    small = Described(kind=Kind.DENSE, inputs=10, hidden=20, layers=2)
    assert parameters(small) == 10 * 20 + 20 + 20 * 20 + 20 + 20 + 1


@pytest.mark.parametrize(("zero", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_what_zero_divides_is_what_its_paper_tabulates(zero: int, gigabytes: float) -> None:
    """Figure 1 there: 7.5 billion parameters, 64 devices, Adam in mixed precision."""
    parts = training(replace(GPT2_XL, zero=zero, devices=64))
    states = parts.weights + parts.gradients + parts.optimiser
    assert 7.5 * states / parameters(GPT2_XL) == pytest.approx(gigabytes, abs=0.1)


def test_activations_are_those_of_the_formula() -> None:
    """Korthikanti et al. 2022, the model of 22 billion: 5as/h is 5 * 64 * 2048 / 6144."""
    m = Described(layers=48, hidden=6144, heads=64, sequence=2048, vocabulary=51200, batch=4, precision=Precision.MIXED)
    size, logits = 2048 * 4 * 6144, 4 * 2048 * 4 * 51200
    assert activations(m) - logits == pytest.approx(48 * size * (34 + 5 * 64 * 2048 / 6144))
    shared = replace(m, tensor=8)
    assert activations(shared) - logits / 8 == pytest.approx(48 * size * (10 + 24 / 8 + 5 * 64 * 2048 / 6144 / 8))
    less = activations(replace(m, recompute=Recompute.SELECTIVE))
    least = activations(replace(m, recompute=Recompute.FULL))
    assert least < less < activations(m)
    assert activations(replace(m, precision=Precision.FULL)) == pytest.approx(2 * activations(m), rel=0.15)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_change_saves_in_training_or_in_service(kind: Kind) -> None:
    m = Described(kind=kind, layers=5, batch=64)
    here = training(m).total, serving(m).total
    for change in changes(m):
        assert change.training < here[0] or change.serving < here[1], change.name
    assert training(replace(m, optimiser=Optimiser.SGD)).optimiser == 0


def test_a_model_too_large_is_made_to_fit_by_cheap_changes_first() -> None:
    m = Described()
    assert training(m).total > m.memory * GB
    plan, needed = plan_to_fit(m)
    assert plan[0] == "mixed"
    assert needed <= m.memory * GB
    p = resources.profile(Incident(), Settings(m, measure=False))
    finding = resources.judge(p)[0]
    assert finding.code == "RES001"
    assert finding.evidence["planned"] == pytest.approx(needed / GB)


def test_a_model_that_fits_is_said_to_and_one_beyond_hope_too() -> None:
    fits = resources.profile(Incident(), Settings(replace(Described(), memory=80.0), measure=False))
    assert [f.code for f in resources.judge(fits)] == ["RES003"]
    hopeless = resources.profile(Incident(), Settings(replace(GPT3, memory=1.0, reserve=0.9), measure=False))
    codes = {f.code for f in resources.judge(hopeless)}
    assert codes == {"RES001", "RES002"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    frame = classes(np.random.default_rng(2), 300)
    return resources.profile(incident_of(tmp_path_factory.mktemp("rows"), frame, target="answer"), Settings())


def test_accumulation_saves_memory_and_leaves_the_gradient(measured: Resources) -> None:
    trials = {trial.name: trial for trial in measured.trials}
    assert trials["accumulated"].bytes < 0.5 * trials["float32"].bytes
    assert trials["accumulated"].same is not None
    assert trials["accumulated"].same < 1e-4
    assert trials["float64"].bytes > 1.5 * trials["float32"].bytes
    assert trials["checkpointed"].bytes < trials["float32"].bytes
    assert measured.own
    assert "RES004" in {f.code for f in resources.judge(measured)}


def test_answers_in_32_bits_are_no_worse(measured: Resources) -> None:
    assert measured.compared is not None
    results = {r.name: r for r in measured.compared.remedies}
    assert not any(r.skipped for r in results.values())
    assert results["float32"].verdict == "no gain"


def test_it_comes_back_from_json_and_every_picture_can_be_drawn(measured: Resources) -> None:
    assert decode(encode(measured), Resources) == measured
    for finding in (None, *resources.judge(measured)):
        assert drawing.draw(measured, finding, Words()) is not None
    assert drawing.draw_changes(measured, Words()) is not None


@pytest.mark.parametrize(
    "odd",
    [
        {"layers": 0},
        {"hidden": 10**9},
        {"heads": 7},
        {"batch": 2, "accumulation": 3},
        {"memory": 0.0},
        {"zero": 4},
        {"pruned": 1.0},
        {"kind": Kind.CNN, "layers": 30},
        {"layers": 10**6},
    ],
)
def test_a_model_that_cannot_be_is_one_plain_sentence(odd: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(NotApplicable) as refused:
        resources.profile(Incident(), Settings(replace(Described(), **odd)))  # type: ignore[arg-type]
    assert refused.value.statement(Words()).endswith(".")
