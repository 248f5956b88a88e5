"""What overstates a score: duplicates across the split, the future in training, a column that holds the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.data_quality.rows import group_duplicates
from diagnostics.clinic.shared.compare import Progress, Remedy, Result, compare, corrected_interval, ignore_progress, score_fold
from diagnostics.clinic.shared.folds import Fold, folds
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.scores import Metric
from diagnostics.clinic.shared.training_set import Split, TrainingSet, identical
from diagnostics.nouns.incident import Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

ALONE: Final = 0.85
"""Score of one column alone, where 1 is perfect, from which on the others are scored without it."""

ASKED: Final = 3
"""Columns, the most telling ones, that are taken out to see what remains."""

COLUMNS: Final = 100


class Leak(StrEnum):
    TWINS = "twins"
    IDS = "ids"
    TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Inflation:
    """The same model on a random and on a proper split."""

    leak: Leak
    easy: Interval
    """Score where rows are split at random."""

    honest: Interval
    """Score where related rows stay together, or later rows are held out."""

    lost: Interval
    """`easy` less `honest`, in the metric's unit; positive where the random split flatters."""

    folds: int
    rows: int
    """Rows that have a relative in another row."""


@dataclass(frozen=True)
class SingleColumn:
    """One column by itself."""

    column: str
    alone: float
    """Score of the column alone, 0 (chance) to 1 (perfect)."""

    without: Result | None
    """Result of all the others; None where that was not tried."""


def measure_inflation(
    data: TrainingSet, before: Remedy, metric: Metric, *, repeats: int = 2, seed: int = 0, on_progress: Progress = ignore_progress
) -> tuple[Inflation, ...]:
    """One for each way in which rows of this table can leak; empty where none can."""
    found = []
    plain = replace(data, groups=None, order=None, described=replace(data.described, split=Split.PLAIN))
    ids = _ids(data)
    kinds: list[tuple[Leak, NDArray[np.int64] | None]] = [(Leak.IDS, ids), (Leak.TWINS, group_duplicates(data, seed=seed))]
    for index, (leak, groups) in enumerate(kinds):
        if groups is None or len(np.unique(groups)) < 20:
            continue
        on_progress(0.33 * index, N_("Splitting at random and properly"))
        kept = replace(plain, groups=groups)
        sizes = np.bincount(groups)
        related = int((sizes[groups] > 1).sum())
        random = folds(plain, parts=5, repeats=repeats, seed=seed)
        proper = folds(kept, parts=5, repeats=repeats, seed=seed)
        found.append(_measure(leak, plain, before, metric, random, proper, related, seed))
    if data.order is not None:
        on_progress(0.66, N_("Splitting at random and in time"))
        proper = folds(
            replace(data, groups=None, described=replace(data.described, split=Split.ORDERED)), parts=5, repeats=2, seed=seed
        )
        rng = np.random.default_rng((seed, 43))
        random = tuple(_random_like(fold, len(data), rng) for fold in proper)
        if len(proper) > 1:
            found.append(_measure(Leak.TIME, plain, before, metric, random, proper, len(data), seed))
    return tuple(found)


def _ids(data: TrainingSet) -> NDArray[np.int64] | None:
    """The groups, where they come from an id and not from rows being the same."""
    if data.groups is None or data.described.split is Split.IDENTICAL:
        return None
    same = pd.factorize(identical(data.features, data.truth))[0]
    return None if np.array_equal(pd.factorize(data.groups)[0], same) else data.groups


def _random_like(fold: Fold, rows: int, rng: np.random.Generator) -> Fold:
    """A split of the same sizes at random: fewer rows to train on would lower the score by itself."""
    shuffled = rng.permutation(rows)
    train = shuffled[: len(fold.train)]
    return Fold(np.sort(train), np.sort(shuffled[len(fold.train) : len(fold.train) + len(fold.test)]))


def _measure(
    leak: Leak,
    data: TrainingSet,
    before: Remedy,
    metric: Metric,
    random: Sequence[Fold],
    proper: Sequence[Fold],
    rows: int,
    seed: int,
) -> Inflation:
    scores = np.full((2, len(proper)), np.nan)
    for side, made in enumerate((random, proper)):
        for number, fold in enumerate(made):
            try:
                scores[side, number] = score_fold(data, before, fold, metric, seed + number)[0]
            except (ValueError, NotApplicable):
                # A fold with one class alone, say; it is left out of the mean.
                continue
    sign = 1.0 if metric.higher else -1.0
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in proper]))
    lost = corrected_interval(sign * (scores[0] - scores[1]), ratio)
    return Inflation(
        leak=leak,
        easy=corrected_interval(scores[0], ratio),
        honest=corrected_interval(scores[1], ratio),
        lost=lost,
        folds=len(proper),
        rows=rows,
    )


def keep_columns(data: TrainingSet, columns: Sequence[str]) -> TrainingSet:
    """The same rows with only `columns`."""
    kept = set(columns)
    return replace(
        data,
        features=data.features[list(columns)],
        numbers=tuple(name for name in data.numbers if name in kept),
        categories=tuple(name for name in data.categories if name in kept),
    )


def _of(columns: Sequence[str], family: str) -> Callable[[TrainingSet, int], Any]:
    return lambda data, seed: pipeline(keep_columns(data, columns), family, seed=seed)


def score_single_columns(
    data: TrainingSet, family: str, metric: Metric, *, seed: int = 0, on_progress: Progress = ignore_progress
) -> tuple[SingleColumn, ...]:
    """Each column's score alone by a small tree on three folds, the best first; of the best, what is left without them."""
    names = list(data.features.columns)[:COLUMNS]
    made = folds(data, parts=3, repeats=1, seed=seed)
    worst = 0.5 if data.task is Task.CLASSIFICATION else 0.0
    alone: list[tuple[float, str]] = []
    for index, name in enumerate(names):
        on_progress(0.5 * index / len(names), N_("Asking each column alone"))
        # A small tree: a column that holds the target needs few splits, a coincidence needs many.
        one = Remedy(name=name, says=name, build=_alone(name), features=(name,))
        scores = np.array([score_fold(data, one, fold, metric, seed)[0] for fold in made])
        mean = float(np.nanmean(scores)) if np.isfinite(scores).any() else worst
        alone.append((min(1.0, max(0.0, (mean - worst) / (1 - worst))), name))
    alone.sort(key=lambda entry: (-entry[0], entry[1]))
    asked = [name for score, name in alone[:ASKED] if score >= ALONE and len(names) > 1]
    found: dict[str, Result] = {}
    if asked:
        whole = Remedy(name="all", says=N_("all columns"), build=lambda d, s: pipeline(d, family, seed=s))
        others = {name: [n for n in data.features.columns if n != name] for name in asked}
        remedies = [Remedy(name=name, says=name, build=_of(others[name], family), features=tuple(others[name])) for name in asked]

        def later(share: float, what: str = "", so_far: Any = None) -> None:
            on_progress(0.5 + 0.5 * share, N_("Taking out the column that tells most"))

        compared = compare(data, whole, remedies, metric, repeats=1, seed=seed, on_progress=later)
        found = {result.name: result for result in compared.remedies if not result.skipped}
    return tuple(SingleColumn(name, score, found.get(name)) for score, name in alone[:20])


def _alone(column: str) -> Callable[[TrainingSet, int], Any]:
    return lambda data, seed: _small(keep_columns(data, (column,)), seed)


def _small(data: TrainingSet, seed: int) -> Any:
    return pipeline(data, "tree", seed=seed, max_depth=4, min_samples_leaf=max(5, len(data) // 200))
