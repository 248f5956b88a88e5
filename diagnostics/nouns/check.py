"""Diagnostic, Check and Status: a module that looks for something, what became of it, and what a step comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Rule


class Module(Protocol):
    """What a diagnostic module has. `judge` also takes its thresholds as named arguments, with defaults."""

    RULES: Sequence[Rule]

    def profile(self, incident: Incident) -> object: ...

    def judge(self, p: object) -> list[Finding]: ...


@dataclass(frozen=True)
class Diagnostic:
    """name: "inputs.missing"; step: 1 to 7, 0 for the clinic."""

    name: str
    step: int
    module: Module

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(self.module.RULES)


@dataclass(frozen=True)
class Check:
    """What became of one diagnostic: its profile and findings, or why it did not apply, or that it failed.

    by_chance: what fired and is no more than chance brings about on these rows.
    failed: type of the unexpected error, for the page; the traceback goes to the log.
    """

    diagnostic: Diagnostic
    profile: object | None = None
    findings: tuple[Finding, ...] = ()
    by_chance: tuple[Finding, ...] = ()
    skipped: NotApplicable | None = None
    failed: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return self.diagnostic.name


class Status(StrEnum):
    """What a step comes to. ok is earned: the check that answers the step's question ran and found nothing."""

    PROBLEM = "problem"
    OK = "ok"
    SKIPPED = "skipped"
