"""Hypothesis: a possible cause, how its own detector rates it, and how it would be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.cause import Family
from diagnostics.measure.outcome import Outcome
from diagnostics.measure.samples import Samples
from diagnostics.measure.surrogate import Surrogate
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import Value

Undo = Callable[[pd.DataFrame], pd.DataFrame]
"""Takes current rows, returns them as they would be without the fault; the frame it is given stays as it is."""


@dataclass(frozen=True)
class Use:
    """How much the model's answer depends on a column, by the most important one: shown for `sure`, and `at_most`; 0 to 1."""

    sure: float
    at_most: float


NOT_KNOWN: Final = Use(1.0, 1.0)


@dataclass(frozen=True)
class Case:
    """What the detectors and the replay look at. None stands for what the incident lacks.

    weights: how much the model's answer depends on each feature (`column_use`); empty when no model or surrogate is there, and
        then every column counts.
    """

    incident: Incident
    checks: Sequence[Check]
    findings: Sequence[Finding]
    samples: Samples | None = None
    outcome: Outcome | None = None
    surrogate: Surrogate | None = None
    weights: Mapping[str, Use] = field(default_factory=dict)

    def of(self, *codes: str) -> tuple[Finding, ...]:
        """Findings of these rules."""
        return tuple(f for f in self.findings if f.code in codes)

    def profile(self, name: str) -> object | None:
        """What the diagnostic `name` measured, None when it did not run."""
        return next((check.profile for check in self.checks if check.name == name), None)

    def use(self, columns: Sequence[str]) -> Use:
        """Of the most important of `columns`; full where it is not known."""
        known = [self.weights[name] for name in columns if name in self.weights]
        if not known or len(known) < len(columns):
            return NOT_KNOWN
        return Use(max(use.sure for use in known), max(use.at_most for use in known))


@dataclass(frozen=True)
class Hypothesis:
    """says, evidence, remedy: as in a Cause. strength: how clear the signature is on its own, 0 to 1.

    How the fault is taken out of the current rows, at most one of these:
    undo: gives the rows back without it. keep: the rows that are free of it, shape (m,), bool, where the others can only be left
        out. reweigh: weights of the rows, shape (m,), that give them the reference's make-up; matched: the column they go by.
    leave_out: columns that say nothing any more once the fault is taken out.
    """

    code: str
    family: Family
    strength: float
    says: str
    remedy: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    segment: str | None = None
    since: datetime | None = None
    supports: tuple[str, ...] = ()
    undo: Undo | None = None
    keep: NDArray[np.bool_] | None = None
    reweigh: NDArray[np.float64] | None = None
    matched: str | None = None
    leave_out: tuple[str, ...] = ()
    explains: float | None = None
    """Known without replay: the detector measured the share of the loss itself."""

    rest: bool = False
    """It explains what a likelier cause leaves, so that one does not speak against it."""
