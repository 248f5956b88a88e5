"""Causes outside the tables: operations, environment, configuration and code, as the checks of steps 3, 5 and 6 name them.

What the tables show counts for them and against them: a package, a setting or another model changes what the same inputs get,
and what was learnt before a split promises too much from the first day on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from diagnostics.causes.cause import Family
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.checks.reproduce.model_replay import ModelReplay
from diagnostics.checks.reproduce.replayed import Replayed
from diagnostics.measure.onset import first
from diagnostics.measure.samples import times
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Value

FAMILIES: Final = {
    "memory_leak": Family.OPERATIONS,
    "resource_saturation": Family.OPERATIONS,
    "latency_regression": Family.OPERATIONS,
    "error_burst": Family.OPERATIONS,
    "environment_mismatch": Family.CODE,
    "config_mismatch": Family.CODE,
    "preprocessing_leakage": Family.CODE,
    "train_test_overlap": Family.TRAINING,
    "target_leakage": Family.TRAINING,
    "model_mismatch": Family.MODEL,
}

STRENGTHS: Final = {Severity.CRITICAL: 0.9, Severity.WARNING: 0.6, Severity.INFO: 0.0}

CONSEQUENCE: Final = 0.75
"""What is left of a symptom of the service when another one came first: leaks end in timeouts, and timeouts in errors."""

ANSWERS: Final = ("REP001", "REP040")
"""Rules that say that the same inputs get other answers than in the reference."""

WORSE: Final = ("CON001", "CON002", "CON003", "CON011", "CON021")
"""Rules that say that the model became worse, by its labels."""

AROUND: Final = ("environment_mismatch", "config_mismatch")
"""What changes the answers without changing the model's file."""

LEARNT: Final = ("preprocessing_leakage", "train_test_overlap", "target_leakage")
"""What makes the test promise too much: production is worse from its first row on."""

DECIDED_AFTER: Final = ("threshold", "classes")
"""Settings that act on the score, which therefore stays as it was."""

EXPLAINED: Final = 0.96
"""A known break between versions, or a setting that shapes the answers, where the answers moved: it says why they did."""

LATENT: Final = 2 / 3
"""What is left of a fault that the tables show no sign of: it is there, and does nothing so far."""

SEVERAL: Final = N_(
    "{count:count} packages are not what the model was made with: {packages:list}. {package:name} is {after} and was {before}."
)

COVERED: Final = 0.5
"""Share of the rows that must lie where the reference has some, for the answers to count as unchanged."""

AT_ONCE: Final = timedelta(days=1)
"""A symptom this soon after the first row was there from the start."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """What the service and its surroundings did, each code once; what came first is the likelier cause of what came after."""
    told = [_beside_tables(case, hypothesis) for hypothesis in _each(case)]
    began = min((h.since for h in told if h.family is Family.OPERATIONS and h.since), default=None)
    why = any(h.code in AROUND and h.strength >= EXPLAINED for h in told)
    for hypothesis in told:
        later = hypothesis.family is Family.OPERATIONS and began is not None and hypothesis.since != began
        # That the answers do not come back is then the sign, and what stands in the two files the reason.
        sign = hypothesis.code == "model_mismatch" and why
        yield replace(hypothesis, strength=hypothesis.strength * CONSEQUENCE) if later or sign else hypothesis


def _each(case: Case) -> Iterator[Hypothesis]:
    """The clearest finding of each code; the others of the same code support it."""
    for code, family in FAMILIES.items():
        told = sorted((f for f in case.findings if f.evidence.get("cause") == code), key=lambda finding: finding.rank)
        told = [finding for finding in told if STRENGTHS[_severity(finding)] > 0]
        if not told:
            continue
        first_told = told[0]
        says, evidence = _counted(told)
        yield Hypothesis(
            code,
            family,
            STRENGTHS[_severity(first_told)],
            says,
            first_told.rule.remedy,
            evidence,
            first_told.columns,
            first_told.segment,
            min((f.since for f in told if f.since), default=None),
            tuple(dict.fromkeys(f.code for f in told)),
        )


def _counted(told: Sequence[Finding]) -> tuple[str, Mapping[str, Value]]:
    """The sentence of the first finding; of several packages, all that are as far apart as the first."""
    first_told = told[0]
    evidence = dict(first_told.evidence)
    alike = [f for f in told if _severity(f) is _severity(first_told) and f.evidence.get("after") and "package" in f.evidence]
    if len(alike) < 2 or alike[0] is not first_told:
        return first_told.says, evidence
    evidence |= {"count": len(alike), "packages": [str(f.evidence["package"]) for f in alike]}
    return SEVERAL, evidence


def _beside_tables(case: Case, told: Hypothesis) -> Hypothesis:
    """The hypothesis with what the tables say for it or against it; unchanged where they cannot say."""
    if told.code in AROUND:
        if told.evidence.get("matter") in DECIDED_AFTER and not _labels(case):
            return told
        moved = case.of(*ANSWERS)
        if moved and told.strength >= STRENGTHS[Severity.CRITICAL]:
            supports = tuple(dict.fromkeys((*told.supports, *(f.code for f in moved))))
            since = min((f.since for f in moved if f.since), default=None)
            return replace(told, strength=EXPLAINED, since=told.since or since, supports=supports)
        if not moved and _answers_hold(case):
            return replace(told, strength=told.strength * LATENT)
    if told.code in LEARNT and _fine_at_first(case):
        return replace(told, strength=told.strength * LATENT)
    return told


def _labels(case: Case) -> bool:
    return case.incident.answer is Answer.LABEL


def _answers_hold(case: Case) -> bool:
    """Whether it was looked at, and found, that the same inputs get the same answers as in the reference."""
    played = case.profile("reproduce.model_replay")
    if isinstance(played, ModelReplay) and played.rows.reference and played.rows.current:
        return not case.of("REP041", "REP042")
    stand = case.profile("reproduce.replayed")
    return isinstance(stand, Replayed) and stand.covered >= COVERED and not case.of("REP002")


def _fine_at_first(case: Case) -> bool:
    """Whether labels show that production was, or still is, as good as promised."""
    known = case.outcome
    if known is None or known.truth.current is None or known.answers.current is None:
        return False
    worse = [finding for finding in case.of(*WORSE) if finding.severity is not Severity.INFO]
    if not worse:
        return True
    began = min((finding.since for finding in worse if finding.since), default=None)
    start = None if case.samples is None else first(times(case.samples.current, case.incident.roles.timestamp))
    return began is not None and start is not None and began - start > AT_ONCE


def _severity(finding: Finding) -> Severity:
    return finding.severity or finding.rule.severity
