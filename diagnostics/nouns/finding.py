"""Finding: one Rule that fired on one subject, with the numbers that made it fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from diagnostics.nouns.rule import SEVERITY_ORDER, Rule, Severity
from diagnostics.nouns.words import Value, Words


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
