"""What is kept of a watch: its settings, its batches, and who looks at which batch at the moment.

    home/watches/<id>/       an incident folder with a reference and nothing else
      reference.csv  incident.yaml  tables/
      batches/<name>.parquet the rows of each batch, as read
      raw/<name>.csv         its file as it came

A batch waits, is claimed by one watcher, and is done: a claim is renewed while its owner works, and one that is not renewed can
be taken over. Whoever finishes must still own the batch, so that nothing is counted twice, whatever clocks do.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from diagnostics.keep import database, store
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_
from diagnostics.watch.settings import Settings, plain, settings_of
from diagnostics.watch.summary import Summary
from diagnostics.watch.tables import NAME, batches, channels, watches

WATCHES: Final = "watches"
LEASE: Final = 120.0
"""Seconds after which a claim that was not renewed can be taken over; a living owner renews it many times in between."""

TRIES: Final = 3
"""Times that a batch is begun: one that ends its watcher each time is given up and said to be unreadable."""

ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")


class State(StrEnum):
    """What happened to a batch so far."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    FEW = "few"
    """Done, with too few rows to be judged."""

    UNREADABLE = "unreadable"
    REPEATED = "repeated"
    """The same bytes as another batch: not counted."""

    MISSING = "missing"
    """Expected, and did not come."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How good the predictions of a batch were. name: of `measure.metrics`. estimated: without labels."""

    name: str
    value: Interval
    higher: bool
    estimated: bool = False


@dataclass(frozen=True, kw_only=True)
class FoundCause:
    """A cause as it is kept with a batch. says, remedy: message ids with their values."""

    code: str
    family: str
    confidence: float
    columns: tuple[str, ...]
    since: datetime | None
    explains: float | None
    """Share of what was lost that undoing it wins back; None where that could not be tried."""

    says: Reason
    remedy: Reason
    rows: int | None = None
    """Rows affected, where that is known."""

    of_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One batch as it is kept. since, until: its window by the clock of the watch's zone."""

    name: str
    address: str = ""
    state: State = State.WAITING
    since: datetime | None = None
    until: datetime | None = None
    arrived: datetime | None = None
    looked: datetime | None = None
    late: bool = False
    fingerprint: str = ""
    rows: int = 0
    labelled: int = 0
    reason: Reason = field(default_factory=Reason)
    metric: Metric | None = None
    verdict: str = ""
    """Of the investigation, where there was one."""

    causes: tuple[FoundCause, ...] = ()
    incident: str = ""
    tries: int = 0

    @property
    def middle(self) -> datetime | None:
        """The middle of its window."""
        return self.since + (self.until - self.since) / 2 if self.since and self.until else self.since


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A watch as it is kept. trouble: why its source could not be looked at the last time, empty when it could."""

    id: str
    settings: Settings
    opened: datetime
    looked: datetime | None
    revision: int
    trouble: Reason

    @property
    def folder(self) -> Path:
        return folder(self.id)


def folder(watch: str) -> Path:
    """Where the files of a watch are. Raises BadInput for what can be no id."""
    if ID.fullmatch(watch) is None:
        raise BadInput(N_("There is no watch under this link: it was deleted, or the link is cut off."))
    return store.home() / WATCHES / watch


def me() -> str:
    """Who claims: a name that no other process has, nor this one after a restart."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{_BORN}"


_BORN: Final = secrets.token_hex(6)


def keep(settings: Settings, tell: Sequence[str] | None = None, *, now: datetime, id: str | None = None) -> Watch:
    """Make the watch of this name, or change it. tell: who is told from now on; None: as it was. now: UTC. Raises BadInput."""
    text = json.dumps(plain(settings), ensure_ascii=False)
    with database.opened(write=True) as con:
        row = con.execute(sql.select(watches.c.id).where(watches.c.name == settings.name)).first()
        made = row.id if row else id or secrets.token_urlsafe(16)
        if row:
            con.execute(sql.update(watches).where(watches.c.id == made).values(settings=text, revision=watches.c.revision + 1))
        else:
            con.execute(watches.insert().values(id=made, name=settings.name, opened=now, settings=text))
        if tell is not None:
            con.execute(sql.delete(channels).where(channels.c.watch == made))
            for place, address in enumerate(tell):
                con.execute(channels.insert().values(watch=made, place=place, address=address))
    return one(made)


