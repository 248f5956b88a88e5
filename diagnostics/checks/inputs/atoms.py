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
from diagnostics.measure.samples import Samples, samples
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.table import Kind

TRIED: int = 4
"""Values per column that are looked at, those whose share rose most first."""


@dataclass(frozen=True)
class Atom:
    """One value whose share rose.

    reference, before, after: share of the known values that equal `value`: in the reference, and in the current rows before and
        from its stretch on. rows: current rows of the sample with it; n: known values of the reference.
    rest: KS statistic between the reference and the stretch, both without the value; rest_noise: what chance explains.
    moved_below, moved_above: KS statistic, less what chance explains, among the values below and above it.
    rivals: the rise of the next three values of the column together, as a share of its own.
    below, above: shares beyond the value: of the reference, and of the stretch. low, high: extremes of the reference.
    distinct: different values of the reference. middle: the value is the reference's mean, median or most frequent value.
    """

    name: str
    kind: Kind
    value: float
    reference: float
    before: float
    after: float
    rows: int
    n: int
    rest: float
    rest_noise: float
    moved_below: float
    moved_above: float
    rivals: float
    below: Sides[float]
    above: Sides[float]
    low: float
    high: float
    distinct: int
    middle: bool
    whole: bool
    since: datetime | None
    sharp: bool

    @property
    def rise(self) -> float:
        return self.after - self.reference


def atoms(incident: Incident) -> tuple[Atom, ...]:
    """Atoms of all number and time features. Raises NotApplicable without tables or a common feature."""
    return _atoms(_Key(incident.fingerprint, incident))


@dataclass(frozen=True, eq=False)
class _Key:
    fingerprint: str
    incident: Incident

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.fingerprint == self.fingerprint


@lru_cache(maxsize=8)
def _atoms(key: _Key) -> tuple[Atom, ...]:
    drawn = samples(key.incident)
    line = timeline(key.incident, drawn)
    found: list[Atom] = []
    for name in drawn.features:
        if drawn.kinds[name] is not Kind.CATEGORY:
            found += _of_column(name, drawn, line)
    return tuple(found)


def _of_column(name: str, drawn: Samples, line: Timeline) -> Iterator[Atom]:
    x = seconds(drawn.reference[name])
    x = x[np.isfinite(x)]
    y = seconds(drawn.current[name])[line.order]
    known = np.isfinite(y)
    m = int(known.sum())
    if x.size < 20 or m < 10:
        return
    levels, counts = np.unique(y[known], return_counts=True)
    old, old_counts = np.unique(x, return_counts=True)
    place = np.minimum(np.searchsorted(old, levels), old.size - 1)
    before = np.where(old[place] == levels, old_counts[place], 0)
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
        earlier = y[: stretch.start][known[: stretch.start]]
        if not after.size:
            continue
        rest, rest_after = thin(x[x != value]), thin(after[after != value])
        yield Atom(
            name,
            drawn.kinds[name],
            value,
            float(before[i] / x.size),
            float(np.mean(earlier == value)) if earlier.size else float(before[i] / x.size),
            float(np.mean(after == value)),
            int(flagged.sum()),
            int(x.size),
            ks(rest, rest_after),
            ks_noise(rest.size, rest_after.size),
            _moved(x[x < value], after[after < value]),
            _moved(x[x > value], after[after > value]),
            float(sum(rise[j] for j in tried if j != i) / rise[i]),
            Sides(float(np.mean(x < value)), float(np.mean(after < value))),
            Sides(float(np.mean(x > value)), float(np.mean(after > value))),
            float(old[0]),
            float(old[-1]),
            int(old.size),
            value in centres or abs(value - mean) <= 1e-3 * float(x.std()),
            _whole(x),
            stretch.since,
            stretch.sharp,
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
