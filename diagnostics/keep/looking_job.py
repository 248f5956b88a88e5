"""What pages count for people who look for themselves, in the queue: asked for once, kept for the next reader."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, TypeVar

from diagnostics.keep.jobs import Job, JobQueue, Lane
from diagnostics.nouns.words import N_

T = TypeVar("T")

LOOKING: Final = Lane(name="looking", workers=2, remembered=200, full=N_("Too many people are counting: try again in a minute."))


@dataclass(eq=False, kw_only=True)
class Look(Job[T]):
    """One thing to count. fingerprint: of the incident's content; the answer holds while it is the same."""

    fingerprint: str
    count: Callable[[], T]

    def work(self) -> T:
        return self.count()


def ask(queue: JobQueue, incident: str, what: Hashable, fingerprint: str, count: Callable[[], T]) -> Look[T]:
    """The job that counts `what`: finished, under way, or just begun. Raises BadInput when too many wait."""
    job = Look(key=(incident, what), incident=incident, fingerprint=fingerprint, count=count)
    return queue.ask(LOOKING.name, job, unless=lambda before: before.fingerprint == fingerprint and before.error is None)
