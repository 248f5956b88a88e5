"""Hyperparameter search: Optuna on folds of the training rows, live, resumable, and judged on rows that it never saw."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Final

from diagnostics.clinic.search.families import ROWS, families
from diagnostics.clinic.search.judge import judge
from diagnostics.clinic.search.plan import (
    Method,
    Plan,
    Validation,
    check_plan,
    find_family,
    find_metric,
    hold_out,
    is_imbalanced,
    make_folds,
    suggest_validation,
)
from diagnostics.clinic.search.result import Search, Study, judge_held_out, read_studies
from diagnostics.clinic.search.rows import digest, to_bytes
from diagnostics.clinic.search.rules import RULES
from diagnostics.clinic.search.space import Space, default_space
from diagnostics.clinic.search.storage import (
    FILE,
    OpenStorage,
    database_errors_as_bad_input,
    default_url,
    open_storage,
    silence_optuna,
    store_rows,
    without_password,
)
from diagnostics.clinic.search.trials import OpenStudy, create_study, open_study, run_trials
from diagnostics.clinic.search.worker import start_workers
from diagnostics.clinic.shared import results
from diagnostics.clinic.shared.compare import Progress, ignore_progress
from diagnostics.clinic.shared.training_set import ROWS as MOST_ROWS
from diagnostics.clinic.shared.training_set import Described, TrainingSet, training_set
from diagnostics.keep import store
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

__all__ = ["RULES", "Search", "Settings", "judge", "profile"]

WATCH_EVERY: Final = 1.0
"""Seconds between two reports of progress."""

HELP_AFTER: Final = 1.5
HELP_PAYS: Final = 12.0
"""Seconds after which the time that a search will take is known, and from which on a second process, slow to begin, pays."""

WORKERS: Final = 2
LONGEST: Final = 4.5 * 3600


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to search, and for how long."""

    family: str = "boosting"
    """One of `families.families()`."""

    metric: str = ""
    """"" for the one that fits."""

    methods: tuple[Method, ...] = (Method.TPE,)
    """Each is a study of its own."""

    trials: int = 40
    minutes: float = 0.0
    """Counts instead of `trials` where above 0."""

    validation: Validation = Validation.AUTO
    parts: int = 5
    pruning: bool = True
    space: Space | None = None
    """None for the family's own."""

    name: str = ""
    """Of the study; "" for one derived from the settings, so that the same search with more trials goes on."""

    rows: int = MOST_ROWS
    workers: int = WORKERS
    seed: int | None = None
    """None for the incident's."""

    @property
    def longest(self) -> float:
        """Seconds after which the run may be ended."""
        return LONGEST


