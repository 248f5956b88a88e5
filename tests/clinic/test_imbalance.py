from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from diagnostics.clinic.imbalance import check as imbalance
from diagnostics.clinic.imbalance.check import Imbalance, Settings
from diagnostics.clinic.imbalance.lines import threshold_lines
from diagnostics.clinic.imbalance.methods import METHODS, SAMPLERS, changes, sampled_rows
from diagnostics.clinic.imbalance.remedies import allowed, cheapest, resampled, synthetic
from diagnostics.clinic.imbalance.rows import preview, to_download, two_classes
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import imbalance as drawing
from pages.parts.export import csv_bytes
from tests.clinic.frames import classes, values
from tests.factory import incident_of


def codes(p: Imbalance) -> set[str]:
    return {finding.code for finding in imbalance.judge(p)}


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Imbalance:
    """Six in a hundred, hard to tell apart."""
    frame = classes(np.random.default_rng(5), 1500, share=0.06, noise=1.3)
    incident = incident_of(tmp_path_factory.mktemp("rare"), frame, target="answer")
    return imbalance.profile(incident, Settings(family="linear", cost=10))


def test_a_rare_class_that_is_missed_is_said_with_its_numbers(rare: Imbalance) -> None:
    assert "IMB001" in codes(rare)
    said = next(f for f in imbalance.judge(rare) if f.code == "IMB001").statement(Words())
    assert said.startswith("answer = yes is 6% of the rows and the model finds")
    assert rare.majority == pytest.approx(0.94)
    assert rare.accuracy > 0.9


def test_all_ways_ran_side_by_side_and_a_moved_threshold_costs_less(rare: Imbalance) -> None:
    names = {way.name for way in rare.ways}
    assert names == {"nothing", "weights", "over", "under", "smote", "threshold", "balanced_forest", "isolation"}
    moved = next(r for r in rare.compared.remedies if r.name == "threshold")
    assert moved.gain.low > 0
    recall = {way.name: way.recall.value for way in rare.ways}
    assert min(recall["threshold"], recall["smote"], recall["weights"]) > recall["nothing"] + 0.2


def test_weights_break_the_chances_and_a_moved_threshold_keeps_them(rare: Imbalance) -> None:
    told = {way.name: way.told for way in rare.ways}
    assert told["weights"] > 2 * rare.share
    assert told["threshold"] == pytest.approx(told["nothing"])
    assert "IMB004" in codes(rare)


def test_it_comes_back_from_json_and_every_picture_can_be_drawn(rare: Imbalance) -> None:
    assert decode(encode(rare), Imbalance) == rare
    words = Words()
    for finding in (None, *imbalance.judge(rare)):
        assert drawing.draw(rare, finding, words) is not None
    assert drawing.draw_curves(rare, words, drawing.worth_drawing(rare)) is not None


def test_classes_that_can_be_told_apart_need_no_remedy(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 900, share=0.3, noise=0.05)
    p = imbalance.profile(incident_of(tmp_path, frame, target="answer"), Settings(family="linear", cost=1, repeats=1))
    assert codes(p) == {"IMB003"}
    assert p.compared.best is None


def test_the_rarest_of_several_classes_stands_against_the_others(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng).assign(answer=rng.choice(["a", "b", "c"], 600, p=[0.5, 0.4, 0.1]))
    data = two_classes(incident_of(tmp_path, frame, target="answer"))
    assert data.classes == ("other", "c")
    assert data.described.counts[1] == int((frame["answer"] == "c").sum())


def test_a_quantity_and_nothing_at_all_are_refused_in_a_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable) as raised:
        two_classes(incident_of(tmp_path, values(rng), target="price", task=Task.REGRESSION))
    assert "is a quantity" in raised.value.statement(Words())
    with pytest.raises(NotApplicable):
        imbalance.profile(Incident())
    with pytest.raises(ValueError, match="cost must be between"):
        imbalance.profile(incident_of(tmp_path / "c", classes(rng), target="answer"), Settings(cost=0))


