"""Finding: one Rule that fired on one subject, with the numbers that made it fire."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from diagnostics.nouns.entry import Entry
from diagnostics.nouns.severity import SEVERITY_ORDER, Severity
from diagnostics.nouns.words import Value, Words

if TYPE_CHECKING:
    # A rule makes findings: at run time it knows them, and they need not know it.
    from diagnostics.nouns.rule import Rule

E = TypeVar("E", bound=Entry, default=Any)


@dataclass(frozen=True)
class Finding(Generic[E]):
    """One `Rule` that fired. of: what it fired on; made by `Rule.found`."""

    rule: Rule[E]
    of: E
    severity: Severity

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def says(self) -> str:
        """The sentence as a message id; `evidence` holds its values."""
        return self.rule.sentence(self.of)

    @property
    def evidence(self) -> Mapping[str, Value]:
        return self.of.evidence

    @property
    def columns(self) -> tuple[str, ...]:
        return self.of.columns

    @property
    def since(self) -> datetime | None:
        return self.of.since

    @property
    def segment(self) -> str | None:
        return self.of.segment

    @property
    def weight(self) -> float:
        return self.of.weight

    @property
    def rank(self) -> tuple[int, float, str, tuple[str, ...]]:
        """Worst first when sorted."""
        weight = math.inf if self.rule.first else self.weight
        return (SEVERITY_ORDER.index(self.severity), -weight, self.code, self.columns)

    def statement(self, words: Words) -> str:
        return words.sentence(self.says, self.evidence)
