"""The answer of the command `logs`: templates, bursts, metrics and causes, as plain values for JSON."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from diagnostics.causes.catalogue import ERROR_BURST
from diagnostics.checks.operations import bursts as burst_check
from diagnostics.checks.operations import decisive as decisive_check
from diagnostics.checks.operations import logs as log_check
from diagnostics.checks.operations import requests as request_check
from diagnostics.checks.operations import service as service_check
from diagnostics.checks.operations.metrics import check as metric_check
from diagnostics.checks.operations.metrics.series import read_metrics
from diagnostics.checks.operations.reading.scan import LogScan, read_logs
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Value, Words

CONFIDENCE = {Severity.CRITICAL: 0.9, Severity.WARNING: 0.6, Severity.INFO: 0.3}
"""How far one finding alone carries its cause."""

DECIDED = 0.96
"""What a line that has one cause only carries it to."""

CONSEQUENCE = 0.75
"""What is left of errors where something that brings them about is known: memory that ran out, a library that is missing."""


@dataclass(frozen=True)
class Seen:
    """What the files of a service gave. scanned: None without a log. assigned: the template's id of every line, 0 for lines of
    a log that could not be read to its end.
    """

    scanned: LogScan | None
    bursts: tuple[burst_check.Burst, ...]
    of_logs: tuple[Finding, ...]
    of_metrics: tuple[Finding, ...]
    problems: tuple[tuple[str, str], ...]
    assigned: Sequence[int]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self.of_logs, *self.of_metrics)


def look(logs: Sequence[Path], metrics: Sequence[Path], limits: Mapping[str, float] = MappingProxyType({})) -> Seen:
    """Raises BadInput when nothing is given, when no log can be read, or no metrics file, of those given."""
    if not logs and not metrics:
        raise BadInput(N_("Give at least one log, or metrics with --metrics."))
    assigned: array[int] = array("I")
    findings: list[Finding] = []
    bursts: tuple[burst_check.Burst, ...] = ()
    problems: list[tuple[str, str]] = []
    scanned = read_logs(tuple(logs), assigned=assigned) if logs else None
    if scanned is not None:
        problems += scanned.problems
        findings += log_check.judge(scanned) + decisive_check.judge(scanned) + service_check.judge(service_check.of(scanned))
        try:
            told = burst_check.find(scanned)
        except NotApplicable:
            pass  # A log without times has no bursts; its templates stand.
        else:
            findings += burst_check.judge(told)
            bursts = told.bursts
        with suppress(NotApplicable):  # Nor has one without requests a course of them.
            findings += request_check.judge(request_check.of(scanned))
    measured: list[Finding] = []
    if metrics:
        p = metric_check.of(read_metrics(tuple(metrics), limits))
        problems += p.problems
        measured = metric_check.judge(p)
    return Seen(scanned, bursts, tuple(findings), tuple(measured), tuple(problems), assigned)


def logs_record(logs: Sequence[Path], metrics: Sequence[Path], words: Words) -> tuple[dict[str, Any], Sequence[int]]:
    """The record, and the template's id of every line of `logs` in their order. Raises BadInput as `look` does."""
    seen = look(logs, metrics)
    return recorded(seen, words), seen.assigned


def recorded(seen: Seen, words: Words) -> dict[str, Any]:
    scanned = seen.scanned
    templates = sorted(scanned.templates, key=lambda t: t.id) if scanned is not None else []
    return {
        "templates": [{"id": t.id, "template": t.text, "count": t.count} for t in templates],
        "bursts": [_burst(burst, scanned) for burst in seen.bursts if scanned is not None],
        "metrics": [_metric(finding) for finding in seen.of_metrics],
        "causes": _causes(seen.findings, words),
        "findings": [
            {
                "code": f.code,
                "severity": str(f.severity),
                "since": plain(f.since),
                "statement": f.statement(words),
                "evidence": {key: plain(value) for key, value in f.evidence.items()},
            }
            for f in sorted(seen.findings, key=lambda f: f.rank)
        ],
        "unreadable": [{"file": file, "why": why} for file, why in seen.problems],
    }


def logs_text(record: Mapping[str, Any], words: Words) -> str:
    """The record as sentences, for a person at a terminal."""
    lines = []
    for cause in record["causes"]:
        lines.append(words(N_("{share:percent} sure: {statement}"), share=cause["confidence"], statement=cause["statement"]))
        lines.append("    " + cause["remedy"])
    if not record["causes"]:
        lines.append(words(N_("No cause was found in what the service wrote and measured.")))
    told = {cause["statement"] for cause in record["causes"]}
    lines += [f"[{f['code']}] {f['statement']}" for f in record["findings"] if f["statement"] not in told]
    return "\n".join(lines) + "\n"


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
    reasons = any(_decides(f) or f.rule is service_check.MEMORY_KILLS for group in groups.values() for f in group)
    causes = []
    for code, group in groups.items():
        group.sort(key=lambda f: f.rank)
        known = [f.since for f in group if f.since]
        doubt = 1.0
        for rule in {f.code for f in group}:
            doubt *= 1 - max(_alone(f) for f in group if f.code == rule)
        share = CONSEQUENCE if reasons and code == ERROR_BURST.code else 1.0
        causes.append(
            {
                "code": code,
                "confidence": round(share * min(0.97, 1 - doubt), 3),
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


def _decides(finding: Finding) -> bool:
    return finding.rule in decisive_check.RULES


def _alone(finding: Finding) -> float:
    return DECIDED if _decides(finding) else CONFIDENCE[finding.severity]


def plain(value: Value) -> Any:
    """A value as JSON holds it: times as ISO text, numbers that are none as null."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return None if value != value or value in (float("inf"), float("-inf")) else round(value, 6)
    return list(value) if isinstance(value, tuple | list) else value
