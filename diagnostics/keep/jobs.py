"""The one queue of everything that runs beside the pages: bounded, each job with a deadline, stopped at once, never in the way.

A job waits in its lane until one of the lane's workers is free. What is heavy on the processor runs in a process group of its own
(`Job.lines_of`), which ends with the job whatever it started; what runs in the worker's thread asks `Job.report` now and then
whether it is still wanted. A worker whose job does not listen is replaced, so that nobody waits for it.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

log = logging.getLogger(__name__)

T = TypeVar("T")
J = TypeVar("J", bound="Job[Any]")

ROOT: Final = Path(__file__).resolve().parents[2]
DEADLINE: Final = 1800.0
"""Seconds after which a job is ended: nobody waits for it any more, and it holds a place."""

OVERDUE: Final = N_("took more than half an hour")
GRACE: Final = 30.0
"""Seconds that a stopped job has to come back before its worker is replaced; the longest check takes less."""


class Stopped(Exception):
    """Somebody pressed stop, or the job's deadline passed."""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """Jobs that share workers."""

    name: str
    workers: int = 2
    waiting: int = 40
    """Jobs that may wait or run; more are turned away with a sentence rather than left hanging."""

    remembered: int = 64
    """Jobs that are done and kept for those who come back."""

    full: str = N_("Too many runs are waiting: try again in a minute.")
    """The sentence for those who are turned away, as a message id."""


@dataclass(eq=False, kw_only=True)
class Job(Generic[T]):
    """One job, waiting, running or done. A kind of job says in `work` what is done."""

    key: Hashable
    """There is at most one job of a key: asking again stops the one before."""

    incident: str | None = None
    deadline: float = DEADLINE
    """Seconds from its beginning."""

    guess_from: float = 0.05
    """Share from which on the seconds left are more than a mere guess."""

    share: float = 0.0
    """How much is done, 0 to 1."""

    what: str = ""
    """What is done now."""

    began: float | None = None
    """When its worker took it, on the monotonic clock."""

    stopped: bool = False
    overdue: bool = False
    """Its deadline passed."""

    result: T | None = None
    error: Exception | None = None
    """Why there is no result."""

    ended: threading.Event = field(default_factory=threading.Event)
    """Set when there is a result or an error, or when it was stopped."""

    process: subprocess.Popen[bytes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    unwanted: Callable[[], object] = lambda: None
    """What the queue does when the job is told to end."""

    def work(self) -> T:
        """What is done, in a worker's thread. Whatever it raises becomes `error`."""
        raise NotImplementedError

    @property
    def waiting(self) -> bool:
        return self.began is None and not self.ended.is_set()

    @property
    def left(self) -> float | None:
        """Seconds until the end at this pace; None while that is a mere guess."""
        if self.began is None or self.share <= self.guess_from:
            return None
        passed = time.monotonic() - self.began
        return passed * (1 - self.share) / self.share if passed > 1 else None

    def stop(self) -> None:
        """End it now, whatever it is doing. What runs in a thread ends at its next `report`."""
        with self.lock:
            self.stopped = True
            kill_group(self.process)
            if self.began is None:
                self.ended.set()
        self.unwanted()

    def report(self, share: float, what: str) -> None:
        """Say how far it is. Raises Stopped where it is wanted no more."""
        if self.stopped or self.overdue:
            raise Stopped
        self.share, self.what = share, what

    def settled(self, *, within: float = 0.25) -> bool:
        """Whether the job is done, waiting a moment for quick ones so that no progress bar flashes up."""
        return self.ended.wait(within)

    def lines_of(self, command: Sequence[str], request: bytes, *, threads: int) -> Iterator[bytes]:
        """What `command` writes, line by line, once it was given `request`; its input stays open until the end.

        A new process, never a fork: a copy of the server's threads and locks could hang. It has a process group of its own, which
        ends with the last line, with `stop`, and with the deadline. Raises Stopped, OSError.
        """
        # More threads than free cores make boosting many times slower, as its threads wait for each other by spinning.
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        with self.lock:
            if self.stopped:
                raise Stopped
            self.process = process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, **limits},
                start_new_session=True,
            )
        given, said = process.stdin, process.stdout
        if given is None or said is None:
            raise OSError("the process has no pipes")
        try:
            with suppress(BrokenPipeError):
                given.write(request)
                given.flush()
            yield from said
        finally:
            kill_group(process)
            for pipe in (given, said):
                with suppress(BrokenPipeError):
                    pipe.close()

    def end_overdue(self) -> None:
        """The deadline passed."""
        with self.lock:
            self.overdue = True
            kill_group(self.process)
        self.unwanted()


