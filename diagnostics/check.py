"""Check: what became of one diagnostic in one investigation."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.catalogue import Diagnostic
from diagnostics.finding import Finding, NotApplicable


@dataclass(frozen=True)
class Check:
    """What became of one diagnostic: its profile and findings, or why it did not apply, or that it failed.

    failed: type of the unexpected error, for the page; the traceback goes to the log.
    """

    diagnostic: Diagnostic
    profile: object | None = None
    findings: tuple[Finding, ...] = ()
    skipped: NotApplicable | None = None
    failed: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return self.diagnostic.name
