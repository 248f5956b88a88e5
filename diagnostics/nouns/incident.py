"""Incident: everything known about one incident; what was not given is None or empty."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, TypeVar

from diagnostics.nouns.refusal import NotApplicable
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

    @property
    def named(self) -> frozenset[str]:
        """Columns that are not features."""
        return frozenset(n for n in (self.target, self.prediction, self.timestamp, self.id) if n)


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
    guessed: frozenset[str] = frozenset()
    """Names of the roles (and "task") that nobody stated."""
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

    def with_roles(self, roles: Roles, task: Task | None, answer: Answer | None) -> Incident:
        return replace(self, roles=roles, task=task, answer=answer, guessed=frozenset())

    @property
    def fingerprint(self) -> str:
        """Changes when any content, role or the seed does; safe as a cache key."""
        digest = hashlib.sha256()
        for table in (self.reference, self.current):
            digest.update((table.fingerprint if table else "-").encode())
        stated = (self.title, self.task, self.answer, self.roles, self.events, self.seed)
        digest.update(repr(stated).encode())
        files = [self.model, self.environment.reference, self.environment.current, self.config.reference]
        files += [self.config.current, self.scaler, *self.code, *self.logs, *self.metrics, *self.training]
        for file in files:
            if file is None:
                digest.update(b"-")
                continue
            digest.update(file.name.encode(errors="replace"))
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()
