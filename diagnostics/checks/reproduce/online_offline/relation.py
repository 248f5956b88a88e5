"""How one column of the same rows differs between offline and online: equal, rounded, scaled, permuted, recoded, or otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EXACT: Final = 1e-9
"""Relative difference of two floats that are the same number, written twice."""

CLOSE: Final = 1e-4
"""Largest distance from the line, as a share of the column's spread, at which a value still lies on it."""

MOST: Final = 0.95
"""Share of the changed rows that one map must explain to give the change its name."""

LINKED: Final = 0.5
"""Rank correlation, or share of equal levels beyond chance, from which two columns speak of the same rows."""


class RelationKind(StrEnum):
    EQUAL = "equal"
    MISSING = "missing"
    ROUNDED = "rounded"
    AFFINE = "affine"
    PERMUTED = "permuted"
    RECODED = "recoded"
    OTHER = "other"


@dataclass(frozen=True)
class Relation:
    """kind: what turns offline values into online ones, in the rows that differ. share: rows that differ, 0 to 1.

    slope, offset: online = slope * offline + offset (1 and 0 unless affine). link: rank correlation, or for categories the share
    of equal levels beyond chance, over all rows. differs: shape (n,). decimals: of rounded numbers, None otherwise.
    """

    name: str
    kind: RelationKind
    share: float
    link: float
    differs: NDArray[np.bool_]
    slope: float = 1.0
    offset: float = 0.0
    decimals: int | None = None


def relate_numbers(name: str, offline: NDArray[np.float64], online: NDArray[np.float64]) -> Relation:
    """Of paired values, shapes (n,), NaN where missing."""
    gone = np.isnan(online) & ~np.isnan(offline)
    both = np.isfinite(offline) & np.isfinite(online)
    size = np.maximum(np.abs(offline), np.abs(online))
    with np.errstate(invalid="ignore"):
        same = (np.abs(offline - online) <= EXACT * size) | (offline == online) | (np.isnan(offline) & np.isnan(online))
    differs = ~same
    share = float(differs.mean())
    link = _ranking(offline[both], online[both])
    if share == 0:
        return Relation(name, RelationKind.EQUAL, share, link, differs)
    if gone[differs].mean() >= MOST:
        return Relation(name, RelationKind.MISSING, share, link, differs)
    moved = differs & both
    a, b = offline[moved], online[moved]
    if a.size < 5:
        return Relation(name, RelationKind.OTHER, share, link, differs)
    decimals = _rounding(a, b)
    if decimals is not None:
        return Relation(name, RelationKind.ROUNDED, share, link, differs, decimals=decimals)
    line = _line(a, b)
    if line is not None:
        return Relation(name, RelationKind.AFFINE, share, link, differs, *line)
    everywhere_same_values = _quantile_gap(offline[both], online[both]) < 0.02
    if everywhere_same_values and _ranking(a, b) < 0.3 and share >= 0.2:
        return Relation(name, RelationKind.PERMUTED, share, link, differs)
    return Relation(name, RelationKind.OTHER, share, link, differs)


def relate_levels(name: str, offline: pd.Series, online: pd.Series) -> Relation:
    """Of paired level names, shapes (n,), None where missing."""
    a, b = offline.to_numpy(dtype=object), online.to_numpy(dtype=object)
    known_a, known_b = offline.notna().to_numpy(), online.notna().to_numpy()
    differs = (known_a != known_b) | (known_a & known_b & (a != b))
    share = float(differs.mean())
    link = _agreement(a, b, known_a & known_b)
    if share == 0:
        return Relation(name, RelationKind.EQUAL, share, link, differs)
    if (known_a & ~known_b)[differs].mean() >= MOST:
        return Relation(name, RelationKind.MISSING, share, link, differs)
    moved = differs & known_a & known_b
    x, y = a[moved], b[moved]
    if x.size < 5:
        return Relation(name, RelationKind.OTHER, share, link, differs)
    table = pd.crosstab(x, y).to_numpy()
    one_to_one = min(table.max(axis=1).sum(), table.max(axis=0).sum()) / table.sum()
    if one_to_one >= MOST and (table.shape[0] > 1 or not set(y.tolist()) & set(a[known_a].tolist())):
        return Relation(name, RelationKind.RECODED, share, max(link, float(one_to_one)), differs)
    before, after = pd.Series(a[known_a]).value_counts(normalize=True), pd.Series(b[known_b]).value_counts(normalize=True)
    gap = float(before.sub(after, fill_value=0.0).abs().sum() / 2)
    if gap < 0.02 and link < 0.3 and share >= 0.2:
        return Relation(name, RelationKind.PERMUTED, share, link, differs)
    return Relation(name, RelationKind.OTHER, share, link, differs)


