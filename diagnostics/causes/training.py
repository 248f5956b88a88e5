"""Causes from training: what the reference promised was never true, or the labels are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from diagnostics.causes.cause import Family
from diagnostics.causes.data import columns_of
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.checks.drift.links.check import Links
from diagnostics.measure.onset import first
from diagnostics.measure.samples import times
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Severity

STRENGTHS: Final = {
    "DRF090": ("target_leakage", 0.95),
    "DRF037": ("label_noise", 0.9),
    "INP102": ("train_test_overlap", 0.95),
    "LOC020": ("overfitting", 0.92),
    "LOC021": ("underfitting", 0.92),
    "LOC022": ("class_imbalance", 0.92),
}
"""Rule to the cause that it names, and how clear its signature is."""

MEASURED: Final = 0.15
"""Share of a column's variance that the other features foretell beside the target, from which on it is no copy of the answer."""


def propose(case: Case) -> Iterator[Hypothesis]:
    # A column that can no longer be read is a broken feed; that it knew the answer is another matter.
    broken = columns_of(case, "INP001", "INP010", "INP012", "INP014", "INP020", "INP021", "INP022")
    # A column that lost its links to the other features too stands in the wrong rows: an answer would have kept them.
    broken |= columns_of(case, "DRF015")
    for finding in case.of(*STRENGTHS):
        if finding.severity is Severity.INFO or (finding.code == "DRF090" and set(finding.columns) <= broken):
            continue
        yield _from(finding, _start(case), clear=finding.code != "DRF090" or not _measured(case, finding.columns))


def _start(case: Case) -> datetime | None:
    """What was wrong in training is wrong from the first current row on."""
    roles, drawn = case.incident.roles, case.samples
    return None if drawn is None else first(times(drawn.current, roles.timestamp))


def _measured(case: Case, columns: tuple[str, ...]) -> bool:
    """Whether the other features foretell the columns far beyond what the target does: then they are measurements of the row, and
    what left them is the relation, not an answer that stood in them.
    """
    links = case.profile("drift.links")
    if not isinstance(links, Links):
        return False
    beyond = [link.beyond for link in links.links if link.column in columns and link.beyond is not None]
    return bool(beyond) and min(beyond) >= MEASURED


def _from(finding: Finding, start: datetime | None, *, clear: bool) -> Hypothesis:
    code, strength = STRENGTHS[finding.code]
    if not clear:
        strength *= 0.4
    return Hypothesis(
        code,
        Family.TRAINING,
        strength,
        finding.says,
        finding.rule.remedy,
        dict(finding.evidence),
        finding.columns,
        finding.segment,
        finding.since or start,
        (finding.code,),
    )
