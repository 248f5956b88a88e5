"""All that a page shows of a watch, computed once for each state of its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.refusal import BadInput, Reason
from diagnostics.nouns.words import N_
from diagnostics.watch import alerts, records
from diagnostics.watch.alerts import Alert
from diagnostics.watch.course import Course
from diagnostics.watch.judge import SURE
from diagnostics.watch.measuring import course_of, reference_of
from diagnostics.watch.records import Batch, State, Watch
from diagnostics.watch.sequential import Alarm
from diagnostics.watch.summary import Summary


class Verdict(StrEnum):
    """What a batch came to."""

    WELL = "well"
    CALM = "calm"
    CHANGED = "changed"
    WORSE = "worse"
    FAULT = "fault"
    FEW = "few"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    REPEATED = "repeated"
    WAITING = "waiting"


VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.WELL: ("W", N_("well: counted with labels, and as expected")),
    Verdict.CALM: ("E", N_("as expected, but no labels yet: estimated")),
    Verdict.CHANGED: ("C", N_("changed, without a known cause")),
    Verdict.WORSE: ("D", N_("the model did worse, without a known cause")),
    Verdict.FAULT: ("F", N_("changed, and the cause is known")),
    Verdict.FEW: ("S", N_("too few rows to judge")),
    Verdict.MISSING: ("M", N_("missing")),
    Verdict.UNREADABLE: ("U", N_("could not be read")),
    Verdict.REPEATED: ("R", N_("the same rows as another batch, not counted")),
    Verdict.WAITING: ("…", N_("waits to be looked at")),
}
"""Letter and meaning of each."""

_OF_STATE: Final = {
    State.FEW: Verdict.FEW,
    State.MISSING: Verdict.MISSING,
    State.UNREADABLE: Verdict.UNREADABLE,
    State.REPEATED: Verdict.REPEATED,
    State.WAITING: Verdict.WAITING,
    State.CLAIMED: Verdict.WAITING,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Overview:
    """history: all batches in the order of time; verdicts: one each. counted: those that count, as in `course`."""

    watch: Watch
    history: tuple[Batch, ...]
    verdicts: tuple[Verdict, ...]
    counted: tuple[Batch, ...]
    summaries: Mapping[str, Summary]
    course: Course | None
    alerts: tuple[Alert, ...]
    trouble: Reason
    """Why there is no course, where there is none."""

    @property
    def standing(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.alerts if alert.closed is None)

    @property
    def counts(self) -> Counter[Verdict]:
        return Counter(self.verdicts)

    @property
    def onsets(self) -> tuple[datetime, ...]:
        """When each change began, by the clock of the watch's zone."""
        if self.course is None:
            return ()
        begun = [self.counted[alarm.since].since for alarm in self.course.detected.alarms]
        return tuple(when for when in begun if when is not None)

    def alarm_at(self, batch: str) -> Alarm | None:
        """The change that stood when the batch had come."""
        if self.course is None:
            return None
        place = next((n for n, one in enumerate(self.counted) if one.name == batch), None)
        return None if place is None else standing_at(self.course, place)

    def over_time(self, column: str, which: int) -> NDArray[np.float64]:
        """What `summary.SHOWN` names at `which` of a column, one for each counted batch."""
        place = self.columns.index(column)
        return np.array([self.summaries[batch.name].shown[place, which] for batch in self.counted])

    @property
    def columns(self) -> tuple[str, ...]:
        return self.course.base.names if self.course else ()


def standing_at(course: Course, place: int) -> Alarm | None:
    """The change that lasted over batch number `place`."""
    return next(
        (a for a in course.detected.alarms if a.since <= place and (a.over is None or place < a.over - _calm(a))),
        None,
    )


def _calm(alarm: Alarm) -> int:
    # The batches that showed that it was over were well themselves.
    return 0 if alarm.over is None else min(alarm.over - alarm.at - 1, 1)


def overview(watch: str) -> Overview:
    """Raises BadInput where there is no such watch, or the database is out of reach."""
    return _overview(watch, records.one(watch).revision)


@lru_cache(maxsize=8)
def _overview(name: str, revision: int) -> Overview:
    watch = records.one(name)
    history = records.history(name)
    counted: list[Batch] = []
    course, trouble = None, Reason()
    summaries: Mapping[str, Summary] = {}
    if any(batch.state is State.DONE for batch in history):
        try:
            counted, course = course_of(watch, history, reference_of(watch, history))
            summaries = records.numbers(name)
        except BadInput as reason:
            trouble = reason.kept
    known = tuple(alerts.of_watch(name))
    return Overview(
        watch=watch,
        history=tuple(history),
        verdicts=tuple(_verdict(batch, counted, course, known) for batch in history),
        counted=tuple(counted),
        summaries=summaries,
        course=course,
        alerts=known,
        trouble=trouble,
    )


def _verdict(batch: Batch, counted: list[Batch], course: Course | None, known: tuple[Alert, ...]) -> Verdict:
    if batch.state is not State.DONE:
        return _OF_STATE[batch.state]
    place = next((n for n, one in enumerate(counted) if one.name == batch.name), None)
    alarm = standing_at(course, place) if course is not None and place is not None else None
    if alarm is None or course is None:
        return Verdict.WELL if batch.labelled else Verdict.CALM
    within = {one.name for one in counted[alarm.since : alarm.over]}
    named = any(alert.cause for alert in known if alert.batch in within)
    if named or any(cause.confidence >= SURE for cause in batch.causes):
        return Verdict.FAULT
    return Verdict.WORSE if course.lost(alarm) else Verdict.CHANGED
