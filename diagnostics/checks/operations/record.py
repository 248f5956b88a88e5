"""The answer of the command `logs`: templates, bursts, metrics and causes, as plain values for JSON."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from diagnostics.checks.operations import bursts as burst_check
from diagnostics.checks.operations import logs as log_check
from diagnostics.checks.operations import service as service_check
from diagnostics.checks.operations.metrics import check as metric_check
from diagnostics.checks.operations.metrics.series import read_metrics
from diagnostics.checks.operations.reading.scan import LogScan, read_logs
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Value, Words

CONFIDENCE = {Severity.CRITICAL: 0.9, Severity.WARNING: 0.6, Severity.INFO: 0.3}
"""How far one finding alone carries its cause."""


def logs_record(logs: Sequence[Path], metrics: Sequence[Path], words: Words) -> tuple[dict[str, Any], Sequence[int]]:
    """The record, and the template's id of every line of `logs` in their order (0 for lines of a log that could not be read
    to its end).

    Raises BadInput when no log can be read, or no metrics file of those given.
    """
    assigned: array[int] = array("I")
    findings: list[Finding] = []
    scanned = read_logs(tuple(logs), assigned=assigned)
    findings += log_check.judge(scanned) + service_check.judge(service_check.of(scanned))
    found: tuple[burst_check.Burst, ...] = ()
    try:
        told = burst_check.find(scanned)
    except NotApplicable:
        pass  # A log without times has no bursts; its templates stand.
    else:
        findings += burst_check.judge(told)
        found = told.bursts
    measured: list[Finding] = []
    problems = list(scanned.problems)
    if metrics:
        p = metric_check.of(read_metrics(tuple(metrics)))
        problems += p.problems
        measured = metric_check.judge(p)
    record: dict[str, Any] = {
        "templates": [{"id": t.id, "template": t.text, "count": t.count} for t in sorted(scanned.templates, key=lambda t: t.id)],
        "bursts": [_burst(burst, scanned) for burst in found],
        "metrics": [_metric(finding) for finding in measured],
        "causes": _causes([*findings, *measured], words),
        "findings": [
            {
                "code": f.code,
                "severity": str(f.severity),
                "since": plain(f.since),
                "statement": f.statement(words),
                "evidence": {key: plain(value) for key, value in f.evidence.items()},
            }
            for f in sorted([*findings, *measured], key=lambda f: f.rank)
        ],
        "unreadable": [{"file": file, "why": why} for file, why in problems],
    }
    return record, assigned


def _burst(burst: burst_check.Burst, scanned: LogScan) -> dict[str, Any]:
    return {
        "id": burst.template,
        "template": burst.text,
        "since": plain(burst.since),
        "until": plain(burst.until or scanned.until),
        "count": burst.count,
    }


def _metric(finding: Finding) -> dict[str, Any]:
    evidence = {key: plain(value) for key, value in finding.evidence.items()}
    kind = finding.rule.cause(finding.of)
    shape = "spike" if finding.rule is metric_check.SPIKE else "level_shift"
    return {
        "series": evidence["series"],
        "code": shape if kind is None else kind.code,
        "since": plain(finding.since),
        "until": evidence.get("until"),
        "evidence": evidence,
    }


def _causes(findings: Iterable[Finding], words: Words) -> list[dict[str, Any]]:
    """Findings that name the same cause, as one entry; two independent ones are surer than one."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        kind = finding.rule.cause(finding.of)
        if kind is not None and finding.severity is not Severity.INFO:
            groups.setdefault(kind.code, []).append(finding)
    causes = []
    for code, group in groups.items():
        group.sort(key=lambda f: f.rank)
        known = [f.since for f in group if f.since]
        doubt = 1.0
        for rule in {f.code for f in group}:
            doubt *= 1 - max(CONFIDENCE[f.severity] for f in group if f.code == rule)
        causes.append(
            {
                "code": code,
                "confidence": round(min(0.97, 1 - doubt), 3),
                "columns": [],
                "segment": None,
                "since": plain(min(known)) if known else None,
                "explains": None,
                "statement": group[0].statement(words),
                "remedy": words(group[0].rule.remedy),
                "evidence": sorted({f.code for f in group}),
                "against": [],
                "next_check": None,
            }
        )
    return sorted(causes, key=lambda c: (-c["confidence"], c["since"] or "9999", c["code"]))


def plain(value: Value) -> Any:
    """A value as JSON holds it: times as ISO text, numbers that are none as null."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return None if value != value or value in (float("inf"), float("-inf")) else round(value, 6)
    return list(value) if isinstance(value, tuple | list) else value
