"""Native code that reads a stranger's file, under a clock: a warm process forks a child for each, bounded and killed as a group.

The warm process has the libraries loaded, one thread and nothing of the app in it, so that forking is safe and takes a few
milliseconds; to fork the app itself would copy its locks. It is asked through a socket, and each child answers through a pipe of
its own with one line of JSON.

Run as ``python -m diagnostics.sandbox.forked MODULE ...`` with the socket as standard input: the modules are loaded beforehand.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
REQUEST_CAP: Final = 2**16
"""Bytes of a request: paths and numbers."""

ANSWER_CAP: Final = 2**20
"""Bytes of an answer: what is large goes through a file."""

PASSED_ON: Final = ("MODEL_CLINIC_MAX_", "MODEL_CLINIC_MEMORY", "MODEL_CLINIC_THREADS", "PATH", "LANG", "LC_", "TZ", "PYTHON")
"""Beginnings of the names in the environment that the warm process gets; secrets of the app are not among them."""

POSSIBLE: Final = hasattr(os, "fork") and hasattr(socket, "send_fds")
"""Whether this system can fork and hand a pipe over; where it can't, the caller reads in its own process."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """memory: bytes of address space beyond what the libraries take. seconds: of processor time. wall: of the clock."""

    memory: int
    seconds: float
    wall: float


class Exceeded(Exception):
    """The child took more time or memory than allowed, or was brought down by what it read."""


class Forked:
    """The warm process with what it has loaded; started when it is first needed, and again when it was lost."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asking: socket.socket | None = None
        atexit.register(self.close)

    def start(self) -> None:
        """Begin to load the libraries, without waiting for them."""
        with self._lock:
            self._socket()

    def close(self) -> None:
        with self._lock:
            self._drop()

    def run(self, function: str, request: Mapping[str, Any], allowed: Allowance) -> dict[str, Any]:
        """What ``MODULE:FUNCTION`` makes of `request` in a child. Raises Exceeded; RuntimeError for a defect in it."""
        body = json.dumps({"function": function, "request": request, "allowed": asdict(allowed)}).encode()
        if len(body) > REQUEST_CAP:
            raise ValueError(f"a request may have {REQUEST_CAP} bytes, got {len(body)}")
        with self._lock:
            # One at a time, until the child has said who it is: requests do not run into each other on the socket.
            try:
                pipe, child = self._ask(body)
            except OSError:
                self._drop()
                pipe, child = self._ask(body)
        with open(pipe, "rb", buffering=0) as answers:
            content = _content(answers.fileno(), child, time.monotonic() + allowed.wall)
        try:
            answer: dict[str, Any] = json.loads(content)
        except (ValueError, RecursionError) as nonsense:
            raise Exceeded from nonsense
        if "defect" in answer:
            raise RuntimeError(answer["defect"])
        if "memory" in answer:
            raise Exceeded
        return answer

    def _ask(self, body: bytes) -> tuple[int, int]:
        """The pipe of the child that was forked for `body`, and its process id. Raises OSError when the warm process is gone."""
        asking = self._socket()
        reading, writing = os.pipe()
        try:
            socket.send_fds(asking, [len(body).to_bytes(4, "big") + body], [writing])
            os.close(writing)
            writing = -1
            first = b""
            while len(first) < 4:
                if not (part := os.read(reading, 4 - len(first))):
                    raise ConnectionResetError("the warm process ended")
                first += part
        except OSError:
            os.close(reading)
            raise
        finally:
            if writing >= 0:
                os.close(writing)
        return reading, int.from_bytes(first, "big")

    def _socket(self) -> socket.socket:
        if self._process is not None and self._asking is not None and self._process.poll() is None:
            return self._asking
        self._drop()
        ours, theirs = socket.socketpair()
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_IO_THREADS"), "1")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, *self._modules],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)} | threads,
                start_new_session=True,
            )
        self._asking = ours
        return ours

    def _drop(self) -> None:
        if self._asking is not None:
            self._asking.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._process = self._asking = None


def _content(pipe: int, child: int, deadline: float) -> bytes:
    """What the child writes until it ends. Raises Exceeded where it writes nothing, too much, or too late; then it is killed."""
    parts = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            # As the pipe is open somebody of the group lives, so the number is still theirs.
            _kill(child)
            raise Exceeded
        part = os.read(pipe, 2**16)
        parts += part
        if len(parts) > ANSWER_CAP:
            _kill(child)
            raise Exceeded
        if not part:
            break
    if not parts:
        raise Exceeded
    return bytes(parts)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def main(modules: list[str]) -> None:
    """Fork a child for each request, until the app closes its end."""
    loaded = {name: importlib.import_module(name) for name in modules}
    # Children that are done vanish by themselves.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    asked = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    while True:
        body, pipes, _, _ = socket.recv_fds(asked, REQUEST_CAP + 4, 1)
        if not body or not pipes:
            return
        size = int.from_bytes(body[:4], "big")
        while len(body) < size + 4 and (part := asked.recv(size + 4 - len(body))):
            body += part
        if os.fork() == 0:
            asked.close()
            _watched(pipes[0], body[4:], loaded)
        os.close(pipes[0])


def _watched(pipe: int, body: bytes, loaded: Mapping[str, Any]) -> None:
    """In the child: its number first, then what it found. Never returns."""
    os.setsid()
    os.write(pipe, os.getpid().to_bytes(4, "big"))
    asked = json.loads(body)
    module, function = asked["function"].split(":")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _bound(Allowance(**asked["allowed"]))
    try:
        answer = json.dumps(getattr(loaded[module], function)(asked["request"])).encode()
    except MemoryError:
        answer = b'{"memory": true}'
    except Exception as error:  # a defect: the app logs it under its own name
        answer = json.dumps({"defect": f"{type(error).__name__}: {str(error)[:2000]}"}).encode()
    _end(pipe, answer)


def _end(pipe: int, answer: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        while answer:
            answer = answer[os.write(pipe, answer) :]
    os._exit(0)


def _bound(allowed: Allowance) -> None:
    import resource

    held = 0
    if sys.platform == "linux":
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + allowed.memory, held + allowed.memory))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + allowed.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
