"""Serving: where the time of a request goes, what limits the service, and what each remedy would bring, measured or replayed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.operations.reading.kinds import Kind, milliseconds
from diagnostics.checks.operations.reading.scan import scan
from diagnostics.clinic.shared.compare import Progress, ignore_progress
from diagnostics.measure.samples import as_level
from diagnostics.nouns import intervals
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.words import N_
from diagnostics.sandbox.facts import Facts
from diagnostics.sandbox.model import Model
from diagnostics.sandbox.wire import Frame
from diagnostics.service.serving.accelerator import PAYS, Accelerator, estimate
from diagnostics.service.serving.cache import CacheReplay, replay
from diagnostics.service.serving.files import Sizing
from diagnostics.service.serving.framework import Framework, Server, framework
from diagnostics.service.serving.load import Measured, measure
from diagnostics.service.serving.queueing import Served, busiest, served, spread_within_seconds
from diagnostics.service.serving.requests import Requests, Stage, requests
from diagnostics.service.serving.rows import asked, made_up, table_rows
from diagnostics.service.serving.rules import (
    BATCHING,
    CACHE,
    CARD,
    COSTLY,
    FETCH,
    LARGE,
    LOAD,
    MODEL,
    OWN_SERVER,
    RULES,
    SMALLER,
    WAIT,
    WORKERS,
    BatchingPays,
    CachePays,
    CardPays,
    CostlyCopy,
    LargeReplies,
    LimitedBy,
    Loading,
    MoreWorkers,
    OwnServer,
    SmallerCopy,
    Waiting,
)
from diagnostics.service.serving.variants import Shrunk, Variants, variants

__all__ = ["RULES", "Serving", "Settings", "judge", "profile"]

NOTHING: Final = N_("Nothing of a service yet: upload its log, its code or its model (ONNX); each alone is enough to begin.")

NUMBERS: Final = (1, 2, 4, 8, 16)
"""Workers that are simulated."""

LOADS: Final = (1.0, 2.0, 4.0)
BATCHED: Final = ((8, 0.002), (32, 0.005), (64, 0.010))
"""Requests answered together at most, and seconds that the first of them waits."""

CAPACITY_ROWS: Final = 4_000
TABLE_ROWS: Final = 20_000


@dataclass(frozen=True)
class Settings:
    """What the service should keep."""

    goal: float = 100.0
    """Milliseconds within which 95 of 100 requests are to be answered."""

    workers: int = 0
    """Workers that serve now; 0 for what code and log show."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of a request."""

    stage: Stage
    time: float
    """Mean milliseconds."""

    share: float
    measured: bool
    """Whether it was measured here and not told by the log."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the log says of its requests, in milliseconds; NaN becomes None."""

    count: int
    per_second: float
    busiest: float
    """Requests a second in the busiest stretch."""

    p50: float | None
    p95: float | None
    p99: float | None
    mean: float | None
    fine: bool
    """Whether times are finer than a second."""

    reply: float | None
    """Median size of a reply in bytes."""

    large: float | None
    """Size that one reply in a hundred passes."""


