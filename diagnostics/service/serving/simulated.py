"""The log's requests served again: by other numbers of workers, under more load, and in batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.service.serving.load import Measured
from diagnostics.service.serving.queueing import Served, busiest, served, spread_within_seconds
from diagnostics.service.serving.requests import Requests, Stage

NUMBERS: Final = (1, 2, 4, 8, 16)
"""Workers that are simulated."""
LOADS: Final = (1.0, 2.0, 4.0)
BATCHED: Final = ((8, 0.002), (32, 0.005), (64, 0.010))
"""Requests answered together at most, and seconds that the first of them waits."""
CAPACITY_ROWS: Final = 4_000


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Requests a second that one worker answers within the goal; batch 1 is one by one."""

    batch: int
    delay: float
    """Milliseconds."""

    per_second: float


def simulate(told: Requests, workers: int, rng: np.random.Generator) -> tuple[Served, ...]:
    """The busiest stretch of the log's requests, by `NUMBERS` of workers and today's `workers`, at `LOADS` times its load.

    Empty with fewer than 100 requests of a known time.
    """
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


def cost_of(load: Measured | None, told: Requests | None) -> tuple[Callable[[int], float] | None, bool]:
    """Seconds that so many rows take together: measured on the model, else read from batches in the log; whether from these."""
    if load is not None:
        fixed, each = load.fixed / 1000, load.each / 1000
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


def capacities(
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
