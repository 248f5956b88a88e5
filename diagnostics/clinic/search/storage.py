"""Where studies are stored: Optuna's tables in SQLite or PostgreSQL, beside one table of our own with the training rows."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from diagnostics.clinic.search.plan import LAYOUT, Plan
from diagnostics.clinic.search.rows import from_bytes
from diagnostics.clinic.shared import results
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.keep import database, store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

if TYPE_CHECKING:
    from optuna.storages import BaseStorage, RDBStorage

log = logging.getLogger(__name__)

FILE: Final = "studies.sqlite"
PLAN: Final = "model-clinic plan"
"""Name of the study's attribute that says what is searched."""

BEAT: Final = 5
"""Seconds between two signs of life of a trial."""

GRACE: Final = 30
"""Seconds of silence after which a trial on another machine counts as lost."""

WAITS: Final = 6
"""A worker waits so many times as long as a page for another program's lock, as no person waits for it."""

LOCK: Final = 7_203_511_847
"""Number of PostgreSQL's advisory lock by which processes that create the same study take turns."""

NOT_AN_ADDRESS: Final = N_("{url:name} is no storage for studies: give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.")

metadata: Final = sql.MetaData()
rows_table: Final = sql.Table(
    "model_clinic_rows",
    metadata,
    sql.Column("digest", sql.String(64), primary_key=True),
    sql.Column("content", sql.LargeBinary, nullable=False),
)
"""The rows of searches as Parquet, each set once however many studies are made of it."""


@dataclass(frozen=True, eq=False)
class OpenStorage:
    """An open storage of studies. Close it, or use it in a `with`."""

    url: str
    """As given."""

    storage: BaseStorage
    """What Optuna reads and writes through, finished trials cached."""

    tables: RDBStorage

    def __enter__(self) -> OpenStorage:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up its connections; what is written stays."""
        self.tables.remove_session()
        self.tables.engine.dispose()


def default_url(incident: str | None = None) -> str:
    """Where studies are stored by default: in MODEL_CLINIC_DATABASE if it is PostgreSQL, else in a file.

    Raises BadInput when the setting is no address or there is no such incident.
    """
    if os.environ.get(database.SETTING, "").strip().startswith("postgres"):
        return database.url()
    folder = store.folder(incident) / store.RESULTS if incident else store.home()
    return URL.create("sqlite", database=str(folder / FILE)).render_as_string(hide_password=False)


def parse_address(url: str) -> URL:
    """Raises BadInput for what is neither SQLite nor PostgreSQL."""
    try:
        parsed = make_url(url.strip())
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise BadInput(NOT_AN_ADDRESS, url=url.split("@")[-1]) from error
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite")
    raise BadInput(NOT_AN_ADDRESS, url=url.split("@")[-1])


def without_password(url: str) -> str:
    """The address as it may stand on a page: without its password, and as other tools take it."""
    parsed = parse_address(url)
    if parsed.get_backend_name() == "sqlite":
        return f"sqlite:///{Path(parsed.database or '').absolute()}"
    # `URL.set` leaves out what is None, so the password would stay.
    bare = URL.create(parsed.drivername, parsed.username, None, parsed.host, parsed.port, parsed.database)
    return bare.render_as_string(hide_password=False)


def open_storage(url: str, *, make: bool = True) -> OpenStorage:
    """make: begin the file or the tables where they are missing, else BadInput says that nothing is there.

    Raises BadInput, in one plain sentence, when it cannot be reached, is locked, damaged or read only.
    """
    import optuna

    parsed = parse_address(url)
    backend, options = parsed.get_backend_name(), {}
    if backend == "sqlite":
        file = Path(parsed.database or "")
        if not make and not file.is_file():
            raise BadInput(N_("There are no studies in {file:name}: check the address."), file=file.name)
        options = {"creator": lambda: _connection(file), "poolclass": sql.pool.QueuePool}
    else:
        waits = f"-c lock_timeout={int(database.PATIENCE * WAITS * 1000)} -c timezone=UTC"
        options = {"pool_pre_ping": True, "connect_args": {"connect_timeout": database.REACHED, "options": waits}}
    with database_errors_as_bad_input(), silence_optuna(), _exclusive(parsed):
        tables = optuna.storages.RDBStorage(
            parsed.render_as_string(hide_password=False),
            engine_kwargs=options,
            heartbeat_interval=BEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=1),
        )
        metadata.create_all(tables.engine)
    if backend == "sqlite":
        # Two workers would else read the same waiting trial and both take it.
        sql.event.listen(tables.engine, "begin", lambda con: con.exec_driver_sql("BEGIN IMMEDIATE"))
    return OpenStorage(url, optuna.storages.get_storage(tables), tables)


def _connection(file: Path) -> sqlite3.Connection:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    made = sqlite3.connect(file, timeout=WAITS * database.PATIENCE, isolation_level=None, check_same_thread=False)
    # A write-ahead log is whole after a kill -9 also without waiting for the disk at each commit.
    made.execute("PRAGMA journal_mode=WAL")
    made.execute("PRAGMA synchronous=NORMAL")
    made.execute("PRAGMA foreign_keys=ON")
    return made


@contextmanager
def _exclusive(parsed: URL) -> Iterator[None]:
    """One process at a time makes tables and studies; for SQLite by a lock on a file beside it."""
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.with_name(f".{file.name}.turn").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        return
    engine = sql.create_engine(parsed, poolclass=sql.pool.NullPool, connect_args={"connect_timeout": database.REACHED})
    with engine.connect() as con, con.begin():
        con.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        yield


@contextmanager
def exclusive(opened: OpenStorage) -> Iterator[None]:
    """Alone among all processes that begin or extend a study of this storage."""
    with database_errors_as_bad_input(), _exclusive(parse_address(opened.url)):
        yield


@contextmanager
def silence_optuna() -> Iterator[None]:
    """Silence Optuna's log of each trial and its warning that heartbeats are experimental."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


