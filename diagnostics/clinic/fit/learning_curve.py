"""The learning curve: held-out score against rows trained on, and what twice the rows would bring, where that can be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import TRAINED_ROWS, Progress, Remedy, corrected_interval, fit, ignore_progress, score
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.scores import Metric
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_

SHARES: Final = (0.1, 0.18, 0.32, 0.56, 1.0)
"""Shares of the training rows, even steps on a log scale."""

LEAST: Final = 30
POWERS: Final = tuple(float(c) for c in np.linspace(0.1, 2.0, 191))
"""Exponents that learning curves were seen to have (Viering and Loog 2021, doi:10.1109/TPAMI.2022.3220744, section 4)."""

DRAWS: Final = 200


class More(StrEnum):
    """What the curve says of more rows."""

    HELPS = "helps"
    FLAT = "flat"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Point:
    """Scores of models trained on so many rows."""

    rows: int
    """Rows trained on."""

    held: Interval
    """Score on held-out rows, with its interval."""

    trained: Interval
    """Score on the rows trained on, with its interval."""


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """Scores by rows, and the power law through them."""

    points: tuple[Point, ...]
    """Ascending in rows."""

    doubled: Interval
    """Gain with twice the rows, positive is better, with its 95% interval."""

    more: More
    """Whether that is a help, too little to matter, or unknown."""

    power: float
    """Power of the fitted curve."""

    limit: float
    """Score that it tends to."""

    drawn: tuple[tuple[float, float], ...]
    """(rows, score) of the fitted curve, up to twice the rows; empty where unknown."""


def learning_curve(
    data: TrainingSet, remedy: Remedy, metric: Metric, *, parts: int = 5, seed: int = 0, on_progress: Progress = ignore_progress
) -> LearningCurve:
    """Each fold's model is trained on growing parts of the same training rows, and judged on the same held-out ones."""
    made = folds(data, parts=parts, repeats=1, seed=seed)
    sizes = sorted({max(LEAST, int(share * min(len(f.train) for f in made))) for share in SHARES})
    held = np.full((len(made), len(sizes)), np.nan)
    trained = np.full_like(held, np.nan)
    for number, fold in enumerate(made):
        order = _order(data, fold.train, np.random.default_rng((seed, 7, number)))
        for index, size in enumerate(sizes):
            on_progress((number * len(sizes) + index) / (len(made) * len(sizes)), N_("Training on growing parts of the rows"))
            rows = order[-size:] if data.order is not None else order[:size]
            try:
                model, rows = fit(data, remedy, rows, seed + number)
            except ValueError:
                # A small part may lack a class; the larger parts still make a curve.
                continue
            held[number, index] = score(data, model, remedy, fold.test, metric)
            trained[number, index] = score(data, model, remedy, rows[:TRAINED_ROWS], metric)
    ratio = float(np.mean([len(f.test) / len(f.train) for f in made]))
    scored = np.isfinite(held).all(axis=0)
    held, trained = held[:, scored], trained[:, scored]
    kept_sizes = [size for size, whole in zip(sizes, scored, strict=True) if whole]
    points = tuple(
        Point(size, corrected_interval(held[:, index], ratio), corrected_interval(trained[:, index], ratio))
        for index, size in enumerate(kept_sizes)
    )
    return extrapolate(points, kept_sizes, held, ratio, metric, np.random.default_rng((seed, 8)))


def _order(data: TrainingSet, train: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Training rows at random, or in the order of time: then the latest are taken, next to those that are judged."""
    if data.order is not None:
        return train[np.argsort(data.order[train], kind="stable")]
    return rng.permutation(train)


def extrapolate(
    points: tuple[Point, ...],
    sizes: Sequence[int],
    held: NDArray[np.float64],
    ratio: float,
    metric: Metric,
    rng: np.random.Generator,
) -> LearningCurve:
    """The power law limit + slope * rows ** -power through the fold means; its interval from resampled folds.

    held: shape (folds, sizes). Refused where the interval is wider than the climb seen and than four times what is worth
    speaking of: then the folds differ more than the curve climbs.
    """
    sign = 1.0 if metric.higher else -1.0
    nothing = Interval(0.0, 0.0, 0.0)
    from scipy.stats import norm, t

    if len(sizes) < 4 or sizes[-1] < 2 * sizes[0]:
        return LearningCurve(points=points, doubled=nothing, more=More.UNKNOWN, power=0.0, limit=0.0, drawn=())
    rows = np.asarray(sizes, dtype="float64")
    means = sign * held.mean(axis=0)
    # A resampled mean varies with 1/J alone, but folds share training rows: its spread is widened as in `corrected_interval`,
    # and by the quantile of t, as the spread of five folds is itself uncertain.
    few = float(t.ppf(0.975, len(held) - 1) / norm.ppf(0.975))
    widen = few * float(np.sqrt((1 / len(held) + ratio) * len(held) * len(held) / (len(held) - 1)))
    resampled = sign * held[rng.integers(0, len(held), (DRAWS, len(held)))].mean(axis=1)
    limits, slopes, powers = _power_laws(rows, np.vstack([means, means + widen * (resampled - means)]))
    gains = slopes * (rows[-1] ** -powers - (2 * rows[-1]) ** -powers)
    value, limit, slope, power = float(gains[0]), float(limits[0]), float(slopes[0]), float(powers[0])
    low, high = (float(edge) for edge in np.quantile(gains[1:], [0.025, 0.975]))
    doubled = Interval(value, min(low, value), max(high, value))
    climb = float(means[-1] - means[0])
    floor = metric.floor * abs(float(means[-1])) if metric.relative else metric.floor
    more = More.HELPS if doubled.low > 0 and value >= floor else More.FLAT
    least = max(4 * floor, climb)
    # A curve may also bend flat early by chance: the last step shows how far the folds differ.
    last = corrected_interval(sign * (held[:, -1] - held[:, -2]), ratio)
    wide = doubled.high - doubled.low > least or last.high - last.low > 2 * least
    if wide or (more is More.FLAT and doubled.high >= 4 * floor):
        more = More.UNKNOWN
    ahead = np.geomspace(rows[0], 2 * rows[-1], 40)
    curve = [(round(float(n), 1), float(sign * (limit - slope * n**-power))) for n in ahead]
    return LearningCurve(
        points=points,
        doubled=doubled,
        more=more,
        power=power,
        limit=float(sign * limit),
        drawn=tuple(curve) if more is not More.UNKNOWN else (),
    )


def _power_laws(rows: NDArray[np.float64], means: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """limit, slope (at least 0) and power of the best fit to each line of `means`, shape (lines, sizes); each result (lines,).

    Larger parts weigh more: their scores vary less.
    """
    weights = rows / rows.sum()
    base = rows[None, :] ** -np.asarray(POWERS)[:, None]
    centre = base @ weights
    off = base - centre[:, None]
    middle = means @ weights
    # Weighted least squares for every line and power at once: shape (lines, powers).
    slope = np.maximum(0.0, -((means - middle[:, None]) * weights) @ off.T / ((off**2) @ weights))
    fitted = middle[:, None, None] - slope[:, :, None] * off[None, :, :]
    best = (((fitted - means[:, None, :]) ** 2) @ weights).argmin(axis=1)
    lines = np.arange(len(means))
    slopes = slope[lines, best]
    return middle + slopes * centre[best], slopes, np.asarray(POWERS)[best]
