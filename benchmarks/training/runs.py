"""Really trained runs, each with one problem injected or none, and the check that the problem is there.

A run counts only when its truth shows: an overfitted one must end worse on held-out rows than it once was, one that was
stopped early must have
been able to go on, a healthy one must end as good as its kind gets. The check knows a healthy twin of the run (the same table and
network); the doctor does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from benchmarks.training.data import SCORE, TUNE, table
from diagnostics.clinic.network.settings import Network as Settings
from diagnostics.clinic.network.train import Epoch, Rows, train

ARCHITECTURES: Final[dict[str, dict[str, Settings]]] = {
    "tune": {
        "relu-adam": Settings(depth=2, width=32, optimiser="adam", rate=0.003, batch=32),
        "relu-sgd": Settings(depth=3, width=32, optimiser="sgd", rate=0.05, batch=32),
        "tanh-momentum": Settings(depth=2, width=24, activation="tanh", initialisation="xavier", optimiser="momentum", rate=0.02),
        "bn-adam": Settings(depth=3, width=32, batch_norm=True, optimiser="adam", rate=0.005, batch=64),
    },
    "score": {
        "gelu-adamw": Settings(depth=3, width=48, activation="gelu", optimiser="adamw", rate=0.002, l2=1e-3, batch=24),
        "relu-rmsprop": Settings(depth=2, width=40, optimiser="rmsprop", rate=0.002, batch=48),
        "elu-momentum": Settings(depth=4, width=24, activation="elu", optimiser="momentum", rate=0.01, batch=16),
    },
}
COLUMNS: Final = 16
DEEP: Final = Settings(depth=6, width=32, activation="relu", optimiser="sgd", rate=0.03, batch=32)
Way = tuple[str, dict[str, Any]]
"""What is done to a training, and the settings that do it."""

ENOUGH: Final = {"adam": 60, "sgd": 90, "momentum": 60, "rmsprop": 60, "adamw": 60}


@dataclass(frozen=True)
class Run:
    """problem: a code of the contract, "" for a healthy run. told: one entry per epoch."""

    problem: str
    how: str
    table: str
    architecture: str
    classes: int
    told: tuple[Epoch, ...]
    sizes: dict[str, float] = field(default_factory=dict)

    def curve(self, name: str) -> np.ndarray[Any, Any]:
        return np.array([getattr(epoch, name) for epoch in self.told], dtype="float64")


def rows_of(
    name: str, *, seed: int, rows: int = 600, train_rows: int | None = None, flip: float = 0.0, raw: bool = False
) -> Rows:
    """Standardised rows, a third held out. flip: share of wrong training labels, or noise by spread. raw: the target of a
    regression keeps its unit.
    """
    rng = np.random.default_rng(seed)
    x, y, classes = table(name, rng, rows)
    cut = max(2, len(x) * 2 // 3)
    used = cut if train_rows is None else min(cut, train_rows)
    mean, spread = x[:cut].mean(0), x[:cut].std(0)
    spread = np.where(spread < 1e-6, 1.0, spread)
    # All tables take one shape, by a random projection: the networks need not be compiled anew for each.
    x = ((x - mean) / spread) @ (rng.standard_normal((x.shape[1], COLUMNS)) / np.sqrt(x.shape[1]))
    x = (x / x[:cut].std(0)).astype("float32")
    if classes:
        y = y.astype("int32")
        wrong = rng.random(used) < flip
        y[:used][wrong] = rng.integers(0, classes, size=int(wrong.sum()))
    else:
        y = y.astype("float32") if raw else ((y - y[:cut].mean()) / y[:cut].std()).astype("float32")
        y[:used] += flip * y[:cut].std() * rng.standard_normal(used).astype("float32")
    return Rows(x=x[:used], y=y[:used], x_held=x[cut:], y_held=y[cut:], classes=classes)


def runs(group: str, *, seed: int = 0, tables: tuple[str, ...] | None = None) -> Iterator[Run]:
    """Every run of a group ("tune", "score") whose truth shows."""
    for name in tables or (TUNE if group == "tune" else SCORE):
        for place, (architecture, settings) in enumerate(ARCHITECTURES[group].items()):
            yield from _family(name, architecture, settings, np.random.default_rng([seed, place, len(name), ord(name[0])]))


def _run(problem: str, how: str, name: str, architecture: str, rows: Rows, settings: Settings, seed: int) -> Run:
    told = tuple(train(rows, settings, seed=seed, keep_steps=True))
    sizes = {"batches": float(len(told[0].step_losses)), "rows": float(len(rows.x))}
    return Run(problem, how, name, architecture, rows.classes, told, sizes)


def _family(name: str, architecture: str, base: Settings, rng: np.random.Generator) -> Iterator[Run]:
    seed = int(rng.integers(10_000))
    rows = rows_of(name, seed=seed)
    enough = ENOUGH[base.optimiser]
    patient = replace(base, epochs=2 * enough, patience=8, l2=max(base.l2, 1e-4))
    twin = _run("", "early stopping", name, architecture, rows, patient, seed)
    best = float(np.min(twin.curve("val_loss")))
    start = float(twin.told[0].val_loss)

    def go(problem: str, how: str, settings: Settings, given: Rows = rows) -> Run:
        return _run(problem, how, name, architecture, given, settings, int(rng.integers(10_000)))

    made = [twin]
    schedules: tuple[Way, ...] = (
        ("cosine", {"schedule": "cosine"}),
        ("warm-up, one cycle", {"schedule": "one_cycle"}),
        ("steps", {"schedule": "step", "warm_up": 2}),
        ("cyclical", {"schedule": "cyclical"}),
        ("strong decay", {"l2": 3e-3}),
    )
    for how, change in schedules:
        length = int(np.clip(len(twin.told) * rng.uniform(0.8, 1.3), 8, 2 * enough))
        made.append(
            go(
                "",
                how,
                replace(
                    base, epochs=length, l2=max(base.l2, change.get("l2", 1e-4)), **{k: v for k, v in change.items() if k != "l2"}
                ),
            )
        )
    for count, flip in ((60, 0.2), (120, 0.1), (120, 0.3), (250, 0.3)):
        few = rows_of(name, seed=seed, train_rows=count, flip=flip if rows.classes else 2 * flip)
        small = replace(base, epochs=int(rng.integers(80, 220)), l2=0.0, batch=min(base.batch, 16), width=64)
        made.append(go("overfitting", f"{count} rows, {flip:.0%} noise", small, few))
    simple: tuple[Way, ...] = (
        ("one unit", {"width": 1, "depth": 1}),
        ("strong decay", {"l2": 0.1 if base.optimiser != "adamw" else 3.0}),
        ("stronger decay", {"l2": 0.5 if base.optimiser != "adamw" else 12.0}),
        ("dropout 0.8", {"dropout": 0.8}),
        ("no hidden layer to speak of", {"width": 2, "depth": 2, "activation": "tanh", "initialisation": "xavier"}),
    )
    for how, change in simple:
        made.append(go("underfitting", how, replace(base, epochs=int(enough * rng.uniform(0.7, 2.0)), **change)))
    vanishing: tuple[Way, ...] = (
        (
            "sigmoid, 8 layers",
            {"activation": "sigmoid", "depth": 8, "initialisation": "lecun", "optimiser": "adam", "rate": 0.003},
        ),
        (
            "sigmoid, 5 layers, sgd",
            {"activation": "sigmoid", "depth": 5, "initialisation": "xavier", "optimiser": "sgd", "rate": 0.03},
        ),
        ("too small, 6 layers", {"initialisation": "too_small", "depth": 6, "optimiser": "sgd", "rate": 0.05}),
        (
            "tanh too small, 10 layers",
            {"activation": "tanh", "initialisation": "too_small", "depth": 10, "optimiser": "momentum", "rate": 0.01},
        ),
    )
    for how, change in vanishing:
        made.append(go("vanishing_gradient", how, replace(DEEP, epochs=int(rng.integers(20, 80)), **change)))
    for how, depth, rate in (
        ("too large, 6 layers", 6, 0.01),
        ("too large, 10 layers", 10, 0.003),
        ("too large, 4 layers", 4, 0.05),
    ):
        change = {"activation": "relu", "initialisation": "too_large", "optimiser": "sgd", "depth": depth, "rate": rate}
        made.append(go("exploding_gradient", how, replace(DEEP, epochs=30, **change)))
    dead: tuple[Way, ...] = (
        ("bias -6", {"bias": -6.0}),
        ("bias -2.5", {"bias": -2.5}),
        ("bias -4, first steps huge", {"bias": -4.0, "depth": 3}),
    )
    for how, change in dead:
        change = {"depth": 3, "optimiser": base.optimiser, "rate": base.rate, **change}
        made.append(go("dead_units", how, replace(DEEP, epochs=int(rng.integers(20, 60)), **change)))
    for factor in (10, 30, 100, 300):
        made.append(go("learning_rate_too_high", f"{factor} times", replace(base, epochs=40, rate=base.rate * factor)))
    for factor in (100, 300, 1000, 3000):
        made.append(
            go("learning_rate_too_low", f"1/{factor}", replace(base, epochs=int(rng.integers(30, 100)), rate=base.rate / factor))
        )
    for how, change in (
        ("batch 4, rate x3", {"batch": 4, "rate": base.rate * 3}),
        ("batch 4, rate x6", {"batch": 4, "rate": base.rate * 6}),
        ("momentum 0.97", {"optimiser": "momentum", "momentum": 0.97, "rate": 0.01, "batch": 16}),
        ("momentum 0.98, batch norm", {"optimiser": "momentum", "momentum": 0.98, "rate": 0.02, "batch": 16}),
        ("rmsprop 0.02", {"optimiser": "rmsprop", "rate": 0.02, "batch": 16}),
    ):
        made.append(go("unstable_training", how, replace(base, epochs=50, **change)))
    wild = with_outliers(rows, rng)
    for share in (1.0, 2.0):
        made.append(go("unstable_training", "outlying rows", replace(base, epochs=50, rate=base.rate * share), wild))
    for share in (0.06, 0.12, 0.2):
        length = max(3, int(len(twin.told) * share))
        made.append(go("stopped_too_early", f"{length} of {len(twin.told)} epochs", replace(base, epochs=length)))
        made.append(go("stopped_too_early", f"slower, {2 * length} epochs", replace(base, epochs=2 * length, rate=base.rate / 3)))
    ends = {"best": best, "start": start, "own": float(np.mean(twin.curve("loss")[-3:]))}
    yield from (replace(run, sizes={**run.sizes, **ends}) for run in made)


def with_outliers(rows: Rows, rng: np.random.Generator, *, share: float = 0.02, factor: float = 20.0) -> Rows:
    """A few training rows whose inputs are many times too large: batches that hold one kick the weights."""
    x = rows.x.copy()
    picked = rng.random(len(x)) < share
    x[picked] *= factor
    return replace(rows, x=x)


def shows(run: Run) -> bool:
    """Whether the run has what it is called by, with its twin's lowest held-out loss, its first one and its own end as the
    scale.
    """
    best, start, own_end = run.sizes["best"], run.sizes["start"], run.sizes["own"]
    held, own = run.curve("val_loss"), run.curve("loss")
    scale = max(start - best, 1e-9)
    finite = bool(np.isfinite(held).all() and np.isfinite(own).all())
    last = float(np.median(held[-3:])) if finite else np.inf
    end = float(np.median(own[-3:])) if finite else np.inf
    lowest = float(np.nanmin(held)) if np.isfinite(held).any() else np.inf
    reached = (start - last) / scale
    behind = (end - own_end) / max(start - own_end, 1e-9)
    rises = float(np.mean(np.diff(own)[len(own) // 5 :] > 0.04 * max(start - own_end, 1e-9))) if finite and len(own) > 5 else 0.0
    dead = max(run.told[-1].dead, default=0.0)
    spans = [epoch.gradients[0] / (epoch.gradients[-1] + 1e-30) for epoch in run.told]
    match run.problem:
        case "":
            settled = last - lowest < 0.08 * scale + 0.03 * abs(lowest)
            return finite and reached > 0.85 and settled and last - end < 0.25 * max(start - end, 1e-9) and rises < 0.1
        case "overfitting":
            return finite and last - lowest > 0.15 * max(scale, lowest) and end < 0.7 * lowest
        case "underfitting":
            moved = (
                abs(float(own[-len(own) // 5 :].mean() - own[-len(own) // 2 : -len(own) // 5].mean())) if len(own) > 10 else 0.0
            )
            visible = end > 0.55 * float(own[0])  # a plateau that another table would have at its best is no sign
            return finite and reached < 0.6 and behind > 0.35 and rises < 0.05 and moved < 0.04 * scale and visible
        case "vanishing_gradient":
            return finite and reached < 0.3 and float(np.median(spans)) < 0.02 and dead < 0.7
        case "exploding_gradient":
            return not finite or float(np.nanmax(own)) > 100 * start or max(max(epoch.gradients) for epoch in run.told) > 1e3
        case "dead_units":
            return finite and dead > 0.7 and reached < 0.7
        case "learning_rate_too_high":
            return not finite or (behind > 0.3 and (reached < 0.5 or float(np.nanmax(own)) > 5 * start))
        case "learning_rate_too_low":
            still = float(own[len(own) * 2 // 3] - end) > 0.01 * abs(float(own[0]))  # else it stands on a plateau like any other
            return finite and reached < 0.6 and behind > 0.3 and own[-1] < own[0] and (still or reached < 0.1)
        case "unstable_training":
            return finite and lowest < best + 0.5 * scale and rises > 0.15
        case "stopped_too_early":
            falls = float(held[len(held) * 2 // 3 - 1] - held[-1]) > 0.05 * abs(float(held[-1]))
            return finite and last - best > 0.2 * scale + 0.1 * best and falls and reached > (0.1 if len(own) > 5 else -0.5)
    return False
