"""Change a record so that two people lose nothing: every edit says which version it was made on.

Edits of different fields merge. An edit of a field that somebody else changed meanwhile is not made: it comes back as a
`Conflict` with both values, and the editor asks which one is to stand.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from diagnostics.keep import database, store
from diagnostics.keep.review.record import Grade, Status, moment
from diagnostics.keep.review.tables import WHO, changes, entries, incidents
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

LINE_CAP: Final = 200
TEXT_CAP: Final = 20_000
"""Characters of a note: about ten printed pages."""

ITEMS_CAP: Final = 500
"""Items of one incident, those that were taken out among them."""

ROWS_CAP: Final = 10**15
SEARCHED: Final = 50_000
"""Characters of a record that the search of the list looks through."""

FIELDS: Final[Mapping[str, str]] = {
    "title": N_("Title"),
    "severity": N_("Severity"),
    "status": N_("Status"),
    "owner": N_("Owner"),
    "model": N_("Model"),
    "impact.rows_affected": N_("Rows affected"),
    "impact.since": N_("Since"),
    "impact.until": N_("Until"),
    "impact.says": N_("Impact in your words"),
    "events.time": N_("Event: time"),
    "events.what": N_("Event"),
    "decisions.what": N_("Decision"),
    "actions.what": N_("Action"),
    "actions.owner": N_("Action: owner"),
    "actions.due": N_("Action: due"),
    "actions.done": N_("Action: done"),
    "causes.code": N_("Cause: kind"),
    "causes.what": N_("Cause"),
    "causes.reason": N_("Cause: reason"),
    "causes.accepted": N_("Cause: accepted"),
    "known.what": N_("What we know"),
    "unknown.what": N_("What we don't know"),
    "steps.found": N_("Step: what it said"),
    "steps.confirmed": N_("Step confirmed"),
}
"""What may be written, with the words for it; of items without their key. `added` and `gone` come on top."""

KINDS: Final = ("events", "decisions", "actions", "causes", "known", "unknown", "steps")
LINES: Final = frozenset({"title", "owner", "model", "code", "found"})
TIMES: Final = tuple(
    f"{day}{hour}" for day in ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y年%m月%d日") for hour in ("", " %H:%M", " %H:%M:%S")
)
MOMENTS: Final = frozenset({"impact.since", "impact.until", "events.time"})
SWITCHES: Final = frozenset({"gone", "done", "accepted", "confirmed"})

TOO_LONG_LINE: Final = N_(
    "{field:term} has {size:count} characters; at most {cap:count} are kept. Shorten it: what you typed is still here."
)
TOO_LONG: Final = N_(
    "{field:term} has {lines:count} lines and {size:count} characters; at most {cap:count} characters are kept. "
    "Shorten it: what you typed is still here."
)


@dataclass(frozen=True)
class Edit:
    """A new value of an entry (None empties it), and the version of the entry that it was made on: 0 where there was none."""

    field: str
    value: Any
    version: int = 0


@dataclass(frozen=True)
class Conflict:
    """An edit that was not made: somebody else's value stands there now. version: to edit it all the same."""

    field: str
    yours: Any
    theirs: Any
    who: str
    when: datetime
    version: int


def label(field: str) -> str:
    """The words (a message id) for an entry: "actions.1f3a.owner" is "Action: owner"."""
    parts = field.split(".")
    known = f"{parts[0]}.{parts[-1]}" if len(parts) == 3 else field
    return FIELDS.get(known, FIELDS.get(f"{parts[0]}.what", N_("Entry")))


def is_time(field: str) -> bool:
    """Whether an entry holds a time or a day."""
    parts = field.split(".")
    return f"{parts[0]}.{parts[-1]}" in MOMENTS or parts[-1] == "due"


