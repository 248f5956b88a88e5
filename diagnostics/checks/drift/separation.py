"""Can small trees tell the rows of one table from those of the other? No rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.drift.columns import comparable, gap
from diagnostics.measure import engine
from diagnostics.measure.samples import Encoder, Samples, encoder
from diagnostics.measure.surrogate import one_thread
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.table import Kind

ROWS: Final = 10_000
"""Rows a side at most: with 10,000 the standard error of an AUC near a half is 0.004, finer than any effect worth naming."""

CELLS: Final = 500_000
"""Cells a side at most (rows times columns), so that wide tables take no longer than narrow ones."""

COLUMNS: Final = 100
"""Columns given to the trees at most: those whose own distribution moved most, when there are more."""

BINS: Final = 40
"""Quantile bins that the trees see of a column."""

LEAST_ROWS: Final = 60
"""Rows a side below which no classifier is trained: its AUC would be anything between 0.4 and 0.6."""


@dataclass(frozen=True)
class Frames:
    """What the classifiers see.

    features: names of the columns of `reference` and `current`, float64 matrices of shapes (n, p) and (m, p).
    reference_rows, current_rows: the rows of the samples that they stand for. gaps: how far each feature's own distribution
    moved, 0 to 1, in the order of `features`.
    """

    features: tuple[str, ...]
    reference: NDArray[np.float64]
    current: NDArray[np.float64]
    reference_rows: NDArray[np.intp]
    current_rows: NDArray[np.intp]
    gaps: NDArray[np.float64]
    coder: Encoder


def frames(drawn: Samples, rng: np.random.Generator) -> Frames:
    """Bounded rows of both sides as matrices; no columns when nothing can be compared."""
    names = comparable(drawn)
    sides = (drawn.reference, drawn.current)
    limit = min(ROWS, max(500, CELLS // max(1, min(COLUMNS, len(names)))))
    orders = [rng.permutation(len(frame)) for frame in sides]
    if len(names) > COLUMNS:
        # Chosen on rows that no classifier sees, or the choice itself would tell the tables apart.
        orders, others = [o[: -(o.size // 2)] for o in orders], [o[-(o.size // 2) :] for o in orders]
        seen_by_choice = _gaps(drawn, names, [np.sort(other[:ROWS]) for other in others])
        order = np.argsort(-seen_by_choice, kind="stable")[:COLUMNS]
        names = tuple(names[number] for number in np.sort(order))
    rows = [np.sort(order[:limit]) for order in orders]
    coder = encoder(drawn)
    coder = Encoder(names, coder.kinds, coder.ranks, coder.cap)
    parts = [frame.iloc[chosen] for frame, chosen in zip(sides, rows, strict=True)]
    matrices = _binned(*(coder.matrix(part) if names else np.empty((len(part), 0)) for part in parts))
    return Frames(names, matrices[0], matrices[1], rows[0], rows[1], _gaps(drawn, names, rows), coder)


def _gaps(drawn: Samples, names: tuple[str, ...], rows: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """How far each column moved by itself on the given rows of both sides, 0 to 1, shape (len(names),)."""
    before, after = drawn.reference.iloc[rows[0]], drawn.current.iloc[rows[1]]
    return np.asarray([gap(before[name], after[name], drawn.kinds[name]) for name in names], dtype="float64")


def _binned(reference: NDArray[np.float64], current: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every column cut into at most `BINS` + 1 bins, once: each ensemble of trees would else search its own cuts, at ten times
    the cost of growing it.
    """
    both = np.concatenate([reference, current])
    for number in range(both.shape[1]):
        column = both[:, number]
        known = np.sort(column[~np.isnan(column)])
        if known.size:
            edges = np.unique(known[np.linspace(0, known.size - 1, BINS + 1).astype(int)])
            both[:, number] = np.where(np.isnan(column), np.nan, np.searchsorted(edges, column, side="left"))
    return both[: len(reference)], both[len(reference) :]


@dataclass(frozen=True)
class Separation:
    """How well one table's rows are told from the other's.

    auc: share of pairs (one row of each) that are put right, with its 95% interval; 0.5 is guessing. None of it was measured on
        rows that the trees had learnt. reference, current: for each row, how much it looks like the current table, 0 to 1 at
        equal numbers of rows, shapes (n,) and (m,). importance: how much the AUC falls when one column is shuffled, shape (p,).
    """

    auc: Interval
    reference: NDArray[np.float64]
    current: NDArray[np.float64]
    importance: NDArray[np.float64]


