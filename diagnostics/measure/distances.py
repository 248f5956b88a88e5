"""How far two distributions are apart, from counts on shared bins or from samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def shares(counts: Sequence[int] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each bin, shape (n_bins,), sums to 1. Half a count is added per bin, so that one empty bin cannot dominate."""
    smoothed = np.asarray(counts, dtype="float64") + 0.5
    return np.asarray(smoothed / smoothed.sum())


def psi(reference: Sequence[int], current: Sequence[int]) -> float:
    """Population stability index of two histograms on the same bins, less what chance alone would give; at least 0.

    Without any change the index averages (B - 1)(1/n + 1/m) (Yurdakul 2018, "Statistical properties of the population
    stability index", Western Michigan University); that is subtracted, so that small samples do not alarm.
    """
    n, m = sum(reference), sum(current)
    if not n or not m:
        return 0.0
    a, b = shares(reference), shares(current)
    bins = int(np.count_nonzero(np.asarray(reference) + np.asarray(current)))
    expected = (bins - 1) * (1 / n + 1 / m)
    return max(0.0, float(np.sum((b - a) * np.log(b / a))) - expected)


def jensen_shannon(reference: Sequence[int], current: Sequence[int]) -> float:
    """Jensen-Shannon distance of two histograms, base 2, between 0 (equal) and 1 (disjoint) (doi:10.1109/18.61115)."""
    from scipy.spatial.distance import jensenshannon

    if not sum(reference) or not sum(current):
        return 0.0
    return float(jensenshannon(np.asarray(reference, "float64"), np.asarray(current, "float64"), base=2))


def ks_binned(reference: Sequence[int], current: Sequence[int]) -> float:
    """Kolmogorov-Smirnov statistic read at the bin edges: the largest gap between the two cumulative shares, 0 to 1."""
    n, m = sum(reference), sum(current)
    if not n or not m:
        return 0.0
    gaps = np.cumsum(reference) / n - np.cumsum(current) / m
    return float(np.max(np.abs(gaps)))


def wasserstein(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Mean distance that values must travel from one sample to the other, in units of the reference's standard deviation."""
    from scipy.stats import wasserstein_distance

    a, b = reference[np.isfinite(reference)], current[np.isfinite(current)]
    if not a.size or not b.size:
        return 0.0
    spread = float(np.std(a)) or float(np.std(b)) or 1.0
    return float(wasserstein_distance(a, b)) / spread


def cramers_v(reference: Sequence[int], current: Sequence[int]) -> tuple[float, float]:
    """Effect size (Cramér's V, bias-corrected, 0 to 1; doi:10.1016/j.jkss.2012.10.002) and p-value of the chi-square test."""
    from scipy.stats import chi2_contingency

    table = np.asarray([reference, current], dtype="float64")
    table = table[:, table.sum(axis=0) > 0]
    total = table.sum()
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 0.0, 1.0
    statistic, p_value, _, _ = chi2_contingency(table, correction=False)
    phi2 = max(0.0, statistic / total - (table.shape[1] - 1) / (total - 1))
    # Two rows: the corrected number of rows less one is all but 1.
    return float(np.sqrt(phi2)), float(p_value)
