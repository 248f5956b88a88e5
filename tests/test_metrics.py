from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_score, recall_score, roc_auc_score

from diagnostics.measure.metrics import calibration_slope, measure, pr_auc, roc_auc
from diagnostics.measure.outcome import Outcome
from diagnostics.nouns.incident import Answer, Sides, Task


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
