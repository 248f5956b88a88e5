"""Really trained runs, each with one problem injected or none, and the check that the problem is there.

A run counts only when its problem shows: an overfitted one must end worse on held-out rows than it once was, one that was
stopped early must have been able to go on, a healthy one must end as good as its kind gets. The check knows a healthy twin of
the run (the same table and network); what is tested does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from benchmarks.training.data import table
from diagnostics.clinic.network.train import Epoch, Rows

COLUMNS: Final = 16


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


def with_outliers(rows: Rows, rng: np.random.Generator, *, share: float = 0.02, factor: float = 20.0) -> Rows:
    """A few training rows whose inputs are many times too large: batches that hold one kick the weights."""
    x = rows.x.copy()
    picked = rng.random(len(x)) < share
    x[picked] *= factor
    return replace(rows, x=x)


def coarser(run: Run, times: int) -> Run:
    """The run as a log with one line for every `times` epochs: mean training losses, the last of what is measured at the end."""
    if times < 2 or not np.isfinite(run.curve("loss")).all():
        return run
    told: list[Epoch] = []
    for place in range(0, len(run.told) - times + 1, times):
        part = run.told[place : place + times]
        told.append(
            replace(
                part[-1],
                number=len(told) + 1,
                loss=float(np.mean([epoch.loss for epoch in part])),
                score=float(np.mean([epoch.score for epoch in part])),
                gradients=tuple(np.mean([epoch.gradients for epoch in part], axis=0).tolist()),
                ratios=tuple(np.mean([epoch.ratios for epoch in part], axis=0).tolist()),
                step_losses=tuple(loss for epoch in part for loss in epoch.step_losses),
            )
        )
    return replace(run, told=tuple(told), sizes={**run.sizes, "merged": float(times)}) if told else run


def resumed(run: Run, first: int) -> Run:
    """The run as the log of one that went on from its epoch `first`."""
    told = tuple(replace(epoch, number=place + 1) for place, epoch in enumerate(run.told[first:]))
    return replace(run, told=told, how=f"{run.how}, resumed")


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
