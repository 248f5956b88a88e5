from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.fit import check as fit
from diagnostics.clinic.fit.bias import bias
from diagnostics.clinic.fit.check import Fit, Settings
from diagnostics.clinic.fit.learning_curve import LearningCurve, More, extrapolate
from diagnostics.clinic.fit.remedies import Pruned, before, remedies
from diagnostics.clinic.shared.compare import compare
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.clinic.shared.scores import METRICS, metric_for
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import compared
from diagnostics.pictures.clinic import fit as drawing
from tests.clinic.frames import classes, values
from tests.factory import incident_of


def codes(p: Fit) -> set[str]:
    return {finding.code for finding in fit.judge(p)}


def profiled(incident: Incident, family: str, *, repeats: int = 2) -> Fit:
    return fit.profile(incident, Settings(family=family, repeats=repeats))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """A tree grown to the end on noisy rows."""
    frame = classes(np.random.default_rng(3), 700, noise=1.5)
    return profiled(incident_of(tmp_path_factory.mktemp("grown"), frame, target="answer"), "tree")


def test_a_tree_grown_to_the_end_learns_by_heart(grown: Fit) -> None:
    assert "FIT001" in codes(grown)
    said = next(f for f in fit.judge(grown) if f.code == "FIT001").statement(Words())
    assert said.startswith("Overfitting: the share of pairs ranked right (AUC) is 1 on the rows trained on")
    assert grown.compared.before.gap > 0.2


def test_it_comes_back_from_json_as_it_was(grown: Fit) -> None:
    assert decode(encode(grown), Fit) == grown


def test_every_picture_can_be_drawn(grown: Fit) -> None:
    words = Words()
    for finding in (None, *fit.judge(grown)):
        assert drawing.draw(grown, finding, words) is not None
    assert all(drawing.draw_knob(curve, grown, words) is not None for curve in grown.knobs)
    assert compared.draw(grown.compared, None, words) is not None


def test_a_straight_line_through_bends_is_too_simple(tmp_path: Path, rng: np.random.Generator) -> None:
    p = profiled(incident_of(tmp_path, values(rng), target="price", task=Task.REGRESSION), "linear")
    assert "FIT002" in codes(p)
    crosses = next(r for r in p.compared.remedies if r.name == "crosses")
    assert crosses.gain.low > 0.1


def test_a_model_that_fits_is_left_alone(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 800, noise=0.8)
    p = profiled(incident_of(tmp_path, frame, target="answer"), "linear")
    assert "FIT003" in codes(p)
    assert not codes(p) & {"FIT001", "FIT002", "FIT005", "FIT006"}
    assert p.compared.best is None


def test_chance_alone_is_nothing_to_learn_and_no_remedy_gains(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 500)
    p = profiled(incident_of(tmp_path, frame.assign(answer=rng.permutation(frame["answer"])), target="answer"), "linear")
    assert "FIT006" in codes(p)
    assert p.compared.best is None


def curve_of(scores: np.ndarray, sizes: list[int], rng: np.random.Generator) -> LearningCurve:
    return extrapolate((), sizes, scores, 0.25, METRICS["auc"], rng)


def test_twice_the_rows_are_foretold_where_the_curve_is_clear(rng: np.random.Generator) -> None:
    sizes = [200, 400, 800, 1600, 3200]
    truth = [0.9 - 2.0 * n**-0.5 for n in (*sizes, 6400)]
    right = 0
    for _ in range(40):
        found = curve_of(np.array(truth[:5]) + rng.normal(scale=0.001, size=(5, 5)), sizes, rng)
        assert found.more is More.HELPS
        assert found.drawn[-1][0] == 6400
        right += found.doubled.low <= truth[5] - truth[4] <= found.doubled.high
    assert right >= 34


def test_a_flat_curve_says_that_more_rows_hardly_help(rng: np.random.Generator) -> None:
    found = curve_of(0.8 + rng.normal(scale=0.001, size=(5, 5)), [200, 400, 800, 1600, 3200], rng)
    assert found.more is More.FLAT
    assert found.doubled.high < 0.02


def test_a_curve_lost_in_noise_is_not_extrapolated(rng: np.random.Generator) -> None:
    found = curve_of(0.8 + rng.normal(scale=0.08, size=(5, 5)), [20, 40, 80, 160, 320], rng)
    assert found.more is More.UNKNOWN
    assert not found.drawn


def test_a_group_that_the_model_gets_wrong_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = values(rng, 1500)
    frame["x4"] = rng.integers(0, 2, 1500)
    frame["price"] = frame["x1"] + 3.0 * frame["x4"] * (frame["x0"] > 0) + 0.3 * rng.normal(size=1500)
    data = training_set(incident_of(tmp_path, frame, target="price", task=Task.REGRESSION))
    found = bias(data, before("linear", {}))
    assert "x0" in {segment.column for segment in found.worst}
    assert not bias(data, before("boosting", {})).worst


def test_pruning_cuts_the_tree(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, classes(rng, noise=1.5), target="answer"))
    pruned = Pruned(data, 1).fit(data.features, data.truth)
    assert pruned.tree_[-1].get_n_leaves() < 40
    assert pruned.predict(data.features).shape == (600,)


def test_it_says_what_it_lacks_and_refuses_unknown_models(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        fit.profile(Incident())
    with pytest.raises(ValueError, match="family must be one of"):
        fit.profile(incident_of(tmp_path, classes(rng), target="answer"), Settings(family="oracle"))


@pytest.mark.parametrize("task", ["classes", "values"])
def test_dropout_is_tried_on_a_network_and_learns_as_well_as_one(tmp_path: Path, rng: np.random.Generator, task: str) -> None:
    frame = classes(rng, 900) if task == "classes" else values(rng, 900)
    kind = Task.CLASSIFICATION if task == "classes" else Task.REGRESSION
    data = training_set(incident_of(tmp_path, frame, target="answer" if task == "classes" else "price", task=kind))
    tried = next(remedy for _, remedy in remedies(data, "network", {}) if remedy.name == "dropout")
    found = compare(data, before("network", {}), [tried], metric_for(kind), parts=3, repeats=1)
    assert not found.remedies[0].skipped
    # Dropout costs a small network something on rows that it does not overfit; it must still have learnt.
    assert found.remedies[0].score.value > (0.8 if task == "classes" else 0.4)


def test_the_model_as_it_is_is_told_while_the_others_are_tried(tmp_path: Path, rng: np.random.Generator) -> None:
    told: list[Fit] = []

    def on_progress(share: float, what: str = "", so_far: Fit | None = None) -> None:
        if so_far is not None:
            told.append(so_far)

    incident = incident_of(tmp_path, classes(rng, 200), target="answer")
    fit.profile(incident, Settings(family="linear", repeats=1), on_progress=on_progress)
    assert told[0].compared.before.score.value > 0
    assert told[0].compared.remedies == ()
    assert len(told[-1].compared.remedies) >= 4
    assert decode(encode(told[-1]), Fit) == told[-1]
