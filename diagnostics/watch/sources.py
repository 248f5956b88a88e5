"""Where batches come from: files of a folder, a table cut by time, or what is pushed. Says what has come, and fetches one.

A file counts as come when it has not changed for a moment: nobody reads one that is still being written.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError

from diagnostics.keep import store
from diagnostics.measure.engine import connect, literal
from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_
from diagnostics.read.folder import TABLE_ENDINGS
from diagnostics.read.uploads import clean
from diagnostics.watch.clock import Every, floor, instant, wall, windows, zone_of
from diagnostics.watch.records import Batch, State
from diagnostics.watch.settings import Kind, Settings, Source, resolved

SETTLED: Final = timedelta(seconds=5)
FILES_CAP: Final = 20_000
WINDOWS_CAP: Final = 20_000
"""Batches of one watch that are looked for at most, the newest."""

GIVEN_UP: Final = 4
"""Times the grace after which a late batch is missing."""

ROWS_CAP: Final = 5_000_000
DATED: Final = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?:[-_.T ]?([01]\d|2[0-3])(?:[-_.:]?([0-5]\d))?)?(?!\d)"
)
"""A date in a file's name, with or without the hour."""

INBOX: Final = "inbox"
UNREACHABLE: Final = N_("The source {address:name} cannot be reached ({why}). It is tried again; nothing is lost.")


def arrivals(settings: Settings, folder: Path, known: Sequence[Batch], now: datetime) -> list[Batch]:
    """All batches that are there, and those that should be. now: aware. Raises BadInput where the source is out of reach."""
    zone = zone_of(settings.zone)
    if settings.source.kind is Kind.TABLE:
        found = _table(settings, known, wall(now, zone))
    else:
        place = folder / INBOX if settings.source.kind is Kind.PUSH else Path(resolved(settings.source.address))
        found = _files(settings, place, now)
    return [*found, *_expected(settings, [*known, *found], now)]


