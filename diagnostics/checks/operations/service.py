"""What the service's own messages tell: worker timeouts, memory kills, a model loaded again and again, slow fetches, growth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from diagnostics.causes.catalogue import LATENCY_REGRESSION, MEMORY_LEAK, RESOURCE_SATURATION
from diagnostics.checks.operations.reading.kinds import Kind
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.checks.operations.reading.scan import LogScan, Moment, length_of, scan
from diagnostics.measure.onset import onset
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


class Pace(StrEnum):
    """What is wrong with the fetches: they became slower, they are slow throughout, or they timed out."""

    SLOWER = "slower"
    SLOW = "slow"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, kw_only=True)
class WorkerTimeouts(Entry):
    """Workers that the server gave up on."""

    count: int = shown(N_("Worker timeouts"), Unit.COUNT)
    killed: int = shown(N_("Kills that followed a timeout"), Unit.COUNT)
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    cause: CauseKind = LATENCY_REGRESSION


@dataclass(frozen=True, kw_only=True)
class MemoryKills(Entry):
    """Processes that were killed, without a timeout shortly before."""

    count: int = shown(N_("Processes killed"), Unit.COUNT)
    said: int = shown(N_("Kills that name memory as their reason"), Unit.COUNT)
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    cause: CauseKind = RESOURCE_SATURATION


@dataclass(frozen=True, kw_only=True)
class ModelLoads(Entry):
    """How often the model was loaded."""

    loads: int = shown(N_("Times that the model was loaded"), Unit.COUNT)
    requests: int = shown(N_("Requests in the log"), Unit.COUNT)
    boots: int = shown(N_("Workers that started"), Unit.COUNT)
    cause: CauseKind = LATENCY_REGRESSION


@dataclass(frozen=True, kw_only=True)
class SlowFetches(Entry):
    """before, after: medians in milliseconds; None where no fetch says how long it took."""

    before: float | None = shown(N_("Median fetch time before (ms)"), optional=True)
    after: float | None = shown(N_("Median fetch time after (ms)"), optional=True)
    count: int = shown(N_("Fetches in the log"), Unit.COUNT)
    timed_out: int = shown(N_("Fetches without a time: slow or timed out"), Unit.COUNT)
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    cause: CauseKind = LATENCY_REGRESSION
    share: float | None = shown(N_("Share of the request that it takes"), Unit.SHARE, optional=True)
    pace: Pace = internal()


@dataclass(frozen=True, kw_only=True)
class Restarts(Entry):
    """How often the service started."""

    starts: int = shown(N_("Starts of the service"), Unit.COUNT)
    stops: int = shown(N_("Times that it was told to stop"), Unit.COUNT)
    minutes: float = shown(N_("Median minutes between two starts"))
    since: datetime | None = shown(N_("Since when"), Unit.TIME)


@dataclass(frozen=True, kw_only=True)
class GrowingCollection(Entry):
    """A collection whose size only grew."""

    template: str = shown(N_("Message"), Unit.NAME)
    first: float = shown(N_("Entries at the beginning"))
    last: float = shown(N_("Entries at the end"))
    count: int = shown(N_("Messages that give its size"), Unit.COUNT)
    cause: CauseKind = MEMORY_LEAK


def _say_timeouts(entry: WorkerTimeouts) -> str:
    if entry.since:
        return N_(
            "Worker timeouts: {count:count}, the first on {since:time}. Kills that followed them: {killed:count}; "
            "they are no sign of lacking memory."
        )
    return N_("Worker timeouts: {count:count}. Kills that followed them: {killed:count}; they are no sign of lacking memory.")


def _say_kills(entry: MemoryKills) -> str:
    if entry.said == entry.count:
        if entry.since:
            return N_("The service ran out of memory {count:count} times, first on {since:time}.")
        return N_("The service ran out of memory {count:count} times.")
    if entry.since:
        return N_(
            "Processes killed for lack of memory: {count:count}, the first on {since:time}; "
            "no worker timeout came shortly before."
        )
    return N_("Processes killed for lack of memory: {count:count}; no worker timeout came shortly before.")


def _say_loads(entry: ModelLoads) -> str:
    if entry.requests:
        return N_("The model was loaded {loads:count} times while {requests:count} requests came in.")
    return N_("The model was loaded {loads:count} times in one log.")


def _say_fetches(entry: SlowFetches) -> str:
    if entry.pace is Pace.SLOW and entry.share is not None:
        return N_("Fetching features takes {after:number} ms (median), {share:percent} of the time of a request.")
    return {
        Pace.SLOWER: N_("Fetching features took {before:number} ms and takes {after:number} ms since {since:time} (medians)."),
        Pace.SLOW: N_("Fetching features takes {after:number} ms (median of {count:count} fetches)."),
        Pace.TIMED_OUT: N_("Fetching features was slow or timed out {timed_out:count} times."),
    }[entry.pace]


TIMEOUTS: Final = Rule[WorkerTimeouts](
    code="OPS005",
    lane=Lane.ERRORS,
    title=N_("Workers time out"),
    says=_say_timeouts,
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
    suggests=LATENCY_REGRESSION,
)
MEMORY_KILLS: Final = Rule[MemoryKills](
    code="OPS006",
    lane=Lane.ERRORS,
    title=N_("Processes are killed for lack of memory"),
    says=_say_kills,
    why=N_("A killed process drops its requests without a word, and the service runs on with fewer workers."),
    remedy=N_(
        "Give the service more memory or fewer workers, and look at the memory curve: if it climbs until each kill, it leaks."
    ),
    statistic=N_("Kill: the operating system ended a process at once, without a worker timeout shortly before it."),
    source="Linux kernel documentation, out of memory handling; gunicorn pull request 2419",
    severity=Severity.CRITICAL,
    suggests=RESOURCE_SATURATION,
)
RELOADS: Final = Rule[ModelLoads](
    code="OPS007",
    lane=Lane.ERRORS,
    title=N_("The model is loaded for every request"),
    says=_say_loads,
    why=N_("Loading takes far longer than answering; each request waits for it, and memory goes up and down with it."),
    remedy=N_("Load the model once when the process starts (module level, lifespan or cache), and keep it in memory."),
    statistic=N_("Loads per request: how many times the model was loaded for each request that the log shows."),
    source="FastAPI documentation, lifespan events; TensorFlow Serving best practices",
    suggests=LATENCY_REGRESSION,
    thresholds={
        "least": Shown(N_("Loads that are needed"), Unit.COUNT),
        "loads_at": Shown(N_("Loads per request that count"), Unit.NUMBER),
        "loads_share_at": Shown(N_("Loads as a share of all messages that count, in a log without requests"), Unit.SHARE),
        "per_boot_at": Shown(N_("Loads per started worker that count"), Unit.NUMBER),
        "spread_at": Shown(N_("Share of the log that the loads must span"), Unit.SHARE),
    },
)
SLOW_FETCH: Final = Rule[SlowFetches](
    code="OPS008",
    lane=Lane.ERRORS,
    title=N_("Features arrive slowly"),
    says=_say_fetches,
    why=N_("The model waits for its features; when they come late the answer is late, or is made from defaults."),
    remedy=N_(
        "Look at the feature store or database at that time: a missing index, a full connection pool, a far "
        "region. Cache what seldom changes."
    ),
    statistic=N_(
        "Fetch time: how long it took to get the features of a request, as the log tells it; half of the fetches took longer."
    ),
    source="Page 1954, doi:10.2307/2333009 (CUSUM); Dean and Barroso 2013, doi:10.1145/2408776.2408794",
    suggests=LATENCY_REGRESSION,
    thresholds={
        "slower_at": Shown(N_("Times its earlier median that counts as slow"), Unit.NUMBER),
        "slow_at": Shown(N_("Median in milliseconds that a fetch which became slower must reach"), Unit.NUMBER),
        "always_slow_at": Shown(N_("Median in milliseconds that is slow in any case"), Unit.NUMBER),
        "part_at": Shown(N_("Share of the request that counts as slow"), Unit.SHARE),
        "few_at": Shown(N_("Share of the requests that must tell their fetch"), Unit.SHARE),
        "least": Shown(N_("Slow fetches that are needed"), Unit.COUNT),
        "critical_at": Shown(N_("Times its earlier median that is called critical"), Unit.NUMBER),
    },
)
GROWTH: Final = Rule[GrowingCollection](
    code="OPS009",
    lane=Lane.ERRORS,
    title=N_("A collection grows without end"),
    says=N_("A collection grew from {first:number} to {last:number} entries and never shrank: {template:name}"),
    why=N_("A list, dictionary or cache that only grows keeps its memory until the process dies."),
    remedy=N_("Give it a bound (an LRU cache with a size, a deque with maxlen), or empty it after each request."),
    statistic=N_("Size over time: the number of entries that the log tells, from its first line to its last."),
    source="Mann 1945, doi:10.2307/1907187",
    suggests=MEMORY_LEAK,
    thresholds={
        "sizes_at": Shown(N_("Messages with its size that are needed"), Unit.COUNT),
        "steady_at": Shown(N_("Share of the steps that must not shrink"), Unit.SHARE),
        "grown_at": Shown(N_("Times its first size that counts"), Unit.NUMBER),
    },
)
RESTARTS: Final = Rule[Restarts](
    code="OPS025",
    lane=Lane.ERRORS,
    title=N_("The service restarts again and again"),
    says=N_("The service started {starts:count} times, every {minutes:number} minutes; it was told to stop {stops:count} times."),
    why=N_("Each start loads the model again, and until then no request is served."),
    remedy=N_(
        "See who stops it: a liveness probe that does not wait for the model, a deploy that loops, a limit on memory. Give the "
        "probe a longer initial delay or timeout."
    ),
    statistic=N_("Starts of the service: messages that say so, beside those that it was told to stop."),
    source="Kubernetes documentation, configure liveness, readiness and startup probes",
    severity=Severity.WARNING,
    thresholds={
        "restarts_at": Shown(N_("Starts that are needed"), Unit.COUNT),
        "apart_at": Shown(N_("Minutes between two starts below which they are too often"), Unit.NUMBER),
    },
)
RULES: Final = (TIMEOUTS, MEMORY_KILLS, RELOADS, SLOW_FETCH, GROWTH, RESTARTS)

ONE_KILL: Final = timedelta(seconds=5)
"""Messages of different kinds within this time speak of one kill: the kernel, the container and the server each tell it."""

AFTERMATH: Final = timedelta(seconds=120)
"""A kill this soon after a worker timeout is its consequence; gunicorn sends SIGABRT, then SIGKILL a second later."""

AFTERMATH_RECORDS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Fetches:
    """Feature fetches: median milliseconds before and after the change (equal without one), and how many timed out."""

    count: int
    before: float
    after: float
    since: datetime | None
    timed_out: int
    share: float | None = None
    """Of the time of a request, 0 to 1; None where no line tells it."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The sizes that one kind of message gives of a collection."""

    template: int
    text: str
    first: float
    """Median of the first five sizes."""

    last: float
    """Median of the last five."""

    count: int
    distinct: int
    """Different sizes."""

    steady: float
    """Share of the steps in which it did not shrink, 0 to 1."""

    since: datetime | None


