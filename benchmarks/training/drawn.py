"""Runs whose network, optimiser, length and fault are drawn by lot: nothing in them is a list that a rule could be fitted to.

`python benchmarks/training/drawn.py --library lab|sklearn --tables fresh --families 10 --seed 3 --out runs.jsonl` keeps them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.training.data import FRESH, LATER, SCORE, TUNE
from benchmarks.training.keep import append
from benchmarks.training.mlp import train_mlp
from benchmarks.training.runs import Run, rows_of, shows, with_outliers
from diagnostics.clinic.network.settings import Network
from diagnostics.clinic.network.train import Rows, train

TRAINERS: Final[dict[str, Callable[..., Any]]] = {"lab": train, "sklearn": train_mlp}
RATES: Final = {
    "adam": (7e-4, 6e-3),
    "adamw": (7e-4, 6e-3),
    "rmsprop": (7e-4, 4e-3),
    "sgd": (0.02, 0.15),
    "momentum": (4e-3, 3e-2),
}
KNOWN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "lab": {"activation": ("relu", "relu", "tanh", "leaky_relu", "elu", "gelu"), "optimiser": tuple(RATES)},
    "sklearn": {"activation": ("relu", "relu", "tanh"), "optimiser": ("adam", "adam", "sgd", "momentum")},
}
LONGEST: Final = 100
SHAPES: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]] = {
    "usual": ((1, 2, 3, 4), (12, 24, 40, 64, 96), (16, 32, 32, 64)),
    "other": ((1, 2, 3, 5), (10, 20, 32, 56, 80, 128), (12, 24, 40, 48)),
}
"""Depths, widths and batch sizes to draw from."""


def family(table: str, library: str, rng: np.random.Generator, shapes: str = "usual") -> Iterator[Run]:
    """One base network on one table: its healthy twin, and runs with each problem."""
    seed = int(rng.integers(2**31))
    count = int(rng.choice([300, 450, 600]))
    rows = rows_of(table, seed=seed, rows=count)
    base = _base(library, rng, *SHAPES[shapes])
    name = f"{library} {base.activation}-{base.optimiser} {base.depth}x{base.width}"

    def go(problem: str, how: str, settings: Network, given: Rows = rows) -> Run:
        told = tuple(TRAINERS[library](given, settings, seed=int(rng.integers(2**31)), keep_steps=True))
        sizes = {"batches": float(len(told[0].step_losses)), "rows": float(len(given.x))}
        return Run(problem, how, table, name, rows.classes, told, sizes)

    twin = go("", "early stopping", replace(base, epochs=2 * LONGEST, patience=int(rng.integers(5, 20)), l2=1e-4))
    ends = {
        "best": float(np.min(twin.curve("val_loss"))),
        "start": float(twin.told[0].val_loss),
        "own": float(np.mean(twin.curve("loss")[-3:])),
    }
    yield replace(twin, sizes={**twin.sizes, **ends})
    for problem, how, settings, change in _faults(base, library, len(twin.told), rng):
        given = change(table, seed, count, rows) if change else rows
        run = go(problem, how, settings, given)
        yield replace(run, sizes={**run.sizes, **ends})


def _base(
    library: str, rng: np.random.Generator, depths: tuple[int, ...], widths: tuple[int, ...], batches: tuple[int, ...]
) -> Network:
    optimiser = str(rng.choice(KNOWN[library]["optimiser"]))
    low, high = RATES[optimiser]
    return Network(
        depth=int(rng.choice(depths)),
        width=int(rng.choice(widths)),
        activation=str(rng.choice(KNOWN[library]["activation"])),
        batch_norm=library == "lab" and rng.random() < 0.2,
        optimiser=optimiser,
        rate=_log(rng, low, high),
        batch=int(rng.choice(batches)),
        epochs=60,
    )


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


Changed = Callable[[str, int, int, Rows], Rows]
Fault = tuple[str, str, Network, Changed | None]


def _faults(base: Network, library: str, length: int, rng: np.random.Generator) -> Iterator[Fault]:
    def epochs(low: int, high: int) -> int:
        return int(rng.integers(low, high))

    for kind in ("constant", *rng.choice(["cosine", "step", "one_cycle", "cyclical"], 2, replace=False)):
        warm = int(rng.choice([0, 0, 2, 3]))
        long = int(np.clip(length * rng.uniform(0.9, 1.4), 8, 2 * LONGEST))
        yield "", str(kind), replace(base, epochs=long, schedule=str(kind), warm_up=warm, l2=_log(rng, 1e-5, 1e-3)), None
    for _ in range(2):
        few, wrong = int(rng.integers(40, 260)), float(rng.uniform(0.1, 0.4))
        small = replace(base, epochs=epochs(50, 200), batch=min(base.batch, 16), width=max(base.width, 48), l2=0.0)
        yield "overfitting", f"{few} rows, {wrong:.0%} noise", small, _few(few, wrong)
    for _ in range(2):
        changes: list[dict[str, Any]] = [
            {"width": int(rng.integers(1, 3)), "depth": int(rng.integers(1, 3))},
            {"l2": _log(rng, 0.05, 0.6) * (30 if base.optimiser == "adamw" else 1)},
        ]
        if library == "lab":
            changes.append({"dropout": float(rng.uniform(0.6, 0.9))})
        yield (
            "underfitting",
            "little room",
            replace(base, epochs=epochs(30, 140), **changes[int(rng.integers(len(changes)))]),
            None,
        )
    for start in ("sigmoid", "too_small"):
        optimiser = str(rng.choice(["sgd", "adam", "momentum"]))
        change: dict[str, Any] = {"optimiser": optimiser, "rate": _log(rng, *RATES[optimiser]), "depth": int(rng.integers(4, 10))}
        change |= {"activation": "sigmoid", "initialisation": str(rng.choice(["lecun", "xavier"]))} if start == "sigmoid" else {}
        change |= {"initialisation": "too_small"} if start == "too_small" else {}
        yield "vanishing_gradient", start, replace(base, batch_norm=False, epochs=epochs(15, 90), **change), None
    for _ in range(2):
        optimiser = str(rng.choice(["sgd", "momentum"]))
        change = {"initialisation": "too_large", "optimiser": optimiser, "depth": int(rng.integers(3, 11)), "activation": "relu"}
        made = replace(base, batch_norm=False, epochs=epochs(12, 40), rate=_log(rng, 1e-3, 0.1), **change)
        yield "exploding_gradient", "weights too large", made, None
    for _ in range(2):
        change = {"bias": float(-rng.uniform(2, 8)), "depth": int(rng.integers(2, 5)), "activation": "relu", "batch_norm": False}
        yield "dead_units", "bias", replace(base, epochs=epochs(15, 80), **change), None
    for _ in range(3):
        factor = _log(rng, 8, 400)
        yield "learning_rate_too_high", f"{factor:.0f} times", replace(base, epochs=epochs(20, 60), rate=base.rate * factor), None
    for _ in range(2):
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
    for _ in range(2):
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
    parser.add_argument("--library", choices=tuple(TRAINERS), default="lab")
    parser.add_argument("--tables", default="tune", help="tune, score, fresh, later, or names separated by commas")
    parser.add_argument("--families", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shapes", choices=tuple(SHAPES), default="usual")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    groups = {"tune": TUNE, "score": SCORE, "fresh": FRESH, "later": LATER}
    tables = groups.get(options.tables) or tuple(options.tables.split(","))
    counts: Counter[str] = Counter()
    for place in range(options.families):
        rng = np.random.default_rng([options.seed, place, len(options.library)])
        kept = [run for run in family(tables[place % len(tables)], options.library, rng, options.shapes) if shows(run)]
        counts.update(run.problem or "healthy" for run in kept)
        append(options.out, kept)
    print(dict(counts))


if __name__ == "__main__":
    main()
