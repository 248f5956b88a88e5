"""Which two columns look as if they had exchanged their values, judged by each column's own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.inputs.timeline import ks, ks_noise, thin
from diagnostics.measure.frames import with_columns
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Kind

Values = Mapping[str, NDArray[np.float64]]

BINS: Final = 24
LEAST: Final = 12
"""Exchanged rows, below which nothing is said."""

COMPANY: Final = 60
"""Features beside the compared ones whose relation to a pair is looked at."""

JOINT_PAIRS: Final = 3
"""Pairs that are worth a classifier."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Two columns that hold each other's values; `how`, `apart`, `fit` and `gain` as in `swaps.Swap`."""

    one: str
    other: str
    how: str
    start: int
    """First exchanged row in order of time."""

    share: float
    """Of all current rows, 0 to 1."""

    apart: float
    fit: float
    gain: float


def likely(names: Sequence[str], sides: Sides[Values], most: int) -> list[str]:
    """At most `most` of the columns: those whose values changed most."""
    if len(names) <= most:
        return list(names)
    moved = {}
    for name in names:
        old, new = thin(sides.reference[name], 500), thin(sides.current[name], 500)
        moved[name] = ks(old, new)
    chosen = set(sorted(names, key=lambda name: (-moved[name], name))[:most])
    return [name for name in names if name in chosen]


def by_values(names: Sequence[str], sides: Sides[Values], kind: Kind) -> list[Exchange]:
    """Pairs where each column's current values fit the reference of the other far better; current values in order of time.

    For every row the log-likelihood ratio of "exchanged" against "as it is" is summed from the row to the last, for each of the
    two columns: both must gain. A unit change or drift makes one column strange, never both alike to each other.
    """
    moved = _moved(names, sides)
    found = []
    for one, other in combinations(names, 2):
        if one not in moved or other not in moved:
            continue
        ratios = _ratios(one, other, sides)
        if ratios is None:
            continue
        exchange = _from_a_row_on(one, other, ratios, sides, kind) or _scattered(one, other, ratios, sides, kind)
        if exchange is not None:
            found.append(exchange)
    return found


def _from_a_row_on(
    one: str, other: str, ratios: tuple[NDArray[np.float64], NDArray[np.float64]], sides: Sides[Values], kind: Kind
) -> Exchange | None:
    gained = np.cumsum((ratios[0] + ratios[1])[::-1])[::-1]
    start = int(np.argmax(gained))
    rest = gained.size - start
    if gained[start] < 10 or rest < LEAST or min(part[start:].sum() for part in ratios) < 5:
        return None
    apart, fit = _distances(one, other, sides, np.arange(gained.size) >= start, kind)
    slack = ks_noise(rest, sides.reference[one].size)
    if fit > 0.08 + slack or apart < max(0.12, min(2 * fit, fit + 0.15)):
        return None
    return Exchange(
        one=one,
        other=other,
        how="values",
        start=start,
        share=rest / gained.size,
        apart=apart,
        fit=fit,
        gain=float(gained[start]),
    )


def _scattered(
    one: str, other: str, ratios: tuple[NDArray[np.float64], NDArray[np.float64]], sides: Sides[Values], kind: Kind
) -> Exchange | None:
    """Exchanged rows among the others, as in a file without times or order: a mixture whose share is the likeliest.

    Each column alone must ask for such a share, and all rows must fit the reference once those that ask for it are exchanged.
    """
    both = ratios[0] + ratios[1]
    gain, share = _mixture(both)
    alone = [_mixture(part) for part in ratios]
    hit = both > 0
    if gain < 30 or min(g for g, _ in alone) < 10 or min(s for _, s in alone) < share / 3 or hit.sum() < LEAST:
        return None
    a, b = sides.current[one], sides.current[other]
    back = {one: np.where(hit, b, a), other: np.where(hit, a, b)}
    slack = ks_noise(hit.size, sides.reference[one].size)
    whole = [distance(sides.reference[name], sides.current[name], kind) for name in (one, other)]
    fit = max(distance(sides.reference[name], back[name], kind) for name in (one, other))
    if fit > 0.08 + slack or min(whole) < fit + 0.05:
        return None
    apart, _ = _distances(one, other, sides, hit, kind)
    return Exchange(
        one=one,
        other=other,
        how="scattered",
        start=0,
        share=share,
        apart=apart,
        fit=fit,
        gain=gain,
    )


def _mixture(ratios: NDArray[np.float64]) -> tuple[float, float]:
    """Gain in nats of the likeliest share of exchanged rows over none, and that share."""
    shares = np.linspace(0.02, 0.98, 25)
    gains = [float(np.log1p(share * np.expm1(ratios)).sum()) for share in shares]
    best = int(np.argmax(gains))
    return gains[best], float(shares[best])


def exchanged(one: str, other: str, reference: Values, current: Values) -> NDArray[np.bool_]:
    """Which current rows fit the reference better with the two values exchanged, each row by itself; shape (m,)."""
    ratios = _ratios(one, other, Sides(reference, current))
    if ratios is None:
        return np.zeros(current[one].size, dtype=bool)
    return np.asarray(ratios[0] + ratios[1] > 0)


