"""Systematic bias: groups of held-out rows whose predictions are too high or too low on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import Remedy, fit
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.scores import Predictions, predict
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.intervals import Interval

TENTHS: Final = 10
QUARTERS: Final = 4
LEVELS: Final = 12
COLUMNS: Final = 40
LEAST: Final = 30
"""Rows of a segment, below which a mean says little."""

ALPHA: Final = 0.01
"""Chance of naming any segment of an unbiased model, after Bonferroni over all that were looked at."""

SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Rows of one group."""

    column: str
    """"" where the groups are tenths of the predictions."""

    level: str
    """The category, "" for a range of numbers."""

    low: float | None
    """Lower bound of a range."""

    high: float | None
    """Upper bound of a range."""

    rows: int
    off: Interval
    """Mean of label less prediction, with an interval that holds for all segments together."""

    true: float
    """Mean of the labels."""

    told: float
    """Mean of the predictions."""


@dataclass(frozen=True)
class Bias:
    """Groups of rows by how far their predictions are off."""

    tenths: tuple[Segment, ...]
    """Groups by the size of the prediction, ascending."""

    worst: tuple[Segment, ...]
    """Segments that are off beyond chance, the farthest first."""

    looked: int
    """Segments examined."""

    spread: float
    """Standard deviation of label less prediction."""


def bias(data: TrainingSet, remedy: Remedy, *, parts: int = 5, seed: int = 0) -> Bias:
    """Every row is predicted by a model that did not see it (where the folds cover all rows)."""
    made = folds(data, parts=parts, repeats=1, seed=seed)
    true, answer = np.full(len(data), np.nan), np.full(len(data), np.nan)
    for number, fold in enumerate(made):
        model, _ = fit(data, remedy, fold.train, seed + number)
        given = predict(model, data.features.iloc[fold.test], data)
        true[fold.test], answer[fold.test] = as_numbers(data, given, fold.test)
    seen = np.flatnonzero(np.isfinite(answer))
    true, answer = true[seen], answer[seen]
    groups: list[tuple[str, str, float | None, float | None, NDArray[np.bool_]]] = []
    for low, high, inside in _cut(answer, TENTHS):
        groups.append(("", "", low, high, inside))
    tenths = len(groups)
    for name in data.features.columns[:COLUMNS]:
        groups += _of(str(name), data.features[name].iloc[seen], name in data.categories)
    from scipy.stats import norm

    z = float(norm.ppf(1 - ALPHA / 2 / max(1, len(groups))))
    segments = [_segment(group, true, answer, z) for group in groups]
    spread = float(np.std(true - answer))
    worst = [s for s in segments if s.rows >= LEAST and (s.off.low > 0 or s.off.high < 0)]
    worst.sort(key=lambda s: -abs(s.off.value))
    return Bias(tuple(segments[:tenths]), tuple(worst[:SHOWN]), len(groups), spread)


def as_numbers(data: TrainingSet, given: Predictions, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Labels and predictions as numbers: values; of two classes, the one to be found and its probability; of more, whether the
    prediction is right and its probability.
    """
    truth = data.truth[rows]
    if data.task is Task.REGRESSION or given.chances is None:
        return truth.astype("float64"), np.asarray(given.labels, dtype="float64")
    if len(data.classes) == 2:
        return (truth == 1).astype("float64"), given.chances[:, 1]
    return (truth == given.labels).astype("float64"), given.chances.max(axis=1)


def _cut(values: NDArray[np.float64], parts: int) -> list[tuple[float, float, NDArray[np.bool_]]]:
    known = values[np.isfinite(values)]
    if known.size < parts * 2:
        return []
    edges = np.unique(np.quantile(known, np.linspace(0, 1, parts + 1)))
    if len(edges) < 2:
        return []
    index = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return [(float(edges[part]), float(edges[part + 1]), np.isfinite(values) & (index == part)) for part in range(len(edges) - 1)]


def _of(name: str, values: pd.Series, category: bool) -> list[tuple[str, str, float | None, float | None, NDArray[np.bool_]]]:
    if not category:
        numbers = values.to_numpy("float64")
        made: list[tuple[str, str, float | None, float | None, NDArray[np.bool_]]] = [
            (name, "", low, high, inside) for low, high, inside in _cut(numbers, QUARTERS)
        ]
        return made
    counts = values.value_counts()
    common = [level for level in counts.index[:LEVELS] if counts[level] >= LEAST]
    return [(name, str(level), None, None, (values == level).to_numpy(bool)) for level in common]


def _segment(group: Any, true: NDArray[np.float64], answer: NDArray[np.float64], z: float) -> Segment:
    name, level, low, high, inside = group
    rows = int(inside.sum())
    if rows < 2:
        return Segment(column=name, level=level, low=low, high=high, rows=rows, off=Interval(0.0, 0.0, 0.0), true=0.0, told=0.0)
    off = true[inside] - answer[inside]
    value, half = float(off.mean()), z * float(off.std(ddof=1)) / float(np.sqrt(rows))
    return Segment(
        column=name,
        level=level,
        low=low,
        high=high,
        rows=rows,
        off=Interval(value, value - half, value + half),
        true=float(true[inside].mean()),
        told=float(answer[inside].mean()),
    )
