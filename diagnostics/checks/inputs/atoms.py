"""Atoms: single values of a number column that hold a share of the rows which they did not hold in the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.inputs.timeline import Timeline, ks, ks_noise, thin, timeline
from diagnostics.measure.engine import seconds
from diagnostics.measure.key import Key
from diagnostics.measure.onset import as_datetime
from diagnostics.measure.samples import Samples, samples
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.table import Kind

TRIED: int = 4
"""Values per column that are looked at, those whose share rose most first."""


@dataclass(frozen=True, kw_only=True)
class Atom:
    """One value whose share rose. Shares are of the rows with a value, 0 to 1."""

    name: str
    kind: Kind
    value: float
    reference: float
    """Share in the reference."""

    before: float
    """Share in the current rows before its stretch."""

    after: float
    """Share from its stretch on."""

    rows: int
    """Rows of the current sample with it."""

    n: int
    """Rows of the reference with a value."""

    rest: float
    """KS statistic between the reference and the stretch, both without the value."""

    rest_noise: float
    """What chance explains of it."""

    moved_below: float
    """KS statistic among the smaller values, less what chance explains."""

    moved_above: float
    """The same among the larger values."""

    rivals: float
    """Rise of the next three values of the column together, as a share of its own."""

    below: Sides[float]
    """Share of smaller values: of the reference, and of the stretch."""

    above: Sides[float]
    """Share of larger values, likewise."""

    low: float
    """Smallest value of the reference."""

    high: float
    """Largest value of the reference."""

    distinct: int
    """Different values of the reference."""

    middle: bool
    """It is the mean, the median or the most frequent value of the reference."""

    whole: bool
    """The reference holds whole numbers."""

    since: datetime | None
    sharp: bool

    @property
    def rise(self) -> float:
        return self.after - self.reference


def atoms(incident: Incident) -> tuple[Atom, ...]:
    """Atoms of all number and time features. Raises NotApplicable without tables or a common feature."""
    return _atoms(Key(incident))


@lru_cache(maxsize=8)
def _atoms(key: Key) -> tuple[Atom, ...]:
    sample = samples(key.incident)
    line = timeline(key.incident, sample)
    found: list[Atom] = []
    for name in sample.features:
        if sample.kinds[name] is not Kind.CATEGORY:
            found += _of_column(name, sample, line)
    return tuple(found)


def _of_column(name: str, sample: Samples, line: Timeline) -> Iterator[Atom]:
    x = seconds(sample.reference[name])
    x = x[np.isfinite(x)]
    y = seconds(sample.current[name])[line.order]
    present = np.isfinite(y)
    m = int(present.sum())
    if x.size < 20 or m < 10:
        return
    levels, counts = np.unique(y[present], return_counts=True)
    old, old_counts = np.unique(x, return_counts=True)
    index = np.minimum(np.searchsorted(old, levels), old.size - 1)
    before = np.where(old[index] == levels, old_counts[index], 0)
    rise = counts / m - before / x.size
    pooled = (counts + before) / (m + x.size)
    z = rise / np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / m + 1 / x.size))
    outside = (levels < old[0]) | (levels > old[-1])
    centres = {float(np.median(x)), float(old[np.argmax(old_counts)])}
    mean = float(x.mean())
    tried = [int(i) for i in np.argsort(-rise, kind="stable")[:TRIED] if z[i] >= 3 and (rise[i] >= 0.003 or outside[i])]
    for i in tried:
        value = float(levels[i])
        flagged = y == value
        stretch = line.stretch(flagged)
        after = y[stretch.start :]
        after = after[np.isfinite(after)]
        earlier = y[: stretch.start][present[: stretch.start]]
        if not after.size:
            continue
        rest, rest_after = thin(x[x != value]), thin(after[after != value])
        yield Atom(
            name=name,
            kind=sample.kinds[name],
            value=value,
            reference=float(before[i] / x.size),
            before=float(np.mean(earlier == value)) if earlier.size else float(before[i] / x.size),
            after=float(np.mean(after == value)),
            rows=int(flagged.sum()),
            n=int(x.size),
            rest=ks(rest, rest_after),
            rest_noise=ks_noise(rest.size, rest_after.size),
            moved_below=_moved(x[x < value], after[after < value]),
            moved_above=_moved(x[x > value], after[after > value]),
            rivals=float(sum(rise[j] for j in tried if j != i) / rise[i]),
            below=Sides(float(np.mean(x < value)), float(np.mean(after < value))),
            above=Sides(float(np.mean(x > value)), float(np.mean(after > value))),
            low=float(old[0]),
            high=float(old[-1]),
            distinct=int(old.size),
            middle=value in centres or abs(value - mean) <= 1e-3 * float(x.std()),
            whole=_whole(x),
            since=stretch.since,
            sharp=stretch.sharp,
        )


def _moved(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    left, right = thin(x), thin(y)
    if left.size and right.size:
        # Both ends may be cut off at once: what lies beyond the other bound counts as lying on it.
        left = np.clip(left, right[0], right[-1])
    return max(0.0, ks(left, right) - ks_noise(left.size, right.size))


def _whole(x: NDArray[np.float64]) -> bool:
    return bool(np.mean(x == np.round(x)) > 0.99)


def clips(atom: Atom, *, cut_at: float = 0.005) -> str:
    """The side, "high" or "low", on which the value cuts the column off: the reference went beyond it, the current no longer
    does, and what lay beyond now lies on it. Empty otherwise. `cut_at`: the share beyond that must be gone, 1 row in 200.
    """
    for side, beyond, other in (("high", atom.above, atom.below), ("low", atom.below, atom.above)):
        moved = atom.after - atom.reference
        gone = beyond.reference - beyond.current
        # Values that are not cut stay: the other side keeps its share.
        still = atom.moved_below if side == "high" else atom.moved_above
        kept = abs(other.current - other.reference) <= 0.05 + 0.25 * gone and other.current >= 0.03 and still <= 0.06
        inside = atom.low < atom.value < atom.high
        if (
            inside
            and gone >= cut_at
            and beyond.current <= 0.02 * beyond.reference
            and kept
            and 0.5 * gone <= moved <= 2 * gone + 0.02
        ):
            return side
    return ""


def format_value(atom: Atom) -> str:
    """The value as people read it: a moment for a time, else ten digits."""
    if atom.kind is Kind.TIME:
        return as_datetime(np.datetime64(int(atom.value), "s")).isoformat(sep=" ")
    return f"{atom.value:.10g}"
