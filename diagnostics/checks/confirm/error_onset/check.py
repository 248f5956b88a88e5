"""Since when: the time at which the errors, the predictions or the number of rows changed their level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.confirm.error_onset.series import DAY, HOUR, Series, changes, series
from diagnostics.measure import engine
from diagnostics.measure.metrics import THRESHOLD
from diagnostics.measure.onset import Onset, onset
from diagnostics.measure.outcome import Outcome, known
from diagnostics.measure.samples import times
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Event, Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class LevelChanged(Entry):
    """The time at which the followed measure changed its level."""

    measure: str
    """As in `ErrorOnset.measure`."""

    level: str = shown(N_("Predicted class"), Unit.NAME)
    """ "" where the measure is no share of a class."""

    before: float = shown(N_("Before the change"))
    after: float = shown(N_("After the change"))
    usual: float = shown(N_("In the reference"))
    since: datetime = shown(N_("Time of the change"), Unit.TIME)


@dataclass(frozen=True, kw_only=True)
class RowsChanged(Entry):
    """The time at which the number of rows per bin changed."""

    since: datetime = shown(N_("Time of the change"), Unit.TIME)
    ratio: float = shown(N_("Rows after the change, as a share of those before"), Unit.SHARE)
    before: float = shown(N_("Rows per bin of time before the change"))
    after: float = shown(N_("Rows per bin of time after the change"))


@dataclass(frozen=True, kw_only=True)
class NoRows(Entry):
    """A stretch without rows."""

    start: datetime = shown(N_("Last row before the gap"), Unit.TIME)
    end: datetime = shown(N_("First row after the gap"), Unit.TIME)


@dataclass(frozen=True, kw_only=True)
class EventBefore(Entry):
    """The event that happened nearest to the onset."""

    what: str = shown(N_("What happened"), Unit.NAME)
    minutes: int = shown(N_("Minutes from the event to the change"), Unit.COUNT)
    hours: int
    between: float = internal()
    """Minutes from the event to the onset, not rounded; negative where the event came after it."""


ROSE: Final = {
    "error rate": N_("The error rate rose from {before:percent} to {after:percent} on {since:time}."),
    "Brier score": N_(
        "The mean squared error of the probabilities (Brier score) rose from {before:number} to {after:number} on {since:time}."
    ),
    "mean absolute error": N_("The mean error rose from {before:number} to {after:number} on {since:time}."),
}
MOVED: Final = {
    "mean prediction": N_("The mean prediction moved from {before:number} to {after:number} on {since:time}."),
    "share of answers": N_(
        "The share of the answer {level:name} moved from {before:percent} to {after:percent} on {since:time}."
    ),
}


def _level_says(entry: LevelChanged) -> str:
    return {**ROSE, **MOVED}[entry.measure]


def _rows_say(entry: RowsChanged | NoRows) -> str:
    if isinstance(entry, NoRows):
        return N_("No rows came between {start:time} and {end:time}.")
    return N_("From {since:time} on, {ratio:percent} as many rows came as before.")


def _event_says(entry: EventBefore) -> str:
    if entry.between < 2:
        return N_("{what:name} happened at the same time.")
    if entry.between < 120:
        return N_("This was {minutes:count} minutes after {what:name}.")
    return N_("This was {hours:count} hours after {what:name}.")


ERRORS_SINCE: Final = Rule[LevelChanged](
    code="CON021",
    lane=Lane.ACCURACY,
    null=Null.LOSS,
    title=N_("The errors rose at a known time"),
    says=_level_says,
    why=N_("A sudden rise points at something that was changed that day; a slow one at a world that moves."),
    remedy=N_("Compare what was deployed, configured or delivered just before this time with what was there before."),
    statistic=N_(
        "The time that best splits the rows into two levels; it counts only when chance would hardly ever split them so."
    ),
    source="Killick et al. 2012 (PELT), doi:10.1080/01621459.2012.737745; Page 1954, doi:10.2307/2333009",
    shows=Sign.WORSE,
    thresholds={
        "relative_at": Shown(N_("Rise of the error, as a share of the reference's, that counts"), Unit.SHARE),
        "rise_at": Shown(N_("Rise of the error rate that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Rise, as a share of the reference's error, that is called critical"), Unit.SHARE),
    },
)
ANSWERS_SINCE: Final = Rule[LevelChanged](
    code="CON022",
    lane=Lane.ACCURACY,
    null=Null.VALUES,
    title=N_("The answers moved at a known time"),
    says=_level_says,
    why=N_("Without true answers, a sudden move of the predictions is the first sign that the inputs or the model changed."),
    remedy=N_("Compare what was deployed, configured or delivered just before this time with what was there before."),
    statistic=N_("The time that best splits the rows into two levels of the prediction."),
    source="Killick et al. 2012 (PELT), doi:10.1080/01621459.2012.737745; Cohen 1988 (effect sizes)",
    shows=Sign.MOVED,
    thresholds={"spread_at": Shown(N_("Change, in standard deviations of the predictions, that counts"), Unit.NUMBER)},
)
VOLUME: Final = Rule[RowsChanged | NoRows](
    code="CON023",
    lane=Lane.ACCURACY,
    title=N_("The number of rows changed"),
    says=_rows_say,
    why=N_("When rows stop coming or come twice, a feed or a join often broke at the same time."),
    remedy=N_("Ask whoever sends the rows whether a source was added, lost or repeated."),
    statistic=N_("Rows per bin of time before and after the change."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.INFO,
    thresholds={
        "volume_at": Shown(N_("Factor between the numbers of rows that counts"), Unit.NUMBER),
        "gap_times": Shown(N_("How many times longer than every other a gap must be"), Unit.NUMBER),
        "gap_share": Shown(N_("Share of the time that a gap must take"), Unit.SHARE),
    },
)
EVENT: Final = Rule[EventBefore](
    code="CON024",
    lane=Lane.ACCURACY,
    title=N_("Something happened just before"),
    says=_event_says,
    why=N_("What changed shortly before the onset is the first suspect, though not yet proved."),
    remedy=N_("Look at what this event changed, and undo it in a test if you can."),
    statistic=N_("Time between the event and the onset."),
    source="Beyer et al. 2016, Site Reliability Engineering, chapter 12",
    severity=Severity.INFO,
    thresholds={"event_hours": Shown(N_("Hours within which an event is named"), Unit.NUMBER)},
)
RULES: Final = (ERRORS_SINCE, ANSWERS_SINCE, VOLUME, EVENT)

LABELLED: Final = 60
"""Rows with truth that a series of errors needs; with fewer, the answers are followed instead."""

CLASSES: Final = 8
"""Classes whose share of the answers is followed."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The longest stretch without any row."""

    start: datetime
    end: datetime
    next_longest: int
    """Length of the second longest, in seconds."""

    share: float
    """Its length as a share of the time that the table spans."""


