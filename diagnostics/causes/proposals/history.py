"""Causes from training histories: what the log of the run says went wrong while the model was trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.causes.hypothesis import Case, Hypothesis, from_finding
from diagnostics.nouns.cause_kind import CauseKind

BESIDE: Final = 0.8
"""What is left of a run's problem as a cause where production shows rows of its own: the model may have been deployed from
another run."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """The surest problem of each kind over all runs; several runs with the same one support it."""
    told = [finding for check in case.checks if check.diagnostic.step == 0 for finding in check.findings]
    share = 1.0 if case.incident.current is None else BESIDE
    seen: set[CauseKind] = set()
    # The worst first; of equally bad ones in the order of the files.
    for finding in sorted(told, key=lambda finding: -finding.weight):
        kind = finding.rule.cause(finding.of)
        if kind is not None and kind not in seen:
            seen.add(kind)
            yield from_finding(case, finding, kind, share * finding.weight)
