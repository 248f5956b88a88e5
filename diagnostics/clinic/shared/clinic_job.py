"""A run of a clinic diagnostic as a job: in a process group of its own, its result kept in the incident."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.shared import results
from diagnostics.clinic.shared.child import Line, Request
from diagnostics.clinic.shared.results import FinishedRun
from diagnostics.keep import store
from diagnostics.keep.jobs import DEADLINE, OVERDUE, Job, JobQueue, Lane, Stopped, python
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

log = logging.getLogger(__name__)

CLINIC: Final = Lane(name="clinic")


@dataclass(eq=False, kw_only=True)
class ClinicJob(Job[FinishedRun]):
    """One run. module: "" when only the tables are read. what: message id of what runs now."""

    module: str
    settings: Any
    request: Request
    fingerprint: str = ""
    """Of the tables and roles that it is about."""

    so_far: Any = None
    """The latest profile that is not complete."""

    @property
    def refused(self) -> NotApplicable | BadInput | None:
        """Why there is no result; None also where it was stopped."""
        if self.overdue:
            return _broke_off(OVERDUE)
        if self.error is None or isinstance(self.error, Stopped):
            return None
        return self.error if isinstance(self.error, NotApplicable | BadInput) else _broke_off(type(self.error).__name__)

    def work(self) -> FinishedRun:
        threads = max(1, (os.cpu_count() or 1) // CLINIC.workers)
        found: FinishedRun | None = None
        for content in self.lines_of(
            python("diagnostics.clinic.shared.child"), results.encode(self.request) + b"\n", threads=threads
        ):
            found = self._read(msgspec.json.decode(content, type=Line)) or found
        if found is None:
            if self.stopped or self.overdue or not self.module:
                raise Stopped
            raise _broke_off(N_("ended by the system"))
        if self.incident is not None:
            _keep(found, self.incident)
        return found

    def _read(self, line: Line) -> FinishedRun | None:
        """The result, if `line` is that. Raises NotApplicable and BadInput as the diagnostic did."""
        match line.kind:
            case "refused":
                raise NotApplicable(line.reason, needs=line.needs, **line.values)
            case "bad":
                raise BadInput(line.reason, **line.values)
            case "failed":
                raise _broke_off(line.reason)
        self.share, self.what = (line.share, line.what) if line.kind != "result" else (self.share, self.what)
        if line.kind == "progress" or not self.module:
            return None
        diagnostic = clinic_diagnostic(self.module)
        if diagnostic is None:
            raise ValueError(f"the clinic has no diagnostic {self.module!r}")
        profile = results.decode(bytes(line.profile), results.find_types(diagnostic)[1])
        if line.kind == "partial":
            self.so_far = profile
            return None
        seconds = time.monotonic() - (self.began or time.monotonic())
        return FinishedRun(
            module=self.module, fingerprint=self.fingerprint, settings=self.settings, profile=profile, seconds=round(seconds, 1)
        )


def _broke_off(why: str) -> BadInput:
    return BadInput(N_("The run broke off ({why:term}). Nothing was lost; the details are in the server's log."), why=why)


def ask(queue: JobQueue, module: str, settings: Any, incident: str | None, *, fingerprint: str = "", seed: int = 0) -> ClinicJob:
    """Begin a run; a run of the same module for the same incident that is still under way is stopped first.

    Raises BadInput when too many wait, and through a link for reading: what is found is kept in the incident.
    """
    if incident and module:
        store.writable(incident)
    request = Request(
        module,
        msgspec.Raw(results.encode(settings)),
        str(store.folder(incident)) if incident else "",
        str(store.work(incident)) if incident else "",
        seed,
    )
    return queue.ask(
        CLINIC.name,
        ClinicJob(
            key=(incident, module),
            incident=incident,
            deadline=float(getattr(settings, "longest", DEADLINE)),
            module=module,
            settings=settings,
            request=request,
            fingerprint=fingerprint,
        ),
    )


def latest_run(queue: JobQueue, module: str, incident: str | None) -> ClinicJob | None:
    """The latest run of `module` for `incident` since the server began."""
    found = queue.latest(CLINIC.name, (incident, module))
    return found if isinstance(found, ClinicJob) else None


def _keep(result: FinishedRun, incident: str) -> None:
    diagnostic = clinic_diagnostic(result.module)
    if diagnostic is None:
        return
    content = results.pack(diagnostic, result)
    if len(content) > results.CAP:
        log.warning("a result of %s is too large to keep (%d bytes)", result.module, len(content))
        return
    store.keep_result(incident, results.file_name(diagnostic, result.settings, result.fingerprint), content)


def latest_result(module: str, incident: str, fingerprint: str) -> FinishedRun | None:
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
