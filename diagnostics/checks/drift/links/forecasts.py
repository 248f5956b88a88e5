"""Forecasts: what the other columns of a row predict for each column, by straight lines over bins, ranks and levels. No rule.

All regressions come from one inverse covariance (Whittaker 1990, Graphical Models in Applied Multivariate Statistics).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.samples import Samples, encoder
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Kind

BINS: Final = 6
LEVELS: Final = 12
RIDGE: Final = 3.0
"""Weight of the ridge, in rows of unit size, more in wide tables: enough for columns that are copies of each other."""


@dataclass(frozen=True)
class Block:
    """Where the numbers of one column stand in the expanded matrix: what predicts others, and what is predicted."""

    inputs: slice
    outputs: slice


@dataclass(frozen=True)
class Seen:
    """names: of the columns. blocks: their places in `reference` and `current`, expanded and centred, shapes (n, k) and (m, k).
    target: index of the target's block, which predicts nothing unless asked; None without labels in the reference.
    known: which rows have a value, by column, shapes (n, p) and (m, p): gaps are another fault than wrong rows.
    half: which reference rows are of the first half. grams: products of the columns in each half, shapes (k, k).
    """

    names: tuple[str, ...]
    blocks: tuple[Block, ...]
    target: slice | None
    reference: NDArray[np.float64]
    current: NDArray[np.float64]
    known: Sides[NDArray[np.bool_]]
    half: NDArray[np.bool_]
    grams: tuple[NDArray[np.float64], NDArray[np.float64]]

    @staticmethod
    def of(
        drawn: Samples, names: Sequence[str], target: str | None, rows: list[NDArray[np.intp]], half: NDArray[np.bool_]
    ) -> Seen:
        parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        blocks, place = [], 0
        known: tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]] = ([], [])
        coder = encoder(drawn)
        for name in names:
            sides = [_codes(frame[name].iloc[chosen], drawn.kinds[name], coder.ranks.get(name)) for frame, chosen in
                     zip((drawn.reference, drawn.current), rows, strict=True)]  # fmt: skip
            for present, values in zip(known, sides, strict=True):
                present.append(np.isfinite(values))
            left, right, outputs = _expanded(sides[0], sides[1], drawn.kinds[name])
            parts.append((left, right))
            width = left.shape[1]
            blocks.append(Block(slice(place, place + width), slice(place + width - outputs, place + width)))
            place += width
        label = None
        if target is not None:
            kind = drawn.kinds[target]
            side = _codes(drawn.reference[target].iloc[rows[0]], kind, coder.ranks.get(target) or _ranks(drawn.reference[target]))
            left, _, _ = _expanded(side, side, kind)
            # The current labels are not asked: they may be late, or at fault themselves.
            parts.append((left, np.zeros((len(rows[1]), left.shape[1]))))
            label = slice(place, place + left.shape[1])
        both = [np.concatenate([part[side] for part in parts], axis=1) for side in (0, 1)]
        has_value = Sides(np.column_stack(known[0]), np.column_stack(known[1]))
        one, other = both[0][half], both[0][~half]
        return Seen(tuple(names), tuple(blocks), label, both[0], both[1], has_value, half, (one.T @ one, other.T @ other))


def _ranks(values: pd.Series) -> dict[object, float]:
    counts = values.value_counts()
    return {level: float(place) for place, (level, _) in enumerate(sorted(counts.items(), key=lambda i: (-i[1], str(i[0]))))}


def _codes(values: pd.Series, kind: Kind, ranks: object) -> NDArray[np.float64]:
    """Numbers as they are, categories as the rank of their share in the reference; NaN where missing or new."""
    if kind is Kind.CATEGORY:
        known = ranks if isinstance(ranks, dict) else {}
        return np.asarray(values.map(known).to_numpy("float64", na_value=np.nan))
    numbers = pd.to_numeric(values, errors="coerce") if values.dtype.kind in "bifu" else values.astype("int64") / 1e6
    return np.where(np.isfinite(numbers.to_numpy("float64")), numbers.to_numpy("float64"), np.nan)


def _expanded(x: NDArray[np.float64], y: NDArray[np.float64], kind: Kind) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Columns that a straight line can use, learnt on `x`, and how many of the last are what is predicted. Missing values are 0.

    Categories: one column per level. Numbers: one per bin, then the rank and its square, both on the scale of a normal deviate.
    """
    if kind is Kind.CATEGORY:
        levels = np.arange(min(LEVELS, int(np.nanmax(x, initial=0)) + 1), dtype="float64")
        hot = [(side[:, None] == levels).astype("float64") for side in (x, y)]
        return (*_centred(hot[0], hot[1]), len(levels))
    known = np.sort(x[np.isfinite(x)])
    if not known.size:
        return np.zeros((x.size, 1)), np.zeros((y.size, 1)), 1
    cuts = np.unique(known[np.linspace(0, known.size - 1, BINS + 1).astype(int)][1:-1])
    sides = []
    for side in (x, y):
        place = (np.searchsorted(known, side, side="left") + np.searchsorted(known, side, side="right")) / (2 * known.size)
        ranks = np.where(np.isfinite(side), np.clip(place, 0.0, 1.0) * 2 - 1, np.nan)
        bins = (np.searchsorted(cuts, side, side="right")[:, None] == np.arange(cuts.size + 1)).astype("float64")
        bins[~np.isfinite(side)] = np.nan
        sides.append(np.column_stack([bins, ranks, ranks**2]))
    return (*_centred(sides[0], sides[1]), 2)


