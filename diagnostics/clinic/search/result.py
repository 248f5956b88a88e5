"""What a search found, as plain numbers: its trials, what mattered, and what the chosen model is worth on rows it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.plan import Method, Plan, Validation
from diagnostics.clinic.search.space import Scalar, Space
from diagnostics.clinic.search.trials import WHY, WORKER, trials_wanted
from diagnostics.clinic.shared.models import dummy, pipeline
from diagnostics.clinic.shared.scores import Metric, Predictions, predict
from diagnostics.clinic.shared.training_set import Described, TrainingSet
from diagnostics.nouns.intervals import Interval

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

DRAWS: Final = 200
"""Bootstrap samples of the held-out rows: the ends of a 95% interval then rest on five of them each."""

FEWEST_TRIALS: Final = 6
"""With fewer finished trials, importances are left unknown."""


class State(StrEnum):
    """Where a trial stands."""

    FINISHED = "finished"
    PRUNED = "pruned"
    FAILED = "failed"
    LOST = "lost"
    RUNNING = "running"
    WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class Try:
    """One trial."""

    number: int
    state: State
    value: float | None
    """Mean over its folds; of a pruned one, over those it reached."""

    params: tuple[tuple[str, Scalar], ...]
    folds: tuple[float, ...]
    began: float | None
    """Seconds since 1970."""

    seconds: float | None
    worker: int
    """1, 2, … in the order in which workers took their first trial; 0 for none."""

    why: str = ""
    """Why it failed."""

    def param(self, name: str) -> Scalar:
        return next((value for key, value in self.params if key == name), None)


@dataclass(frozen=True, kw_only=True)
class Study:
    """One kind of search."""

    name: str
    method: Method
    asked: int
    """Trials wanted, 0 for a search by minutes."""

    minutes: float
    tries: tuple[Try, ...]
    importances: tuple[tuple[str, float], ...]
    """Shares that sum to 1, the largest first."""

    @property
    def done(self) -> tuple[Try, ...]:
        """Trials with a value that counts: finished, not ended early."""
        return tuple(one for one in self.tries if one.state is State.FINISHED and one.value is not None)

    @property
    def finished(self) -> int:
        """Trials that came to an end: finished or ended early as hopeless."""
        return sum(one.state in (State.FINISHED, State.PRUNED) for one in self.tries)

    def best(self, higher: bool) -> Try | None:
        """The first of the best trials; None where none finished."""
        sign = -1.0 if higher else 1.0
        return min(self.done, key=lambda one: (sign * (one.value or 0.0), one.number), default=None)


@dataclass(frozen=True, kw_only=True)
class Held:
    """Scores on the rows that no trial saw."""

    rows: int
    chosen: Interval
    default: Interval
    dummy: Interval
    gain: Interval
    """Chosen less default, positive is better."""

    over_dummy: Interval
    """Chosen less dummy, positive is better."""

    optimism: float
    """How much better the search's own best value is than the chosen model on these rows; positive flatters."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search, with all kinds of search that it tried."""

    data: Described
    family: str
    metric: str
    validation: Validation
    folds: int
    """Folds that each trial is scored on."""

    train_rows: int
    """Rows of the search, without those held out."""

    pruning: bool
    space: Space
    seed: int
    studies: tuple[Study, ...]
    """One for each kind of search."""

    of: str
    """Name of the study that has the best trial, "" while none has finished."""

    best: float | None
    """The best trial's mean over the folds; None while none has finished."""

    chosen: tuple[tuple[str, Scalar], ...]
    """Settings of the best trial."""

    held: Held | None
    """The choice on held-out rows; None until the search is over."""

    storage: str
    """Address of the storage, without password."""


def read_studies(named: Sequence[tuple[str, Plan, optuna.Study]]) -> tuple[Study, ...]:
    """What is in the storage of these studies now. A worker has the same number in all of them."""
    trials = [study.get_trials(deepcopy=False) for _, _, study in named]
    taken = [
        (trial.datetime_start, str(trial.user_attrs[WORKER])) for part in trials for trial in part if WORKER in trial.user_attrs
    ]
    workers: dict[str, int] = {}
    for _, worker in sorted((began, worker) for began, worker in taken if began is not None):
        workers.setdefault(worker, len(workers) + 1)
    made = []
    for (name, plan, study), part in zip(named, trials, strict=True):
        names = [dimension.name for dimension in plan.space]
        tries = tuple(_read_trial(trial, names, workers) for trial in part)
        made.append(
            Study(
                name=name,
                method=plan.method,
                asked=trials_wanted(plan),
                minutes=plan.minutes,
                tries=tries,
                importances=measure_importances(study, plan.space),
            )
        )
    return tuple(made)


