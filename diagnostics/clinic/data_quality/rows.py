"""Rows that say the same, rows that contradict each other, and rows that stand apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.shared.training_set import TrainingSet, identical
from diagnostics.nouns.incident import Task

KEPT: Final = 5_000
"""Numbers of rows that are remembered for the download."""

NEAR_ROWS: Final = 6_000
"""Rows among which nearly equal ones are looked for: every pair is measured."""

NEAR: Final = 0.02
"""Rows nearly equal: in every number within this share of the column's spread, in every category the same."""

NEAR_COLUMNS: Final = 3
"""With fewer numeric columns than this, many rows are close to each other anyway."""

MANY_VALUES: Final = 50
APART: Final = 3.5
"""Modified z-score from which a row stands apart (Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers)."""

FAR_OUT: Final = 3.0
"""Ranges between quartiles beyond the quartiles: Tukey's outer fence (1977, Exploratory Data Analysis)."""

DIFFERENT: Final = 0.5
"""Standard deviations of the target by which equal rows must differ to contradict each other."""


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Rows that repeat, contradict or nearly equal another. The tuples hold numbers of training rows, at most `KEPT`."""

    rows: int
    """Rows examined."""

    patterns: int
    """Different rows, the target left out."""

    repeated: int
    """Rows equal to an earlier one, the target too."""

    conflicts: int
    """Rows equal to one with another target."""

    ceiling: float | None
    """Share of the rows that the best of all models could predict right; None for a quantity."""

    near: int
    """Rows that nearly equal another, of `near_rows`."""

    near_rows: int
    by_chance: int
    """How many there would be if the columns were shuffled."""

    repeated_rows: tuple[int, ...]
    conflict_rows: tuple[int, ...]
    near_rows_numbers: tuple[int, ...]


@dataclass(frozen=True)
class FarOut:
    """Far-out values of one column."""

    column: str
    rows: int
    """Values beyond the fences `low` and `high`."""

    low: float
    high: float


@dataclass(frozen=True)
class Outliers:
    """Rows that the isolation forest sets apart."""

    looked: int
    """Rows examined."""

    rows: int
    """Rows that stand apart."""

    columns: tuple[FarOut, ...]
    """Columns with far-out values, the most first."""

    numbers: tuple[int, ...]
    """Numbers of the rows in the training set."""


def find_copies(data: TrainingSet, *, seed: int = 0) -> Copies:
    pattern = identical(data.features)
    whole = identical(data.features, data.truth)
    repeated = pd.Series(whole).duplicated().to_numpy()
    conflict = find_conflicts(data, pattern)
    ceiling = None
    if data.task is Task.CLASSIFICATION:
        counted = pd.DataFrame({"pattern": pattern, "truth": data.truth}).value_counts()
        ceiling = float(counted.groupby("pattern").max().sum() / len(data))
    near, looked, chance = _near(data, pattern, seed)
    return Copies(
        rows=len(data),
        patterns=int(pattern.max()) + 1,
        repeated=int(repeated.sum()),
        conflicts=int(conflict.sum()),
        ceiling=ceiling,
        near=len(near),
        near_rows=looked,
        by_chance=chance,
        repeated_rows=_numbers(np.flatnonzero(repeated)),
        conflict_rows=_numbers(np.flatnonzero(conflict)),
        near_rows_numbers=_numbers(near),
    )


def find_conflicts(data: TrainingSet, pattern: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Rows that are equal to one with another target, shape (rows,)."""
    pattern = identical(data.features) if pattern is None else pattern
    groups = pd.Series(data.truth).groupby(pattern)
    if data.task is Task.CLASSIFICATION:
        return np.asarray(groups.transform("nunique").to_numpy() > 1)
    spread = groups.transform("max").to_numpy() - groups.transform("min").to_numpy()
    return np.asarray(spread > DIFFERENT * float(np.std(data.truth.astype("float64"))))


