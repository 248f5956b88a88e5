"""Errors in the log: how many, which are new, which exceptions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from diagnostics.causes.catalogue import ERROR_BURST
from diagnostics.checks.operations.reading.header import Level
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.checks.operations.reading.scan import LogScan, TemplateCount, scan
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class ManyErrors(Entry):
    """template, count: of the most frequent error."""

    share: float = shown(N_("Messages that are errors"), Unit.SHARE)
    errors: int = shown(N_("Errors"), Unit.COUNT)
    records: int = shown(N_("Messages in the log"), Unit.COUNT)
    template: str = shown(N_("Most frequent error"), Unit.NAME)
    count: int = shown(N_("How often it came"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class NewError(Entry):
    """A kind of error that the first part of the log does not have."""

    template: str = shown(N_("Message"), Unit.NAME)
    template_id: int
    count: int = shown(N_("How often it came"), Unit.COUNT)
    first: datetime | None = shown(N_("When it first came"), Unit.TIME)
    before: int = shown(N_("Messages before it first came"), Unit.COUNT)
    share_after: float = shown(N_("Its share of the messages since then"), Unit.SHARE)
    cause: CauseKind = ERROR_BURST


@dataclass(frozen=True, kw_only=True)
class Raised(Entry):
    """An exception and how often it was raised."""

    name: str = shown(N_("Exception"), Unit.NAME)
    count: int = shown(N_("How often it was raised"), Unit.COUNT)
    first: datetime | None = shown(N_("When it was first raised"), Unit.TIME)
    cause: CauseKind = ERROR_BURST


def _say_new(entry: NewError) -> str:
    if entry.first:
        return N_("A new error appeared on {first:time} and came {count:count} times: {template:name}")
    return N_("A new error appeared after {before:count} messages and came {count:count} times: {template:name}")


def _say_raised(entry: Raised) -> str:
    if entry.first:
        return N_("{name:name} was raised {count:count} times, first on {first:time}.")
    return N_("{name:name} was raised {count:count} times.")


ERRORS_MANY: Final = Rule[ManyErrors](
    code="OPS001",
    lane=Lane.ERRORS,
    title=N_("Many messages are errors"),
    says=N_("{share:percent} of the {records:count} messages are errors; the most frequent is: {template:name}"),
    why=N_("What the service itself calls an error is the shortest way to what went wrong."),
    remedy=N_("Read the most frequent error below with the lines before it, and mend that one first."),
    statistic=N_("Share of errors: of a hundred messages, how many the service calls an error."),
    source="He et al. 2017, Drain, doi:10.1109/ICWS.2017.13; Beyer et al. 2016, Site Reliability Engineering, chapter 6",
    thresholds={
        "share_at": Shown(N_("Share of errors that is told"), Unit.SHARE),
        "many_at": Shown(N_("Share of errors that is called a problem"), Unit.SHARE),
        "least": Shown(N_("Errors that are needed"), Unit.COUNT),
    },
)
NEW_ERROR: Final = Rule[NewError](
    code="OPS002",
    lane=Lane.ERRORS,
    title=N_("A new kind of error appeared"),
    says=_say_new,
    why=N_("An error that the log did not know before points at what changed: a deploy, a dependency, a feed."),
    remedy=N_("Compare what was deployed or changed just before its first line, and take that back or mend it."),
    statistic=N_(
        "First seen: the time of the first message of this kind. Messages are of one kind when only numbers and names differ."
    ),
    source="He et al. 2017, Drain, doi:10.1109/ICWS.2017.13; Lin et al. 2016, Log clustering, doi:10.1145/2889160.2889232",
    severity=Severity.CRITICAL,
    suggests=ERROR_BURST,
    thresholds={
        "least": Shown(N_("Errors that are needed"), Unit.COUNT),
        "chance_at": Shown(N_("Chance below which it did not come late by chance"), Unit.NUMBER),
        "critical_at": Shown(N_("How often it must come to be called critical"), Unit.COUNT),
        "critical_share_at": Shown(N_("Share of the later messages that is called critical"), Unit.SHARE),
    },
)
EXCEPTION: Final = Rule[Raised](
    code="OPS003",
    lane=Lane.ERRORS,
    title=N_("An exception is raised again and again"),
    says=_say_raised,
    why=N_("Each of these requests ended without the model's answer, or with a substitute for it."),
    remedy=N_("Open the traceback of this exception: its last line in your own code is where to look first."),
    statistic=N_("Count of exceptions: how often this one was raised; a traceback counts once, however long it is."),
    source="Beyer et al. 2016, Site Reliability Engineering, chapter 6",
    suggests=ERROR_BURST,
    thresholds={
        "least": Shown(N_("Errors that are needed"), Unit.COUNT),
        "often_at": Shown(N_("Share of the messages from which an exception counts"), Unit.SHARE),
    },
)
RULES: Final = (ERRORS_MANY, NEW_ERROR, EXCEPTION)

SHOWN: Final = 5


def profile(incident: Incident) -> LogScan:
    """Raises NotApplicable without a log that can be read."""
    return scan(incident)


def judge(
    p: LogScan,
    *,
    share_at: float = 0.05,
    many_at: float = 0.2,
    least: int = 5,
    chance_at: float = 0.001,
    often_at: float = 0.01,
    critical_at: int = 20,
    critical_share_at: float = 0.01,
) -> list[Finding]:
    """Errors are told from `share_at` of the messages on, and called a problem from `many_at`: a log does not say what is usual.

    An error is new when it was seen `least` times, and as many lines spread evenly over the log would all have missed its first
    part with a chance below `chance_at`; it is critical when it came `critical_at` times and is `critical_share_at` of the
    messages since. An exception counts from `often_at` of the messages on.
    """
    errors = [t for t in p.templates if t.level >= Level.ERROR]
    findings: list[Finding] = []
    share = p.errors / p.records
    if errors and share >= share_at and p.errors >= least:
        findings.append(
            ERRORS_MANY.found(
                ManyErrors(
                    since=errors[0].first,
                    weight=share,
                    share=share,
                    errors=p.errors,
                    records=p.records,
                    template=readable(errors[0].text),
                    count=errors[0].count,
                ),
                severity=Severity.WARNING if share >= many_at else Severity.INFO,
            )
        )
    for t in [t for t in errors if _came_late(t, p, least, chance_at)][:SHOWN]:
        share_after = t.count / max(1, p.records - t.first_record)
        findings.append(
            NEW_ERROR.found(
                NewError(
                    since=t.first,
                    weight=min(1.0, share_after),
                    template=readable(t.text),
                    template_id=t.id,
                    count=t.count,
                    first=t.first,
                    before=t.first_record,
                    share_after=share_after,
                ),
                severity=Severity.CRITICAL if t.count >= critical_at and share_after >= critical_share_at else Severity.WARNING,
            )
        )
    for exception in p.exceptions[:SHOWN]:
        if exception.count >= max(least, often_at * p.records):
            findings.append(
                EXCEPTION.found(
                    Raised(
                        since=exception.first,
                        weight=exception.count / p.records,
                        name=exception.name,
                        count=exception.count,
                        first=exception.first,
                    )
                )
            )
    return findings


def _came_late(t: TemplateCount, p: LogScan, least: int, chance_at: float) -> bool:
    """Whether the template is missing from the first part of the log, and not by chance."""
    quiet = t.first_record / p.records
    if t.first and p.since and p.until and p.until > p.since:
        # A log is often denser at its end; both clocks must agree that it came late. One written backwards knows time alone.
        passed = (t.first - p.since) / (p.until - p.since)
        quiet = passed if p.backwards else min(quiet, passed)
    return t.count >= least and quiet > 0 and t.count * math.log1p(-min(quiet, 0.999999)) < math.log(chance_at)
