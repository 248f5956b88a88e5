"""Why something was not done: a diagnostic without its input, an upload that cannot be used, and the reason as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from diagnostics.nouns.words import Phrase, Value, Words


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


class MachineFault(BadInput):
    """The machine refused, not the file: a full or read-only disk, a lock. It may pass, so nobody remembers it of the input."""


def kept(message: str, values: Mapping[str, Value]) -> Reason:
    """`message` and its values as a Reason; in English where JSON has no type for a value."""
    held: dict[str, float | int | str | list[str] | None] = {}
    for name, value in values.items():
        if isinstance(value, date):
            return Reason("{what:term}", {"what": Words().sentence(message, values)})
        held[name] = value if value is None or isinstance(value, (float, int, str)) else list(value)
    return Reason(message, held)
