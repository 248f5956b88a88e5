"""Incident: everything known about one incident; what was not given is None or empty."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, TypeVar

from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_

T = TypeVar("T")


class Task(StrEnum):
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Answer(StrEnum):
    """What the prediction column holds: a class, the probability of the positive class, or a number."""

    LABEL = "label"
    SCORE = "score"
    VALUE = "value"


@dataclass(frozen=True)
class Roles:
    """Which column plays which part; None where there is none."""

    target: str | None = None
    prediction: str | None = None
    timestamp: str | None = None
    id: str | None = None
    segments: tuple[str, ...] = ()
    positive: str | None = None
    group: str | None = None
    """The column of customers, patients or machines that have several rows each, so that rows are not independent."""

    calendar: tuple[str, ...] = ()
    """Columns that follow from the time alone: month, week, a running number."""

    not_features: tuple[str, ...] = ()
    """Columns that a person says the model is not given."""

    @property
    def named(self) -> frozenset[str]:
        """Columns that are not features."""
        roles = (self.target, self.prediction, self.timestamp, self.id, self.group, *self.calendar, *self.not_features)
        return frozenset(name for name in roles if name)


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A role that nobody stated, and why it was given to this column."""

    role: str
    """Name of a field of `Roles`, or "task" or "answer"."""

    column: str
    """The column; for "positive" the class, for "task" and "answer" what they are."""

    evidence: Reason
    confidence: float
    """0 to 1: 0.9 and more where the reference itself shows it, less where only the name does."""


@dataclass(frozen=True)
class Event:
    """A deploy, release or other thing that happened at a known time."""

    time: datetime
    what: str


@dataclass(frozen=True)
class Sides(Generic[T]):
    """The same thing from when all was well and from production."""

    reference: T
    current: T


NO_PATHS: Final[tuple[Path, ...]] = ()


@dataclass(frozen=True)
class Incident:
    title: str = ""
    task: Task | None = None
    answer: Answer | None = None
    roles: Roles = field(default_factory=Roles)
    guesses: tuple[Guess, ...] = ()
    """The roles that nobody stated."""
    reference: Table | None = None
    current: Table | None = None
    events: tuple[Event, ...] = ()
    model: Path | None = None
    environment: Sides[Path | None] = Sides(None, None)
    config: Sides[Path | None] = Sides(None, None)
    scaler: Path | None = None
    """What the service subtracts and divides by, as JSON."""
    code: tuple[Path, ...] = NO_PATHS
    logs: tuple[Path, ...] = NO_PATHS
    metrics: tuple[Path, ...] = NO_PATHS
    training: tuple[Path, ...] = NO_PATHS
    memory: tuple[Path, ...] = NO_PATHS
    """Recordings of the service's memory by line of code."""

    limits: tuple[tuple[str, float], ...] = ()
    """Where metrics of the service end, as a person stated it: (name of the series, limit in its unit)."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Parts that were given and could not be read: (file, sentence)."""
    seed: int = 0

    def pair(self) -> Sides[Table]:
        """Both tables. Raises NotApplicable when one is missing."""
        if self.reference is None:
            raise NotApplicable(
                N_("No reference table: upload rows from when all was well (training, validation or an earlier period)."),
                needs="reference",
            )
        if self.current is None:
            raise NotApplicable(
                N_("No current table: upload rows from production, in whatever state they are in."), needs="current"
            )
        return Sides(self.reference, self.current)

    def role(self, role: str) -> str:
        """The column that plays `role` ("target", "prediction", "timestamp", "id"). Raises NotApplicable without one."""
        name: str | None = getattr(self.roles, role)
        if name is None:
            reasons = {
                "target": N_("No target column: choose the column with the true answer in Columns."),
                "prediction": N_("No prediction column: choose the column with the model's answer in Columns."),
                "timestamp": N_("No timestamp column: choose one in Columns."),
                "id": N_("No id column: choose the column that identifies a row in Columns."),
            }
            raise NotApplicable(reasons[role], needs=role)
        return name

    @property
    def guessed(self) -> frozenset[str]:
        """Names of the roles (and "task") that nobody stated."""
        return frozenset(guess.role for guess in self.guesses)

    @property
    def fingerprint(self) -> str:
        """Changes when any content, role or the seed does; safe as a cache key."""
        digest = hashlib.sha256()
        for table in (self.reference, self.current):
            digest.update((table.fingerprint if table else "-").encode())
        stated = (self.title, self.task, self.answer, self.roles, self.events, self.seed, *self.limits)
        digest.update(repr(stated).encode())
        files = [self.model, self.environment.reference, self.environment.current, self.config.reference]
        files += [self.config.current, self.scaler, *self.code, *self.logs, *self.metrics, *self.training, *self.memory]
        for file in files:
            if file is None:
                digest.update(b"-")
                continue
            digest.update(file.name.encode(errors="replace"))
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()
