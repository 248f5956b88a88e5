"""The Dockerfile, without a container engine: its lines are read, and those that start the app are executed here.

``MODEL_CLINIC_TEST_INSTALL=1`` also executes its install line, in a fresh virtual environment (minutes, and the network).
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PORT = "8501"
INSTALL = "MODEL_CLINIC_TEST_INSTALL"
PATIENCE = 120.0
"""Seconds that a start may take on a busy machine."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's lines as (word, rest), joined where they continue."""
    joined = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def said(word: str) -> list[str]:
    return [rest for first, rest in instructions() if first == word]


def settings() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in said("ENV") for pair in shlex.split(rest))


def pip_options(line: str) -> list[str]:
    """What is installed and how strictly, without what only concerns talk and caches."""
    words = shlex.split(line[line.index("-m pip install") :])[3:]
    return [word for word in words if word not in ("--quiet", "--disable-pip-version-check", "--no-cache-dir")]


def command(line: str, *, python: Path, port: int) -> list[str]:
    """An exec-form command with the interpreter and the port of this test."""
    words: list[str] = json.loads(line)
    assert words[0] == "python"
    return [str(python), *(word.replace(PORT, str(port)) for word in words[1:])]


def health_command(python: Path, port: int) -> list[str]:
    (line,) = said("HEALTHCHECK")
    return command(line[line.index("CMD") + 3 :], python=python, port=port)


def copied(into: Path) -> Path:
    """The files that the image holds, and no others."""
    for rest in said("COPY"):
        source, target = shlex.split(rest)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, into / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, into / target)
    return into


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH" and not key.startswith("MODEL_CLINIC_")}
    return kept | settings() | {"MODEL_CLINIC_HOME": str(home)}


@contextmanager
def served(app: Path, python: Path, port: int, home: Path) -> Iterator[None]:
    """The app as the image's CMD starts it, until its health endpoint answers; stopped in the end."""
    (line,) = said("CMD")
    log = home.with_suffix(".log")
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command(line, python=python, port=port), cwd=app, env=environment(home), stdout=sink, stderr=subprocess.STDOUT
        )
        try:
            give_up = time.monotonic() + PATIENCE
            while not healthy(port):
                assert process.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < give_up, log.read_text(errors="replace")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, OSError):
        return False


def test_the_image_installs_what_make_installs() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    rule = makefile[makefile.index("$(VENV)/.installed: requirements.txt") :]
    from_make = next(line for line in rule.splitlines() if "pip install" in line)
    (from_image,) = (line for line in said("RUN") if "pip install" in line)
    assert pip_options(from_image) == pip_options(from_make) == ["--require-hashes", "-r", "requirements.txt"]


def test_the_image_starts_the_script_that_make_starts() -> None:
    (line,) = said("CMD")
    assert json.loads(line)[:5] == ["python", "-m", "streamlit", "run", "serve.py"]
    assert "streamlit run serve.py" in (ROOT / "Makefile").read_text("utf-8")
    assert f"EXPOSE {PORT}" in (ROOT / "Dockerfile").read_text("utf-8")


def test_the_image_runs_as_a_user_that_owns_the_volume() -> None:
    words = [word for word, _ in instructions()]
    (user,), (volume,) = said("USER"), said("VOLUME")
    assert user not in ("root", "0")
    assert words.index("USER") < words.index("CMD")
    assert settings()["MODEL_CLINIC_HOME"] == volume
    owned = next(line for line in said("RUN") if "useradd" in line)
    assert f"chown {user}:{user} {volume}" in owned
    # A change to the folder after VOLUME would be lost.
    assert words.index("VOLUME") > max(position for position, word in enumerate(words) if word == "RUN")


def test_the_version_of_python_is_one_that_the_project_supports() -> None:
    (base,) = said("FROM")
    version = tuple(int(part) for part in base.removeprefix("python:").removesuffix("-slim").split("."))
    assert (3, 11) <= version <= (3, 13)


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    sent = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for rest in said("COPY"):
        source = shlex.split(rest)[0]
        assert (ROOT / source).exists(), source
        assert f"!{source}" in sent, source


def test_the_app_starts_from_the_copied_files_and_its_health_check_tells(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    copied(app)
    python, port = Path(sys.executable), free_port()
    assert subprocess.run(health_command(python, port), capture_output=True, check=False).returncode != 0
    with served(app, python, port, tmp_path / "data"):
        assert subprocess.run(health_command(python, port), capture_output=True, check=False).returncode == 0
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            assert b'<div id="root">' in answer.read()


def test_the_first_page_needs_nothing_but_the_copied_files(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    copied(app)
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        f"page = AppTest.from_file('app.py', default_timeout={PATIENCE}).run()\n"
        "assert not page.exception, page.exception\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=app, env=environment(tmp_path / "data"), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(os.environ.get(INSTALL) != "1", reason=f"set {INSTALL}=1 to run the install line (minutes, network)")
def test_the_install_line_makes_an_environment_that_serves(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    copied(app)
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    (line,) = (line for line in said("RUN") if "pip install" in line)
    words = shlex.split(line)
    assert words[0] == "python"
    subprocess.run([str(python), *words[1:]], cwd=app, check=True, timeout=1800)
    with served(app, python, free_port(), tmp_path / "data"):
        pass
