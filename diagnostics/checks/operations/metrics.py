"""Metrics of the service: a level that shifted, memory that climbs, a resource at its limit, answers that became slow, more
errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from diagnostics.checks.operations.series import Meaning, Metrics, Series
from diagnostics.checks.operations.series import metrics as read
from diagnostics.checks.operations.shifts import Shift, Slope, Thinned, by_chance, shifts, slope, thin
from diagnostics.checks.operations.spikes import Spike, excursions, spikes
from diagnostics.measure.onset import as_datetime
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_, Value

_PELT: Final = "Killick, Fearnhead, Eckley 2012, doi:10.1080/01621459.2012.737745"

LEVEL: Final = Rule(
    code="OPS010",
    lane=Lane.METRIC,
    title=N_("A metric changed its level"),
    why=N_("A level that changes at once and stays was changed by something: a deploy, another load, another machine."),
    remedy=N_("Compare its beginning with your deploys and with the other metrics; what changed first is the first suspect."),
    statistic=N_(
        "Level: the median of a stretch of time, compared with the usual level and with how much the metric wobbles anyway."
    ),
    source=_PELT,
    severity=Severity.INFO,
)
LEAK: Final = Rule(
    code="OPS011",
    lane=Lane.METRIC,
    title=N_("Memory climbs without end"),
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
)
SATURATED: Final = Rule(
    code="OPS012",
    lane=Lane.METRIC,
    title=N_("A resource is at its limit"),
    why=N_("At the limit every request waits for the ones before it, and the waiting time grows much faster than the load."),
    remedy=N_("Add workers or machines, or lower the load: smaller batches, a smaller model, a cache for repeated requests."),
    statistic=N_("Time at the limit: how long the metric stayed at 95% of its limit or above."),
    source="Gregg 2013, The USE method, doi:10.1145/2405116.2413037",
    severity=Severity.CRITICAL,
)
SLOWER: Final = Rule(
    code="OPS013",
    lane=Lane.METRIC,
    title=N_("Answers became slower"),
    why=N_("Whoever waits too long gives up or takes a default answer; callers time out and ask again, which adds load."),
    remedy=N_("Compare its beginning with deploys, the load and the time to fetch features; profile one slow request."),
    statistic=N_("Latency: the median of a stretch of time before and after it changed."),
    source=_PELT,
    severity=Severity.CRITICAL,
)
ERRORS_ROSE: Final = Rule(
    code="OPS014",
    lane=Lane.METRIC,
    title=N_("More requests fail"),
    why=N_("Each of these requests ended without the model's answer."),
    remedy=N_("Read the log at its beginning for the first new error, and compare with what was deployed."),
    statistic=N_("Errors: the median of a stretch of time before and after it changed."),
    source=_PELT,
    severity=Severity.CRITICAL,
)
SPIKE: Final = Rule(
    code="OPS015",
    lane=Lane.METRIC,
    title=N_("A metric jumped for a short time"),
    why=N_("A short jump can be the moment at which something broke, restarted or was deployed."),
    remedy=N_("Look into the log at that minute."),
    statistic=N_("Jump: distance of a point from the middle of its neighbours, compared with how far points usually lie."),
    source="Siffer et al. 2017, doi:10.1145/3097983.3098144",
    severity=Severity.INFO,
)
RULES: Final = (LEVEL, LEAK, SATURATED, SLOWER, ERRORS_ROSE, SPIKE)


@dataclass(frozen=True)
class Saturation:
    """The longest time at the limit, and the share of all points there. limit is the observed maximum when none is known."""

    since: datetime
    until: datetime | None
    share: float
    limit: float
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


def _saturation(series: Series, *, near: float = 0.95, share_at: float = 0.02, least: int = 5) -> Saturation | None:
    """A stretch at the limit: of `least` points and `share_at` of the series; without a known limit, pinned at its own
    maximum.
    """
    if series.meaning not in (Meaning.RESOURCE, Meaning.MEMORY):
        return None
    x = series.values
    top = float(x.max())
    if series.limit is not None:
        high = x >= near * series.limit
    elif top > 0 and np.quantile(x, 0.25) < 0.8 * top:
        # Pinned: the very same maximum again and again, in a series that moves otherwise.
        high = x >= 0.9995 * top
    else:
        return None
    runs = _runs(high)
    if not runs:
        return None
    begin, end = max(runs, key=lambda run: (run[1] - run[0], -run[0]))
    needed = max(least if series.limit is not None else 4 * least, share_at * x.size)
    if end - begin + 1 < needed or (high.mean() > 0.9 and series.limit is None):
        return None
    until = as_datetime(series.times[end]) if end < x.size - 1 else None
    limit = series.limit if series.limit is not None else top
    return Saturation(as_datetime(series.times[begin]), until, float(high.mean()), limit, series.limit is not None)


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
    p: MetricsProfile, *, slower_at: float = 1.5, errors_at: float = 2.0, shown: int = 3, soon_at: float = 7 * 24.0
) -> list[Finding]:
    """Latency counts from `slower_at` times its usual level, errors from `errors_at` times; a leak is critical when it ends
    within a week.

    At most `shown` shifts of one series are told, the largest first.
    """
    findings = []
    for one in p.series:
        name = one.series.name
        if one.slope is not None:
            findings.append(_leak(name, one.slope, soon_at))
        if one.saturation is not None:
            findings.append(_saturated(name, one.saturation))
        told = sorted(one.shifts, key=lambda s: (-s.size, s.since))[:shown]
        for shift in told:
            finding = _shift(one.series, shift, slower_at, errors_at)
            # A climb is also a row of levels; it is told once.
            if finding is not None and (one.slope is None or finding.rule is not LEVEL):
                findings.append(finding)
        for spike in one.spikes:
            # A jump inside a stretch that is told already is no news.
            if not any(s.since <= spike.until and (s.until is None or spike.since <= s.until) for s in told):
                findings.append(_jump(name, spike))
    return findings


def _jump(name: str, spike: Spike) -> Finding:
    evidence: dict[str, Value] = {
        "series": name,
        "before": spike.usual,
        "after": spike.peak,
        "size": spike.size,
        "since": spike.since,
        "until": spike.until,
    }
    says = N_("{series:name} jumped from {before:number} to {after:number} on {since:time}, for a short time.")
    return loose(SPIKE, says, evidence, weight=min(1.0, spike.size / 100), since=spike.since)


def _leak(name: str, climb: Slope, soon_at: float) -> Finding:
    evidence: dict[str, Value] = {
        "series": name,
        "per_day": climb.per_day,
        "low": climb.low,
        "high": climb.high,
        "first": climb.first,
        "last": climb.last,
        "restarts": climb.restarts,
        "limit": climb.limit,
        "hours_left": climb.left,
        "days_left": None if climb.left is None else climb.left / 24,
        "since": climb.since,
        "until": climb.until,
        "cause": "memory_leak",
    }
    says = N_("{series:name} climbs by {per_day:number} a day since {since:time}, from {first:number} to {last:number}.")
    if climb.restarts:
        says = N_(
            "{series:name} climbs by {per_day:number} a day since {since:time}, and falls back only at restarts "
            "({restarts:count})."
        )
    elif climb.left is not None:
        says = N_(
            "{series:name} climbs by {per_day:number} a day since {since:time} and reaches its limit of {limit:number} "
            "in {days_left:number} days."
        )
    soon = climb.restarts > 0 or (climb.left is not None and climb.left <= soon_at)
    gain = abs(climb.last - climb.first) / max(abs(climb.first), 1e-12)
    severity = Severity.CRITICAL if soon or gain >= 0.5 else Severity.WARNING
    return loose(LEAK, says, evidence, severity=severity, weight=min(1.0, gain), since=climb.since)


def _saturated(name: str, at: Saturation) -> Finding:
    evidence: dict[str, Value] = {
        "series": name,
        "share": at.share,
        "limit": at.limit,
        "limit_known": at.known,
        "since": at.since,
        "until": at.until,
        "cause": "resource_saturation",
    }
    says = N_("{series:name} is at its limit of {limit:number} since {since:time}.")
    if at.until is not None:
        says = N_("{series:name} was at its limit of {limit:number} from {since:time} to {until:time}.")
    if not at.known:
        says = N_("{series:name} is pinned at its maximum of {limit:number} since {since:time}, {share:percent} of all the time.")
    severity = Severity.CRITICAL if at.known else Severity.WARNING
    return loose(SATURATED, says, evidence, severity=severity, weight=min(1.0, at.share), since=at.since)


def _shift(series: Series, shift: Shift, slower_at: float, errors_at: float) -> Finding | None:
    ratio = shift.after / shift.before if shift.before > 0 else float("inf") if shift.after > 0 else 1.0
    rule, cause = LEVEL, ""
    if series.meaning is Meaning.LATENCY and ratio >= slower_at:
        rule, cause = SLOWER, "latency_regression"
    elif series.meaning is Meaning.ERRORS and ratio >= errors_at:
        rule, cause = ERRORS_ROSE, "error_burst"
    evidence: dict[str, Value] = {
        "series": series.name,
        "before": shift.before,
        "after": shift.after,
        "size": shift.size,
        "since": shift.since,
        "until": shift.until,
        **({"ratio": ratio} if np.isfinite(ratio) else {}),
        **({"cause": cause} if cause else {}),
    }
    rose = shift.after > shift.before
    says = (
        N_("{series:name} rose from {before:number} to {after:number} on {since:time}.")
        if rose
        else N_("{series:name} fell from {before:number} to {after:number} on {since:time}.")
    )
    if shift.until is not None:
        says = (
            N_("{series:name} rose from {before:number} to {after:number} from {since:time} to {until:time}.")
            if rose
            else N_("{series:name} fell from {before:number} to {after:number} from {since:time} to {until:time}.")
        )
    return loose(rule, says, evidence, weight=min(1.0, shift.size / 40), since=shift.since)
