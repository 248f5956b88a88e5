"""What the log tells of a service's requests: their times and sizes, the parts of one, waiting, loads of the model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.reading.kinds import Kind, milliseconds
from diagnostics.checks.operations.reading.scan import scan
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.service.serving.load import Measured
from diagnostics.service.serving.queueing import busiest
from diagnostics.service.serving.requests import Requests, Stage


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


def mean_of(values: NDArray[np.float64]) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else None


def asked_of(told: Requests) -> Asked:
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
        mean=mean_of(told.took),
        fine=told.fine,
        reply=float(np.median(reply)) if reply.size >= 20 else None,
        large=float(np.quantile(reply, 0.99)) if reply.size >= 20 else None,
    )


def queued_of(told: Requests) -> Queued | None:
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


def shares_of(told: Requests, load: Measured | None, queued: Queued | None) -> tuple[Share, ...]:
    """Parts of a mean request by their size; what no line explains is the rest."""
    whole = mean_of(told.took)
    if whole is None or whole <= 0:
        return ()
    times: dict[Stage, tuple[float, bool]] = {}
    for stage, values in told.stages.items():
        time = mean_of(values)
        if time is not None:
            times[stage] = min(time, whole), False
    if Stage.MODEL not in times and load is not None:
        rows = told.rows[np.isfinite(told.rows)]
        usual = float(rows.mean()) if rows.size else 1.0
        times[Stage.MODEL] = min(whole, load.fixed + load.each * usual), True
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


def loads(incident: Incident) -> Loaded | None:
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


def seen_workers(told: Requests) -> int | None:
    """Requests that were worked on at once, at most; None where the log does not tell work from waiting."""
    worked = [np.nan_to_num(values) for stage, values in told.stages.items() if stage is not Stage.WAIT]
    if not told.fine or len(worked) < 2 or not np.isfinite(told.seconds).all():
        return None
    ends = np.sort(told.seconds)
    # Lines are written in whole milliseconds: one that begins as another ends must not seem to overlap it.
    starts = np.sort(told.seconds - (np.sum(worked, axis=0) - 2.0) / 1000)
    under_way = np.arange(1, starts.size + 1) - np.searchsorted(ends, starts, side="right")
    return max(1, int(np.quantile(under_way, 0.995)))