@contextmanager
def database_errors_as_bad_input() -> Iterator[None]:
    """What the database refuses becomes a BadInput of one sentence; the details go into the log."""
    from optuna.exceptions import StorageInternalError

    with database.plainly():
        try:
            yield
        except StorageInternalError as error:
            if isinstance(error.__cause__, DBAPIError):
                raise error.__cause__ from error
            raise BadInput(database.REFUSED, reason=type(error.__cause__ or error).__name__) from error
        except DBAPIError:
            raise
        except SQLAlchemyError as error:
            log.warning("the storage of studies refused: %s", error)
            raise BadInput(database.REFUSED, reason=type(error).__name__) from error


def store_rows(opened: OpenStorage, digest: str, content: bytes) -> None:
    """Keep the rows of a search, once. Raises BadInput."""
    with database_errors_as_bad_input(), opened.tables.engine.begin() as con:
        known = con.execute(sql.select(rows_table.c.digest).where(rows_table.c.digest == digest)).first()
        if known is None:
            con.execute(rows_table.insert().values(digest=digest, content=content))


def load_rows(opened: OpenStorage, digest: str) -> TrainingSet:
    """The rows that a study trains on. Raises BadInput when they are not there or cannot be read."""
    with database_errors_as_bad_input(), opened.tables.engine.begin() as con:
        found = con.execute(sql.select(rows_table.c.content).where(rows_table.c.digest == digest)).first()
    try:
        return from_bytes(bytes(found.content) if found is not None else b"")
    except (ValueError, KeyError) as error:
        raise BadInput(N_("The rows of this study are not in its storage: begin a new study.")) from error


def decode_plan(attributes: Mapping[str, Any], name: str) -> Plan:
    """The plan among a study's attributes. Raises BadInput for a study of another program."""
    try:
        plan: Plan = results.decode(str(attributes.get(PLAN, "")).encode(), Plan)
    except ValueError as error:
        raise BadInput(
            N_("The study {name:name} was not begun by Model Clinic, or by another version of it: choose another name."),
            name=name,
        ) from error
    if plan.layout != LAYOUT:
        raise BadInput(
            N_("The study {name:name} was not begun by Model Clinic, or by another version of it: choose another name."),
            name=name,
        )
    return plan


def load_plan(opened: OpenStorage, name: str) -> Plan:
    """Raises BadInput when there is no such study."""
    with database_errors_as_bad_input():
        try:
            study = opened.storage.get_study_id_from_name(name)
        except KeyError as error:
            raise BadInput(N_("There is no study {name:name} in this storage: check its name."), name=name) from error
        return decode_plan(opened.storage.get_study_user_attrs(study), name)


def dashboard_command(url: str) -> str:
    """The command that opens the same studies in Optuna's own dashboard; the password stays out of it."""
    if parse_address(url).get_backend_name() == "sqlite":
        return f'uvx optuna-dashboard "{without_password(url)}"'
    return f'uvx --with "psycopg[binary]" optuna-dashboard "{without_password(url)}"'
