"""What to try next. Each proposal depends on the plan, the trial's number and trials far enough before it, never on the clock.

So two local workers find the same as one, and a search that was killed and resumed goes on as if nothing had been. Workers that
join from elsewhere use all that is known and need not wait.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from copy import copy
from typing import Any, Final

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.plan import Method, Plan
from diagnostics.clinic.search.space import Scalar, grid_points, starting_point

LAG: Final = 4
"""Trials just before it that a local worker's proposal ignores: two workers then hardly ever wait for each other."""

STARTUP: Final = 10
"""Trials at random before TPE learns from them (Optuna's own default), and before any is pruned."""

WARM: Final = 2
"""Folds after which a trial may be ended."""

PLACE: Final = "place"
"""A trial's attribute: how many were planned before it. A trial that is run again keeps its place."""

FOLDS: Final = "folds"
"""A trial's attribute: its score on each fold, written once for all, as a write for each takes longer than a small fit."""

FINISHED: Final = (TrialState.COMPLETE, TrialState.PRUNED)


def number_of(trial: FrozenTrial) -> int:
    return int(trial.user_attrs.get(PLACE, trial.number))


def folds_of(trial: FrozenTrial) -> tuple[float, ...]:
    return tuple(float(value) for value in trial.user_attrs.get(FOLDS, ()))


class Seen(optuna.Study):
    """The study as the proposal for one place sees it, in memory."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("seen", _in_memory(plan))
        self.trials_seen: list[FrozenTrial] = []

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        return [trial for trial in self.trials_seen if states is None or trial.state in states]


def _in_memory(plan: Plan) -> optuna.storages.InMemoryStorage:
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="seen", direction=optimise_direction(plan))
    return storage


def optimise_direction(plan: Plan) -> optuna.study.StudyDirection:
    return optuna.study.StudyDirection.MAXIMIZE if plan.score.higher else optuna.study.StudyDirection.MINIMIZE


class Proposer:
    """Grid, random or TPE as the plan says. lag: None to use whatever is finished."""

    def __init__(self, plan: Plan, *, lag: int | None) -> None:
        self.plan, self.lag = plan, lag
        self.first = starting_point(plan.space, families()[plan.family])
        self.points = grid_points(plan.space, plan.seed) if plan.method is Method.GRID else []
        self.space = {dimension.name: dimension.distribution() for dimension in plan.space}
        self.varied = {name: kind for name, kind in self.space.items() if not kind.single()}
        self._seen = Seen(plan)
        self._mine = self._seen.ask()

    def propose(self, place: int, trials: Sequence[FrozenTrial]) -> dict[str, Scalar] | None:
        """Settings for the trial at `place`; None while a trial that they depend on still runs."""
        seen = self.select_trials(place, trials)
        if seen is None:
            return None
        if self.plan.method is Method.GRID:
            return dict(self.points[place % len(self.points)])
        if place == 0:
            return dict(self.first)
        seed = int(np.random.default_rng((self.plan.seed, place)).integers(2**31))
        known = sum(trial.state in FINISHED for trial in seen)
        if self.plan.method is Method.TPE and known >= STARTUP:
            proposed = self._tpe(seed, seen)
            return {name: proposed[name] if name in proposed else _single(kind) for name, kind in self.space.items()}
        drawn = optuna.samplers.RandomSampler(seed=seed)
        mine = self._frozen(seen)
        return {name: drawn.sample_independent(self._seen, mine, name, kind) for name, kind in self.space.items()}

    def _tpe(self, seed: int, seen: list[FrozenTrial]) -> dict[str, Any]:
        self._seen.trials_seen = seen
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        return sampler.sample_relative(self._seen, self._frozen(seen), self.varied)

    def _frozen(self, seen: Sequence[FrozenTrial]) -> FrozenTrial:
        """The trial to come, numbered after all others."""
        made = copy(optuna.trial.create_trial(state=TrialState.RUNNING))
        made.number = max((trial.number for trial in seen), default=-1) + 1
        made._trial_id = self._mine._trial_id
        return made

    def select_trials(self, place: int, trials: Sequence[FrozenTrial]) -> list[FrozenTrial] | None:
        """The trials that the proposal for `place` may use, by number; None while one of them is not finished."""
        if self.lag is None or (self.plan.method is not Method.TPE and not self.plan.pruning):
            return [_completed(trial) for trial in trials if trial.state in FINISHED or trial.state is TrialState.RUNNING]
        before = sorted((trial for trial in trials if number_of(trial) < place), key=number_of)
        far = [trial for trial in before if number_of(trial) <= place - self.lag]
        if any(trial.state is TrialState.RUNNING for trial in far):
            return None
        near = [_as_running(trial) for trial in before if number_of(trial) > place - self.lag]
        return [_completed(trial) for trial in (*far, *near) if trial.state in FINISHED or trial.state is TrialState.RUNNING]

    def hopeless(self, place: int, scores: Sequence[float], trials: Sequence[FrozenTrial]) -> bool:
        """Whether the mean of `scores` lies below the median of the others' over the same folds (Golovin et al. 2017, Vizier,
        doi:10.1145/3097983.3098043). Only those count that the proposal hung on.
        """
        folds = len(scores)
        if not self.plan.pruning or folds < WARM:
            return False
        others = [
            float(np.mean(folds_of(trial)[:folds]))
            for trial in self.select_trials(place, trials) or ()
            if trial.state is TrialState.COMPLETE and len(folds_of(trial)) >= folds
        ]
        if len(others) < STARTUP:
            return False
        sign = 1.0 if self.plan.score.higher else -1.0
        return sign * float(np.mean(scores)) < sign * float(np.median(others))


def _single(kind: optuna.distributions.BaseDistribution) -> Scalar:
    held: Any = kind
    value: Scalar = held.choices[0] if isinstance(kind, optuna.distributions.CategoricalDistribution) else held.low
    return value


def _as_running(trial: FrozenTrial) -> FrozenTrial:
    """A finished trial as one that still runs."""
    if trial.state not in FINISHED:
        return trial
    made = copy(trial)
    made.state = TrialState.RUNNING
    return made


def _completed(trial: FrozenTrial) -> FrozenTrial:
    """With its mean after each fold, by which TPE ranks the trials that were ended early."""
    scores = folds_of(trial)
    if trial.state is not TrialState.PRUNED or not scores:
        return trial
    made = copy(trial)
    made.intermediate_values = {step: math.fsum(scores[: step + 1]) / (step + 1) for step in range(len(scores))}
    return made
