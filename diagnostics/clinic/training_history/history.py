"""History: one training run as curves, whatever tool wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.refusal import Reason

POINTS: Final = 2_000
"""Points of a curve that are kept; longer ones become the means of as many stretches."""

LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE, GRADIENT = "loss", "val_loss", "score", "val_score", "rate", "gradient"
PARTS: Final = (LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE, GRADIENT)


@dataclass(frozen=True)
class Curve:
    """part: one of PARTS. name: as the file calls it. x: epochs, steps or rounds, rising. y: finite values, as long as x.

    lost_at: place from which on the value is no number any more (NaN, infinite); None where it stays one.
    rising: more is better.
    """

    part: str
    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    lost_at: float | None = None
    rising: bool = False

    @property
    def values(self) -> NDArray[np.float64]:
        return np.array(self.y, dtype="float64")


@dataclass(frozen=True)
class Layer:
    """One layer over the run: x as in a Curve; norms of its weight gradient, sizes of updates by the size of the weights,
    shares of
    units that answer nothing; each as long as x or empty. lost_at: as in a Curve.
    """

    name: str
    x: tuple[float, ...]
    gradients: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    dead: tuple[float, ...] = ()
    lost_at: float | None = None


@dataclass(frozen=True)
class History:
    """One run.

    file: name of its file; with "#2" behind it for the second run of a file.
    format: which tool wrote it: "keras_csv", "lightning", "huggingface", "xgboost", "lightgbm", "catboost", "tensorboard",
        "mlflow", "recorder", "json_lines", "json", "printed" or "csv".
    unit: "epoch", "step" or "round".
    epochs: how many there were, counted in epochs where the file has them, else in its rows.
    layers: first layer first.
    notes: what was left out or assumed while reading.
    setting: "supervised", "adversarial" or "reinforcement"; the losses of the last two need not fall.
    """

    file: str
    format: str
    unit: str
    epochs: int
    curves: tuple[Curve, ...]
    layers: tuple[Layer, ...] = ()
    notes: tuple[Reason, ...] = ()
    setting: str = "supervised"

    def curve(self, part: str) -> Curve | None:
        return next((curve for curve in self.curves if curve.part == part), None)


def make_curve(
    part: str,
    name: str,
    x: Sequence[float] | NDArray[np.float64],
    y: Sequence[float] | NDArray[np.float64],
    *,
    rising: bool = False,
) -> Curve | None:
    """A curve from raw values: NaN stands for a gap, infinity for a value that was stated and is no number. None without a value.

    A value that is no number and never becomes one again is where training broke; followed by numbers it is a gap in the file.
    """
    places, values = np.asarray(x, dtype="float64"), np.asarray(y, dtype="float64")
    stated = ~np.isnan(values) & np.isfinite(places)
    places, values = places[stated], values[stated]
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    good = np.isfinite(values)
    lost_at: float | None = None
    if len(good) and not good[-1]:
        last = int(np.flatnonzero(good)[-1]) if good.any() else -1
        lost_at = float(places[last + 1])
    if not good.any() and lost_at is None:
        return None
    places, values = _thin(places[good], values[good])
    return Curve(part, name, tuple(places.tolist()), tuple(values.tolist()), lost_at, rising)


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(x) <= POINTS:
        return x, y
    parts = np.linspace(0, len(x), POINTS + 1).astype(int)[:-1]
    counts = np.diff(np.append(parts, len(x)))
    return np.add.reduceat(x, parts) / counts, np.add.reduceat(np.clip(y, -1e300, 1e300) / 1.0, parts) / counts


def by_epoch(epoch: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the stated values of each epoch, in order; infinite where one of them is no number."""
    stated = ~np.isnan(values) & np.isfinite(epoch)
    if not stated.any():
        return np.empty(0), np.empty(0)
    places, inverse = np.unique(epoch[stated], return_inverse=True)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.bincount(inverse, weights=values[stated])
    means = sums / np.bincount(inverse)
    return places, np.where(np.isnan(means), np.inf, means)