def one(watch: str) -> Watch:
    """Raises BadInput where there is none."""
    with database.opened() as con:
        row = con.execute(sql.select(watches).where(watches.c.id == watch)).first()
    if row is None:
        raise BadInput(N_("There is no watch under this link: it was deleted, or the link is cut off."))
    return _watch(row)


def all_watches() -> list[Watch]:
    """By name."""
    with database.opened() as con:
        return [_watch(row) for row in con.execute(sql.select(watches).order_by(watches.c.name))]


def named(name: str) -> Watch | None:
    with database.opened() as con:
        row = con.execute(sql.select(watches).where(watches.c.name == name)).first()
    return _watch(row) if row else None


def delete(watch: str) -> None:
    """Forget a watch, its batches and alerts. The incidents that were opened from it stay. Raises BadInput."""
    import shutil

    place = folder(watch)
    with database.opened(write=True) as con:
        con.execute(sql.delete(watches).where(watches.c.id == watch))
    with store.disk():
        if place.is_dir():
            shutil.rmtree(place)


def note(watch: str, trouble: Reason, *, now: datetime) -> None:
    """Keep that the watch was looked at, and what was the matter."""
    with database.opened(write=True) as con:
        con.execute(
            sql.update(watches)
            .where(watches.c.id == watch)
            .values(looked=now, trouble=_said(trouble), revision=watches.c.revision + 1)
        )


def history(watch: str) -> list[Batch]:
    """All batches in the order of time; those of an unknown time by when they came."""
    asked = [column for column in batches.c if column is not batches.c.numbers]
    with database.opened() as con:
        found = [_batch(row) for row in con.execute(sql.select(*asked).where(batches.c.watch == watch))]
    return sorted(found, key=lambda batch: (batch.since or batch.arrived or datetime.max, batch.name))


def numbers(watch: str) -> dict[str, Summary]:
    """The summary of each batch that was measured, by name."""
    asked = sql.select(batches.c.name, batches.c.numbers).where(batches.c.watch == watch, batches.c.numbers.is_not(None))
    with database.opened() as con:
        return {row.name: Summary.unpacked(row.numbers) for row in con.execute(asked)}


def enter(watch: str, arrived: Sequence[Batch]) -> int:
    """Add the batches that are not known yet, and let those that were missing wait; returns how many there were."""
    added = 0
    with database.opened(write=True) as con:
        asked = sql.select(batches.c.name, batches.c.state, batches.c.since).where(batches.c.watch == watch)
        rows = con.execute(asked).all()
        known = {row.name: row.state for row in rows}
        gone = {row.since: row.name for row in rows if row.state == State.MISSING}
        for batch in arrived:
            if len(batch.name) > NAME:
                continue
            came = batch.state is not State.MISSING and batch.name not in known
            if came and batch.since in gone and gone[batch.since] != batch.name:
                # It was missing under the name of its window, and has one of its own.
                where = (batches.c.watch == watch, batches.c.name == gone.pop(batch.since))
                con.execute(sql.delete(batches).where(*where))
                batch = replace(batch, late=True)
            values = {
                "address": batch.address,
                "state": str(batch.state),
                "since": batch.since,
                "until": batch.until,
                "arrived": batch.arrived,
                "late": batch.late,
                "reason": _said(batch.reason),
            }
            if batch.name not in known:
                con.execute(batches.insert().values(watch=watch, name=batch.name, **values))
                added += 1
            elif known[batch.name] == State.MISSING and batch.state is not State.MISSING:
                where = (batches.c.watch == watch, batches.c.name == batch.name)
                con.execute(sql.update(batches).where(*where).values({**values, "late": True}))
                added += 1
        if added:
            _changed(con, watch)
    return added


