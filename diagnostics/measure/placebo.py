"""The placebo: what a change would look like if nothing had changed, from the rows themselves.

Under "nothing changed" it does not matter which side a row is on. So the rows of both tables are pooled and shared out again,
many times, and every column's statistic is computed on each of these placebo pairs as on the real one. What is exchanged is the
unit that nature drew: single rows; all rows of one customer where an id repeats; stretches of time, at most a day long, where
times are known, so that mornings, evenings and slow waves are in the placebo too. A column has changed when its statistic exceeds
what chance makes of the largest among all columns (step-down max-T: Westfall and Young 1993, Resampling-based multiple testing;
permuting blocks: Politis and Romano 1994, doi:10.1080/01621459.1994.10476870).

Only counts per unit are exchanged, so that 199 placebos cost about as much as one look at the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import xlogy

from diagnostics.measure import engine
from diagnostics.measure.outcome import partial
from diagnostics.measure.samples import Samples, as_level, samples, times
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Null
from diagnostics.nouns.table import Kind

PLACEBOS: Final = 199
"""Placebo pairs: with the real one they are 200, so that the least p-value is a half per cent."""

ROWS: Final = 20_000
"""Rows of a side that are looked at; evenly spread over the sample."""

BINS: Final = 12
LEVELS: Final = 40
TINY: Final = 1e-12

LATE: Final = 0.02
"""Share of the current rows that "since then" must hold."""

ATOM: Final = 0.005
ATOMS: Final = 24
"""A value that so many rows share stands in a bin of its own, and how many such values at most: one that was written into rows
need not be common."""

KEPT: Final = 8
LEAST_LABELS: Final = 40
"""Rows with label and prediction, both sides together, below which the loss is not looked at."""

LINKED: Final = 40
"""Columns whose links are looked at."""

DAY: Final = 86_400e6
"""Microseconds."""

BLOCKS: Final = 240
"""Stretches of time at most, both sides together; of longer histories several days are one stretch."""

SMALLER_SIDE: Final = 24
"""Units that the smaller side is not merged below."""

FEWEST_UNITS: Final = 6
"""Units a side below which exchanging them says nothing."""

REPEATS: Final = 1.2
"""Rows for one id, on average, from which on the ids are customers and not rows."""


class Unit(StrEnum):
    """What is exchanged between the sides."""

    ROWS = "rows"
    GROUPS = "groups"
    TIMES = "times"


@dataclass(frozen=True, kw_only=True)
class Placebo:
    """What chance makes of each column.

    A column's statistic is the largest signed root of the likelihood ratio between the shares of both sides, over its bins, over
    running totals of its bins, and over the current rows from any unit on.
    """

    unit: Unit
    units: tuple[int, int]
    """Units of the reference and of the current table."""

    statistics: Mapping[str, float]
    """The real pair's, by column; about standard errors."""

    p_values: Mapping[str, float]
    """Chance of a statistic as large among all columns, 0 to 1; least 1 / (PLACEBOS + 1)."""

    p_links: Mapping[str, float]
    """The same for the rank correlation of a column with any other, by column."""

    @property
    def enough(self) -> bool:
        """Whether there are enough units for the p-values to mean anything."""
        return min(self.units) >= FEWEST_UNITS

    p_repeats: float | None = None
    """Chance of as many rows of the current table that equal another one."""

    p_loss: float | None = None
    """Chance of a rise of the mean loss as large; None without labels or predictions on a side."""

    def chance(self, null: Null, columns: Sequence[str]) -> float | None:
        """The p-value of a claim about `columns`; None where none was looked at, or there are too few units to exchange."""
        if not self.enough:
            return None
        if null is Null.LOSS or (null is Null.RELATION and self.p_loss is not None):
            return self.p_loss
        if null is Null.REPEATS:
            return self.p_repeats
        if null is Null.EACH:
            return max((self.p_values[name] for name in columns if name in self.p_values), default=None)
        names = [*self.p_values] if null in (Null.ANYTHING, Null.RELATION) else columns
        looked_at = {Null.VALUES: (self.p_values,), Null.LINKS: (self.p_links,)}.get(null, (self.p_values, self.p_links))
        known = [min((p[name] for name in names if name in p), default=None) for p in looked_at]
        found = [p for p in known if p is not None]
        return min(1.0, len(found) * min(found)) if found else None


