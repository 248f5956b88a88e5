"""Trainings of one model that differ in one thing, how often their predictions differ, and what makes that rarer."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import Progress
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.scores import Metric, Predictions, predict
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_

AGAIN: Final = 5
"""Trainings of each remedy."""

REMEDIES: Final[dict[str, tuple[str, int, dict[str, Any]]]] = {
    "bag": (N_("Five models of different seeds, averaged"), 5, {}),
    "bootstrap": (N_("Five models on resampled rows, averaged (bagging)"), 5, {}),
    "larger": (N_("Batches four times as large (as by accumulation)"), 1, {"batch_size": 512}),
    "smaller": (N_("Batches four times as small"), 1, {"batch_size": 32}),
    "decay": (N_("Penalty on large weights (L2)"), 1, {"alpha": 1.0}),
    "leaves": (N_("At least 20 rows in a leaf"), 1, {"min_samples_leaf": 20}),
    "trees": (N_("Four times as many trees"), 1, {"n_estimators": 240}),
}
"""Label, models behind one prediction, changed settings."""


def remedies_of(family: str) -> tuple[str, ...]:
    """What can be tried on `family`."""
    return {
        "network": ("bag", "larger", "smaller", "decay"),
        "tree": ("bag", "bootstrap", "leaves"),
        "forest": ("bag", "trees"),
        "boosting": ("bag", "bootstrap"),
        "linear": ("bootstrap",),
        "neighbours": ("bootstrap",),
    }[family]


@dataclass(frozen=True, kw_only=True)
class Calmer:
    """One remedy, over trainings with different seeds."""

    name: str
    says: str
    flipped: float
    """As that of a source."""

    spread: float
    """Standard deviation of the score."""

    score: float
    """Mean."""

    less: Interval
    """`flipped` before less `flipped` now, with a 95% interval over the trainings."""

    gain: Interval
    """Score now less before, likewise, positive is better."""


@dataclass(frozen=True, eq=False)
class Trained:
    """One training."""

    score: float
    answers: NDArray[np.generic]
    """The predictions that people get, codes or values, shape (held,)."""

    raw: NDArray[np.float64]
    """Probabilities, shape (held, classes), or values, shape (held, 1)."""


class Trainings:
    """Trains and counts how far it is."""

    def __init__(self, data: TrainingSet, family: str, metric: Metric, planned: int, on_progress: Progress) -> None:
        self.data, self.family, self.metric, self.on_progress = data, family, metric, on_progress
        self.so_far: Callable[[], Any] = lambda: None
        self.done = 0
        self.all = planned + AGAIN * sum(REMEDIES[name][1] for name in remedies_of(family))
        values = data.truth.astype("float64") if data.task is Task.REGRESSION else np.zeros(1)
        self.near = float(values.std()) / 10

    def train(self, train: NDArray[np.int64], test: NDArray[np.int64], *, seed: int, what: str = "", **changed: Any) -> Trained:
        says = what or N_("Training again with one thing changed")
        self.on_progress(min(0.99, self.done / self.all), says, self.so_far())
        self.done += 1
        model = pipeline(self.data, self.family, seed=seed, **changed)
        with warnings.catch_warnings():
            # A network that has not quite settled is part of what is measured.
            warnings.simplefilter("ignore")
            model.fit(self.data.features.iloc[train], self.data.truth[train])
            answer = predict(model, self.data.features.iloc[test], self.data)
        return self.judged(answer, test)

    def judged(self, answer: Predictions, test: NDArray[np.int64]) -> Trained:
        raw = np.asarray(answer.labels, dtype="float64")[:, None] if answer.chances is None else answer.chances
        return Trained(self.metric.of(self.data.truth[test], answer), answer.labels, raw)

    def averaged(self, several: list[Trained], test: NDArray[np.int64]) -> Trained:
        """One prediction from several models: the mean of their probabilities or values."""
        raw = np.mean([one.raw for one in several], axis=0)
        if self.data.task is Task.REGRESSION or raw.shape[1] == 1:
            return self.judged(Predictions(raw[:, 0]), test)
        return self.judged(Predictions(raw.argmax(axis=1).astype("int64"), raw), test)

    def remedy(self, train: NDArray[np.int64], test: NDArray[np.int64], name: str, plain: list[Trained], seed: int) -> Calmer:
        """`AGAIN` trainings of one remedy with seeds of their own, against the plain ones."""
        says, models, changed = REMEDIES[name]
        runs = []
        for again in range(AGAIN):
            first = seed + 1000 + again * models
            several = []
            for n in range(models):
                rows = np.random.default_rng((first, n)).choice(train, len(train)) if name == "bootstrap" else train
                several.append(self.train(rows, test, seed=first + n, what=says, **changed))
            runs.append(several[0] if models == 1 else self.averaged(several, test))
        less, gain = self._against(plain, runs)
        flipped = self.flipped(runs)
        scores = np.array([run.score for run in runs])
        return Calmer(
            name=name,
            says=says,
            flipped=flipped,
            spread=float(scores.std(ddof=1)),
            score=float(scores.mean()),
            less=less,
            gain=gain,
        )

    def _against(self, before: list[Trained], after: list[Trained]) -> tuple[Interval, Interval]:
        """Bootstrap over trainings: pairs share trainings, so pairs themselves must not be resampled."""
        rng = np.random.default_rng(23)
        sign = 1.0 if self.metric.higher else -1.0
        sides = [(self.pairs(side), np.array([one.score for one in side])) for side in (before, after)]
        less, gain = [], []
        for _ in range(400):
            flips, scores = [], []
            for pairs, score in sides:
                resampled = rng.integers(0, len(score), len(score))
                apart = resampled[:, None] != resampled[None, :]
                chosen = pairs[np.ix_(resampled, resampled)][apart]
                flips.append(float(chosen.mean()) if chosen.size else 0.0)
                scores.append(float(score[resampled].mean()))
            less.append(flips[0] - flips[1])
            gain.append(sign * (scores[1] - scores[0]))
        points = self.flipped(before) - self.flipped(after), sign * (sides[1][1].mean() - sides[0][1].mean())
        return _interval(points[0], less), _interval(float(points[1]), gain)

    def pairs(self, runs: list[Trained]) -> NDArray[np.float64]:
        """Share of held-out rows predicted differently by each pair of trainings, shape (runs, runs), 0 on the diagonal."""
        answers = np.stack([run.answers for run in runs])
        if self.data.task is Task.REGRESSION:
            return np.array([[float(np.mean(np.abs(a - b) > self.near)) for b in answers] for a in answers])
        return np.array([[float(np.mean(a != b)) for b in answers] for a in answers])

    def flipped(self, runs: list[Trained]) -> float:
        pairs = self.pairs(runs)
        return float(pairs.sum() / max(1, len(runs) * (len(runs) - 1)))

    def differ(self, runs: list[Trained]) -> NDArray[np.bool_]:
        """Whether each training predicts differently from most (from the median), shape (runs, held)."""
        answers = np.stack([run.answers for run in runs])
        if self.data.task is Task.REGRESSION:
            return np.asarray(np.abs(answers - np.median(answers, axis=0)) > self.near)
        usual = np.array([np.bincount(column).argmax() for column in answers.T.astype("int64")])
        return np.asarray(answers != usual)


def _interval(value: float, resampled: list[float]) -> Interval:
    low, high = (float(edge) for edge in np.quantile(resampled, [0.025, 0.975]))
    return Interval(value, min(low, value), max(high, value))
