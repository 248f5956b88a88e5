"""What watching, lasting and sharing cost: a search beside bare loops of `study.optimize` over the same objective.

    python -m benchmarks.search.overhead [--trials 40] [--pairs 3] [--rows 4000] [--family boosting]

All make the very same trials on the same folds, nothing is ended early, and the order changes from pair to pair. `bare` is
Optuna's loop in memory in one thread; `bare, two threads` the same with ``n_jobs=2``; `search` has its study in SQLite, live
results each second, and two processes. `one worker` is the search in one process: what the storage and the watching cost alone.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna

from diagnostics.clinic.search.check import Prepared, Settings, prepare, take_snapshot
from diagnostics.clinic.search.objective import Objective
from diagnostics.clinic.search.plan import Method
from diagnostics.clinic.search.sampler import LAG, Proposer
from diagnostics.clinic.search.storage import open_storage, store_rows
from diagnostics.clinic.search.trials import create_study, open_study, run_trials
from diagnostics.clinic.search.worker import start_workers
from tests.clinic.frames import classes
from tests.factory import incident_of


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--trials", type=int, default=40)
    options.add_argument("--pairs", type=int, default=3)
    options.add_argument("--rows", type=int, default=4_000)
    options.add_argument("--family", default="boosting")
    given = options.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        incident = incident_of(folder, classes(np.random.default_rng(0), given.rows, columns=12), target="answer")
        # At random, so that all make the very same trials; TPE's own thinking is the same on both sides.
        settings = Settings(family=given.family, methods=(Method.RANDOM,), trials=given.trials, pruning=False)
        prepared = prepare(incident, settings)
        Objective(prepared.plans[0], prepared.searched).score({}, 0)
        ways: dict[str, Callable[[int], None]] = {
            "bare": lambda number: bare(prepared, 1),
            "bare, two threads": lambda number: bare(prepared, 2),
            "one worker": lambda number: searched(prepared, folder / f"one{number}.sqlite", 1),
            "search": lambda number: searched(prepared, folder / f"two{number}.sqlite", 2),
        }
        wall: dict[str, list[float]] = {name: [] for name in ways}
        used: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(given.pairs):
            names = list(ways)[number % 4 :] + list(ways)[: number % 4]
            for name in names:
                began, before = time.perf_counter(), _cpu()
                ways[name](number)
                wall[name].append(time.perf_counter() - began)
                used[name].append(_cpu() - before)
    print(f"{given.family}, {given.rows} rows, {given.trials} trials, medians of {given.pairs}")
    for name in ways:
        ratio = statistics.median(a / b for a, b in zip(wall[name], wall["bare"], strict=True))
        cost = statistics.median(a / b for a, b in zip(used[name], used["bare"], strict=True))
        middle, seconds = statistics.median(wall[name]), statistics.median(used[name])
        print(f"{name:20} {middle:7.1f} s  {ratio:5.2f} of bare   CPU {seconds:7.1f} s  {cost:5.2f} of bare")


def bare(prepared: Prepared, threads: int) -> None:
    """Optuna's own loop."""
    plan = prepared.plans[0]
    study, proposer = optuna.create_study(direction="maximize"), Proposer(plan, lag=None)
    for place in range(plan.trials):
        study.enqueue_trial(proposer.propose(place, []) or {})
    study.optimize(Objective(plan, prepared.searched), n_trials=plan.trials, n_jobs=threads)


def searched(prepared: Prepared, file: Path, workers: int) -> None:
    """What the page does between its button and the judgement, live results included."""
    url, name = f"sqlite:///{file}", prepared.names[0]
    with open_storage(url) as opened:
        store_rows(opened, prepared.plans[0].table, prepared.content)
        create_study(opened, name, replace(prepared.plans[0]))
        last = [time.monotonic()]
        with start_workers(url, [name], workers - 1, lag=LAG):
            bound = [open_study(opened, name, lag=LAG)]

            def live(_: object) -> None:
                if time.monotonic() - last[0] > 1:
                    take_snapshot(prepared, bound, opened)
                    last[0] = time.monotonic()

            run_trials(opened, bound, ended=live)
            assert take_snapshot(prepared, bound, opened).studies[0].finished == prepared.plans[0].trials


def _cpu() -> float:
    """CPU seconds of this process and of those that it has seen end."""
    return sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
