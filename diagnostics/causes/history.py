"""Causes from training histories: what the log of the run says went wrong while the model was trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.causes.cause import Family
from diagnostics.causes.hypothesis import Case, Hypothesis

PREFIX: Final = "TRN"

BESIDE: Final = 0.8
"""What is left of a run's problem as a cause where production shows rows of its own: the model may have been deployed from
another run."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """The surest problem of each kind over all runs; several runs with the same one support it."""
    told = [finding for finding in case.findings if finding.code.startswith(PREFIX)]
    seen: set[str] = set()
    for finding in sorted(told, key=lambda finding: (-finding.weight, str(finding.evidence.get("file")))):
        code = str(finding.evidence.get("cause"))
        if code in seen:
            continue
        seen.add(code)
        alone = case.incident.current is None
        yield Hypothesis(
            code,
            Family.TRAINING,
            finding.weight if alone else BESIDE * finding.weight,
            finding.says,
            finding.rule.remedy,
            dict(finding.evidence),
            supports=(finding.code,),
        )
