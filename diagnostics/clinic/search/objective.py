"""What a trial is worth: the mean score over the folds, with the preprocessing fitted inside each of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.plan import Plan, make_folds
from diagnostics.clinic.shared.models import model, preparation
from diagnostics.clinic.shared.scores import predict
from diagnostics.clinic.shared.training_set import TrainingSet

if TYPE_CHECKING:
    import optuna

PREPARED_CAP: Final = 400_000_000
"""Bytes of prepared folds that are kept between trials; beyond, each trial prepares them again."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A fold as numbers, by a preparation fitted to its training rows alone."""

    train: NDArray[np.float64]
    """Shape (n, k)."""

    truth: NDArray[np.generic]
    test: NDArray[np.float64]
    """Shape (m, k)."""

    held: NDArray[np.generic]


class Objective:
    """Call it with a trial of any Optuna study. Folds are prepared once, as preprocessing does not depend on the settings."""

    def __init__(self, plan: Plan, data: TrainingSet) -> None:
        self.plan, self.data = plan, data
        self.family = families()[plan.family]
        self.folds = make_folds(data, plan.validation, parts=plan.parts, seed=plan.seed)
        self._kept: dict[int, Prepared] = {}
        self._bytes = 0

    def ready(self) -> None:
        """Load what a fit needs before another thread starts: two that import scikit-learn at once may each see half of it."""
        preparation(self.data, scaled=self.family.scaled)
        model(self.data, self.family, seed=self.plan.seed)

    def __call__(self, trial: optuna.Trial) -> float:
        """The mean score. Raises optuna.TrialPruned for a hopeless trial, ValueError for settings that cannot be judged."""
        import optuna

        scores: list[float] = []
        for score in self.scores({dimension.name: dimension.ask(trial) for dimension in self.plan.space}):
            scores.append(score)
            trial.report(float(np.mean(scores)), len(scores) - 1)
            if self.plan.pruning and len(scores) < len(self.folds) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(scores))

    def scores(self, params: Mapping[str, Any]) -> Iterator[float]:
        """The score on one fold after the other. Raises ValueError when one is no number."""
        for step in range(len(self.folds)):
            score = self.score(params, step)
            if not math.isfinite(score):
                raise ValueError("the score is no number")
            yield score

    def score(self, params: Mapping[str, Any], step: int) -> float:
        """The score on one fold of a model with these settings."""
        fold = self._prepared(step)
        made: Any = model(self.data, self.family, seed=self.plan.seed, **params)
        metric = self.plan.score
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # Some settings do not converge, and warn at each fit; the score shows it.
            warnings.simplefilter("ignore")
            made.fit(fold.train, fold.truth)
            return float(metric.of(fold.held, predict(made, fold.test, self.data, chances=metric.chances)))

    def _prepared(self, step: int) -> Prepared:
        if step in self._kept:
            return self._kept[step]
        fold, features, truth = self.folds[step], self.data.features, self.data.truth
        ready = preparation(self.data, scaled=self.family.scaled)
        with warnings.catch_warnings():
            # A level that the training rows lack is a case of its own, not a fault.
            warnings.simplefilter("ignore")
            train = np.ascontiguousarray(ready.fit_transform(features.iloc[fold.train]), dtype="float64")
            test = np.ascontiguousarray(ready.transform(features.iloc[fold.test]), dtype="float64")
        made = Prepared(train, truth[fold.train], test, truth[fold.test])
        if self._bytes + train.nbytes + test.nbytes <= PREPARED_CAP:
            self._kept[step] = made
            self._bytes += train.nbytes + test.nbytes
        return made
