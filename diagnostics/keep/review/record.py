"""The record of an incident: what people wrote about it, who did, and when. Read here, changed in `edit`.

The database keeps one entry per field and one per field of an item, each with its own version, so that two people who edit
different things never meet. Names of entries: ``title``, ``impact.since`` and, for the items, ``decisions.<key>.what``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sql

from diagnostics.keep import database, store
from diagnostics.keep.review.tables import changes, entries
from diagnostics.nouns.words import N_


class Grade(StrEnum):
    """How bad the incident is for those whom the model serves."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Status(StrEnum):
    OPEN = "open"
    CONTAINED = "contained"
    RESOLVED = "resolved"
    CLOSED = "closed"


GRADES: Final[Mapping[Grade, str]] = {
    Grade.CRITICAL: N_("critical"),
    Grade.HIGH: N_("high"),
    Grade.MEDIUM: N_("medium"),
    Grade.LOW: N_("low"),
}
STATUSES: Final[Mapping[Status, str]] = {
    Status.OPEN: N_("open"),
    Status.CONTAINED: N_("contained"),
    Status.RESOLVED: N_("resolved"),
    Status.CLOSED: N_("closed"),
}


@dataclass(frozen=True)
class Impact:
    """Whom it hit, in plain numbers. of_rows: rows that were looked at; says: what people add in their own words.

    since and until are times as the files give them, without a zone; until is None when it goes on or nobody knows.
    """

    rows_affected: int | None = None
    of_rows: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    says: str = ""


@dataclass(frozen=True)
class Item:
    """What all items share. who and when (UTC): of the latest change to it."""

    key: str
    who: str
    when: datetime


@dataclass(frozen=True)
class Happening(Item):
    """A hand-written event of the timeline; time as people wrote it, without a zone."""

    time: datetime
    what: str


@dataclass(frozen=True)
class Decision(Item):
    what: str


@dataclass(frozen=True)
class Action(Item):
    what: str
    owner: str = ""
    due: date | None = None
    done: bool = False


@dataclass(frozen=True)
class Judged(Item):
    """A cause that people accepted or rejected, and why. code: of the board ("" for one that people named themselves)."""

    code: str
    what: str
    reason: str
    accepted: bool


@dataclass(frozen=True)
class Note(Item):
    """Something that is known, or is not."""

    what: str


@dataclass(frozen=True)
class Confirmation(Item):
    """One of the seven steps that a person looked at and agreed with. found: what it said then ("problem", "ok", "skipped")."""

    step: int
    found: str


