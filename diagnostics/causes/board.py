"""The ranked board: hypotheses from every family, undone and replayed, weighed against each other, or none at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from diagnostics.causes import data, population, service, training
from diagnostics.causes.cause import Cause, Family
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.replay import Replayed, replay
from diagnostics.check import Check
from diagnostics.finding import NotApplicable
from diagnostics.incident import Incident
from diagnostics.outcome import partial
from diagnostics.samples import samples
from diagnostics.steps.localise.swap_back import SwapBack
from diagnostics.surrogate import stand_in

PROPOSERS: Final[tuple[Callable[[Case], Iterable[Hypothesis]], ...]] = (
    data.propose,
    population.propose,
    training.propose,
    service.propose,
)

SHOWN: Final = 8
KEEP_ABOVE: Final = 0.15

IGNORED_BELOW: Final = 0.01
"""A column whose shuffling moves the answers by less than this share of their spread is one that the model ignores."""


@dataclass(frozen=True)
class Weighed:
    hypothesis: Hypothesis
    replayed: Replayed | None
    strength: float
    against: tuple[str, ...]


def rank(incident: Incident, checks: Sequence[Check]) -> tuple[Cause, ...]:
    """Causes, most likely first; empty when nothing is wrong."""
    case = _case(incident, checks)
    proposed = [hypothesis for propose in PROPOSERS for hypothesis in propose(case)]
    weighed = [entry for hypothesis in proposed if (entry := _weigh(case, hypothesis)) is not None]
    return tuple(_settle(case, weighed))


def _case(incident: Incident, checks: Sequence[Check]) -> Case:
    findings = tuple(finding for check in checks for finding in check.findings)
    bare = Case(incident, tuple(checks), findings)
    try:
        drawn = samples(incident)
        known = partial(incident, drawn)
    except NotApplicable:
        return bare  # Logs, environments and single tables are judged without replay.
    try:
        stand = stand_in(incident)
    except NotApplicable:
        return Case(incident, bare.checks, findings, drawn, known)
    swapped = bare.profile("localise.swap_back")
    weights = swapped.weight_of if isinstance(swapped, SwapBack) else {}
    return Case(incident, bare.checks, findings, drawn, stand.outcome, stand, weights)


def _weigh(case: Case, hypothesis: Hypothesis) -> Weighed | None:
    """None for a fault in a column that the model ignores: that is a finding, and no cause."""
    if hypothesis.family is Family.DATA and case.weight(hypothesis.columns) < IGNORED_BELOW:
        return None
    replayed = replay(case, hypothesis)
    strength, against = hypothesis.strength, []
    if replayed is not None and replayed.lost:
        # A clear signature stays likely when its undo brings little back: a second fault may hide it.
        strength *= 0.6 + 0.4 * replayed.explains
        if replayed.explains < 0.1:
            against.append("replay")
    elif hypothesis.explains is not None:
        strength *= 0.6 + 0.4 * hypothesis.explains
    return Weighed(hypothesis, replayed, strength, tuple(against))


def _settle(case: Case, weighed: list[Weighed]) -> list[Cause]:
    """Let hypotheses that speak of the same columns compete, and let a proven fault in the data weaken what it imitates."""
    ordered = sorted(weighed, key=lambda w: (-w.strength, w.hypothesis.code, w.hypothesis.columns))
    taken: set[str] = set()
    proven = max((w.strength for w in ordered if w.hypothesis.family in (Family.DATA, Family.OPERATIONS)), default=0.0)
    causes = []
    for entry in ordered:
        told, confidence = entry.hypothesis, entry.strength
        if told.family is Family.DATA:
            if taken & set(told.columns):
                confidence *= 0.3
            taken |= set(told.columns)
        elif told.family in (Family.POPULATION, Family.CONCEPT, Family.MODEL) and proven >= 0.5:
            # Faults in the data move the rows and the relation too; what they imitate is no second cause.
            confidence *= 1 - 0.85 * proven
        if confidence >= KEEP_ABOVE:
            causes.append(_cause(entry, confidence))
    return sorted(causes, key=lambda cause: (-cause.confidence, cause.code, cause.columns))[:SHOWN]


def _cause(entry: Weighed, confidence: float) -> Cause:
    told, replayed = entry.hypothesis, entry.replayed
    lost = replayed is not None and replayed.lost
    return Cause(
        told.code,
        told.family,
        float(min(0.98, confidence)),
        told.says,
        told.remedy,
        told.evidence,
        told.columns,
        told.segment,
        told.since,
        replayed.explains if replayed is not None and lost else told.explains,
        replayed.replay if replayed is not None and lost else None,
        told.supports,
        entry.against,
    )
