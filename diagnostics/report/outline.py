"""What a report says and in which order, once, for every format. Blameless: what happened and what helps, never who."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from diagnostics import timeline as times
from diagnostics.catalogue import STEP_TITLES
from diagnostics.causes.cause import Cause, Replay
from diagnostics.investigation import Investigation
from diagnostics.keep.review.edit import cause_key
from diagnostics.keep.review.impact import filled
from diagnostics.keep.review.impact import told as impact_told
from diagnostics.keep.review.record import Record
from diagnostics.keep.review.timeline import review
from diagnostics.measure.engine import SAMPLE_ROWS
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Lane, Severity
from diagnostics.nouns.words import N_, Words
from diagnostics.report.numbers import numbers, thresholds
from diagnostics.report.written import Opinion, Written, capped, told
from diagnostics.timeline import Timeline

LIBRARIES: Final = ("duckdb", "numpy", "pandas", "plotly", "pyarrow", "ruptures", "scikit-learn", "scipy")

STATUS_WORDS: Final = {"problem": N_("problem"), "ok": N_("ok"), "skipped": N_("skipped")}

SEVERITY_WORDS: Final = {
    Severity.CRITICAL: N_("critical"),
    Severity.WARNING: N_("to watch"),
    Severity.INFO: N_("for information"),
}

PROOFS: Final = {
    "replay": N_("Undoing it wins back little or nothing of what was lost."),
    "harmless": N_("The model leans on these columns, and its predictions became no worse."),
    "likeness": N_("With it undone, the rows still look different from the reference's."),
}
"""What speaks against a cause without being a finding."""

GROUNDS_CAP: Final = 3
"""Findings of one rule that are named for a cause; the appendix has all."""

FINDINGS_CAP: Final = 2_000
"""Findings that the appendix lists, and NUMBERS_CAP of them with their numbers; the JSON result has all."""
NUMBERS_CAP: Final = 300

CODE: Final = ("code", "mended")
"""Evidence that is lines of code, shown as such."""


@dataclass(frozen=True)
class CauseText:
    """One cause in words. proof: what the undo showed; supports and against: (code, sentence); opinion: what people decided."""

    title: str
    statement: str
    sure: str
    remedy: str
    proof: tuple[str, ...]
    supports: tuple[tuple[str, str], ...]
    against: tuple[tuple[str, str], ...]
    next_check: str
    replay: Replay | None
    code: str
    mended: str
    opinion: Opinion | None = None


@dataclass(frozen=True)
class FindingText:
    """severity: for machines; level: the same in words; numbers: (name, value) of those that people see."""

    code: str
    severity: str
    level: str
    statement: str
    numbers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RuleText:
    """How the findings of one rule are computed. thresholds: (name, value)."""

    code: str
    title: str
    statistic: str
    source: str
    thresholds: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StepText:
    """One step in words; findings worst first; more: how many are not listed; skipped are sentences."""

    title: str
    status: str
    mark: str
    reason: str
    findings: tuple[FindingText, ...]
    more: int
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """The order of every format. first: what came first, in a sentence; moments: (time, what it is about, what); others: causes
    that people judged and that are not on the board.
    """

    title: str
    summary: str
    remarks: tuple[str, ...]
    impact: tuple[str, ...]
    timeline: Timeline | None
    first: str
    moments: tuple[tuple[str, str, str], ...]
    causes: tuple[CauseText, ...]
    others: tuple[Opinion, ...]
    unchecked: tuple[str, ...]
    steps: tuple[StepText, ...]
    rules: tuple[RuleText, ...]
    computed: tuple[tuple[str, str], ...]
    record: Written | None = None


def outline(investigation: Investigation, words: Words, record: Record | None = None) -> Outline:
    known = filled(record or Record(), investigation)
    notes = told(known, words) if known.written else None
    opinions = notes.opinions if notes else ()
    judged = {opinion.key: opinion for opinion in opinions}
    keys = [cause_key(cause.code, cause.columns) for cause in investigation.causes]
    summary = investigation.conclusion.statement(words)
    p = review(known, investigation)
    return Outline(
        known.title or words(N_("Incident")),
        summary,
        tuple(_remarks(investigation, words)),
        tuple(_impact(investigation, known, words)),
        p,
        times.told(p, words) if p and p.signs else "",
        tuple(_moments(p, known, words)),
        tuple(
            _cause(cause, investigation, words, judged.get(key)) for key, cause in zip(keys, investigation.causes, strict=True)
        ),
        tuple(opinion for opinion in opinions if opinion.key not in keys),
        tuple(_unchecked(investigation, words)),
        tuple(_steps(investigation, words)),
        tuple(_rules(investigation, words)),
        tuple(_computed(investigation, words)),
        notes,
    )


def _remarks(investigation: Investigation, words: Words) -> list[str]:
    """What in the input itself limits the answer."""
    return [
        *(remark.statement(words) for remark in investigation.remarks),
        *(
            words(N_("{file:name} could not be read: {why}"), file=file, why=why)
            for file, why in investigation.incident.unreadable
        ),
    ]


def _impact(investigation: Investigation, known: Record, words: Words) -> list[str]:
    """Rows and times, what people wrote, and what the worst of step 1 says, each a paragraph."""
    found = [f.statement(words) for f in investigation.findings(1) if f.severity is not Severity.INFO]
    return [text for text in (impact_told(known.impact, words), capped(known.impact.says, words), *found[:GROUNDS_CAP]) if text]


def _moments(p: Timeline | None, known: Record, words: Words) -> list[tuple[str, str, str]]:
    """Detected onsets, deploys and what people noted, by time."""
    found = [
        (m.time, words(times.LANES[m.lane]), times.label(m, words)) for m in (p.moments if p else ()) if m.lane is not Lane.NOTED
    ]
    # The picture holds the first notes on its one axis; here they all stand, in full.
    found += [(event.time, words(times.LANES[Lane.NOTED]), capped(event.what, words)) for event in known.events]
    return [(words.time(when), lane, what) for when, lane, what in sorted(found, key=lambda moment: moment[0])]


def _cause(cause: Cause, investigation: Investigation, words: Words, opinion: Opinion | None) -> CauseText:
    lines = {name: value for name in CODE if isinstance(value := cause.evidence.get(name), str)}
    return CauseText(
        words(cause.kind.title),
        cause.statement(words),
        words(N_("{share:percent} sure"), share=cause.confidence),
        cause.remedy_text(words),
        cause.proof(words),
        tuple(_grounds(cause.supports, cause, investigation, words)),
        tuple(_grounds(cause.against, cause, investigation, words)),
        words.sentence(cause.next_check, cause.evidence) if cause.next_check else "",
        cause.replay,
        lines.get("code", "").rstrip(),
        lines.get("mended", "").rstrip(),
        opinion,
    )


def _grounds(codes: Sequence[str], cause: Cause, investigation: Investigation, words: Words) -> list[tuple[str, str]]:
    """What the rules named by a cause found, as sentences."""
    told = []
    for code in dict.fromkeys(codes):
        if code in PROOFS:
            told.append(("", words(PROOFS[code])))
            continue
        found = [f for f in investigation.findings() if f.code == code]
        near = [f for f in found if set(f.columns) & set(cause.columns)] or found
        told += [(code, f.statement(words)) for f in near[:GROUNDS_CAP]]
        rule = next((r for check in investigation.checks for r in check.diagnostic.rules if r.code == code), None)
        if not found and rule is not None:
            told.append((code, words(N_("{title}: checked, not found."), title=words(rule.title))))
    return told


def _unchecked(investigation: Investigation, words: Words) -> list[str]:
    """Each reason once, with what could be checked otherwise."""
    reasons: dict[str, list[str]] = {}
    for check in investigation.checks:
        if check.skipped:
            titles = reasons.setdefault(check.skipped.statement(words), [])
            titles += [words(rule.title) for rule in check.diagnostic.rules]
    told = [
        words(N_("{reason} Then this can be checked: {what}."), reason=reason_, what=words(N_(", ")).join(titles))
        for reason_, titles in reasons.items()
    ]
    return [*told, *(_failed(check, words) for check in investigation.checks if check.failed)]


def _failed(check: Check, words: Words) -> str:
    return words(N_("The check {name} could not finish ({error})."), name=check.name, error=check.failed)


def _steps(investigation: Investigation, words: Words) -> list[StepText]:
    left, numbered, told = FINDINGS_CAP, NUMBERS_CAP, []
    for number in (*range(1, len(STEP_TITLES) + 1), 0):
        found = investigation.findings(number)
        if number == 0 and not found:
            continue
        listed = [_finding(f, words, numbered=place < numbered) for place, f in enumerate(found[:left])]
        left, numbered = left - len(listed), max(0, numbered - len(listed))
        status = investigation.status(number)
        checks = investigation.step(number)
        skipped = [c.skipped.statement(words) for c in checks if c.skipped] + [_failed(c, words) for c in checks if c.failed]
        why = investigation.standing(number).statement(words)
        told.append(
            StepText(
                f"{number}. {words(STEP_TITLES[number - 1])}" if number else words(N_("Clinic")),
                words(STATUS_WORDS[str(status)]),
                str(status),
                why,
                tuple(listed),
                len(found) - len(listed),
                tuple(text for text in dict.fromkeys(skipped) if text != why),
            )
        )
    return told


def _finding(finding: Finding, words: Words, *, numbered: bool) -> FindingText:
    level = finding.severity or finding.rule.severity
    shown = tuple((number.name, number.text) for number in numbers(finding, words)) if numbered else ()
    return FindingText(finding.code, str(level), words(SEVERITY_WORDS[level]), finding.statement(words), shown)


def _rules(investigation: Investigation, words: Words) -> list[RuleText]:
    """How each rule that found something is computed."""
    told = []
    for check in investigation.checks:
        fired = {finding.code for finding in check.findings}
        for rule in check.diagnostic.rules:
            if rule.code in fired:
                compared = tuple((t.name, t.text) for t in thresholds(rule, check.diagnostic.module, words))
                told.append(RuleText(rule.code, words(rule.title), words(rule.statistic), rule.source, compared))
    return told


def _computed(investigation: Investigation, words: Words) -> list[tuple[str, str]]:
    incident = investigation.incident
    lines = [(words(N_("Seed")), str(incident.seed))]
    for label, table in ((N_("Reference"), incident.reference), (N_("Current"), incident.current)):
        if table is not None:
            text = words(
                N_("{file:name}: rows {rows:count}, rejected {rejected:count}, fingerprint {fingerprint}"),
                file=table.reading.source,
                rows=table.rows,
                rejected=table.reading.rejected_count,
                fingerprint=table.fingerprint[:16],
            )
            lines.append((words(label), text))
    if incident.reference is not None and incident.current is not None:
        drawn = N_("Every row was counted; what needs single rows used at most {cap:count} of each table.")
        lines.append((words(N_("Rows used")), words(drawn, cap=SAMPLE_ROWS)))
    lines += [(words(N_("Incident")), incident.fingerprint[:16]), ("Python", platform.python_version())]
    return lines + [(name, version(name)) for name in LIBRARIES]
