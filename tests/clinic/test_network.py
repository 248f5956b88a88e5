"""The lab trains, shows what each preset is called by, and its remedies help."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.network import check as network
from diagnostics.clinic.network.check import Lab, Settings, judge, profile, suggest_rate
from diagnostics.clinic.network.log import as_lines
from diagnostics.clinic.network.presets import PRESETS
from diagnostics.clinic.network.settings import SCHEDULES, Network
from diagnostics.clinic.shared.compare import Verdict
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.clinic.training_history.check import Diagnosed
from diagnostics.clinic.training_history.history import Layer
from diagnostics.clinic.training_history.problem import Problem
from diagnostics.clinic.training_history.reading.read import read_history
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import network as chart
from tests.clinic.frames import classes, values
from tests.factory import incident_of


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Incident:
    return incident_of(tmp_path_factory.mktemp("lab"), classes(np.random.default_rng(0), 500), target="answer")


def settings(problem: str, **changes: object) -> Settings:
    return Settings(problem=problem, network=replace(PRESETS[problem].network, **changes))


def test_a_run_gives_the_same_numbers_again_and_comes_back_from_its_file(rows: Incident) -> None:
    chosen = Settings(network=Network(depth=1, width=8, epochs=6))
    first, seen = profile(rows, chosen), []
    again = profile(rows, chosen, on_progress=lambda share, what="", so_far=None: seen.append((share, so_far)))
    assert first == again
    assert decode(encode(first), Lab) == first
    assert any(isinstance(so_far, Lab) for _, so_far in seen)
    assert len(first.runs[0].history.layers) == 2
    assert chart.draw(first, None, Words()) is not None


@pytest.mark.parametrize("problem", ["vanishing_gradient", "exploding_gradient", "dead_units", "overfitting"])
def test_a_preset_shows_its_problem(rows: Incident, problem: str) -> None:
    p = profile(rows, settings(problem))
    found = judge(p)
    assert found[0].evidence["cause"] == problem
    assert found[0].statement(Words())


def test_the_saved_run_is_read_by_the_doctor(rows: Incident, tmp_path: Path) -> None:
    p = profile(rows, settings("dead_units", epochs=12))
    file = tmp_path / "lab.jsonl"
    file.write_text(as_lines(p.runs[0].history))
    assert json.loads(file.read_text().splitlines()[0])["recorder"] == "model-clinic"
    assert network.diagnose(read_history(file)).found[0].code == "dead_units"


@pytest.fixture(scope="module")
def tried(rows: Incident) -> Lab:
    """Remedies for a learning rate that is too low."""
    return profile(rows, replace(settings("learning_rate_too_low", epochs=8, depth=1), mode="remedies", seeds=3))


def test_remedies_are_measured_on_held_out_rows(tried: Lab) -> None:
    p = tried
    assert p.compared is not None
    assert len(p.compared.remedies) == len(PRESETS["learning_rate_too_low"].remedies)
    assert max(result.gain.value for result in p.compared.remedies) > 0
    assert judge(p)[0].code == "NET002"
    assert chart.draw(p, judge(p)[0], Words()) is not None


def test_a_quantity_is_learnt_and_a_rate_is_suggested(tmp_path: Path) -> None:
    incident = replace(incident_of(tmp_path, values(np.random.default_rng(1), 500), target="price"), task=Task.REGRESSION)
    p = profile(incident, Settings(mode="range", network=Network(depth=1)))
    assert p.swept is not None
    assert 1e-5 < p.swept.suggested < 1
    assert judge(p)[0].code == "NET003"
    assert chart.draw(p, judge(p)[0], Words()) is not None


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    with pytest.raises(BadInput):
        suggest_rate(np.geomspace(1e-6, 10, 200), np.ones(200))
    with pytest.raises(BadInput):
        suggest_rate(np.geomspace(1e-6, 10, 200), np.full(200, np.nan))


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_between_nothing_and_the_rate(name: str) -> None:
    from diagnostics.clinic.network.train import schedule

    rates = schedule(Network(schedule=name, rate=0.1, epochs=20, warm_up=2), 10)
    assert rates.shape == (200,)
    assert rates.min() >= 0
    assert rates.max() == pytest.approx(0.1, rel=0.05)


def test_what_cannot_be_trained_is_said(rows: Incident, tmp_path: Path) -> None:
    with pytest.raises(NotApplicable):
        profile(Incident())
    for network_ in (Network(depth=0), Network(width=10_000), Network(epochs=10**6), Network(rate=-1.0)):
        with pytest.raises(BadInput):
            profile(rows, Settings(network=network_))
    words_only = classes(np.random.default_rng(0), 300)[["city", "answer"]]
    with pytest.raises(NotApplicable, match="numeric"):
        profile(incident_of(tmp_path, words_only, target="answer"))


def test_stopping_early_is_not_judged_by_the_rows_that_stopped_it(rows: Incident) -> None:
    data = training_set(rows)
    fold = folds(data, parts=3, repeats=1, seed=0)[0]
    made = network._prepare_rows(data, fold, 100, watch=True)
    assert (len(made.x), len(made.x_held)) == (80, 20)
    assert made.x_judged is not None
    assert len(made.x_judged) == len(fold.test)
    epochs = network._train(made, Network(epochs=3, patience=2), seed=0)
    assert all(epoch.judged is not None and 0 <= epoch.judged <= 1 for epoch in epochs)


def test_only_the_columns_that_are_trained_on_are_counted(rows: Incident) -> None:
    p = profile(rows, Settings(network=Network(epochs=2)))
    assert p.data.features == len(training_set(rows).numbers)
    assert p.data.features < len(training_set(rows).features.columns)


def test_unequal_classes_are_judged_by_the_log_loss(tmp_path: Path) -> None:
    frame = classes(np.random.default_rng(2), 600, share=0.12, noise=0.5)
    incident = incident_of(tmp_path, frame, target="answer")
    p = profile(incident, replace(settings("learning_rate_too_low", epochs=10, depth=1), mode="remedies", seeds=3))
    assert p.compared is not None
    assert (p.compared.metric, p.compared.higher) == ("log_loss", False)
    # The share of right answers stays at 88% all the while; the loss falls, and that is a gain.
    assert p.compared.best is not None
    assert p.compared.best.score.value < p.compared.before.score.value
    assert p.compared.best.gain.value == pytest.approx(p.compared.before.score.value - p.compared.best.score.value)


def test_a_gradient_that_recovers_is_a_gain_although_the_score_stays(tried: Lab) -> None:
    """The runs are given other gradients: training a deep network a dozen times would show the same."""

    def run(of: Diagnosed, first: float, *, vanished: bool) -> Diagnosed:
        x = tuple(map(float, range(8)))
        layers = tuple(Layer(name=name, x=x, gradients=(size,) * 8) for name, size in (("dense 1", first), ("dense 2", 1.0)))
        found = Problem(code="vanishing_gradient", confidence=0.9, epoch=1, until=8, says="")
        return replace(of, history=replace(of.history, layers=layers), found=(found,) if vanished else ())

    assert tried.compared is not None
    flat = replace(tried.compared, remedies=tuple(replace(r, verdict=Verdict.NO_GAIN) for r in tried.compared.remedies))
    before, *after = tried.runs
    mended = (run(before, 1e-6, vanished=True), *(run(one, 0.5, vanished=False) for one in after))
    found = judge(replace(tried, runs=mended, compared=flat))
    assert [finding.code for finding in found] == ["NET004"]
    assert (found[0].evidence["before"], found[0].evidence["after"]) == (1e-6, 0.5)
    assert found[0].statement(Words())
    still = (mended[0], *(run(one, 1e-6, vanished=True) for one in after))
    assert [finding.code for finding in judge(replace(tried, runs=still, compared=flat))] == ["NET002"]
    assert "NET004" not in {finding.code for finding in judge(tried)}
    # What scores worse is never recommended for its gradient.
    worse = replace(flat, remedies=tuple(replace(r, verdict=Verdict.WORSE) for r in flat.remedies))
    assert "NET004" not in {finding.code for finding in judge(replace(tried, runs=mended, compared=worse))}