@dataclass(frozen=True)
class Service:
    """timeouts, kills (for lack of memory), aftermath (kills that follow a timeout), loads: moments in the log's order.

    said: how many of `kills` name memory as their reason. boots: workers that started. starts, stops: of the service itself, as
    the most frequent such message tells them. requests: the most frequent message that
    marks a request. sizes: moments of the collections that grow.
    """

    timeouts: tuple[Moment, ...]
    kills: tuple[Moment, ...]
    said: int
    aftermath: int
    loads: tuple[Moment, ...]
    boots: int
    starts: tuple[Moment, ...]
    stops: int
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
    kills = _once(sorted([*killed, *kinds[Kind.MEMORY]], key=lambda m: m.record))
    starts = Counter(m.template for m in kinds[Kind.BOOT])
    starter = min(starts, key=lambda t: (-starts[t], t), default=None)
    requests = max(
        max((t.count for t in p.templates if t.kind is Kind.REQUEST), default=0), sum(count for _, count, _ in p.traffic.bins)
    )
    return Service(
        timeouts=tuple(timeouts),
        kills=kills,
        said=sum(m.kind is Kind.MEMORY for m in kills),
        aftermath=len(kinds[Kind.KILL]) - len(killed),
        loads=tuple(m for m in kinds[Kind.LOAD] if m.template == loader),
        boots=len(kinds[Kind.BOOT]),
        starts=tuple(m for m in kinds[Kind.BOOT] if m.template == starter),
        stops=max(Counter(m.template for m in kinds[Kind.STOP]).values(), default=0),
        requests=requests,
        fetch=_fetches(kinds[Kind.FETCH], _usual(p)),
        growth=_sizes(kinds[Kind.SIZE], {t.id: t.text for t in p.templates}),
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


def _once(kills: list[Moment]) -> tuple[Moment, ...]:
    """Each kill once, as the message tells it that names memory. kills: in the log's order.

    Two messages of one kind are two kills; messages of different kinds close together are one.
    """
    groups: list[list[Moment]] = []
    for kill in kills:
        last = groups[-1][0] if groups else None
        near = last is not None and (
            timedelta(0) <= kill.time - last.time <= ONE_KILL if kill.time and last.time else kill.record - last.record <= 3
        )
        if near:
            groups[-1].append(kill)
        else:
            groups.append([kill])
    told: list[Moment] = []
    for group in groups:
        counts = Counter(m.template for m in group)
        memory = {m.template for m in group if m.kind is Kind.MEMORY}
        kept = min(counts, key=lambda t: (-counts[t], t not in memory, t))
        told += [m for m in group if m.template == kept] if kept in memory or not memory else _as_memory(group, kept)
    return tuple(told)


def _as_memory(group: list[Moment], kept: int) -> list[Moment]:
    """The kills of one template, whose reason another message beside them names."""
    return [m._replace(kind=Kind.MEMORY) for m in group if m.template == kept]


def _usual(p: LogScan) -> float | None:
    """Median milliseconds of a request; None where none says how long it took."""
    steps: Counter[int] = Counter()
    for _, step, count in p.traffic.took:
        steps[step] += count
    half, passed = steps.total() / 2, 0
    for step in sorted(steps):
        passed += steps[step]
        if passed >= half:
            return length_of(step)
    return None


def _fetches(moments: list[Moment], request: float | None) -> Fetches | None:
    if not moments:
        return None
    timed = [(m.time, m.value) for m in moments if m.value is not None]
    silent = len(moments) - len(timed)
    if not timed:
        return Fetches(count=len(moments), before=float("nan"), after=float("nan"), since=moments[0].time, timed_out=silent)
    values = np.array([value for _, value in timed], dtype="float64")
    middle = float(np.median(values))
    times = np.array([np.datetime64(when, "us") if when else np.datetime64("NaT", "us") for when, _ in timed])
    change = onset(times, np.log1p(values))
    parts = [m.value / m.whole for m in moments if m.value is not None and m.whole]
    share = float(np.median(parts)) if parts else middle / request if request and middle <= 1.02 * request else None
    if change is None:
        return Fetches(
            count=len(moments),
            before=middle,
            after=middle,
            since=None,
            timed_out=silent,
            share=None if share is None else min(1.0, share),
        )
    later = times >= np.datetime64(change.since, "us")
    return Fetches(
        count=len(moments),
        before=float(np.median(values[~later])),
        after=float(np.median(values[later])),
        since=change.since,
        timed_out=silent,
    )


def _sizes(moments: list[Moment], texts: dict[int, str]) -> tuple[Growth, ...]:
    found = []
    for template in sorted({m.template for m in moments}):
        mine = [m for m in moments if m.template == template and m.value is not None]
        sizes = np.array([m.value for m in mine], dtype="float64")
        if sizes.size < 2:
            continue
        found.append(
            Growth(
                template=template,
                text=texts[template],
                first=float(np.median(sizes[:5])),
                last=float(np.median(sizes[-5:])),
                count=sizes.size,
                distinct=len(set(sizes.tolist())),
                steady=float((np.diff(sizes) >= 0).mean()),
                since=mine[0].time,
            )
        )
    return tuple(found)


def judge(
    p: Service,
    *,
    loads_at: float = 0.5,
    loads_share_at: float = 0.05,
    per_boot_at: float = 1.5,
    spread_at: float = 0.3,
    least: int = 5,
    slower_at: float = 2.0,
    slow_at: float = 100.0,
    always_slow_at: float = 1000.0,
    critical_at: float = 5.0,
    part_at: float = 0.5,
    few_at: float = 0.05,
    restarts_at: int = 4,
    apart_at: float = 60.0,
    sizes_at: int = 20,
    steady_at: float = 0.9,
    grown_at: float = 2.0,
) -> list[Finding]:
    """One timeout or memory kill is enough to tell.

    A model counts as loaded for every request from `loads_at` loads a request on; in a log without requests from four times
    `least` loads and `loads_share_at` of the messages on. Every worker loads it once when it starts, so that there must be
    `per_boot_at` times as many loads as starts, over `spread_at` of the log.
    A fetch is slow when its median rose `slower_at` times to `slow_at` milliseconds or more, the time after which people notice
    a delay (Nielsen 1993), or lies above `always_slow_at`, or above `slow_at` where that is `part_at` of the request;
    `critical_at` times is critical. Fetches of fewer than `few_at` of the requests are those that were slow enough to be
    written down, and tell nothing of the others.
    A service restarts again and again from `restarts_at` starts on, less than `apart_at` minutes apart.
    A collection grows when its size, given `sizes_at` times, fell in fewer than one step of ten (`steady_at`) and became
    `grown_at` times as large.
    """
    findings: list[Finding] = []
    if p.timeouts:
        timeouts = WorkerTimeouts(
            since=p.timeouts[0].time,
            weight=min(1.0, len(p.timeouts) / 10),
            count=len(p.timeouts),
            killed=p.aftermath,
        )
        findings.append(TIMEOUTS.found(timeouts))
    if p.kills:
        kills = MemoryKills(since=p.kills[0].time, weight=min(1.0, len(p.kills) / 10), count=len(p.kills), said=p.said)
        findings.append(MEMORY_KILLS.found(kills))
    loads = len(p.loads)
    wanted = max(least, loads_at * p.requests) if p.requests else max(4 * least, loads_share_at * p.records)
    # Every worker loads the model when it starts; that is as it should be.
    if loads >= wanted and loads > per_boot_at * p.boots and p.loads[-1].record - p.loads[0].record >= spread_at * p.records:
        again = ModelLoads(
            since=p.loads[0].time,
            weight=min(1.0, loads / max(1, p.requests or loads)),
            loads=loads,
            requests=p.requests,
            boots=p.boots,
        )
        findings.append(RELOADS.found(again))
    often = p.fetch is not None and p.fetch.count >= few_at * p.requests
    pace = _pace(p.fetch, least, slower_at, slow_at, always_slow_at, part_at) if p.fetch is not None and often else None
    if p.fetch is not None and pace is not None:
        findings.append(_slow(p.fetch, pace, critical_at))
    times = [m.time for m in p.starts if m.time]
    apart = float(np.median(np.diff(np.array(times, dtype="datetime64[s]")) / np.timedelta64(60, "s"))) if len(times) > 1 else 0.0
    # Several workers start together; only what starts one after the other starts again.
    if len(times) >= restarts_at and p.stops >= restarts_at - 1 and 0.1 < apart <= apart_at:
        loop = Restarts(since=times[0], weight=min(1.0, len(times) / 20), starts=len(times), stops=p.stops, minutes=apart)
        findings.append(RESTARTS.found(loop))
    growing = [
        g
        for g in p.growth
        if g.count >= sizes_at
        and g.distinct >= sizes_at // 2
        and g.steady >= steady_at
        and g.last >= grown_at * max(g.first, 1.0)
    ]
    for growth in growing[:3]:
        collection = GrowingCollection(
            since=growth.since,
            weight=min(1.0, growth.last / max(1.0, growth.first) / 10),
            template=readable(growth.text),
            first=growth.first,
            last=growth.last,
            count=growth.count,
        )
        findings.append(GROWTH.found(collection))
    return findings


def _pace(fetch: Fetches, least: int, slower_at: float, slow_at: float, always_slow_at: float, part_at: float) -> Pace | None:
    if fetch.after >= max(slow_at, slower_at * fetch.before) and fetch.since:
        return Pace.SLOWER
    most = fetch.share is not None and fetch.share >= part_at and fetch.after >= slow_at
    if fetch.count >= least and (most or fetch.after >= always_slow_at):
        return Pace.SLOW
    return Pace.TIMED_OUT if fetch.timed_out >= least else None


def _slow(fetch: Fetches, pace: Pace, critical_at: float) -> Finding:
    ratio = 1.0 if np.isnan(fetch.after) else fetch.after / max(fetch.before, 1.0)
    return SLOW_FETCH.found(
        SlowFetches(
            since=fetch.since,
            weight=min(1.0, ratio / 10),
            before=None if np.isnan(fetch.before) else fetch.before,
            after=None if np.isnan(fetch.after) else fetch.after,
            count=fetch.count,
            timed_out=fetch.timed_out,
            share=fetch.share,
            pace=pace,
        ),
        severity=Severity.CRITICAL if ratio >= critical_at else Severity.WARNING,
    )