def profile(
    incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress, url: str | None = None
) -> Search:
    """Run or resume the search, then judge what it chose. url: of the storage; unless given, beside the incident's tables.

    Raises NotApplicable and BadInput, in one plain sentence, before any trial where the search cannot run; trials that have
    finished are never lost.
    """
    prepared = prepare(incident, settings)
    with open_storage(url or storage_url(incident)) as opened:
        store_rows(opened, prepared.plans[0].table, prepared.content)
        for name, plan in zip(prepared.names, prepared.plans, strict=True):
            create_study(opened, name, plan)
        found = _run_studies(opened, prepared, settings, on_progress)
    on_progress(0.97, JUDGING, found)
    if found.best is None:
        return found
    return replace(
        found, held=judge_held_out(prepared.plans[0], prepared.searched, prepared.held, dict(found.chosen), found.best)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Prepared:
    """A search before it begins."""

    searched: TrainingSet
    """The rows of the search."""

    held: TrainingSet
    """The rows that it never sees."""

    names: tuple[str, ...]
    plans: tuple[Plan, ...]
    content: bytes
    """The rows of the search as bytes."""


def prepare(incident: Incident, settings: Settings) -> Prepared:
    """Rows, plans and names. Raises NotApplicable and BadInput."""
    family = find_family(settings.family)
    data = training_set(incident, rows=min(settings.rows, ROWS.get(family, MOST_ROWS)))
    seed = incident.seed if settings.seed is None else settings.seed
    metric = find_metric(settings.metric, data)
    kind = suggest_validation(data) if settings.validation is Validation.AUTO else settings.validation
    searched, held = hold_out(data, kind, seed=seed)
    space = settings.space
    if space is None:
        smallest = len(searched) - len(searched) // max(2, settings.parts)
        space = default_space(family, data.task, rows=smallest, imbalanced=is_imbalanced(data))
    if not settings.methods:
        raise BadInput(N_("Choose at least one kind of search."))
    first = Plan(
        table=digest(searched),
        target=data.described.target,
        family=family,
        metric=metric.name,
        method=settings.methods[0],
        space=space,
        trials=0 if settings.minutes > 0 else settings.trials,
        minutes=settings.minutes,
        validation=kind,
        parts=settings.parts,
        pruning=settings.pruning,
        seed=seed,
        owner=owner(incident),
        until=time.time() + 60 * settings.minutes if settings.minutes > 0 else 0.0,
    )
    plans = tuple(check_plan(replace(first, method=method), searched) for method in dict.fromkeys(settings.methods))
    return Prepared(
        searched=searched, held=held, names=study_names(settings.name, plans), plans=plans, content=to_bytes(searched)
    )


def study_names(given: str, plans: Sequence[Plan]) -> tuple[str, ...]:
    """Names of the studies: as given, with the kind of search where there are several; unless given, by what is searched."""
    if given:
        return (given,) if len(plans) == 1 else tuple(f"{given}-{plan.method.value}" for plan in plans)
    same = [replace(plan, trials=0, minutes=0.0, until=0.0, owner="") for plan in plans]
    return tuple(f"{plan.family}-{plan.method.value}-{hashlib.sha256(results.encode(plan)).hexdigest()[:8]}" for plan in same)


def storage_url(incident: Incident) -> str:
    """Address of the studies of an incident: the shared database if there is one, else a file of the incident's folder."""
    url = default_url()
    if url.startswith("postgres") or incident.reference is None:
        return url
    folder = incident.reference.path.absolute().parent
    if folder.name == store.READ_AGAIN:
        folder = folder.parent / store.RESULTS
    return f"sqlite:///{folder / FILE}"


def owner(incident: Incident) -> str:
    """Marks the studies of one incident in a shared database, without its secret link."""
    if incident.reference is None:
        return ""
    folder = incident.reference.path.absolute().parent
    return digest_of_owner(folder.parent.name) if folder.name == store.READ_AGAIN else ""


def digest_of_owner(incident: str) -> str:
    return hashlib.sha256(b"owner of studies " + incident.encode()).hexdigest()[:24]


def _run_studies(opened: OpenStorage, prepared: Prepared, settings: Settings, on_progress: Progress) -> Search:
    from diagnostics.clinic.search.sampler import LAG

    workers = max(1, min(settings.workers, os.cpu_count() or 1))
    over = threading.Event()
    with ExitStack() as helpers:
        bound = [open_study(opened, name, lag=LAG) for name in prepared.names]
        bound[0].objective.ready()
        on_progress(0.0, TRYING, take_snapshot(prepared, bound, opened))

        def helped() -> None:
            helpers.enter_context(start_workers(opened.url, prepared.names, workers - 1, lag=LAG))

        watching = (opened, prepared, bound, on_progress, over, helped if workers > 1 else None)
        watcher = threading.Thread(target=_watch, args=watching, daemon=True)
        watcher.start()
        try:
            run_trials(opened, bound)
        finally:
            over.set()
            watcher.join()
    return take_snapshot(prepared, bound, opened)


JUDGING: Final = N_("the chosen model on rows that the search never saw")
TRYING: Final = N_("trying settings")


def _watch(
    opened: OpenStorage,
    prepared: Prepared,
    bound: Sequence[OpenStudy],
    on_progress: Progress,
    over: threading.Event,
    helped: Callable[[], None] | None,
) -> None:
    """Tell how far the studies are, also in the middle of a long fit, and get help for a long search, until the work is over."""
    began, done = time.monotonic(), None
    with (
        suppress(BadInput),
        silence_optuna(),
        database_errors_as_bad_input(),
    ):  # The work itself meets the same storage, and says what is wrong.
        while True:
            found = take_snapshot(prepared, bound, opened)
            used = share_done(found, prepared.plans[0])
            done = used if done is None else done
            on_progress(0.95 * used, TRYING, found)
            passed = time.monotonic() - began
            if helped is not None and passed > HELP_AFTER and passed * (1 - used) > HELP_PAYS * max(used - done, 1e-9):
                helped()
                helped = None
            if over.wait(WATCH_EVERY):
                opened.tables.remove_session()
                return


def share_done(found: Search, plan: Plan) -> float:
    """How much of the budget is used, 0 to 1."""
    if plan.until:
        return min(1.0, max(0.0, 1 - (plan.until - time.time()) / (60 * plan.minutes)))
    asked = sum(study.asked for study in found.studies)
    return min(1.0, sum(study.finished for study in found.studies) / asked) if asked else 0.0


def take_snapshot(prepared: Prepared, bound: Sequence[OpenStudy], opened: OpenStorage) -> Search:
    """What the studies hold now, without the judgement on held-out rows."""
    plan = prepared.plans[0]
    folds = make_folds(prepared.searched, plan.validation, parts=plan.parts, seed=plan.seed)
    studies = read_studies([(each.name, each.plan, each.study) for each in bound])
    return summarise(prepared.searched.described, plan, studies, len(folds), len(prepared.searched), without_password(opened.url))


def summarise(data: Described, plan: Plan, studies: tuple[Study, ...], folds: int, rows: int, storage: str) -> Search:
    higher = plan.score.higher
    best = [(study, one) for study in studies if (one := study.best(higher)) is not None]
    sign = -1.0 if higher else 1.0
    study, first = min(best, key=lambda pair: sign * (pair[1].value or 0.0), default=(None, None))
    return Search(
        data=data,
        family=plan.family,
        metric=plan.metric,
        validation=plan.validation,
        folds=folds,
        train_rows=rows,
        pruning=plan.pruning,
        space=plan.space,
        seed=plan.seed,
        studies=studies,
        of=study.name if study else "",
        best=first.value if first else None,
        chosen=first.params if first else (),
        held=None,
        storage=storage,
    )


def title(family: str) -> str:
    """The family's name, a message id; as it stands where its library is not installed here."""
    return families()[family].title if family in families() else family