@dataclass(frozen=True, kw_only=True)
class Queued:
    """Requests that came alone and those that found others, in mean milliseconds."""

    alone: Interval
    others: Interval
    apart: Interval
    share: float
    """Of the time of all requests that is waiting, by the difference."""

    count: int
    """Requests that found others under way."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Loads of the model in the log; time: median milliseconds of one, None where no line says."""

    loads: int
    boots: int
    time: float | None


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Requests a second that one worker answers within the goal; batch 1 is one by one."""

    batch: int
    delay: float
    """Milliseconds."""

    per_second: float


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The uploaded model. width: numbers of a row."""

    file: str
    bytes: int
    facts: Facts
    load: Measured | None
    made_up: bool
    """Whether rows were made up, because no table fits it."""

    width: int
    skipped: Reason


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Everything that was seen of one service."""

    asked: Asked | None
    shares: tuple[Share, ...]
    queued: Queued | None
    loaded: Loaded | None
    cache: CacheReplay | None
    saves: float | None
    """Milliseconds that a hit of the cache saves."""

    caches_features: bool
    rows_cache: CacheReplay | None
    """Identical rows of the current table, as requests of a cache of predictions."""

    served: tuple[Served, ...]
    """Simulated with more workers and more load; without batches."""

    capacity: tuple[Capacity, ...]
    from_rows: bool
    """Whether the time of a batch was read from the log's own batches, not measured on the model."""

    model: Examined | None
    variants: Variants | None
    variants_skipped: Reason
    accelerator: Accelerator | None
    framework: Framework | None
    workers: int
    """Workers now, as stated or seen; 1 where neither says."""

    workers_known: bool

    goal: float
    sizing: Sizing
    """What the files start with."""

    no_log: Reason
    """Why the log tells nothing."""

    def simulated(self, workers: int, load: float = 1.0) -> Served | None:
        return next((s for s in self.served if (s.workers, s.load) == (workers, load)), None)


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Serving:
    """Raises NotApplicable without log, code and model, and ValueError for a goal that is not above 0."""
    if not settings.goal > 0 or settings.workers < 0:
        raise ValueError(f"goal must be above 0 and workers not below, got {settings.goal} and {settings.workers}")
    if not incident.logs and not incident.code and incident.model is None:
        raise NotApplicable(NOTHING, needs="logs")
    on_progress(0.0, N_("Reading the log"))
    told, no_log = _requests(incident)
    known = framework(incident)
    on_progress(0.15, N_("Timing the uploaded model"))
    model = _model(incident, lambda share: on_progress(0.15 + 0.3 * share, N_("Timing the uploaded model")))
    on_progress(0.45, N_("Making smaller copies"))
    copies, skipped = _variants(incident, model, on_progress)
    on_progress(0.8, N_("Replaying requests"))
    rng = np.random.default_rng([incident.seed, 73])
    stated = settings.workers or (known.workers if known else None) or (None if told is None else _seen_workers(told))
    workers = stated or 1
    queued = None if told is None else _queued(told)
    shares = () if told is None else _shares(told, model, queued)
    fetch = next((s.time for s in shares if s.stage is Stage.FETCH), None)
    mean = None if told is None else _mean(told.took)
    simulated = () if told is None else _simulated(told, workers, rng)
    cost, from_rows = _cost(model, told)
    capacity = _capacity(told, cost, settings.goal, rng)
    accelerated = None
    if model is not None and model.load is not None:
        cells = tuple((c.batch, c.p50) for c in model.load.cells if (c.threads, c.workers) == (1, 1))
        accelerated = estimate(model.facts, cells, model.width)
    return Serving(
        asked=None if told is None else _asked(told),
        shares=shares,
        queued=queued,
        loaded=_loads(incident),
        cache=None if told is None else replay(told.keys, told.seconds),
        saves=fetch if fetch is not None else mean,
        caches_features=fetch is not None,
        rows_cache=_rows_cache(incident),
        served=simulated,
        capacity=capacity,
        from_rows=from_rows,
        model=model,
        variants=copies,
        variants_skipped=skipped,
        accelerator=accelerated,
        framework=known,
        workers=workers,
        workers_known=stated is not None,
        goal=settings.goal,
        sizing=_sizing(simulated, capacity, workers, settings.goal),
        no_log=no_log,
    )


def _requests(incident: Incident) -> tuple[Requests | None, Reason]:
    try:
        return requests(incident), Reason()
    except NotApplicable as reason:
        return None, reason.kept


def _mean(values: NDArray[np.float64]) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else None


def _asked(told: Requests) -> Asked:
    took = told.took[np.isfinite(told.took)]
    when = told.seconds[np.isfinite(told.seconds)]
    passed = float(when[-1] - when[0]) if when.size > 1 else 0.0
    part = when[busiest(when, when, most=min(1_000, when.size))] if when.size > 1 else when
    dense = (part.size - 1) / max(1.0, float(part[-1] - part[0])) if part.size > 1 else 0.0
    quantiles = [float(v) for v in np.quantile(took, [0.5, 0.95, 0.99])] if took.size else [None] * 3
    reply = told.bytes[np.isfinite(told.bytes)]
    return Asked(
        count=told.whole,
        per_second=(when.size - 1) / passed if passed else 0.0,
        busiest=dense,
        p50=quantiles[0],
        p95=quantiles[1],
        p99=quantiles[2],
        mean=_mean(told.took),
        fine=told.fine,
        reply=float(np.median(reply)) if reply.size >= 20 else None,
        large=float(np.quantile(reply, 0.99)) if reply.size >= 20 else None,
    )