def test_resampling_evens_the_classes_with_the_rows_it_was_given(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, classes(rng, share=0.1), target="answer"))
    given = np.arange(0, 600, 2)
    features, truth = data.features.iloc[given], data.truth[given].astype("int64")
    for how in ("over", "under", "smote"):
        frame, made = resampled(data, features, truth, how, 1)
        assert np.bincount(made)[0] == np.bincount(made)[1] == len(frame) / 2
    repeated, _ = resampled(data, features, truth, "over", 1)
    assert set(repeated.index) <= set(given.tolist())


@pytest.mark.parametrize("kind", ["numbers", "categories", "both"])
def test_synthetic_rows_lie_between_real_ones(kind: str, tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, share=0.1).assign(colour=rng.choice(["red", "blue"], 600))
    frame.loc[::9, "city"] = None
    frame.loc[::11, "x0"] = np.nan
    keep = {"numbers": ["x0", "x1"], "categories": ["city", "colour"], "both": ["x0", "x1", "city"]}[kind]
    data = training_set(incident_of(tmp_path, frame[[*keep, "answer"]], target="answer"))
    made = synthetic(data, data.features, data.truth.astype("int64"), seed=0)
    assert len(made) == 600 - 2 * 60
    assert list(made.columns) == list(data.features.columns)
    real = data.features[data.truth == 1]
    for name in data.numbers:
        assert made[name].between(real[name].min() - 1e-6, real[name].max() + 1e-6).all()
    for name in data.categories:
        assert set(made[name].dropna()) <= set(real[name].dropna())


def test_neighbours_are_capped_by_what_the_class_allows(tmp_path: Path, rng: np.random.Generator) -> None:
    assert (allowed(3, 5), allowed(1, 5), allowed(100, 5)) == (2, 0, 5)
    data = training_set(incident_of(tmp_path, classes(rng, share=0.1), target="answer"))
    three = np.concatenate([np.flatnonzero(data.truth == 0), np.flatnonzero(data.truth == 1)[:3]])
    made = synthetic(data, data.features.iloc[three], data.truth[three].astype("int64"), seed=0, neighbours=50)
    assert len(made) == 540 - 3
    one = three[:-2]
    with pytest.raises(NotApplicable):
        synthetic(data, data.features.iloc[one], data.truth[one].astype("int64"), seed=0)


def test_the_preview_shows_points_on_components_or_on_two_columns(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, classes(rng, share=0.1), target="answer"))
    shown = preview(data, neighbours=500, wanted=40)
    assert (shown.count, shown.rows, shown.neighbours, shown.most, shown.kind) == (40, 60, 59, 59, "SMOTENC")
    assert len(shown.made) == 40
    assert 0 < shown.x.share < 1
    assert preview(data, columns=("x0", "x3")).x.name == "x0"
    with pytest.raises(ValueError, match="two columns of numbers"):
        preview(data, columns=("x0", "city"))
    assert drawing.draw_preview(shown, Words()) is not None


def test_downloaded_rows_are_marked_and_hold_no_formula(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, share=0.1).assign(age=rng.integers(18, 80, 600), synthetic=1.5 * rng.normal(size=600))
    frame["city"] = rng.choice(['=HYPERLINK("http://x")', "@SUM(1)", "Ulm"], 600)
    incident = incident_of(tmp_path, frame, target="answer")
    made = to_download(training_set(incident), incident, neighbours=5, wanted=30)
    assert len(made) == 30
    assert (made["synthetic_2"] == "yes").all()
    assert (made["answer"] == "yes").all()
    assert (made["age"] == made["age"].round()).all()
    text = csv_bytes(made).decode("utf-8-sig")
    read = pd.read_csv(pd.io.common.StringIO(text))
    assert not read["city"].str.startswith(("=", "@")).any()


def test_the_cheapest_limit_is_where_misses_and_alarms_cost_least() -> None:
    truth = np.array([0, 0, 0, 1, 0, 1, 1])
    chance = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    assert 0.3 < cheapest(truth, chance, 10) <= 0.4
    assert 0.5 < cheapest(truth, chance, 0.5) <= 0.6
    assert cheapest(truth, np.full(7, 0.5), 100) <= 0.5


