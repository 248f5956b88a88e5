"""Hypothesis: a possible cause, how clear its own signature is, and how it would be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.outcome import Outcome
from diagnostics.measure.samples import Samples
from diagnostics.measure.surrogate import Surrogate
from diagnostics.measure.undo import NO_UNDO, Undo
from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.check import Check
from diagnostics.nouns.entry import Entry
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Rule, Severity, Sign
from diagnostics.nouns.words import Value

P = TypeVar("P")
E = TypeVar("E", bound=Entry)

FEWEST_KEPT: Final = 30
"""Current rows that must be left when those at fault are left out."""


@dataclass(frozen=True)
class Use:
    """How much the model's predictions depend on a column, by the most important one: shown for `sure`, and `at_most`; 0 to 1."""

    sure: float
    at_most: float


NOT_KNOWN: Final = Use(1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the proposals and the proof look at. None stands for what the incident lacks."""

    incident: Incident
    checks: Sequence[Check]
    findings: Sequence[Finding]
    samples: Samples | None = None
    outcome: Outcome | None = None
    surrogate: Surrogate | None = None

    weights: Mapping[str, Use] = field(default_factory=dict)
    """How much the model's predictions depend on each feature (`proof.use`); empty when no model or surrogate is there, and then
    every column counts.
    """

    def of(self, *rules: Rule[E]) -> tuple[Finding[E], ...]:
        """Findings of these rules."""
        codes = {rule.code for rule in rules}
        return tuple(f for f in self.findings if f.code in codes)

    def fired(self, *rules: Rule[Any]) -> bool:
        """Whether one of these rules did."""
        codes = {rule.code for rule in rules}
        return any(finding.code in codes for finding in self.findings)

    def columns_of(self, *rules: Rule[Any]) -> set[str]:
        """Columns that these rules speak of: other signatures in them may be traces of the same fault."""
        codes = {rule.code for rule in rules}
        return {name for finding in self.findings if finding.code in codes for name in finding.columns}

    def showing(self, *signs: Sign, silent: bool = False) -> tuple[Finding, ...]:
        """Findings that show one of these signs; those that are for information alone only when `silent`."""
        found = (f for f in self.findings if f.rule.shows in signs)
        return tuple(f for f in found if silent or f.severity is not Severity.INFO)

    @property
    def broken(self) -> set[str]:
        """Columns that some rule shows to be broken."""
        return {name for finding in self.showing(Sign.BROKEN, silent=True) for name in finding.columns}

    def profile(self, kind: type[P]) -> P | None:
        """What the check measured whose profile is of this kind, None when it did not run."""
        return next((check.profile for check in self.checks if isinstance(check.profile, kind)), None)

    def use(self, columns: Sequence[str]) -> Use:
        """Of the most important of `columns`; full where it is not known."""
        known = [self.weights[name] for name in columns if name in self.weights]
        if not known or len(known) < len(columns):
            return NOT_KNOWN
        return Use(max(use.sure for use in known), max(use.at_most for use in known))

    def undo(self, finding: Finding) -> Undo:
        """How the check that made the finding takes the fault out again; NO_UNDO where it can't."""
        check = next((c for c in self.checks if finding in c.findings), None)
        undo = getattr(check.diagnostic.module, "undo", None) if check is not None and self.samples is not None else None
        return NO_UNDO if undo is None else undo(finding, self.incident)

    def kept(self, undo: Undo) -> NDArray[np.bool_] | None:
        """Which rows of the current sample are free of the fault, shape (m,); None where none, or too many, are left out."""
        if self.samples is None or undo.faulty is None:
            return None
        if not set(undo.leave_out) <= set(self.samples.current):
            return None
        good = ~undo.faulty(self.samples.current)
        return good if good.sum() >= FEWEST_KEPT else None


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A possible cause. says, evidence, remedy: as in a Cause."""

    kind: CauseKind
    strength: float
    """How clear the signature is on its own, 0 to 1."""

    says: str
    remedy: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    segment: str | None = None
    since: datetime | None = None
    supports: tuple[str, ...] = ()
    """Codes of the rules that speak for it."""

    undo: Undo = NO_UNDO
    kept: NDArray[np.bool_] | None = None
    """Current rows that are free of the fault, shape (m,), where the others can only be left out."""

    explains: float | None = None
    """Known without replay: the check measured the share of the loss itself."""

    ramp: bool = False
    """It grows slowly, and on to the last row."""

    rest: bool = False
    """It explains what a likelier cause leaves, so that one does not speak against it."""

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def family(self) -> Family:
        return self.kind.family


def from_finding(case: Case, finding: Finding, kind: CauseKind, strength: float) -> Hypothesis:
    """The hypothesis in the words of the finding, with the way back that its check knows."""
    undo = case.undo(finding)
    return Hypothesis(
        kind=kind,
        strength=strength,
        says=finding.says,
        remedy=finding.rule.remedy,
        evidence=dict(finding.evidence),
        columns=finding.columns,
        segment=finding.segment,
        since=finding.since,
        supports=(finding.code,),
        undo=undo,
        kept=case.kept(undo),
    )