def change(incident: str, edits: Sequence[Edit], *, who: str, now: datetime | None = None) -> tuple[Conflict, ...]:
    """Make the edits, all in one transaction; those that somebody else was quicker with come back and are not made.

    An edit that says what stands there already is no change. Raises BadInput through a link for reading, without a name, for a
    value that cannot be kept, and when the database cannot be used; then nothing was saved.
    """
    name = store.writable(incident).name
    by = line(who, cap=WHO)
    if not by:
        raise BadInput(N_("Give your name first: every change is kept with who made it."))
    wanted = [Edit(edit.field, checked(edit.field, edit.value), edit.version) for edit in edits]
    # Times in the database are UTC without a zone.
    when = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    conflicts: list[Conflict] = []
    back: set[str] = set()
    with database.opened(write=True) as con:
        enter(con, name, when)
        rows = con.execute(sql.select(entries).where(entries.c.incident == name)).all()
        held = {row.name: row for row in rows}
        fresh = {item for edit in wanted if (item := _item(edit.field))} - {_item(known) for known in held}
        if len({_item(known) for known in held}) + len(fresh) > ITEMS_CAP:
            raise BadInput(N_("This record holds {cap:count} items already: nothing more can be added."), cap=ITEMS_CAP)
        for edit in wanted:
            row = held.get(edit.field)
            before = None if row is None else json.loads(row.value)
            if before == edit.value and (row is not None or edit.value is None):
                continue
            if (row.version if row else 0) != edit.version and row is not None:
                conflicts.append(Conflict(edit.field, edit.value, before, row.who, row.changed.replace(tzinfo=UTC), row.version))
                continue
            _put(con, name, edit, 0 if row is None else row.version, by, when)
            gone = f"{_item(edit.field)}.gone"
            # What was taken out is said, not that it was.
            text = held.get(f"{_item(edit.field)}.what")
            what = json.loads(text.value) if text is not None else None
            if edit.field == gone:
                _logged(con, name, gone, (what, None) if edit.value else (None, what), by, when)
                back.add(gone)
                continue
            _logged(con, name, edit.field, (before, edit.value), by, when)
            if gone not in back and gone in held and json.loads(held[gone].value):
                # What somebody still works on is not gone: both see it again, and can talk about it.
                _put(con, name, Edit(gone, False), held[gone].version, by, when)
                _logged(con, name, gone, (None, what), by, when)
                back.add(gone)
        _in_order(con, name)
        _noted(con, name)
    return tuple(conflicts)


def add(incident: str, kind: str, values: Mapping[str, Any], *, who: str, key: str = "", now: datetime | None = None) -> str:
    """A new item, and its key. Two people who add something at once both have it. Raises BadInput as `change` does."""
    made = key or secrets.token_hex(4)
    when = now or datetime.now(UTC)
    given = {**values, "added": when.astimezone(UTC).isoformat()}
    change(incident, [Edit(f"{kind}.{made}.{part}", value) for part, value in given.items()], who=who, now=when)
    return made


def record_again(incident: str, kept: Mapping[str, Mapping[str, Any]], made: Sequence[Mapping[str, Any]]) -> None:
    """Write the entries and changes of a restored record into an incident that has none. Raises BadInput."""
    name = store.writable(incident).name
    with database.opened(write=True) as con:
        enter(con, name, datetime.now(UTC).replace(tzinfo=None))
        for field, row in kept.items():
            con.execute(entries.insert().values(incident=name, name=field, **row))
        for row in made:
            con.execute(changes.insert().values(incident=name, **row))
        _noted(con, name)


def cause_key(code: str, columns: Sequence[str], what: str = "") -> str:
    """The key of a cause: two people who judge the same cause meet in the same item."""
    return hashlib.sha256(repr((code, tuple(columns), what if not code else "")).encode()).hexdigest()[:8]


def enter(con: Connection, name: str, when: datetime) -> None:
    """The incident's row, made where there is none, and held until the transaction ends: writers of one incident take turns."""
    insert = postgresql.insert if con.dialect.name == "postgresql" else sqlite.insert
    con.execute(insert(incidents).values(id=name, opened=when).on_conflict_do_nothing(index_elements=["id"]))
    con.execute(sql.select(incidents.c.id).where(incidents.c.id == name).with_for_update())


def _put(con: Connection, name: str, edit: Edit, version: int, who: str, when: datetime) -> None:
    stamp = {"value": json.dumps(edit.value, ensure_ascii=False), "version": version + 1, "who": who, "changed": when}
    if version:
        con.execute(sql.update(entries).where(entries.c.incident == name, entries.c.name == edit.field).values(**stamp))
    else:
        con.execute(entries.insert().values(incident=name, name=edit.field, **stamp))


def _logged(con: Connection, name: str, field: str, values: tuple[Any, Any], who: str, when: datetime) -> None:
    before, after = (written(value) for value in values)
    if not field.endswith(".added"):
        con.execute(changes.insert().values(incident=name, changed=when, who=who, field=field, before=before, after=after))