def _moved(names: Sequence[str], sides: Sides[Values]) -> set[str]:
    """Columns of which a later part of the rows is clearly not as in the reference."""
    moved = set()
    for name in names:
        old, new = thin(sides.reference[name], 1_000), sides.current[name]
        for share in (0.0, 0.5, 0.8):
            part = thin(new[int(share * new.size) :], 1_000)
            if part.size >= LEAST and ks(old, part) > 0.8 * ks_noise(old.size, part.size):
                moved.add(name)
    return moved


def _ratios(one: str, other: str, sides: Sides[Values]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Per current row, how much likelier the value of either column is in the other's reference; nats, clipped, shapes (m,)."""
    a, b = (side[np.isfinite(side)] for side in (sides.reference[one], sides.reference[other]))
    pooled = np.concatenate([a, b])
    levels, counts = np.unique(pooled, return_counts=True)
    if levels.size < 2:
        return None
    # Values that are frequent are bins of their own: an atom tells more than a range.
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
    atoms = levels[counts >= pooled.size / BINS]
    edges = np.unique(
        np.concatenate([edges, atoms, np.nextafter(atoms, -np.inf), [levels[-1], np.nextafter(levels[0], -np.inf)]])
    )
    logs = []
    for side in (a, b):
        found = np.bincount(np.searchsorted(edges, side, side="left"), minlength=edges.size + 1) + 0.5
        logs.append(np.log(found / found.sum()))
    ratios = []
    for name, (own, strange) in ((one, (logs[0], logs[1])), (other, (logs[1], logs[0]))):
        values = sides.current[name]
        present = np.isfinite(values)
        index = np.searchsorted(edges, np.where(present, values, edges[0]), side="left")
        # Five nats for one row are enough: a single strange value must not decide.
        ratios.append(np.where(present, np.clip(strange[index] - own[index], -5, 5), 0.0))
    return ratios[0], ratios[1]


def _distances(one: str, other: str, sides: Sides[Values], rows: NDArray[np.bool_], kind: Kind) -> tuple[float, float]:
    """Mean distance of the two columns in `rows` to the reference as they are, and the worse of the two once exchanged."""
    old = {name: sides.reference[name] for name in (one, other)}
    new = {name: sides.current[name][rows] for name in (one, other)}
    apart = [distance(old[name], new[name], kind) for name in (one, other)]
    fit = [distance(old[name], new[beside], kind) for name, beside in ((one, other), (other, one))]
    return float(np.mean(apart)), float(max(fit))


def distance(old: NDArray[np.float64], new: NDArray[np.float64], kind: Kind) -> float:
    """KS of numbers, total variation of level codes, 0 to 1; missing values count as one more level (or far above)."""
    if kind is Kind.CATEGORY:
        names, codes = np.unique(np.nan_to_num(np.concatenate([old, new]), nan=-1.0), return_inverse=True)
        left = np.bincount(codes[: old.size], minlength=names.size) / max(1, old.size)
        right = np.bincount(codes[old.size :], minlength=names.size) / max(1, new.size)
        return float(np.abs(left - right).sum() / 2)
    gone = abs(float(np.isnan(old).mean()) - float(np.isnan(new).mean()))
    return max(gone, ks(thin(old), thin(new)))


def likely_pairs(names: Sequence[str], sides: Sides[Values], coded: Sides[pd.DataFrame]) -> list[tuple[str, str]]:
    """The few pairs whose correlations with all other columns look exchanged in some later part of the rows.

    Exchanging two columns exchanges their rows of the correlation matrix. The score of a pair is how much nearer (sum of
    squares, in units of its standard error) these rows come to the reference.
    """
    if len(names) > 60 or len(names) < 2:
        return []
    every = [*names, *[c for c in coded.reference.columns if c not in set(names)]]
    # The pair's own values: a level must have one number in both columns.
    left, right = (
        _ranks(with_columns(frame, {name: values[name] for name in names}), every)
        for frame, values in ((coded.reference, sides.reference), (coded.current, sides.current))
    )
    usual = _correlations(left)
    best: dict[tuple[str, str], float] = {}
    rows = right.shape[0]
    for share in (0.0, 0.35, 0.6, 0.8):
        part = right[int(share * rows) :]
        if part.shape[0] < 3 * LEAST:
            continue
        now = _correlations(part)
        size = 1 / (1 / left.shape[0] + 1 / part.shape[0])
        for i, j in combinations(range(len(names)), 2):
            keep = np.ones(len(every), dtype=bool)
            keep[[i, j]] = False
            as_is = np.sum((now[i] - usual[i])[keep] ** 2 + (now[j] - usual[j])[keep] ** 2)
            turned = np.sum((now[i] - usual[j])[keep] ** 2 + (now[j] - usual[i])[keep] ** 2)
            gain = float(size * (as_is - turned))
            pair = (names[i], names[j])
            best[pair] = max(best.get(pair, 0.0), gain)
    ordered = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return [pair for pair, gain in ordered[:JOINT_PAIRS] if gain > 12]


def _ranks(frame: pd.DataFrame, names: Sequence[object]) -> NDArray[np.float64]:
    ranked = frame[list(names)].rank().to_numpy("float64", na_value=np.nan)
    centred = ranked - np.nanmean(np.where(np.isfinite(ranked).any(axis=0), ranked, 0.0), axis=0)
    return np.asarray(np.nan_to_num(centred), dtype="float64")


def _correlations(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = ranks - ranks.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(size > 0, size, np.inf)
    return np.asarray(scaled.T @ scaled)
