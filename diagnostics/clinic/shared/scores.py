"""Metrics of held-out predictions, each with its name for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.words import N_

EPSILON: Final = 1e-6
"""Chances are kept this far from 0 and 1, or one sure mistake would cost an infinite log loss."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's predictions for held-out rows."""

    labels: NDArray[np.generic]
    """Codes of classes, or values, shape (n,)."""

    chances: NDArray[np.float64] | None = None
    """Probabilities of the classes, shape (n, classes), rows sum to 1; None for values and for models that give none."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One way to score predictions."""

    name: str
    """Stable key."""

    says: str
    """Message id for an axis or a sentence."""

    higher: bool
    """Whether more is better."""

    of: Callable[[NDArray[np.generic], Predictions], float]
    floor: float = 0.005
    """The smallest difference worth speaking of."""

    relative: bool = False
    """Whether `floor` is a share of the score before."""

    chances: bool = True
    """Whether it needs probabilities."""


def predict(model: Any, features: Any, data: TrainingSet, *, chances: bool = True) -> Predictions:
    """Predictions of a fitted `model` for `features`; a class that it never saw gets the probability 0."""
    if data.task is Task.REGRESSION:
        return Predictions(np.asarray(model.predict(features), dtype="float64").ravel())
    if not chances or not hasattr(model, "predict_proba"):
        return Predictions(np.asarray(model.predict(features), dtype="int64"))
    predicted = np.asarray(model.predict_proba(features), dtype="float64")
    full = np.zeros((len(predicted), len(data.classes)))
    full[:, np.asarray(model.classes_, dtype="int64")] = predicted
    # A model may decide otherwise than by the largest chance: a moved threshold does.
    labels = model.predict(features) if getattr(model, "decides", False) else full.argmax(axis=1)
    return Predictions(np.asarray(labels, dtype="int64"), full)


def _chances(answer: Predictions) -> NDArray[np.float64]:
    if answer.chances is None:
        raise ValueError("this score needs the chances of the classes, got labels alone")
    return answer.chances


def auc(truth: NDArray[np.generic], chance: NDArray[np.float64]) -> float:
    """ROC AUC of one class: share of pairs in which the row of the class has the larger chance; nan for one class alone."""
    hits = truth.astype(bool)
    ones, zeros = int(hits.sum()), int((~hits).sum())
    if not ones or not zeros:
        return float("nan")
    from scipy.stats import rankdata

    return float((rankdata(chance)[hits].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _auc(truth: NDArray[np.generic], answer: Predictions) -> float:
    chances = _chances(answer)
    if chances.shape[1] == 2:
        return auc(truth == 1, chances[:, 1])
    each = [auc(truth == code, chances[:, code]) for code in range(chances.shape[1])]
    finite = [value for value in each if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def _log_loss(truth: NDArray[np.generic], answer: Predictions) -> float:
    chances = np.clip(_chances(answer), EPSILON, 1 - EPSILON)
    return float(-np.log(chances[np.arange(len(truth)), truth.astype("int64")]).mean())


def _accuracy(truth: NDArray[np.generic], answer: Predictions) -> float:
    return float(np.mean(truth == answer.labels))


def _balanced(truth: NDArray[np.generic], answer: Predictions) -> float:
    return float(np.mean([np.mean(answer.labels[truth == code] == code) for code in np.unique(truth)]))


def _average_precision(truth: NDArray[np.generic], answer: Predictions) -> float:
    from sklearn.metrics import average_precision_score

    chances = _chances(answer)
    codes = [1] if chances.shape[1] == 2 else range(chances.shape[1])
    return float(np.mean([average_precision_score(truth == code, chances[:, code]) for code in codes if (truth == code).any()]))


def _brier(truth: NDArray[np.generic], answer: Predictions) -> float:
    chances = _chances(answer)
    hit = np.zeros_like(chances)
    hit[np.arange(len(truth)), truth.astype("int64")] = 1.0
    return float(((chances - hit) ** 2).sum(axis=1).mean())


def _r2(truth: NDArray[np.generic], answer: Predictions) -> float:
    values = truth.astype("float64")
    spread = float(((values - values.mean()) ** 2).sum())
    return 1 - float(((values - answer.labels) ** 2).sum()) / spread if spread > 0 else float("nan")


def _rmse(truth: NDArray[np.generic], answer: Predictions) -> float:
    return float(np.sqrt(np.mean((truth.astype("float64") - answer.labels) ** 2)))


def _mae(truth: NDArray[np.generic], answer: Predictions) -> float:
    return float(np.mean(np.abs(truth.astype("float64") - answer.labels)))


METRICS: Final[Mapping[str, Metric]] = {
    m.name: m
    for m in (
        Metric(name="auc", says=N_("share of pairs ranked right (AUC)"), higher=True, of=_auc),
        Metric(name="log_loss", says=N_("log loss"), higher=False, of=_log_loss, floor=0.01, relative=True),
        Metric(name="accuracy", says=N_("share of right answers (accuracy)"), higher=True, of=_accuracy, chances=False),
        Metric(
            name="balanced",
            says=N_("share of right answers, mean over the classes (balanced accuracy)"),
            higher=True,
            of=_balanced,
            chances=False,
        ),
        Metric(
            name="average_precision", says=N_("average precision (area under the PR curve)"), higher=True, of=_average_precision
        ),
        Metric(
            name="brier",
            says=N_("squared error of the chances (Brier score)"),
            higher=False,
            of=_brier,
            floor=0.01,
            relative=True,
        ),
        Metric(name="r2", says=N_("share of the spread explained (R²)"), higher=True, of=_r2),
        Metric(name="rmse", says=N_("root mean squared error"), higher=False, of=_rmse, floor=0.01, relative=True),
        Metric(name="mae", says=N_("mean absolute error"), higher=False, of=_mae, floor=0.01, relative=True),
    )
}
"""Scores by name. What is worth speaking of: half a point of a share, one percent of an error."""


def metric_for(task: Task) -> Metric:
    """The default metric: ranking (AUC) for classes, explained variance (R²) for values."""
    return METRICS["auc" if task is Task.CLASSIFICATION else "r2"]


def metrics_for(task: Task) -> tuple[Metric, ...]:
    """Scores that fit the task."""
    values = {"r2", "rmse", "mae"}
    return tuple(m for m in METRICS.values() if (m.name in values) == (task is Task.REGRESSION))