def _in_order(con: Connection, name: str) -> None:
    """Raises BadInput, and nothing is saved, when the impact would end before it began."""
    fits = entries.c.name.in_(["impact.since", "impact.until"])
    rows = con.execute(sql.select(entries.c.name, entries.c.value).where(entries.c.incident == name, fits)).all()
    held = {row.name: moment(json.loads(row.value)) for row in rows}
    since, until = held.get("impact.since"), held.get("impact.until")
    if since and until and until < since:
        raise BadInput(N_("The impact cannot end ({until:time}) before it began ({since:time})."), until=until, since=since)


def _noted(con: Connection, name: str) -> None:
    """What the list of incidents shows and looks through, beside the entries that say it."""
    rows = con.execute(sql.select(entries.c.name, entries.c.value).where(entries.c.incident == name)).all()
    held = {row.name: json.loads(row.value) for row in rows}
    title = held.get("title") or store.called(name)
    if title != store.called(name):
        # While the incident's row is held: of two who rename it at once, the later one stands in both places.
        store.call(name, title)
    texts = [str(title), *(value for key, value in sorted(held.items()) if isinstance(value, str) and not key.endswith("added"))]
    row = {
        "title": str(title),
        "status": held.get("status") or Status.OPEN.value,
        "severity": held.get("severity") or "",
        "words": "\n".join(texts).casefold()[:SEARCHED],
    }
    con.execute(sql.update(incidents).where(incidents.c.id == name).values(**row))


def _item(field: str) -> str:
    """The item that an entry belongs to, "" for a field of the record itself."""
    return field.rpartition(".")[0] if field.count(".") == 2 else ""


def line(text: str, *, cap: int = LINE_CAP) -> str:
    """`text` on one line, without what no database keeps."""
    return " ".join(cleaned(text).split())[:cap]


def cleaned(text: str) -> str:
    """`text` without control characters and halves of characters."""
    whole = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in whole if char in "\n\t" or char.isprintable() or char.isspace()).replace("\x00", "")


def checked(field: str, value: Any) -> Any:
    """`value` as it is kept. Raises BadInput when this field cannot hold it, ValueError when there is no such field."""
    parts = field.split(".")
    name = f"{parts[0]}.{parts[-1]}" if len(parts) == 3 else field
    if len(parts) == 3 and (parts[0] not in KINDS or not parts[1].isalnum() or len(parts[1]) > 16):
        raise ValueError(f"there is no entry {field!r}")
    if parts[-1] in SWITCHES:
        return bool(value)
    if parts[-1] == "added":
        return str(value)[:40]
    if name not in FIELDS:
        raise ValueError(f"there is no entry {field!r}")
    if value is None or value == "":
        if name == "title":
            raise BadInput(N_("The title cannot be empty."))
        return None
    if name in MOMENTS or parts[-1] == "due":
        return _dated(name, value)
    if name == "impact.rows_affected":
        return max(0, min(int(value), ROWS_CAP))
    if name in ("severity", "status"):
        return (Grade if name == "severity" else Status)(value).value
    if parts[-1] in LINES:
        return line(str(value)) or None
    return _note(name, str(value))


def _note(name: str, value: str) -> str | None:
    text = cleaned(value).strip()
    if len(text) > TEXT_CAP:
        lines = text.count("\n") + 1
        if lines == 1:
            raise BadInput(TOO_LONG_LINE, field=FIELDS[name], size=len(text), cap=TEXT_CAP)
        raise BadInput(TOO_LONG, field=FIELDS[name], lines=lines, size=len(text), cap=TEXT_CAP)
    return text or None


def _dated(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).strip()
    when = moment(text) or _as_people_write(text)
    if when is None:
        raise BadInput(
            N_("{given:name} is no time that can be read: write it like 2026-05-12 08:00, or 2026-05-12."), given=str(value)
        )
    return when.date().isoformat() if name == "actions.due" else when.isoformat()


def _as_people_write(text: str) -> datetime | None:
    """A time with the year first, or with points and the day first, which nobody reads otherwise."""
    for form in TIMES:
        with suppress(ValueError):
            return datetime.strptime(text, form)
    return None


def written(value: Any) -> str:
    """A value for the list of changes; people read True as yes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
