"""A PostgreSQL of the tests' own, in a folder that goes with it: `from tests.postgres import postgres  # noqa: F401`."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

PLACES: Final = "usr/lib/postgresql/*/bin/initdb"
"""Where Debian puts what is not on the path, by version."""


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, of the newest version; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = sorted(Path("/").glob(PLACES), key=lambda file: int("0" + "".join(filter(str.isdigit, file.parts[-3]))))
    return places[-1].parent if places else None


@contextmanager
def cluster() -> Iterator[str]:
    """The address of a running server with one empty database. Raises FileNotFoundError where PostgreSQL is not installed."""
    binaries = programs()
    if binaries is None:
        raise FileNotFoundError("PostgreSQL is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="clinic-postgres-"))
    user: dict[str, Any] = {}
    if os.getuid() == 0:
        # The server refuses to run as root.
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        environment = {**os.environ, "LC_ALL": "C", "HOME": str(folder)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, **user)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")

    data = str(folder / "data")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
    try:
        run(str(binaries / "initdb"), "-D", data, "-U", "clinic", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        run(str(binaries / "pg_ctl"), "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql://clinic@127.0.0.1:{port}/postgres"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server; skips where none is installed."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with cluster() as address:
        yield address
