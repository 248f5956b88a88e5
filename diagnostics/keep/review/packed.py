"""The record inside a saved incident: written into its .zip as record.json, and taken back from there."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import IO, Any, Final

import sqlalchemy as sql

from diagnostics.keep import database, sharing, store
from diagnostics.keep.review.edit import ITEMS_CAP, Edit, checked, cleaned, line, record_again
from diagnostics.keep.review.tables import WHO, changes, entries
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

log = logging.getLogger(__name__)

NAME: Final = "record.json"
VERSION: Final = 1
CAP: Final = 50_000_000
CHANGES_CAP: Final = 20_000


def pack(incident: str) -> bytes:
    """The incident with its record as a .zip; without the record where the database cannot be used, as the files are safe."""
    name = store.writable(incident).name
    try:
        with database.opened() as con:
            held = con.execute(sql.select(entries).where(entries.c.incident == name).order_by(entries.c.name)).all()
            made = con.execute(sql.select(changes).where(changes.c.incident == name).order_by(changes.c.number)).all()
    except BadInput as reason:
        log.warning("an incident was packed without its record: %s", reason)
        return store.pack(incident)
    if not held:
        return store.pack(incident)
    content = {
        "version": VERSION,
        "entries": [[row.name, json.loads(row.value), row.who, row.changed.isoformat()] for row in held],
        "changes": [[row.changed.isoformat(), row.who, row.field, row.before, row.after] for row in made],
    }
    return store.pack(incident, extra={NAME: json.dumps(content, ensure_ascii=False).encode()})


def restore(archive: bytes | IO[bytes], *, name: str = "archive.zip") -> str:
    """A new incident from a .zip, with its record. Raises BadInput, and leaves nothing behind, when either cannot be used."""
    made = store.restore(archive, name=name)
    file = store.folder(made) / NAME
    if not file.is_file():
        return made
    try:
        _take(made, _content(file.read_bytes()))
    except BadInput:
        sharing.delete_files(made)
        raise
    file.unlink()
    return made


def _content(given: bytes) -> dict[str, Any]:
    damaged = N_("record.json in this archive is damaged: save the incident again, or take record.json out of the archive.")
    try:
        content = load_json(given[:CAP])
        version = content["version"]
    except (NotPlain, KeyError, TypeError) as error:
        raise BadInput(damaged) from error
    if not isinstance(version, int) or version > VERSION:
        raise BadInput(N_("This archive was saved by a newer version of Model Clinic: update this one to restore it."))
    if not all(isinstance(content.get(part), list) for part in ("entries", "changes")):
        raise BadInput(damaged)
    return dict(content)


def _take(incident: str, content: dict[str, Any]) -> None:
    """Write what can be kept; an invalid line, out of a file that anybody may have written, is skipped."""
    kept: dict[str, dict[str, Any]] = {}
    for row in content["entries"][: 8 * ITEMS_CAP]:
        try:
            field, value, who, when = row
            edit = Edit(str(field), checked(str(field), value))
            kept[edit.field] = {
                "value": json.dumps(edit.value, ensure_ascii=False),
                "version": 1,
                "who": line(str(who), cap=WHO),
                "changed": _when(when),
            }
        except (BadInput, ValueError, TypeError):
            continue
    log_ = []
    for row in content["changes"][:CHANGES_CAP]:
        try:
            when, who, field, before, after = row
            texts = {"before": cleaned(str(before)), "after": cleaned(str(after))}
            log_.append({"changed": _when(when), "who": line(str(who), cap=WHO), "field": line(str(field), cap=80), **texts})
        except (ValueError, TypeError):
            continue
    record_again(incident, kept, log_)


def _when(text: Any) -> datetime:
    when = datetime.fromisoformat(str(text))
    return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
