"""What a gate is, and a command of the project run beside it with its clock and its memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """measured: in words, beside what the gate asks. short: what was run in place of the whole, "" where it was the whole."""

    measured: str
    holds: bool
    short: str = ""


@dataclass(frozen=True)
class Gate:
    """asks: the figure that is asked. measure: takes whether to run at full length."""

    name: str
    asks: str
    measure: Callable[[bool], Figure]


@dataclass(frozen=True)
class Ran:
    """code: of the exit, -9 where it was stopped. memory: bytes that all its processes held at most."""

    code: int
    seconds: float
    memory: int
    out: str
    err: str

    @property
    def sound(self) -> bool:
        return self.code in (0, 1, 2) and "Traceback" not in self.err


def clinic(*arguments: object, timeout: float = 60) -> Ran:
    return run([sys.executable, "-m", "diagnostics", *map(str, arguments)], timeout=timeout)


def run(command: Sequence[str], *, timeout: float, environment: dict[str, str] | None = None) -> Ran:
    """`command` in the project's folder; it and all that it started end with the time."""
    began = time.perf_counter()
    process = subprocess.Popen(
        list(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
    )
    most = [0]
    watch = threading.Thread(target=_watch, args=(process, most), daemon=True)
    watch.start()
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    return Ran(process.returncode, time.perf_counter() - began, most[0], out, err)


def _watch(process: subprocess.Popen[str], most: list[int]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], sum(map(_held, _family(process.pid))))
        time.sleep(0.02)


def _family(pid: int) -> list[int]:
    found = [pid]
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += _family(int(child))
    return found


def _held(pid: int) -> int:
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def suite(*arguments: str, timeout: float = 900) -> Figure:
    """Tests of the project, as a figure: how many held."""
    done = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments], timeout=timeout)
    lines = [line for line in done.out.splitlines() if line.strip()]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    dots = sum(line.split(" [")[0].count(".") for line in lines if set(line.split(" [")[0]) <= set(".sFExX"))
    skipped = sum(line.split(" [")[0].count("s") for line in lines if set(line.split(" [")[0]) <= set(".sFExX"))
    measured = f"{dots} tests hold, {len(failed)} fail, {skipped} skipped"
    return Figure(measured=measured, holds=done.code == 0 and dots > 0)