def _read_trial(trial: FrozenTrial, names: Sequence[str], workers: dict[str, int]) -> Try:
    from optuna.trial import TrialState

    from diagnostics.clinic.search.sampler import folds_of

    why = str(trial.user_attrs.get(WHY, ""))
    states = {
        TrialState.COMPLETE: State.FINISHED,
        TrialState.PRUNED: State.PRUNED,
        TrialState.FAIL: State.FAILED if why else State.LOST,
        TrialState.RUNNING: State.RUNNING,
        TrialState.WAITING: State.WAITING,
    }
    duration = trial.duration
    return Try(
        number=trial.number,
        state=states[trial.state],
        value=trial.value if trial.value is not None and np.isfinite(trial.value) else None,
        params=tuple((name, trial.params[name]) for name in names if name in trial.params),
        folds=folds_of(trial),
        began=trial.datetime_start.timestamp() if trial.datetime_start else None,
        seconds=duration.total_seconds() if duration else None,
        worker=workers.get(str(trial.user_attrs.get(WORKER, "")), 0),
        why=why,
    )


def measure_importances(study: optuna.Study, space: Space) -> tuple[tuple[str, float], ...]:
    """How much each setting decided (PED-ANOVA, Watanabe et al. 2023, arXiv:2304.10255); empty while too few have finished."""
    from optuna.importance import get_param_importances
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < FEWEST_TRIALS or len({trial.value for trial in done}) < 2:
        return ()
    varied = [d.name for d in space if len({repr(trial.params.get(d.name)) for trial in done}) > 1]
    if not varied:
        return ()
    try:
        found = get_param_importances(study, params=varied)
    except (ValueError, RuntimeError):  # too few trials that differ
        return ()
    finite = {name: float(value) for name, value in found.items() if np.isfinite(value)}
    return tuple(sorted(finite.items(), key=lambda item: (-item[1], item[0])))


def judge_held_out(plan: Plan, searched: TrainingSet, held: TrainingSet, params: dict[str, Any], best: float) -> Held:
    """Chosen, default and dummy, trained on all rows of the search, predicting the held-out rows."""
    import warnings

    family, metric = families()[plan.family], plan.score
    models = (
        pipeline(searched, family, seed=plan.seed, **params),
        pipeline(searched, family, seed=plan.seed),
        dummy(searched),
    )
    answers = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for model in models:
            model.fit(searched.features, searched.truth)
            answers.append(predict(model, held.features, searched, chances=metric.chances))
        return compare_held_out(metric, held, answers, best, seed=plan.seed)


def compare_held_out(metric: Metric, held: TrainingSet, answers: Sequence[Predictions], best: float, *, seed: int) -> Held:
    """answers: of the chosen model, the default and the dummy. The intervals draw rows, or whole groups of them, with repetition
    (percentile bootstrap, Efron 1979, doi:10.1214/aos/1176344552), the same for all three.
    """
    rng = np.random.default_rng((seed, 11))
    sign = 1.0 if metric.higher else -1.0
    whole = [_score(metric, held.truth, answer, np.arange(len(held))) for answer in answers]
    resampled = np.array([[_score(metric, held.truth, answer, rows) for answer in answers] for rows in _draws(held, rng)])
    scores = [_interval(value, resampled[:, index]) for index, value in enumerate(whole)]
    gains = [_interval(sign * (whole[0] - whole[other]), sign * (resampled[:, 0] - resampled[:, other])) for other in (1, 2)]
    return Held(
        rows=len(held),
        chosen=scores[0],
        default=scores[1],
        dummy=scores[2],
        gain=gains[0],
        over_dummy=gains[1],
        optimism=sign * (best - whole[0]),
    )


def _draws(held: TrainingSet, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    if held.groups is None:
        return [rng.integers(0, len(held), len(held)) for _ in range(DRAWS)]
    members = [np.flatnonzero(held.groups == group) for group in np.unique(held.groups)]
    return [np.concatenate([members[index] for index in rng.integers(0, len(members), len(members))]) for _ in range(DRAWS)]


def _score(metric: Metric, truth: NDArray[np.generic], answer: Predictions, rows: NDArray[np.int64]) -> float:
    if truth.dtype.kind in "iu" and len(np.unique(truth[rows])) < 2:
        return float("nan")
    part = Predictions(answer.labels[rows], None if answer.chances is None else answer.chances[rows])
    return float(metric.of(truth[rows], part))


def _interval(value: float, resampled: NDArray[np.float64]) -> Interval:
    finite = resampled[np.isfinite(resampled)]
    if not finite.size:
        return Interval(value, value, value)
    low, high = np.quantile(finite, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))
