"""The whole way: every diagnostic of the seven steps, then the ranked causes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from diagnostics.catalogue import catalogue, clinic_diagnostic
from diagnostics.causes.cause import Cause
from diagnostics.measure.placebo import beyond_chance
from diagnostics.nouns.check import Check, Diagnostic, Status
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.remarks import Remark, remarks

if TYPE_CHECKING:
    from diagnostics.conclusion import Conclusion, Standing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Investigation:
    """Checks in the order of the steps; causes most likely first; remarks on what limits the answer."""

    incident: Incident
    checks: tuple[Check, ...]
    causes: tuple[Cause, ...]
    seconds: float
    remarks: tuple[Remark, ...] = ()

    @property
    def limited(self) -> bool:
        """So little was given that finding no cause does not mean that all is well."""
        sides = (self.incident.reference is None, self.incident.current is None)
        unread = bool(self.incident.unreadable) or sides[0] != sides[1]
        return unread or any(remark.limits for remark in self.remarks)

    def step(self, number: int) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.diagnostic.step == number)

    def findings(self, number: int | None = None) -> tuple[Finding, ...]:
        """Worst first; of one step or of all."""
        found = [f for c in self.checks if number in (None, c.diagnostic.step) for f in c.findings]
        return tuple(sorted(found, key=lambda finding: finding.rank))

    def standing(self, number: int) -> Standing:
        """What step `number` comes to, in one sentence."""
        from diagnostics.conclusion import standing

        return standing(self, number)

    def status(self, number: int) -> Status:
        """problem: something of severity warning or worse was found; ok: the check that matters ran and found nothing."""
        return self.standing(number).status

    @cached_property
    def conclusion(self) -> Conclusion:
        """What the whole comes to, in one sentence."""
        from diagnostics.conclusion import conclude

        return conclude(self)

    def check(self, name: str) -> Check:
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)


def run(diagnostic: Diagnostic, incident: Incident) -> Check:
    """One diagnostic. Whatever it raises ends here, so that the others still show their results."""
    began = time.perf_counter()
    try:
        profile = diagnostic.module.profile(incident)
        fired = sorted(diagnostic.module.judge(profile), key=lambda finding: finding.rank)
        beyond = [beyond_chance(finding, incident) for finding in fired]
        findings = tuple(finding for finding, kept in zip(fired, beyond, strict=True) if kept)
        by_chance = tuple(finding for finding, kept in zip(fired, beyond, strict=True) if not kept)
    except NotApplicable as reason:
        return Check(diagnostic, skipped=reason, seconds=time.perf_counter() - began)
    except Exception as error:  # a defect in one check must not take the other results with it: logged, and shown
        log.exception("check %s failed", diagnostic.name)
        return Check(diagnostic, failed=type(error).__name__, seconds=time.perf_counter() - began)
    return Check(diagnostic, profile, findings, by_chance, seconds=time.perf_counter() - began)


def investigate(
    incident: Incident,
    *,
    on_progress: Callable[[float, str], None] = lambda share, what: None,
    on_check: Callable[[Check], None] = lambda check: None,
) -> Investigation:
    """Run everything. `on_progress` is told the share done (0 to 1) and the name of what runs next; `on_check` what is done."""
    from diagnostics.causes.rank import rank

    began = time.perf_counter()
    diagnostics = catalogue()
    # Of the clinic, the reading of training histories alone is quick enough, and only where there are any.
    history = clinic_diagnostic("training_history") if incident.training else None
    if history is not None:
        diagnostics = (*diagnostics, history)
    checks = []
    for number, diagnostic in enumerate(diagnostics):
        on_progress(number / (len(diagnostics) + 1), diagnostic.name)
        checks.append(run(diagnostic, incident))
        on_check(checks[-1])
    on_progress(len(diagnostics) / (len(diagnostics) + 1), "causes")
    causes = rank(incident, checks)
    on_progress(1.0, "")
    return Investigation(incident, tuple(checks), causes, time.perf_counter() - began, remarks(incident, checks))
