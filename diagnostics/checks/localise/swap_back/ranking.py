"""What comes back with each column set back: of the lost performance, or of the shift of the answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.localise.swap_back.scene import MIN_ROWS, Scene, given, rebuild, suspect
from diagnostics.measure.coverage import coverage
from diagnostics.measure.outcome import row_loss
from diagnostics.nouns import intervals

REBUILT: Final = 5
"""Columns that are rebuilt from the others, where none of the values alone explains the loss."""

MATTERS: Final = 0.05
"""Weight from which a column can explain a loss worth the name."""

MOVED: Final = 0.1
"""Distance between the two distributions, 0 to 1, from which a column counts as moved (KS 0.1: a tenth of the rows elsewhere)."""

GROUP: Final = 10
"""Columns that are set back at once; a longer list tells a person nothing."""


@dataclass(frozen=True)
class Swaps:
    """values: each column encoded with its reference values, shape (m,), and since when they differ. `scores` are kept."""

    scene: Scene
    values: dict[str, tuple[NDArray[np.float64], datetime | None]]
    kept: dict[tuple[str, ...], NDArray[np.float64]] = field(default_factory=dict)

    def scores(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """The stand-in's scores with these columns set back, shape (m, k)."""
        if names not in self.kept:
            matrix = given(self.scene, {name: self.values[name][0] for name in names})
            self.kept[names] = self.scene.stand.scores_of(matrix)
        return self.kept[names]


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """One column set back to its reference values."""

    name: str
    recovered: intervals.Interval
    """Share of the loss (or shift) that comes back, with its 95% interval; 1 is all of it."""

    after: float
    """Loss or shift then."""

    weight: float
    """How far the predictions move when only this column is shuffled, as a share of shuffling all of them, 0 to 1."""

    moved: float
    """KS statistic or distance of the level shares between reference and current, 0 to 1."""

    way: str
    """One of "values" (the reference's, by rank), "rebuilt" (from the other columns) or "filled" (rebuilt where
    missing or too frequent).
    """

    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """What comes back with each column set back."""

    unit: str
    """What is measured."""

    home: intervals.Interval
    """On unseen reference rows, with its 95% interval."""

    before: intervals.Interval
    """On current rows, with its 95% interval."""

    lost: bool
    """Whether `before` exceeds `home` beyond chance."""

    columns: tuple[Swapped, ...]
    """Best first."""

    together: tuple[str, ...]
    """Several columns set back at once: those that help alone, or those that moved."""

    together_recovered: float
    """What comes back then."""

    everything: float
    """What comes back with all columns of the list."""

    expected: float | None = None
    """Loss of the reference rows if they came as often as their like in the current table; None where it was not needed or the
    two tables overlap too little."""

    @property
    def best(self) -> float:
        """The most that comes back by any swap."""
        return max([0.0, self.everything, self.together_recovered, *(c.recovered.value for c in self.columns)])

    @property
    def from_population(self) -> float | None:
        """Share of the loss that rows like the current ones had in the reference already."""
        rise = self.before.value - self.home.value
        return None if self.expected is None or rise <= 0 else (self.expected - self.home.value) / rise


def by_loss(swaps: Swaps, weights: dict[str, float], moved: dict[str, float], seed: int) -> Ranking | None:
    """By the true answers; None where the current or the reference rows have too few."""
    scene = swaps.scene
    known = scene.stand.outcome
    if known.truth.reference is None or known.truth.current is None:
        return None
    truth = known.truth.current[scene.rows]
    if pd.notna(truth).sum() < MIN_ROWS or pd.notna(known.truth.reference[scene.home_rows]).sum() < MIN_ROWS:
        return None

    answered = scene.stand.answers_from
    home_loss = row_loss(known, known.truth.reference[scene.home_rows], answered(scene.home_scores))
    home = intervals.mean(home_loss)
    was = row_loss(known, truth, answered(scene.scores))
    before = intervals.mean(was)
    rise = before.value - home.value
    lost = before.low > home.high and rise >= 0.1 * home.value
    if not lost:
        return _nothing_lost(known.loss_name, home, before, swaps, weights, moved)

    def back(scores: NDArray[np.float64]) -> tuple[intervals.Interval, float]:
        now = row_loss(known, truth, answered(scores))
        gain = intervals.mean(was - now)
        return intervals.Interval(gain.value / rise, gain.low / rise, gain.high / rise), float(np.nanmean(now))

    entries = []
    for name, (_, began) in swaps.values.items():
        recovered, after = back(swaps.scores((name,)))
        entries.append(
            Swapped(
                name=name, recovered=recovered, after=after, weight=weights[name], moved=moved[name], way="values", since=began
            )
        )
    entries.sort(key=lambda c: (-c.recovered.value, c.name))
    together: tuple[str, ...] = ()
    together_back = 0.0
    for group in _groups(entries):
        gain = back(swaps.scores(group))[0].value
        if gain > together_back + 0.05:
            together, together_back = group, gain
    everything = back(swaps.scores(tuple(swaps.values)))[0].value
    found = Ranking(
        unit=known.loss_name,
        home=home,
        before=before,
        lost=lost,
        columns=tuple(entries),
        together=together,
        together_recovered=together_back,
        everything=everything,
    )
    if found.best >= 0.5:
        return found
    expected = _expected(scene, home_loss, seed)
    for name in sorted(weights, key=lambda n: (-weights[n], n))[:REBUILT]:
        if weights[name] < MATTERS:
            continue
        holes = suspect(scene, name)
        if not holes.any() and moved[name] >= MOVED:
            continue
        # Without holes and with the values it always had, a column can only have lost its link to the other columns.
        rebuilt = rebuild(scene, name, holes if holes.any() else ~holes, seed)
        if rebuilt is None:
            continue
        recovered, after = back(scene.stand.scores_of(given(scene, {name: rebuilt})))
        old = next((c for c in entries if c.name == name), None)
        if old is None or recovered.value > old.recovered.value:
            entries = [c for c in entries if c.name != name]
            way, began = "filled" if holes.any() else "rebuilt", old.since if old else None
            entries.append(
                Swapped(
                    name=name, recovered=recovered, after=after, weight=weights[name], moved=moved[name], way=way, since=began
                )
            )
    entries.sort(key=lambda c: (-c.recovered.value, c.name))
    return replace(found, columns=tuple(entries), expected=expected)


