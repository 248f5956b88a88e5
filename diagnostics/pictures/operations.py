"""Pictures of step 6, each under the name of its check: what logs, metrics and the service say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from diagnostics.checks.operations.bursts import BURST, Bursts
from diagnostics.checks.operations.logs import EXCEPTION
from diagnostics.checks.operations.metrics import check as metric_check
from diagnostics.checks.operations.reading.header import Level
from diagnostics.checks.operations.reading.kinds import Kind
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.checks.operations.reading.scan import LogScan
from diagnostics.checks.operations.requests import SLOWER, Requests
from diagnostics.checks.operations.service import GROWTH, SLOW_FETCH, Service
from diagnostics.measure.onset import as_datetime
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures.marks import Axis, Boxes, Key, Place, Points, seconds
from diagnostics.pictures.shapes import Bars, Course, Curve, Lane, Lanes, Limit, Row, Shape, Stay
from diagnostics.pictures.style import Tone

POINTS = 5_000
KINDS = {
    Kind.TIMEOUT: N_("worker timeout"),
    Kind.KILL: N_("killed"),
    Kind.MEMORY: N_("out of memory"),
    Kind.LOAD: N_("model loaded"),
    Kind.BOOT: N_("worker started"),
}


def logs(p: LogScan, finding: Finding | None, words: Words) -> Shape | None:
    """The 12 most frequent kinds of errors and warnings; all kinds when there are none of those. None for an empty log."""
    shown = [t for t in p.templates if t.level >= Level.WARNING] or list(p.templates)
    named = getattr(finding.of, "template", None) if finding and finding.rule is not EXCEPTION else None

    def tone(template: str, level: Level) -> Tone:
        if template == named or (named is None and level >= Level.ERROR):
            return Tone.FAULT
        return Tone.WATCH if level >= Level.WARNING else Tone.CURRENT

    rows = [
        Row(
            label=shorten(readable(t.text), cap=60),
            value=t.count,
            tone=tone(readable(t.text), t.level),
            said=words.number(t.count),
        )
        for t in shown[:12]
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("messages")), form="d")) if rows else None


decisive = logs
"""What one line decides is read from the same log."""


def bursts(p: Bursts, finding: Finding | None, words: Words) -> Shape | None:
    """Messages per stretch of time of the kind that the finding names, else of the four worst kinds. None without errors."""
    wanted = finding.of.template_id if finding is not None and finding.rule is BURST else None
    shown = [s for s in p.series if s.template == wanted] or list(p.series[:4])
    if not shown:
        return None
    tones = (Tone.FAULT, Tone.WATCH, Tone.CURRENT, Tone.REFERENCE)
    series = [(shorten(readable(s.text), cap=40), tone, s.counts) for s, tone in zip(shown, tones, strict=False)]
    since = finding.since if finding else p.bursts[0].since if p.bursts else None
    title = words(N_("messages per {minutes:number} min"), minutes=p.width / 60)
    return _stacked(p.times, p.width, series, title, since)


def _stacked(
    times: Sequence[Place], width: float, series: Sequence[tuple[str, Tone, Iterable[float]]], title: str, since: datetime | None
) -> Shape:
    """Counts per stretch of time on each other. width: seconds of a stretch; series: name, tone and a count per stretch."""
    starts = [seconds(when) or 0.0 for when in times]
    below, boxes = [0.0] * len(starts), []
    for name, tone, counts in series:
        above = [low + float(count) for low, count in zip(below, counts, strict=True)]
        ends = [(at, at + width, low, high) for at, low, high in zip(starts, below, above, strict=True) if high > low]
        boxes.append(Boxes(ends=ends, tones=[tone] * len(ends), flat=False, name=name))
        below = above
    return Course(
        x=Axis(time=True, low=starts[0], high=starts[-1] + width),
        y=Axis(title=title, zero=True),
        boxes=boxes,
        key=[Key(name=name, tone=tone) for name, tone, _ in series] if len(series) > 1 else (),
        onset=since,
    )


def requests(p: Requests, finding: Finding | None, words: Words) -> Shape | None:
    """Requests over time, those that failed and those that did not; for a finding about it, how long they took."""
    since = finding.since if finding else None
    if finding is not None and finding.rule is SLOWER:
        curves = (
            Curve(x=p.times, y=p.half.tolist(), name=words(N_("half of the requests")), tone=Tone.REFERENCE),
            Curve(x=p.times, y=p.slow.tolist(), name=words(N_("slowest twentieth")), tone=Tone.FAULT),
        )
        return Course(x=Axis(time=True), y=Axis(title=words(N_("ms")), zero=True), curves=curves, onset=since)
    series = [
        (words(N_("failed")), Tone.FAULT, p.failed),
        (words(N_("succeeded")), Tone.CURRENT, p.requests - p.failed),
    ]
    title = words(N_("requests per {minutes:number} min"), minutes=p.width)
    return _stacked(p.times, 60 * p.width, series, title, since)


def metrics(p: metric_check.MetricsProfile, finding: Finding | None, words: Words) -> Shape | None:
    """One metric over time with its level before and after, its climb, its limit and the onset: the series that the finding
    names, else the first; at most 500 points, each the median of its neighbours.
    """
    wanted = finding.of.series if finding else None
    one = next((s for s in p.series if s.series.name == wanted), p.series[0] if p.series else None)
    if one is None:
        return None
    times = [as_datetime(when) for when in one.thinned.times]
    curves = [Curve(x=times, y=one.thinned.values.tolist(), name="", tone=Tone.CURRENT, width=1.6)]
    points, limits = [], []
    if finding is not None and finding.rule is metric_check.LEAK and one.slope is not None:
        climb = one.slope
        rise = climb.per_day * (climb.until - climb.since).total_seconds() / 86400
        if not climb.restarts:
            curves.append(_level([climb.since, climb.until], [climb.first, climb.first + rise], Tone.FAULT))
        limits = [climb.limit] if climb.limit is not None else []
    elif finding is not None and finding.rule is metric_check.SATURATED:
        limits = [float(finding.of.limit)]
    elif finding is not None and finding.rule is metric_check.SPIKE and finding.since is not None:
        # The medians of neighbours hide a single point.
        points = [Points(x=[finding.since], y=[finding.of.after], tones=[Tone.FAULT])]
    elif finding is not None and finding.rule is not metric_check.LEAK and finding.of.since is not None:
        shift: metric_check.LevelShift = finding.of
        end = shift.until or times[-1]
        curves.append(_level([times[0], finding.of.since], [shift.before] * 2, Tone.REFERENCE))
        curves.append(_level([finding.of.since, end], [shift.after] * 2, Tone.FAULT))
    return Course(
        x=Axis(time=True),
        y=Axis(title=one.series.name),
        curves=curves,
        points=points,
        limits=[Limit(at=value, label=words(N_("limit {limit:number}"), limit=value)) for value in limits],
        onset=finding.since if finding else None,
    )


def _level(x: list[datetime], y: list[float], tone: Tone) -> Curve:
    return Curve(x=x, y=y, name="", tone=tone, dash="dash", width=3)


def service(p: Service, finding: Finding | None, words: Words) -> Shape | None:
    """The numbers over time for a fetch or a size, else the moments of timeouts, kills and loads in rows. None without times."""
    if finding is not None and finding.rule in (SLOW_FETCH, GROWTH):
        return _numbers(p, finding, words)
    bad = (Kind.TIMEOUT, Kind.KILL, Kind.MEMORY)
    lanes = []
    for kind, name in KINDS.items():
        times = [m.time for m in p.moments if m.kind is kind and m.time]
        tone = Tone.FAULT if kind in bad else Tone.CURRENT
        stays = [Stay(start=time, tone=tone, symbol="line-ns") for time in times[:: max(1, -(-len(times) // POINTS))]]
        if stays:
            lanes.append(Lane(label=words(name), stays=stays))
    return Lanes(lanes=lanes, x=Axis(time=True), onset=finding.since if finding else None) if lanes else None


def _numbers(p: Service, finding: Finding, words: Words) -> Shape | None:
    fetch = finding.rule is SLOW_FETCH
    kind = Kind.FETCH if fetch else Kind.SIZE
    wanted = set() if fetch else {g.template for g in p.growth if readable(g.text) == finding.of.template}
    found = [m for m in p.moments if m.kind is kind and m.time and m.value is not None and (fetch or m.template in wanted)]
    if len(found) < 2:
        return None
    found = found[:: -(-len(found) // POINTS)]
    x, y = [m.time for m in found if m.time], [float(m.value or 0.0) for m in found]
    axis = Axis(title=words(N_("fetch time (ms)") if fetch else N_("entries")), zero=True)
    if fetch:
        points = Points(x=x, y=y, tones=[Tone.CURRENT] * len(x), size=5)
        return Course(x=Axis(time=True), y=axis, points=(points,), onset=finding.since)
    return Course(x=Axis(time=True), y=axis, curves=(Curve(x=x, y=y, name="", tone=Tone.CURRENT),), onset=finding.since)
