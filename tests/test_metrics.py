from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_score, recall_score, roc_auc_score

from diagnostics.measure.metrics import by_class, calibration_slope, decided, measure, pr_auc, roc_auc
from diagnostics.measure.outcome import Outcome
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Answer, Sides, Task
from diagnostics.nouns.intervals import Interval


def scored(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    score = np.round(rng.beta(1, 2, rows), 2)
    return (rng.random(rows) < score).astype(float), score


def test_scores_are_measured_as_scikit_learn_does(rng: np.random.Generator) -> None:
    hit, score = scored(rng, 3000)
    truth = np.where(hit == 1, "yes", "no").astype(object)
    known = Outcome(Task.CLASSIFICATION, Answer.SCORE, ("no", "yes"), "yes", Sides(truth, None), Sides(score, None))
    found = measure(known, "reference", rng)
    assert found is not None
    told = score >= 0.5
    expected = {
        "error_rate": np.mean(told != (hit == 1)),
        "precision": precision_score(hit, told),
        "recall": recall_score(hit, told),
        "f1": f1_score(hit, told),
        "roc_auc": roc_auc_score(hit, score),
        "pr_auc": average_precision_score(hit, score),
        "log_loss": log_loss(hit, np.clip(score, 1e-6, 1 - 1e-6)),
        "brier": np.mean((score - hit) ** 2),
    }
    for name, value in expected.items():
        assert found.metrics[name].value == pytest.approx(value), name
        assert found.metrics[name].low < value < found.metrics[name].high, name
    assert sum(map(sum, found.confusion)) == found.rows == 3000
    assert found.metrics["slope"].low < 1 < found.metrics["slope"].high
    assert measure(known, "current", rng) is None


def test_many_classes_are_averaged_as_scikit_learn_does(rng: np.random.Generator) -> None:
    truth = rng.choice(["a", "b", "c"], 600, p=[0.6, 0.3, 0.1]).astype(object)
    told = np.where(rng.random(600) < 0.3, rng.choice(["a", "b", "c"], 600), truth).astype(object)
    known = Outcome(Task.CLASSIFICATION, Answer.LABEL, ("a", "b", "c"), None, Sides(truth, None), Sides(told, None))
    found = measure(known, "reference", rng)
    assert found is not None
    assert found.metrics["f1"].value == pytest.approx(f1_score(truth, told, average="macro"))
    assert found.metrics["precision"].value == pytest.approx(precision_score(truth, told, average="macro"))
    assert found.metrics["recall"].value == pytest.approx(recall_score(truth, told, average="macro"))


def test_the_auc_interval_covers_the_truth(rng: np.random.Generator) -> None:
    true = roc_auc_score(*scored(rng, 200_000))
    inside = [(i := roc_auc(*scored(rng, 300))).low <= true <= i.high for _ in range(300)]
    assert 0.91 <= np.mean(inside) <= 0.99


def test_one_class_has_no_curve(rng: np.random.Generator) -> None:
    assert np.isnan(roc_auc(np.ones(5), np.linspace(0, 1, 5)).value)
    assert np.isnan(pr_auc(np.zeros(5), np.linspace(0, 1, 5), rng).value)
    assert np.isnan(calibration_slope(np.ones(5), np.full(5, 0.3)).value)


def test_scores_that_are_too_extreme_have_a_slope_below_1(rng: np.random.Generator) -> None:
    hit, score = scored(rng, 5000)
    score = np.clip(score, 0.01, 0.99)
    odds = 2 * np.log(score / (1 - score))
    assert calibration_slope(hit, 1 / (1 + np.exp(-odds))).high < 0.8


def covered(rng: np.random.Generator, true: float, draw: Callable[[], Interval], draws: int = 300) -> float:
    return float(np.mean([(i := draw()).low <= true <= i.high for _ in range(draws)]))


def test_f1_with_an_empty_cell_has_an_interval(rng: np.random.Generator) -> None:
    """No hit among six rows of the class: a bootstrap of the matrix draws no hit either, and would be sure of 0."""
    found = decided(np.array([[190, 4], [6, 0]]), 1)["f1"]
    assert found.value == 0
    assert 0.2 < found.high < 0.6
    right = decided(np.array([[30, 0], [0, 20]]), 1)["f1"]
    assert (right.value, right.high) == (1, 1)
    assert right.low < 0.95


def test_the_f1_of_a_rare_class_is_covered(rng: np.random.Generator) -> None:
    cells = np.array([0.95, 0.02, 0.02, 0.01])
    true = 2 * 0.01 / (2 * 0.01 + 0.04)
    assert 0.92 <= covered(rng, true, lambda: decided(rng.multinomial(400, cells).reshape(2, 2), 1)["f1"]) <= 0.99


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_means_over_classes_are_covered(rng: np.random.Generator, name: str) -> None:
    cells = np.array([[0.5, 0.07, 0.01], [0.06, 0.3, 0.01], [0.02, 0.01, 0.02]])
    hits, told, true = np.diagonal(cells), cells.sum(axis=0), cells.sum(axis=1)
    each = {"precision": hits / told, "recall": hits / true, "f1": 2 * hits / (told + true)}[name]
    draw = lambda: decided(rng.multinomial(200, cells.ravel()).reshape(3, 3), None)[name]  # noqa: E731
    assert 0.92 <= covered(rng, float(each.mean()), draw) <= 0.995


def test_a_class_without_rows_widens_the_mean_of_a_small_table() -> None:
    seen = np.array([[30, 2], [3, 25]])
    declared = np.zeros((3, 3), dtype=int)
    declared[:2, :2] = seen
    two, three = decided(seen, None)["recall"], decided(declared, None)["recall"]
    assert three.value == pytest.approx(two.value)
    assert three.low < two.low - 0.2
    assert decided(declared * 20, None)["recall"].low == pytest.approx(decided(seen * 20, None)["recall"].low)


def test_losses_with_few_positive_rows_are_covered(rng: np.random.Generator) -> None:
    """A loss of nearly 1 in 3% of 300 rows, of nearly 0 in the others."""

    def brier() -> Interval:
        hit = (rng.random(300) < 0.03).astype(float)
        score = rng.beta(1, 49, 300)
        return by_class(hit, (1 - score) ** 2, score**2, (0.0, 1.0), (0.0, 1.0))

    a, b = 1.0, 49.0
    square = a * (a + 1) / ((a + b) * (a + b + 1))
    assert 0.92 <= covered(rng, 0.03 * (1 - 2 * 0.02 + square) + 0.97 * square, brier) <= 0.99


def test_a_loss_without_positive_rows_has_an_interval() -> None:
    score = np.linspace(0.01, 0.03, 100)
    found = by_class(np.zeros(100), (1 - score) ** 2, score**2, (0.0, 1.0), (0.0, 1.0))
    assert found.value == pytest.approx(np.mean(score**2))
    assert found.high > 0.03


def test_areas_near_1_are_covered(rng: np.random.Generator) -> None:
    def draw() -> tuple[np.ndarray, np.ndarray]:
        hit = (np.arange(200) < 25).astype(float)
        return hit, rng.standard_normal(200) + 2.6 * hit

    true = float(norm.cdf(2.6 / np.sqrt(2)))
    assert 0.92 <= covered(rng, true, lambda: roc_auc(*draw())) <= 0.99


def test_precision_over_recall_is_covered(rng: np.random.Generator) -> None:
    def draw(rows: int) -> tuple[np.ndarray, np.ndarray]:
        hit = (rng.random(rows) < 0.05).astype(float)
        return hit, rng.standard_normal(rows) + 1.5 * hit

    true = float(average_precision_score(*draw(400_000)))
    assert 0.9 <= covered(rng, true, lambda: pr_auc(*draw(2500), rng), 150) <= 0.99


def test_a_slope_is_found_for_scores_near_0_and_1(rng: np.random.Generator) -> None:
    """Newton's full steps jump to and fro here, and used to end at slopes of 2."""

    def draw() -> Interval:
        odds = -1 + 1.5 * rng.standard_normal(200)
        hit = (rng.random(200) < 1 / (1 + np.exp(-odds))).astype(float)
        return calibration_slope(hit, np.clip(1 / (1 + np.exp(-2 * odds)), 1e-6, 1 - 1e-6))

    found = [draw() for _ in range(200)]
    assert max(i.value for i in found) < 1
    assert 0.9 <= np.mean([i.low <= 0.5 <= i.high for i in found]) <= 0.99


def valued(truth: np.ndarray, told: np.ndarray, rng: np.random.Generator) -> Mapping[str, Interval]:
    found = measure(Outcome(Task.REGRESSION, Answer.VALUE, (), None, Sides(truth, None), Sides(told, None)), "reference", rng)
    assert found is not None
    return found.metrics


def test_values_are_measured(rng: np.random.Generator) -> None:
    truth = rng.normal(100, 20, 500)
    error = rng.normal(1, 4, 500)
    found = valued(truth, truth + error, rng)
    assert found["mae"].value == pytest.approx(np.abs(error).mean())
    assert found["rmse"].value == pytest.approx(np.sqrt((error**2).mean()))
    assert found["bias"].low < error.mean() < found["bias"].high
    low = valued(truth, truth - np.abs(error), rng)
    assert (low["bias"].low, low["bias"].high) == (-low["mae"].high, -low["mae"].low)


def test_the_same_seed_gives_the_same_intervals() -> None:
    truth = np.random.default_rng(1).normal(100, 20, 300)
    told = truth + np.random.default_rng(2).standard_t(3, 300)
    one, two = (valued(truth, told, np.random.default_rng(5)) for _ in range(2))
    assert one == two


def test_exact_predictions_are_not_known_to_be_always_exact(rng: np.random.Generator) -> None:
    """No error in 100 rows: up to 3.7% may be wrong, by as much as the labels reach."""
    truth = np.linspace(0, 50, 100)
    found = valued(truth, truth.copy(), rng)
    assert found["mae"].value == found["rmse"].value == found["bias"].value == 0
    assert found["mae"].high == pytest.approx(intervals.share(0, 100).high * 50)
    assert found["bias"].low == -found["bias"].high < 0
    assert np.isinf(valued(np.zeros(100), np.zeros(100), rng)["mae"].high)


def test_huge_errors_do_not_overflow(rng: np.random.Generator) -> None:
    truth = np.full(50, 1.0)
    found = valued(truth, truth + rng.lognormal(0, 1, 50) * 1e200, rng)
    assert np.isfinite([found["rmse"].value, found["rmse"].low, found["rmse"].high]).all()
