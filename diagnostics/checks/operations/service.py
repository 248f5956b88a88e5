"""What the service's own messages tell: worker timeouts, memory kills, a model loaded again and again, slow fetches, growth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from diagnostics.checks.operations.kinds import Kind
from diagnostics.checks.operations.mask import readable
from diagnostics.checks.operations.scan import LogScan, Moment, scan
from diagnostics.measure.onset import onset
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

TIMEOUTS: Final = Rule(
    code="OPS005",
    lane=Lane.ERRORS,
    title=N_("Workers time out"),
    why=N_(
        "The server kills a worker that does not answer in time; the requests it held are lost, and the next "
        "worker loads the model again."
    ),
    remedy=N_(
        "Raise the worker timeout above the slowest start and request (gunicorn --timeout 120), load the "
        "model before the workers "
        "fork (--preload), and shorten the slow request. More memory does not help here."
    ),
    statistic=N_("Worker timeout: the server gave up waiting for one of its own processes."),
    source="gunicorn documentation, settings timeout and preload_app; gunicorn issue 2419",
    severity=Severity.CRITICAL,
)
MEMORY_KILLS: Final = Rule(
    code="OPS006",
    lane=Lane.ERRORS,
    title=N_("Processes are killed for lack of memory"),
    why=N_("A killed process drops its requests without a word, and the service runs on with fewer workers."),
    remedy=N_(
        "Give the service more memory or fewer workers, and look at the memory curve: if it climbs until each kill, it leaks."
    ),
    statistic=N_("Kill: the operating system ended a process at once, without a worker timeout shortly before it."),
    source="Linux kernel documentation, out of memory handling; gunicorn pull request 2419",
    severity=Severity.CRITICAL,
)
RELOADS: Final = Rule(
    code="OPS007",
    lane=Lane.ERRORS,
    title=N_("The model is loaded for every request"),
    why=N_("Loading takes far longer than answering; each request waits for it, and memory goes up and down with it."),
    remedy=N_("Load the model once when the process starts (module level, lifespan or cache), and keep it in memory."),
    statistic=N_("Loads per request: how many times the model was loaded for each request that the log shows."),
    source="FastAPI documentation, lifespan events; TensorFlow Serving best practices",
)
SLOW_FETCH: Final = Rule(
    code="OPS008",
    lane=Lane.ERRORS,
    title=N_("Features arrive slowly"),
    why=N_("The model waits for its features; when they come late the answer is late, or is made from defaults."),
    remedy=N_(
        "Look at the feature store or database at that time: a missing index, a full connection pool, a far "
        "region. Cache what seldom changes."
    ),
    statistic=N_(
        "Fetch time: how long it took to get the features of a request, as the log tells it; half of the fetches took longer."
    ),
    source="Page 1954, doi:10.2307/2333009 (CUSUM); Dean and Barroso 2013, doi:10.1145/2408776.2408794",
)
GROWTH: Final = Rule(
    code="OPS009",
    lane=Lane.ERRORS,
    title=N_("A collection grows without end"),
    why=N_("A list, dictionary or cache that only grows keeps its memory until the process dies."),
    remedy=N_("Give it a bound (an LRU cache with a size, a deque with maxlen), or empty it after each request."),
    statistic=N_("Size over time: the number of entries that the log tells, from its first line to its last."),
    source="Mann 1945, doi:10.2307/1907187",
)
RULES: Final = (TIMEOUTS, MEMORY_KILLS, RELOADS, SLOW_FETCH, GROWTH)

AFTERMATH: Final = timedelta(seconds=120)
"""A kill this soon after a worker timeout is its consequence; gunicorn sends SIGABRT, then SIGKILL a second later."""

AFTERMATH_RECORDS: Final = 20


@dataclass(frozen=True)
class Fetches:
    """Feature fetches: median milliseconds before and after the change (equal without one), and how many timed out."""

    count: int
    before: float
    after: float
    since: datetime | None
    timed_out: int


@dataclass(frozen=True)
class Growth:
    template: int
    text: str
    first: float
    last: float
    count: int
    since: datetime | None


@dataclass(frozen=True)
class Service:
    """timeouts, kills (for lack of memory), aftermath (kills that follow a timeout), loads: moments in the log's order.

    said: how many of `kills` name memory as their reason. boots: workers that started. requests: the most frequent message that
    marks a request. sizes: moments of the collections that grow.
    """

    timeouts: tuple[Moment, ...]
    kills: tuple[Moment, ...]
    said: int
    aftermath: int
    loads: tuple[Moment, ...]
    boots: int
    requests: int
    fetch: Fetches | None
    growth: tuple[Growth, ...]
    moments: tuple[Moment, ...]
    records: int


def profile(incident: Incident) -> Service:
    """Raises NotApplicable without a log."""
    return of(scan(incident))


def of(p: LogScan) -> Service:
    kinds: dict[Kind, list[Moment]] = {kind: [] for kind in Kind}
    for moment in p.moments:
        kinds[moment.kind].append(moment)
    timeouts = kinds[Kind.TIMEOUT]
    killed = [m for m in kinds[Kind.KILL] if not _follows(m, timeouts)]
    counts = Counter(m.template for m in kinds[Kind.LOAD])
    loader = min(counts, key=lambda t: (-counts[t], t), default=None)
    return Service(
        timeouts=tuple(timeouts),
        kills=tuple(sorted([*killed, *kinds[Kind.MEMORY]], key=lambda m: m.record)),
        said=len(kinds[Kind.MEMORY]),
        aftermath=len(kinds[Kind.KILL]) - len(killed),
        loads=tuple(m for m in kinds[Kind.LOAD] if m.template == loader),
        boots=len(kinds[Kind.BOOT]),
        requests=max((t.count for t in p.templates if t.kind is Kind.REQUEST), default=0),
        fetch=_fetches(kinds[Kind.FETCH]),
        growth=_growing(kinds[Kind.SIZE], {t.id: t.text for t in p.templates}),
        moments=p.moments,
        records=p.records,
    )


def _follows(kill: Moment, timeouts: list[Moment]) -> bool:
    for timeout in timeouts:
        if kill.time and timeout.time:
            if timedelta(0) <= kill.time - timeout.time <= AFTERMATH:
                return True
        elif 0 <= kill.record - timeout.record <= AFTERMATH_RECORDS:
            return True
    return False


def _fetches(moments: list[Moment]) -> Fetches | None:
    if not moments:
        return None
    timed = [(m.time, m.value) for m in moments if m.value is not None]
    silent = len(moments) - len(timed)
    if not timed:
        return Fetches(len(moments), float("nan"), float("nan"), moments[0].time, silent)
    values = np.array([value for _, value in timed], dtype="float64")
    middle = float(np.median(values))
    times = np.array([np.datetime64(when, "us") if when else np.datetime64("NaT", "us") for when, _ in timed])
    change = onset(times, np.log1p(values))
    if change is None:
        return Fetches(len(moments), middle, middle, None, silent)
    later = times >= np.datetime64(change.since, "us")
    return Fetches(len(moments), float(np.median(values[~later])), float(np.median(values[later])), change.since, silent)


def _growing(moments: list[Moment], texts: dict[int, str], *, least: int = 20, steady_at: float = 0.9) -> tuple[Growth, ...]:
    """Collections whose size fell in fewer than one step of ten and that at least doubled."""
    found = []
    for template in sorted({m.template for m in moments}):
        mine = [m for m in moments if m.template == template and m.value is not None]
        sizes = np.array([m.value for m in mine], dtype="float64")
        if sizes.size < least or len(set(sizes.tolist())) < least // 2:
            continue
        steps = np.diff(sizes)
        first, last = float(np.median(sizes[: least // 4])), float(np.median(sizes[-least // 4 :]))
        if (steps >= 0).mean() >= steady_at and last >= 2 * max(first, 1.0):
            found.append(Growth(template, texts[template], first, last, sizes.size, mine[0].time))
    return tuple(found)


def judge(
    p: Service,
    *,
    loads_at: float = 0.5,
    least: int = 5,
    slower_at: float = 2.0,
    slow_at: float = 100.0,
    always_slow_at: float = 1000.0,
) -> list[Finding]:
    """One timeout or memory kill is enough to tell; a model counts as loaded for every request from `loads_at` loads a
    request on.

    A fetch is slow when its median doubled (`slower_at`) to `slow_at` milliseconds or more, the time after which people notice a
    delay (Nielsen 1993), or lies above `always_slow_at`.
    """
    findings = []
    if p.timeouts:
        findings.append(
            loose(
                TIMEOUTS,
                N_(
                    "Worker timeouts: {count:count}, the first on {since:time}. Kills that followed them: {killed:count}; "
                    "they are no sign of lacking memory."
                )
                if p.timeouts[0].time
                else N_(
                    "Worker timeouts: {count:count}. Kills that followed them: {killed:count}; they are no sign of "
                    "lacking memory."
                ),
                {"count": len(p.timeouts), "killed": p.aftermath, "since": p.timeouts[0].time, "cause": "latency_regression"},
                weight=min(1.0, len(p.timeouts) / 10),
                since=p.timeouts[0].time,
            )
        )
    if p.kills:
        findings.append(
            loose(
                MEMORY_KILLS,
                N_(
                    "Processes killed for lack of memory: {count:count}, the first on {since:time}; "
                    "no worker timeout came shortly before."
                )
                if p.kills[0].time
                else N_("Processes killed for lack of memory: {count:count}; no worker timeout came shortly before."),
                {"count": len(p.kills), "said": p.said, "since": p.kills[0].time, "cause": "resource_saturation"},
                weight=min(1.0, len(p.kills) / 10),
                since=p.kills[0].time,
            )
        )
    loads = len(p.loads)
    enough = loads >= max(least, loads_at * p.requests) if p.requests else loads >= max(4 * least, 0.05 * p.records)
    # Every worker loads the model when it starts; that is as it should be.
    if enough and loads > 1.5 * p.boots and p.loads[-1].record - p.loads[0].record >= 0.3 * p.records:
        findings.append(
            loose(
                RELOADS,
                N_("The model was loaded {loads:count} times while {requests:count} requests came in.")
                if p.requests
                else N_("The model was loaded {loads:count} times in one log."),
                {"loads": loads, "requests": p.requests, "boots": p.boots, "cause": "latency_regression"},
                weight=min(1.0, loads / max(1, p.requests or loads)),
                since=p.loads[0].time,
            )
        )
    if p.fetch:
        findings += _slow(p.fetch, least, slower_at, slow_at, always_slow_at)
    for growth in p.growth[:3]:
        findings.append(
            loose(
                GROWTH,
                N_("A collection grew from {first:number} to {last:number} entries and never shrank: {template:name}"),
                {
                    "template": readable(growth.text),
                    "first": growth.first,
                    "last": growth.last,
                    "count": growth.count,
                    "cause": "memory_leak",
                },
                weight=min(1.0, growth.last / max(1.0, growth.first) / 10),
                since=growth.since,
            )
        )
    return findings


def _slow(fetch: Fetches, least: int, slower_at: float, slow_at: float, always_slow_at: float) -> list[Finding]:
    evidence = {
        "before": fetch.before,
        "after": fetch.after,
        "count": fetch.count,
        "timed_out": fetch.timed_out,
        "since": fetch.since,
        "cause": "latency_regression",
    }
    if fetch.after >= max(slow_at, slower_at * fetch.before) and fetch.since:
        says = N_("Fetching features took {before:number} ms and takes {after:number} ms since {since:time} (medians).")
    elif fetch.count >= least and fetch.after >= always_slow_at:
        says = N_("Fetching features takes {after:number} ms (median of {count:count} fetches).")
    elif fetch.timed_out >= least:
        says = N_("Fetching features was slow or timed out {timed_out:count} times.")
    else:
        return []
    ratio = fetch.after / max(fetch.before, 1.0) if fetch.after == fetch.after else 1.0
    severity = Severity.CRITICAL if ratio >= 5 else Severity.WARNING
    known = {key: value for key, value in evidence.items() if value == value}
    return [loose(SLOW_FETCH, says, known, severity=severity, weight=min(1.0, ratio / 10), since=fetch.since)]
