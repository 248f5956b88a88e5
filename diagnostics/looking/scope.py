"""What a person chose to look at: current rows of some days, rows of a group, and columns left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words

TEXT_CAP: Final = 4_000
"""Characters of a group as text: what a browser's address bar takes."""

CONDITIONS_CAP: Final = 20
LEVELS_CAP: Final = 50


class Test(StrEnum):
    """What a condition asks of a value."""

    __test__ = False

    IS = "is"
    NOT = "not"
    FROM = "from"
    UP_TO = "to"
    HOLDS = "holds"
    MISSING = "missing"
    GIVEN = "given"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One test of one column. values: levels for `is` and `not`, one number, time or text for the others, none for the last."""

    column: str
    test: Test
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows that meet all conditions of at least one of the `either`."""

    either: tuple[tuple[Condition, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(condition.column for every in self.either for condition in every))


@dataclass(frozen=True, kw_only=True)
class Scope:
    """since, until: days of the current rows, both included; group: rows of both tables; without: columns left out of both."""

    since: datetime | None = None
    until: datetime | None = None
    group: Group | None = None
    without: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Everything is looked at."""
        return self == WHOLE


WHOLE: Final = Scope()

KEYS: Final = ("from", "to", "group", "without")
"""Names in a link."""


def to_link(scope: Scope) -> dict[str, str]:
    """The scope as parameters of a link; what is whole is left out."""
    link = {}
    if scope.since is not None:
        link["from"] = scope.since.date().isoformat()
    if scope.until is not None:
        link["to"] = scope.until.date().isoformat()
    if scope.group is not None:
        link["group"] = group_text(scope.group)
    if scope.without:
        link["without"] = json.dumps(scope.without, ensure_ascii=False)
    return link


def from_link(link: dict[str, str]) -> Scope:
    """The scope that a link names. Raises BadInput for what is none."""
    without = _json(link["without"]) if link.get("without") else []
    if not isinstance(without, list) or not all(isinstance(name, str) for name in without):
        raise BadInput(NO_GROUP)
    return Scope(
        since=_day(link.get("from")),
        until=_day(link.get("to")),
        group=parse_group(link["group"]) if link.get("group") else None,
        without=tuple(without[:CONDITIONS_CAP]),
    )


NO_GROUP: Final = N_("The link names a group of rows that cannot be read: choose the group again.")
NO_DAY: Final = N_("The link names a day that cannot be read: choose the days again.")


def _day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(NO_DAY) from None
    return datetime(moment.year, moment.month, moment.day)


def group_text(group: Group) -> str:
    """The group as compact JSON: [[[column, test, value, ...], ...], ...]."""
    held = [[[c.column, c.test.value, *c.values] for c in every] for every in group.either]
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def parse_group(text: str) -> Group:
    """What `group_text` wrote. Raises BadInput."""
    held = _json(text)
    try:
        either = tuple(
            tuple(Condition(column=_text(c[0]), test=Test(c[1]), values=tuple(_text(v) for v in c[2:])) for c in every)
            for every in held
        )
    except (TypeError, ValueError, LookupError):
        raise BadInput(NO_GROUP) from None
    if not either or not all(either) or sum(map(len, either)) > CONDITIONS_CAP:
        raise BadInput(NO_GROUP)
    if any(len(c.values) > LEVELS_CAP or wants(c.test) != bool(c.values) for every in either for c in every):
        raise BadInput(NO_GROUP)
    return Group(either=either)


def wants(test: Test) -> bool:
    return test not in (Test.MISSING, Test.GIVEN)


def _json(text: str) -> Any:
    if len(text) > TEXT_CAP:
        raise BadInput(NO_GROUP)
    try:
        return load_json(text)
    except (NotPlain, ValueError):
        raise BadInput(NO_GROUP) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a condition holds texts, got {type(value).__name__}")
    return value


SAID: Final = {
    Test.IS: N_("{column:name} is {values:list}"),
    Test.NOT: N_("{column:name} is not {values:list}"),
    Test.FROM: N_("{column:name} is at least {value:name}"),
    Test.UP_TO: N_("{column:name} is at most {value:name}"),
    Test.HOLDS: N_("{column:name} contains {value:name}"),
    Test.MISSING: N_("{column:name} is missing"),
    Test.GIVEN: N_("{column:name} is given"),
}
AND: Final = N_("{first} and {second}")
OR: Final = N_("{first}, or {second}")


def say_condition(condition: Condition, words: Words) -> str:
    return words(SAID[condition.test], column=condition.column, values=condition.values, value=(condition.values or ("",))[0])


def say_group(group: Group, words: Words) -> str:
    """The group as a part of a sentence: "region is west and age is at least 18"."""
    return _joined([_joined([say_condition(c, words) for c in every], AND, words) for every in group.either], OR, words)


def _joined(parts: Sequence[str], message: str, words: Words) -> str:
    first, *rest = parts
    for part in rest:
        first = words(message, first=first, second=part)
    return first


def say_scope(scope: Scope, words: Words) -> list[str]:
    """What is looked at, one sentence for each part that is not whole."""
    told = []
    if scope.since is not None and scope.until is not None:
        told.append(words(N_("Current rows from {since:time} to {until:time}."), since=scope.since, until=scope.until))
    elif scope.since is not None:
        told.append(words(N_("Current rows from {since:time} on."), since=scope.since))
    elif scope.until is not None:
        told.append(words(N_("Current rows up to {until:time}."), until=scope.until))
    if scope.group is not None:
        told.append(words(N_("Of both tables, rows where {group}."), group=say_group(scope.group, words)))
    if scope.without:
        told.append(words(N_("Without {columns:list}."), columns=scope.without))
    return told
