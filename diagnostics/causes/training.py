"""Causes from training: what the reference promised was never true."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes.cause import Family
from diagnostics.causes.hypothesis import Case, Hypothesis


def propose(case: Case) -> Iterator[Hypothesis]:
    for finding in case.of("DRF090"):
        yield Hypothesis(
            "target_leakage",
            Family.TRAINING,
            0.93,
            finding.says,
            finding.rule.remedy,
            dict(finding.evidence),
            finding.columns,
            finding.segment,
            finding.since,
            (finding.code,),
        )