def _expected(scene: Scene, loss: NDArray[np.float64], seed: int, *, apart_at: float = 0.95) -> float | None:
    """The loss of the reference rows, weighted to look like the current ones; None where the two hardly overlap."""
    place = coverage(scene.home, scene.current, np.random.default_rng(seed))
    known = np.isfinite(loss) & (place.weights > 0)
    if place.apart > apart_at or known.sum() < MIN_ROWS:
        return None
    return float(np.average(loss[known], weights=place.weights[known]))


def _groups(entries: list[Swapped]) -> tuple[tuple[str, ...], ...]:
    """Columns to set back at once: those that help alone, and those that moved, whether they help alone or not."""
    helping = tuple(c.name for c in entries if c.recovered.value >= 0.05 and c.recovered.low > 0)[:GROUP]
    heaviest = sorted((c for c in entries if c.moved >= MOVED), key=lambda c: (-c.weight, c.name))
    moved = tuple(c.name for c in heaviest[:GROUP])
    return tuple(dict.fromkeys(group for group in (helping, moved) if group))


def _nothing_lost(
    unit: str,
    home: intervals.Interval,
    before: intervals.Interval,
    swaps: Swaps,
    weights: dict[str, float],
    moved: dict[str, float],
) -> Ranking:
    """The columns by weight, with nothing to bring back."""
    none = intervals.Interval(0.0, 0.0, 0.0)
    entries = [
        Swapped(name=n, recovered=none, after=before.value, weight=weights[n], moved=moved[n], way="values", since=began)
        for n, (_, began) in swaps.values.items()
    ]
    entries.sort(key=lambda c: (-c.weight, c.name))
    return Ranking(
        unit=unit,
        home=home,
        before=before,
        lost=False,
        columns=tuple(entries),
        together=(),
        together_recovered=0.0,
        everything=0.0,
    )


def by_shift(swaps: Swaps, weights: dict[str, float], moved: dict[str, float], rng: np.random.Generator) -> Ranking:
    """By the distance between the answers on reference and on current rows, in standard deviations of the reference's."""
    scene = swaps.scene
    at = np.linspace(0.002, 0.998, 250)
    home = np.quantile(scene.home_scores, at, axis=0)
    spread = float(scene.home_scores.std(axis=0).sum()) or 1.0

    def distance(scores: NDArray[np.float64]) -> float:
        return float(np.abs(np.quantile(scores, at, axis=0) - home).mean(axis=0).sum()) / spread

    was = distance(scene.scores)
    pooled = np.vstack([scene.home_scores, scene.scores])
    n = len(scene.home_scores)
    chance = []
    for _ in range(20):
        order = rng.permutation(len(pooled))
        left, right = np.quantile(pooled[order[:n]], at, axis=0), np.quantile(pooled[order[n:]], at, axis=0)
        chance.append(float(np.abs(left - right).mean(axis=0).sum()) / spread)
    floor, ceiling = float(np.mean(chance)), float(np.max(chance))
    # A tenth of a standard deviation is a small effect by any convention (Cohen 1988, chapter 2: 0.2 is small).
    lost = was > ceiling and was - floor >= 0.1
    unit, usual, now = "distance of the answers", intervals.Interval(floor, 0.0, ceiling), intervals.Interval(was, was, was)
    if not lost:
        return _nothing_lost(unit, usual, now, swaps, weights, moved)
    scale = was - floor
    entries = []
    for name, (_, began) in swaps.values.items():
        scores = swaps.scores((name,))
        after = distance(scores)
        value = (was - after) / scale
        interval = intervals.Interval(value, value, value)
        if value >= 0.2:
            drawn = [rng.integers(0, len(scores), len(scores)) for _ in range(20)]
            gains = [(distance(scene.scores[rows]) - distance(scores[rows])) / scale for rows in drawn]
            half = 1.96 * float(np.std(gains))
            interval = intervals.Interval(value, value - half, value + half)
        entries.append(
            Swapped(
                name=name, recovered=interval, after=after, weight=weights[name], moved=moved[name], way="values", since=began
            )
        )
    entries.sort(key=lambda c: (-c.recovered.value, c.name))
    together: tuple[str, ...] = ()
    together_back = 0.0
    for group in _groups(entries):
        gain = (was - distance(swaps.scores(group))) / scale
        if gain > together_back + 0.05:
            together, together_back = group, gain
    everything = (was - distance(swaps.scores(tuple(swaps.values)))) / scale
    return Ranking(
        unit=unit,
        home=usual,
        before=now,
        lost=lost,
        columns=tuple(entries),
        together=together,
        together_recovered=together_back,
        everything=everything,
    )