def beyond_chance(finding: Finding, incident: Incident, *, chance_at: float = 0.01) -> bool:
    """Whether what a finding claims goes beyond what chance makes of these rows, where its rule asks for that.

    One in a hundred is the share of healthy pairs that may be accused.
    """
    null, prediction = finding.rule.chance(finding.of), incident.roles.prediction
    # What is said of no column is said of the predictions.
    columns = finding.columns or (() if prediction is None else (prediction,))
    if null is None or incident.reference is None or incident.current is None:
        return True
    try:
        chance = placebo(incident).chance(null, columns)
    except NotApplicable:
        return True
    return chance is None or chance <= chance_at


_known: dict[object, Placebo] = {}


def placebo(incident: Incident) -> Placebo:
    """Raises NotApplicable without both tables or a common column."""
    incident.pair()
    key = (incident.reference, incident.current, incident.roles, incident.task, incident.answer, incident.seed)
    if key not in _known:
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)))
        _known[key] = _placebo(incident)
    return _known[key]


def _placebo(incident: Incident) -> Placebo:
    drawn, roles = samples(incident), incident.roles
    rng = np.random.default_rng([incident.seed, 83])
    left, right = _thin(drawn.reference), _thin(drawn.current)
    unit, units = _units(left, right, roles.timestamp, roles.group, rng)
    count = [int(side.max()) + 1 if side.size else 0 for side in units]
    answers = [name for name in (roles.target, roles.prediction) if name is not None and name in drawn.kinds]
    names = [name for name in (*drawn.features, *answers) if name in left and name in right]
    orders = _shared_out(count[0], count[1], rng)
    real: dict[str, float] = {}
    chance: dict[str, NDArray[np.float64]] = {}
    for name in names:
        counts = _counts(left[name], right[name], drawn.kinds[name], units, count)
        largest = _statistics(counts, count[0], orders, since=unit is Unit.TIMES)
        real[name], chance[name] = float(largest[0]), largest[1:]
    return Placebo(
        unit=unit,
        units=(count[0], count[1]),
        statistics=real,
        p_values=step_down(real, chance),
        p_links=_links(left[names], right[names], drawn.kinds, units, count, orders),
        p_repeats=_repeats(left[names], right[names], units, rng),
        p_loss=_loss(incident, drawn, units, count, orders, since=unit is Unit.TIMES),
    )


