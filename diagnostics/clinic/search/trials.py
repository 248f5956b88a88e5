"""Running the trials of a study: take the next one, run it, store its value, and requeue those that other workers lost."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from diagnostics.clinic.search.families import failures
from diagnostics.clinic.search.objective import Objective
from diagnostics.clinic.search.plan import Method, Plan
from diagnostics.clinic.search.space import count_points
from diagnostics.clinic.search.storage import (
    BEAT,
    GRACE,
    PLAN,
    OpenStorage,
    database_errors_as_bad_input,
    decode_plan,
    exclusive,
    load_plan,
    load_rows,
    silence_optuna,
)
from diagnostics.clinic.shared import results
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna
    from optuna.trial import FrozenTrial

    from diagnostics.clinic.search.sampler import Proposer

WORKER: Final = "worker"
WHY: Final = "why"
"""A trial's attributes: who runs it; why it failed, missing where it was lost with its worker."""

SWEEP: Final = 3.0
"""Seconds between two looks for trials whose worker is gone."""

IDLE: Final = 0.2


def create_study(opened: OpenStorage, name: str, plan: Plan) -> None:
    """Create the study `name`, or go on with it; trials whose worker is gone are marked.

    Raises BadInput when a study of that name searches something else.
    """
    import optuna

    from diagnostics.clinic.search.sampler import optimise_direction

    with exclusive(opened), silence_optuna(), database_errors_as_bad_input():
        try:
            opened.storage.get_study_id_from_name(name)
        except KeyError:
            study = optuna.create_study(storage=opened.storage, study_name=name, direction=optimise_direction(plan))
            study.set_metric_names([plan.metric])
        else:
            study = optuna.load_study(storage=opened.storage, study_name=name)
            _refuse_another(name, decode_plan(study.user_attrs, name), plan)
        study.set_user_attr(PLAN, results.encode(plan).decode())
        requeue_lost_trials(opened, study)


def _refuse_another(name: str, before: Plan, plan: Plan) -> None:
    """A study may go on with more trials, but with the same rows, folds, metric and space, or its values cannot be compared."""
    if (before.table, before.target) != (plan.table, plan.target):
        raise BadInput(
            N_("The study {name:name} belongs to another table or target ({target:name}): give this search a name of its own."),
            name=name,
            target=before.target,
        )
    for part, says in (
        ("family", N_("model family")),
        ("metric", N_("metric")),
        ("method", N_("kind of search")),
        ("validation", N_("validation")),
        ("parts", N_("number of folds")),
        ("space", N_("search space")),
        ("seed", N_("seed")),
    ):
        if getattr(before, part) != getattr(plan, part):
            raise BadInput(
                N_("The study {name:name} was begun with another {part:term}: resume it as it was, or give this one a new name."),
                name=name,
                part=says,
            )


def trials_wanted(plan: Plan) -> int:
    """Trials that the study is to have; a grid has no more than its points. 0 for a search by minutes."""
    return min(plan.trials, count_points(plan.space)) if plan.method is Method.GRID else plan.trials


def requeue_lost_trials(opened: OpenStorage, study: optuna.Study) -> int:
    """Mark trials whose worker is gone as failed and put them back into the queue, each once. Returns how many there were."""
    import optuna

    again, lost = optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=1), 0
    with silence_optuna():
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            if not _is_lost(trial):
                continue
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                opened.storage.set_trial_state_values(trial._trial_id, state=optuna.trial.TrialState.FAIL)
                again(study, trial)
                lost += 1
        optuna.storages.fail_stale_trials(study)
    return lost


def _is_lost(trial: FrozenTrial) -> bool:
    """Whether its worker is gone. Workers of other machines are known by their heartbeat."""
    worker = trial.user_attrs.get(WORKER)
    if worker:
        return has_ended_here(str(worker))
    began = trial.datetime_start
    return began is not None and (datetime.now(began.tzinfo) - began).total_seconds() > GRACE


def has_ended_here(worker: str) -> bool:
    """Whether `worker` was a process of this machine that is no more."""
    machine, _, process = worker.partition("|")
    return machine == _machine() and not _is_alive(process)


def worker_id() -> str:
    """This process, so that others on this machine can tell whether it still runs: machine, number, and start time."""
    return f"{_machine()}|{os.getpid()}:{_start_of(os.getpid())}"


