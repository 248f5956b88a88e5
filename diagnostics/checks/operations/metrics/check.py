"""Metrics of the service: a level that shifted, memory that climbs, a resource at its limit, answers that became slow, more
errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import ERROR_BURST, LATENCY_REGRESSION, MEMORY_LEAK, RESOURCE_SATURATION
from diagnostics.checks.operations.metrics.series import Meaning, Metrics, Series
from diagnostics.checks.operations.metrics.series import metrics as read
from diagnostics.checks.operations.metrics.shifts import Shift, Slope, Thinned, by_chance, running_median, shifts, slope, thin
from diagnostics.checks.operations.metrics.spikes import Spike, excursions, spikes
from diagnostics.measure.onset import as_datetime
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

_PELT: Final = "Killick, Fearnhead, Eckley 2012, doi:10.1080/01621459.2012.737745"


@dataclass(frozen=True, kw_only=True)
class LevelShift(Entry):
    """A metric whose level changed, in the metric's unit. size: in deviations that the metric usually shows.

    label, here and below: its name with its unit; passed: hours since the first point, of a metric whose times name no day.
    """

    series: str = shown(N_("Metric"), Unit.NAME)
    label: str
    before: float = shown(N_("Level before"))
    after: float = shown(N_("Level after"))
    size: float = shown(N_("Size of the change, in usual deviations"))
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    passed: float | None = shown(N_("Hours after the beginning"), optional=True)
    ratio: float | None = shown(N_("Level after, as a multiple of before"), optional=True)
    cause: CauseKind | None = optional()


@dataclass(frozen=True, kw_only=True)
class Jump(Entry):
    """A metric that jumped for a short time. size: in deviations that the metric usually shows."""

    series: str = shown(N_("Metric"), Unit.NAME)
    label: str
    before: float = shown(N_("Level around it"))
    after: float = shown(N_("Most distant point"))
    size: float = shown(N_("Size of the jump, in usual deviations"))
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    passed: float | None = shown(N_("Hours after the beginning"), optional=True)


@dataclass(frozen=True, kw_only=True)
class Climb(Entry):
    """A metric that climbs. per_day with its 95% interval from low to high."""

    series: str = shown(N_("Metric"), Unit.NAME)
    label: str
    per_day: float = shown(N_("Climb per day"))
    low: float = shown(N_("Climb per day, lower end of its 95% interval"))
    high: float = shown(N_("Climb per day, upper end of its 95% interval"))
    first: float = shown(N_("At the beginning"))
    last: float = shown(N_("At the end"))
    restarts: int = shown(N_("Restarts"), Unit.COUNT)
    limit: float | None = shown(N_("Limit"))
    hours_left: float | None = shown(N_("Hours until the limit"))
    days_left: float | None = shown(N_("Days until the limit"))
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    per_hour: float = shown(N_("Climb per hour"))
    covered: float = shown(N_("Hours that the file covers"))
    short: bool = internal()
    cause: CauseKind = MEMORY_LEAK


@dataclass(frozen=True, kw_only=True)
class AtLimit(Entry):
    """A metric at its limit. limit_known: False where `limit` is the largest value that was seen."""

    series: str = shown(N_("Metric"), Unit.NAME)
    label: str
    share: float = shown(N_("Points at the limit"), Unit.SHARE)
    limit: float = shown(N_("Limit"))
    limit_known: bool = shown(N_("Whether the limit is known"), Unit.YES_NO)
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    cause: CauseKind = RESOURCE_SATURATION


def _say_shift(entry: LevelShift) -> str:
    rose = entry.after > entry.before
    if entry.since is None:
        return (
            N_("{label:name} rose from {before:number} to {after:number}, {passed:number} hours after the beginning.")
            if rose
            else N_("{label:name} fell from {before:number} to {after:number}, {passed:number} hours after the beginning.")
        )
    if entry.until is None:
        return (
            N_("{label:name} rose from {before:number} to {after:number} on {since:time}.")
            if rose
            else N_("{label:name} fell from {before:number} to {after:number} on {since:time}.")
        )
    return (
        N_("{label:name} rose from {before:number} to {after:number} from {since:time} to {until:time}.")
        if rose
        else N_("{label:name} fell from {before:number} to {after:number} from {since:time} to {until:time}.")
    )


def _say_jump(entry: Jump) -> str:
    if entry.since is None:
        return N_(
            "{label:name} jumped from {before:number} to {after:number} for a short time, {passed:number} hours after the "
            "beginning."
        )
    return N_("{label:name} jumped from {before:number} to {after:number} on {since:time}, for a short time.")


def _say_climb(entry: Climb) -> str:
    if entry.since is None:
        return N_("{label:name} climbs by {per_hour:number} an hour, from {first:number} to {last:number}.")
    if entry.short:
        return N_(
            "{label:name} climbed from {first:number} to {last:number} since {since:time}. The file covers only "
            "{covered:number} hours, so this may be the rise of every day."
        )
    if entry.restarts:
        return N_(
            "{label:name} climbs by {per_day:number} a day since {since:time}, and falls back only at restarts "
            "({restarts:count})."
        )
    if entry.hours_left is not None:
        return N_(
            "{label:name} climbs by {per_day:number} a day since {since:time} and reaches its limit of {limit:number} "
            "in {days_left:number} days."
        )
    return N_("{label:name} climbs by {per_day:number} a day since {since:time}, from {first:number} to {last:number}.")


def _say_limit(entry: AtLimit) -> str:
    if entry.since is None:
        return (
            N_("{label:name} is at its limit of {limit:number} for {share:percent} of the time.")
            if entry.limit_known
            else N_("{label:name} is pinned at its maximum of {limit:number} for {share:percent} of the time.")
        )
    if not entry.limit_known:
        return N_("{label:name} is pinned at its maximum of {limit:number} since {since:time}, {share:percent} of all the time.")
    if entry.until is not None:
        return N_("{label:name} was at its limit of {limit:number} from {since:time} to {until:time}.")
    return N_("{label:name} is at its limit of {limit:number} since {since:time}.")


LEVEL: Final = Rule[LevelShift](
    code="OPS010",
    lane=Lane.METRIC,
    title=N_("A metric changed its level"),
    says=_say_shift,
    why=N_("A level that changes at once and stays was changed by something: a deploy, another load, another machine."),
    remedy=N_("Compare its beginning with your deploys and with the other metrics; what changed first is the first suspect."),
    statistic=N_(
        "Level: the median of a stretch of time, compared with the usual level and with how much the metric wobbles anyway."
    ),
    source=_PELT,
    severity=Severity.INFO,
)
LEAK: Final = Rule[Climb](
    code="OPS011",
    lane=Lane.METRIC,
    title=N_("Memory climbs without end"),
    says=_say_climb,
    why=N_("What only climbs reaches its limit: the process is then killed, and its requests are lost."),
    remedy=N_(
        "Look for collections that only grow (globals, caches without a bound, kept tensors). Until it is "
        "mended, restart the workers "
        "after a number of requests (gunicorn --max-requests 1000 --max-requests-jitter 100)."
    ),
    statistic=N_(
        "Slope: how much is added per day, as the median over all pairs of points, with its 95% interval; restarts are taken out."
    ),
    source="Sen 1968, doi:10.1080/01621459.1968.10480934",
    severity=Severity.CRITICAL,
    suggests=MEMORY_LEAK,
    thresholds={
        "soon_at": Shown(N_("Hours until the limit that are called critical"), Unit.NUMBER),
        "gain_at": Shown(N_("Gain, as a share of its beginning, that is called critical"), Unit.SHARE),
        "day_at": Shown(N_("Hours that it must cover, so that it is not the rise of a day"), Unit.NUMBER),
        "tripled_at": Shown(N_("Gain, as a share of its beginning, that no day makes"), Unit.SHARE),
    },
)
SATURATED: Final = Rule[AtLimit](
    code="OPS012",
    lane=Lane.METRIC,
    title=N_("A resource is at its limit"),
    says=_say_limit,
    why=N_("At the limit every request waits for the ones before it, and the waiting time grows much faster than the load."),
    remedy=N_("Add workers or machines, or lower the load: smaller batches, a smaller model, a cache for repeated requests."),
    statistic=N_("Time at the limit: how long the metric stayed at 95% of its limit or above."),
    source="Gregg 2013, The USE method, doi:10.1145/2405116.2413037",
    severity=Severity.CRITICAL,
    suggests=RESOURCE_SATURATION,
    thresholds={
        "points_at": Shown(N_("Points at the limit in a row; four times as many where the limit is not known"), Unit.COUNT),
        "time_at": Shown(N_("Share of all points that must lie at the limit in a row"), Unit.SHARE),
        "usual_at": Shown(N_("Share of points at a limit that is not known, above which it is no limit"), Unit.SHARE),
    },
)
SLOWER: Final = Rule[LevelShift](
    code="OPS013",
    lane=Lane.METRIC,
    title=N_("Answers became slower"),
    says=_say_shift,
    why=N_("Whoever waits too long gives up or takes a default answer; callers time out and ask again, which adds load."),
    remedy=N_("Compare its beginning with deploys, the load and the time to fetch features; profile one slow request."),
    statistic=N_("Latency: the median of a stretch of time before and after it changed."),
    source=_PELT,
    severity=Severity.CRITICAL,
    suggests=LATENCY_REGRESSION,
    thresholds={"slower_at": Shown(N_("Times its level before that counts as slower"), Unit.NUMBER)},
)
ERRORS_ROSE: Final = Rule[LevelShift](
    code="OPS014",
    lane=Lane.METRIC,
    title=N_("More requests fail"),
    says=_say_shift,
    why=N_("Each of these requests ended without the model's answer."),
    remedy=N_("Read the log at its beginning for the first new error, and compare with what was deployed."),
    statistic=N_("Errors: the median of a stretch of time before and after it changed."),
    source=_PELT,
    severity=Severity.CRITICAL,
    suggests=ERROR_BURST,
    thresholds={"errors_at": Shown(N_("Times its level before that counts as more errors"), Unit.NUMBER)},
)
SPIKE: Final = Rule[Jump](
    code="OPS015",
    lane=Lane.METRIC,
    title=N_("A metric jumped for a short time"),
    says=_say_jump,
    why=N_("A short jump can be the moment at which something broke, restarted or was deployed."),
    remedy=N_("Look into the log at that minute."),
    statistic=N_("Jump: distance of a point from the middle of its neighbours, compared with how far points usually lie."),
    source="Siffer et al. 2017, doi:10.1145/3097983.3098144",
    severity=Severity.INFO,
)
RULES: Final = (LEVEL, LEAK, SATURATED, SLOWER, ERRORS_ROSE, SPIKE)


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """The longest stretch at the limit."""

    since: datetime
    until: datetime | None
    points: int
    """Points of the stretch."""

    of: int
    """Points of the series."""

    share: float
    """Share of all points at the limit, in this stretch or not, 0 to 1."""

    limit: float
    """The observed maximum when no limit is known."""

    known: bool


@dataclass(frozen=True)
class SeriesProfile:
    """thinned: at most 500 points for the picture."""

    series: Series
    thinned: Thinned
    shifts: tuple[Shift, ...]
    slope: Slope | None
    saturation: Saturation | None
    spikes: tuple[Spike, ...] = ()


@dataclass(frozen=True)
class MetricsProfile:
    series: tuple[SeriesProfile, ...]
    problems: tuple[tuple[str, str], ...]


def profile(incident: Incident) -> MetricsProfile:
    """Raises NotApplicable without a metrics file that can be read."""
    return of(read(incident))


def of(given: Metrics) -> MetricsProfile:
    return MetricsProfile(tuple(_profile(series) for series in given.series), given.problems)


def _profile(series: Series) -> SeriesProfile:
    thinned = thin(series)
    climbs = slope(series, thinned) if series.fills else None
    sudden = spikes(series)
    # The same moment is told once, by its sharper description.
    longer = tuple(e for e in excursions(series) if not any(s.since <= e.until and e.since <= s.until for s in sudden))
    levels = tuple(shift for shift in shifts(thinned) if not by_chance(series, shift))
    return SeriesProfile(series, thinned, levels, climbs, _saturation(series), sudden + longer)


def _saturation(series: Series, *, near: float = 0.95) -> Saturation | None:
    """The longest stretch within `near` of the limit; without a known limit, pinned at its own maximum."""
    if series.meaning not in (Meaning.RESOURCE, Meaning.MEMORY):
        return None
    x = series.values
    top = float(x.max())
    if series.limit is not None:
        high = _stayed(x, near * series.limit, 0.9 * series.limit)
    elif top > 0 and np.quantile(x, 0.25) < 0.8 * top:
        # Pinned: the very same maximum again and again, in a series that moves otherwise.
        high = x >= 0.9995 * top
    else:
        return None
    runs = _runs(high)
    if not runs:
        return None
    begin, end = max(runs, key=lambda run: (run[1] - run[0], -run[0]))
    return Saturation(
        since=as_datetime(series.times[begin]),
        until=as_datetime(series.times[end]) if end < x.size - 1 else None,
        points=end - begin + 1,
        of=x.size,
        share=float(high.mean()),
        limit=series.limit if series.limit is not None else top,
        known=series.limit is not None,
    )


def _stayed(x: NDArray[np.float64], reached: float, held: float) -> NDArray[np.bool_]:
    """Points of the stretches in which the median of five stays above `held`, of which two fifths lie above `reached`."""
    above = running_median(x, 5) >= held
    high = (x >= reached) & above
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype("int8")))
    for begin, end in edges.reshape(-1, 2).tolist():
        # A day at 91% with one peak is no day at the limit: two fifths of the points must reach it.
        if np.mean(x[begin:end] >= reached) < 0.4:
            continue
        high[begin:end] = True
    return high


def _runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """First and last position of each run of True; one point below does not end a run."""
    runs: list[tuple[int, int]] = []
    for position in np.flatnonzero(flags).tolist():
        if runs and position - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], position)
        else:
            runs.append((position, position))
    return runs


def judge(
    p: MetricsProfile,
    *,
    slower_at: float = 1.5,
    errors_at: float = 2.0,
    shown: int = 3,
    soon_at: float = 7 * 24.0,
    gain_at: float = 0.5,
    points_at: int = 5,
    time_at: float = 0.02,
    usual_at: float = 0.9,
    day_at: float = 18.0,
    tripled_at: float = 2.0,
) -> list[Finding]:
    """Latency counts from `slower_at` times its usual level, errors from `errors_at` times; a leak is critical when it ends
    within a week, or gained `gain_at` of where it began. A climb in fewer than `day_at` hours, from the trough of a day to its
    peak, may be the rise of every day: it is told and names no cause, unless it was cut by restarts or gained `tripled_at`.

    A resource is at its limit when it stayed there for `points_at` points and `time_at` of the series; where the limit is not
    known, for four times as many points, but not for `usual_at` of the time: then it is how the series is.
    At most `shown` shifts of one series are told, the largest first.
    """
    findings: list[Finding] = []
    for one in p.series:
        if one.slope is not None:
            findings.append(_leak(one.series, one.slope, soon_at, gain_at, day_at, tripled_at))
        at = one.saturation
        if at is not None and _is_long(at, points_at, time_at, usual_at):
            findings.append(_saturated(one.series, at))
        told = sorted(one.shifts, key=lambda s: (-s.size, s.since))[:shown]
        for shift in told:
            finding = _shift(one.series, shift, slower_at, errors_at)
            # A climb is also a row of levels; it is told once.
            if one.slope is None or finding.rule is not LEVEL:
                findings.append(finding)
        for spike in one.spikes:
            # A jump inside a stretch that is told already is no news.
            if not any(s.since <= spike.until and (s.until is None or spike.since <= s.until) for s in told):
                findings.append(_jump(one.series, spike))
    return findings


def _is_long(at: Saturation, points_at: int, time_at: float, usual_at: float) -> bool:
    """Whether it stayed at its limit long enough to be worth telling."""
    if not at.known and at.share > usual_at:
        return False
    return at.points >= max(points_at if at.known else 4 * points_at, time_at * at.of)


def _dated(series: Series, when: datetime) -> tuple[datetime | None, float | None]:
    """The moment, or the hours since the beginning where the file names no day."""
    if series.dated:
        return when, None
    return None, (when - as_datetime(series.times[0])).total_seconds() / 3600


def _jump(series: Series, spike: Spike) -> Finding:
    since, passed = _dated(series, spike.since)
    return SPIKE.found(
        Jump(
            since=since,
            weight=min(1.0, spike.size / 100),
            series=series.name,
            label=series.label,
            before=spike.usual,
            after=spike.peak,
            size=spike.size,
            until=spike.until if series.dated else None,
            passed=passed,
        )
    )


def _leak(series: Series, climb: Slope, soon_at: float, gain_at: float, day_at: float, tripled_at: float) -> Finding:
    soon = climb.restarts > 0 or (climb.left is not None and climb.left <= soon_at)
    gain = abs(climb.last - climb.first) / max(abs(climb.first), 1e-12)
    covered = float(series.hours[-1])
    short = series.dated and covered < day_at and not climb.restarts and gain < tripled_at
    severity = Severity.INFO if short else Severity.CRITICAL if soon or gain >= gain_at else Severity.WARNING
    return LEAK.found(
        Climb(
            since=climb.since if series.dated else None,
            weight=min(1.0, gain),
            series=series.name,
            label=series.label,
            per_day=climb.per_day,
            per_hour=climb.per_day / 24,
            low=climb.low,
            high=climb.high,
            first=climb.first,
            last=climb.last,
            restarts=climb.restarts,
            limit=climb.limit,
            hours_left=climb.left,
            days_left=None if climb.left is None else climb.left / 24,
            until=climb.until if series.dated else None,
            covered=covered,
            short=short,
        ),
        severity=severity,
    )


def _saturated(series: Series, at: Saturation) -> Finding:
    return SATURATED.found(
        AtLimit(
            since=at.since if series.dated else None,
            weight=min(1.0, at.share),
            series=series.name,
            label=series.label,
            share=at.share,
            limit=at.limit,
            limit_known=at.known,
            until=at.until if series.dated else None,
        ),
        severity=Severity.CRITICAL if at.known else Severity.WARNING,
    )


def _shift(series: Series, shift: Shift, slower_at: float, errors_at: float) -> Finding:
    ratio = shift.after / shift.before if shift.before > 0 else float("inf") if shift.after > 0 else 1.0
    # A rise out of a quiet hour to what is usual is no regression.
    worse = min(ratio, shift.after / shift.usual if shift.usual > 0 else float("inf"))
    rule: Rule[LevelShift] = LEVEL
    cause = None
    if series.meaning is Meaning.LATENCY and worse >= slower_at:
        rule, cause = SLOWER, LATENCY_REGRESSION
    elif series.meaning is Meaning.ERRORS and worse >= errors_at:
        rule, cause = ERRORS_ROSE, ERROR_BURST
    since, passed = _dated(series, shift.since)
    return rule.found(
        LevelShift(
            since=since,
            weight=min(1.0, shift.size / 40),
            series=series.name,
            label=series.label,
            before=shift.before,
            after=shift.after,
            size=shift.size,
            until=shift.until if series.dated else None,
            ratio=ratio if np.isfinite(ratio) else None,
            cause=cause,
            passed=passed,
        )
    )
