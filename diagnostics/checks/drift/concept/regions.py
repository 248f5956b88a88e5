"""Regions of the rows, in plain words, where what came differs from what was expected. No rule of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.drift.separation import Frames
from diagnostics.measure.engine import seconds
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Phrase, shorten

SHOWN: Final = 3


@dataclass(frozen=True)
class Region:
    """One leaf of a shallow tree, measured on rows that the tree had not seen.

    text: the region in words ("tenure above 24 and Contract is Two year"), empty for all rows. came, expected: means of the
    target and of what the reference leads to expect. difference: came less expected, less the same difference in the reference,
    with its corrected interval. usual: that difference in the reference. share: share of the current rows. rows: numbers among
    the rows that were given.
    """

    text: str
    columns: tuple[str, ...]
    came: float
    expected: float
    difference: Interval
    usual: float
    share: float
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class _Bound:
    column: int
    cut: float
    above: bool


def find_regions(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    seen: Frames,
    x: Sides[NDArray[np.float64]],
    residual: Sides[NDArray[np.float64]],
    adjusted: Sides[NDArray[np.float64]],
    truth: Sides[NDArray[np.float64]],
    rng: np.random.Generator,
    *,
    depth: int = 2,
    alpha: float = 0.001,
    least: int = 30,
) -> tuple[Region, ...]:
    """Leaves whose difference is no chance, by size; found on one half of the rows, measured on the other, both ways.

    residual: what came less what was expected. adjusted: the same with the expectation moved to the new class shares; a region
    counts only when both say so. x: the coded features. All sides hold as many rows as the frames.
    """
    from scipy.stats import norm
    from sklearn.tree import DecisionTreeRegressor

    n, m = len(residual.reference), len(residual.current)
    if min(n, m) < 4 * least:
        return ()
    ways: list[list[Region]] = []
    halves = (rng.permutation(n) % 2 == 0, rng.permutation(m) % 2 == 0)
    for turn in (False, True):
        grow = (halves[0] ^ turn, halves[1] ^ turn)
        tree = DecisionTreeRegressor(max_depth=depth, min_samples_leaf=max(least, int(0.05 * grow[1].sum())), random_state=0)
        tree.fit(_filled(x.current[grow[1]]), adjusted.current[grow[1]])
        leaves = Sides(tree.apply(_filled(x.reference)), tree.apply(_filled(x.current)))
        wanted = np.unique(leaves.current)
        z = float(norm.isf(alpha / (4 * len(wanted))))
        found = []
        for leaf in wanted:
            at = Sides((leaves.reference == leaf) & ~grow[0], (leaves.current == leaf) & ~grow[1])
            if min(at.reference.sum(), at.current.sum()) < least:
                continue
            plain = _gap(residual, at, z)
            strict = _gap(adjusted, at, z)
            if plain.low <= 0 <= plain.high or strict.low <= 0 <= strict.high or plain.value * strict.value < 0:
                continue
            inside = leaves.current == leaf
            came = float(truth.current[inside].mean())
            usual = float(residual.reference[at.reference].mean())
            bounds = _bounds(tree.tree_, int(leaf))
            text, columns = _words(bounds, seen, x, reference, current)
            found.append(
                Region(text, columns, came, came - plain.value, plain, usual, float(inside.mean()), np.flatnonzero(inside))
            )
        ways.append(found)
    # One way is told, so that no region is told twice.
    best = max(ways, key=lambda way: sum(abs(region.difference.value) * region.share for region in way))
    return tuple(sorted(best, key=lambda region: -abs(region.difference.value))[:SHOWN])


def _filled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing values as a bin below all others."""
    return np.where(np.isnan(x), -1.0, x)


def _gap(values: Sides[NDArray[np.float64]], at: Sides[NDArray[np.bool_]], z: float) -> Interval:
    a, b = values.reference[at.reference], values.current[at.current]
    centre = float(b.mean() - a.mean())
    half = z * float(np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size))
    return Interval(centre, centre - half, centre + half)


def _bounds(tree: Any, leaf: int) -> list[_Bound]:
    """The cuts on the way from the root to `leaf`."""
    way: list[_Bound] = []
    node = 0
    while tree.children_left[node] != -1:
        # Children are numbered depth first: the left subtree ends where the right one begins.
        above = leaf >= tree.children_right[node]
        way.append(_Bound(int(tree.feature[node]), float(tree.threshold[node]), bool(above)))
        node = int(tree.children_right[node] if above else tree.children_left[node])
    return way


def _words(
    bounds: list[_Bound], seen: Frames, x: Sides[NDArray[np.float64]], reference: pd.DataFrame, current: pd.DataFrame
) -> tuple[str, tuple[str, ...]]:
    """The region in words, and its columns. Names and levels come from files: they are cut short."""
    texts, columns = [], []
    for number in sorted({bound.column for bound in bounds}, key=lambda c: [b.column for b in bounds].index(c)):
        name = seen.features[number]
        code = _filled(np.concatenate([x.reference[:, number], x.current[:, number]]))
        inside = np.ones(code.size, dtype=bool)
        for bound in bounds:
            if bound.column == number:
                inside &= code > bound.cut if bound.above else code <= bound.cut
        values = pd.concat([reference[name], current[name]], ignore_index=True)
        texts.append(_condition(name, values, inside, seen.coder.kinds[name]))
        columns.append(name)
    both = reduce(lambda first, second: Phrase(N_("{first} and {second}"), first=first, second=second), texts) if texts else ""
    return both, tuple(columns)


def _condition(name: str, values: pd.Series, inside: NDArray[np.bool_], kind: Kind) -> str:
    shown = shorten(name, cap=40)
    if kind is Kind.CATEGORY:
        levels = as_level(values)
        kept, out = (sorted({str(v) for v in levels[side].dropna().unique()}) for side in (inside, ~inside))
        kept = [level for level in kept if level not in set(out)]
        if not kept:
            return Phrase(N_("{column} is missing"), column=shown)
        if len(kept) <= 3:
            return Phrase(N_("{column} is {levels}"), column=shown, levels=_either(kept))
        left = [level for level in out if level not in set(kept)]
        if len(left) <= 3:
            return Phrase(N_("{column} is not {levels}"), column=shown, levels=_either(left))
        first, second, *others = (shorten(level, cap=24) for level in kept)
        return Phrase(
            N_("{column} is {first}, {second} or one of {rest:count} more"),
            column=shown,
            first=first,
            second=second,
            rest=len(others),
        )
    numbers = seconds(values)
    known = np.isfinite(numbers)
    within, outside = numbers[inside & known], numbers[~inside & known]
    if not within.size:
        return Phrase(N_("{column} is missing"), column=shown)
    low, high = float(within.min()), float(within.max())
    below, above = outside[outside < low], outside[outside > high]
    if not below.size and not above.size:
        return Phrase(N_("{column} is known"), column=shown)
    if not below.size:
        return Phrase(N_("{column} at most {high:number}"), column=shown, high=high)
    if not above.size:
        return Phrase(N_("{column} above {low:number}"), column=shown, low=float(below.max()))
    return Phrase(N_("{column} from {low:number} to {high:number}"), column=shown, low=low, high=high)


def _either(levels: Sequence[str]) -> str:
    """Up to three levels: "Graz", "Graz or Linz"."""
    shown = [shorten(level, cap=24) for level in levels]
    return reduce(lambda first, second: Phrase(N_("{first} or {second}"), first=first, second=second), shown)
