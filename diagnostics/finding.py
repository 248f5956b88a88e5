"""Rule and Finding, and the two ways a diagnostic can end without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from diagnostics.words import Phrase, Value, Words


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


SEVERITY_ORDER: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong, in words for people who are not experts.

    `title`, `why`, `remedy` and `statistic` are English message ids (`N_`). `statistic` explains the number behind the
    rule in one sentence that a shop manager understands; `source` cites where the method and its threshold come from.
    """

    code: str
    title: str
    why: str
    remedy: str
    statistic: str
    source: str
    severity: Severity = Severity.WARNING


@dataclass(frozen=True)
class Finding:
    """One `Rule` that fired on one subject, with the numbers that made it fire.

    `says` is the sentence as a message id; `evidence` holds its numbers. `weight` orders findings of the same
    severity: the size of the effect between 0 and 1, never a p-value.
    """

    rule: Rule
    says: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    severity: Severity | None = None
    weight: float = 0.0
    since: datetime | None = None
    segment: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))
        if self.severity is None:
            object.__setattr__(self, "severity", self.rule.severity)

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def rank(self) -> tuple[int, float, str, tuple[str, ...]]:
        """Worst first when sorted."""
        return (SEVERITY_ORDER.index(self.severity or self.rule.severity), -self.weight, self.code, self.columns)

    def statement(self, words: Words) -> str:
        return words.sentence(self.says, self.evidence)


@dataclass(frozen=True)
class Reason:
    """Why something was not done or left out, as data that a file can hold: told in the language of whoever reads it.

    Empty: it was done.
    """

    says: str = ""
    values: dict[str, float | int | str | list[str] | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.says)

    def statement(self, words: Words) -> str:
        """In the reader's language; of a restored file that lacks the values its message asks for, the message as it stands."""
        try:
            return words.sentence(self.says, self.values)
        except (KeyError, ValueError, IndexError):
            return self.says


class NotApplicable(Exception):
    """A diagnostic lacks its input: "not mine", not "bug". The reason is a message id with its values.

    `needs` names the missing part of the incident ("current", "timestamp", "target", "prediction", "logs", ...), so
    that a page can link to the place where it is given.
    """

    def __init__(self, reason: str, *, needs: str = "", **values: Value) -> None:
        super().__init__(reason)
        self.reason = reason
        self.needs = needs
        self.values = values

    def statement(self, words: Words) -> str:
        return words.sentence(self.reason, self.values)

    @property
    def phrase(self) -> Phrase:
        """The reason as part of another sentence."""
        return Phrase(self.reason, **self.values)

    @property
    def kept(self) -> Reason:
        """The reason as it is kept with a result."""
        return kept(self.reason, self.values)


class BadInput(Exception):
    """A file, folder or option that cannot be used: what it is, where, and what to do, in one plain sentence."""

    def __init__(self, message: str, **values: Value) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def statement(self, words: Words) -> str:
        return words.sentence(self.message, self.values)

    @property
    def phrase(self) -> Phrase:
        """The reason as part of another sentence."""
        return Phrase(self.message, **self.values)

    @property
    def kept(self) -> Reason:
        """The reason as it is kept with a result."""
        return kept(self.message, self.values)

    def __str__(self) -> str:
        return self.statement(Words())


def kept(message: str, values: Mapping[str, Value]) -> Reason:
    """`message` and its values as a Reason; in English where a value is none that JSON has a kind of its own for."""
    held: dict[str, float | int | str | list[str] | None] = {}
    for name, value in values.items():
        if isinstance(value, datetime):
            return Reason("{what:term}", {"what": Words().sentence(message, values)})
        held[name] = value if value is None or isinstance(value, (float, int, str)) else list(value)
    return Reason(message, held)