def _queued(told: Requests) -> Queued | None:
    """Requests that came alone beside those that found others, where times are fine enough to tell."""
    known = np.isfinite(told.seconds) & np.isfinite(told.took)
    # A line is written when its request ends.
    ends, took = told.seconds[known], told.took[known]
    starts = ends - took / 1000
    if not told.fine or ends.size < 200:
        return None
    under_way = np.searchsorted(np.sort(starts), starts, side="left") - np.searchsorted(np.sort(ends), starts, side="right")
    # The request itself begins at its own start; ties do not matter.
    others = under_way > 0
    if min(int(others.sum()), int((~others).sum())) < 50:
        return None
    alone, found = took[~others], took[others]
    apart = float(found.mean() - alone.mean())
    half = 1.96 * math.sqrt(float(found.var() / found.size + alone.var() / alone.size))
    return Queued(
        alone=intervals.mean(alone),
        others=intervals.mean(found),
        apart=Interval(apart, apart - half, apart + half),
        share=max(0.0, apart) * found.size / float(took.sum()),
        count=int(found.size),
    )


def _shares(told: Requests, model: Examined | None, queued: Queued | None) -> tuple[Share, ...]:
    """Parts of a mean request by their size; what no line explains is the rest."""
    whole = _mean(told.took)
    if whole is None or whole <= 0:
        return ()
    times: dict[Stage, tuple[float, bool]] = {}
    for stage, values in told.stages.items():
        time = _mean(values)
        if time is not None:
            times[stage] = min(time, whole), False
    if Stage.MODEL not in times and model is not None and model.load is not None:
        rows = told.rows[np.isfinite(told.rows)]
        usual = float(rows.mean()) if rows.size else 1.0
        times[Stage.MODEL] = min(whole, model.load.fixed + model.load.each * usual), True
    if Stage.WAIT not in times and queued is not None and queued.apart.low > 0:
        times[Stage.WAIT] = queued.share * whole, False
    total = sum(time for time, _ in times.values())
    if not times:
        return ()
    if total > whole:
        times = {stage: (time * whole / total, measured) for stage, (time, measured) in times.items()}
    else:
        times[Stage.REST] = whole - total, False
    parts = [Share(stage=stage, time=time, share=time / whole, measured=here) for stage, (time, here) in times.items()]
    return tuple(sorted(parts, key=lambda part: (part.stage is Stage.REST, -part.share)))


def _loads(incident: Incident) -> Loaded | None:
    """How often the log says that the model was loaded."""
    if not incident.logs:
        return None
    try:
        read = scan(incident)
    except NotApplicable:
        return None
    loads = [moment for moment in read.moments if moment.kind is Kind.LOAD]
    if not loads:
        return None
    examples = {template.id: template.example for template in read.templates}
    times = [time for moment in loads if (time := milliseconds(examples.get(moment.template, ""))) is not None]
    boots = sum(moment.kind is Kind.BOOT for moment in read.moments)
    return Loaded(loads=len(loads), boots=boots, time=float(np.median(times)) if times else None)


def _rows_cache(incident: Incident) -> CacheReplay | None:
    """The current table's rows in their order as requests, each known by all that the model reads."""
    if incident.current is None:
        return None
    try:
        rows = table_rows(incident, rows=TABLE_ROWS)
    except NotApplicable:
        return None
    if rows is None or not rows.features or len(rows.frame) < 100:
        return None
    columns = [as_level(rows.frame[name]).map(str) for name in rows.features]
    keys = tuple("\x1f".join(row) for row in zip(*columns, strict=True))
    when = np.full(len(keys), np.nan)
    timestamp = incident.roles.timestamp
    if timestamp is not None and timestamp in rows.frame and rows.frame[timestamp].dtype.kind == "M":
        when = rows.frame[timestamp].to_numpy("datetime64[us]").astype("int64") / 1e6
        order = np.argsort(when, kind="stable")
        keys, when = tuple(keys[n] for n in order), when[order]
    return replay(keys, when)


