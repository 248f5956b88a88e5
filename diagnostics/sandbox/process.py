"""The app's end of the process that runs a model: one question after the other, each with a deadline."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
import weakref
from typing import Final

from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_
from diagnostics.sandbox import isolation
from diagnostics.sandbox.confine import Limits
from diagnostics.sandbox.wire import LENGTH, Broken, Frame, pack, unpack

ANSWER_CAP: Final = 2**27
"""Bytes of one answer; 20,000 rows with a hundred classes take an eighth of it."""

TOO_SLOW: Final = N_("The model did not answer within {seconds:count} seconds and was stopped.")
TOO_LARGE: Final = N_("The model asked for more memory than the {memory:number} GB that it may use, and was stopped.")
ENDED: Final = N_("The model brought its process down ({signal}); the rest of the clinic goes on without it.")
NONSENSE: Final = N_("The process that runs the model answered with something that is no answer, and was stopped.")

MEMORY_WORDS: Final = (
    "memoryerror",
    "bad_alloc",
    "bad allocation",
    "failed to allocate",
    "cannot allocate",
    "out of memory",
    "exceeds allowed size",
    "invalid allocation",
)


class Process:
    """A confined child. `ask` raises NotApplicable with one plain sentence when the child is too slow, too greedy or dead.

    Not to be shared across threads without the lock that `ask` takes; it ends when it is garbage, closed, or idle.
    """

    def __init__(self, first: Frame, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._asked = 0
        self._child = subprocess.Popen(
            isolation.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=isolation.ROOT,
            env=isolation.environment(),
            start_new_session=True,
        )
        self._end = weakref.finalize(self, _finish, self._child)
        self.ready = self.ask(first)

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def close(self) -> None:
        self._end()

    def ask(self, question: Frame) -> Frame:
        with self._lock:
            # Loading and the first answers share one allowance: a person waits for both.
            start = self._began if self._asked < 2 else time.monotonic()
            self._asked += 1
            deadline = start + self.limits.seconds
            try:
                self._write(pack(question), deadline)
                told = unpack(self._frame(deadline))
            except Broken as error:
                self.close()
                raise NotApplicable(NONSENSE, needs="model") from error
            except BaseException:
                self.close()
                raise
        if "error" in told.meta or "refused" in told.meta:
            self.close()
        return told

    def _write(self, content: bytes, deadline: float) -> None:
        assert self._child.stdin is not None
        place, pipe = memoryview(content), self._child.stdin.fileno()
        os.set_blocking(pipe, False)
        while place:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([], [pipe], [], left)[1]:
                raise self._slow()
            try:
                place = place[os.write(pipe, place[: 2**16]) :]
            except BrokenPipeError:
                return  # The process ended; its last message says why.

    def _frame(self, deadline: float) -> bytes:
        size = int.from_bytes(self._exactly(LENGTH, deadline), "big")
        if size > ANSWER_CAP:
            raise Broken("the answer is too long")
        return self._exactly(size, deadline)

    def _exactly(self, size: int, deadline: float) -> bytes:
        assert self._child.stdout is not None
        parts, pipe = bytearray(), self._child.stdout.fileno()
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise self._slow()
            part = os.read(pipe, min(2**20, size - len(parts)))
            if not part:
                raise self._why()
            parts += part
        return bytes(parts)

    def _slow(self) -> NotApplicable:
        return NotApplicable(TOO_SLOW, needs="model", seconds=round(self.limits.seconds))

    def _why(self) -> NotApplicable:
        """What the way in which the process ended says."""
        try:
            code = self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return self._slow()
        number = -code if code < 0 else code - 128 if code > 128 else 0
        if number == signal.SIGXCPU:
            return self._slow()
        if number in (signal.SIGKILL, signal.SIGABRT):
            return self.greedy()
        names = {s.value: s.name for s in signal.Signals}
        return NotApplicable(ENDED, needs="model", signal=names.get(number, f"exit status {code}"))

    def greedy(self) -> NotApplicable:
        return NotApplicable(TOO_LARGE, needs="model", memory=self.limits.memory / 2**30)


def _finish(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        # It may have ended by itself in between.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