def step_down(real: Mapping[str, float], chance: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """p-values corrected for all statistics at once (step-down max-T, Westfall and Young 1993).

    real: name to the real pair's statistic. chance: name to those of the placebo pairs, shape (k,), the same pairs for all.
    """
    ordered = sorted(real, key=lambda name: (real[name], name))
    p_values: dict[str, float] = {}
    most: NDArray[np.float64] | None = None
    for name in ordered:
        most = chance[name] if most is None else np.maximum(most, chance[name])
        p_values[name] = float((1 + np.sum(most >= real[name])) / (1 + most.size))
    highest = 0.0
    for name in reversed(ordered):
        highest = max(highest, p_values[name])
        p_values[name] = highest
    return p_values


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[_places(len(frame))]


def _places(rows: int) -> NDArray[np.intp]:
    """Positions of at most ROWS rows, evenly spread, ascending."""
    return np.arange(rows) if rows <= ROWS else np.linspace(0, rows - 1, ROWS).astype(np.intp)


def _units(
    left: pd.DataFrame, right: pd.DataFrame, timestamp: str | None, group: str | None, rng: np.random.Generator
) -> tuple[Unit, tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The unit of each row, numbered within its side from 0 on, in the order of time where times are known."""
    if group is not None and group in left and group in right:
        codes = tuple(np.asarray(pd.factorize(as_level(side[group]))[0], dtype=np.intp) for side in (left, right))
        if all(code.size and code.size >= REPEATS * (code.max() + 1) for code in codes):
            return Unit.GROUPS, _merged(np.maximum(codes[0], 0), np.maximum(codes[1], 0), rng)
    when = times(left, timestamp), times(right, timestamp)
    if when[0] is not None and when[1] is not None and not (np.isnat(when[0]).all() or np.isnat(when[1]).all()):
        return Unit.TIMES, _blocks(when[0], when[1])
    return Unit.ROWS, _merged(np.arange(len(left)), np.arange(len(right)), rng)


def _merged(
    before: NDArray[np.intp], after: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The units of both sides put together at random, equally many to one, so that there are not too many to exchange."""
    sizes = [int(codes.max()) + 1 if codes.size else 0 for codes in (before, after)]
    together = max(1, min(sum(sizes) // BLOCKS, min(sizes) // SMALLER_SIDE))
    found = [rng.permutation(size)[codes] // together for size, codes in zip(sizes, (before, after), strict=True)]
    return found[0].astype(np.intp), found[1].astype(np.intp)


def _blocks(before: NDArray[np.datetime64], after: NDArray[np.datetime64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Stretches of one length: a day, less where the current rows cover less than some days, more where the history is long."""
    ends = [(np.nanmax(side) - np.nanmin(side)).astype("timedelta64[us]") for side in (before, after)]
    spans = [float(end.astype("int64")) for end in ends]
    length = min(DAY, spans[1] / FEWEST_UNITS)
    length = max(length, sum(spans) / BLOCKS, 1.0)
    found = []
    for side in (before, after):
        known = np.where(np.isnat(side), np.nanmin(side), side)
        since = (known - np.nanmin(side)).astype("timedelta64[us]").astype("int64")
        place = (since / length).astype(np.intp)
        # Empty stretches are left out: nights without a row are no units.
        found.append(np.unique(place, return_inverse=True)[1].astype(np.intp))
    return found[0], found[1]


def _shared_out(left: int, right: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Orders of all units, shape (PLACEBOS + 1, left + right): the first `left` of each are the reference. Row 0 is real."""
    real = np.arange(left + right)
    mixed = [rng.permutation(real) for _ in range(PLACEBOS)]
    return np.array([real, *mixed], dtype=np.intp)


def _counts(
    left: pd.Series, right: pd.Series, kind: Kind, units: tuple[NDArray[np.intp], NDArray[np.intp]], count: Sequence[int]
) -> NDArray[np.float64]:
    """Rows of each unit in each bin, shape (units of both sides, bins). The last bin holds missing values."""
    codes = _binned(left, right, kind)
    bins = int(codes.max()) + 1
    unit = np.concatenate([units[0], units[1] + count[0]])
    flat = np.bincount(unit * bins + codes, minlength=(count[0] + count[1]) * bins)
    return flat.reshape(-1, bins).astype("float64")


def _binned(left: pd.Series, right: pd.Series, kind: Kind) -> NDArray[np.intp]:
    """The bin of each row, both sides in turn: quantiles of the pooled values and values of their own; missing values last."""
    if kind is Kind.CATEGORY:
        values = pd.concat([left, right], ignore_index=True)
        codes, levels = pd.factorize(values)
        frequent = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(levels)), kind="stable")
        place = np.full(len(levels) + 1, min(len(levels), LEVELS))
        place[frequent[:LEVELS]] = np.arange(min(len(levels), LEVELS))
        place[-1] = min(len(levels), LEVELS) + 1
        return np.asarray(place[codes], dtype=np.intp)
    numbers = np.concatenate([engine.seconds(left), engine.seconds(right)])
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return np.where(np.isnan(numbers), 1, 0).astype(np.intp)
    distinct, often = np.unique(finite, return_counts=True)
    atoms = distinct[often >= ATOM * finite.size] if distinct.size > BINS else distinct
    if atoms.size > ATOMS:
        atoms = distinct[np.sort(np.argsort(-often, kind="stable")[:ATOMS])]
    cuts = np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf")
    outer = np.quantile(finite, [0.002, 0.01, 0.99, 0.998], method="inverted_cdf")
    home = numbers[: len(left)]
    home = home[np.isfinite(home)]
    # What the reference never had, on either side; a frequent value stands between two cuts of its own.
    ends = np.array([np.nextafter(home.min(), -np.inf), home.max()]) if home.size else home
    edges = np.unique(np.concatenate([cuts, outer, ends, atoms, np.nextafter(atoms, -np.inf)]))
    codes = np.searchsorted(edges, numbers, side="left")
    return np.where(np.isnan(numbers), edges.size + 1, codes).astype(np.intp)


def _statistics(counts: NDArray[np.float64], left: int, orders: NDArray[np.intp], *, since: bool) -> NDArray[np.float64]:
    """The statistic of every order of the units, shape (len(orders),). since: also over the current rows from each unit on."""
    counts = counts[:, counts.sum(axis=0) > 0]
    # Rows in each bin and in all bins up to one: what jumps to a value, and what slides along.
    both = np.concatenate([counts, np.cumsum(counts, axis=1)[:, :-1]], axis=1)
    size = counts.sum(axis=1)
    total, rows = both.sum(axis=0), float(size.sum())
    found = np.zeros(len(orders))
    for number, order in enumerate(orders):
        late, many = both[order[left:]], size[order[left:]]
        inside, base = total - late.sum(axis=0), rows - float(many.sum())
        if since:
            # The current rows from each unit on, the whole of them first.
            tails, lengths = np.cumsum(late[::-1], axis=0), np.cumsum(many[::-1])
            enough = lengths >= max(10.0, LATE * lengths[-1])
            tails, lengths = tails[enough], lengths[enough]
        else:
            tails, lengths = late.sum(axis=0)[None], np.array([many.sum()])
        if lengths.size and base > 0 and lengths.min() > 0:
            found[number] = float(np.sqrt(_deviance(tails, lengths[:, None], inside, base).max()))
    return found


def _deviance(k: NDArray[np.float64], n: NDArray[np.float64], j: NDArray[np.float64], m: float) -> NDArray[np.float64]:
    """Twice the log-likelihood ratio of k of n against j of m rows having one share: unlike a difference over its standard error
    it does not explode where a single row of a rare kind falls into a short stretch (Wilks 1938, doi:10.1214/aoms/1177732360).
    """
    share = (k + j) / (n + m)
    told = xlogy(k, k / np.maximum(n * share, TINY)) + xlogy(n - k, (n - k) / np.maximum(n * (1 - share), TINY))
    told += xlogy(j, j / np.maximum(m * share, TINY)) + xlogy(m - j, (m - j) / np.maximum(m * (1 - share), TINY))
    return np.asarray(np.maximum(2 * told, 0.0))


def _loss(
    incident: Incident,
    drawn: Samples,
    units: tuple[NDArray[np.intp], NDArray[np.intp]],
    count: Sequence[int],
    orders: NDArray[np.intp],
    *,
    since: bool,
) -> float | None:
    """p-value of the rise of the mean loss, over all current rows and over those from any unit on."""
    try:
        known = partial(incident, drawn)
    except NotApplicable:
        return None
    losses = known.loss("reference"), known.loss("current")
    if losses[0] is None or losses[1] is None:
        return None
    values = np.concatenate([side[_places(side.size)] for side in losses if side is not None])
    there = np.isfinite(values)
    if there.sum() < LEAST_LABELS:
        return None
    unit = np.concatenate([units[0], units[1] + count[0]])
    found = _rises(values[there], unit[there], count, orders, since=since)
    return float((1 + np.sum(found[1:] >= found[0])) / len(found))


def _rises(
    values: NDArray[np.float64], unit: NDArray[np.intp], count: Sequence[int], orders: NDArray[np.intp], *, since: bool
) -> NDArray[np.float64]:
    """By how many standard errors the mean of the current rows exceeds that of the reference, in every order of the units, shape
    (len(orders),). since: the most over the current rows from any unit on.
    """
    total = np.bincount(unit, weights=values, minlength=count[0] + count[1])
    size = np.bincount(unit, minlength=count[0] + count[1]).astype("float64")
    spread = float(np.std(values)) or 1.0
    found = np.zeros(len(orders))
    for number, order in enumerate(orders):
        first, late = order[: count[0]], order[count[0] :][::-1]
        rows = size[first].sum()
        tails, lengths = np.cumsum(total[late]), np.cumsum(size[late])
        if not since:
            tails, lengths = tails[-1:], lengths[-1:]
        enough = lengths >= max(10.0, LATE * lengths[-1])
        if rows > 0 and enough.any():
            rise = tails[enough] / lengths[enough] - total[first].sum() / rows
            found[number] = float((rise / (spread * np.sqrt(1 / lengths[enough] + 1 / rows))).max())
    return found


def chance_of_rises(
    incident: Incident,
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
    values: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> dict[str, float]:
    """p-values, by name, of what a check measured row by row and says to have risen, corrected for all names at once.

    rows: positions in the samples of both sides, ascending. values: name to the measure of these rows, NaN where there is none.
    Empty where there are too few units to exchange. Raises NotApplicable without both tables.
    """
    drawn, roles = samples(incident), incident.roles
    rng = np.random.default_rng([incident.seed, 89])
    left, right = drawn.reference.iloc[rows[0]], drawn.current.iloc[rows[1]]
    unit, units = _units(left, right, roles.timestamp, roles.group, rng)
    count = [int(side.max()) + 1 if side.size else 0 for side in units]
    if min(count) < FEWEST_UNITS:
        return {}
    orders = _shared_out(count[0], count[1], rng)
    whose = np.concatenate([units[0], units[1] + count[0]])
    found = {}
    for name, sides in values.items():
        measured = np.concatenate(sides)
        there = np.isfinite(measured)
        if there.any():
            found[name] = _rises(measured[there], whose[there], count, orders, since=unit is Unit.TIMES)
    return step_down({name: float(f[0]) for name, f in found.items()}, {name: f[1:] for name, f in found.items()})


def _repeats(
    left: pd.DataFrame,
    right: pd.DataFrame,
    units: tuple[NDArray[np.intp], NDArray[np.intp]],
    rng: np.random.Generator,
) -> float | None:
    """p-value of the share of current rows that equal an earlier one: rows of a few flags repeat by nature.

    Single rows are exchanged, as a batch that was loaded twice lies in one stretch of time, and one stretch proves nothing; but 1
    where some stretch of the reference repeats itself as much as the worst of the current table.
    """
    if left.empty or right.empty or left.shape[1] == 0:
        return None
    rows = pd.util.hash_pandas_object(pd.concat([left, right], ignore_index=True), index=False).to_numpy()
    codes = np.unique(rows, return_inverse=True)[1]
    sides = codes[: len(left)], codes[len(left) :]
    worst = [
        max(_repeated(side[unit == number]) for number in range(int(unit.max()) + 1))
        for side, unit in zip(sides, units, strict=True)
    ]
    if worst[0] > 0 and worst[0] >= worst[1]:
        return 1.0
    real = _repeated(sides[1])
    found = np.array([_repeated(rng.permutation(codes)[len(left) :]) for _ in range(PLACEBOS)])
    return float((1 + np.sum(found >= real)) / (1 + found.size))


def _repeated(codes: NDArray[np.intp]) -> float:
    """Share of the rows that equal an earlier one."""
    return 1 - np.unique(codes).size / codes.size if codes.size else 0.0


def _links(
    left: pd.DataFrame,
    right: pd.DataFrame,
    kinds: Mapping[str, Kind],
    units: tuple[NDArray[np.intp], NDArray[np.intp]],
    count: Sequence[int],
    orders: NDArray[np.intp],
) -> dict[str, float]:
    """p-values of each column's largest change of a rank correlation with another column."""
    names = [str(name) for name in left if kinds[str(name)] is not Kind.NESTED][:LINKED]
    if len(names) < 2:
        return {}
    ranks = np.column_stack([_ranks(left[name], right[name], kinds[name]) for name in names])
    unit = np.concatenate([units[0], units[1] + count[0]])
    order = np.argsort(unit, kind="stable")
    starts = np.searchsorted(unit[order], np.arange(count[0] + count[1]))
    size = np.bincount(unit, minlength=count[0] + count[1]).astype("float64")
    products = np.einsum("ij,ik->ijk", ranks[order], ranks[order]).reshape(len(ranks), -1)
    moments = np.add.reduceat(np.concatenate([ranks[order], products], axis=1), starts, axis=0)
    found = np.empty((len(orders), len(names)))
    total, rows = moments.sum(axis=0), float(size.sum())
    for number, mixed in enumerate(orders):
        first = mixed[: count[0]]
        inside, many = moments[first].sum(axis=0), float(size[first].sum())
        apart = np.abs(np.arctanh(_correlations(inside, many)) - np.arctanh(_correlations(total - inside, rows - many)))
        found[number] = apart.max(axis=1) / np.sqrt(1 / max(many - 3, 1.0) + 1 / max(rows - many - 3, 1.0))
    return step_down(
        {name: float(found[0, place]) for place, name in enumerate(names)},
        {name: found[1:, place] for place, name in enumerate(names)},
    )


def _ranks(left: pd.Series, right: pd.Series, kind: Kind) -> NDArray[np.float64]:
    """Ranks of the pooled values, centred and scaled, 0 where missing; categories by how often they come."""
    if kind is Kind.CATEGORY:
        values = pd.concat([left, right], ignore_index=True)
        often = values.map(values.value_counts())
        numbers = often.to_numpy("float64", na_value=np.nan)
    else:
        numbers = np.concatenate([engine.seconds(left), engine.seconds(right)])
    ranks = pd.Series(numbers).rank().to_numpy()
    known = np.isfinite(ranks)
    if not known.any() or np.ptp(ranks[known]) == 0:
        return np.zeros(ranks.size)
    return np.where(known, (ranks - np.mean(ranks[known])) / np.std(ranks[known]), 0.0)


def _correlations(moments: NDArray[np.float64], rows: float) -> NDArray[np.float64]:
    """Correlations from sums and sums of products, shape (columns, columns); 0 on the diagonal and where a column is constant."""
    size = int((np.sqrt(1 + 4 * moments.size) - 1) / 2)
    mean = moments[:size] / max(rows, 1.0)
    covariance = moments[size:].reshape(size, size) / max(rows, 1.0) - np.outer(mean, mean)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    scale = np.outer(spread, spread)
    found = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 1e-9)
    np.fill_diagonal(found, 0.0)
    return np.asarray(np.clip(found, -0.999, 0.999))