def _centred(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both less the means of `x` and by its spreads; a missing value is an average one."""
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (x - mean) ** 2, 0.0).sum(axis=0) / count)
    scale = np.where(spread > 1e-9, spread, np.inf)
    left, right = ((side - mean) / scale for side in (x, y))
    return np.where(np.isfinite(left), left, 0.0), np.where(np.isfinite(right), right, 0.0)


@dataclass(frozen=True)
class Forecasts:
    """What the others predict for the outputs of every column, shapes (n, k) and (m, k): for reference rows from the half that
    they are not in, for current rows from both. own: the place of each column's outputs among the k.
    """

    reference: NDArray[np.float64]
    current: NDArray[np.float64]
    own: tuple[slice, ...]

    @staticmethod
    def of(seen: Seen, *, without: int | None = None, labelled: bool = False) -> Forecasts:
        """Without the target unless `labelled`; `without`: number of a column that predicts nothing."""
        open_ = np.ones(seen.reference.shape[1], dtype=bool)
        if seen.target is not None and not labelled:
            open_[seen.target] = False
        if without is not None:
            open_[seen.blocks[without].inputs] = False
        used = np.flatnonzero(open_)
        one, other = (_weights(seen, used, gram) for gram in seen.grams)
        reference = np.empty((len(seen.reference), one.shape[1]))
        reference[seen.half] = seen.reference[seen.half] @ other
        reference[~seen.half] = seen.reference[~seen.half] @ one
        ends = np.cumsum([block.outputs.stop - block.outputs.start for block in seen.blocks])
        own = tuple(
            slice(int(end) - (block.outputs.stop - block.outputs.start), int(end))
            for end, block in zip(ends, seen.blocks, strict=True)
        )
        return Forecasts(reference, seen.current @ ((one + other) / 2), own)


def _weights(seen: Seen, used: NDArray[np.intp], gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Regression of every column's outputs on all other columns, from the products of one half, shape (all inputs, all outputs).

    Of an inverse covariance K, minus K[others, own] times the inverse of K[own, own] is that regression (Whittaker 1990).
    """
    inverse = np.linalg.inv(gram[np.ix_(used, used)] + RIDGE * (1 + used.size / 200) * np.eye(used.size))
    where = np.full(len(gram), -1)
    where[used] = np.arange(used.size)
    columns = []
    for block in seen.blocks:
        outputs = block.outputs.stop - block.outputs.start
        own = where[block.inputs]
        full = np.zeros((len(gram), outputs))
        if own[0] >= 0:
            told = -inverse[:, own] @ np.linalg.inv(inverse[np.ix_(own, own)])
            told[own] = 0.0
            full[used] = told[:, -outputs:]
        columns.append(full)
    return np.concatenate(columns, axis=1)
