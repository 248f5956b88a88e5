"""Bring the schema up to date at first use, one process at a time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_

NEWER: Final = N_(
    "The database was written by a newer version of Model Clinic ({revision:name}): update this one, or restore an older copy."
)
TURN: Final = 7_203_511_846
"""Number of the lock by which processes that start together take turns (PostgreSQL's advisory locks are numbered)."""

VERSION_TABLE: Final = "model_clinic_revision"
"""Where the revision stands: Optuna, whose studies may lie in the same database, keeps its own under Alembic's usual name."""


@cache
def _config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


@cache
def _known() -> tuple[str, frozenset[str]]:
    """The newest revision and all that there are."""
    scripts = ScriptDirectory.from_config(_config())
    return scripts.get_current_head() or "", frozenset(script.revision for script in scripts.walk_revisions())


def up_to_date(engine: Engine) -> None:
    """Raises BadInput when the schema is newer than this program, and SQLAlchemy's errors when the database is out of reach."""
    with engine.connect() as con, con.begin():
        if _revision(con) == _known()[0]:
            return
    if engine.dialect.name == "sqlite":
        # Readers then never wait for a writer. Where the disk cannot do it, the file stays as it is.
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            raw.close()
    # The right to write, or the lock of that number, comes first: who waited here finds the work done.
    with engine.connect() as plain:
        con = plain.execution_options(write=True)
        with con.begin():
            if engine.dialect.name == "postgresql":
                con.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (TURN,))
            if _revision(con) != _known()[0]:
                config = _config()
                bound = Config()
                bound.set_main_option("script_location", config.get_main_option("script_location", "").replace("%", "%%"))
                bound.set_main_option("path_separator", "os")
                bound.attributes["connection"] = con
                command.upgrade(bound, "head")


def _revision(con: Connection) -> str | None:
    """The revision of the database, None where it is empty. Raises BadInput when this program does not know it."""
    revision = MigrationContext.configure(con, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if revision is not None and revision not in _known()[1]:
        raise BadInput(NEWER, revision=revision)
    return revision