def claim(watch: str, owner: str, *, now: float) -> Batch | None:
    """The oldest batch that waits, or whose owner is gone, as `owner`'s from now on; None where there is none.

    now: seconds since 1970. A clock that was set back lets no claim stand for ever: one from the future counts as old.
    """
    gone = sql.or_(batches.c.claimed < now - LEASE, batches.c.claimed > now + LEASE)
    free = sql.or_(batches.c.state == State.WAITING, sql.and_(batches.c.state == State.CLAIMED, gone))
    order = (batches.c.since.is_(None), batches.c.since, batches.c.arrived, batches.c.name)
    asked = sql.select(batches).where(batches.c.watch == watch, free).order_by(*order).limit(1)
    with database.opened(write=True) as con:
        if con.dialect.name == "postgresql":
            asked = asked.with_for_update(skip_locked=True)
        row = con.execute(asked).first()
        if row is None:
            return None
        where = (batches.c.watch == watch, batches.c.name == row.name)
        if row.tries >= TRIES:
            reason = Reason(N_("It ended its watcher {count:count} times, and is left out."), {"count": TRIES})
            con.execute(sql.update(batches).where(*where).values(state=str(State.UNREADABLE), reason=_said(reason), owner=""))
            _changed(con, watch)
            return None
        con.execute(
            sql.update(batches).where(*where).values(state=str(State.CLAIMED), owner=owner, claimed=now, tries=row.tries + 1)
        )
        return replace(_batch(row), state=State.CLAIMED, tries=row.tries + 1)


def renew(watch: str, batch: str, owner: str, *, now: float) -> bool:
    """Whether the batch is still `owner`'s; its claim is as if made now."""
    where = (batches.c.watch == watch, batches.c.name == batch, batches.c.owner == owner)
    with database.opened(write=True) as con:
        return con.execute(sql.update(batches).where(*where).values(claimed=now)).rowcount == 1


def judging(watch: str, owner: str, *, now: float) -> bool:
    """Whether `owner` alone judges the watch from now on; to be asked again, like a claim, while it does."""
    free = sql.or_(watches.c.owner.in_(("", owner)), watches.c.claimed < now - LEASE, watches.c.claimed > now + LEASE)
    with database.opened(write=True) as con:
        asked = sql.update(watches).where(watches.c.id == watch, free).values(owner=owner, claimed=now)
        return con.execute(asked).rowcount == 1


def judged(watch: str, owner: str) -> None:
    """Whoever wants may judge the watch again."""
    with database.opened(write=True) as con:
        con.execute(sql.update(watches).where(watches.c.id == watch, watches.c.owner == owner).values(owner=""))


def finish(watch: str, batch: Batch, owner: str, summary: Summary | None) -> bool:
    """Keep what was measured, all at once. False where the batch went to somebody else meanwhile: then nothing is kept."""
    values = {
        "state": str(batch.state),
        "owner": "",
        "tries": 0,
        "since": batch.since,
        "until": batch.until,
        "looked": batch.looked,
        "fingerprint": batch.fingerprint,
        "rows": batch.rows,
        "labelled": batch.labelled,
        "reason": _said(batch.reason),
        "metric": _metric_text(batch.metric),
        "numbers": summary.packed() if summary is not None else None,
    }
    where = (batches.c.watch == watch, batches.c.name == batch.name, batches.c.owner == owner)
    with database.opened(write=True) as con:
        kept = con.execute(sql.update(batches).where(*where).values(values)).rowcount == 1
        if kept:
            _changed(con, watch)
    return kept


def relabel(watch: str, batch: Batch, summary: Summary) -> None:
    """Keep what a batch is like now that more of its labels have come."""
    where = (batches.c.watch == watch, batches.c.name == batch.name, batches.c.labelled < batch.labelled)
    values = {"labelled": batch.labelled, "metric": _metric_text(batch.metric), "numbers": summary.packed()}
    with database.opened(write=True) as con:
        con.execute(sql.update(batches).where(*where).values(values))
        _changed(con, watch)