@dataclass(frozen=True)
class ErrorOnset:
    """The current rows over time.

    measure: "error rate", "Brier score", "mean absolute error", "mean prediction" or "share of answers"; level: the class that
    the share is of. usual: mean of the reference, None when not known; band: lowest and highest level that the reference had for
    longer. spread: standard deviation of the measure in the reference. changes: in order of time. shown: the bins. volume: the
    time at which the number of rows changed, with rows per bin before and after. events: those of the incident.
    """

    measure: str
    level: str
    usual: float | None
    band: tuple[float, float] | None
    spread: float
    changes: tuple[Onset, ...]
    shown: Sides[Series]
    volume: Onset | None
    gap: Gap | None
    events: tuple[Event, ...]


@dataclass(frozen=True)
class _Measure:
    name: str
    level: str
    values: Sides[NDArray[np.float64] | None]


def profile(incident: Incident) -> ErrorOnset:
    """Raises NotApplicable without a current table, a timestamp, or a prediction."""
    if incident.current is None:
        incident.pair()
        raise NotApplicable(N_("No current table: upload rows from production."), needs="current")
    stamp = incident.role("timestamp")
    left, right = incident.reference, incident.current
    when = times(engine.sample(right, seed=incident.seed + 1), stamp)
    earlier = None if left is None else times(engine.sample(left, seed=incident.seed), stamp)
    if when is None or np.isnat(when).all():
        raise NotApplicable(N_("The timestamp column holds no readable times in the current table."), needs="timestamp")
    measures = _measures(known(incident, needs=("prediction",)))
    if not measures:
        raise NotApplicable(N_("The current rows have no predictions to follow over time."), needs="prediction")
    found = [(m, changes(when, m.values.current)) for m in measures if m.values.current is not None]
    # The first measure that moved is told; the strongest among the classes.
    moved = [pair for pair in found if pair[1]]
    chosen, turns = max(moved, key=_size) if moved and moved[0][0].level else moved[0] if moved else found[0]
    values, before = chosen.values.current, chosen.values.reference
    assert values is not None
    drawn = series(when, values)
    past, band, usual, spread = Series((), drawn.width), None, None, 1.0
    if before is not None and np.isfinite(before).any():
        usual = float(before[np.isfinite(before)].mean())
        spread = float(before[np.isfinite(before)].std())
        if earlier is not None and not np.isnat(earlier).all():
            past = series(earlier, before, width=drawn.width)
            own = changes(earlier, before)
            levels = [usual, *(c.before for c in own), *(c.after for c in own)]
            band = (min(levels), max(levels))
    return ErrorOnset(
        chosen.name,
        chosen.level,
        usual,
        band,
        spread,
        turns,
        Sides(past, drawn),
        _volume(drawn),
        _gap(when),
        incident.events,
    )