@dataclass(frozen=True)
class Change:
    """when: UTC. field: name of the entry; before and after as text, "" for nothing."""

    when: datetime
    who: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Record:
    """Everything that was written about one incident; items in the order in which they were added, events by time.

    versions: of each entry, as `edit` asks for them; version: rises with every change of any of them.
    """

    title: str = ""
    severity: Grade | None = None
    status: Status = Status.OPEN
    owner: str = ""
    model: str = ""
    impact: Impact = Impact()
    events: tuple[Happening, ...] = ()
    decisions: tuple[Decision, ...] = ()
    actions: tuple[Action, ...] = ()
    accepted: tuple[Judged, ...] = ()
    rejected: tuple[Judged, ...] = ()
    known: tuple[Note, ...] = ()
    unknown: tuple[Note, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    changes: tuple[Change, ...] = ()
    version: int = 0
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def written(self) -> bool:
        """Whether anybody has written anything."""
        return self.version > 0


SHOWN_CHANGES: Final = 500
"""The latest changes that a record carries; the database keeps all."""


@dataclass(frozen=True)
class Entry:
    """One stored value with its stamp; value is what `json` reads from it."""

    value: Any
    version: int
    who: str
    when: datetime


def read(incident: str) -> Record:
    """The record as it stands; an empty one with the incident's title where nobody wrote anything.

    Raises BadInput when the database cannot be used, or when there is no such incident.
    """
    name = store.identity(incident)
    with database.opened() as con:
        held = {
            row.name: Entry(json.loads(row.value), row.version, row.who, row.changed.replace(tzinfo=UTC))
            for row in con.execute(sql.select(entries).where(entries.c.incident == name))
        }
        order = sql.select(changes).where(changes.c.incident == name).order_by(changes.c.number.desc()).limit(SHOWN_CHANGES)
        latest = [
            Change(row.changed.replace(tzinfo=UTC), row.who, row.field, row.before, row.after) for row in con.execute(order)
        ]
    title = held["title"].value if "title" in held else store.called(incident)
    return assemble(held, tuple(reversed(latest)), title=str(title or ""))


def version(incident: str) -> int:
    """Rises with every change; cheap, for pages that look every few seconds."""
    with database.opened() as con:
        total = sql.select(sql.func.coalesce(sql.func.sum(entries.c.version), 0))
        return int(con.execute(total.where(entries.c.incident == store.identity(incident))).scalar_one())


def assemble(held: Mapping[str, Entry], latest: tuple[Change, ...] = (), *, title: str = "") -> Record:
    """A Record from its entries; what an entry of a restored file says amiss counts as not said."""
    plain = {name: entry.value for name, entry in held.items()}
    decisions, actions, judged, events = _items(held, "decisions"), _items(held, "actions"), [], []
    for key, at, values in _items(held, "causes"):
        judged.append(
            Judged(key, *at, _text(values, "code"), _text(values, "what"), _text(values, "reason"), bool(values.get("accepted")))
        )
    for key, at, values in _items(held, "events"):
        when = moment(values.get("time"))
        if when is not None:
            events.append(Happening(key, *at, when, _text(values, "what")))
    confirmed = [
        Confirmation(key, *at, int(key), _text(values, "found"))
        for key, at, values in _items(held, "steps")
        if key.isdecimal() and values.get("confirmed")
    ]
    status, severity = _text(plain, "status"), _text(plain, "severity")
    return Record(
        title=title,
        severity=Grade(severity) if severity in set(Grade) else None,
        status=Status(status) if status in set(Status) else Status.OPEN,
        owner=_text(plain, "owner"),
        model=_text(plain, "model"),
        impact=Impact(
            rows_affected=_count(plain.get("impact.rows_affected")),
            since=moment(plain.get("impact.since")),
            until=moment(plain.get("impact.until")),
            says=_text(plain, "impact.says"),
        ),
        events=tuple(sorted(events, key=lambda event: (event.time, event.when, event.key))),
        decisions=tuple(Decision(key, *at, _text(values, "what")) for key, at, values in decisions),
        actions=tuple(
            Action(key, *at, _text(values, "what"), _text(values, "owner"), _day(values.get("due")), bool(values.get("done")))
            for key, at, values in actions
        ),
        accepted=tuple(cause for cause in judged if cause.accepted),
        rejected=tuple(cause for cause in judged if not cause.accepted),
        known=tuple(Note(key, *at, _text(values, "what")) for key, at, values in _items(held, "known")),
        unknown=tuple(Note(key, *at, _text(values, "what")) for key, at, values in _items(held, "unknown")),
        confirmations=tuple(sorted(confirmed, key=lambda item: item.step)),
        changes=latest,
        version=sum(entry.version for entry in held.values()),
        versions={name: entry.version for name, entry in held.items()},
    )


def _items(held: Mapping[str, Entry], kind: str) -> list[tuple[str, tuple[str, datetime], dict[str, Any]]]:
    """Items of one kind that were not taken out: key, (who, when) of the latest change, values by field; oldest first."""
    parts: dict[str, dict[str, Entry]] = {}
    for name, entry in held.items():
        place, _, rest = name.partition(".")
        key, _, part = rest.partition(".")
        if place == kind and part:
            parts.setdefault(key, {})[part] = entry
    found = []
    for key, fields in parts.items():
        if fields.get("gone") and fields["gone"].value:
            continue
        latest = max(fields.values(), key=lambda entry: entry.when)
        first = fields["added"].value if "added" in fields else ""
        values = {part: entry.value for part, entry in fields.items()}
        found.append((str(first), key, (latest.who, latest.when), values))
    return [(key, at, values) for _, key, at, values in sorted(found, key=lambda item: item[:2])]


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def moment(value: Any) -> datetime | None:
    """A time without a zone from its ISO text; None for anything else."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None) if isinstance(value, str) else None
    except ValueError:
        return None


def _day(value: Any) -> date | None:
    when = moment(value)
    return when.date() if when else None


def causes_of(record: Record) -> Iterable[Judged]:
    """Accepted first."""
    return (*record.accepted, *record.rejected)