def test_an_extreme_class_is_also_looked_for_as_an_oddity(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 2500, share=0.01, noise=0.3)
    rows = frame["answer"] == "yes"
    frame.loc[rows, ["x2", "x3", "x4"]] += 6.0
    p = imbalance.profile(incident_of(tmp_path, frame, target="answer"), Settings(family="linear", repeats=1))
    assert {"IMB005", "IMB006"} <= codes(p)
    odd = next(way for way in p.ways if way.name == "isolation")
    assert odd.recall.value > 0.5


@pytest.mark.parametrize("how", list(SAMPLERS))
@pytest.mark.parametrize("kind", ["numbers", "both"])
def test_further_methods_make_or_drop_rows_of_the_training_part_alone(
    how: str, kind: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    frame = classes(rng, share=0.1, noise=1.0)
    frame.loc[::11, "x0"] = np.nan
    data = training_set(incident_of(tmp_path, frame if kind == "both" else frame.drop(columns="city"), target="answer"))
    codes_ = data.truth.astype("int64")
    extra, kept = changes(data, data.features, codes_, how, 0)
    assert set(kept.tolist()) <= set(range(len(codes_)))
    rare_kept = int((codes_[kept] == 1).sum())
    if SAMPLERS[how].adds:
        assert len(extra) > 0
        assert list(extra.columns) == list(data.features.columns)
        assert {str(level) for level in extra.get("city", pd.Series(dtype=object)).dropna()} <= set(frame["city"])
        for name in data.numbers:
            spread = np.ptp(data.features[name].dropna())
            assert extra[name].between(data.features[name].min() - spread, data.features[name].max() + spread).all()
    else:
        assert len(extra) == 0
        assert rare_kept == int((codes_ == 1).sum())
        assert len(kept) < len(codes_)
    made, labels = sampled_rows(data, data.features, codes_, how, 0)
    assert len(made) == len(labels) == len(extra) + len(kept)


def test_all_methods_stand_on_the_same_folds_with_the_threshold(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 260, share=0.2, noise=0.8)
    p = imbalance.profile(incident_of(tmp_path, frame, target="answer"), Settings(family="tree", repeats=1, further=True))
    by_name = {result.name: result for result in p.compared.remedies}
    assert set(METHODS) <= set(by_name)
    assert not [name for name in METHODS if by_name[name].skipped]
    assert p.threshold is not None
    assert 0 <= p.threshold.low <= p.threshold.value <= p.threshold.high <= 1
    assert decode(encode(p), Imbalance) == p


def test_the_threshold_follows_the_cost_of_a_miss(rare: Imbalance, tmp_path: Path) -> None:
    assert rare.threshold is not None
    # Chances that hold are best cut at 1 / (1 + cost): with 10 false alarms for a miss at 9%.
    assert rare.threshold.low < 1 / 11 < rare.threshold.high


def test_a_preview_of_a_cleaning_shows_what_is_dropped(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, classes(rng, share=0.1, noise=1.0), target="answer"))
    shown = preview(data, how="enn")
    assert shown.count == 0
    assert shown.gone == len(shown.dropped) > 0
    assert preview(data, how="borderline").count > 0
    assert drawing.draw_preview(shown, Words()) is not None


def test_rows_that_a_method_cannot_use_are_refused_in_a_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, classes(rng, share=0.1), target="answer"))
    one = np.concatenate([np.flatnonzero(data.truth == 0), np.flatnonzero(data.truth == 1)[:1]])
    with pytest.raises(NotApplicable):
        changes(data, data.features.iloc[one], data.truth[one].astype("int64"), "adasyn", 0)


def test_the_lines_of_the_threshold_run_on_a_trained_model(rare: Imbalance, rng: np.random.Generator) -> None:
    rows = rng.normal(size=(400, 2))
    labels = np.where(rows[:, 0] + rng.normal(size=400) > 1.5, rare.positive, "another")
    trained = LogisticRegression().fit(rows, labels)
    held = {"model": trained, "rows": rows, "labels": labels}
    exec(threshold_lines(rare), held)
    assert 0 < held["named"].sum() < 400
    assert ((held["model"].predict(rows) == rare.positive) == held["named"]).all()
    # Deciding otherwise trains nothing.
    assert held["model"].estimator_.estimator is trained
