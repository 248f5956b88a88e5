"""Causes outside the tables: operations, environment, configuration and code, as the checks of steps 3, 5 and 6 name them.

What the tables show counts for them and against them: a package, a setting or another model changes what the same inputs get,
and what was learnt before a split promises too much from the first day on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from diagnostics.causes import catalogue as kinds
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.checks.environment.config.check import SettingDiffers
from diagnostics.checks.environment.config.matters import Matter
from diagnostics.checks.environment.packages.check import PackageDiffers
from diagnostics.checks.environment.serving.check import ServingLine
from diagnostics.checks.reproduce.model_replay import NEITHER, NOT_BEFORE, ModelReplay
from diagnostics.checks.reproduce.replayed import OUTSIDE, Replayed
from diagnostics.measure.onset import first
from diagnostics.measure.samples import times
from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.rule import Severity, Sign
from diagnostics.nouns.words import N_, Value

OUTSIDE_THE_TABLES: Final = (
    kinds.MEMORY_LEAK,
    kinds.RESOURCE_SATURATION,
    kinds.LATENCY_REGRESSION,
    kinds.ERROR_BURST,
    kinds.ENVIRONMENT_MISMATCH,
    kinds.CONFIG_MISMATCH,
    kinds.PREPROCESSING_LEAKAGE,
    kinds.SERVING_CODE,
    kinds.TRAIN_TEST_OVERLAP,
    kinds.TARGET_LEAKAGE,
    kinds.MODEL_MISMATCH,
)
"""Kinds whose findings are as clear as they are severe."""

STRENGTHS: Final = {Severity.CRITICAL: 0.9, Severity.WARNING: 0.6, Severity.INFO: 0.0}

CONSEQUENCE: Final = 0.75
"""What is left of a symptom of the service when another one came first: leaks end in timeouts, and timeouts in errors."""

AROUND: Final = (kinds.ENVIRONMENT_MISMATCH, kinds.CONFIG_MISMATCH)
"""What changes the predictions without changing the model's file."""

PROMISED: Final = (kinds.PREPROCESSING_LEAKAGE, kinds.TRAIN_TEST_OVERLAP, kinds.TARGET_LEAKAGE)
"""What makes the test promise too much: production is worse from its first row on."""

DECIDED_AFTER: Final = (Matter.THRESHOLD, Matter.CLASSES)
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
    """What the service and its surroundings did, each kind once; what came first is the likelier cause of what came after."""
    told = [_beside_tables(case, hypothesis, first) for hypothesis, first in _each(case)]
    began = min((h.since for h in told if h.family is Family.OPERATIONS and h.since), default=None)
    why = any(h.kind in AROUND and h.strength >= EXPLAINED for h in told)
    coded = any(h.kind is kinds.SERVING_CODE and h.strength >= EXPLAINED for h in told)
    for hypothesis in told:
        later = coded and hypothesis.family is Family.OPERATIONS
        later |= hypothesis.family is Family.OPERATIONS and began is not None and hypothesis.since != began
        # That the predictions do not come back is then the sign, and what stands in the two files the reason.
        sign = hypothesis.kind is kinds.MODEL_MISMATCH and why
        yield replace(hypothesis, strength=hypothesis.strength * CONSEQUENCE) if later or sign else hypothesis


def _each(case: Case) -> Iterator[tuple[Hypothesis, Finding]]:
    """The clearest finding of each kind, with it; the others of the same kind support it."""
    for kind in OUTSIDE_THE_TABLES:
        told = sorted((finding for finding in case.findings if _names(finding, kind)), key=lambda finding: finding.rank)
        if not told:
            continue
        says, evidence = _counted(told)
        hypothesis = Hypothesis(
            kind=kind,
            strength=STRENGTHS[told[0].severity],
            says=says,
            remedy=told[0].rule.remedy,
            evidence=evidence,
            columns=told[0].columns,
            segment=told[0].segment,
            since=min((f.since for f in told if f.since), default=None),
            supports=tuple(dict.fromkeys(f.code for f in told)),
        )
        yield hypothesis, told[0]


