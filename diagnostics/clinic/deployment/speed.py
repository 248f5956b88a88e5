"""Latency: percentiles by batch size and workers, measured in this process after warming up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

BATCHES: Final = (1, 32, 512)
WORKERS: Final = (1, 2, 4)
SECONDS: Final = 0.4
"""For each cell; at least `LEAST` requests are timed."""

LEAST: Final = 20
MOST: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How long one request of `batch` rows takes while `workers` threads ask at once."""

    what: str
    batch: int
    workers: int
    p50: float
    """Milliseconds, median."""

    p95: float
    p99: float
    per_second: float
    """Rows predicted a second by all workers."""

    answers: int


def latency(
    what: str, ask: Callable[[int], object], *, batches: Sequence[int] = BATCHES, workers: Sequence[int] = (1,)
) -> tuple[Latency, ...]:
    """ask: predicts that many rows. Each cell is warmed up twice before it is timed."""
    found = []
    for batch in batches:
        for many in workers:
            ask(batch), ask(batch)
            found.append(_cell(what, ask, batch, many))
    return tuple(found)


def _cell(what: str, ask: Callable[[int], object], batch: int, workers: int) -> Latency:
    taken: list[list[float]] = [[] for _ in range(workers)]
    broken: list[BaseException] = []
    began = time.perf_counter()

    def work(mine: list[float]) -> None:
        try:
            while len(mine) < MOST and (len(mine) * workers < LEAST or time.perf_counter() - began < SECONDS):
                start = time.perf_counter()
                ask(batch)
                mine.append(time.perf_counter() - start)
        except (ValueError, RuntimeError) as error:
            broken.append(error)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    passed = time.perf_counter() - began
    times = 1000 * np.concatenate([np.asarray(mine) for mine in taken])
    p50, p95, p99 = (float(value) for value in np.quantile(times, [0.5, 0.95, 0.99]))
    return Latency(
        what=what,
        batch=batch,
        workers=workers,
        p50=p50,
        p95=p95,
        p99=p99,
        per_second=float(batch * times.size / passed),
        answers=int(times.size),
    )
