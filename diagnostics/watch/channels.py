"""Telling people, through Apprise: mail, chat and a hundred other services by their addresses.

An address holds a secret. It is kept where alerts are sent from, and is shown only as Apprise masks it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sql

from diagnostics.keep import database
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, words_for
from diagnostics.watch.alerts import HEADS, Channel, Event, Sent, alert_of, lines
from diagnostics.watch.records import LEASE, Watch
from diagnostics.watch.settings import resolved
from diagnostics.watch.tables import alerts, channels, messages

log = logging.getLogger(__name__)

WAIT: Final = (60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0)
"""Seconds until a channel that did not answer is tried again; the last one from then on."""

TITLE_CAP: Final = 180
SENDABLE: Final = re.compile(r"[a-zA-Z0-9+.-]{2,30}://")


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What one round of sending did."""

    sent: int = 0
    failed: int = 0


Send = Callable[[str, str, str], str]
"""Sends (address, title, text) and returns why that failed, "" when it did not."""


def checked(addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses. Raises BadInput for one that no service has, without repeating its secret."""
    import apprise

    for number, address in enumerate(addresses, start=1):
        if "${" not in address and not (SENDABLE.match(address) and apprise.Apprise.instantiate(address)):
            raise BadInput(
                N_(
                    "Address {number:count} of those who are told is none that Apprise knows: write one such as mailto://… or slack://…"
                ),
                number=number,
            )
    return tuple(addresses)


def shown(address: str) -> str:
    """`address` without what is secret in it."""
    import apprise

    if "${" in address:
        return address.partition("://")[0] + "://…" if "://" in address else "…"
    found = apprise.Apprise.instantiate(address)
    if found is None:
        return "…"
    # Apprise masks what it knows to be secret, but a webhook's path and a query can be keys too.
    masked = re.match(r"([a-zA-Z0-9+.-]+://)(?:[^/@]*@)?([^/?]*)", str(found.url(privacy=True)))  # type: ignore[no-untyped-call]
    return f"{masked[1]}{masked[2]}/…" if masked else "…"


def of_watch(watch: str) -> list[Channel]:
    """Who is told, as it may be shown, and how many messages wait for each."""
    waits = (
        sql.select(messages.c.channel, sql.func.count().label("many"))
        .join(alerts)
        .where(alerts.c.watch == watch, messages.c.state.in_([Sent.WAITING, Sent.SENDING]))
        .group_by(messages.c.channel)
    )
    with database.opened() as con:
        waiting = {row.channel: row.many for row in con.execute(waits)}
        rows = con.execute(sql.select(channels).where(channels.c.watch == watch).order_by(channels.c.place)).all()
    return [
        Channel(
            place=row.place,
            shown=shown(row.address),
            trouble=row.trouble,
            reached=row.reached,
            waiting=int(waiting.get(row.place, 0)),
        )
        for row in rows
    ]


def send(address: str, title: str, text: str) -> str:
    """Send through Apprise."""
    import apprise

    told = apprise.Apprise()
    if not told.add(address):
        return "unknown address"
    with apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
        done = told.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT)
        heard = str(said.getvalue()) if said is not None else ""
    if done:
        return ""
    return _without(heard, address)[:200] or "not delivered"


def _without(heard: str, address: str) -> str:
    """The first line of what was heard, without anything of the address that could be a secret."""
    first = next((line.strip() for line in heard.splitlines() if line.strip()), "")
    parts = [part for part in re.split(r"[:/@?&=]+", address) if len(part) > 3]
    for part in sorted(parts, key=len, reverse=True):
        first = first.replace(part, "…")
    return first


def post(watch: Watch, *, now: datetime, owner: str, sending: Send = send) -> Posted:
    """Send what waits, each message once; what fails waits for its next try. now: UTC."""
    done = failed = 0
    words = words_for(watch.settings.language)
    moment = now.timestamp()
    while (row := _claimed(watch.id, owner, moment)) is not None:
        alert = alert_of(row)
        told = lines(alert.said, words, link=watch.settings.link)
        title = words(HEADS[Event(row.event)], watch=watch.settings.name, what=told[0])[:TITLE_CAP]
        try:
            trouble = sending(resolved(row.address), title, "\n".join(told))
        except BadInput as reason:
            trouble = str(reason)
        except Exception as error:  # a plug-in of a service may raise anything; the message waits, the watch goes on
            log.exception("a channel of watch %s failed", watch.settings.name)
            trouble = type(error).__name__
        if trouble:
            failed += 1
            log.warning("channel %d of watch %s: %s", row.channel + 1, watch.settings.name, trouble)
        else:
            done += 1
        _kept(watch.id, row, trouble, now)
    return Posted(sent=done, failed=failed)


def _claimed(watch: str, owner: str, moment: float) -> Any:
    """The oldest message whose turn it is, as `owner`'s; None where there is none."""
    gone = sql.or_(messages.c.again < moment - LEASE, messages.c.again > moment + 10 * LEASE)
    free = sql.or_(
        sql.and_(messages.c.state == Sent.WAITING, sql.or_(messages.c.again <= moment, messages.c.again > moment + 2 * WAIT[-1])),
        sql.and_(messages.c.state == Sent.SENDING, gone),
    )
    asked = (
        sql.select(
            messages.c.number.label("message"), messages.c.channel, messages.c.event, messages.c.tries, channels.c.address, alerts
        )
        .join(alerts, messages.c.alert == alerts.c.number)
        .join(channels, sql.and_(channels.c.watch == alerts.c.watch, channels.c.place == messages.c.channel))
        .where(alerts.c.watch == watch, free)
        .order_by(messages.c.number)
        .limit(1)
    )
    with database.opened(write=True) as con:
        if con.dialect.name == "postgresql":
            asked = asked.with_for_update(skip_locked=True, of=messages)
        row = con.execute(asked).first()
        if row is not None:
            values = {"state": str(Sent.SENDING), "owner": owner, "again": moment}
            con.execute(sql.update(messages).where(messages.c.number == row.message).values(values))
    return row


def _kept(watch: str, row: Any, trouble: str, now: datetime) -> None:
    tries = row.tries + 1
    again = now.timestamp() + WAIT[min(row.tries, len(WAIT) - 1)]
    state = Sent.WAITING if trouble else Sent.SENT
    with database.opened(write=True) as con:
        con.execute(
            sql.update(messages)
            .where(messages.c.number == row.message)
            .values(state=str(state), tries=tries, again=again, trouble=trouble, owner="")
        )
        values: dict[str, Any] = {"trouble": trouble} if trouble else {"trouble": "", "reached": now}
        con.execute(sql.update(channels).where(channels.c.watch == watch, channels.c.place == row.channel).values(values))
