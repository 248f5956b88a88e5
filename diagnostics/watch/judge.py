"""What all batches together come to: changes are investigated, alerts are raised, named, closed and said again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_
from diagnostics.watch import alerts, incidents, records, sources
from diagnostics.watch.alerts import Alert, Said, Topic
from diagnostics.watch.course import Course
from diagnostics.watch.measuring import course_of, reference_of
from diagnostics.watch.records import Batch, FoundCause, State, Watch
from diagnostics.watch.sequential import Alarm
from diagnostics.watch.summary import NAMES, Stat, What

log = logging.getLogger(__name__)

SURE: Final = 0.5
"""Confidence from which on a cause is said (`conclusion`)."""

LOOK_AGAIN: Final = (0, 1, 3, 7, 15)
"""Batches after an alarm at which a change without a named cause is investigated again: there are more rows to see it by."""

WORSE: Final = N_("The model became worse; no cause is known yet.")
MOVED_UP: Final = N_("{column:name} changed: its {what:term} rose. No cause is known yet.")
MOVED_DOWN: Final = N_("{column:name} changed: its {what:term} fell. No cause is known yet.")
LEVEL_UP: Final = N_("{column:name} changed: the share of {level:name} rose. No cause is known yet.")
LEVEL_DOWN: Final = N_("{column:name} changed: the share of {level:name} fell. No cause is known yet.")
GONE: Final = N_("No batch came.")
STRANGE: Final = N_("The batch {batch:name} could not be read: {why:term}")

Clock = Callable[[], datetime]


def judge(watch: str, *, clock: Clock, owner: str, on_progress: Callable[[float, str], None]) -> bool:
    """Bring the alerts up to date with the batches. False where another watcher is at it. Raises BadInput."""
    if not records.judging(watch, owner, now=clock().timestamp()):
        return False
    try:
        _judge(watch, clock, owner, on_progress)
    finally:
        records.judged(watch, owner)
    return True


def _judge(name: str, clock: Clock, owner: str, on_progress: Callable[[float, str], None]) -> None:
    watch = records.one(name)
    now = records.utc(clock())
    history = records.history(name)
    known = alerts.of_watch(name)
    _source(watch, known, now)
    _missing(watch, history, known, now)
    _unreadable(watch, history, known, now)
    if any(batch.state is State.DONE for batch in history):
        try:
            counted, course = course_of(watch, history, reference_of(watch, history))
        except BadInput as reason:
            log.warning("watch %s: %s", watch.settings.name, reason)
        else:
            for alarm in course.detected.alarms:
                records.judging(name, owner, now=clock().timestamp())
                _change(watch, alarm, counted, course, known, now, on_progress)
            _over(watch, counted, course, known, now)
    alerts.repeat(name, after=watch.settings.counts.repeat.total_seconds(), now=now)


def alarm_of(alert: Alert, counted: Sequence[Batch], course: Course) -> Alarm | None:
    """The change that an alert is about: late labels may have moved its beginning."""
    places = [place for place, batch in enumerate(counted) if batch.name == alert.batch]
    return next((a for a in course.detected.alarms for place in places if _holds(a, place, len(counted))), None)


def _holds(alarm: Alarm, place: int, batches: int) -> bool:
    return alarm.since <= place < (alarm.over if alarm.over is not None else batches)


def _change(
    watch: Watch,
    alarm: Alarm,
    counted: Sequence[Batch],
    course: Course,
    known: Sequence[Alert],
    now: datetime,
    on_progress: Callable[[float, str], None],
) -> None:
    mine = [alert for alert in known if alert.topic is Topic.CHANGE]
    at = {batch.name: place for place, batch in enumerate(counted)}
    alert = next((a for a in mine if a.batch in at and _holds(alarm, at[a.batch], len(counted))), None)
    last = len(counted) - 1 if alarm.over is None else alarm.over - 1
    age = last - alarm.at
    looked_at = [batch for batch in counted[alarm.at : last + 1] if batch.verdict]
    tried = at[looked_at[-1].name] - alarm.at if looked_at else -1
    named = bool(alert and alert.cause)
    due = next((step for step in reversed(LOOK_AGAIN) if step <= age), 0)
    causes: tuple[FoundCause, ...] = ()
    incident = ""
    if not named and due > tried:
        batch = counted[min(last, alarm.at + due)]
        try:
            on_progress(0.5, batch.name)
            incident = incidents.opened(watch, batch, counted, alarm)
            verdict, causes = incidents.investigated(incident, on_progress=on_progress)
            records.investigated(watch.id, batch.name, verdict, causes, incident)
        except BadInput as reason:
            log.warning("watch %s, batch %s: %s", watch.settings.name, batch.name, reason)
    sure = next((cause for cause in causes if cause.confidence >= SURE), None)
    said = alerts.of_cause(sure, incident) if sure else replace(_unnamed(alarm, counted, course), incident=incident)
    if alert is None:
        first = counted[alarm.at]
        # What was over before anybody saw it is kept for the calendar, and wakes nobody.
        number = alerts.raised(
            watch.id,
            Topic.CHANGE,
            first.name,
            batch=first.name,
            said=said,
            cause=sure.code if sure else "",
            now=now,
            quiet=alarm.over is not None,
        )
        if number is not None and alarm.over is not None:
            alerts.closed(next(a for a in alerts.of_watch(watch.id) if a.number == number), now=now)
    elif sure and not alert.cause:
        alerts.renamed(alert, said, sure.code, now=now)


def _over(watch: Watch, counted: Sequence[Batch], course: Course, known: Sequence[Alert], now: datetime) -> None:
    """Close the alerts whose change is over, or turned out to be none when the labels came."""
    for alert in known:
        if alert.topic is Topic.CHANGE and alert.closed is None:
            alarm = alarm_of(alert, counted, course)
            if alarm is None or alarm.over is not None:
                alerts.closed(alert, now=now)


def _unnamed(alarm: Alarm, counted: Sequence[Batch], course: Course) -> Said:
    stat = course.base.stats[alarm.stat]
    since = counted[alarm.since].since
    if course.lost(alarm):
        return Said(what=Reason(WORSE), since=since, columns=course.columns(alarm))
    return Said(what=moved(stat, up=alarm.up), since=since, columns=course.columns(alarm))


def moved(stat: Stat, *, up: bool) -> Reason:
    """What can be said of a change before its cause is known."""
    if stat.what is What.LOSS:
        return Reason(WORSE)
    if stat.what is What.SHARE:
        return Reason(LEVEL_UP if up else LEVEL_DOWN, {"column": stat.column, "level": stat.level})
    return Reason(MOVED_UP if up else MOVED_DOWN, {"column": stat.column, "what": NAMES[stat.what]})


def _source(watch: Watch, known: Sequence[Alert], now: datetime) -> None:
    standing = [alert for alert in known if alert.topic is Topic.SOURCE and alert.closed is None]
    if watch.trouble and not standing:
        said = Said(what=watch.trouble)
        alerts.raised(watch.id, Topic.SOURCE, now.isoformat(), batch="", said=said, now=now)
    elif not watch.trouble:
        for alert in standing:
            alerts.closed(alert, now=now)


def _missing(watch: Watch, history: Sequence[Batch], known: Sequence[Alert], now: datetime) -> None:
    """One alert for batches that are missing one after the other; over when one has come again."""
    standing = next((alert for alert in known if alert.topic is Topic.MISSING and alert.closed is None), None)
    gone = [batch for batch in history if batch.state is State.MISSING]
    last = history[-1] if history else None
    if standing is None:
        fresh = [batch for batch in gone if not any(alert.about >= batch.name for alert in known if alert.topic is Topic.MISSING)]
        if fresh:
            said = Said(what=Reason(GONE), since=fresh[0].since)
            over = last is not None and last.state is not State.MISSING
            number = alerts.raised(
                watch.id, Topic.MISSING, fresh[-1].name if over else fresh[0].name, batch=fresh[0].name, said=said, now=now
            )
            if over and number is not None:
                alerts.closed(next(a for a in alerts.of_watch(watch.id) if a.number == number), now=now)
    elif last is not None and last.state is not State.MISSING:
        alerts.closed(standing, now=now)


def _unreadable(watch: Watch, history: Sequence[Batch], known: Sequence[Alert], now: datetime) -> None:
    read = [batch for batch in history if batch.state in (State.DONE, State.FEW, State.UNREADABLE)]
    for batch in read:
        if batch.state is State.UNREADABLE and not any(a.about == batch.name for a in known if a.topic is Topic.UNREADABLE):
            said = Said(what=Reason(STRANGE, {"batch": batch.name, "why": batch.reason.says}), since=batch.since)
            alerts.raised(watch.id, Topic.UNREADABLE, batch.name, batch=batch.name, said=said, now=now)
    if read and read[-1].state is not State.UNREADABLE:
        for alert in known:
            if alert.topic is Topic.UNREADABLE and alert.closed is None:
                alerts.closed(alert, now=now)


def missing_now(watch: Watch, history: Sequence[Batch], now: datetime) -> list[datetime]:
    """Beginnings of the batches that are late at `now` (aware), and not given up yet."""
    gone = {batch.since for batch in history if batch.state is State.MISSING}
    return [begin for begin in sources.overdue(watch.settings, history, now) if begin not in gone]
