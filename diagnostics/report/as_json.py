"""The result of `investigate` as the contract's JSON, schema 1."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from diagnostics.catalogue import STEPS
from diagnostics.causes.cause import Cause
from diagnostics.investigation import Investigation
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Value, Words

SCHEMA: Final = 1
UNDECIDED: Final = "undecided"

TIME_STEPS: Final = (10, 60, 600, 3600)
"""Seconds are given as "at most": the same input must give the same bytes, and no two runs take equally long."""


def as_json(investigation: Investigation, words: Words) -> str:
    return json.dumps(record(investigation, words), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def record(investigation: Investigation, words: Words) -> dict[str, Any]:
    """The contract's object, of plain JSON values."""
    return {
        "schema": SCHEMA,
        "title": investigation.incident.title,
        "verdict": investigation.conclusion.verdict,
        "causes": [_cause(cause, words) for cause in investigation.causes],
        "findings": [
            # Those of the clinic, which belong to no step, come last, as step 0.
            _finding(finding, number, words)
            for number in (*range(1, len(STEPS) + 1), 0)
            for finding in investigation.findings(number)
        ],
        "steps": [
            {
                "step": number,
                "name": name,
                "status": str(investigation.status(number)),
                "reason": investigation.standing(number).statement(words),
            }
            for number, name in enumerate(STEPS, start=1)
        ],
        "remarks": [
            *(
                words(N_("{file:name} could not be read: {why}"), file=file, why=why)
                for file, why in investigation.incident.unreadable
            ),
            *(remark.statement(words) for remark in investigation.remarks),
            *([investigation.conclusion.statement(words)] if investigation.conclusion.verdict == UNDECIDED else []),
        ],
        "guesses": [
            {
                "role": guess.role,
                "column": guess.column,
                "evidence": guess.evidence.statement(words),
                "confidence": round(guess.confidence, 2),
            }
            for guess in investigation.incident.guesses
        ],
        "seconds": next((step for step in TIME_STEPS if investigation.seconds <= step), TIME_STEPS[-1]),
    }


def plain(value: Value) -> Any:
    """A value of evidence as JSON knows it: times as ISO text, no NaN or infinity, floats to six significant digits."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        number = float(value)
        if not math.isfinite(number):
            return None
        return int(value) if number == int(number) and abs(number) < 2**53 else float(f"{number:.6g}")
    return [plain(item) for item in value]


def _cause(cause: Cause, words: Words) -> dict[str, Any]:
    return {
        "code": cause.code,
        "confidence": round(cause.confidence, 3),
        "columns": list(cause.columns),
        "segment": cause.segment,
        "since": cause.since.isoformat() if cause.since else None,
        "ramp": cause.ramp,
        "explains": None if cause.explains is None else round(cause.explains, 3),
        "statement": cause.statement(words),
        "remedy": cause.remedy_text(words),
        "evidence": list(cause.supports),
        "against": list(cause.against),
        "weighed": [{"of": p.feature, "says": words(p.says), "log_odds": round(p.adds, 3)} for p in cause.weighed],
        "next_check": words(cause.next_check) if cause.next_check else None,
    }


def _finding(finding: Finding, number: int, words: Words) -> dict[str, Any]:
    return {
        "code": finding.code,
        "step": number,
        "severity": str(finding.severity),
        "columns": list(finding.columns),
        "since": finding.since.isoformat() if finding.since else None,
        "segment": finding.segment,
        "statement": finding.statement(words),
        "evidence": _evidence(finding.evidence),
    }


def _evidence(evidence: Mapping[str, Value]) -> dict[str, Any]:
    return {key: plain(value) for key, value in evidence.items()}
