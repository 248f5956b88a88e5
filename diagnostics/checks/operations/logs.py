"""Errors in the log: how many, which are new, which exceptions."""

from __future__ import annotations

import math
from typing import Final

from diagnostics.checks.operations.header import Level
from diagnostics.checks.operations.mask import readable
from diagnostics.checks.operations.scan import LogScan, TemplateCount, scan
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

ERRORS_MANY: Final = Rule(
    code="OPS001",
    lane=Lane.ERRORS,
    title=N_("Many messages are errors"),
    why=N_("What the service itself calls an error is the shortest way to what went wrong."),
    remedy=N_("Read the most frequent error below with the lines before it, and mend that one first."),
    statistic=N_("Share of errors: of a hundred messages, how many the service calls an error."),
    source="He et al. 2017, Drain, doi:10.1109/ICWS.2017.13; Beyer et al. 2016, Site Reliability Engineering, chapter 6",
)
NEW_ERROR: Final = Rule(
    code="OPS002",
    lane=Lane.ERRORS,
    title=N_("A new kind of error appeared"),
    why=N_("An error that the log did not know before points at what changed: a deploy, a dependency, a feed."),
    remedy=N_("Compare what was deployed or changed just before its first line, and take that back or mend it."),
    statistic=N_(
        "First seen: the time of the first message of this kind. Messages are of one kind when only numbers and names differ."
    ),
    source="He et al. 2017, Drain, doi:10.1109/ICWS.2017.13; Lin et al. 2016, Log clustering, doi:10.1145/2889160.2889232",
    severity=Severity.CRITICAL,
)
EXCEPTION: Final = Rule(
    code="OPS003",
    lane=Lane.ERRORS,
    title=N_("An exception is raised again and again"),
    why=N_("Each of these requests ended without the model's answer, or with a substitute for it."),
    remedy=N_("Open the traceback of this exception: its last line in your own code is where to look first."),
    statistic=N_("Count of exceptions: how often this one was raised; a traceback counts once, however long it is."),
    source="Beyer et al. 2016, Site Reliability Engineering, chapter 6",
)
RULES: Final = (ERRORS_MANY, NEW_ERROR, EXCEPTION)

SHOWN: Final = 5


def profile(incident: Incident) -> LogScan:
    """Raises NotApplicable without a log that can be read."""
    return scan(incident)


def judge(
    p: LogScan, *, share_at: float = 0.05, many_at: float = 0.2, least: int = 5, chance_at: float = 0.001, often_at: float = 0.01
) -> list[Finding]:
    """Errors are told from `share_at` of the messages on, and called a problem from `many_at`: a log does not say what is usual.

    An error is new when it was seen `least` times, and a message with as many lines spread evenly over the log would have
    kept out
    of its first part with a chance below `chance_at`. An exception counts from `often_at` of the messages on.
    """
    errors = [t for t in p.templates if t.level >= Level.ERROR]
    findings = []
    share = p.errors / p.records
    if errors and share >= share_at and p.errors >= least:
        findings.append(
            loose(
                ERRORS_MANY,
                N_("{share:percent} of the {records:count} messages are errors; the most frequent is: {template:name}"),
                {
                    "share": share,
                    "errors": p.errors,
                    "records": p.records,
                    "template": readable(errors[0].text),
                    "count": errors[0].count,
                },
                severity=Severity.WARNING if share >= many_at else Severity.INFO,
                weight=share,
                since=errors[0].first,
            )
        )
    findings += [_new(t, p) for t in [t for t in errors if _late(t, p, least, chance_at)][:SHOWN]]
    for exception in p.exceptions[:SHOWN]:
        if exception.count >= max(least, often_at * p.records):
            findings.append(
                loose(
                    EXCEPTION,
                    N_("{name:name} was raised {count:count} times, first on {first:time}.")
                    if exception.first
                    else N_("{name:name} was raised {count:count} times."),
                    {"name": exception.name, "count": exception.count, "first": exception.first, "cause": "error_burst"},
                    weight=exception.count / p.records,
                    since=exception.first,
                )
            )
    return findings


def _late(t: TemplateCount, p: LogScan, least: int, chance_at: float) -> bool:
    """The template kept out of the first part of the log, and not by chance."""
    quiet = t.first_record / p.records
    if t.first and p.since and p.until and p.until > p.since:
        # A log is often denser at its end; both clocks must agree that it came late.
        quiet = min(quiet, (t.first - p.since) / (p.until - p.since))
    return t.count >= least and quiet > 0 and t.count * math.log1p(-min(quiet, 0.999999)) < math.log(chance_at)


def _new(t: TemplateCount, p: LogScan) -> Finding:
    later = max(1, p.records - t.first_record)
    return loose(
        NEW_ERROR,
        N_("A new error appeared on {first:time} and came {count:count} times: {template:name}")
        if t.first
        else N_("A new error appeared after {before:count} messages and came {count:count} times: {template:name}"),
        {
            "template": readable(t.text),
            "template_id": t.id,
            "count": t.count,
            "first": t.first,
            "before": t.first_record,
            "share_after": t.count / later,
            "cause": "error_burst",
        },
        severity=Severity.CRITICAL if t.count >= 20 and t.count / later >= 0.01 else Severity.WARNING,
        weight=min(1.0, t.count / later),
        since=t.first,
    )
