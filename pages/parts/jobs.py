"""Investigations run beside the pages: a bounded pool, at most one job per incident, the latest results kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES, catalogue
from diagnostics.investigation import Investigation, investigate
from diagnostics.keep import store
from diagnostics.loading import load
from diagnostics.nouns.check import Check
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read.folder import open_incident

log = logging.getLogger(__name__)

WORKERS: Final = 2
KEPT: Final = 24
"""Investigations kept in memory; an older one is computed again when somebody comes back to it."""

WAITING: Final = 40
"""Jobs that may wait; more are turned away with a sentence rather than left hanging."""

READING: Final = 0.2
"""Share of the progress bar for reading the tables."""


class Stopped(Exception):
    """Somebody pressed stop."""


@dataclass
class Job:
    """One investigation on its way. share: 0 to 1; what: the check that runs now, or "reference", "current", "causes".

    opened: the incident, once it is read. checks: those that are done, in their order.
    """

    incident: str
    stamp: str
    stop: threading.Event = field(default_factory=threading.Event)
    share: float = 0.0
    what: str = ""
    opened: Incident | None = None
    checks: tuple[Check, ...] = ()
    began: float = field(default_factory=time.monotonic)
    future: Future[Investigation] = field(default_factory=Future)
    logged: bool = False

    @property
    def finished(self) -> bool:
        return self.future.done()

    @property
    def left(self) -> float | None:
        """Seconds until the end at this pace; None while that is a mere guess."""
        passed = time.monotonic() - self.began
        return passed * (1 - self.share) / self.share if self.share > READING and passed > 1 else None

    @property
    def step(self) -> int:
        """The step that runs now: 0 while the files are read, 8 when all seven are done."""
        if self.what == "causes":
            return len(STEP_TITLES) + 1
        return next((d.step for d in catalogue() if d.name == self.what), 0)

    def so_far(self) -> Investigation | None:
        """What the steps before the present one found, without causes; None while the files are read."""
        step, opened = self.step, self.opened
        if opened is None:
            return None
        return Investigation(opened, tuple(check for check in self.checks if check.diagnostic.step < step), (), 0.0)

    def took(self, check: Check) -> None:
        self.checks = (*self.checks, check)

    def told(self, share: float, what: str) -> None:
        if self.stop.is_set():
            raise Stopped
        self.share, self.what = share, what

    def result(self) -> Investigation:
        """Raises BadInput or Stopped; whatever else went wrong is in the log, and becomes a BadInput here."""
        try:
            error = self.future.exception()
        except CancelledError:
            raise Stopped from None
        if error is None:
            return self.future.result()
        if isinstance(error, BadInput | Stopped):
            raise error
        if not self.logged:
            self.logged = True
            log.error("investigation failed", exc_info=error)
        raise BadInput(
            N_("The investigation broke off ({reason}). Nothing was lost; the details are in the server's log."),
            reason=type(error).__name__,
        )


class Desk:
    """Where pages ask for investigations. Safe to use from many sessions at once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="investigation")
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, incident: str) -> Job:
        """The job for `incident` as it is on disk now: finished, under way, or just begun. Raises BadInput when too many wait."""
        stamp = store.stamp(incident)
        with self._lock:
            job = self._jobs.get(incident)
            if job is not None and job.stamp == stamp:
                self._jobs.move_to_end(incident)
                return job
            if job is not None:
                job.stop.set()
                job.future.cancel()
            if sum(not other.finished for other in self._jobs.values()) >= WAITING:
                raise BadInput(N_("Too many investigations are waiting: try again in a minute."))
            job = Job(incident, stamp)
            job.future = self._pool.submit(self._work, job)
            self._jobs[incident] = job
            self._forget()
            return job

    def again(self, incident: str) -> None:
        """Forget the job, so that the next `ask` begins anew."""
        with self._lock:
            self._jobs.pop(incident, None)

    def drop(self, incident: str) -> None:
        """Stop the job and forget what it found: the incident is to be deleted."""
        with self._lock:
            job = self._jobs.pop(incident, None)
        if job is not None:
            job.stop.set()
            job.future.cancel()

    def _forget(self) -> None:
        done = [name for name, job in self._jobs.items() if job.finished]
        for name in done[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[name]

    def _known(self) -> list[Investigation]:
        with self._lock:
            done = [job.future for job in self._jobs.values() if job.finished and not job.future.cancelled()]
        return [future.result() for future in done if future.exception() is None]

    def _work(self, job: Job) -> Investigation:
        job.told(0.0, "reference")
        load()
        incident = open_incident(
            store.folder(job.incident),
            work=store.work(job.incident),
            on_progress=lambda share, what: job.told(READING * share, what),
        )
        fingerprint = incident.fingerprint
        for known in self._known():
            # The same content was looked at already, say a sample that somebody else opened: only the paths differ.
            if known.incident.fingerprint == fingerprint:
                return replace(known, incident=incident)
        job.opened = incident
        return investigate(
            incident,
            on_progress=lambda share, what: job.told(READING + (1 - READING) * share, what),
            on_check=job.took,
        )


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    return Desk()


def settled(job: Job, *, within: float = 0.25) -> bool:
    """Whether the job is done, waiting a moment for quick ones so that no progress bar flashes up."""
    wait([job.future], timeout=within)
    return job.finished