def investigated(watch: str, batch: str, verdict: str, causes: Sequence[FoundCause], incident: str) -> None:
    """Keep what the investigation of a batch found."""
    text = json.dumps({"verdict": verdict, "causes": [_cause_plain(cause) for cause in causes]}, ensure_ascii=False)
    where = (batches.c.watch == watch, batches.c.name == batch)
    with database.opened(write=True) as con:
        con.execute(sql.update(batches).where(*where).values(found=text, incident=incident))
        _changed(con, watch)


def opened_as(watch: str, batch: str, incident: str) -> None:
    """Keep under which incident a batch was opened."""
    with database.opened(write=True) as con:
        con.execute(sql.update(batches).where(batches.c.watch == watch, batches.c.name == batch).values(incident=incident))
        _changed(con, watch)


def twin(watch: str, batch: str, fingerprint: str) -> str | None:
    """The batch that has the very same content, where there is another one."""
    asked = sql.select(batches.c.name).where(
        batches.c.watch == watch, batches.c.fingerprint == fingerprint, batches.c.name != batch, batches.c.state == State.DONE
    )
    with database.opened() as con:
        return con.execute(asked.limit(1)).scalar_one_or_none()


def _changed(con: Connection, watch: str) -> None:
    con.execute(sql.update(watches).where(watches.c.id == watch).values(revision=watches.c.revision + 1))


def _watch(row: Row[Any]) -> Watch:
    return Watch(
        id=row.id,
        settings=settings_of(json.loads(row.settings)),
        opened=row.opened,
        looked=row.looked,
        revision=row.revision,
        trouble=reason_of(row.trouble),
    )


def _batch(row: Row[Any]) -> Batch:
    found = json.loads(row.found) if row.found else {}
    return Batch(
        name=row.name,
        address=row.address,
        state=State(row.state),
        since=row.since,
        until=row.until,
        arrived=row.arrived,
        looked=row.looked,
        late=row.late,
        fingerprint=row.fingerprint,
        rows=row.rows,
        labelled=row.labelled,
        reason=reason_of(row.reason),
        metric=_metric_of(row.metric),
        verdict=str(found.get("verdict", "")),
        causes=tuple(_cause_of(cause) for cause in found.get("causes", ())),
        incident=row.incident,
        tries=row.tries,
    )


def _said(reason: Reason) -> str:
    return json.dumps({"says": reason.says, "values": reason.values}, ensure_ascii=False) if reason else ""


def reason_of(text: str) -> Reason:
    held = json.loads(text) if text else {}
    return Reason(str(held.get("says", "")), dict(held.get("values", {})))


def _metric_text(metric: Metric | None) -> str:
    if metric is None:
        return ""
    ends = [metric.value.value, metric.value.low, metric.value.high]
    return json.dumps({"name": metric.name, "value": ends, "higher": metric.higher, "estimated": metric.estimated})


def _metric_of(text: str) -> Metric | None:
    if not text:
        return None
    held = json.loads(text)
    return Metric(name=held["name"], value=Interval(*held["value"]), higher=held["higher"], estimated=held["estimated"])


def _cause_plain(cause: FoundCause) -> dict[str, Any]:
    return {
        "code": cause.code,
        "family": cause.family,
        "confidence": cause.confidence,
        "columns": list(cause.columns),
        "since": cause.since.isoformat() if cause.since else None,
        "explains": cause.explains,
        "says": _said(cause.says),
        "remedy": _said(cause.remedy),
        "rows": cause.rows,
        "of_rows": cause.of_rows,
    }


def _cause_of(held: dict[str, Any]) -> FoundCause:
    return FoundCause(
        code=held["code"],
        family=held["family"],
        confidence=held["confidence"],
        columns=tuple(held["columns"]),
        since=datetime.fromisoformat(held["since"]) if held["since"] else None,
        explains=held["explains"],
        says=reason_of(held["says"]),
        remedy=reason_of(held["remedy"]),
        rows=held["rows"],
        of_rows=held["of_rows"],
    )


def utc(moment: datetime) -> datetime:
    """`moment` (aware) as the database keeps times."""
    return moment.astimezone(UTC).replace(tzinfo=None)