def kill_group(process: subprocess.Popen[bytes] | None) -> None:
    """End a process and whatever it started."""
    if process is None or process.poll() is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def python(module: str) -> list[str]:
    """The command that runs `module` with this very Python."""
    return [sys.executable, "-m", module]


@dataclass(eq=False)
class _Line:
    """A lane with those who wait in it, first come first served, and all of its jobs by key, the oldest first."""

    lane: Lane
    waiting: deque[Job[Any]] = field(default_factory=deque)
    jobs: OrderedDict[Hashable, Job[Any]] = field(default_factory=OrderedDict)


class JobQueue:
    """Where pages ask for jobs. Safe to use from many sessions at once; ends with the server."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lines = {lane.name: _Line(lane) for lane in lanes}
        self._changed = threading.Condition()
        self._replaced: set[Job[Any]] = set()
        self._closed = False
        for line in self._lines.values():
            for number in range(line.lane.workers):
                self._start(line, str(number))
        atexit.register(self.close)

    def ask(self, lane: str, job: J, *, unless: Callable[[J], bool] = lambda before: False) -> J:
        """Put `job` into the lane, and return it; the job before it of the same key is stopped first.

        unless: where the job before is still what is wanted; then that one is returned. Raises BadInput when too many wait.
        """
        line = self._lines[lane]
        with self._changed:
            before: Any = line.jobs.get(job.key)
            if before is not None and unless(before):
                line.jobs.move_to_end(job.key)
                kept: J = before
                return kept
            if before is not None:
                del line.jobs[job.key]
                if not before.ended.is_set():
                    before.stop()
            if sum(not other.ended.is_set() for other in line.jobs.values()) >= line.lane.waiting:
                raise BadInput(line.lane.full)
            line.jobs[job.key] = job
            done = [key for key, other in line.jobs.items() if other.ended.is_set()]
            for key in done[: max(0, len(line.jobs) - line.lane.remembered)]:
                del line.jobs[key]
            line.waiting.append(job)
            self._changed.notify_all()
        return job

    def latest(self, lane: str, key: Hashable) -> Job[Any] | None:
        """The latest job of `key` since the server began."""
        with self._changed:
            return self._lines[lane].jobs.get(key)

    def results(self, lane: str) -> list[Any]:
        """What the jobs of the lane that are done have found."""
        with self._changed:
            return [job.result for job in self._lines[lane].jobs.values() if job.ended.is_set() and job.result is not None]

    def forget(self, lane: str, key: Hashable) -> None:
        """Leave the job of `key` to itself, so that the next `ask` begins anew."""
        with self._changed:
            self._lines[lane].jobs.pop(key, None)

    def drop(self, incident: str) -> None:
        """Stop and forget all jobs of an incident: it is to be deleted."""
        dropped = []
        with self._changed:
            for line in self._lines.values():
                dropped += [line.jobs.pop(key) for key, job in list(line.jobs.items()) if job.incident == incident]
        for job in dropped:
            if not job.ended.is_set():
                job.stop()

    def close(self) -> None:
        """Stop everything."""
        with self._changed:
            self._closed = True
            jobs = [job for line in self._lines.values() for job in line.jobs.values()]
            self._changed.notify_all()
        for job in jobs:
            if not job.ended.is_set():
                job.stop()

    def _start(self, line: _Line, name: str) -> None:
        # Threads of a pool would keep a server that is told to end until their work is done.
        threading.Thread(target=self._serve, args=(line,), name=f"{line.lane.name}-{name}", daemon=True).start()

    def _serve(self, line: _Line) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: line.waiting or self._closed)
                if self._closed:
                    return
                job = line.waiting.popleft()
            self._do(line, job)
            with self._changed:
                if job in self._replaced:
                    self._replaced.discard(job)
                    return

    def _do(self, line: _Line, job: Job[Any]) -> None:
        with job.lock:
            if job.stopped:
                job.ended.set()
                return
            job.began = time.monotonic()
            job.unwanted = lambda: _later(GRACE, partial(self._replace, line, job))
        over = _later(job.deadline, job.end_overdue)
        try:
            found = job.work()
            if not job.ended.is_set():
                job.result = found
        except Stopped as stopped:
            job.error = stopped
        except (BadInput, NotApplicable) as refusal:
            job.error = refusal
        except Exception as error:  # a defect in one job: its traceback goes to the log, its name to the page
            log.exception("a job broke off: %s", job.key)
            job.error = error
        finally:
            over.cancel()
            kill_group(job.process)
            job.ended.set()

    def _replace(self, line: _Line, job: Job[Any]) -> None:
        """Another worker for that of a job which was told to end and has not."""
        with self._changed:
            if job.ended.is_set():
                return
            job.error = Stopped()
            self._replaced.add(job)
            job.ended.set()
        self._start(line, "replaced")


def _later(seconds: float, do: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()
    return timer
