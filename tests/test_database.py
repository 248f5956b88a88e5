from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from diagnostics.keep import database, store
from diagnostics.keep.migrations.upgrade import VERSION_TABLE
from diagnostics.keep.review import record
from diagnostics.keep.review.edit import Edit, change
from diagnostics.keep.review.tables import metadata
from diagnostics.nouns.refusal import BadInput
from tests.postgres import postgres  # noqa: F401

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    monkeypatch.delenv(database.SETTING, raising=False)
    return tmp_path / "home"


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres")
        empty = sql.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
        with empty.begin() as con:
            con.exec_driver_sql("DROP SCHEMA public CASCADE")
            con.exec_driver_sql("CREATE SCHEMA public")
        empty.dispose()
        database.forget()
        monkeypatch.setenv(database.SETTING, address)
    yield request.param
    database.forget()


def test_the_migrations_make_the_tables_that_the_program_uses(kind: str) -> None:
    with database.opened() as con:
        seen = MigrationContext.configure(con, opts={"compare_type": True, "version_table": VERSION_TABLE})
        assert compare_metadata(seen, metadata) == []


def test_the_address_is_said_plainly_when_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("mysql://host/name", "not an address", "sqlite://", "sqlite:///:memory:"):
        monkeypatch.setenv(database.SETTING, wrong)
        with pytest.raises(BadInput, match=r"must begin with postgresql:// or sqlite:///"):
            record.version(store.create())


def test_the_file_is_nobody_elses(home: Path) -> None:
    record.version(store.create())
    assert (home / database.FILE).stat().st_mode & 0o077 == 0


def test_two_processes_that_start_at_once_make_one_schema(kind: str, home: Path) -> None:
    incident = store.create()
    code = f"from diagnostics.keep.review import record; print(record.version({incident!r}))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in started:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip()) == (0, "0"), err


def test_a_server_that_is_not_there_is_one_sentence_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.SETTING, "postgresql://clinic:geheim@127.0.0.1:9/postgres")
    with pytest.raises(BadInput) as raised:
        record.version(store.create())
    assert "cannot be reached" in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    incident = store.create()
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(database.SETTING, f"sqlite:///{tmp_path}/file/records.sqlite")
    with pytest.raises(BadInput, match="cannot be reached"):
        record.version(incident)


def test_a_short_lock_is_waited_out(home: Path) -> None:
    incident = store.create()
    record.version(incident)
    other = sqlite3.connect(home / database.FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.5, lambda: other.execute("ROLLBACK")).start()
    assert change(incident, [Edit("owner", "Ann")], who="Ann") == ()
    assert record.read(incident).owner == "Ann"
    other.close()


def test_a_long_lock_is_said_and_nothing_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    database.forget()
    incident = store.create()
    record.version(incident)
    other = sqlite3.connect(home / database.FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    with pytest.raises(BadInput, match="locked by another program"):
        change(incident, [Edit("owner", "Ann")], who="Ann")
    assert time.monotonic() - began < 5
    # Reading goes on meanwhile.
    assert record.read(incident).owner == ""
    other.execute("ROLLBACK")
    other.close()
    assert change(incident, [Edit("owner", "Ann")], who="Ann") == ()
    database.forget()


def test_a_full_disk_is_said_and_what_was_there_stays(home: Path) -> None:
    incident = store.create()
    change(incident, [Edit("owner", "Ann")], who="Ann")

    def small(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")

    engine = database.engine(database.url())
    sql.event.listen(engine, "connect", small)
    wordy = [Edit(f"known.{number}.what", "word " * 4_000) for number in range(20)]
    with pytest.raises(BadInput, match=r"disk of the database is full.*what you typed is still here"):
        change(incident, wordy, who="Ann")
    database.forget()
    assert record.read(incident).known == ()
    assert record.read(incident).owner == "Ann"


def test_a_database_of_a_newer_version_is_one_sentence(kind: str) -> None:
    incident = store.create()
    with database.opened(write=True) as con:
        known = con.exec_driver_sql("SELECT version_num FROM model_clinic_revision").scalar_one()
        con.exec_driver_sql("UPDATE model_clinic_revision SET version_num = '9999'")
    database.forget()
    with pytest.raises(BadInput, match=r"newer version of Model Clinic \(9999\)"):
        record.read(incident)
    with database.plainly(), database.engine(database.url()).begin() as con:
        con.exec_driver_sql(f"UPDATE model_clinic_revision SET version_num = '{known}'")
    assert record.read(incident).title == "Incident"


def test_a_file_that_is_no_database_is_one_sentence(home: Path) -> None:
    incident = store.create()
    (home / database.FILE).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    database.forget()
    with pytest.raises(BadInput, match="damaged or none"):
        record.read(incident)


def test_a_file_that_was_deleted_under_a_running_server_is_begun_again(home: Path) -> None:
    incident = store.create()
    change(incident, [Edit("owner", "Ann")], who="Ann")
    for file in home.glob("records.sqlite*"):
        file.unlink()
    assert record.read(incident).owner == ""
    assert change(incident, [Edit("owner", "Ben")], who="Ben") == ()
