"""Faults of single columns: each finding of the input checks that is a cause by itself, less what another fault leaves there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from diagnostics.causes import catalogue as kinds
from diagnostics.causes.hypothesis import Case, Hypothesis, from_finding
from diagnostics.causes.proof.genuine import genuine
from diagnostics.causes.proof.window import affected
from diagnostics.causes.proposals.scaler import refit
from diagnostics.checks.inputs.duplicates import Repeated
from diagnostics.checks.inputs.fills import Fill
from diagnostics.checks.inputs.group import changed_group
from diagnostics.checks.inputs.stale import LongRun
from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.finding import Finding

LEAVES_FROM: Final = 0.8
"""Clearness above which a fault is taken to have left the other marks in its column."""

FAMILIAR: Final = 0.003
"""Share of the reference's rows from which on a value is an ordinary one, not a sentinel."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """One hypothesis per finding that suggests a fault of the data by itself."""
    found = [finding for finding in case.findings if _suggested(finding) is not None]
    scaled = refit(case)
    if scaled is not None:
        yield scaled
    for finding in found:
        kind = _suggested(finding)
        if kind is None or kind is kinds.REFIT_SCALER:
            continue
        strength = finding.rule.clearness(finding.of) * _own(finding, kind, case.findings, scaled) * _written(case, finding)
        if strength > 0:
            told = from_finding(case, finding, kind, strength)
            segment = told.segment or _segment(case, told)
            yield replace(told, segment=segment, undo=replace(told.undo, leave_out=told.undo.leave_out or _silent(told)))


def _suggested(finding: Finding) -> CauseKind | None:
    """The fault of the data that a finding suggests by itself; links between columns are judged with the population."""
    kind = finding.rule.cause(finding.of)
    known = kind is not None and (kind.family is Family.DATA or kind is kinds.SCALE_OF_SCORES)
    known = known and kind is not kinds.MISJOINED_COLUMN
    return kind if known and finding.rule.clearness(finding.of) > 0 else None


def _segment(case: Case, told: Hypothesis) -> str | None:
    """The group in whose rows alone the column changed."""
    if case.samples is None or len(told.columns) != 1:
        return None
    group = changed_group(case.samples, told.columns[0], affected(case, told.since, most=len(case.samples.current)))
    return None if group is None else group.text


def _silent(told: Hypothesis) -> tuple[str, ...]:
    """Columns that say nothing any more where nothing is repaired."""
    return () if told.undo.repair is not None else told.columns


def _own(finding: Finding, kind: CauseKind, found: Sequence[Finding], scaled: Hypothesis | None) -> float:
    """Share of the signature that nothing else in `found` explains in the same column, 0 to 1: no other fault of the data, and no
    column that knew the label.
    """
    if isinstance(finding.of, Repeated) and finding.of.exact:
        return 1.0
    left = 1.0
    if scaled is not None and set(finding.columns) <= set(scaled.columns):
        left = kinds.REFIT_SCALER.leaves().get(kind, 1.0)
    for other in found:
        cause = other.rule.cause(other.of)
        # Rows that look alike because a column lost its values concern all columns at once.
        same = not finding.columns or kind is kinds.DUPLICATED_ROWS or bool(set(other.columns) & set(finding.columns))
        if cause is None or other is finding or not same or other.rule.clearness(other.of) <= LEAVES_FROM:
            continue
        left = min(left, cause.leaves().get(kind, 1.0))
    return left


def _written(case: Case, finding: Finding) -> float:
    """Of a value that stands in many rows: how much speaks for its having been written there, and not for rows that have it by
    nature, 0.1 to 1.
    """
    entry = finding.of
    if not isinstance(entry, Fill | LongRun) or (isinstance(entry, Fill) and entry.before <= FAMILIAR):
        return 1.0
    faulty = case.undo(finding).faulty
    alike = None if faulty is None else genuine(case, entry.column, faulty, finding.since)
    return 1.0 if alike is None else 1 - 0.9 * alike