def _rounding(a: NDArray[np.float64], b: NDArray[np.float64]) -> int | None:
    """Decimals that the online values keep of the offline ones (negative: tens, hundreds); None when they are not rounded.

    9 stands for single precision.
    """
    scale = np.maximum(np.abs(a), 1e-12)
    if np.mean(np.abs(a - b) <= 1e-6 * scale) >= MOST:
        return 9
    for decimals in (6, 5, 4, 3, 2, 1, 0, -1, -2, -3):
        step = 10.0**-decimals
        on_grid = np.abs(b / step - np.round(b / step)) < 1e-6
        # Rounding and cutting off both stay within one step.
        if np.mean(on_grid & (np.abs(a - b) < step * (1 + 1e-9))) >= MOST and np.ptp(a) > 3 * step:
            return decimals
    return None


def _line(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float] | None:
    """Slope and offset that map at least `MOST` of `a` to `b`, None where no line does. A few rows can't bend it."""
    x, y = _points(a, b)
    spread = float(np.ptp(np.quantile(a, [0.1, 0.9]))) or float(np.ptp(a))
    third = max(1, x.size // 3)
    run = float(np.median(x[-third:]) - np.median(x[:third]))
    if spread <= 0 or run <= 0:
        return None
    slope = float((np.median(y[-third:]) - np.median(y[:third])) / run)
    offset = float(np.median(y - slope * x))
    for _ in range(3):
        # Least squares on the rows near the line sharpens what the medians only guess.
        residual = np.abs(y - slope * x - offset)
        near = residual <= max(float(np.quantile(residual, 0.6)), 1e-12)
        if near.sum() < 2 or np.ptp(x[near]) == 0:
            break
        centre = x[near] - x[near].mean()
        slope = float(centre @ y[near] / (centre @ centre))
        offset = float(y[near].mean() - slope * x[near].mean())
    if abs(offset) <= EXACT * abs(slope) * spread:
        offset = 0.0
    if abs(slope) < 1e-12:
        return None
    close = np.abs(b - slope * a - offset) <= CLOSE * abs(slope) * spread + EXACT * np.abs(b)
    return (slope, offset) if float(close.mean()) >= MOST else None


def _points(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The pairs in the order of `a`; where values repeat, one point per value, so that a mass at zero does not hide the line."""
    values, place, counts = np.unique(a, return_inverse=True, return_counts=True)
    if values.size > a.size / 2:
        order = np.argsort(a, kind="stable")
        return a[order], b[order]
    by_value = b[np.lexsort((b, place))]
    ends = np.cumsum(counts)
    return values, by_value[ends - counts + (counts - 1) // 2]


def _quantile_gap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest gap between the quantiles, as a share of the spread."""
    if a.size < 5 or b.size < 5:
        return float("inf")
    at = np.linspace(0.05, 0.95, 19)
    spread = float(np.ptp(np.quantile(a, [0.02, 0.98]))) or float(np.ptp(a)) or 1.0
    return float(np.max(np.abs(np.quantile(a, at) - np.quantile(b, at)))) / spread


def _ranking(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    if a.size < 5 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)


def _agreement(a: NDArray[np.generic], b: NDArray[np.generic], known: NDArray[np.bool_]) -> float:
    """Share of equal levels beyond what chance gives (Cohen's kappa, doi:10.1177/001316446002000104)."""
    if not known.any():
        return 0.0
    x, y = a[known], b[known]
    before, after = pd.Series(x).value_counts(normalize=True), pd.Series(y).value_counts(normalize=True)
    chance = float(before.mul(after, fill_value=0.0).sum())
    equal = float(np.mean(x == y))
    return (equal - chance) / (1 - chance) if chance < 1 else 0.0
