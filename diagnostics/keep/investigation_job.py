"""An investigation as a job: one per incident, its steps to be read as they are done, its result kept for the next reader."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from diagnostics.catalogue import STEP_TITLES, catalogue
from diagnostics.investigation import Investigation, investigate
from diagnostics.keep import store
from diagnostics.keep.jobs import OVERDUE, Job, JobQueue, Lane, Stopped
from diagnostics.loading import load
from diagnostics.looking.scope import WHOLE, Scope, to_link
from diagnostics.nouns.check import Check
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, MachineFault
from diagnostics.nouns.words import N_, Phrase
from diagnostics.read.folder import open_incident

READING: Final = 0.2
"""Share of the progress bar for reading the tables."""

SCOPES: Final = "chosen"
"""Folder of the tables of chosen rows, among what can be rebuilt."""

INVESTIGATIONS: Final = Lane(
    name="investigation",
    # Each is kept in memory; an older one is computed again when somebody comes back to it.
    remembered=24,
    full=N_("Too many investigations are waiting: try again in a minute."),
)


@dataclass(eq=False, kw_only=True)
class InvestigationJob(Job[Investigation]):
    """One investigation. what: the check that runs now, or "reference", "current", "causes"."""

    incident: str
    stamp: str
    """State of the incident's files."""

    scope: Scope = WHOLE
    """Rows and columns that are looked at."""

    known: Callable[[], Iterable[Investigation]] = tuple
    """Investigations that are at hand already."""

    opened: Incident | None = None
    """The incident, once it is read."""

    checks: tuple[Check, ...] = ()
    """Those that are done, in their order."""

    guess_from: float = field(default=READING)

    @property
    def step(self) -> int:
        """The step that runs now: 0 while the files are read, 8 when all seven are done."""
        if self.what == "causes":
            return len(STEP_TITLES) + 1
        return next((d.step for d in catalogue() if d.name == self.what), 0)

    @property
    def machine_refused(self) -> bool:
        """It ended for want of disk or memory, which says nothing of the incident."""
        return isinstance(self.error, (MachineFault, OSError, MemoryError))

    def so_far(self) -> Investigation | None:
        """What the steps before the present one found, without causes; None while the files are read."""
        step, opened = self.step, self.opened
        if opened is None:
            return None
        return Investigation(opened, tuple(check for check in self.checks if check.diagnostic.step < step), (), 0.0)

    def found(self) -> Investigation:
        """What it found. Raises BadInput or Stopped; whatever else went wrong is in the log, and becomes a BadInput here."""
        if self.result is not None:
            return self.result
        if isinstance(self.error, BadInput):
            raise self.error
        if self.overdue:
            raise _broke_off(Phrase(OVERDUE))
        if self.error is None or isinstance(self.error, Stopped):
            raise Stopped
        raise _broke_off(type(self.error).__name__)

    def work(self) -> Investigation:
        self.report(0.0, "reference")
        load()
        incident = open_incident(
            store.folder(self.incident),
            work=store.work(self.incident),
            on_progress=lambda share, what: self.report(READING * share, what),
        )
        # Loads the engine, which `load` has by now; whoever only asks need not wait for it.
        from diagnostics.looking.restrict import restrict

        incident = restrict(incident, self.scope, store.work(self.incident) / SCOPES)
        fingerprint = incident.fingerprint
        for known in self.known():
            # The same content was looked at already, say a sample that somebody else opened: only the paths differ.
            if known.incident.fingerprint == fingerprint:
                return replace(known, incident=incident)
        self.opened = incident
        return investigate(
            incident,
            on_progress=lambda share, what: self.report(READING + (1 - READING) * share, what),
            on_check=self._keep,
        )

    def _keep(self, check: Check) -> None:
        self.checks = (*self.checks, check)


def _broke_off(reason: str) -> BadInput:
    return BadInput(
        N_("The investigation broke off ({reason}). Nothing was lost; the details are in the server's log."), reason=reason
    )


def key_of(incident: str, scope: Scope = WHOLE) -> Hashable:
    """The key of the job that looks at these rows and columns of `incident`."""
    return incident if scope.whole else (incident, *sorted(to_link(scope).items()))


def ask(queue: JobQueue, incident: str, scope: Scope = WHOLE) -> InvestigationJob:
    """The job for `incident` as it is on disk now: finished, under way, or just begun. Raises BadInput when too many wait."""
    stamp = store.stamp(incident)
    lane = INVESTIGATIONS.name
    key = key_of(incident, scope)
    job = InvestigationJob(key=key, incident=incident, stamp=stamp, scope=scope, known=lambda: queue.results(lane))
    # What the machine refused may be possible now; what the files hold is the same until they change.
    return queue.ask(lane, job, unless=lambda before: before.stamp == stamp and not before.machine_refused)