def _size(pair: tuple[_Measure, tuple[Onset, ...]]) -> float:
    return max(abs(c.after - c.before) for c in pair[1])


def _measures(found: Outcome) -> list[_Measure]:
    """What can be followed, the most telling first: errors where there are true answers, else the answers."""
    losses = Sides(found.loss("reference"), found.loss("current"))
    if losses.current is not None and np.isfinite(losses.current).sum() >= LABELLED:
        plain = _Measure(found.loss_name, "", losses)
        if found.answer is not Answer.SCORE:
            return [plain]
        return [_Measure("error rate", "", Sides(_wrong(found, "reference"), _wrong(found, "current"))), plain]
    if found.answers.current is None:
        return []
    if found.answer is not Answer.LABEL:
        pair = [None if a is None else a.astype("float64") for a in (found.answers.reference, found.answers.current)]
        return [_Measure("mean prediction", "", Sides(pair[0], pair[1]))]
    names = pd.Series(found.answers.current).value_counts()
    ordered = sorted(names.items(), key=lambda item: (-item[1], str(item[0])))[:CLASSES]
    levels = [found.positive] if found.positive is not None else [str(level) for level, _ in ordered]
    return [
        _Measure("share of answers", level, Sides(_is(found.answers.reference, level), _is(found.answers.current, level)))
        for level in levels
    ]


def _is(answers: NDArray[np.generic] | None, level: str) -> NDArray[np.float64] | None:
    return None if answers is None else np.where(pd.notna(answers), (answers == level).astype("float64"), np.nan)


def _wrong(found: Outcome, side: str) -> NDArray[np.float64] | None:
    truth, answers = getattr(found.truth, side), getattr(found.answers, side)
    if truth is None or answers is None:
        return None
    score = answers.astype("float64")
    known_rows = pd.notna(truth) & np.isfinite(score)
    return np.where(known_rows, ((score >= THRESHOLD) != (truth == found.positive)).astype("float64"), np.nan)


def _volume(drawn: Series) -> Onset | None:
    """The change of the number of rows per bin; the first and the last bin are cut by the table's ends and left out."""
    counts = drawn.counts[1:-1]
    starts = np.array([b.start for b in drawn.bins[1:-1]], dtype="datetime64[us]")
    return onset(starts, counts) if counts.size >= 20 else None


