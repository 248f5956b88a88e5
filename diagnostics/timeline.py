"""Timeline: deploys, data, metrics, errors and accuracy on one axis, and in words what came first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Event
from diagnostics.nouns.rule import SEVERITY_ORDER, Lane, Severity
from diagnostics.nouns.words import N_, Value, Words

SHOWN: Final = 20
EVENTS_SHOWN: Final = 6
FOLLOWERS: Final = 3
NEAR: Final = timedelta(days=2)
"""A deploy this shortly before the first sign is named with it."""


SLACK_CAP: Final = timedelta(hours=1)


LANES: Final = {
    Lane.DEPLOY: N_("deploy"),
    Lane.DATA: N_("data"),
    Lane.METRIC: N_("metric"),
    Lane.ERRORS: N_("log"),
    Lane.ACCURACY: N_("accuracy"),
    Lane.MODEL: N_("model"),
    Lane.NOTED: N_("noted"),
}


@dataclass(frozen=True)
class Moment:
    """Something that began. what: a message id, or the text of a deploy; subject: column, series or template, "" for none.

    until: when it ended, None when it goes on or did not last. also: other findings of the lane that began then.
    """

    time: datetime
    lane: Lane
    what: str
    subject: str = ""
    until: datetime | None = None
    severity: Severity = Severity.INFO
    finding: Finding | None = None
    also: int = 0


@dataclass(frozen=True)
class Timeline:
    """moments: by time, at most 20; what is dated just before a deploy behind it. since: when the incident began, as far as
    that is known beside the signs.
    """

    moments: tuple[Moment, ...]
    since: datetime | None = None

    @property
    def onset(self) -> datetime | None:
        """When the incident began, else the first sign: a first sign may be harmless, or as old as the rows."""
        return self.since or (self.signs[0].time if self.signs else None)

    @property
    def signs(self) -> tuple[Moment, ...]:
        """What went wrong, without the deploys and what people noted."""
        return tuple(moment for moment in self.moments if moment.lane not in (Lane.DEPLOY, Lane.NOTED))

    @property
    def slack(self) -> timedelta:
        """How far two times may lie apart and still be one: a beginning is dated to a point of its series, not to the second."""
        return _slack(self.moments)

    @property
    def deploy(self) -> Moment | None:
        """The last deploy shortly before the first sign, or together with it."""
        if not self.signs:
            return None
        began = self.signs[0].time
        near = [m for m in self.moments if m.lane is Lane.DEPLOY and -self.slack <= began - m.time <= NEAR]
        return near[-1] if near else None


def timeline(events: Iterable[Event], findings: Iterable[Finding]) -> Timeline | None:
    """What has a known beginning, the worst 20 of it; None when nothing is wrong, or fewer than two things have one."""
    signs = signs_of(findings)
    if not signs:
        return None
    began = min(moment.time for moment in signs)
    deploys = [Moment(_bare(event.time), Lane.DEPLOY, event.what) for event in events]
    # The deploys around the first sign, those before it first.
    deploys.sort(key=lambda m: (m.time > began, abs(m.time - began)))
    kept = deploys[:EVENTS_SHOWN]
    worst = sorted(signs, key=_rank)[: SHOWN - len(kept)]
    moments = sorted([*kept, *worst], key=lambda m: m.time)
    if len(moments) < 2:
        return None
    slack = _slack(moments)

    def place(moment: Moment) -> datetime:
        """A sign that is dated a little before a deploy stands behind it: it is what the deploy brought."""
        after = [m.time for m in kept if moment.lane is not Lane.DEPLOY and timedelta(0) <= m.time - moment.time <= slack]
        return max(after, default=moment.time)

    return Timeline(tuple(sorted(moments, key=lambda m: (place(m), m.lane is not Lane.DEPLOY, m.time, _rank(m)))))


def _slack(moments: Sequence[Moment]) -> timedelta:
    times = [moment.time for moment in moments]
    return min(SLACK_CAP, (max(times) - min(times)) / 100)


def _rank(moment: Moment) -> tuple[int, float, datetime, str, str]:
    weight = moment.finding.weight if moment.finding else 0.0
    return (SEVERITY_ORDER.index(moment.severity), -weight, moment.time, moment.what, moment.subject)


def signs_of(findings: Iterable[Finding]) -> list[Moment]:
    """One moment for all that began together in one lane: the worst speaks for the rest. Small level shifts stay out."""
    groups: dict[tuple[Lane, datetime], list[Finding]] = {}
    for finding in findings:
        lane = finding.rule.lane
        if finding.since is None or lane is None or finding.severity is Severity.INFO:
            continue
        groups.setdefault((lane, _bare(finding.since)), []).append(finding)
    moments = []
    for (lane, time), group in groups.items():
        worst = min(group, key=lambda finding: finding.rank)
        until = worst.evidence.get("until")
        ended = _bare(until) if isinstance(until, datetime) and _bare(until) > time else None
        severity = worst.severity
        moments.append(Moment(time, lane, worst.rule.title, _subject(worst), ended, severity, worst, len(group) - 1))
    return moments


def _subject(finding: Finding) -> str:
    """The column, series, exception or template that a finding is about."""
    named = [*finding.columns[:1], *(finding.evidence.get(key) for key in ("series", "name", "template"))]
    return next((str(name) for name in named if name), "")


def _bare(when: datetime) -> datetime:
    return when.replace(tzinfo=None)


def label(moment: Moment, words: Words) -> str:
    """One line: what it is and of what, without its time."""
    if moment.lane in (Lane.DEPLOY, Lane.NOTED):
        return words("{what:name}", what=moment.what)
    what = words(moment.what)
    return words(N_("{what}: {subject:name}"), what=what, subject=moment.subject) if moment.subject else what


def told(p: Timeline, words: Words) -> str:
    """What came first, after which deploy, and what followed, in one or two sentences."""
    first, *rest = p.signs
    values: dict[str, Value] = {"what": label(first, words), "since": first.time}
    says = N_("What came first: {what} ({since:time}).")
    if (deploy := p.deploy) is not None:
        says = N_("What came first: {what} ({since:time}), {gap} after {event:name}.")
        if first.time - deploy.time < max(timedelta(minutes=1), p.slack if first.time < deploy.time else timedelta(0)):
            says = N_("What came first: {what} ({since:time}), at the same time as {event:name}.")
        values |= {"gap": gap(first.time - deploy.time, words), "event": deploy.what}
    sentences = [words(says, **values)]
    followers = _followers(first, rest)
    if followers:
        shown = "; ".join(words(N_("{what} ({since:time})"), what=label(m, words), since=m.time) for m in followers)
        sentences.append(words(N_("What followed: {what}."), what=shown))
    return " ".join(sentences)


def _followers(first: Moment, rest: Sequence[Moment]) -> list[Moment]:
    """The first of each other kind; more of the same is no news."""
    seen, followers = {(first.lane, first.what)}, []
    for moment in rest:
        kind = (moment.lane, moment.what)
        if kind not in seen:
            seen.add(kind)
            followers.append(moment)
    return followers[:FOLLOWERS]


def gap(span: timedelta, words: Words) -> str:
    """A length of time in its largest sensible unit: "5 minutes", "3 hours", "2 days"."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 2:
        return words(N_("1 minute"))
    if minutes < 120:
        return words(N_("{count:count} minutes"), count=minutes)
    if minutes < 48 * 60:
        return words(N_("{count:count} hours"), count=round(minutes / 60))
    return words(N_("{count:count} days"), count=round(minutes / 1440))
