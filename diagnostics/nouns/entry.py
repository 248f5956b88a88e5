"""Entry: what a finding is about, as a record of the profile; which of its numbers people see, under which name and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from inspect import get_annotations
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from diagnostics.nouns.words import Value


class Unit(StrEnum):
    """How a shown number is written."""

    NUMBER = "number"
    COUNT = "count"
    SHARE = "percent"
    TIME = "time"
    NAME = "name"
    NAMES = "list"
    TERM = "term"
    """A word that has a translation."""

    YES_NO = "yes or no"


class Shown(NamedTuple):
    """A number that people see. name: what it is, as a message id."""

    name: str
    unit: Unit


_SHOWN: Final = "shown"
_OPTIONAL: Final = "optional"
_INTERNAL: Final = "internal"


def shown(name: str, unit: Unit = Unit.NUMBER, *, default: Any = MISSING, optional: bool = False) -> Any:
    """A field of an Entry that people see. optional: it may be None, and is then left out of the evidence."""
    return field(default=None if optional else default, metadata={_SHOWN: Shown(name, unit), _OPTIONAL: optional})


def optional() -> Any:
    """A field of an Entry that people do not see and that is left out of the evidence when it is None."""
    return field(default=None, metadata={_OPTIONAL: True})


def internal(default: Any = MISSING) -> Any:
    """A field of an Entry that is no evidence: what the rule needs to pick its sentence."""
    return field(default=default, metadata={_INTERNAL: True})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a finding is about. A subclass adds the numbers that made a rule fire; they are its evidence, in their order.

    A field of the base that a subclass declares again becomes evidence too. A name that Python keeps for itself takes an
    underscore, which the evidence leaves off: `class_` is "class" there.
    """

    columns: tuple[str, ...] = ()
    """The columns at fault."""

    since: datetime | None = None
    """From when on: None where nothing dates it."""

    segment: str | None = None
    """The group of rows at fault, as "region = west"."""

    weight: float = 0.0
    """Orders findings of the same severity: the size of the effect, 0 to 1, never a p-value."""

    @property
    def evidence(self) -> Mapping[str, Value]:
        """Name to value of the fields that the subclass declares, in their order."""
        names = _declared(type(self))
        values = {name: getattr(self, name) for name in names}
        return MappingProxyType({k.removesuffix("_"): _plain(v) for k, v in values.items() if v is not None or not names[k]})


@dataclass(frozen=True, kw_only=True)
class ColumnEntry(Entry):
    """An entry about one column, which is the column at fault."""

    column: str

    def __post_init__(self) -> None:
        if not self.columns:
            object.__setattr__(self, "columns", (self.column,))


def _declared(entry: type[Entry]) -> Mapping[str, bool]:
    """Fields that the subclasses of Entry declare as evidence, in their order; whether each may be left out."""
    may_lack = {f.name: bool(f.metadata.get(_OPTIONAL)) for f in fields(entry) if _INTERNAL not in f.metadata}
    below = [kind for kind in reversed(entry.__mro__) if issubclass(kind, Entry) and kind is not Entry]
    return {name: may_lack[name] for kind in below for name in get_annotations(kind) if name in may_lack}


def numbers_shown(entry: type[Entry]) -> Mapping[str, Shown]:
    """Name in the evidence to name and unit of the numbers that people see, in their order."""
    marked = {f.name: f.metadata[_SHOWN] for f in fields(entry) if _SHOWN in f.metadata}
    return {name.removesuffix("_"): marked[name] for name in _declared(entry) if name in marked}


def _plain(value: object) -> Value:
    """A field as evidence: what has a code is written as its code."""
    code = getattr(value, "code", None)
    return code if isinstance(code, str) else value  # type: ignore[return-value]
