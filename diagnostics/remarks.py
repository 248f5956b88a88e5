"""What in the input itself limits the answer: each in one sentence with what to do. Not a fault of the model, so no finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

from diagnostics.nouns.check import Check
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_, Value, Words

FEW_ROWS: Final = 30
"""Below so many rows a share of one half is known to no better than 18 points either way (Wilson 1927), which proves nothing."""

ENOUGH_ROWS: Final = 200
"""Below so many rows it is known to no better than 7 points either way, so that only large changes are told from chance."""

UNSURE: Final = 3
"""Remarks on columns that could be read in two ways; the page Columns has all of them."""

LATE_LABELS: Final = 0.9
"""Share of the youngest rows without a label from which on their labels have not arrived yet."""


MODEL_RUNS: Final = "reproduce.model_replay"


@dataclass(frozen=True)
class Remark:
    """limits: without it, that no cause was found would say little."""

    says: str
    values: Mapping[str, Value] = field(default_factory=dict)
    limits: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def statement(self, words: Words) -> str:
        return words.sentence(self.says, self.values)


def remarks(incident: Incident, checks: Sequence[Check]) -> tuple[Remark, ...]:
    """About the tables, and about the files that a step could read in part only."""
    given = [table for table in (incident.reference, incident.current) if table is not None]
    found = [*_apart(incident), *unjudged(incident), *_small(given), *_untimed(incident, given), *_one_class(incident, given)]
    found += [*_late(incident), *_empty(incident), *_nested(given), *_unsure(given)]
    partly = dict.fromkeys(pair for check in checks for pair in getattr(check.profile, "problems", ()))
    found += [Remark(N_("{file:name}: {why}"), {"file": file, "why": why}) for file, why in partly]
    return (*found, *_unusable(incident, checks))


def _unusable(incident: Incident, checks: Sequence[Check]) -> list[Remark]:
    """Files that were given and could not be used at all, each told once, whichever checks went without it."""
    told: list[Remark] = []
    for check in checks:
        reason = check.skipped
        if reason is None:
            continue
        refused = check.name == MODEL_RUNS and reason.needs == "model" and incident.model is not None
        remark = Remark(reason.reason, reason.values)
        if (refused or isinstance(reason.__cause__, BadInput)) and remark not in told:
            told.append(remark)
    return told


def _apart(incident: Incident) -> list[Remark]:
    reference, current = incident.reference, incident.current
    if reference is None or current is None or set(reference.names) & set(current.names):
        return []
    text = N_(
        "The two tables have no column in common (the reference begins with {reference:name}, the current table with "
        "{current:name}): check that both belong to the same model, or give their columns the same names."
    )
    return [Remark(text, {"reference": reference.names[0], "current": current.names[0]}, limits=True)]


def _untimed(incident: Incident, given: Sequence[Table]) -> list[Remark]:
    """The column of times holds none in one of the tables, so that nothing there can be dated."""
    from diagnostics.read.agree import is_empty

    name = incident.roles.timestamp
    text = N_(
        "{column:name} is the time, but {file:name} holds no times there, so nothing in it can be dated: "
        "check how they are written."
    )
    return [
        Remark(text, {"column": name, "file": table.reading.source}, limits=True)
        for table in given
        if name is not None and name in table and table[name].kind is not Kind.TIME and not is_empty(table, table[name])
    ]


def _unsure(given: Sequence[Table]) -> list[Remark]:
    """What could be read in two ways, where neither table decides: a wrong guess would look like a fault, or hide one."""
    from diagnostics.read.kinds import DATES_UNSURE, READ_UNSURE

    told = [note for table in given for note in table.reading.notes if note.says in (DATES_UNSURE, READ_UNSURE)]
    return [Remark(note.says, dict(note.values)) for note in dict.fromkeys(told)][:UNSURE]


def unjudged(incident: Incident) -> list[Remark]:
    """Why the tables cannot be judged at all, whatever was found or not: no step that compares them is well."""
    given = [table for table in (incident.reference, incident.current) if table is not None]
    return [*_few(given), *_before_events(incident)]


def _before_events(incident: Incident) -> list[Remark]:
    """No current row is younger than the first of the events, so what those changed is not in the rows."""
    from diagnostics.measure import engine
    from diagnostics.measure.samples import times

    if incident.current is None or not incident.events:
        return []
    clock = times(engine.sample(incident.current, seed=incident.seed + 1), incident.roles.timestamp)
    known = clock[~np.isnat(clock)] if clock is not None else None
    event = incident.events[0]
    if known is None or not known.size or known.max().item() >= event.time:
        return []
    text = N_(
        "No current row is from after {when:time} ({what:name}): the last one is from {last:time}, so what happened then "
        "cannot be judged. Give rows from after it."
    )
    return [Remark(text, {"when": event.time, "what": event.what, "last": known.max().item()}, limits=True)]


def _small(given: Sequence[Table]) -> list[Remark]:
    text = N_(
        "{file:name} has {rows:count} rows: only large changes can be told from chance, and small groups or the beginning of a "
        "fault cannot be judged. Give at least {enough:count} rows a side."
    )
    small = [table for table in given if FEW_ROWS <= table.rows < ENOUGH_ROWS]
    return [Remark(text, {"file": t.reading.source, "rows": t.rows, "enough": ENOUGH_ROWS}) for t in small]


def _late(incident: Incident) -> list[Remark]:
    """The youngest current rows have no label yet, as is normal."""
    from diagnostics.measure import engine
    from diagnostics.measure.samples import times

    target, table = incident.roles.target, incident.current
    if target is None or table is None or target not in table:
        return []
    frame = engine.sample(table, seed=incident.seed + 1)
    clock = times(frame, incident.roles.timestamp)
    if clock is None:
        return []
    known = ~np.isnat(clock)
    labelled = frame[target].notna().to_numpy(dtype=bool)[known]
    clock = clock[known]
    if not labelled.any() or labelled.all():
        return []
    last = clock[labelled].max()
    after = clock > last
    share = float(np.mean(~labelled))
    # Gaps all over the time are lost labels; those at the end are late ones.
    if after.sum() < LATE_LABELS * (~labelled).sum():
        return []
    text = N_(
        "The labels of the rows after {last:time} have not arrived yet ({share:percent} of the current rows): error rates are "
        "about the rows before."
    )
    return [Remark(text, {"last": last.item(), "share": share})]


def _few(given: Sequence[Table]) -> list[Remark]:
    text = N_(
        "{file:name} has {rows:count} rows, too few to tell a change from chance: give at least {enough:count}, better thousands."
    )
    values: list[dict[str, Value]] = [
        {"file": t.reading.source, "rows": t.rows, "enough": FEW_ROWS} for t in given if t.rows < FEW_ROWS
    ]
    return [Remark(text, value, limits=True) for value in values]


def _one_class(incident: Incident, given: Sequence[Table]) -> list[Remark]:
    from diagnostics.measure import engine

    target = incident.roles.target
    if target is None or incident.task is Task.REGRESSION:
        return []
    levels: dict[str, list[str]] = {}
    for table in given:
        if target not in table or table[target].kind is Kind.NESTED:
            continue
        known = engine.sample(table, seed=incident.seed)[target].dropna().unique()
        if len(known) == 1:
            level = f"{known[0]:g}" if isinstance(known[0], float) else str(known[0])
            levels.setdefault(level, []).append(table.reading.source)
    return [Remark(ONE_CLASS, {"column": target, "files": files, "level": level}, limits=True) for level, files in levels.items()]


ONE_CLASS: Final = N_(
    "Every answer in {column:name} of {files:list} is {level:name}, so the two kinds of mistake cannot be told apart there: "
    "give rows of every class, or choose another target in Columns."
)


def _empty(incident: Incident) -> list[Remark]:
    """Columns without any value; not those that had values in the reference, as step 2 reports them and labels come late."""
    from diagnostics.measure import engine
    from diagnostics.read.agree import is_empty

    reference, current = incident.reference, incident.current
    names: list[str] = []
    for table, other in ((reference, None), (current, reference)):
        if table is None:
            continue
        gone = engine.sample(table, seed=incident.seed).isna().all()
        for column in table:
            late = other is not None and column.name in other and column.name not in names
            if gone[column.name] and not late and is_empty(table, column):
                names.append(column.name)
    names = list(dict.fromkeys(names))
    if not names:
        return []
    text = N_("These columns hold no value at all, so nothing can be said about them: {columns:list}. Check the export.")
    return [Remark(text, {"columns": names})]


def _nested(given: Sequence[Table]) -> list[Remark]:
    names = list(dict.fromkeys(column.name for table in given for column in table if column.kind is Kind.NESTED))
    if not names:
        return []
    text = N_(
        "These columns hold lists or objects, which are not compared: {columns:list}. "
        "To have them checked, give each entry a column of its own."
    )
    return [Remark(text, {"columns": names})]
