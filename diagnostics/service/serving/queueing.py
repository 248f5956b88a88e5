"""Requests that wait for a worker: simulated from when they came and how long they take, and by the theory of queues."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ARRIVALS: Final = 20_000
"""Requests that are simulated at most: the busiest stretch of so many."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """Simulated service. Times in milliseconds, from the arrival of a request to its answer."""

    workers: int
    batch: int
    """Requests that are answered together at most; 1 for none."""

    delay: float
    """Milliseconds that the first request waits for others."""

    load: float
    """Times as many requests as the log shows."""

    p50: float
    p95: float
    p99: float
    wait: float
    """Mean milliseconds before the work on a request begins."""

    busy: float
    """Share of the workers' time that they work, 0 to 1; 1 where more comes than they can do."""

    theory: float | None
    """The mean wait that queueing theory expects (Allen and Cunneen's formula); None for batches, and where it is endless."""

    size: float
    """Mean number of requests answered together."""


def simulate(
    arrivals: NDArray[np.float64],
    work: Callable[[int, int], float],
    *,
    workers: int,
    batch: int = 1,
    delay: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """First come, first served. arrivals: seconds, sorted, shape (n,); work(first, count): seconds that the requests from
    `first` on take together; delay: seconds that the first waits for others, unless the batch is full.

    Returns (wait before the work, whole time, both in seconds and of shape (n,); seconds of work; mean size of a batch).
    """
    n = arrivals.size
    free = [0.0] * workers
    waits, whole = np.empty(n), np.empty(n)
    first = batches = 0
    worked = 0.0
    while first < n:
        ready = heapq.heappop(free)
        full = arrivals[first + batch - 1] if first + batch <= n else math.inf
        start = max(ready, min(arrivals[first] + delay, full) if batch > 1 else arrivals[first])
        count = min(batch, int(np.searchsorted(arrivals, start, side="right")) - first) if batch > 1 else 1
        count = max(1, count)
        took = work(first, count)
        waits[first : first + count] = start - arrivals[first : first + count]
        whole[first : first + count] = start + took - arrivals[first : first + count]
        heapq.heappush(free, start + took)
        worked += took
        first += count
        batches += 1
    return waits, whole, worked, n / max(1, batches)


def erlang_c(workers: int, offered: float) -> float:
    """Probability that a request waits, of `workers` that are offered so much work (arrivals times mean service; Erlang 1917)."""
    if offered >= workers:
        return 1.0
    inverse = 1.0
    for k in range(1, workers + 1):
        inverse = 1.0 + inverse * k / offered if offered > 0 else math.inf
    blocked = 1.0 / inverse
    return workers * blocked / (workers - offered * (1 - blocked))


def expected_wait(rate: float, mean: float, workers: int, *, arrival_spread: float = 1.0, service_spread: float = 1.0) -> float:
    """Mean seconds in the queue of G/G/c by Allen and Cunneen's formula (Allen 1990, Probability, Statistics, and Queueing
    Theory, section 5.3): exact for M/M/c, and for one worker and Poisson arrivals Pollaczek and Khinchine's.
    inf where the queue never ends.

    spread: squared coefficients of variation of the gaps between arrivals and of the service times.
    """
    offered = rate * mean
    if offered >= workers:
        return math.inf
    return erlang_c(workers, offered) * mean / (workers - offered) * (arrival_spread + service_spread) / 2


def squared_variation(values: NDArray[np.float64]) -> float:
    """Variance by squared mean."""
    middle = float(values.mean()) if values.size else 0.0
    return float(values.var() / middle**2) if middle > 0 else 0.0


def served(
    arrivals: NDArray[np.float64],
    service: Sequence[float] | NDArray[np.float64] | Callable[[int], float],
    *,
    workers: int,
    batch: int = 1,
    delay: float = 0.0,
    load: float = 1.0,
) -> Served:
    """service: seconds of each request, shape (n,), or a function of the number that are answered together. delay: seconds."""
    came = (arrivals - arrivals[0]) / load
    if callable(service):
        cost = service

        def work(first: int, count: int) -> float:
            return cost(count)

        each = np.full(came.size, service(1))
    else:
        each = np.asarray(service, dtype="float64")

        def work(first: int, count: int) -> float:
            return float(each[first : first + count].sum())

    waits, whole, worked, size = simulate(came, work, workers=workers, batch=batch, delay=delay)
    passed = float(came[-1] - came[0]) or 1e-9
    gaps = np.diff(came)
    theory = None
    if batch == 1 and gaps.size:
        mean = expected_wait(
            1 / max(1e-12, float(gaps.mean())),
            float(each.mean()),
            workers,
            arrival_spread=squared_variation(gaps),
            service_spread=squared_variation(each),
        )
        theory = None if math.isinf(mean) else 1000 * mean
    p50, p95, p99 = (1000 * float(v) for v in np.quantile(whole, [0.5, 0.95, 0.99]))
    return Served(
        workers=workers,
        batch=batch,
        delay=1000 * delay,
        load=load,
        p50=p50,
        p95=p95,
        p99=p99,
        wait=1000 * float(waits.mean()),
        busy=min(1.0, worked / (workers * passed)),
        theory=theory,
        size=size,
    )


def busiest(seconds: NDArray[np.float64], took: NDArray[np.float64], *, most: int = ARRIVALS) -> slice:
    """The `most` consecutive requests that came closest together; all where there are fewer."""
    n = seconds.size
    if n <= most:
        return slice(0, n)
    lengths = seconds[most - 1 :] - seconds[: n - most + 1]
    start = int(np.argmin(lengths))
    return slice(start, start + most)


def spread_within_seconds(seconds: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Times that are written in whole seconds, each at a random place within its second; sorted."""
    return np.sort(np.floor(seconds) + rng.random(seconds.size))
