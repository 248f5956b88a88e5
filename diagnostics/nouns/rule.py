"""Rule: one thing that can be wrong, in words for people who are not experts, and the cause that it suggests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic

from typing_extensions import TypeVar

from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.severity import SEVERITY_ORDER, Severity

__all__ = ["SEVERITY_ORDER", "Lane", "Rule", "Severity", "Sign"]

E = TypeVar("E", bound=Entry, default=Any)


class Lane(StrEnum):
    """Where on the timeline a thing stands."""

    DEPLOY = "deploy"
    DATA = "data"
    METRIC = "metric"
    ERRORS = "errors"
    ACCURACY = "accuracy"
    MODEL = "model"
    NOTED = "noted"


class Sign(StrEnum):
    """What a finding says about the incident as a whole, beside its own subject."""

    WORSE = "worse"
    """The labels say that the model became worse."""

    MOVED = "moved"
    """Without labels: the predictions moved, or are probably worse."""

    BROKEN = "broken"
    """A column is broken: what moves together with it is no moved population."""

    OTHER_PREDICTIONS = "other predictions"
    """The same inputs get other predictions than in the reference."""

    UNCOMPARED = "uncompared"
    """The two tables are not what they were taken for: what compares them says nothing until that is put right."""


class Null(StrEnum):
    """What a rule's claim is held against: what the same claim would find if nothing had changed (`measure.placebo`)."""

    VALUES = "values"
    """The columns' values changed."""

    EACH = "each"
    """The values of each of the columns changed."""

    LINKS = "links"
    """The columns' links to other columns changed."""

    COLUMNS = "columns"
    """The columns' values or their links changed."""

    ANYTHING = "anything"
    """Some column changed, in its values or its links."""

    REPEATS = "repeats"
    """More rows are equal to another one."""

    LOSS = "loss"
    """The mean loss of the predictions rose."""

    RELATION = "relation"
    """What is true of the rows changed: the mean loss rose or, where it is not known, anything changed."""


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[E]):
    """One thing that can be wrong. Texts are English message ids (`N_`).

    What depends on the numbers that made the rule fire is a function of the entry.
    """

    code: str
    """Three letters and three digits. The digits mean nothing."""

    title: str
    says: str | Callable[[E], str] = ""
    """The sentence, with the entry's fields as values."""

    why: str
    """Why it matters."""

    remedy: str
    """What to do."""

    statistic: str
    """The number behind the rule, in one sentence that a shop manager understands."""

    source: str
    """Where the method and its threshold come from."""

    severity: Severity = Severity.WARNING
    lane: Lane | None = None
    """Where its findings stand on the timeline; None for what does not begin at a time, as in the clinic."""

    suggests: CauseKind | Callable[[E], CauseKind | None] | None = None
    """The cause that explains a finding of this rule, where one does by itself."""

    clear: float | Callable[[E], float] = 0.0
    """How clear the signature of that cause is by itself, 0 to 1."""

    shows: Sign | None = None
    first: bool = False
    """Told before all others of its severity: what they measure rests on it."""

    null: Null | Callable[[E], Null | None] | None = None
    """What chance is asked, or a function of the entry to it; None for what is plain to see (another type, a missing column), or
    has a null of its own.
    """

    thresholds: Mapping[str, Shown] = field(default_factory=dict)
    """Those arguments of `judge` that decide about this rule, with their names for people."""

    def found(self, entry: E, *, severity: Severity | None = None) -> Finding[E]:
        """The finding that this rule fired on `entry`; `severity` where it is not the rule's own."""
        return Finding(self, entry, severity or self.severity)

    def sentence(self, entry: E) -> str:
        """The message id of the sentence about `entry`."""
        return self.says if isinstance(self.says, str) else self.says(entry)

    def cause(self, entry: E) -> CauseKind | None:
        """The cause that `entry` suggests."""
        return self.suggests(entry) if callable(self.suggests) else self.suggests

    def chance(self, entry: E) -> Null | None:
        """What chance is asked of the claim in `entry`."""
        return self.null(entry) if callable(self.null) else self.null

    def clearness(self, entry: E) -> float:
        """How clear the signature in `entry` is by itself, 0 to 1."""
        return self.clear(entry) if callable(self.clear) else self.clear
