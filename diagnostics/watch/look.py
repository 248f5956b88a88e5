"""One look at a watch: what has come is measured, late labels are filled in, and what it all comes to is judged.

Every step can be broken off: a batch whose watcher was killed is begun again by the next one, and what is finished stays. Two
watchers share the batches between them; one of them judges.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from diagnostics.keep import store
from diagnostics.measure import engine
from diagnostics.measure.samples import times
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.table import Table
from diagnostics.nouns.words import N_
from diagnostics.read.reader import read_table
from diagnostics.watch import labels, records, sources
from diagnostics.watch.judge import judge
from diagnostics.watch.measuring import BATCHES, RAW, look_again, reference_of
from diagnostics.watch.records import Batch, State, Watch
from diagnostics.watch.reference import Reference, install
from diagnostics.watch.settings import Kind
from diagnostics.watch.summary import Summary

log = logging.getLogger(__name__)

EMPTY: Final = N_("The batch has no rows.")
TWICE: Final = N_("The same rows as {batch:name}: not counted again.")
FEW: Final = N_("Only {rows:count} rows: at least {least:count} are needed to judge a batch.")
ABSENT: Final = N_("Columns did not come: {columns:list}.")

Progress = Callable[[float, str], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What one look did. judged: False where another watcher was at it."""

    measured: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()
    judged: bool = True
    trouble: Reason = field(default_factory=Reason)


def look(
    watch: str,
    *,
    clock: Clock = lambda: datetime.now(UTC),
    on_progress: Progress = lambda share, what: None,
    owner: str | None = None,
) -> Looked:
    """Look at what is new. Raises BadInput where the database is out of reach; whatever else is the matter is kept and shown."""
    who = owner or records.me()
    held = records.one(watch)
    trouble, done, filled = Reason(), list[str](), list[str]()
    try:
        against = _reference(held)
        known = records.history(watch)
        records.enter(watch, sources.arrivals(held.settings, held.folder, known, clock()))
    except BadInput as reason:
        trouble = reason.kept
        log.warning("watch %s: %s", held.settings.name, reason)
        against = None
    if against is not None:
        while (batch := records.claim(watch, who, now=clock().timestamp())) is not None:
            on_progress(0.0, batch.name)
            with _renewed(watch, batch.name, who, clock):
                finished, summary = _measure(held, batch, against, clock)
            if records.finish(watch, finished, who, summary):
                done.append(batch.name)
        filled = list(labels.fill_in(held, against, now=records.utc(clock())))
    records.note(watch, trouble, now=records.utc(clock()))
    judged = judge(watch, clock=clock, owner=who, on_progress=on_progress)
    return Looked(measured=tuple(done), relabelled=tuple(filled), judged=judged, trouble=trouble)


def _reference(watch: Watch) -> Reference:
    if not any(watch.folder.glob("reference.*")):
        install(watch.settings, watch.folder)
    return reference_of(watch, records.history(watch.id))


def _measure(watch: Watch, batch: Batch, against: Reference, clock: Clock) -> tuple[Batch, Summary | None]:
    """What is known of the batch now, and its numbers; what can't be read is said, and the watch goes on."""
    looked = replace(batch, looked=records.utc(clock()))
    try:
        file = sources.fetched(watch.settings, batch, watch.folder / RAW)
        table = read_table(file, watch.folder / BATCHES, name=sources.key_of(batch.name))
    except BadInput as reason:
        return replace(looked, state=State.UNREADABLE, reason=reason.kept), None
    except Exception as error:  # whatever a hostile file does to a reader ends with its batch, and is in the log
        log.exception("batch %s of watch %s could not be read", batch.name, watch.settings.name)
        broke = Reason(N_("Reading it broke off ({reason:name}); the details are in the log."), {"reason": type(error).__name__})
        return replace(looked, state=State.UNREADABLE, reason=broke), None
    twin = records.twin(watch.id, batch.name, table.fingerprint)
    looked = replace(looked, fingerprint=table.fingerprint, rows=table.rows)
    if twin is not None:
        return replace(looked, state=State.REPEATED, reason=Reason(TWICE, {"batch": twin})), None
    if not table.rows:
        return replace(looked, state=State.UNREADABLE, reason=Reason(EMPTY)), None
    since, until = (looked.since, looked.until) if looked.since else _window(table, against)
    timed = replace(looked, since=since, until=until)
    absent = [name for name in against.base.columns if name not in table and name != against.incident.roles.target]
    if absent:
        timed = replace(timed, reason=Reason(ABSENT, {"columns": absent}))
    finished, summary = look_again(timed, table, against)
    least = watch.settings.counts.least_rows
    if table.rows < least:
        return replace(finished, state=State.FEW, reason=Reason(FEW, {"rows": table.rows, "least": least})), summary
    return replace(finished, state=State.DONE), summary


def _window(table: Table, against: Reference) -> tuple[datetime | None, datetime | None]:
    """When the rows are from, as their times tell it."""
    when = times(engine.sample(table, seed=0), against.incident.roles.timestamp)
    if when is None or np.isnat(when).all():
        return None, None
    first, last = (end.astype("datetime64[us]").item() for end in (np.nanmin(when), np.nanmax(when)))
    return first, last + timedelta(microseconds=1)


@contextmanager
def _renewed(watch: str, batch: str, owner: str, clock: Clock) -> Iterator[None]:
    """The claim is renewed while the block runs, however long it takes."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(records.LEASE / 4):
            # A database that is out of reach for a moment costs the claim at most.
            with suppress(BadInput):
                records.renew(watch, batch, owner, now=clock().timestamp())

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def begin(watch: Watch) -> None:
    """Install the reference of a new watch. Raises BadInput where it can't be used."""
    with store.disk():
        watch.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if watch.settings.source.kind is Kind.PUSH:
            (watch.folder / sources.INBOX).mkdir(exist_ok=True, mode=0o700)
    install(watch.settings, watch.folder)
