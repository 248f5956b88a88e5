"""Groups of rows of one or two columns in which the loss rose more than elsewhere: a bounded search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.samples import Samples
from diagnostics.nouns.intervals import benjamini_hochberg
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Phrase, shorten

BINS: Final = 8
LEVELS: Final = 24
CELLS: Final = 3_000_000
"""Rows times columns that the first look may read; wider tables are first looked at on fewer rows, then on the best columns."""

WIDE: Final = 60
LARGEST: Final = 0.7
"""Share of the current rows from which a group is as good as all rows."""

KEEP_AT: Final = 0.05
BEAM: Final = 24
"""Groups of one column that are tried together with every other column (beam search; SliceLine prunes by the same bound)."""


@dataclass(frozen=True)
class Side:
    """Losses of one side. loss: cut at the reference's 99.5% quantile, shape (n,); codes: bin of each row, shape (n, p)."""

    loss: NDArray[np.float64]
    codes: NDArray[np.int16]


@dataclass(frozen=True)
class Axis:
    """One column cut into parts. names: how each part is written, shape (k,); ordered: neighbouring parts make a range."""

    column: str
    names: tuple[str, ...]
    edges: tuple[float, ...]
    ordered: int


@dataclass(frozen=True)
class Slice:
    """parts: (axis, first part, last part), one or two. p_value: Bernstein's bound, corrected when it leaves `search`.

    rows, sums: counts and summed (cut) losses per side (reference, current).
    """

    parts: tuple[tuple[int, int, int], ...]
    p_value: float
    strength: float
    rows: tuple[int, int]
    sums: tuple[float, float]


def axes(drawn: Samples, columns: Sequence[str]) -> list[Axis]:
    """Numbers cut at quantiles of the reference, categories by their commonest levels of both sides."""
    found = []
    for name in columns:
        left, right = drawn.reference[name], drawn.current[name]
        if drawn.kinds[name] is Kind.NUMBER:
            values = left.to_numpy("float64")
            values = values[np.isfinite(values)]
            distinct = np.unique(values)
            if distinct.size < 2:
                edges = distinct
            elif distinct.size <= BINS:
                edges = (distinct[1:] + distinct[:-1]) / 2
            else:
                edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
            cuts = tuple(float(e) for e in edges)
            found.append(Axis(name, ("",) * (len(cuts) + 1) + ("missing",), cuts, len(cuts) + 1))
        elif drawn.kinds[name] is Kind.CATEGORY:
            counts = pd.concat([left, right]).value_counts()
            if len(counts) > len(left):
                continue  # Nearly every row has its own level: an identifier.
            ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:LEVELS]
            found.append(Axis(name, (*(str(level) for level, _ in ordered), "missing", "other"), (), 0))
    return found


def codes(frame: pd.DataFrame, cut: Sequence[Axis]) -> NDArray[np.int16]:
    """The part of each axis that each row is in, shape (len(frame), len(cut)), column by column in memory."""
    result = np.empty((len(frame), len(cut)), dtype="int16", order="F")
    for number, axis in enumerate(cut):
        values = frame[axis.column]
        if axis.ordered:
            raw = values.to_numpy("float64")
            place = np.searchsorted(np.asarray(axis.edges), raw, side="left")
            result[:, number] = np.where(np.isnan(raw), axis.ordered, place)
        else:
            places = {level: i for i, level in enumerate(axis.names[:-2])}
            known = values.map(places).to_numpy("float64", na_value=np.nan)
            missing, other = len(axis.names) - 2, len(axis.names) - 1
            result[:, number] = np.where(np.isnan(known), np.where(values.isna().to_numpy(), missing, other), known)
    return result


def text(found: Slice, cut: Sequence[Axis]) -> str:
    """The group in words: "country = DE and age 40 to 52"."""
    parts = [_part(cut[axis], first, last) for axis, first, last in found.parts]
    return reduce(lambda first, second: Phrase(N_("{first} and {second}"), first=first, second=second), parts)


def columns(found: Slice, cut: Sequence[Axis]) -> tuple[str, ...]:
    return tuple(cut[axis].column for axis, _, _ in found.parts)