def _seen_workers(told: Requests) -> int | None:
    """Requests that were worked on at once, at most; None where the log does not tell work from waiting."""
    worked = [np.nan_to_num(values) for stage, values in told.stages.items() if stage is not Stage.WAIT]
    if not told.fine or len(worked) < 2 or not np.isfinite(told.seconds).all():
        return None
    ends = np.sort(told.seconds)
    # Lines are written in whole milliseconds: one that begins as another ends must not seem to overlap it.
    starts = np.sort(told.seconds - (np.sum(worked, axis=0) - 2.0) / 1000)
    under_way = np.arange(1, starts.size + 1) - np.searchsorted(ends, starts, side="right")
    return max(1, int(np.quantile(under_way, 0.995)))


def _simulated(told: Requests, workers: int, rng: np.random.Generator) -> tuple[Served, ...]:
    known = np.isfinite(told.seconds) & np.isfinite(told.took)
    if known.sum() < 100:
        return ()
    seconds, took = told.seconds[known], told.took[known] / 1000
    starts = (seconds - took) if told.fine else spread_within_seconds(seconds, rng)
    order = np.argsort(starts, kind="stable")
    starts, took = starts[order], took[order]
    part = busiest(starts, took, most=CAPACITY_ROWS)
    parts = [np.nan_to_num(v[known][order][part]) / 1000 for stage, v in told.stages.items() if stage is not Stage.WAIT]
    if len(parts) > 1 or Stage.WAIT in told.stages:
        # The line tells what was worked on; the rest of its time the request waited.
        work = np.maximum(1e-6, np.sum(parts, axis=0) if len(parts) > 1 else took[part] - _waits(told, known, order, part))
    else:
        work = _without_waiting(starts[part], took[part], workers) if told.fine else took[part]
    numbers = sorted({*NUMBERS, workers})
    return tuple(served(starts[part], work, workers=n, load=load) for load in LOADS for n in numbers)


def _waits(told: Requests, known: NDArray[np.bool_], order: NDArray[np.intp], part: slice) -> NDArray[np.float64]:
    return np.asarray(np.nan_to_num(told.stages[Stage.WAIT][known][order][part]) / 1000)


def _without_waiting(starts: NDArray[np.float64], took: NDArray[np.float64], workers: int) -> NDArray[np.float64]:
    """The work of each request: its time from when a worker was free for it, first come, first served (Lindley 1952)."""
    work = np.empty_like(took)
    # A clock that is off, or another order, leaves hardly any time for some.
    least = 0.5 * float(np.quantile(took, 0.05))
    free = [-math.inf] * workers
    for n, (start, time) in enumerate(zip(starts.tolist(), took.tolist(), strict=True)):
        place = min(range(workers), key=free.__getitem__)
        end = start + time
        work[n] = min(time, max(least, end - max(start, free[place])))
        free[place] = end
    return work


def _cost(model: Examined | None, told: Requests | None) -> tuple[Callable[[int], float] | None, bool]:
    """Seconds that so many rows take together: measured on the model, else read from batches in the log; whether from these."""
    if model is not None and model.load is not None:
        fixed, each = model.load.fixed / 1000, model.load.each / 1000
        return (lambda count: fixed + each * count), False
    if told is None:
        return None, False
    known = np.isfinite(told.rows) & np.isfinite(told.took)
    rows, took = told.rows[known], told.took[known] / 1000
    if rows.size < 50 or np.unique(rows).size < 4:
        return None, False
    # The median of each size: a line through means would follow a few slow requests.
    grouped = pd.Series(took).groupby(rows).median()
    each, fixed = np.polyfit(grouped.index.to_numpy("float64"), grouped.to_numpy("float64"), 1)
    if fixed <= 0 or each < 0:
        return None, False
    return (lambda count: float(fixed) + float(each) * count), True


