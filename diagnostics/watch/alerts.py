"""Alerts: one for a change however many batches it lasts, said once to every channel, again while it lasts, and when it is over.

What is to be sent is written down first (an outbox), so that nothing is lost with whoever sends; a channel that does not answer
is tried again later and later. A silenced alert is kept, and shown as silenced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from diagnostics.keep import database
from diagnostics.nouns.refusal import Reason
from diagnostics.nouns.words import N_, Words
from diagnostics.watch.records import FoundCause, reason_of
from diagnostics.watch.tables import alerts, channels, messages, silences


class Topic(StrEnum):
    """What an alert is about."""

    CHANGE = "change"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    SOURCE = "source"


class Event(StrEnum):
    """Why something is said of an alert."""

    OPENED = "opened"
    NAMED = "named"
    """Its cause is known by now."""

    REPEATED = "repeated"
    RESOLVED = "resolved"


class Sent(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SILENCED = "silenced"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an alert says. since: as the rows' times are."""

    what: Reason
    since: datetime | None = None
    rows: int | None = None
    of_rows: int | None = None
    confidence: float | None = None
    explains: float | None = None
    columns: tuple[str, ...] = ()
    incident: str = ""
    remedy: Reason = field(default_factory=Reason)


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. batch: the one that raised it. opened, closed, told: UTC."""

    number: int
    watch: str
    topic: Topic
    about: str
    cause: str
    batch: str
    opened: datetime
    closed: datetime | None
    told: datetime | None
    said: Said


@dataclass(frozen=True, kw_only=True)
class Silence:
    """What nobody is told of: one cause or all, for a time or until somebody ends it. until: UTC."""

    number: int
    cause: str
    until: datetime | None
    why: str


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Who is told, as it may be shown. trouble: why it could not be reached the last time, empty when it could."""

    place: int
    shown: str
    trouble: str
    reached: datetime | None
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """One thing to be sent, or that was."""

    number: int
    alert: int
    channel: int
    event: Event
    state: Sent
    tries: int
    made: datetime
    trouble: str


def raised(
    watch: str, topic: Topic, about: str, *, batch: str, said: Said, cause: str = "", now: datetime, quiet: bool = False
) -> int | None:
    """The number of a new alert; None where there is one of it already. quiet: nobody is told. now: UTC."""
    values = {"watch": watch, "topic": f"{topic}:{about}", "cause": cause, "batch": batch, "opened": now, "says": _text(said)}
    with database.opened(write=True) as con:
        asked = sql.select(alerts.c.number).where(alerts.c.watch == watch, alerts.c.topic == values["topic"])
        if con.execute(asked).first() is not None:
            return None
        number = con.execute(alerts.insert().values(**values).returning(alerts.c.number)).scalar_one()
        if not quiet:
            _queue(con, watch, int(number), cause, Event.OPENED, now)
    return int(number)


def renamed(alert: Alert, said: Said, cause: str, *, now: datetime) -> None:
    """Keep what is known of an alert by now; who was told of it without a cause is told that there is one."""
    with database.opened(write=True) as con:
        con.execute(sql.update(alerts).where(alerts.c.number == alert.number).values(says=_text(said), cause=cause))
        if cause and cause != alert.cause and alert.told is not None:
            _queue(con, alert.watch, alert.number, cause, Event.NAMED, now)


def closed(alert: Alert, *, now: datetime) -> None:
    """The alert is over; who was told of it is told so."""
    with database.opened(write=True) as con:
        where = (alerts.c.number == alert.number, alerts.c.closed.is_(None))
        if con.execute(sql.update(alerts).where(*where).values(closed=now)).rowcount and alert.told is not None:
            _queue(con, alert.watch, alert.number, alert.cause, Event.RESOLVED, now)


def repeat(watch: str, *, after: float, now: datetime) -> None:
    """Say again what is open and was said more than `after` seconds ago."""
    with database.opened(write=True) as con:
        for row in con.execute(sql.select(alerts).where(alerts.c.watch == watch, alerts.c.closed.is_(None))):
            if row.told is not None and (now - row.told).total_seconds() >= after:
                _queue(con, watch, row.number, row.cause, Event.REPEATED, now)


def of_watch(watch: str) -> list[Alert]:
    """The newest first."""
    with database.opened() as con:
        found = con.execute(sql.select(alerts).where(alerts.c.watch == watch).order_by(alerts.c.number.desc()))
        return [alert_of(row) for row in found]


def sent(watch: str) -> list[Message]:
    """What was or is to be sent, the newest first."""
    asked = sql.select(messages).join(alerts).where(alerts.c.watch == watch).order_by(messages.c.number.desc())
    with database.opened() as con:
        return [
            Message(
                number=row.number,
                alert=row.alert,
                channel=row.channel,
                event=Event(row.event),
                state=Sent(row.state),
                tries=row.tries,
                made=row.made,
                trouble=row.trouble,
            )
            for row in con.execute(asked)
        ]


