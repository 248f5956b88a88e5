"""The ranked board: hypotheses from every family, undone and replayed, weighed against each other, or none at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from diagnostics.causes import data
from diagnostics.causes.cause import Cause, Family
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.replay import Replayed, replay
from diagnostics.check import Check
from diagnostics.finding import NotApplicable
from diagnostics.incident import Incident
from diagnostics.outcome import partial
from diagnostics.samples import samples
from diagnostics.surrogate import stand_in
from diagnostics.words import N_

PROPOSERS: Final[tuple[Callable[[Case], Iterable[Hypothesis]], ...]] = (data.propose,)

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
    return Case(incident, bare.checks, findings, drawn, stand.outcome, stand)