def _capacity(
    told: Requests | None, cost: Callable[[int], float] | None, goal: float, rng: np.random.Generator
) -> tuple[Capacity, ...]:
    """The densest load within the goal, one by one and in batches. Arrivals as in the log, at random where it tells none."""
    if cost is None:
        return ()
    arrivals: NDArray[np.float64] | None = None
    if told is not None:
        seconds = told.seconds[np.isfinite(told.seconds)]
        if seconds.size >= 500:
            when = np.sort(seconds) if told.fine else spread_within_seconds(seconds, rng)
            arrivals = when[busiest(when, when, most=CAPACITY_ROWS)]
    if arrivals is None or arrivals[-1] - arrivals[0] <= 0:
        arrivals = np.cumsum(rng.exponential(1.0, CAPACITY_ROWS))
    rate = (arrivals.size - 1) / float(arrivals[-1] - arrivals[0])
    found = []
    for batch, delay in ((1, 0.0), *BATCHED):
        # From what one worker can do at most downwards, or the search would begin in the dark.
        most = batch / cost(batch) / rate
        low, high = 0.0, most
        for _ in range(8):
            middle = (low + high) / 2
            run = served(arrivals, cost, workers=1, batch=batch, delay=delay, load=middle)
            low, high = (middle, high) if run.p95 <= goal else (low, middle)
        found.append(Capacity(batch=batch, delay=1000 * delay, per_second=low * rate))
    return tuple(found)


def _model(incident: Incident, on_step: Callable[[float], None]) -> Examined | None:
    if incident.model is None:
        return None
    size = incident.model.stat().st_size
    facts, width, invented, skipped, measured = Facts.read({}), 0, False, Reason(), None
    try:
        model = Model(incident.model)
        try:
            facts = model.facts()
            frame, invented = _frame(incident, model)
        finally:
            model.close()
        width = sum(values.shape[1] if values.ndim > 1 else 1 for values in frame.arrays.values()) + len(frame.texts)
        measured = measure(incident.model, frame, on_step=on_step)
    except NotApplicable as reason:
        skipped = reason.kept
    return Examined(
        file=incident.model.name,
        bytes=size,
        facts=facts,
        load=measured,
        made_up=invented,
        width=width,
        skipped=skipped,
    )


def _frame(incident: Incident, model: Model) -> tuple[Frame, bool]:
    """Rows to ask the model with, and whether they were made up."""
    try:
        rows = table_rows(incident)
        if rows is not None:
            frame, usable = asked(model.description, rows)
            if usable.sum() >= 2:
                return frame, False
    except NotApplicable:
        # Tables of another model: the time of an answer does not hang on the numbers in it.
        pass
    return made_up(model.description, 256, np.random.default_rng(incident.seed)), True


def _variants(incident: Incident, model: Examined | None, on_progress: Progress) -> tuple[Variants | None, Reason]:
    if incident.model is None or model is None or model.load is None:
        return None, Reason()
    try:
        found = variants(
            incident, incident.model, on_step=lambda share, what: on_progress(0.45 + 0.35 * share, N_("Making smaller copies"))
        )
    except NotApplicable as reason:
        return None, reason.kept
    return found, Reason()


def _sizing(simulated: tuple[Served, ...], capacity: tuple[Capacity, ...], workers: int, goal: float) -> Sizing:
    """The fewest workers that keep the goal at twice today's load, and the batch that answers most."""
    twice = [s for s in simulated if s.load == 2.0]
    # Where no number of workers keeps the goal, because single requests take longer: those with which hardly any waits.
    enough = next((s.workers for s in twice if s.p95 <= goal), None)
    enough = enough or next((s.workers for s in twice if s.wait <= 0.05 * s.p50), None)
    best = max(capacity, key=lambda c: c.per_second, default=None)
    batch, delay = (best.batch, best.delay) if best is not None and best.batch > 1 else (32, 2.0)
    return Sizing(workers=enough or max(2, workers), threads=4, batch=batch, delay=delay)