def _gap(when: NDArray[np.datetime64]) -> Gap | None:
    ordered = np.sort(when[~np.isnat(when)]).astype("datetime64[s]")
    if ordered.size < 100:
        return None
    # The outermost rows may be wrong times and say nothing about a gap.
    inner = ordered[ordered.size // 100 : ordered.size - ordered.size // 100]
    steps = np.diff(inner).astype("int64")
    largest = int(np.argmax(steps))
    if not steps[largest]:
        return None
    return Gap(
        start=inner[largest].item(),
        end=inner[largest + 1].item(),
        next_longest=int(np.sort(steps)[-2]),
        share=float(steps[largest]) / float((inner[-1] - inner[0]).astype("int64")),
    )


def judge(
    p: ErrorOnset,
    *,
    relative_at: float = 0.25,
    rise_at: float = 0.03,
    spread_at: float = 0.25,
    critical_at: float = 0.5,
    volume_at: float = 2.0,
    gap_times: float = 3.0,
    gap_share: float = 0.05,
    event_hours: float = 24.0,
) -> list[Finding]:
    """A change fires when the new level is worse than the old and than any level that the reference itself had for longer.

    Errors: by `relative_at` of the usual level (and `rise_at` for an error rate). Answers without truth: by `spread_at` of the
    reference's standard deviation, between what Cohen (1988) calls small and medium. A rise by `critical_at` of the usual level
    is critical. Of several changes the first that fires is told, with the last event within `event_hours` before it. The number
    of rows: by a factor of `volume_at`, or none at all for `gap_share` of the time, `gap_times` as long as any other gap and an
    hour. Where no source is named, the amounts were chosen on benchmarks/incidents.
    """
    findings: list[Finding] = []
    errors = p.measure in ROSE
    for change in p.changes:
        usual = change.before if p.usual is None else p.usual
        low, high = p.band or (usual, usual)
        if errors:
            floor = max(relative_at * usual, rise_at if p.measure == "error rate" else 0.0)
            fires = change.after - max(change.before, high) >= floor
        else:
            floor = max(spread_at * p.spread, 1e-12)
            away = max(change.after - high, low - change.after)
            fires = min(abs(change.after - change.before), away) >= floor
        if fires:
            findings.append(_turn(p, change, usual, errors, critical_at))
            event = _near(p, change.since, event_hours)
            if event is not None:
                findings.append(EVENT.found(_event(event, change.since)))
            break
    findings += _rows(p, volume_at)
    gap = p.gap
    if (
        gap is not None
        and gap.share >= gap_share
        and gap.end - gap.start >= gap_times * timedelta(seconds=max(gap.next_longest, HOUR))
    ):
        findings.append(VOLUME.found(NoRows(since=gap.start, start=gap.start, end=gap.end)))
    return findings


def _turn(p: ErrorOnset, change: Onset, usual: float, errors: bool, critical_at: float) -> Finding[LevelChanged]:
    size = (change.after - usual) / max(abs(usual), 1e-12) if errors else (change.after - usual) / max(p.spread, 1e-12)
    entry = LevelChanged(
        weight=float(np.clip(abs(size), 0, 1)),
        measure=p.measure,
        level=p.level,
        before=change.before,
        after=change.after,
        usual=usual,
        since=change.since,
    )
    severity = Severity.CRITICAL if errors and size >= critical_at else Severity.WARNING
    return (ERRORS_SINCE if errors else ANSWERS_SINCE).found(entry, severity=severity)


def _near(p: ErrorOnset, since: datetime, hours: float) -> Event | None:
    """The last event within `hours` before the onset; the onset is known to a bin, so one just after it counts too."""
    slack = timedelta(seconds=max(2 * HOUR, min(p.shown.current.width, DAY)))
    reach = max(timedelta(hours=hours), slack)
    events = [e for e in p.events if -slack <= since - e.time.replace(tzinfo=None) <= reach]
    return min(events, key=lambda e: (abs(since - e.time.replace(tzinfo=None)), e.what)) if events else None


def _event(event: Event, since: datetime) -> EventBefore:
    minutes = (since - event.time.replace(tzinfo=None)).total_seconds() / 60
    return EventBefore(since=since, what=event.what, minutes=round(minutes), hours=round(minutes / 60), between=minutes)


def _rows(p: ErrorOnset, volume_at: float) -> list[Finding]:
    volume = p.volume
    if volume is None or max(volume.before, volume.after) < volume_at * min(volume.before, volume.after):
        return []
    ratio = volume.after / max(volume.before, 1e-9)
    entry = RowsChanged(
        weight=float(np.clip(abs(np.log10(max(ratio, 1e-9))), 0, 1)),
        since=volume.since,
        ratio=ratio,
        before=volume.before,
        after=volume.after,
    )
    return [VOLUME.found(entry)]
