"""The studies of a storage at a glance, and one of them again: read with plain SQL, so that a page need not load Optuna."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from diagnostics.clinic.search.check import Search, Settings, names, summed
from diagnostics.clinic.search.plan import METHODS, Plan, cut
from diagnostics.clinic.search.result import studies_of
from diagnostics.clinic.search.storage import PLAN, address, open_storage, plainly, plan_named, plan_of, quietly, rows_of, shown
from diagnostics.clinic.search.work import WORKER, asked, ended_here
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


@dataclass(frozen=True)
class Shelved:
    """done: trials that came to an end with a value. failed: without one. left: were running when their worker ended."""

    name: str
    plan: Plan
    progress: Progress
    done: int
    failed: int
    left: int
    best: float | None


def shelf(url: str, *, owner: str = "") -> tuple[Shelved, ...]:
    """The studies of Model Clinic in this storage, those of `owner` unless it is "", the latest first.

    Raises BadInput, in one plain sentence, when the storage cannot be read.
    """
    parsed = address(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return ()
    options: dict[str, Any] = (
        {"timeout": database.PATIENCE} if parsed.get_backend_name() == "sqlite" else {"connect_timeout": database.REACHED}
    )
    engine = sql.create_engine(parsed, poolclass=sql.pool.NullPool, connect_args=options)
    with plainly(), engine.connect() as con:
        if not sql.inspect(con).has_table("study_user_attributes"):
            return ()
        return _studies(con, owner)


def _studies(con: Connection, owner: str) -> tuple[Shelved, ...]:
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
            plan = plan_of({PLAN: json.loads(attribute)}, name)
        except (BadInput, ValueError):  # of another version: not ours to show
            continue
        if not owner or plan.owner == owner:
            found.append(_shelved(con, number, name, plan))
        if len(found) == MOST:
            break
    return tuple(found)


def _shelved(con: Connection, number: int, name: str, plan: Plan) -> Shelved:
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
    running = [ended_here(str(json.loads(worker))) for worker in workers]
    done = counts.get("COMPLETE", 0) + counts.get("PRUNED", 0)
    tried = done + counts.get("FAIL", 0)
    over = not plan.trials or (tried >= asked(plan) and not counts.get("RUNNING") and not counts.get("WAITING"))
    progress = Progress.RUNNING if not all(running) else Progress.COMPLETE if over and not running else Progress.STOPPED
    return Shelved(name, plan, progress, done, counts.get("FAIL", 0), sum(running), values[1 if plan.score.higher else 0])


def again(url: str, *names: str) -> Search:
    """What these studies hold, in one picture's worth: all with the metric of the first. Raises BadInput."""
    import optuna

    with open_storage(url, make=False) as opened:
        plans = [plan_named(opened, name) for name in names]
        if len({plan.metric for plan in plans}) > 1:
            raise BadInput(N_("Studies can be compared when they share a metric: {names:list} do not."), names=list(names))
        data = rows_of(opened, plans[0].table)
        with quietly(), plainly():
            studies = studies_of(
                [
                    (name, plan, optuna.load_study(storage=opened.storage, study_name=name))
                    for name, plan in zip(names, plans, strict=True)
                ]
            )
    folds = len(cut(data, plans[0].validation, parts=plans[0].parts, seed=plans[0].seed))
    return summed(data.described, plans[0], studies, folds, len(data), shown(url))


def together(stopped: Sequence[Shelved]) -> tuple[tuple[str, ...], Settings] | None:
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
        if replace(one.plan, method=same.method, until=0.0) == same and names("", (one.plan,)) == (one.name,)
    ]
    if first not in beside or len(beside) < 2:
        return None
    methods = {one.plan.method for one in beside}
    settings = replace(resumed(first), name="", methods=tuple(method for method in METHODS if method in methods))
    return tuple(one.name for one in beside), settings


def ended(held: Shelved) -> Settings:
    """The settings that end a study with the trials it has, and judge what it found; what was cut off runs to its end first."""
    return replace(resumed(held), trials=max(1, held.done), minutes=0.0)


def resumed(held: Shelved) -> Settings:
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