def judge(
    p: Serving,
    *,
    share_at: float = 0.5,
    wait_at: float = 0.1,
    hits_at: float = 0.2,
    saved_at: float = 0.1,
    capacity_at: float = 2.0,
    near_at: float = 0.3,
    slower_at: float = 1.5,
    faster_at: float = 1.3,
    smaller_at: float = 0.67,
    lost_at: float = 0.01,
    card_at: float = PAYS,
    large_at: float = 1_000.0,
) -> list[Finding]:
    """SRV001, 002, 004: a part limits from `share_at` of a request on: taking it away whole would halve the time. SRV003: waiting
    from `wait_at` of all time on, beyond chance. SRV005: the low end of the hits reaches `hits_at`, and a mean request saves
    `saved_at` of its time. SRV006: batches answer `capacity_at` times as many within the goal, and the busiest stretch reaches
    `near_at` of what one worker does one by one: of a service that is idle batches bring nothing. SRV007: today's workers are
    `slower_at` times as slow as enough workers at the 95th percentile, and miss the goal or wait for a tenth of the
    time. SRV009: as in Deployment (`faster_at`, `smaller_at`, `lost_at`). SRV011: `card_at`. SRV012: `large_at` kB. Chosen by
    hand, on simulated services.
    """
    findings: list[Finding] = []
    known = p.framework
    if known is not None and known.server is Server.OWN:
        entry = OwnServer(weight=0.8 if known.said else 0.5, file=known.file, line=known.line, said=known.said)
        findings.append(OWN_SERVER.found(entry))
    findings += _limits(p, share_at, wait_at)
    findings += _pays(p, hits_at, saved_at)
    findings += _sized(p, capacity_at, near_at, slower_at)
    findings += _copies(p.variants, faster_at, smaller_at, lost_at)
    if p.accelerator is not None:
        best = next((e for e in p.accelerator.estimates if e.times >= card_at), None)
        if best is not None:
            card = CardPays(weight=0.3, batch=best.batch, cpu=best.cpu, card=best.card, times=best.times)
            findings.append(CARD.found(card))
    if p.asked is not None and p.asked.reply is not None and p.asked.large is not None and p.asked.reply >= 1000 * large_at:
        large = LargeReplies(weight=0.4, bytes=p.asked.reply / 1000, most=p.asked.large / 1000, requests=p.asked.count)
        findings.append(LARGE.found(large))
    return findings


def _limits(p: Serving, share_at: float, wait_at: float) -> list[Finding]:
    findings: list[Finding] = []
    mean = p.asked.mean if p.asked else None
    for part in p.shares:
        rule = {Stage.FETCH: FETCH, Stage.MODEL: MODEL}.get(part.stage)
        if rule is not None and part.share >= share_at and mean is not None and p.asked is not None:
            entry = LimitedBy(
                weight=part.share,
                share=part.share,
                time=part.time,
                whole=mean,
                requests=p.asked.count,
                measured=part.measured,
            )
            findings.append(rule.found(entry))
    if p.queued is not None and p.queued.apart.low > 0 and p.queued.share >= wait_at:
        waiting = Waiting(
            weight=min(1.0, p.queued.share),
            alone=p.queued.alone.value,
            others=p.queued.others.value,
            low=p.queued.apart.low,
            high=p.queued.apart.high,
            share=p.queued.share,
            requests=p.queued.count,
        )
        findings.append(WAIT.found(waiting))
    if p.loaded is not None and p.asked is not None and mean:
        spare = p.loaded.loads - max(1, p.loaded.boots)
        stated = next((part.share for part in p.shares if part.stage is Stage.LOAD), None)
        share = stated if stated is not None else spare * (p.loaded.time or 0.0) / (p.asked.count * mean)
        if spare >= 5 and share >= share_at:
            again = Loading(
                weight=min(1.0, share),
                loads=p.loaded.loads,
                requests=p.asked.count,
                share=min(1.0, share),
                time=p.loaded.time if p.loaded.time is not None else share * mean,
            )
            findings.append(LOAD.found(again))
    return findings


