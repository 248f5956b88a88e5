"""Where the current rows lie among the reference's: only there can a model fitted on the reference check anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.surrogate import one_thread

FOLDS: Final = 2

LIKELY: Final = 0.8
"""A row is outside when a classifier gives it more than this probability of being a current one: four to one against the
reference. Cai, Namkoong and Yadlowsky 2023 (arXiv:2303.02011) compare models on such a shared support only."""


@dataclass(frozen=True)
class Coverage:
    """weights: weight of each reference row, shape (n,), that makes the reference look like the current rows inside.

    inside: whether a current row lies where the reference has rows, shape (m,).
    apart: how well a classifier tells the two apart, area under the ROC curve, 0.5 (not at all) to 1.
    """

    weights: NDArray[np.float64]
    inside: NDArray[np.bool_]
    apart: float


def coverage(reference: NDArray[np.float64], current: NDArray[np.float64], rng: np.random.Generator) -> Coverage:
    """Of encoded rows, shapes (n, p) and (m, p). With fewer than 30 rows on a side only the ranges are compared."""
    beyond = _beyond(reference, current)
    n, m = len(reference), len(current)
    if n < 30 or m < 30:
        return Coverage(np.ones(n), ~beyond, 0.5)
    chance = _chance(reference, current, rng)
    home, away = chance[:n], chance[n:]
    inside = (away <= LIKELY) & ~beyond
    odds = np.where(home <= LIKELY, home / (1 - np.minimum(home, LIKELY)), 0.0)
    weights = odds if odds.sum() > 0 else np.ones(n)
    return Coverage(weights, inside, _auc(home, away))


def _chance(reference: NDArray[np.float64], current: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Probability of being a current row, shape (n + m,), each row judged by a classifier that has not seen it."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = np.vstack([reference, current])
    is_current = np.repeat([0, 1], [len(reference), len(current)])
    fold = np.concatenate([rng.permutation(size) % FOLDS for size in (len(reference), len(current))])
    chance = np.empty(len(rows))
    for left_out in range(FOLDS):
        used = fold != left_out
        judge = HistGradientBoostingClassifier(
            max_iter=30, learning_rate=0.1, max_leaf_nodes=15, early_stopping=False, random_state=0
        )
        with one_thread():
            # A column without any value can't be cut into bins.
            told = np.isfinite(rows[used]).any(axis=0)
            judge.fit(rows[used][:, told], is_current[used])
            chance[~used] = judge.predict_proba(rows[~used][:, told])[:, 1]
    # As if both sides were of one size. (Weighting the rows in the fit says the same and takes ten times as long.)
    odds = chance / np.maximum(1 - chance, 1e-9) * (len(reference) / len(current))
    return np.asarray(odds / (1 + odds))


def _beyond(reference: NDArray[np.float64], current: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Current rows with a value that the reference never has: above, below, or missing where it never is. Shape (m,)."""
    known = np.isfinite(reference)
    low = np.where(known, reference, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, reference, -np.inf).max(axis=0, initial=-np.inf)
    missing = np.isnan(current)
    # A hair's breadth beyond the extremes is still the same place.
    slack = 0.02 * np.where(high > low, high - low, 0.0)
    out = (current < low - slack) | (current > high + slack)
    never = known.all(axis=0)
    return np.asarray((out | (missing & never)).any(axis=1))


def _auc(home: NDArray[np.float64], away: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([home, away]))
    n, m = home.size, away.size
    return float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))