def fetched(settings: Settings, batch: Batch, folder: Path) -> Path:
    """The batch as a file in `folder`. Raises BadInput where it cannot be had any more."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.source.kind is not Kind.TABLE:
        source = Path(batch.address)
        target = folder / f"{key_of(batch.name)}{_ending(source.name)}"
        if not source.is_file():
            raise BadInput(N_("{file:name} was there and is gone."), file=source.name)
        with store.disk():
            shutil.copyfile(source, target)
        return target
    target = folder / f"{key_of(batch.name)}.parquet"
    if batch.since is None or batch.until is None:
        raise BadInput(N_("The batch has no window of time, so its rows cannot be asked for."))
    _copy_rows(settings.source, batch.since, batch.until, target)
    return target


def push(settings: Settings, folder: Path, file: Path, *, name: str = "") -> Path:
    """Put a copy of `file` where the watch looks for batches. Raises BadInput where there is no such file."""
    if settings.source.kind is not Kind.PUSH:
        raise BadInput(N_("This watch takes its batches from elsewhere: nothing can be pushed to it."))
    if not file.is_file():
        raise BadInput(N_("There is no file {file:name}: check the path."), file=str(file))
    inbox = folder / INBOX
    target = inbox / (clean(name or file.name) or "batch.csv")
    with store.disk():
        inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(file, part)
        part.replace(target)
    return target


def key_of(name: str) -> str:
    """A file name for a batch, whatever it is called."""
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:24]


def dated(name: str, every: Every | None) -> tuple[datetime, datetime] | None:
    """The window that a file's name tells: "sales-2026-05-12.csv" is that day's."""
    found = DATED.search(name)
    if found is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    try:
        when = datetime(year, month, day, hour, minute)
    except ValueError:
        return None
    length = every or (Every.DAY if found[4] is None else Every.HOUR)
    begin = floor(when, length)
    return begin, begin + length.length


def _files(settings: Settings, place: Path, now: datetime) -> list[Batch]:
    if settings.source.kind is Kind.PUSH and not place.is_dir():
        return []
    try:
        inside = [file for file in place.iterdir() if not file.name.startswith(".") and file.is_file() and not file.is_symlink()]
    except OSError as error:
        raise BadInput(UNREACHABLE, address=str(place), why=error.strerror or type(error).__name__) from error
    found = []
    for file in sorted(inside):
        if not fnmatch(file.name, settings.source.pattern) or not _ending(file.name):
            continue
        changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        # A clock that was set back would let a file from its future wait for ever.
        if timedelta(0) <= now - changed < SETTLED and settings.source.kind is Kind.FOLDER:
            continue
        window = dated(file.name, settings.every)
        found.append(
            Batch(
                name=file.name,
                address=str(file.absolute()),
                since=window[0] if window else None,
                until=window[1] if window else None,
                arrived=changed.replace(tzinfo=None),
            )
        )
    return found[-FILES_CAP:]


def _expected(settings: Settings, known: Sequence[Batch], now: datetime) -> Iterator[Batch]:
    """Windows that are over, and of which nothing has come. The first that ever came begins the count."""
    if settings.every is None:
        return
    zone, every = zone_of(settings.zone), settings.every
    there = {batch.since: batch for batch in known if batch.since is not None and batch.state is not State.MISSING}
    begun = [since for since in there if since is not None]
    if not begun:
        return
    gone = {batch.since for batch in known if batch.state is State.MISSING}
    for begin, end in windows(min(begun), _last(settings, wall(now, zone)), every, zone):
        late = now - instant(end, zone)
        if begin not in there and begin not in gone and late >= GIVEN_UP * settings.counts.grace:
            reason = Reason(N_("Nothing came for this time."))
            yield Batch(name=_window_name(begin), since=begin, until=end, state=State.MISSING, late=True, reason=reason)


def overdue(settings: Settings, known: Sequence[Batch], now: datetime) -> list[datetime]:
    """Beginnings of windows that are over for longer than the grace, and of which nothing has come yet."""
    if settings.every is None:
        return []
    zone = zone_of(settings.zone)
    there = {batch.since for batch in known if batch.since is not None}
    if not there:
        return []
    found = windows(min(there), _last(settings, wall(now, zone)), settings.every, zone)
    return [begin for begin, end in found if begin not in there and now - instant(end, zone) >= settings.counts.grace]


def _last(settings: Settings, now: datetime) -> datetime:
    """The last moment at which a batch is expected to begin."""
    return now if settings.ends is None else min(now, settings.ends - timedelta(microseconds=1))


def _window_name(begin: datetime) -> str:
    return begin.isoformat(timespec="minutes")


def _ending(name: str) -> str:
    return max((ending for ending in TABLE_ENDINGS if name.lower().endswith(ending)), key=len, default="")


def _table(settings: Settings, known: Sequence[Batch], now: datetime) -> list[Batch]:
    """The windows of the table that are over and hold rows."""
    if settings.every is None:
        raise BadInput(N_("A table needs `every`: hour, day or week, by which it is cut into batches."))
    every, zone = settings.every, zone_of(settings.zone)
    with _asked(settings.source) as ask:
        first, last = _moment(ask.value("min")), _moment(ask.value("max"))
        if first is None or last is None:
            return []
        done = {batch.since for batch in known if batch.state is not State.MISSING}
        found = []
        for begin, end in list(windows(first, min(last, now), every, zone))[-WINDOWS_CAP:]:
            # A window that is not over yet would be looked at before its last rows are there.
            if end <= now and begin not in done and ask.rows(begin, end):
                found.append(
                    Batch(name=_window_name(begin), since=begin, until=end, arrived=datetime.now(UTC).replace(tzinfo=None))
                )
        return found


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _copy_rows(source: Source, since: datetime, until: datetime, target: Path) -> None:
    with _asked(source) as ask:
        ask.copy(since, until, target)


class _Ask:
    """Questions to a table with a time column."""

    def value(self, function: str) -> object:
        raise NotImplementedError

    def rows(self, since: datetime, until: datetime) -> bool:
        raise NotImplementedError

    def copy(self, since: datetime, until: datetime, target: Path) -> None:
        raise NotImplementedError


class _OfFile(_Ask):
    """A Parquet, CSV or DuckDB file."""

    def __init__(self, con: Any, relation: str, time: str) -> None:
        self.con, self.relation = con, relation
        self.time = f'CAST("{time.replace(chr(34), chr(34) * 2)}" AS TIMESTAMP)'

    def value(self, function: str) -> object:
        return self.con.execute(f"SELECT {function}({self.time}) FROM {self.relation}").fetchall()[0][0]

    def _within(self, since: datetime, until: datetime) -> str:
        return f"{self.time} >= TIMESTAMP '{since.isoformat(' ')}' AND {self.time} < TIMESTAMP '{until.isoformat(' ')}'"

    def rows(self, since: datetime, until: datetime) -> bool:
        return bool(self.con.execute(f"SELECT 1 FROM {self.relation} WHERE {self._within(since, until)} LIMIT 1").fetchall())

    def copy(self, since: datetime, until: datetime, target: Path) -> None:
        query = f"SELECT * FROM {self.relation} WHERE {self._within(since, until)} ORDER BY {self.time} LIMIT {ROWS_CAP}"
        self.con.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)")


class _OfDatabase(_Ask):
    """A table of a database that SQLAlchemy reaches."""

    def __init__(self, con: Any, table: str, time: str) -> None:
        schema, _, name = table.rpartition(".")
        self.con, self.table = con, sql.table(name, schema=schema or None)
        self.time: Any = sql.column(time)
        # SQLite keeps times as text, and compares them as such.
        self.text = con.dialect.name == "sqlite"

    def _bound(self, when: datetime) -> object:
        return when.isoformat(" ") if self.text else when

    def value(self, function: str) -> object:
        return self.con.execute(sql.select(getattr(sql.func, function)(self.time)).select_from(self.table)).scalar()

    def _within(self, since: datetime, until: datetime) -> Any:
        return sql.and_(self.time >= self._bound(since), self.time < self._bound(until))

    def rows(self, since: datetime, until: datetime) -> bool:
        asked = sql.select(sql.literal(1)).select_from(self.table).where(self._within(since, until)).limit(1)
        return self.con.execute(asked).first() is not None

    def copy(self, since: datetime, until: datetime, target: Path) -> None:
        import pandas as pd

        asked = sql.select(sql.text("*")).select_from(self.table).where(self._within(since, until)).order_by(self.time)
        pd.read_sql(asked.limit(ROWS_CAP), self.con).to_parquet(target, index=False)


@contextmanager
def _asked(source: Source) -> Iterator[_Ask]:
    address = resolved(source.address)
    if "://" not in address:
        with _of_file(Path(address), source) as ask:
            yield ask
        return
    try:
        engine = sql.create_engine(address, poolclass=sql.NullPool)
        with engine.connect() as con:
            yield _OfDatabase(con, source.table, source.time)
    except (SQLAlchemyError, ImportError) as error:
        # Neither the address nor what the driver says of it: both may hold a password.
        why = type(getattr(error, "orig", None) or error).__name__
        raise BadInput(UNREACHABLE, address=source.table, why=why) from error


@contextmanager
def _of_file(file: Path, source: Source) -> Iterator[_Ask]:
    import duckdb

    if not file.is_file():
        raise BadInput(UNREACHABLE, address=file.name, why=N_("there is no such file"))
    try:
        with connect() as con:
            if file.suffix.lower() in (".duckdb", ".db", ".ddb"):
                con.execute(f"ATTACH {literal(str(file))} AS given (READ_ONLY)")
                relation = ".".join(f'"{part}"' for part in ("given", *source.table.replace('"', "").split(".")))
            else:
                reader = "read_parquet" if file.suffix.lower() == ".parquet" else "read_csv_auto"
                relation = f"{reader}({literal(str(file))})"
            yield _OfFile(con, relation, source.time)
    except duckdb.Error as error:
        raise BadInput(UNREACHABLE, address=file.name, why=type(error).__name__) from error