def _pays(p: Serving, hits_at: float, saved_at: float) -> list[Finding]:
    replayed, saves, features = p.cache, p.saves, p.caches_features
    mean = p.asked.mean if p.asked else None
    if replayed is None or saves is None or not mean:
        return []
    # Of all requests: those without a key are never answered by it.
    part = replayed.keyed / p.asked.count if p.asked and p.asked.count <= replayed.keyed * 2 else 1.0
    saved = replayed.share.value * part * saves
    if replayed.share.low < hits_at or saved < saved_at * mean:
        return []
    # The smallest cache that answers nearly as many.
    enough = next(one for one in replayed.sizes if one.share >= 0.95 * replayed.sizes[-1].share)
    entry = CachePays(
        weight=min(1.0, saved / mean),
        hits=enough.share,
        low=replayed.share.low,
        high=replayed.share.high,
        size=min(enough.size, replayed.distinct),
        saved=enough.share * part * saves,
        whole=mean,
        requests=replayed.keyed,
        features=features,
    )
    return [CACHE.found(entry)]


def _sized(p: Serving, capacity_at: float, near_at: float, slower_at: float) -> list[Finding]:
    findings: list[Finding] = []
    now = p.simulated(p.workers)
    more = [s for s in p.served if s.load == 1.0 and s.workers > p.workers]
    shown = p.workers_known or (p.queued is not None and p.queued.apart.low > 0)
    if now is not None and more and shown:
        best = min(s.p95 for s in more)
        enough = next((s for s in more if s.p95 <= 1.05 * best), more[-1])
        waits = now.wait >= 0.1 * (now.p50 or 1.0)
        if now.p95 >= slower_at * enough.p95 and (now.p95 > p.goal or waits):
            entry = MoreWorkers(
                weight=min(1.0, 1 - enough.p95 / now.p95),
                now=p.workers,
                workers=enough.workers,
                before=now.p95,
                after=enough.p95,
                busy=now.busy,
                goal=p.goal,
            )
            findings.append(WORKERS.found(entry))
    single = next((c for c in p.capacity if c.batch == 1), None)
    batched = max((c for c in p.capacity if c.batch > 1), key=lambda c: c.per_second, default=None)
    today = p.asked.busiest if p.asked else 0.0
    if single is not None and batched is not None and single.per_second > 0 and today >= near_at * single.per_second:
        times = batched.per_second / single.per_second
        if times >= capacity_at:
            pays = BatchingPays(
                weight=min(1.0, times / 20),
                single=single.per_second,
                batched=batched.per_second,
                times=times,
                batch=batched.batch,
                delay=batched.delay,
                goal=p.goal,
                today=today,
            )
            findings.append(BATCHING.found(pays))
    return findings


def _copies(found: Variants | None, faster_at: float, smaller_at: float, lost_at: float) -> list[Finding]:
    if found is None:
        return []
    findings: list[Finding] = []
    good: list[tuple[float, Shrunk]] = []
    for copy in found.copies:
        if copy.skipped or copy.gain is None or not copy.bytes:
            continue
        times, share = found.whole.p50 / copy.p50, copy.bytes / found.whole.bytes
        if copy.gain.high < 0:
            entry = CostlyCopy(
                weight=0.2,
                what=copy.says,
                share=share,
                least=-copy.gain.high,
                most=-copy.gain.low,
                classes=found.classification,
            )
            findings.append(COSTLY.found(entry))
        elif copy.gain.low >= -lost_at and (times >= faster_at or share <= smaller_at):
            good.append((times / max(share, 1e-6), copy))
    if good:
        _, best = max(good, key=lambda pair: pair[0])
        assert best.gain is not None
        smaller = SmallerCopy(
            weight=0.5,
            what=best.says,
            mine=best.p50,
            base=found.whole.p50,
            share=best.bytes / found.whole.bytes,
            same=best.same,
            low=round(best.gain.low, 4),
            high=round(best.gain.high, 4),
            rows=found.rows,
            classes=found.classification,
        )
        findings.append(SMALLER.found(smaller))
    return findings
