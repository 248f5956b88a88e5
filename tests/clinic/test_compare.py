from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.clinic.shared.compare import Compared, Remedy, Verdict, compare, corrected_interval, decide
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.models import FAMILIES, dummy, pipeline
from diagnostics.clinic.shared.scores import METRICS, metric_for, metrics_for
from diagnostics.clinic.shared.training_set import TrainingSet, training_set
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from tests.clinic.frames import classes, values
from tests.factory import incident_of

LINEAR = Remedy(name="linear", says="Linear model", build=lambda data, seed: pipeline(data, "linear", seed=seed))
GUESS = Remedy(name="guess", says="Always the same answer", build=lambda data, seed: dummy(data))


@pytest.fixture
def data(tmp_path: Path, rng: np.random.Generator) -> TrainingSet:
    return training_set(incident_of(tmp_path, classes(rng), target="answer"))


def test_a_real_remedy_gains_and_the_way_back_is_worse(data: TrainingSet) -> None:
    there = compare(data, GUESS, [LINEAR], METRICS["auc"])
    back = compare(data, LINEAR, [GUESS], METRICS["log_loss"])
    assert there.remedies[0].verdict is Verdict.GAIN
    assert there.remedies[0].gain.low > 0.2
    assert there.best is there.remedies[0]
    assert back.remedies[0].verdict is Verdict.WORSE
    assert back.best is None


def test_the_same_model_again_is_no_gain(data: TrainingSet) -> None:
    other = Remedy(
        name="other", says="Another seed", build=lambda data, seed: pipeline(data, "forest", seed=seed + 1000, n_estimators=20)
    )
    forest = Remedy(name="forest", says="Forest", build=lambda data, seed: pipeline(data, "forest", seed=seed, n_estimators=20))
    result = compare(data, forest, [other], METRICS["auc"])
    assert result.remedies[0].verdict is Verdict.NO_GAIN
    assert result.folds == 10


def test_false_gains_are_rarer_than_the_level_says(rng: np.random.Generator) -> None:
    """Fold differences as dependent as those of real folds: half of their variance is shared."""
    hits = 0
    for _ in range(400):
        folds_of = rng.normal(scale=0.5**0.5) + rng.normal(scale=0.5**0.5, size=10)
        hits += corrected_interval(folds_of, 0.25).low > 0
    assert hits / 400 < 0.13
    naive = sum(
        (lambda v: v.mean() - 2.26 * v.std(ddof=1) / 10**0.5 > 0)(
            rng.normal(scale=0.5**0.5) + rng.normal(scale=0.5**0.5, size=10)
        )
        for _ in range(400)
    )
    assert naive / 400 > 0.2


def test_a_sure_but_tiny_gain_is_none() -> None:
    assert decide(Interval(0.001, 0.0005, 0.0015), 0.005) is Verdict.NO_GAIN
    assert decide(Interval(0.02, 0.01, 0.03), 0.005) is Verdict.GAIN
    assert decide(Interval(-0.02, -0.03, -0.01), 0.005) is Verdict.WORSE


def test_the_same_seed_gives_the_same_numbers(data: TrainingSet) -> None:
    assert compare(data, GUESS, [LINEAR], METRICS["auc"]) == compare(data, GUESS, [LINEAR], METRICS["auc"])


def test_a_remedy_that_cannot_run_leaves_the_others(data: TrainingSet) -> None:
    class Broken:
        def fit(self, features: object, truth: object) -> None:
            raise ValueError("no such luck")

    result = compare(
        data, GUESS, [Remedy(name="broken", says="Broken", build=lambda data, seed: Broken()), LINEAR], METRICS["auc"]
    )
    assert "no such luck" in result.remedies[0].skipped.statement(Words())
    assert result.ran == (result.remedies[1],)


def test_stopping_stops(data: TrainingSet) -> None:
    class Enough(Exception):
        pass

    def stop(share: float, what: str = "", so_far: Compared | None = None) -> None:
        if share > 0.3:
            raise Enough

    with pytest.raises(Enough):
        compare(data, GUESS, [LINEAR], METRICS["auc"], on_progress=stop)