def _names(finding: Finding, kind: CauseKind) -> bool:
    """Whether a finding names the kind and says no more of its clearness than how severe it is."""
    by_severity = not finding.rule.clearness(finding.of) and STRENGTHS[finding.severity] > 0
    return by_severity and finding.rule.cause(finding.of) is kind


def _counted(told: Sequence[Finding]) -> tuple[str, Mapping[str, Value]]:
    """The sentence of the first finding; of several packages, all that are as far apart as the first."""
    alike = [f for f in told if f.severity is told[0].severity and isinstance(f.of, PackageDiffers) and f.of.after]
    evidence: dict[str, Value] = dict(told[0].evidence)
    if len(alike) < 2 or alike[0] is not told[0]:
        return told[0].says, evidence
    return SEVERAL, evidence | {"count": len(alike), "packages": [f.of.package for f in alike]}


def _beside_tables(case: Case, told: Hypothesis, finding: Finding) -> Hypothesis:
    """The hypothesis with what the tables say for it or against it; unchanged where they cannot say."""
    if told.kind in AROUND:
        if isinstance(finding.of, SettingDiffers) and finding.of.matter in DECIDED_AFTER and not _labels(case):
            return told
        moved = case.showing(Sign.OTHER_PREDICTIONS, silent=True)
        if moved and told.strength >= STRENGTHS[Severity.CRITICAL]:
            supports = tuple(dict.fromkeys((*told.supports, *(f.code for f in moved))))
            since = min((f.since for f in moved if f.since), default=None)
            return replace(told, strength=EXPLAINED, since=told.since or since, supports=supports)
        if not moved and _predictions_hold(case):
            return replace(told, strength=told.strength * LATENT)
    if told.kind is kinds.SERVING_CODE:
        return _with_symptom(case, told)
    if told.kind in PROMISED and _fine_at_first(case):
        return replace(told, strength=told.strength * LATENT)
    return told


def _with_symptom(case: Case, told: Hypothesis) -> Hypothesis:
    """A fault of the service's code beside the log or metric that shows it: it says why, and since when."""
    for finding in sorted((f for f in case.findings if isinstance(f.of, ServingLine)), key=lambda f: f.rank):
        shows = finding.of.shows if isinstance(finding.of, ServingLine) else ()
        seen = [f for f in case.findings if f.severity is not Severity.INFO and f.rule.cause(f.of) in shows]
        if seen:
            supports = tuple(dict.fromkeys((finding.code, *told.supports, *(f.code for f in seen))))
            since = min((f.since for f in seen if f.since), default=None)
            return replace(
                told,
                strength=EXPLAINED,
                since=since,
                supports=supports,
                says=finding.says,
                remedy=finding.rule.remedy,
                evidence=dict(finding.evidence),
            )
    return told


def _labels(case: Case) -> bool:
    return case.incident.answer is Answer.LABEL


def _predictions_hold(case: Case) -> bool:
    """Whether it was looked at, and found, that the same inputs get the same predictions as in the reference."""
    played = case.profile(ModelReplay)
    if played is not None and played.rows.reference and played.rows.current:
        return not case.fired(NOT_BEFORE, NEITHER)
    stand = case.profile(Replayed)
    return stand is not None and stand.covered >= COVERED and not case.fired(OUTSIDE)


def _fine_at_first(case: Case) -> bool:
    """Whether labels show that production was, or still is, as good as promised."""
    known = case.outcome
    if known is None or known.truth.current is None or known.answers.current is None:
        return False
    worse = case.showing(Sign.WORSE)
    if not worse:
        return True
    began = min((finding.since for finding in worse if finding.since), default=None)
    start = None if case.samples is None else first(times(case.samples.current, case.incident.roles.timestamp))
    return began is not None and start is not None and began - start > AT_ONCE
