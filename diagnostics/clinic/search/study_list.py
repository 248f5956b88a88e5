"""The studies of a storage, read with plain SQL so that a page need not load Optuna, and loading one of them in full."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from diagnostics.clinic.search.check import Settings, study_names, summarise
from diagnostics.clinic.search.plan import METHODS, Plan, make_folds
from diagnostics.clinic.search.result import Search, read_studies
from diagnostics.clinic.search.storage import (
    PLAN,
    database_errors_as_bad_input,
    decode_plan,
    load_plan,
    load_rows,
    open_storage,
    parse_address,
    silence_optuna,
    without_password,
)
from diagnostics.clinic.search.trials import WORKER, has_ended_here, trials_wanted
from diagnostics.keep import database
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

MOST: Final = 50
"""Studies that a page lists, the latest first."""


class Progress(StrEnum):
    """How a study stands."""

    COMPLETE = "complete"
    RUNNING = "running"
    STOPPED = "stopped"


STANDS: Final = {
    Progress.COMPLETE: N_("complete"),
    Progress.RUNNING: N_("under way"),
    Progress.STOPPED: N_("stopped: can be resumed"),
}


@dataclass(frozen=True, kw_only=True)
class StudySummary:
    """One study of a storage."""

    name: str
    plan: Plan
    progress: Progress
    done: int
    """Trials that ended with a value."""

    failed: int
    """Trials that ended without one."""

    left: int
    """Trials that were running when their worker ended."""

    best: float | None


def list_studies(url: str, *, owner: str = "") -> tuple[StudySummary, ...]:
    """The studies of Model Clinic in this storage, those of `owner` unless it is "", the latest first.

    Raises BadInput, in one plain sentence, when the storage cannot be read.
    """
    parsed = parse_address(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return ()
    options: dict[str, Any] = (
        {"timeout": database.PATIENCE} if parsed.get_backend_name() == "sqlite" else {"connect_timeout": database.REACHED}
    )
    engine = sql.create_engine(parsed, poolclass=sql.pool.NullPool, connect_args=options)
    with database_errors_as_bad_input(), engine.connect() as con:
        if not sql.inspect(con).has_table("study_user_attributes"):
            return ()
        return _read_studies(con, owner)


def _read_studies(con: Connection, owner: str) -> tuple[StudySummary, ...]:
    plans = con.execute(
        sql.text(
            "SELECT s.study_id, s.study_name, a.value_json FROM studies s "
            "JOIN study_user_attributes a ON a.study_id = s.study_id WHERE a.key = :key ORDER BY s.study_id DESC"
        ),
        {"key": PLAN},
    ).all()
    found = []
    for number, name, attribute in plans:
        try:
            plan = decode_plan({PLAN: json.loads(attribute)}, name)
        except (BadInput, ValueError):  # written by another version: not shown
            continue
        if not owner or plan.owner == owner:
            found.append(_summarise(con, number, name, plan))
        if len(found) == MOST:
            break
    return tuple(found)


def _summarise(con: Connection, number: int, name: str, plan: Plan) -> StudySummary:
    states = sql.text("SELECT state, count(*) FROM trials WHERE study_id = :study GROUP BY state")
    counts: dict[str, int] = {str(row[0]): int(row[1]) for row in con.execute(states, {"study": number})}
    values = con.execute(
        sql.text(
            "SELECT min(v.value), max(v.value) FROM trial_values v JOIN trials t ON t.trial_id = v.trial_id "
            "WHERE t.study_id = :study AND t.state = 'COMPLETE'"
        ),
        {"study": number},
    ).one()
    workers = con.execute(
        sql.text(
            "SELECT a.value_json FROM trial_user_attributes a JOIN trials t ON t.trial_id = a.trial_id "
            "WHERE t.study_id = :study AND t.state = 'RUNNING' AND a.key = :key"
        ),
        {"study": number, "key": WORKER},
    ).scalars()
    running = [has_ended_here(str(json.loads(worker))) for worker in workers]
    done = counts.get("COMPLETE", 0) + counts.get("PRUNED", 0)
    tried = done + counts.get("FAIL", 0)
    over = not plan.trials or (tried >= trials_wanted(plan) and not counts.get("RUNNING") and not counts.get("WAITING"))
    progress = Progress.RUNNING if not all(running) else Progress.COMPLETE if over and not running else Progress.STOPPED
    return StudySummary(
        name=name,
        plan=plan,
        progress=progress,
        done=done,
        failed=counts.get("FAIL", 0),
        left=sum(running),
        best=values[1 if plan.score.higher else 0],
    )


def load_search(url: str, *names: str) -> Search:
    """These studies as one search; all must share the metric of the first. Raises BadInput."""
    import optuna

    with open_storage(url, make=False) as opened:
        plans = [load_plan(opened, name) for name in names]
        if len({plan.metric for plan in plans}) > 1:
            raise BadInput(N_("Studies can be compared when they share a metric: {names:list} do not."), names=list(names))
        data = load_rows(opened, plans[0].table)
        with silence_optuna(), database_errors_as_bad_input():
            studies = read_studies(
                [
                    (name, plan, optuna.load_study(storage=opened.storage, study_name=name))
                    for name, plan in zip(names, plans, strict=True)
                ]
            )
    folds = len(make_folds(data, plans[0].validation, parts=plans[0].parts, seed=plans[0].seed))
    return summarise(data.described, plans[0], studies, folds, len(data), without_password(url))


def resume_together(stopped: Sequence[StudySummary]) -> tuple[tuple[str, ...], Settings] | None:
    """The latest of these studies and those that ran side by side with it: their names, and the settings that go on with all of
    them. None where it stood alone.
    """
    if not stopped:
        return None
    first = stopped[0]
    same = replace(first.plan, until=0.0)
    beside = [
        one
        for one in stopped
        if replace(one.plan, method=same.method, until=0.0) == same and study_names("", (one.plan,)) == (one.name,)
    ]
    if first not in beside or len(beside) < 2:
        return None
    methods = {one.plan.method for one in beside}
    settings = replace(resume_settings(first), name="", methods=tuple(method for method in METHODS if method in methods))
    return tuple(one.name for one in beside), settings


def finish_settings(held: StudySummary) -> Settings:
    """The settings that end a study with the trials it has, and judge what it found; what was cut off runs to its end first."""
    return replace(resume_settings(held), trials=max(1, held.done), minutes=0.0)


def resume_settings(held: StudySummary) -> Settings:
    """The settings that go on with a study where it stands."""
    plan = held.plan
    return Settings(
        family=plan.family,
        metric=plan.metric,
        methods=(plan.method,),
        trials=plan.trials or 1,
        minutes=plan.minutes,
        validation=plan.validation,
        parts=plan.parts,
        pruning=plan.pruning,
        space=plan.space,
        name=held.name,
        seed=plan.seed,
    )