def group_duplicates(data: TrainingSet, *, seed: int = 0) -> NDArray[np.int64] | None:
    """Codes of rows that are equal or nearly so, shape (rows,); None where all differ. Nearly equal ones only in small tables."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pattern = identical(data.features)
    first = np.unique(pattern, return_index=True)[1]
    pairs = np.empty((0, 2), dtype="int64")
    if len(first) <= NEAR_ROWS:
        pairs, chance = _pairs(data, first, seed)
        if len(pairs) <= 5 * max(1, chance):
            pairs = pairs[:0]
    if len(first) == len(data) and not len(pairs):
        return None
    left, right = pattern[first[pairs[:, 0]]], pattern[first[pairs[:, 1]]]
    links = coo_array((np.ones(len(left)), (left, right)), shape=(len(first), len(first)))
    return np.asarray(connected_components(links, directed=False)[1][pattern], dtype="int64")


def _near(data: TrainingSet, pattern: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], int, int]:
    """Numbers of the rows that nearly equal another, how many rows were examined, and how many shuffled columns would give."""
    first = np.unique(pattern, return_index=True)[1]
    if len(first) > NEAR_ROWS:
        first = np.sort(np.random.default_rng((seed, 41)).choice(first, NEAR_ROWS, replace=False))
    pairs, chance = _pairs(data, first, seed)
    return np.unique(first[pairs.ravel()]).astype("int64"), len(first), chance


def _pairs(data: TrainingSet, rows: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], int]:
    """Places in `rows` of each nearly equal pair, shape (k, 2), and the pairs among shuffled columns."""
    numbers = [name for name in data.numbers if data.features[name].nunique() >= MANY_VALUES]
    if len(numbers) < NEAR_COLUMNS or len(rows) < 2:
        return np.empty((0, 2), dtype="int64"), 0
    matrix = matrix_of(data, rows)
    rng = np.random.default_rng((seed, 42))
    shuffled = np.column_stack([rng.permutation(matrix[:, index]) for index in range(matrix.shape[1])])
    return _close(matrix), len(_close(shuffled))


def _close(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each row with its nearest where these are closer than `NEAR` in every column, shape (k, 2)."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=2, algorithm="brute", n_jobs=1).fit(matrix).kneighbors(matrix, return_distance=False)
    own = np.arange(len(matrix))
    other = np.where(near[:, 0] == own, near[:, 1], near[:, 0])
    close = np.abs(matrix - matrix[other]).max(axis=1) <= NEAR
    return np.column_stack([own[close], other[close]]).astype("int64")


def matrix_of(data: TrainingSet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The features as numbers, shape (len(rows), p): numbers by their median and spread between the 5th and 95th percentile,
    missing ones 0; categories as whole numbers, so that two levels are never near.
    """
    columns = []
    for name in data.features.columns:
        values = data.features[name].iloc[rows]
        if name in data.categories:
            columns.append(pd.factorize(values)[0].astype("float64"))
            continue
        held = values.to_numpy("float64")
        known = held[np.isfinite(held)]
        if not known.size:
            columns.append(np.zeros(len(rows)))
            continue
        low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
        spread = high - low or float(known.std()) or 1.0
        columns.append(np.nan_to_num((held - middle) / spread, nan=0.0))
    return np.column_stack(columns)


def flag_outliers(data: TrainingSet, rows: NDArray[np.int64], *, seed: int = 0) -> NDArray[np.bool_]:
    """Which of `rows` stand apart from the rest of them: isolation forest (Liu et al. 2008, doi:10.1109/ICDM.2008.17), its score
    by the modified z-score. Shape (len(rows),).
    """
    from sklearn.ensemble import IsolationForest

    matrix = matrix_of(data, rows)
    forest = IsolationForest(n_estimators=60, random_state=seed, n_jobs=1).fit(matrix)
    strange = -forest.score_samples(matrix)
    middle = float(np.median(strange))
    spread = float(np.median(np.abs(strange - middle)))
    if spread == 0:
        return np.zeros(len(rows), dtype=bool)
    return np.asarray(0.6745 * (strange - middle) / spread > APART)


def find_outliers(data: TrainingSet, *, seed: int = 0) -> Outliers:
    every = np.arange(len(data))
    stand = np.flatnonzero(flag_outliers(data, every, seed=seed))
    found = []
    for name in data.numbers:
        values = data.features[name].to_numpy("float64")
        known = values[np.isfinite(values)]
        if np.unique(known).size < 10:
            continue
        low, high = np.quantile(known, [0.25, 0.75])
        fences = float(low - FAR_OUT * (high - low)), float(high + FAR_OUT * (high - low))
        count = int(((known < fences[0]) | (known > fences[1])).sum())
        # More than a tenth of the rows are a second group, or a column that is nearly always the same, and no outliers.
        if high > low and 0 < count <= 0.1 * known.size:
            found.append(FarOut(name, count, *fences))
    found.sort(key=lambda column: (-column.rows, column.column))
    return Outliers(len(data), len(stand), tuple(found[:20]), _numbers(stand))


def _numbers(rows: NDArray[np.integer]) -> tuple[int, ...]:
    return tuple(int(row) for row in rows[:KEPT])