def _machine() -> str:
    # Containers of one host may share a host name and process numbers.
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}/{boot[:8]}/{os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def _start_of(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def _is_alive(process: str) -> bool:
    number, _, born = process.partition(":")
    if not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return fields[0] != "Z" and (not born or fields[19] == born)
    return True


@dataclass(eq=False, kw_only=True)
class OpenStudy:
    """A study that this process works on."""

    name: str
    number: int
    """Its id in the storage."""

    plan: Plan
    study: optuna.Study
    objective: Objective
    proposer: Proposer
    swept: float = 0.0
    """When lost trials were last looked for."""

    seen: Sequence[FrozenTrial] = ()
    """Its trials when the present one was taken."""


def open_study(opened: OpenStorage, name: str, *, lag: int | None, objective: Objective | None = None) -> OpenStudy:
    """Open a study for work; all that is needed comes from its storage. Raises BadInput."""
    import optuna

    from diagnostics.clinic.search.sampler import Proposer

    plan = load_plan(opened, name)
    objective = objective or Objective(plan, load_rows(opened, plan.table))
    with silence_optuna(), database_errors_as_bad_input():
        study = optuna.load_study(storage=opened.storage, study_name=name)
        number = opened.storage.get_study_id_from_name(name)
        return OpenStudy(name=name, number=number, plan=plan, study=study, objective=objective, proposer=Proposer(plan, lag=lag))


def run_trials(
    opened: OpenStorage, bound: Sequence[OpenStudy], *, ended: Callable[[OpenStudy], None] = lambda bound: None
) -> int:
    """Run trials of these studies in turn until none is left and none runs elsewhere; how many this process ran.

    ended: called after each. Raises BadInput when the storage does not respond any more.
    """
    ran = 0
    with silence_optuna(), database_errors_as_bad_input():
        while True:
            took, busy = False, False
            # The study with the fewest trials comes first, so that several searches advance side by side.
            for each in sorted(bound, key=lambda one: len(one.seen)):
                if time.monotonic() - each.swept > SWEEP:
                    requeue_lost_trials(opened, each.study)
                    each.swept = time.monotonic()
                trial, more = take_trial(opened, each)
                if trial is not None:
                    run_trial(opened, each, trial)
                    ended(each)
                    ran, took = ran + 1, True
                    break
                busy = busy or more
            if not took and not busy:
                return ran
            if not took:
                time.sleep(IDLE)


def take_trial(opened: OpenStorage, each: OpenStudy) -> tuple[FrozenTrial | None, bool]:
    """The next trial, which no other worker has. Without one: None, and whether there may be one later."""
    from optuna.trial import TrialState, create_trial

    from diagnostics.clinic.search.sampler import PLACE, number_of

    plan, storage = each.plan, opened.storage
    if plan.until and time.time() >= plan.until:
        return None, _any_running(each.study.get_trials(deepcopy=False))
    with exclusive(opened):
        each.seen = trials = each.study.get_trials(deepcopy=False)
        for trial in sorted((t for t in trials if t.state is TrialState.WAITING), key=number_of):
            if storage.set_trial_state_values(trial._trial_id, state=TrialState.RUNNING):
                storage.set_trial_user_attr(trial._trial_id, WORKER, worker_id())
                return storage.get_trial(trial._trial_id), True
        place = max((number_of(trial) for trial in trials), default=-1) + 1
        if plan.trials and place >= trials_wanted(plan):
            return None, _any_running(trials)
        params = each.proposer.propose(place, trials)
        if params is None:
            return None, True
        template = create_trial(
            state=TrialState.RUNNING,
            params=params,
            distributions=each.proposer.space,
            user_attrs={PLACE: place, WORKER: worker_id()},
        )
        template.datetime_start = datetime.now()
        return storage.get_trial(storage.create_new_trial(each.number, template)), True


def _any_running(trials: Sequence[FrozenTrial]) -> bool:
    from optuna.trial import TrialState

    return any(trial.state in (TrialState.RUNNING, TrialState.WAITING) for trial in trials)


def run_trial(opened: OpenStorage, each: OpenStudy, trial: FrozenTrial) -> None:
    """One trial from its settings to its end, which is written at once: before that it is not finished, after it never lost."""
    import numpy as np
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    from diagnostics.clinic.search.sampler import FOLDS, number_of

    plan, storage, place, number = each.plan, opened.storage, number_of(trial), trial._trial_id
    state, why, scores = TrialState.COMPLETE, "", list[float]()
    with _heartbeat(opened, number):
        try:
            for score in each.objective.scores(trial.params):
                scores.append(score)
                if len(scores) == len(each.objective.folds):
                    break
                late = plan.until > 0 and time.time() >= plan.until
                if late or each.proposer.hopeless(place, scores, each.seen):
                    state = TrialState.PRUNED
                    break
        except failures() as error:
            state, why = TrialState.FAIL, f"{type(error).__name__}: {error}"[:300]
    # Somebody who took this worker for dead may have ended the trial: then that stands.
    with suppress(UpdateFinishedTrialError):
        storage.set_trial_user_attr(number, WHY if why else FOLDS, why or scores)
        storage.set_trial_state_values(number, state=state, values=None if why else [float(np.mean(scores))])


@contextmanager
def _heartbeat(opened: OpenStorage, trial: int) -> Iterator[None]:
    """Signs of life while a trial runs, from a thread of their own."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    over = threading.Event()

    def beat() -> None:
        storage: Any = opened.storage
        while True:
            # A missed beat does no harm: the next one comes, and the trial itself reports a storage that is gone.
            with suppress(optuna.exceptions.OptunaError, SQLAlchemyError, OSError):
                storage.record_heartbeat(trial)
            if over.wait(BEAT):
                opened.tables.remove_session()
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
