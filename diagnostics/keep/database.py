"""The database of the records: where it is, how it is opened, and in plain words why it cannot be.

MODEL_CLINIC_DATABASE holds a URL, ``postgresql://user:password@host/name`` or ``sqlite:////path``; without it, a SQLite file lies
beside the incidents. The schema is brought up to date when a process opens the database for the first time.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

log = logging.getLogger(__name__)

SETTING: Final = "MODEL_CLINIC_DATABASE"
FILE: Final = "records.sqlite"

PATIENCE: Final = 5.0
"""Seconds to wait for a lock that another program holds; then it is said, rather than leaving a page hanging."""

REACHED: Final = 5
"""Seconds to wait for a server."""

UNREACHABLE: Final = N_(
    "The database cannot be reached ({reason:name}). Nothing was saved: check that it runs and that its address (for "
    "the app: MODEL_CLINIC_DATABASE) is right, and try again."
)
LOCKED: Final = N_(
    "The database is locked by another program. Nothing was saved, and what you typed is still here: try again in a moment."
)
FULL: Final = N_(
    "The disk of the database is full. Nothing was saved, and what you typed is still here: free some space and try again."
)
READ_ONLY: Final = N_("The database cannot be written to: check the rights on its file or of its user, and try again.")
DAMAGED: Final = N_("The file of the database is damaged or none: restore it from a copy, or move it away to begin a new one.")
BAD_URL: Final = N_("MODEL_CLINIC_DATABASE must begin with postgresql:// or sqlite:///.")
REFUSED: Final = N_("The database refused ({reason:name}). Nothing was saved, and what you typed is still here.")

_ready: dict[str, Engine] = {}
_lock = threading.Lock()


def url() -> str:
    """Where the records are kept, as SQLAlchemy takes it. Raises BadInput when the setting is no such address."""
    return _address().render_as_string(hide_password=False)


def _address() -> URL:
    given = os.environ.get(SETTING, "").strip()
    if not given:
        return URL.create("sqlite", database=str(store.home() / FILE))
    try:
        address = make_url(given)
    except ArgumentError as error:
        raise BadInput(BAD_URL) from error
    backend = address.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and address.database and address.database != ":memory:":
        return address
    raise BadInput(BAD_URL)


@contextmanager
def opened(*, write: bool = False) -> Iterator[Connection]:
    """A connection in a transaction that ends with the block: kept when the block ends well, undone when it raises.

    write: take the right to write at the beginning, so that what is read inside is still so when it is written.
    Raises BadInput, with nothing saved, when the database cannot be reached, is locked, full, damaged, or of a newer version.
    """
    with plainly():
        engine = ready()
        with engine.connect() as con:
            con = con.execution_options(write=write)
            with con.begin():
                yield con


def ready() -> Engine:
    """The engine of the database, with its schema up to date. Raises BadInput, and DBAPIError, which `opened` puts plainly."""
    from diagnostics.keep.migrations import upgrade

    address = url()
    with _lock:
        known = _ready.get(address)
    if known is not None and _still_there(known):
        return known
    made = engine(address)
    upgrade.up_to_date(made)
    with _lock:
        _ready[address] = made
    return made


def forget() -> None:
    """Close all connections, and look at the schema again the next time."""
    with _lock:
        for known in _ready.values():
            known.dispose()
        _ready.clear()
    engine.cache_clear()


def _still_there(known: Engine) -> bool:
    """A SQLite file that was deleted under a running server is begun again instead of failing for want of tables."""
    file = known.url.database
    if known.dialect.name != "sqlite" or (file and Path(file).exists()):
        return True
    known.dispose()
    return False


@lru_cache(maxsize=16)
def engine(address: str) -> Engine:
    """An engine whose SQLite connections wait for locks, keep foreign keys, and begin transactions when told to."""
    parsed = make_url(address)
    if parsed.get_backend_name() != "sqlite":
        options = f"-c lock_timeout={int(PATIENCE * 1000)} -c statement_timeout=20000 -c timezone=UTC"
        return sql.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=15,
            connect_args={"connect_timeout": REACHED, "options": options},
        )
    # A file is opened in a fraction of a millisecond, and no connection is left behind when it is moved away.
    made = sql.create_engine(parsed, connect_args={"timeout": PATIENCE}, poolclass=NullPool)
    sql.event.listen(made, "do_connect", _private)
    sql.event.listen(made, "connect", _connected)
    sql.event.listen(made, "begin", _begun)
    return made


def _private(dialect: Any, record: Any, args: list[Any], parameters: dict[str, Any]) -> None:
    """The file is nobody else's: it holds the ids of incidents."""
    file = Path(args[0] if args else parameters.get("database", ""))
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))


def _connected(connection: Any, record: Any) -> None:
    # The driver's own way of beginning transactions leaves reads outside of them and begins writes too late.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _begun(con: Connection) -> None:
    con.exec_driver_sql("BEGIN IMMEDIATE" if con.get_execution_options().get("write") else "BEGIN")


@contextmanager
def plainly() -> Iterator[None]:
    """Whatever the database raises inside becomes a BadInput of one sentence; the details go into the log."""
    try:
        yield
    except DBAPIError as error:
        log.warning("the database refused: %s", error.orig)
        raise _said(error) from error
    except OSError as error:
        log.warning("the database's file: %s", error)
        if error.errno == errno.ENOSPC:
            raise BadInput(FULL) from error
        raise BadInput(UNREACHABLE, reason=error.strerror or type(error).__name__) from error


FULL_CODES: Final = ("SQLITE_FULL", "53100")
LOCKED_CODES: Final = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "57014", "40P01")
READ_ONLY_CODES: Final = ("SQLITE_READONLY", "SQLITE_PERM", "25006", "42501")
DAMAGED_CODES: Final = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
UNREACHABLE_CODES: Final = ("SQLITE_CANTOPEN", "08", "28", "3D000", "53300", "57P")
"""How SQLite's results (sqlite.org/rescode.html) and PostgreSQL's SQLSTATEs (appendix A of its manual) are named, or begin."""


def _said(error: DBAPIError) -> BadInput:
    cause = error.orig
    code = str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")
    for codes, says in ((FULL_CODES, FULL), (LOCKED_CODES, LOCKED), (READ_ONLY_CODES, READ_ONLY), (DAMAGED_CODES, DAMAGED)):
        if code.startswith(codes):
            return BadInput(says)
    if code.startswith(UNREACHABLE_CODES) or error.connection_invalidated or (not code and "connect" in str(cause)):
        return BadInput(UNREACHABLE, reason=_short(cause))
    return BadInput(REFUSED, reason=_short(cause))


def _short(cause: BaseException | None) -> str:
    """What the driver says was the matter, without the host and the port before it, which are nobody's business on a page."""
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    if not lines:
        return type(cause).__name__
    return re.sub(r"^[A-Z]+:\s+", "", lines[0].rpartition(" failed: ")[2])
