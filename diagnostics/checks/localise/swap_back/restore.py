"""Give a column back the values of the reference, keeping as much of its link to the rows as can be kept."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.onset import onset

STEP: Final = 0.1
"""Change of a column's mean position among the reference values that counts as a beginning; smaller ones may be a season."""


def restore_numbers(
    reference: NDArray[np.float64], current: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """`current`, shape (m,), with the distribution of `reference`, shape (n,): every value becomes the reference's of its rank.

    A unit, a scaler or a clip keeps the ranks, so each row gets its own value back. Where more values are missing than in the
    reference, the surplus is drawn from it.
    """
    known = np.sort(reference[np.isfinite(reference)])
    if not known.size or not current.size:
        return current.copy()
    restored = current.copy()
    bad = ~np.isfinite(current)
    surplus = round(float(bad.sum()) - float((~np.isfinite(reference)).mean()) * current.size)
    if surplus > 0:
        drawn = rng.permutation(np.flatnonzero(bad))[:surplus]
        restored[drawn] = rng.choice(known, drawn.size)
    good = np.flatnonzero(~bad)
    # Equal values share a stretch of ranks in random order: a constant spreads over the values that it may stand for.
    order = np.lexsort((rng.random(good.size), current[good]))
    place = np.empty(good.size)
    place[order] = (np.arange(good.size) + 0.5) / max(1, good.size)
    restored[good] = known[np.minimum((place * known.size).astype(int), known.size - 1)]
    return restored


def restore_levels(reference: NDArray[np.generic], current: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
    """`current` levels (None where missing), shape (m,), with the shares of `reference`: only surplus rows change their level.

    The largest surplus fills the largest gap first, so that a renamed level gets its old name back in whole.
    """
    if not reference.size or not current.size:
        return current.copy()
    before, after = Counter(reference.tolist()), Counter(current.tolist())
    names = sorted({*before, *after}, key=lambda level: (level is None, str(level)))
    wanted = {name: before[name] / reference.size * current.size for name in names}
    surplus = sorted(
        ((after[n] - round(wanted[n]), n) for n in names if after[n] > round(wanted[n])), key=lambda x: (-x[0], str(x[1]))
    )
    gaps = sorted(
        ([round(wanted[n]) - after[n], n] for n in names if round(wanted[n]) > after[n]), key=lambda x: (-x[0], str(x[1]))
    )
    restored = current.copy()
    for count, name in surplus:
        rows = rng.permutation(np.flatnonzero([level == name for level in current.tolist()]))[:count]
        taken = 0
        for gap in sorted(gaps, key=lambda g: (-int(g[0]), str(g[1]))):
            given = min(int(gap[0]), rows.size - taken)
            if given <= 0:
                continue
            restored[rows[taken : taken + given]] = gap[1]
            gap[0] -= given
            taken += given
    return restored


def position(reference: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each value stands among the reference's, 0 (below all) to 1 (above all), NaN where missing; shape of `values`."""
    known = np.sort(reference[np.isfinite(reference)])
    if not known.size:
        return np.full(values.shape, np.nan)
    place = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / (2 * known.size)
    return np.where(np.isnan(values), np.nan, place)


def begun(
    times: NDArray[np.datetime64] | None, reference: NDArray[np.float64], current: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Current rows, shape (m,), that come after a sudden change of the column; all of them where there is none, or no times.

    Rows before it already have their reference values, and mixing the two would spoil both.
    """
    everywhere = np.ones(current.size, dtype=bool)
    if times is None:
        return everywhere
    there, here = position(reference, reference), position(reference, current)
    stages = (
        (here, there),
        (np.abs(here - 0.5), np.abs(there - 0.5)),
        (np.isnan(current).astype("float64"), np.isnan(reference).astype("float64")),
    )
    best, found = 0.0, None
    for values, usual in stages:
        change = onset(times, values)
        if change is None or not np.isfinite(usual).any():
            continue
        home, step = float(np.nanmean(usual)), abs(change.after - change.before)
        if step >= STEP and abs(change.before - home) < 0.5 * abs(change.after - home) and step > best:
            best, found = step, change.since
    return everywhere if found is None else np.asarray(times >= np.datetime64(found, "us"))