def _part(axis: Axis, first: int, last: int) -> str:
    name = shorten(axis.column, cap=30)
    if not axis.ordered or first >= axis.ordered:
        if axis.ordered or first == len(axis.names) - 2:
            return Phrase(N_("{column} = missing"), column=name)
        if first == len(axis.names) - 1:
            return Phrase(N_("{column} = other"), column=name)
        return f"{name} = {shorten(axis.names[first], cap=30)}"
    low = axis.edges[first - 1] if first else None
    high = axis.edges[last] if last < len(axis.edges) else None
    if low is None:
        return Phrase(N_("{column} up to {high:number}"), column=name, high=high)
    if high is None:
        return Phrase(N_("{column} above {low:number}"), column=name, low=low)
    return Phrase(N_("{column} {low:number} to {high:number}"), column=name, low=low, high=high)


def search(before: Side, after: Side, cut: Sequence[Axis], *, smallest: int) -> list[Slice]:
    """Groups of one column and the best of two whose loss rose more than elsewhere, surest first, p-values corrected.

    Each group is held against the same group of the reference, and its rise against the rise of all other rows. The two families
    (one column, two columns) are corrected each on its own (Benjamini and Hochberg 1995). Groups beyond `KEEP_AT` are left out.
    """
    if not cut or not before.loss.size or not after.loss.size:
        return []
    chosen = _narrow(before, after, cut, smallest)
    whole = _Whole.of(before, after)
    single = _Family()
    for axis in chosen:
        tables = [_table(side, axis, cut[axis]) for side in (before, after)]
        single.add((), axis, cut[axis], whole, tables, smallest)
    best = single.corrected()
    double = _Family()
    for parent in single.strongest(BEAM):
        axis, first, last = parent.parts[0]
        masks = [(side.codes[:, axis] >= first) & (side.codes[:, axis] <= last) for side in (before, after)]
        kept = [Side(side.loss[mask], side.codes[mask]) for side, mask in zip((before, after), masks, strict=True)]
        for other in chosen:
            if other != axis:
                tables = [_table(side, other, cut[other]) for side in kept]
                double.add(parent.parts, other, cut[other], whole, tables, smallest)
    # The parents were chosen because they looked bad, so every pair that could have been chosen counts as looked at.
    spans = [len(_ranges(cut[axis])[0]) for axis in chosen]
    double.looked = max(double.looked, (sum(spans) ** 2 - sum(n * n for n in spans)) // 2)
    # The same pair is met from both of its columns.
    double.tested = list({found.parts: found for found in double.tested}.values())
    return sorted([*best, *double.corrected()], key=_order)


class _Family:
    """Groups that are looked at, and corrected, together."""

    def __init__(self) -> None:
        self.tested: list[Slice] = []
        self.looked = 0

    def add(
        self,
        parent: tuple[tuple[int, int, int], ...],
        axis: int,
        cut: Axis,
        whole: _Whole,
        tables: Sequence[NDArray[np.float64]],
        smallest: int,
    ) -> None:
        starts, stops = _ranges(cut)
        summed = [np.concatenate([np.zeros((3, 1)), t.cumsum(axis=1)], axis=1) for t in tables]
        left, right = (t[:, stops + 1] - t[:, starts] for t in summed)
        strength = whole.strength(left, right, smallest)
        self.looked += int(np.isfinite(strength).sum())
        for i in np.flatnonzero(np.nan_to_num(strength) > 1.0):
            part = (axis, int(starts[i]), int(stops[i]))
            self.tested.append(
                Slice(
                    tuple(sorted((*parent, part))),
                    float(np.exp(-strength[i])),
                    float(strength[i]),
                    (round(left[0, i]), round(right[0, i])),
                    (float(left[1, i]), float(right[1, i])),
                )
            )

    def strongest(self, count: int) -> list[Slice]:
        return sorted(self.tested, key=_order)[:count]

    def corrected(self) -> list[Slice]:
        # The groups that were not kept have larger p-values and count as 1.
        rest = np.ones(max(0, self.looked - len(self.tested)))
        corrected = benjamini_hochberg(np.concatenate([[s.p_value for s in self.tested], rest]))
        found = [replace(s, p_value=float(p)) for s, p in zip(self.tested, corrected, strict=False)]
        return [s for s in found if s.p_value <= KEEP_AT]


def _order(found: Slice) -> tuple[float, tuple[tuple[int, int, int], ...]]:
    return (-found.strength, found.parts)


def _narrow(before: Side, after: Side, cut: Sequence[Axis], smallest: int) -> list[int]:
    """The axes worth a full look: all of a narrow table, the most promising of a wide one, judged on fewer rows."""
    if len(cut) <= WIDE:
        return list(range(len(cut)))
    step = max(1, (before.loss.size + after.loss.size) * len(cut) // CELLS)
    few = [Side(side.loss[::step], side.codes[::step]) for side in (before, after)]
    whole = _Whole.of(few[0], few[1])
    best = []
    for axis in range(len(cut)):
        left, right = (_table(side, axis, cut[axis]) for side in few)
        strength = np.nan_to_num(whole.strength(left, right, max(5, smallest // step)))
        best.append((-float(strength.max(initial=0.0)), axis))
    return sorted(axis for _, axis in sorted(best)[:WIDE])


def _table(side: Side, axis: int, cut: Axis) -> NDArray[np.float64]:
    """Rows, summed losses and summed squares of each part, shape (3, parts)."""
    place, parts = side.codes[:, axis], len(cut.names)
    counts = np.bincount(place, minlength=parts).astype("float64")
    sums = np.bincount(place, side.loss, parts)
    return np.stack([counts, sums, np.bincount(place, side.loss * side.loss, parts)])


@cache
def _spans(ordered: int, parts: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    spans = [(i, j) for i in range(ordered) for j in range(i, ordered) if j - i + 1 < ordered]
    spans += [(i, i) for i in range(ordered, parts)]
    starts, stops = np.array(spans, dtype="intp").reshape(-1, 2).T
    return starts, stops


def _ranges(axis: Axis) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last part of every range of neighbours and every single level."""
    return _spans(axis.ordered, len(axis.names))


@dataclass(frozen=True)
class _Whole:
    """Rows, sums and sums of squares of all rows per side, shape (3,); variance of the loss; range of the loss."""

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    variance: float
    bound: float

    @staticmethod
    def of(before: Side, after: Side) -> _Whole:
        totals = [np.array([s.loss.size, s.loss.sum(), (s.loss**2).sum()], dtype="float64") for s in (before, after)]
        both = np.concatenate([before.loss, after.loss])
        return _Whole(totals[0], totals[1], float(both.var()), float(both.max() - both.min()))

    def strength(self, left: NDArray[np.float64], right: NDArray[np.float64], smallest: int) -> NDArray[np.float64]:
        """How sure it is that groups rose more than the rest, -log of the p-value, shape (k,); NaN for those not looked at.

        left, right: rows, sums and sums of squares per group, shape (3, k). Groups must have `smallest` rows in the current table
        and leave as many. Bernstein's (1924) bound needs no normal distribution: rare losses in small groups do not alarm.
        """
        before, after = self.before[:, None], self.after[:, None]
        others = after[0] - right[0]
        seen = (right[0] >= smallest) & (others >= smallest) & (right[0] <= LARGEST * after[0])
        # Where the reference hardly knows the group, its overall loss stands in.
        left = np.where(left[0] >= smallest, left, before)
        rest = np.where(before[0] - left[0] >= smallest, before - left, before)
        rows = np.maximum(right[0], 1)
        rise = right[1] / rows - left[1] / left[0]
        outside = (after[1] - right[1]) / np.maximum(others, 1) - rest[1] / rest[0]
        shift = np.maximum(0.0, np.minimum(rise, rise - outside))
        n = left[0] + rows
        pooled = (left[1] + right[1]) / n
        own = np.maximum(0.0, (left[2] + right[2]) / n - pooled**2)
        # Ten rows' worth of the overall variance: a few equal losses must not look certain.
        variance = (n * own + 10 * self.variance) / (n + 10)
        spread = variance * (1 / left[0] + 1 / rows) + self.variance * (1 / rest[0] + 1 / np.maximum(others, 1))
        reach = self.bound / np.minimum(left[0], rows)
        strength = shift**2 / np.maximum(2 * (spread + reach * shift / 3), 1e-300)
        return np.asarray(np.where(seen, strength, np.nan))
