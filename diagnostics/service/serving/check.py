"""Serving: where the time of a request goes, what limits the service, and what each remedy would bring, measured or replayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.shared.compare import Progress, ignore_progress
from diagnostics.measure.samples import as_level
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
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
from diagnostics.service.serving.queueing import Served
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
from diagnostics.service.serving.simulated import Capacity, capacities, cost_of, simulate
from diagnostics.service.serving.told import (
    Asked,
    Loaded,
    Queued,
    Share,
    asked_of,
    loads,
    mean_of,
    queued_of,
    seen_workers,
    shares_of,
)
from diagnostics.service.serving.variants import Shrunk, Variants, variants

__all__ = ["RULES", "Serving", "Settings", "judge", "profile"]

NOTHING: Final = N_("Nothing of a service yet: upload its log, its code or its model (ONNX); each alone is enough to begin.")


TABLE_ROWS: Final = 20_000


@dataclass(frozen=True)
class Settings:
    """What the service should keep."""

    goal: float = 100.0
    """Milliseconds within which 95 of 100 requests are to be answered."""

    workers: int = 0
    """Workers that serve now; 0 for what code and log show."""


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
    stated = settings.workers or (known.workers if known else None) or (None if told is None else seen_workers(told))
    workers = stated or 1
    waiting = None if told is None else queued_of(told)
    load = None if model is None else model.load
    shares = () if told is None else shares_of(told, load, waiting)
    fetch = next((s.time for s in shares if s.stage is Stage.FETCH), None)
    mean = None if told is None else mean_of(told.took)
    simulated = () if told is None else simulate(told, workers, rng)
    cost, from_rows = cost_of(load, told)
    capacity = capacities(told, cost, settings.goal, rng)
    accelerated = None
    if model is not None and model.load is not None:
        cells = tuple((c.batch, c.p50) for c in model.load.cells if (c.threads, c.workers) == (1, 1))
        accelerated = estimate(model.facts, cells, model.width)
    return Serving(
        asked=None if told is None else asked_of(told),
        shares=shares,
        queued=waiting,
        loaded=loads(incident),
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