def silence(watch: str, cause: str, *, until: datetime | None, why: str) -> None:
    """Nobody is told of `cause` ("" for all) until then."""
    with database.opened(write=True) as con:
        con.execute(silences.insert().values(watch=watch, cause=cause, until=until, why=why[:1_000]))


def unsilence(watch: str, number: int) -> None:
    with database.opened(write=True) as con:
        con.execute(sql.delete(silences).where(silences.c.watch == watch, silences.c.number == number))


def silenced(watch: str, *, now: datetime) -> list[Silence]:
    """What holds at `now`."""
    with database.opened() as con:
        return [Silence(number=row.number, cause=row.cause, until=row.until, why=row.why) for row in _silences(con, watch, now)]


def _silences(con: Connection, watch: str, now: datetime) -> Sequence[Row[Any]]:
    holds = sql.or_(silences.c.until.is_(None), silences.c.until > now)
    return con.execute(sql.select(silences).where(silences.c.watch == watch, holds)).all()


def _queue(con: Connection, watch: str, alert: int, cause: str, event: Event, now: datetime) -> None:
    quiet = any(row.cause in ("", cause) for row in _silences(con, watch, now))
    state = Sent.SILENCED if quiet else Sent.WAITING
    for row in con.execute(sql.select(channels.c.place).where(channels.c.watch == watch)).all():
        con.execute(messages.insert().values(alert=alert, channel=row.place, event=str(event), made=now, state=str(state)))
    if not quiet:
        con.execute(sql.update(alerts).where(alerts.c.number == alert).values(told=now))


def alert_of(row: Row[Any]) -> Alert:
    topic, _, about = row.topic.partition(":")
    return Alert(
        number=row.number,
        watch=row.watch,
        topic=Topic(topic),
        about=about,
        cause=row.cause,
        batch=row.batch,
        opened=row.opened,
        closed=row.closed,
        told=row.told,
        said=_said(row.says),
    )


def _text(said: Said) -> str:
    held: Mapping[str, Any] = {
        "what": {"says": said.what.says, "values": said.what.values},
        "since": said.since.isoformat() if said.since else None,
        "rows": said.rows,
        "of_rows": said.of_rows,
        "confidence": said.confidence,
        "explains": said.explains,
        "columns": list(said.columns),
        "incident": said.incident,
        "remedy": {"says": said.remedy.says, "values": said.remedy.values},
    }
    return json.dumps(held, ensure_ascii=False)


def _said(text: str) -> Said:
    held = json.loads(text)
    return Said(
        what=reason_of(json.dumps(held["what"])),
        since=datetime.fromisoformat(held["since"]) if held["since"] else None,
        rows=held["rows"],
        of_rows=held["of_rows"],
        confidence=held["confidence"],
        explains=held["explains"],
        columns=tuple(held["columns"]),
        incident=held["incident"],
        remedy=reason_of(json.dumps(held["remedy"])),
    )


HEADS: Final[Mapping[Event, str]] = {
    Event.OPENED: N_("{watch:name}: {what}"),
    Event.NAMED: N_("{watch:name}, cause found: {what}"),
    Event.REPEATED: N_("{watch:name}, still so: {what}"),
    Event.RESOLVED: N_("{watch:name}, over: {what}"),
}


def of_cause(cause: FoundCause, incident: str) -> Said:
    """What an alert says of a cause."""
    return Said(
        what=cause.says,
        since=cause.since,
        rows=cause.rows,
        of_rows=cause.of_rows,
        confidence=cause.confidence,
        explains=cause.explains,
        columns=cause.columns,
        incident=incident,
        remedy=cause.remedy,
    )


def lines(said: Said, words: Words, *, link: str = "") -> list[str]:
    """All that an alert says, one sentence each."""
    what = said.what.statement(words)
    since = None if said.since is None or words.time(said.since) in what else said.since
    told = [what if since is None else words(N_("Since {since:time}: {what}"), since=since, what=what)]
    if said.rows is not None and said.of_rows:
        told.append(words(N_("Rows affected: {rows:count} of {whole:count}."), rows=said.rows, whole=said.of_rows))
    if said.explains is not None:
        told.append(words(N_("Undoing it wins back {share:percent} of what was lost."), share=said.explains))
    if said.confidence is not None:
        told.append(words(N_("This is {share:percent} sure."), share=said.confidence))
    if said.remedy:
        told.append(said.remedy.statement(words))
    if link and said.incident:
        told.append(f"{link}/causes?incident={said.incident}")
    elif link:
        told.append(f"{link}/watch")
    return told
