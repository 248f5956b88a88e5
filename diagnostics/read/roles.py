"""Guess which column is the target, the prediction, the timestamp and the id, from names and contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from diagnostics.measure import engine
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Answer, Guess, Roles, Task
from diagnostics.nouns.refusal import BadInput, kept
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_, Value
from diagnostics.read import role_names as names
from diagnostics.read.dependence import calendar_columns, group_column
from diagnostics.read.role_evidence import Settled, check_on_reference

CLASSES: Final = 10
"""A whole-number target with at most so many values is taken for classes (seven grades of wine are; ages are not)."""

TEXT_CLASSES: Final = 100
UNIQUE: Final = 0.95
SEGMENTS: Final = 3
SEGMENT_LEVELS: Final = 20
BY_NAME: Final = 0.8
"""Confidence in a guess that rests on a name and on what kind of values the column holds."""


@dataclass(frozen=True)
class _Seen:
    """A column in one table: its bounded sample without missing values. rows: of the sample."""

    column: Column
    values: pd.Series
    rows: int
    distinct: int = field(default=0)

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def normal(self) -> str:
        return names.normal(self.column.name)

    @property
    def within_one(self) -> bool:
        """Numbers between 0 and 1."""
        return self.column.kind is Kind.NUMBER and len(self.values) > 0 and bool(self.values.between(0, 1).all())

    @property
    def within_hundred(self) -> bool:
        """Numbers between 0 and 100 that are not all between 0 and 1."""
        known = self.column.kind is Kind.NUMBER and len(self.values) > 0
        return known and bool(self.values.between(0, 100).all()) and bool((self.values > 1.5).any())

    @property
    def levels(self) -> frozenset[str]:
        return frozenset(str(level) for level in as_level(self.values.drop_duplicates()) if level is not None)


def _seen(table: Table | None) -> dict[str, _Seen]:
    if table is None:
        return {}
    frame = engine.sample(table)
    found = {}
    for column in table:
        values = frame[column.name].dropna()
        if column.kind is Kind.NUMBER:
            values = values[np.isfinite(values)]
        found[column.name] = _Seen(column, values, len(frame), int(values.nunique()))
    return found


def guess_roles(
    reference: Table | None,
    current: Table | None,
    *,
    stated: Roles | None = None,
    task: Task | None = None,
    none: Set[str] = frozenset(),
) -> Settled:
    """Roles that `stated` leaves open are guessed, but not those in `none`: somebody said that no column plays them.

    A column already stated for one role is not guessed for another.
    """
    stated = stated or Roles()
    left, right = _seen(reference), _seen(current)
    seen = {**right, **left}
    taken = set(stated.named) | set(stated.segments)
    reasons: list[tuple[str, str, Mapping[str, Value]]] = []

    def settled(role: str, found: tuple[str, str, Mapping[str, Value]] | None) -> str | None:
        already: str | None = getattr(stated, role)
        if already is not None or found is None or role in none:
            return already
        taken.add(found[0])
        reasons.append((role, found[1], found[2]))
        return found[0]

    def free() -> list[_Seen]:
        return [column for column in seen.values() if column.name not in taken]

    timestamp = settled("timestamp", _timestamp(free()))
    prediction = settled("prediction", _prediction(free(), seen.get(stated.target or "")))
    target = settled("target", _target(free(), left, right, seen.get(prediction or "")))
    identity = settled("id", _id(free()))
    segments = stated.segments or (() if "segments" in none else _segments(free(), reasons))
    roles = Roles(
        target, prediction, timestamp, identity, segments, stated.positive, stated.group, stated.calendar, stated.not_features
    )
    decided = task or _task(seen.get(target or ""), seen.get(prediction or ""), reasons)
    answer = _answer(decided, seen.get(target or ""), seen.get(prediction or ""), reasons)
    guesses = [_guess(role, says, values, roles, decided, answer) for role, says, values in reasons]
    group = None if "group" in none else group_column(reference, current, roles)
    if group is not None:
        roles, guesses = replace(roles, group=group.column), [*guesses, group]
    calendar = () if "calendar" in none or roles.calendar else tuple(calendar_columns(reference, current, roles))
    roles = replace(roles, calendar=roles.calendar or tuple(guess.column for guess in calendar))
    return check_on_reference(Settled(roles, decided, answer, (*guesses, *calendar)), reference)


def _guess(role: str, says: str, values: Mapping[str, Value], roles: Roles, task: Task | None, answer: Answer | None) -> Guess:
    known = {"task": task, "answer": answer, "segments": ", ".join(roles.segments)}
    column = str(known[role] if role in known else getattr(roles, role))
    return Guess(role=role, column=column, evidence=kept(says, values), confidence=BY_NAME)


def _timestamp(columns: Sequence[_Seen]) -> tuple[str, str, Mapping[str, Value]] | None:
    times = [c for c in columns if c.column.kind is Kind.TIME and len(c.values) and not names.NOT_TIME.search(c.normal)]
    if not times:
        return None
    named = [c for c in times if c.normal in names.TIME]
    if named:
        best = min(named, key=lambda c: names.TIME.index(c.normal))
        return best.name, N_("The timestamp is {column:name}: it is named like one and holds times."), {"column": best.name}
    best = max(times, key=lambda c: c.distinct)
    return best.name, N_("The timestamp is {column:name}: it holds times."), {"column": best.name}


def _prediction(columns: Sequence[_Seen], target: _Seen | None) -> tuple[str, str, Mapping[str, Value]] | None:
    ranked: list[tuple[int, int, _Seen]] = []
    for position, column in enumerate(columns):
        if not len(column.values) or column.column.kind not in (Kind.NUMBER, Kind.CATEGORY):
            continue
        exact, ends = column.normal in names.PREDICTION, bool(names.PREDICTION_ENDS.search(column.normal))
        vague = column.normal in ("p", "score", "scores", "prob", "p1", "p_1") or bool(names.SCORE_ENDS.search(column.normal))
        if (exact or ends) and not vague:
            ranked.append((0 if exact else 1, position, column))
        elif vague and (column.within_one or (target is not None and column.levels <= target.levels)):
            ranked.append((2, position, column))
    if not ranked:
        return None
    # Of several a score between 0 and 1 says more than the label it was cut to.
    _, _, best = min(ranked, key=lambda item: (not (item[2].within_one and item[2].distinct > 2), item[0], item[1]))
    if best.within_one and best.distinct > 2:
        message = N_("The prediction is {column:name}: it is named like one and lies between 0 and 1.")
    else:
        message = N_("The prediction is {column:name}: it is named like one.")
    return best.name, message, {"column": best.name}


def _target(
    columns: Sequence[_Seen], left: Mapping[str, _Seen], right: Mapping[str, _Seen], prediction: _Seen | None
) -> tuple[str, str, Mapping[str, Value]] | None:
    named: list[tuple[int, int, _Seen, bool]] = []
    for position, column in enumerate(columns):
        if column.column.kind not in (Kind.NUMBER, Kind.CATEGORY) or not column.distinct:
            continue
        if column.column.kind is Kind.CATEGORY and column.distinct > TEXT_CLASSES:
            continue
        exact, ends = column.normal in names.TARGET, bool(names.TARGET_ENDS.search(column.normal))
        called = prediction is not None and names.meant_by(prediction.name) == column.normal
        if not (exact or ends or called):
            continue
        other = right.get(column.name)
        late = bool(right) and column.name in left and (other is None or not len(other.values))
        named.append((-1 if called else 0 if exact else 1, -position, column, late))
    if prediction is not None and prediction.within_one and prediction.distinct > 2:
        # A score goes with classes or with shares, never with an income that only happens to be named like a target.
        fitting = [
            item for item in named if item[2].distinct <= CLASSES or item[2].column.kind is Kind.CATEGORY or item[2].within_one
        ]
        # One class alone is still the target of that score, if nothing else is.
        named = [item for item in fitting if item[2].distinct > 1] or fitting
    else:
        named = [item for item in named if item[2].distinct > 1]
    if named:
        # What the prediction is named after; then the one whose labels are late; then names; then the last column.
        first, _, best, late = min(named, key=lambda item: (item[0] >= 0, not item[3], item[0], item[1]))
        values: dict[str, Value] = {"column": best.name, "classes": best.distinct}
        if first < 0 and prediction is not None:
            values["prediction"] = prediction.name
            return best.name, N_("The target is {column:name}: {prediction:name} is named after it."), values
        if late:
            return best.name, N_("The target is {column:name}: it is named like one and production does not know it yet."), values
        if best.distinct == 1:
            return best.name, N_("The target is {column:name}: it is named like one, though it holds one value only."), values
        if best.column.kind is Kind.CATEGORY or best.distinct <= CLASSES:
            return best.name, N_("The target is {column:name}: it is named like one and has {classes:count} classes."), values
        return best.name, N_("The target is {column:name}: it is named like one and holds numbers."), values
    if prediction is not None and not prediction.within_one and 2 <= prediction.distinct <= CLASSES:
        same = [c for c in columns if c.column.kind is prediction.column.kind and c.levels == prediction.levels]
        if len(same) == 1:
            values = {"column": same[0].name, "prediction": prediction.name}
            return same[0].name, N_("The target is {column:name}: it has the same classes as {prediction:name}."), values
    return None


def _id(columns: Sequence[_Seen]) -> tuple[str, str, Mapping[str, Value]] | None:
    fits = []
    for column in columns:
        if not (column.normal in names.ID or names.ID_ENDS.search(column.normal)) or not len(column.values):
            continue
        whole = column.column.kind is Kind.CATEGORY or (column.column.kind is Kind.NUMBER and column.column.integer)
        if whole and column.distinct >= UNIQUE * len(column.values) and column.distinct >= 3:
            order = names.ID.index(column.normal) if column.normal in names.ID else len(names.ID)
            fits.append((order, column))
    if not fits:
        return None
    best = min(fits, key=lambda item: item[0])[1]
    return best.name, N_("The id is {column:name}: it is named like one and hardly ever repeats."), {"column": best.name}


def _segments(columns: Sequence[_Seen], reasons: list[tuple[str, str, Mapping[str, Value]]]) -> tuple[str, ...]:
    fits = [
        c.name
        for c in columns
        if c.normal in names.SEGMENT and c.column.kind is Kind.CATEGORY and 2 <= c.distinct <= SEGMENT_LEVELS
    ][:SEGMENTS]
    if fits:
        reasons.append(
            ("segments", N_("Groups are told apart by {columns:list}: named like groups, with few levels."), {"columns": fits})
        )
    return tuple(fits)


def _task(target: _Seen | None, prediction: _Seen | None, reasons: list[tuple[str, str, Mapping[str, Value]]]) -> Task | None:
    if target is None and prediction is None:
        return None
    told = target if target is not None and len(target.values) else prediction
    if told is None:
        return None
    classes = told.column.kind is Kind.CATEGORY
    if not classes and told is target:
        classes = told.distinct <= CLASSES and bool((told.values == told.values.round()).all())
        if classes and told.distinct > 2 and prediction is not None and prediction.column.kind is Kind.NUMBER:
            # Grades predicted with fractions beyond 1 are a regression.
            classes = prediction.within_one or bool((prediction.values == prediction.values.round()).all())
    elif not classes:
        classes = told.within_one or told.distinct <= 2
    values: dict[str, Value] = {"column": told.name, "classes": told.distinct}
    if classes:
        reasons.append(("task", N_("The task is classification: {column:name} tells classes apart."), values))
        return Task.CLASSIFICATION
    reasons.append(("task", N_("The task is regression: {column:name} holds numbers of many sizes."), values))
    return Task.REGRESSION


def _answer(
    task: Task | None,
    target: _Seen | None,
    prediction: _Seen | None,
    reasons: list[tuple[str, str, Mapping[str, Value]]],
) -> Answer | None:
    if task is None or prediction is None or not len(prediction.values):
        return None
    values: dict[str, Value] = {"column": prediction.name}
    if task is Task.REGRESSION:
        reasons.append(("answer", N_("The answers in {column:name} are numbers."), values))
        return Answer.VALUE
    among = target is not None and len(target.values) > 0 and prediction.levels <= target.levels
    if prediction.within_one and (prediction.distinct > 2 or not among):
        reasons.append(("answer", N_("The answers in {column:name} are probabilities: they lie between 0 and 1."), values))
        return Answer.SCORE
    if prediction.column.kind is Kind.NUMBER and not among and prediction.distinct > CLASSES:
        says = N_("The predictions in {column:name} are scores: numbers of many sizes, while the target has few classes.")
        if prediction.within_hundred:
            says = N_("The predictions in {column:name} are scores between 0 and 100.")
        reasons.append(("answer", says, values))
        return Answer.SCORE
    reasons.append(("answer", N_("The answers in {column:name} are classes."), values))
    return Answer.LABEL


def settle(
    roles: Roles, task: Task | None, reference: Table | None, current: Table | None, none: Set[str] = frozenset()
) -> tuple[Roles, Task | None, Answer | None, tuple[Guess, ...]]:
    """What was stated stays, also that there is `none`; the rest is guessed, and the guesses come last.

    Raises BadInput when a stated column is in neither table.
    """
    if reference is None and current is None:
        return roles, task, None, ()
    known = list(dict.fromkeys(name for table in (reference, current) if table is not None for name in table.names))
    roles = _spelt(roles, known)
    settled = guess_roles(reference, current, stated=roles, task=task, none=none)
    guesses = tuple(guess for guess in settled.guesses if guess.role != "task" or task is None)
    return settled.roles, settled.task, settled.answer, guesses


def _spelt(roles: Roles, known: Sequence[str]) -> Roles:
    """The stated names as the tables spell them: spaces around a name are forgiven."""
    trimmed = {" ".join(name.split()): name for name in reversed(known)}

    def find(role: str, name: str) -> str:
        if name in known:
            return name
        if " ".join(name.split()) in trimmed:
            return trimmed[" ".join(name.split())]
        raise BadInput(
            N_("The {role} column {column:name} is in neither table: choose one of {columns:list}."),
            role=role,
            column=name,
            columns=list(known),
        )

    stated = {role: getattr(roles, role) for role in ("target", "prediction", "timestamp", "id", "group")}
    spelt: dict[str, Any] = {role: find(role, name) for role, name in stated.items() if name is not None}
    lists: dict[str, Any] = {role: tuple(find(role, name) for name in getattr(roles, role)) for role in ("segments", "calendar")}
    return replace(roles, **spelt, **lists)