def separate(
    reference: NDArray[np.float64],
    current: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    folds: int = 2,
    explain: bool = False,
) -> Separation | None:
    """Cross-fitted trees; None with fewer than `LEAST_ROWS` rows a side or no column.

    explain: also measure, for each column, how much the AUC falls when that column is shuffled (importance, shape (p,)).
    """
    n, m = len(reference), len(current)
    if min(n, m) < LEAST_ROWS or not reference.shape[1]:
        return None
    x = np.concatenate([reference, current])
    y = np.concatenate([np.zeros(n), np.ones(m)])
    fold = np.concatenate([rng.permutation(n) % folds, rng.permutation(m) % folds])
    told = np.empty(n + m)
    aucs: list[float] = []
    falls = np.zeros(x.shape[1])
    for number in range(folds):
        held = fold == number
        model = _trees()
        with one_thread():
            model.fit(x[~held], y[~held])
            told[held] = model.predict_proba(x[held])[:, 1]
        # Scores of different folds come from different models: only within a fold can they be compared.
        aucs.append(_area(y[held], told[held]))
        if explain and number == 0:
            with one_thread():
                falls = _importance(model, x[held], y[held], rng)
    auc = float(np.mean(aucs))
    # Both tables are to count alike, however many rows they have.
    told = told / m / (told / m + (1 - told) / n)
    half = 1.959964 * auc_error(max(auc, 1 - auc), n, m)
    return Separation(
        Interval(auc, max(0.0, auc - half), min(1.0, auc + half)),
        told[:n],
        told[n:],
        falls,
    )


def _trees() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=8, learning_rate=0.2, min_samples_leaf=20, max_bins=64, early_stopping=False, random_state=0
    )


def _importance(
    model: Any, x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator, *, rows: int = 1_500
) -> NDArray[np.float64]:
    """How much the AUC falls when one column is shuffled, shape (p,) (Breiman 2001, doi:10.1023/A:1010933404324)."""
    chosen = rng.permutation(len(y))[:rows]
    x, y = x[chosen], y[chosen]
    if len(set(y.tolist())) < 2:
        return np.zeros(x.shape[1])
    whole = _area(y, model.predict_proba(x)[:, 1])
    falls = np.zeros(x.shape[1])
    # Several columns in one call: asking the trees costs more than their answers.
    together = max(1, CELLS // x.size)
    for begin in range(0, x.shape[1], together):
        columns = range(begin, min(begin + together, x.shape[1]))
        shuffled = np.tile(x, (len(columns), 1)).reshape(len(columns), *x.shape)
        for copy, column in zip(shuffled, columns, strict=True):
            copy[:, column] = x[rng.permutation(len(x)), column]
        told = model.predict_proba(shuffled.reshape(-1, x.shape[1]))[:, 1].reshape(len(columns), -1)
        falls[columns] = [whole - _area(y, answers) for answers in told]
    return falls


def _area(y: NDArray[np.float64], told: NDArray[np.float64]) -> float:
    """Share of the pairs of a current (y = 1) and a reference row (y = 0) that `told` puts right, ties half."""
    away, home = np.sort(told[y == 1]), np.sort(told[y == 0])
    if not away.size or not home.size:
        return float("nan")
    below = np.searchsorted(home, away, side="left").sum() + np.searchsorted(home, away, side="right").sum()
    return float(below / (2 * away.size * home.size))


def auc_error(auc: float, n: int, m: int) -> float:
    """Standard error of an AUC from n and m rows (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (n - 1) * (q1 - auc * auc) + (m - 1) * (q2 - auc * auc)
    return float(np.sqrt(variance / (n * m)))


def strata(
    reference: NDArray[np.float64], current: NDArray[np.float64], *, bins: int = 20
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A coded column cut into strata of alike values: its values when they are few, else quantiles of both sides.

    Shapes (n,) and (m,). Missing values are a stratum of their own.
    """
    both = np.concatenate([reference, current])
    known = both[~np.isnan(both)]
    distinct = np.unique(known)
    edges = distinct if distinct.size <= bins else np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    cut = np.where(np.isnan(both), edges.size + 1, np.searchsorted(edges, both, side="left"))
    return cut[: len(reference)], cut[len(reference) :]


def matched(
    reference: NDArray[np.intp], current: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of both sides, equally many from each stratum: what the strata say can no longer tell the sides apart."""
    left, right = [], []
    for stratum in np.intersect1d(reference, current):
        a, b = np.flatnonzero(reference == stratum), np.flatnonzero(current == stratum)
        wanted = min(a.size, b.size)
        left.append(rng.permutation(a)[:wanted])
        right.append(rng.permutation(b)[:wanted])
    if not left:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    return np.sort(np.concatenate(left)), np.sort(np.concatenate(right))


def coded_target(drawn: Samples, target: str, chosen: Frames) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The target of the chosen rows as numbers, NaN where missing: classes by the order of their names."""
    sides = [drawn.reference[target].iloc[chosen.reference_rows], drawn.current[target].iloc[chosen.current_rows]]
    if drawn.kinds[target] is not Kind.CATEGORY:
        return engine.seconds(sides[0]), engine.seconds(sides[1])
    classes = sorted({str(v) for side in sides for v in side.dropna().unique()})
    code = {name: float(number) for number, name in enumerate(classes)}
    reference, current = (side.map(code).to_numpy("float64", na_value=np.nan) for side in sides)
    return np.asarray(reference, dtype="float64"), np.asarray(current, dtype="float64")
