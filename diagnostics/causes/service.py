"""Causes outside the tables: operations, environment and configuration, as the checks of steps 5 and 6 name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from diagnostics.causes.cause import Family
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.finding import Severity

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


def propose(case: Case) -> Iterator[Hypothesis]:
    """What the service and its surroundings did, each code once; what came first is the likelier cause of what came after."""
    told = list(_each(case))
    began = min((h.since for h in told if h.family is Family.OPERATIONS and h.since), default=None)
    for hypothesis in told:
        later = hypothesis.family is Family.OPERATIONS and began is not None and hypothesis.since != began
        yield replace(hypothesis, strength=hypothesis.strength * CONSEQUENCE) if later else hypothesis


def _each(case: Case) -> Iterator[Hypothesis]:
    """The clearest finding of each code; the others of the same code support it."""
    for code, family in FAMILIES.items():
        told = sorted((f for f in case.findings if f.evidence.get("cause") == code), key=lambda finding: finding.rank)
        told = [finding for finding in told if STRENGTHS[finding.severity or finding.rule.severity] > 0]
        if not told:
            continue
        first = told[0]
        yield Hypothesis(
            code,
            family,
            STRENGTHS[first.severity or first.rule.severity],
            first.says,
            first.rule.remedy,
            dict(first.evidence),
            first.columns,
            first.segment,
            min((f.since for f in told if f.since), default=None),
            tuple(dict.fromkeys(f.code for f in told)),
        )
