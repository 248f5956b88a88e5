"""Load on the uploaded model, in the confined processes that may run it: percentiles by batch, threads and workers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.sandbox.confine import Limits
from diagnostics.sandbox.model import Model, Times
from diagnostics.sandbox.wire import Frame
from diagnostics.service.serving.rows import first

BATCHES: Final = (1, 8, 64, 256)
THREADS: Final = 2
WORKERS: Final = 2
SECONDS: Final = 0.3
LEAST: Final = 20
MOST: Final = 3_000


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Answers to `batch` rows by each of `workers` processes at once, each with `threads`. Times in milliseconds."""

    batch: int
    threads: int
    workers: int
    p50: float
    p95: float
    p99: float
    per_second: float
    """Rows answered a second by all workers."""

    answers: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """cells: by batch, threads and workers; fixed, each: milliseconds of an answer, and of each row of it, by least squares."""

    cells: tuple[Cell, ...]
    fixed: float
    each: float
    threads: Reason
    """Why several threads were not tried."""

    def cell(self, batch: int = 1, threads: int = 1, workers: int = 1) -> Cell | None:
        return next((c for c in self.cells if (c.batch, c.threads, c.workers) == (batch, threads, workers)), None)


def measure(path: Path, rows: Frame, *, on_step: Callable[[float], None] = lambda share: None) -> Measured:
    """Raises NotApplicable when the model cannot be run."""
    cells: list[Cell] = []
    reason = Reason()
    ways = [(1, 1), (THREADS, 1), (1, WORKERS)]
    for step, (threads, workers) in enumerate(ways):
        models: list[Model] = []
        try:
            models = [Model(path, Limits(threads=threads)) for _ in range(workers)]
            for place, batch in enumerate(BATCHES):
                on_step((step + place / len(BATCHES)) / len(ways))
                cells.append(_cell(models, first(rows, batch), batch, threads))
        except NotApplicable as why:
            if threads == 1:
                raise
            reason = why.kept
        finally:
            for model in models:
                model.close()
    alone = [c for c in cells if (c.threads, c.workers) == (1, 1)]
    sizes = np.array([c.batch for c in alone], dtype="float64")
    times = np.array([c.p50 for c in alone])
    # Each point counts by its own size, or the largest batch would decide alone.
    weight = 1 / times
    design = np.column_stack([np.ones(sizes.size), sizes]) * weight[:, None]
    fixed, each = np.linalg.lstsq(design, times * weight, rcond=None)[0]
    return Measured(cells=tuple(cells), fixed=max(0.0, float(fixed)), each=max(1e-6, float(each)), threads=reason)


def _cell(models: list[Model], rows: Frame, batch: int, threads: int) -> Cell:
    found: list[Times] = []
    refused: list[NotApplicable] = []

    def work(model: Model) -> None:
        try:
            found.append(model.times(rows, seconds=SECONDS, least=LEAST, most=MOST))
        except NotApplicable as reason:
            refused.append(reason)

    running = [threading.Thread(target=work, args=(model,)) for model in models]
    for one in running:
        one.start()
    for one in running:
        one.join()
    if refused:
        raise refused[0]
    times = np.concatenate([one.milliseconds for one in found])
    p50, p95, p99 = (float(v) for v in np.quantile(times, [0.5, 0.95, 0.99]))
    rate = sum(batch * one.milliseconds.size / one.passed for one in found)
    return Cell(
        batch=batch,
        threads=threads,
        workers=len(models),
        p50=p50,
        p95=p95,
        p99=p99,
        per_second=rate,
        answers=int(times.size),
    )
