"""Which columns can drift at all, and how far the values of one are apart in two samples. No rule of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.samples import Samples
from diagnostics.nouns.table import Kind

ID_NAME: Final = re.compile(r"(^|[\W_])(id|uuid|guid|key|index|row|no|nr|number)$|[a-z]I[dD]$", re.IGNORECASE)
RUNNING_ROWS: Final = 20
FREE_TEXT_SHARE: Final = 0.5
"""A text column with more levels than half its rows holds names or free text: its levels always differ."""


def comparable(drawn: Samples) -> tuple[str, ...]:
    """Features whose distribution should stay: numbers and categories with values on both sides, no ids, clocks or free text."""
    chosen = []
    for name in drawn.features:
        if drawn.kinds[name] is Kind.TIME:
            continue
        sides = (drawn.reference[name], drawn.current[name])
        if all(side.notna().any() for side in sides) and not _identifies(sides, name, drawn.kinds[name]):
            chosen.append(name)
    return tuple(chosen)


def _identifies(sides: tuple[pd.Series, pd.Series], name: str, kind: Kind) -> bool:
    """An id or free text (levels that hardly repeat), a row number, or a clock that runs on from one table to the other."""
    if kind is Kind.CATEGORY:
        present = [side.dropna() for side in sides]
        return any(len(side) >= RUNNING_ROWS and side.nunique() > FREE_TEXT_SHARE * len(side) for side in present)
    reference, current = (finite(side) for side in sides)
    if min(reference.size, current.size) < RUNNING_ROWS:
        return False
    if ID_NAME.search(name) and all(_unique_whole(side) for side in (reference, current)):
        return True
    apart = current.min() >= reference.max() or reference.min() >= current.max()
    return bool(apart and _running(reference) and _running(current))


def _unique_whole(values: NDArray[np.float64]) -> bool:
    return bool(np.all(values == np.floor(values)) and np.unique(values).size >= 0.99 * values.size)


def _running(values: NDArray[np.float64]) -> bool:
    """Values that hardly ever step back from one row to the next, and keep moving."""
    steps = np.diff(values)
    return bool(np.mean(steps >= 0) >= 0.99 and np.unique(values).size >= RUNNING_ROWS)


def finite(values: pd.Series) -> NDArray[np.float64]:
    """The finite values of a number or time column, shape (k,)."""
    numbers = engine.seconds(values)
    return numbers[np.isfinite(numbers)]


def ks(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Kolmogorov-Smirnov statistic of two samples of finite values, 0 to 1; 0 when either is empty."""
    if not reference.size or not current.size:
        return 0.0
    a, b = np.sort(reference), np.sort(current)
    both = np.concatenate([a, b])
    below = np.searchsorted(a, both, side="right") / a.size - np.searchsorted(b, both, side="right") / b.size
    return float(np.max(np.abs(below)))


def counts(values: pd.Series) -> Mapping[Any, int]:
    """How often each level occurs; missing values left out."""
    return {str(level): int(count) for level, count in values.value_counts().items()}


def share_gap(reference: Mapping[Any, int], current: Mapping[Any, int]) -> float:
    """Total variation distance: the share of rows that would have to change their level, 0 to 1."""
    n, m = sum(reference.values()), sum(current.values())
    if not n or not m:
        return 0.0
    levels = {**reference, **current}
    return 0.5 * sum(abs(reference.get(level, 0) / n - current.get(level, 0) / m) for level in levels)


def gap(reference: pd.Series, current: pd.Series, kind: Kind) -> float:
    """How far two columns are apart, 0 to 1: KS of numbers, total variation distance of categories."""
    if kind is Kind.CATEGORY:
        return share_gap(counts(reference), counts(current))
    return ks(finite(reference), finite(current))


def blocks(
    when: NDArray[np.datetime64] | None, *, wanted: int = 5, least: int = 100, most: int = 2_000
) -> list[NDArray[np.intp]]:
    """Row numbers of the reference in blocks of equal size, one after the other in time, thinned out to `most` rows each.

    Empty without times or with fewer than two blocks of `least` rows: then the natural wobble is not known.
    """
    if when is None:
        return []
    known = np.flatnonzero(~np.isnat(when))
    number = min(wanted, known.size // least)
    if number < 2:
        return []
    parts = np.array_split(known[np.argsort(when[known], kind="stable")], number)
    return [part[:: -(-part.size // most)] for part in parts]
