"""Bins that show something: shared by both tables, whatever the shape of the values."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

CROWDED: Final = 0.7
"""Share of a table's values in one of the bins from which on other bins are tried: the picture would be a single bar."""

TAIL: Final = 0.005
"""Share of the values at either end that lie in the outermost bins."""


def useful_edges(reference: NDArray[np.float64], current: NDArray[np.float64], bins: int) -> tuple[float, ...]:
    """Edges around at most `bins` bins, ascending, so that every finite value lies in one; () without values.

    Equal widths where that shows both tables; else equal widths of the logarithm, or of the inverse hyperbolic sine where
    values reach below zero. Few different values have a bin each.
    """
    sides = [values[np.isfinite(values)] for values in (reference, current)]
    sides = [values for values in sides if values.size]
    if not sides:
        return ()
    distinct = np.unique(np.concatenate([np.unique(values) for values in sides]))
    if distinct.size == 1:
        room = abs(float(distinct[0])) * 0.5 or 0.5
        return float(distinct[0]) - room, float(distinct[0]) + room
    low, high = float(distinct[0]), float(distinct[-1])
    if distinct.size <= bins:
        cuts = distinct[:-1] / 2 + distinct[1:] / 2
        with np.errstate(over="ignore"):
            return _ascending([low - (cuts[0] - low), *cuts, high + (high - cuts[-1])])
    inner = [np.quantile(values, [TAIL, 1 - TAIL], method="inverted_cdf") for values in sides]
    start, end = float(min(q[0] for q in inner)), float(max(q[1] for q in inner))
    found = []
    for edges in _candidates(start, end, np.concatenate(sides), bins):
        around = _ascending([min(low, edges[0]), *edges[1:-1], max(high, edges[-1])])
        crowd = max(float(counts(values, around).max()) / values.size for values in sides)
        if crowd <= CROWDED:
            return around
        found.append((crowd, around))
    return min(found)[1]


def _candidates(start: float, end: float, values: NDArray[np.float64], bins: int) -> list[NDArray[np.float64]]:
    with np.errstate(over="ignore", invalid="ignore"):
        plain = np.linspace(start, end, bins + 1)
    if not np.isfinite(plain).all() or end <= start:
        # Nearly all values are one, or their span is larger than the largest float.
        return [np.array([start, end])]
    if start > 0:
        return [plain, np.geomspace(start, end, bins + 1)]
    scale = float(np.median(np.abs(values))) or float(np.mean(np.abs(values))) or 1.0
    bent = np.sinh(np.linspace(np.arcsinh(start / scale), np.arcsinh(end / scale), bins + 1)) * scale
    return [plain, bent]


def _ascending(edges: list[float]) -> tuple[float, ...]:
    most = float(np.finfo("float64").max)
    return tuple(float(edge) for edge in np.unique(np.clip(np.asarray(edges, "float64"), -most, most)))


def counts(values: NDArray[np.float64], edges: tuple[float, ...]) -> NDArray[np.intp]:
    """Finite values in each bin, shape (len(edges) - 1,); the last bin holds its upper edge."""
    finite = values[np.isfinite(values)]
    if len(edges) < 2:
        return np.zeros(0, dtype=np.intp)
    place = np.clip(np.searchsorted(np.asarray(edges), finite, side="right") - 1, 0, len(edges) - 2)
    return np.bincount(place, minlength=len(edges) - 1)