def test_a_remedy_never_sees_a_held_out_row(data: TrainingSet) -> None:
    seen: list[set[int]] = []

    class Spy:
        classes_ = np.array([0, 1])

        def fit(self, features: pd.DataFrame, truth: object) -> None:
            self.rows = set(features.index)

        def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
            seen.append(self.rows & set(features.index))
            return np.full((len(features), 2), 0.5)

    compare(data, GUESS, [Remedy(name="spy", says="Spy", build=lambda data, seed: Spy())], METRICS["auc"], repeats=1)
    assert all(not both for both in seen[::2])


def test_groups_stay_together_and_classes_even(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng).assign(customer=[f"c{n // 4}" for n in range(600)])
    data = training_set(incident_of(tmp_path, frame, target="answer", id="customer"))
    assert data.groups is not None
    made = folds(data, parts=5, repeats=2, seed=1)
    assert len(made) == 10
    for fold in made:
        assert not set(data.groups[fold.train]) & set(data.groups[fold.test])
        assert abs(float(np.mean(data.truth[fold.test])) - 0.3) < 0.12
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in made[:5]])), np.arange(600))


def test_later_rows_are_judged_by_models_of_earlier_ones(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng).assign(when=pd.date_range("2026-01-01", periods=600, freq="h")).sample(frac=1, random_state=1)
    data = training_set(incident_of(tmp_path, frame, target="answer", timestamp="when"))
    assert data.order is not None
    for fold in folds(data):
        assert data.order[fold.train].max() <= data.order[fold.test].min()


def test_a_class_that_came_late_cannot_be_split_by_time(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng).sort_values("answer").assign(when=pd.date_range("2026-01-01", periods=600, freq="h"))
    data = training_set(incident_of(tmp_path, frame, target="answer", timestamp="when"))
    with pytest.raises(NotApplicable):
        compare(data, GUESS, [LINEAR], METRICS["auc"])


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("task", ["classes", "values"])
def test_every_family_beats_always_the_same_answer(family: str, task: str, tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, noise=0.3) if task == "classes" else values(rng)
    frame.loc[::7, "x1"] = np.nan
    data = training_set(incident_of(tmp_path, frame, target="answer" if task == "classes" else "price", task=None))
    # A full tree on 600 noisy rows is worse than the mean, and is told so.
    mild = {"max_depth": 4, "min_samples_leaf": 10} if family == "tree" else {}
    made = Remedy(name=family, says=family, build=lambda data, seed: pipeline(data, family, seed=seed, **mild))
    result = compare(data, GUESS, [made], metric_for(data.task), parts=3, repeats=1)
    assert not result.remedies[0].skipped
    assert result.remedies[0].gain.value > 0.05


def test_every_score_of_a_task_can_be_taken(tmp_path: Path, rng: np.random.Generator) -> None:
    three = classes(rng).assign(answer=rng.choice(["a", "b", "c"], 600))
    for number, (frame, target) in enumerate(((classes(rng), "answer"), (three, "answer"), (values(rng), "price"))):
        data = training_set(incident_of(tmp_path / str(number), frame, target=target, task=None))
        for metric in metrics_for(data.task):
            result = compare(data, GUESS, [LINEAR], metric, parts=2, repeats=1)
            assert np.isfinite(result.before.score.value), metric.name


def test_what_is_known_so_far_begins_with_the_model_as_it_is_and_grows(data: TrainingSet) -> None:
    told: list[Compared] = []

    def on_progress(share: float, what: str = "", so_far: Compared | None = None) -> None:
        if so_far is not None and (not told or told[-1] is not so_far):
            told.append(so_far)

    whole = compare(data, GUESS, [LINEAR], METRICS["auc"], repeats=1, on_progress=on_progress, partial=lambda so_far: so_far[0])
    assert told[0].remedies == ()
    assert told[0].before.score.value == pytest.approx(whole.before.folds[0])
    assert [one.folds for one in told[1:]] == [1, 2, 3, 4]
    assert all(one.remedies[0].gain.value > 0.2 for one in told[1:])
