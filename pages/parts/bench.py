"""Runs of the clinic beside the pages: each in a process of its own, two at once, stopped at once, kept in the incident."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import streamlit as st

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.shared import results
from diagnostics.clinic.shared.child import Line, Request
from diagnostics.clinic.shared.results import FinishedRun
from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_
from pages.parts.guard import ROOT

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
WAITING: Final = 40
"""Runs that may wait; more are turned away with a sentence rather than left hanging."""

REMEMBERED: Final = 64
LIMIT: Final = 1800.0
"""Seconds after which a run is ended: nobody waits for it any more, and it holds a place."""


@dataclass
class Run:
    """One run, on its way or done. module: "" when only the tables are read. share: 0 to 1; what: message id of what runs now.

    so_far: the latest profile that is not complete. ended: set when there is a result, a refusal, or it was stopped.
    """

    module: str
    settings: Any
    incident: str | None
    fingerprint: str = ""
    share: float = 0.0
    what: str = ""
    so_far: Any = None
    result: FinishedRun | None = None
    refused: NotApplicable | BadInput | None = None
    stopped: bool = False
    began: float | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    process: subprocess.Popen[bytes] | None = None
    request: Request | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def waiting(self) -> bool:
        return self.began is None and not self.ended.is_set()

    @property
    def left(self) -> float | None:
        """Seconds until the end at this pace; None while that is a mere guess."""
        if self.began is None or self.share <= 0.05:
            return None
        passed = time.monotonic() - self.began
        return passed * (1 - self.share) / self.share if passed > 2 else None

    def stop(self) -> None:
        """End it now, whatever it is doing."""
        with self.lock:
            self.stopped = True
            _kill(self.process)
            if self.process is None:
                self.ended.set()


class Bench:
    """Where pages ask for runs. Safe to use from many sessions at once; ends with the server."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._waiting: queue.SimpleQueue[Run] = queue.SimpleQueue()
        self._runs: OrderedDict[tuple[str | None, str], Run] = OrderedDict()
        self._lock = threading.Lock()
        for number in range(at_once):
            # Threads of a pool would keep a server that is told to end until their work is done.
            threading.Thread(target=self._serve, name=f"clinic-{number}", daemon=True).start()
        atexit.register(self.close)

    def ask(self, module: str, settings: Any, incident: str | None, *, fingerprint: str = "", seed: int = 0) -> Run:
        """Begin a run; a run of the same module for the same incident that is still under way is stopped first.

        Raises BadInput when too many wait, and through a link for reading: what is found is kept in the incident.
        """
        if incident and module:
            store.writable(incident)
        run = Run(module, settings, incident, fingerprint)
        request = Request(
            module,
            msgspec.Raw(results.encode(settings)),
            str(store.folder(incident)) if incident else "",
            str(store.work(incident)) if incident else "",
            seed,
        )
        with self._lock:
            before = self._runs.pop((incident, module), None)
            if before is not None and not before.ended.is_set():
                before.stop()
            if sum(not other.ended.is_set() for other in self._runs.values()) >= WAITING:
                raise BadInput(N_("Too many runs are waiting: try again in a minute."))
            self._runs[incident, module] = run
            for name in [name for name, other in self._runs.items() if other.ended.is_set()][
                : max(0, len(self._runs) - REMEMBERED)
            ]:
                del self._runs[name]
        run.request = request
        self._waiting.put(run)
        return run

    def run(self, module: str, incident: str | None) -> Run | None:
        """The latest run of `module` for `incident` since the server began."""
        with self._lock:
            return self._runs.get((incident, module))

    def forget(self, module: str, incident: str | None) -> None:
        with self._lock:
            self._runs.pop((incident, module), None)

    def drop(self, incident: str) -> None:
        """Stop and forget all runs of an incident: it is to be deleted."""
        with self._lock:
            runs = [self._runs.pop(name) for name in list(self._runs) if name[0] == incident]
        for run in runs:
            if not run.ended.is_set():
                run.stop()

    def close(self) -> None:
        """Stop everything."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            if not run.ended.is_set():
                run.stop()

    def _serve(self) -> None:
        while True:
            run = self._waiting.get()
            if run.ended.is_set():
                continue
            try:
                self._work(run)
            except (OSError, ValueError, BadInput, msgspec.MsgspecError) as error:
                log.exception("a run of the clinic broke off")
                run.refused = run.refused or (error if isinstance(error, BadInput) else _broke_off(type(error).__name__))
            finally:
                with run.lock:
                    _kill(run.process)
                run.ended.set()

    def _work(self, run: Run) -> None:
        with run.lock:
            if run.stopped:
                return
            run.began = time.monotonic()
            run.process = _start()
        process = run.process
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        limit = float(getattr(run.settings, "longest", LIMIT))
        timer = threading.Timer(limit, _kill, [process])
        timer.daemon = True
        timer.start()
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(results.encode(run.request) + b"\n")
                process.stdin.flush()
            for content in process.stdout:
                _took(run, msgspec.json.decode(content, type=Line))
        finally:
            timer.cancel()
            _kill(process)
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):
                    pipe.close()
        if run.result is None and run.refused is None and not run.stopped and run.module:
            run.refused = _broke_off(
                N_("ended by the system") if time.monotonic() - run.began < limit else N_("took more than half an hour")
            )
        if run.result is not None and run.incident is not None:
            _keep(run)


def _took(run: Run, line: Line) -> None:
    if line.kind in ("progress", "partial"):
        run.share, run.what = line.share, line.what
    if line.kind in ("partial", "result") and run.module:
        diagnostic = clinic_diagnostic(run.module)
        if diagnostic is None:
            raise ValueError(f"the clinic has no diagnostic {run.module!r}")
        profile = results.decode(bytes(line.profile), results.find_types(diagnostic)[1])
        if line.kind == "partial":
            run.so_far = profile
        else:
            seconds = time.monotonic() - (run.began or time.monotonic())
            run.result = FinishedRun(
                module=run.module, fingerprint=run.fingerprint, settings=run.settings, profile=profile, seconds=round(seconds, 1)
            )
    if line.kind == "refused":
        run.refused = NotApplicable(line.reason, needs=line.needs, **line.values)
    if line.kind == "bad":
        run.refused = BadInput(line.reason, **line.values)
    if line.kind == "failed":
        run.refused = _broke_off(line.reason)


def _broke_off(why: str) -> BadInput:
    return BadInput(N_("The run broke off ({why:term}). Nothing was lost; the details are in the server's log."), why=why)


def _start() -> subprocess.Popen[bytes]:
    """A fresh interpreter, never a fork: a copy of the server's threads and locks could hang."""
    # More threads than free cores make boosting many times slower, as its threads wait for each other by spinning.
    threads = str(max(1, (os.cpu_count() or 1) // AT_ONCE))
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    return subprocess.Popen(
        [sys.executable, "-m", "diagnostics.clinic.shared.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **limits},
        # A group of its own, so that whatever it started ends with it.
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _keep(run: Run) -> None:
    diagnostic = clinic_diagnostic(run.module)
    if run.result is None or run.incident is None or diagnostic is None:
        return
    content = results.pack(diagnostic, run.result)
    if len(content) > results.CAP:
        log.warning("a result of %s is too large to keep (%d bytes)", run.module, len(content))
        return
    store.keep_result(run.incident, results.file_name(diagnostic, run.settings, run.fingerprint), content)


def latest(module: str, incident: str, fingerprint: str) -> FinishedRun | None:
    """The newest result of `module` for these very tables and roles; damaged files are passed over."""
    diagnostic = clinic_diagnostic(module)
    if diagnostic is None:
        return None
    for file in store.results(incident, module):
        with suppress(ValueError, OSError):
            if file.stat().st_size > results.CAP:
                continue
            found = results.unpack(diagnostic, file.read_bytes())
            if found.fingerprint == fingerprint:
                return found
    return None


@st.cache_resource(show_spinner=False)
def bench() -> Bench:
    return Bench()
