"""Causes from training: what the reference promised was never true, or the labels are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from diagnostics.causes.hypothesis import Case, Hypothesis, from_finding
from diagnostics.checks.drift.leakage import LEAK
from diagnostics.checks.drift.links.check import UNLINKED, Links
from diagnostics.checks.inputs.formats import NUMBERS, WORDS_IN_NUMBERS
from diagnostics.checks.inputs.missing import MISSING_ROSE
from diagnostics.checks.inputs.schema import MISSING, RENAMED, RETYPED
from diagnostics.measure.onset import first
from diagnostics.measure.samples import times
from diagnostics.nouns.cause_kind import Family
from diagnostics.nouns.rule import Severity

MEASURED: Final = 0.15
"""Share of a column's variance that the other features predict beyond the target, from which on it is no copy of the label."""

NOT_CLEAR: Final = 0.4
"""Share of the signature that is left of such a column."""

UNREADABLE: Final = (MISSING_ROSE, MISSING, RENAMED, RETYPED, NUMBERS, WORDS_IN_NUMBERS)
"""A column that can no longer be read is a broken feed; that it knew the label is another matter."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """The findings about the model's training, and about rows and columns that it should not have had."""
    # A column that lost its correlation with the other features too was joined to the wrong rows: a copy of the label keeps it.
    broken = case.columns_of(*UNREADABLE) | case.columns_of(UNLINKED)
    for check in case.checks:
        if check.diagnostic.step == 0:
            continue  # What training histories say has a strength of its own.
        for finding in check.findings:
            kind, strength = finding.rule.cause(finding.of), finding.rule.clearness(finding.of)
            if kind is None or kind.family is not Family.TRAINING or not strength or finding.severity is Severity.INFO:
                continue
            if finding.rule is LEAK:
                if set(finding.columns) <= broken:
                    continue
                strength *= NOT_CLEAR if _measured(case, finding.columns) else 1.0
            told = from_finding(case, finding, kind, strength)
            yield replace(told, since=finding.since or _start(case))


def _start(case: Case) -> datetime | None:
    """What was wrong in training is wrong from the first current row on."""
    return None if case.samples is None else first(times(case.samples.current, case.incident.roles.timestamp))


def _measured(case: Case, columns: tuple[str, ...]) -> bool:
    """Whether the other features predict the columns far beyond what the target does: then they are measurements of the row, and
    what left them is the relation, not a label that stood in them.
    """
    links = case.profile(Links)
    if links is None:
        return False
    beyond = [link.beyond for link in links.links if link.column in columns and link.beyond is not None]
    return bool(beyond) and min(beyond) >= MEASURED
