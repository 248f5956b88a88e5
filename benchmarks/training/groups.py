"""Runs for fitting, choosing and the last look: ``groups.py --group fit --library plain --out a.jsonl``.

Three groups, written down before the first run was trained, each with as many healthy runs as faulty ones. They share no table,
and the later ones use shapes, optimisers, losses and libraries that the first does not hold:

fit: the scoring table and its thresholds are fitted to these, as often as one likes.
choose: which signs, cuts and thresholds are kept is decided by these; nothing is fitted to them until that is decided.
last: looked at once, when everything is decided; the figures of the README are theirs.

A run is a network drawn at random, trained on a table, with one fault or none. A fault counts only where it shows (`runs.shows`).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.training.data import FRESH, LATER, REAL, SCORE, TUNE
from benchmarks.training.keep import append
from benchmarks.training.mlp import train_mlp
from benchmarks.training.plain import PlainNetwork, train_plain
from benchmarks.training.runs import Run, coarser, resumed, rows_of, shows, with_outliers
from diagnostics.clinic.network.settings import Network
from diagnostics.clinic.network.train import Rows, train

TRAINERS: Final[dict[str, Callable[..., Any]]] = {
    "lab": train,
    "sklearn": train_mlp,
    "plain": train_plain,
    "recurrent": train_plain,
}
RATES: Final = {
    "adam": (7e-4, 6e-3),
    "adamw": (7e-4, 6e-3),
    "rmsprop": (7e-4, 4e-3),
    "sgd": (0.02, 0.15),
    "momentum": (4e-3, 3e-2),
    "nesterov": (4e-3, 3e-2),
    "adagrad": (0.01, 0.08),
    "lion": (1.5e-4, 1e-3),
}
LONGEST: Final = 100
MOST: Final = 2
"""Runs with one fault in a family; more are tried where many do not show it."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """tables: names of data.py. depths, widths, batches: to draw from. optimisers, activations: those of a library that knows
    more. losses: of regressions, where the library lets one choose. entropy: first number of every seed.
    """

    tables: tuple[str, ...]
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    batches: tuple[int, ...]
    optimisers: tuple[str, ...]
    activations: tuple[str, ...]
    losses: tuple[str, ...]
    entropy: int


GROUPS: Final = {
    "fit": Group(
        tables=(*TUNE, *SCORE, *FRESH),
        depths=(1, 2, 3, 4),
        widths=(12, 24, 40, 64, 96),
        batches=(16, 32, 32, 64),
        optimisers=("sgd", "momentum", "rmsprop", "adam", "adam", "adamw"),
        activations=("relu", "relu", "tanh", "leaky_relu", "gelu"),
        losses=("mse", "half"),
        entropy=1101,
    ),
    "choose": Group(
        tables=LATER,
        depths=(1, 2, 3, 5),
        widths=(10, 20, 32, 56, 80, 128),
        batches=(12, 24, 40, 48),
        optimisers=("sgd", "momentum", "nesterov", "rmsprop", "adam", "adam", "adamw"),
        activations=("relu", "relu", "tanh", "elu", "gelu"),
        losses=("mse", "half", "huber"),
        entropy=2202,
    ),
    "last": Group(
        tables=tuple(REAL),
        depths=(1, 2, 3, 4, 6),
        widths=(16, 28, 48, 72, 110),
        batches=(8, 20, 32, 56),
        optimisers=("sgd", "nesterov", "adagrad", "lion", "adam", "adam", "adamw"),
        activations=("relu", "relu", "tanh", "elu", "leaky_relu"),
        losses=("mse", "mae", "huber"),
        entropy=3303,
    ),
}
KNOWN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "lab": {
        "optimisers": ("sgd", "momentum", "rmsprop", "adam", "adamw"),
        "activations": ("relu", "leaky_relu", "elu", "gelu", "tanh"),
    },
    "sklearn": {"optimisers": ("sgd", "momentum", "adam"), "activations": ("relu", "tanh")},
}


def family(table: str, library: str, group: Group, rng: np.random.Generator) -> Iterator[Run]:
    """One network on one table: its healthy twin, other healthy runs, and one run or two with each fault; those that show."""
    for _ in range(4):
        seed, count = int(rng.integers(2**31)), int(rng.choice([300, 450, 600]))
        rows = rows_of(table, seed=seed, rows=count)
        base = _base(library, group, rng)
        name = f"{library} {base.activation}-{base.optimiser} {base.depth}x{base.width}"
        twin = _twin(table, library, name, base, rows, rng)
        if shows(twin):
            break
    else:
        return

    def go(problem: str, how: str, settings: Network, given: Rows = rows) -> Run:
        return _run(problem, how, table, library, name, settings, given, rng)

    length = len(twin.told)
    faulty: list[Run] = []
    for problem, how, settings, change in faults(base, library, length, rng):
        run = _measured(go(problem, how, settings, change(table, seed, count, rows) if change else rows), twin, rng)
        if run is not None and sum(problem == one.problem for one in faulty) < MOST:
            faulty.append(run)
    yield from faulty
    healthy = [twin]
    for how, settings in _healthy(base, library, length, rng):
        if len(healthy) >= len(faulty):
            break
        run = _measured(go("", how, settings), twin, rng)
        if run is not None:
            healthy.append(run)
    yield from healthy


def _run(
    problem: str, how: str, table: str, library: str, name: str, settings: Network, rows: Rows, rng: np.random.Generator
) -> Run:
    told = tuple(TRAINERS[library](rows, settings, seed=int(rng.integers(2**31)), keep_steps=True))
    sizes = {"batches": float(len(told[0].step_losses)), "rows": float(len(rows.x))}
    return Run(problem, how, table, name, rows.classes, told, sizes)


def _twin(table: str, library: str, name: str, base: Network, rows: Rows, rng: np.random.Generator) -> Run:
    """The network trained well, and what that reached: the scale by which a fault is judged."""
    patient = replace(base, epochs=2 * LONGEST, patience=int(rng.integers(3, 12)), l2=1e-4)
    twin = _run("", "early stopping", table, library, name, patient, rows, rng)
    best, start = float(np.min(twin.curve("val_loss"))), float(twin.told[0].val_loss)
    return replace(twin, sizes={**twin.sizes, "best": best, "start": start, "own": float(np.mean(twin.curve("loss")[-3:]))})


def _measured(run: Run, twin: Run, rng: np.random.Generator) -> Run | None:
    """The run as some tool logs it: each epoch, or the mean of several; resumed ones from some epoch on. None where its fault
    does not show.
    """
    run = replace(run, sizes={**run.sizes, **{key: twin.sizes[key] for key in ("best", "start", "own")}})
    if not run.problem and rng.random() < 0.2:
        run = resumed(run, int(len(run.told) * rng.uniform(0.1, 0.5)))
    merged = coarser(run, int(rng.choice([1, 1, 1, 2, 3, 4, 6, 10])))
    least = 3 if run.problem == "stopped_too_early" else 6
    for one in (merged, run):
        if (len(one.told) >= least or one is run) and shows(one):
            return one
    return None


def _base(library: str, group: Group, rng: np.random.Generator) -> Network:
    known = KNOWN.get(library, {})
    optimiser = str(rng.choice([one for one in group.optimisers if one in known.get("optimisers", group.optimisers)]))
    activation = str(rng.choice([one for one in group.activations if one in known.get("activations", group.activations)]))
    low, high = RATES[optimiser]
    settings: dict[str, Any] = {
        "depth": int(rng.choice(group.depths)),
        "width": int(rng.choice(group.widths)),
        "activation": activation,
        "batch_norm": library == "lab" and rng.random() < 0.2,
        "optimiser": optimiser,
        "rate": _log(rng, low, high),
        "batch": int(rng.choice(group.batches)),
        "epochs": 60,
    }
    if library in ("plain", "recurrent"):
        recurrent = library == "recurrent"
        settings |= {"depth": 1, "activation": str(rng.choice(["tanh", "tanh", "relu"]))} if recurrent else {}
        return PlainNetwork(**settings, loss=str(rng.choice(group.losses)), recurrent=recurrent)
    return Network(**settings)


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _healthy(base: Network, library: str, length: int, rng: np.random.Generator) -> Iterator[tuple[str, Network]]:
    """Ways to train well, drawn again and again."""
    for _ in range(30):
        long = int(np.clip(length * rng.uniform(0.9, 1.4), 8, 2 * LONGEST))
        change: dict[str, Any] = {"epochs": long, "l2": _log(rng, 1e-5, 1e-3)}
        match int(rng.integers(7)):
            case 0:
                how = "early stopping"
                change |= {"epochs": 2 * LONGEST, "patience": int(rng.integers(3, 20))}
            case 1 | 2:
                how = str(rng.choice(["constant", "cosine", "step", "one_cycle", "cyclical"]))
                change |= {"schedule": how, "warm_up": int(rng.choice([0, 0, 2, 3]))}
            case 3:
                how = "small batches"
                change |= {"batch": max(6, base.batch // 3), "rate": base.rate / 2}
            case 4:
                how = "dropout" if library in ("lab", "plain") else "small rate"
                change |= (
                    {"dropout": float(rng.uniform(0.1, 0.35)), "epochs": int(1.3 * long)}
                    if how == "dropout"
                    else {"rate": base.rate / 2, "epochs": min(2 * LONGEST, 2 * long)}
                )
            case 5:
                how = "wider"
                change |= {"width": int(base.width * rng.uniform(1.2, 2)), "patience": 6, "epochs": 2 * LONGEST}
            case _:
                how = "stronger decay"
                change |= {"l2": _log(rng, 1e-3, 8e-3), "epochs": min(2 * LONGEST, int(1.2 * long))}
        yield how, replace(base, **change)


Changed = Callable[[str, int, int, Rows], Rows]
Fault = tuple[str, str, Network, Changed | None]


def faults(base: Network, library: str, length: int, rng: np.random.Generator) -> Iterator[Fault]:
    def epochs(low: int, high: int) -> int:
        return int(rng.integers(low, high))

    for noisy in (True, False, True):
        few, wrong = int(rng.integers(40, 260)), float(rng.uniform(0.1, 0.4)) if noisy else 0.0
        small = replace(base, epochs=epochs(50, 200), batch=min(base.batch, 16), width=max(base.width, 48), l2=0.0)
        yield "overfitting", f"{few} rows, {wrong:.0%} noise", small, _few(few, wrong)
    changes: list[dict[str, Any]] = [
        {"width": int(rng.integers(1, 3)), "depth": int(rng.integers(1, 3))},
        {"l2": _log(rng, 0.05, 0.6) * (30 if base.optimiser in ("adamw", "lion") else 1)},
    ]
    if library in ("lab", "plain"):
        changes.append({"dropout": float(rng.uniform(0.6, 0.9))})
    for _ in range(3):
        change = changes[int(rng.integers(len(changes)))]
        yield "underfitting", "little room", replace(base, epochs=epochs(30, 140), **change), None
    start = str(rng.choice(["sigmoid", "too_small"]))
    optimiser = str(rng.choice(["sgd", "adam", "momentum"]))
    change = {"optimiser": optimiser, "rate": _log(rng, *RATES[optimiser]), "depth": int(rng.integers(4, 10))}
    change |= {"activation": "sigmoid", "initialisation": str(rng.choice(["lecun", "xavier"]))} if start == "sigmoid" else {}
    change |= {"initialisation": "too_small"} if start == "too_small" else {}
    yield "vanishing_gradient", start, replace(base, batch_norm=False, epochs=epochs(15, 90), **change), None
    optimiser = str(rng.choice(["sgd", "momentum"]))
    change = {"initialisation": "too_large", "optimiser": optimiser, "depth": int(rng.integers(3, 11)), "activation": "relu"}
    made = replace(base, batch_norm=False, epochs=epochs(12, 40), rate=_log(rng, 1e-3, 0.1), **change)
    yield "exploding_gradient", "weights too large", made, None
    change = {"bias": float(-rng.uniform(2, 8)), "depth": int(rng.integers(2, 5)), "activation": "relu", "batch_norm": False}
    yield "dead_units", "bias", replace(base, epochs=epochs(15, 80), **change), None
    for _ in range(2):
        factor = _log(rng, 8, 400)
        yield "learning_rate_too_high", f"{factor:.0f} times", replace(base, epochs=epochs(20, 60), rate=base.rate * factor), None
    factor = _log(rng, 50, 4000)
    yield "learning_rate_too_low", f"1/{factor:.0f}", replace(base, epochs=epochs(20, 120), rate=base.rate / factor), None
    shaky: list[tuple[dict[str, Any], Changed | None]] = [
        ({"batch": int(rng.integers(2, 6)), "rate": base.rate * rng.uniform(2, 8)}, None),
        ({"optimiser": "momentum", "momentum": rng.uniform(0.95, 0.985), "rate": _log(rng, 0.005, 0.03), "batch": 16}, None),
        ({"rate": base.rate * rng.uniform(1, 3)}, lambda table, seed, count, rows: with_outliers(rows, rng)),
        ({"rate": base.rate * rng.uniform(4, 10), "batch": 8}, None),
    ]
    for place in rng.choice(len(shaky), 3, replace=False):
        change, given = shaky[int(place)]
        yield "unstable_training", f"way {place}", replace(base, epochs=epochs(30, 80), **change), given
    long = max(3, int(length * rng.uniform(0.04, 0.25)))
    yield "stopped_too_early", f"{long} of {length}", replace(base, epochs=long), None
    slower = max(4, int(length * rng.uniform(0.15, 0.5)))
    yield "stopped_too_early", f"slower, {slower}", replace(base, epochs=slower, rate=base.rate / 3), None


def _few(count: int, wrong: float) -> Changed:
    def change(table: str, seed: int, total: int, rows: Rows) -> Rows:
        return rows_of(table, seed=seed, rows=total, train_rows=count, flip=wrong if rows.classes else 2 * wrong)

    return change


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=tuple(GROUPS), required=True)
    parser.add_argument("--library", choices=tuple(TRAINERS), required=True)
    parser.add_argument("--families", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first family")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    group = GROUPS[options.group]
    counts: Counter[str] = Counter()
    for place in range(options.first, options.first + options.families):
        rng = np.random.default_rng([group.entropy, place, list(TRAINERS).index(options.library)])
        table = group.tables[(place + list(TRAINERS).index(options.library)) % len(group.tables)]
        kept = list(family(table, options.library, group, rng))
        counts.update(run.problem or "healthy" for run in kept)
        append(options.out, kept)
    print(dict(counts))


if __name__ == "__main__":
    main()
