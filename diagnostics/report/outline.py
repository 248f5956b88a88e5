"""What a report says and in which order, once, for every format."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from diagnostics.catalogue import STEP_TITLES
from diagnostics.causes.cause import TITLES, Cause, Replay
from diagnostics.investigation import Investigation
from diagnostics.report.as_json import reason
from diagnostics.words import N_, Words

NOTHING: Final = N_("No cause was found: what could be checked looks as it did in the reference.")
NOTHING_SURE: Final = N_("No cause was found, but what was given does not suffice to say that all is well.")

LIBRARIES: Final = ("duckdb", "numpy", "pandas", "scikit-learn", "scipy", "ruptures")

STATUS_WORDS: Final = {"problem": N_("problem"), "ok": N_("ok"), "skipped": N_("skipped")}


@dataclass(frozen=True)
class CauseText:
    """One cause in words. proof: what the undo showed, empty where there was none."""

    title: str
    statement: str
    sure: str
    remedy: str
    proof: str
    supports: tuple[str, ...]
    against: tuple[str, ...]
    next_check: str
    replay: Replay | None


@dataclass(frozen=True)
class StepText:
    """One step in words; findings are (code, severity, statement), worst first; skipped are sentences."""

    title: str
    status: str
    reason: str
    findings: tuple[tuple[str, str, str], ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """The blameless order: summary, causes, steps with every finding, how it was computed."""

    title: str
    summary: str
    causes: tuple[CauseText, ...]
    steps: tuple[StepText, ...]
    computed: tuple[tuple[str, str], ...]


def outline(investigation: Investigation, words: Words) -> Outline:
    incident = investigation.incident
    causes = tuple(_cause(cause, words) for cause in investigation.causes)
    summary = (
        investigation.causes[0].statement(words)
        if investigation.causes
        else words(NOTHING_SURE if investigation.limited else NOTHING)
    )
    return Outline(
        incident.title or words(N_("Incident")),
        summary,
        causes,
        tuple(_step(investigation, number, words) for number in range(1, len(STEP_TITLES) + 1)),
        tuple(_computed(investigation, words)),
    )


def _cause(cause: Cause, words: Words) -> CauseText:
    return CauseText(
        words(TITLES[cause.code]),
        cause.statement(words),
        words(N_("{share:percent} sure"), share=cause.confidence),
        cause.remedy_text(words),
        " ".join(cause.proof(words)),
        cause.supports,
        cause.against,
        words(cause.next_check) if cause.next_check else "",
        cause.replay,
    )


def _step(investigation: Investigation, number: int, words: Words) -> StepText:
    status = investigation.status(number)
    findings = tuple((f.code, str(f.severity), f.statement(words)) for f in investigation.findings(number))
    skipped = [c.skipped.statement(words) for c in investigation.step(number) if c.skipped]
    skipped += [
        words(N_("The check {name} could not finish ({error})."), name=c.name, error=c.failed)
        for c in investigation.step(number)
        if c.failed
    ]
    return StepText(
        f"{number}. {words(STEP_TITLES[number - 1])}",
        words(STATUS_WORDS[str(status)]),
        reason(investigation, number, words),
        findings,
        tuple(dict.fromkeys(skipped)),
    )


def _computed(investigation: Investigation, words: Words) -> Sequence[tuple[str, str]]:
    incident = investigation.incident
    lines = [(words(N_("To know")), remark.statement(words)) for remark in investigation.remarks]
    lines += [
        (words(N_("To know")), words(N_("{file:name} could not be read: {why}"), file=file, why=why))
        for file, why in incident.unreadable
    ]
    lines += [(words(N_("Seed")), str(incident.seed))]
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
    lines.append(("Python", platform.python_version()))
    lines += [(name, version(name)) for name in LIBRARIES]
    return lines
