"""Bursts: a kind of error that suddenly comes much more often than it did before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import ERROR_BURST
from diagnostics.checks.operations.reading.header import Level
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.checks.operations.reading.scan import LogScan, TemplateCount, scan
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class ErrorBurst(Entry):
    """before, during: messages per `minutes` minutes."""

    template: str = shown(N_("Message"), Unit.NAME)
    template_id: int
    count: int = shown(N_("How often it came in the burst"), Unit.COUNT)
    before: float = shown(N_("Messages per stretch of time before"))
    during: float = shown(N_("Messages per stretch of time in the burst"))
    minutes: float = shown(N_("Minutes of such a stretch"))
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    cause: CauseKind = ERROR_BURST


BURST: Final = Rule[ErrorBurst](
    code="OPS004",
    lane=Lane.ERRORS,
    title=N_("Errors came in a burst"),
    says=N_(
        "From {since:time} on, this came {count:count} times, {during:number} per {minutes:number} minutes "
        "instead of {before:number}: {template:name}"
    ),
    why=N_("A burst has a beginning, and what was done just before it is the first suspect."),
    remedy=N_("Look at what was deployed, restarted or changed at its beginning; take that back if you can."),
    statistic=N_("Burst: more messages of one kind in a stretch of time than all the time before it would let one expect."),
    source="Poisson control chart (c chart), Shewhart 1931; Kleinberg 2002, doi:10.1145/775047.775061",
    severity=Severity.CRITICAL,
    suggests=ERROR_BURST,
    thresholds={"critical_at": Shown(N_("How often it must come to be called critical"), Unit.COUNT)},
)
RULES: Final = (BURST,)

BINS_CAP: Final = 400
TEMPLATES_CAP: Final = 200
STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440, 10080)
"""Widths of a time bin, as multiples of the scan's."""


@dataclass(frozen=True, kw_only=True)
class Burst:
    """A stretch of time in which a kind of message comes much more often than before."""

    template: int
    text: str
    level: Level
    since: datetime
    until: datetime | None
    """End of its last bin; None when it goes on to the end of the log."""

    count: int
    before: float
    """Messages per bin before."""

    during: float
    """Messages per bin in the burst."""


@dataclass(frozen=True)
class Series:
    """Counts per bin of one template, shape (n_bins,)."""

    template: int
    text: str
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Bursts:
    """times: beginning of each bin, shape (n_bins,); width: seconds of a bin; messages: all messages per bin; series: worst
    first.
    """

    times: tuple[datetime, ...]
    width: int
    messages: NDArray[np.int64]
    series: tuple[Series, ...]
    bursts: tuple[Burst, ...]


def profile(incident: Incident) -> Bursts:
    """Raises NotApplicable without a log, or without times in it."""
    return find(scan(incident))


def find(p: LogScan, *, least_bins: int = 8) -> Bursts:
    """Bursts of the templates of level warning or worse.

    Raises NotApplicable for a log without times, or too short to have a past.
    """
    if p.since is None or p.until is None or not p.totals:
        raise NotApplicable(N_("The log's lines carry no time that could be read, so bursts cannot be told."), needs="logs")
    first, last = p.totals[0][0], p.totals[-1][0]
    step = next((s for s in STEPS if (last - first) // s < BINS_CAP), STEPS[-1])
    n_bins = min((last - first) // step + 1, 4 * BINS_CAP)
    if n_bins < least_bins:
        raise NotApplicable(
            N_("The log covers only {minutes:count} minutes: too short to tell a burst from what is usual."),
            needs="logs",
            minutes=max(1, int((p.until - p.since).total_seconds() // 60)),
        )
    bad = [t for t in p.templates if t.level >= Level.WARNING and t.count >= 5][:TEMPLATES_CAP]
    series, bursts = [], []
    for template in bad:
        counts = _dense(template.bins, first, step, n_bins)
        series.append(Series(template.id, template.text, counts))
        bursts += _bursts(template, counts, p, first, step)
    messages = _dense(tuple((number, count) for number, count, _ in p.totals), first, step, n_bins)
    times = tuple(p.when(first + i * step) for i in range(n_bins))
    bursts.sort(key=lambda b: (-b.level, -b.count, b.since, b.template))
    hit = {b.template: -b.count for b in reversed(bursts)}
    series.sort(key=lambda s: (hit.get(s.template, 0), -int(s.counts.sum()), s.template))
    return Bursts(times, step * p.width, messages, tuple(series), tuple(bursts))


def _dense(bins: tuple[tuple[int, int], ...], first: int, step: int, n_bins: int) -> NDArray[np.int64]:
    counts = np.zeros(n_bins, dtype="int64")
    for number, count in bins:
        position = (number - first) // step
        if 0 <= position < n_bins:
            counts[position] += count
    return counts


def _bursts(
    t: TemplateCount, counts: NDArray[np.int64], p: LogScan, first: int, step: int, *, sigmas: float = 6.0, least: int = 5
) -> list[Burst]:
    """Stretches in which the count stands `sigmas` Poisson deviations, and twice the worst usual bin, above the bins before it.

    Six deviations keep a log of 200 templates and 400 bins free of chance; bins of a burst do not count as the past of the next.
    """
    past: list[int] = []
    flagged = np.zeros(counts.size, dtype=bool)
    warm_up = max(3, counts.size // 20)
    for position, count in enumerate(counts.tolist()):
        if position >= warm_up and count >= least:
            usual = float(np.mean(past))
            worst = float(np.quantile(past, 0.99))
            if count > usual + sigmas * np.sqrt(usual + 1) and count > 2 * worst:
                flagged[position] = True
                continue
        past.append(count)
    found = []
    for begin, end in _runs(flagged, gap=2):
        during = counts[begin : end + 1]
        quiet = counts[:begin][~flagged[:begin]]
        since = p.when(first + begin * step)
        inside = [number for number, _ in t.bins if begin <= (number - first) // step <= end]
        if inside:
            # The first message of the burst dates it more finely than the bin.
            since = max(
                since,
                p.when(inside[0]),
                *([t.first] if t.first and (t.first - p.when(inside[0])).total_seconds() < p.width else []),
            )
        goes_on = end >= counts.size - 2
        until = None if goes_on else p.when(first + (end + 1) * step)
        before = float(quiet.mean()) if quiet.size else 0.0
        found.append(
            Burst(
                template=t.id,
                text=t.text,
                level=t.level,
                since=since,
                until=until,
                count=int(during.sum()),
                before=before,
                during=float(during.mean()),
            )
        )
    return found


def _runs(flags: NDArray[np.bool_], *, gap: int) -> list[tuple[int, int]]:
    """First and last position of each run; runs at most `gap` apart are one."""
    runs: list[tuple[int, int]] = []
    for position in np.flatnonzero(flags).tolist():
        if runs and position - runs[-1][1] <= gap + 1:
            runs[-1] = (runs[-1][0], position)
        else:
            runs.append((position, position))
    return runs


def judge(p: Bursts, *, shown: int = 5, critical_at: int = 20) -> list[Finding]:
    """The biggest bursts, errors before warnings; critical when an error came `critical_at` times or more."""
    return [
        BURST.found(
            ErrorBurst(
                since=burst.since,
                weight=min(1.0, burst.count / 100),
                template=readable(burst.text),
                template_id=burst.template,
                count=burst.count,
                before=burst.before,
                during=burst.during,
                minutes=p.width / 60,
                until=burst.until,
            ),
            severity=Severity.CRITICAL if burst.level >= Level.ERROR and burst.count >= critical_at else Severity.WARNING,
        )
        for burst in p.bursts[:shown]
    ]
