"""Who may come back to an incident, and for how long: its link for reading, its last use, and its end."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sql

from diagnostics.keep import database, links, store
from diagnostics.keep.review.tables import incidents
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

log = logging.getLogger(__name__)

KEEP_DAYS: Final = "MODEL_CLINIC_KEEP_DAYS"
USED: Final = ".used"
NOTED_EVERY: Final = timedelta(hours=1)
"""How exactly the last use is known; a page that looks every few seconds need not write every few seconds."""

LEFT_OVER: Final = re.compile(r"\.[A-Za-z0-9_-]{22}(\.part|\.gone)?")
"""Folders of incidents that were never finished, or not removed to the end."""

LEFT_INSIDE: Final = re.compile(r"\..{1,300}\.[0-9a-f]{8}\.part|\.reading-.{1,100}")
"""What a crash leaves in an incident's own folders: half-written files, and what a table was read in."""

CLOCK: Final = ".clock"
"""When incidents past their time were last looked for, and until when none is deleted: two numbers of seconds since 1970."""

QUIET_AT_MOST: Final = timedelta(days=7)
"""A longer step of the clock, or one backwards, is taken for a jump: nothing is deleted for a day, so that it can be set."""

HELD: Final = timedelta(days=1)

LEFT_FOR: Final = timedelta(days=1)


def reading_link(incident: str) -> str | None:
    """The link for reading that leads to `incident`; None where there is none. Raises BadInput through such a link itself."""
    return links.link_of(store.writable(incident).name, store.home())


def share(incident: str) -> str:
    """A new link for reading; the one before it leads nowhere from now on. Raises BadInput when the disk does not take it."""
    base = store.writable(incident)
    with store.disk():
        return links.make(base.name, store.home())


def unshare(incident: str) -> None:
    """The link for reading leads nowhere from now on."""
    base = store.writable(incident)
    with store.disk():
        links.withdraw(base.name, store.home())


def delete(incident: str) -> None:
    """Remove the incident: its files, its links, and its record with every change.

    The record goes first: what is left when the disk refuses can be deleted again. Raises BadInput, also through a link for
    reading.
    """
    name = store.writable(incident).name
    try:
        _delete_record(name)
    except BadInput as reason:
        if reason.message != database.FULL:
            raise
        # Nothing can be written, so the files go first: that frees the space to delete the record in.
        delete_files(name)
        _delete_record(name)
        return
    delete_files(name)


def _delete_record(name: str) -> None:
    with database.opened(write=True) as con:
        con.execute(sql.delete(incidents).where(incidents.c.id == name))


def delete_files(name: str) -> None:
    """Remove the folder of an incident and its links, and nothing in the database. Raises BadInput when the disk refuses."""
    with store.disk():
        links.withdraw(name, store.home())
        # Renamed first: nobody opens half an incident, and what a crash leaves of it is swept up later.
        gone = store.home() / f".{name}.gone"
        (store.home() / name).rename(gone)
        shutil.rmtree(gone)


def keep_days() -> int | None:
    """Days after its last use on which an incident is deleted; None when incidents are kept until somebody deletes them.

    Raises BadInput when the setting is no whole number of days: guessing here could cost somebody's work.
    """
    given = os.environ.get(KEEP_DAYS, "").strip()
    if not given:
        return None
    if not given.isdecimal() or int(given) < 1:
        raise BadInput(N_("{setting} must be a whole number of days, at least 1, or not set at all."), setting=KEEP_DAYS)
    return int(given)


def used(incident: str, now: datetime) -> None:
    """Note that somebody looked at the incident. now: aware. A disk that refuses does no harm: the files have dates too."""
    file = store.folder(incident) / USED
    with suppress(OSError):
        if file.exists() and abs(now.timestamp() - file.stat().st_mtime) < NOTED_EVERY.total_seconds():
            return
        file.touch(mode=0o600)
        os.utime(file, (now.timestamp(), now.timestamp()))


def last_used(incident: str) -> datetime:
    """When somebody last looked at the incident or changed a file of it (UTC, to the hour)."""
    base = store.folder(incident)
    dates = [base.stat().st_mtime]
    if (base / USED).is_file():
        dates = [(base / USED).stat().st_mtime]
    for file in store.files(incident):
        with suppress(FileNotFoundError):
            dates.append(file.stat().st_mtime)
    return datetime.fromtimestamp(max(dates), UTC)


def sweep(now: datetime) -> list[str]:
    """Delete every incident whose time is over, and what crashes left behind; the ids of those deleted. now: aware.

    An incident that the disk or the database refuses to delete is left for the next time. Raises BadInput for a wrong setting.
    """
    days = keep_days()
    for base in _left_over(store.home(), now):
        shutil.rmtree(base, ignore_errors=True)
    for left in _left_inside(store.home(), now):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    if not _believable(now) or days is None:
        return []
    gone = []
    for base in sorted(store.home().iterdir()) if store.home().is_dir() else ():
        if base.is_symlink() or not store.exists(base.name):
            continue
        with suppress(BadInput, FileNotFoundError):
            if now - last_used(base.name) > timedelta(days=days):
                delete(base.name)
                gone.append(base.name)
    return gone


def _believable(now: datetime) -> bool:
    """Whether the clock went on as clocks do since the last time, or has been steady for a day since it did not."""
    file = store.home() / CLOCK
    held = 0.0
    seconds = now.timestamp()
    with suppress(OSError, ValueError):
        last, held = map(float, file.read_text(encoding="ascii").split())
        if not -3600 <= seconds - last <= QUIET_AT_MOST.total_seconds():
            held = seconds + HELD.total_seconds()
            log.warning("the clock jumped by %.1f days: no incident is deleted for a day", (seconds - last) / 86400)
    with suppress(OSError):
        if store.home().is_dir():
            file.write_text(f"{seconds} {held}", encoding="ascii")
    return seconds >= held


def _left_over(home: Path, now: datetime) -> Iterator[Path]:
    for base in home.glob(".*") if home.is_dir() else ():
        with suppress(FileNotFoundError):
            old = now.timestamp() - base.stat().st_mtime > LEFT_FOR.total_seconds()
            if old and LEFT_OVER.fullmatch(base.name) and base.is_dir() and not base.is_symlink():
                yield base


def _left_inside(home: Path, now: datetime) -> list[Path]:
    incidents = [base for base in home.iterdir() if store.exists(base.name) and not base.is_symlink()] if home.is_dir() else []
    found = [left for base in incidents for pattern in (".*", "*/.*", ".*/.*") for left in base.glob(pattern)]
    return [left for left in found if LEFT_INSIDE.fullmatch(left.name) and not left.is_symlink() and _older(left, now)]


def _older(path: Path, now: datetime) -> bool:
    with suppress(FileNotFoundError):
        return now.timestamp() - path.stat().st_mtime > LEFT_FOR.total_seconds()
    return False
