"""Precision: values rounded, cut or binned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import PRECISION_LOSS
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import Timeline, ks, ks_noise, thin, timeline
from diagnostics.measure.placebo import chance_of_rises
from diagnostics.measure.samples import samples
from diagnostics.measure.undo import NO_UNDO, Undo
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Coarser(ColumnEntry):
    """A column with fewer different values. before, after: shares of the values on the step, 0 to 1."""

    step: float | None = shown(N_("Step that the values lie on"))
    middles: bool
    """Whether they are the middles of bins that wide, rather than whole multiples of it."""

    before: float = shown(N_("Values on the step in the reference"), Unit.SHARE)
    after: float = shown(N_("Values on the step since the change"), Unit.SHARE)
    distinct_before: int = shown(N_("Different values in the reference"), Unit.COUNT)
    distinct_after: int = shown(N_("Different values since the change"), Unit.COUNT)
    of: int = shown(N_("Rows that they were counted in"), Unit.COUNT)
    """Of each table."""

    sharp: bool
    """Whether it began suddenly."""


_FEWER: Final = N_("Share of the different values that may be left")


def _rounded_says(entry: Coarser) -> str:
    if entry.middles:
        return N_(
            "{column:name} was put into bins {step:number} wide: {after:percent} of the values are the middle of such a bin, "
            "{before:percent} were in the reference."
        )
    return N_(
        "{column:name} is rounded to steps of {step:number}: {after:percent} of the values lie "
        "on them, {before:percent} did in the reference."
    )


ROUNDED: Final = Rule[Coarser](
    code="INP070",
    lane=Lane.DATA,
    title=N_("Values are rounded"),
    says=_rounded_says,
    why=N_("Rows that used to differ now look the same to the model."),
    remedy=N_(
        "Look for a rounding, a cast to integers or a shorter number format on the way of this column, and send all digits again."
    ),
    statistic=N_("Share of values that are a whole multiple of the step, beside the same share in training."),
    source="Heitjan and Rubin 1991, doi:10.1214/aos/1176348396 (coarse data)",
    suggests=PRECISION_LOSS,
    clear=0.88,
    thresholds={
        "on_at": Shown(N_("Share of the values on the step"), Unit.SHARE),
        "rise_at": Shown(N_("Rise of that share that counts"), Unit.SHARE),
        "fewer_at": Shown(_FEWER, Unit.SHARE),
        "gone_at": Shown(N_("Share of the other values that must be gone"), Unit.SHARE),
    },
)
BINNED: Final = Rule[Coarser](
    code="INP071",
    lane=Lane.DATA,
    title=N_("Few different values are left"),
    says=N_(
        "{column:name} has {distinct_after:count} different values left among {of:count} "
        "rows; the reference has {distinct_before:count}."
    ),
    why=N_("The values were put into bins: rows that used to differ now look the same to the model."),
    remedy=N_("Look for a binning or a lookup on the way of this column, and send the values themselves again."),
    statistic=N_("Number of different values among as many rows of each table."),
    source="Heitjan and Rubin 1991, doi:10.1214/aos/1176348396 (coarse data)",
    suggests=PRECISION_LOSS,
    clear=0.88,
    thresholds={
        "binned_at": Shown(_FEWER, Unit.SHARE),
        "binned_most": Shown(N_("Different values that may be left"), Unit.COUNT),
        "binned_from": Shown(N_("Different values that the reference must have"), Unit.COUNT),
    },
)
RULES: Final = (ROUNDED, BINNED)

STEPS: Final = tuple(float(f"{m}e{k}") for k in range(6, -7, -1) for m in (5, 2.5, 2, 1))
"""Steps that people and programs round to, coarse first."""


@dataclass(frozen=True, kw_only=True)
class ColumnPrecision:
    """How fine the values of one column are."""

    name: str
    step: float | None
    """Step that more values are multiples of than were, None without one."""

    middles: bool
    """They are odd multiples of half the step: the middles of bins."""

    reference: float
    """Share of the values on that step, 0 to 1."""

    current: float
    """The same since the change."""

    distinct_reference: int
    """Different values among `of` rows."""

    distinct: int
    """The same since the change."""

    of: int
    distance: float
    """KS statistic between both."""

    snapped: float
    """The same once the reference's values are put on those that are left, by rounding or by cutting."""

    wide: float
    """Largest share of one value since the change."""

    single: float
    """Share of the rise on the step that one value alone makes, 0 to 1 and more."""

    moved: float
    """KS statistic between both sides once both are put on the step, less what chance explains: 0 where nothing but the digits
    changed.
    """

    sure: float
    """Rise of the share on the step, in standard errors."""

    chance: float
    """p-value of that rise against exchanged stretches of rows, corrected for all columns."""

    sharp: bool
    """The change was sudden."""

    since: datetime | None


@dataclass(frozen=True)
class Precision:
    columns: tuple[ColumnPrecision, ...]


SNAPS: Final = 200
"""Different values from which on a column is not binned, whatever its step."""

WIDEST: Final = 4.0
NARROWEST: Final = 1 / 500
"""Steps that are tried, in standard deviations of the column."""

SCREENED: Final = 3_000
"""Rows of a side on which a step is chosen."""

SUSPECT: Final = 4.0
"""Standard errors from which on a rise is held against exchanged rows."""

LEAST: Final = 40
"""Values a side below which nothing is said."""

ON_LEAST: Final = 0.03
VALUES: Final = 3
"""Share of the values, and different values, on a step below which it is no rounding."""

ALONE: Final = 0.6
"""Share of a rise from which on one value makes it."""

STILL: Final = 0.02
"""KS statistic, beyond chance, from which on more than the digits changed."""

RARE: Final = 0.2
"""Share of the reference's values on the step above which leaving them out changes what rows are left."""


def profile(incident: Incident) -> Precision:
    """Raises NotApplicable without both tables, a common feature or a number column."""
    sample = samples(incident)
    if not sample.numbers:
        raise NotApplicable(N_("The two tables have no number column in common."), needs="current")
    line = timeline(incident, sample)
    columns: list[ColumnPrecision] = []
    for name in sample.numbers:
        x = sample.reference[name].to_numpy("float64")
        y = line.ordered(sample.current[name]).astype("float64")
        x = x[np.isfinite(x)]
        if x.size >= LEAST and np.isfinite(y).sum() >= LEAST:
            columns += _column(name, x, np.where(np.isfinite(y), y, np.nan), line)
    suspects = {c.name: c.step for c in columns if c.step is not None and c.sure >= SUSPECT}
    if suspects:
        middles = {c.name: c.middles for c in columns}
        places = np.arange(len(sample.reference)), np.arange(len(sample.current))
        flagged = {
            name: (
                _flagged(sample.reference[name].to_numpy("float64"), step, middles[name]),
                _flagged(sample.current[name].to_numpy("float64"), step, middles[name]),
            )
            for name, step in suspects.items()
        }
        chances = chance_of_rises(incident, places, flagged)
        columns = [replace(c, chance=chances.get(c.name, 1.0)) for c in columns]
    return Precision(tuple(columns))


def on_step(values: NDArray[np.float64], step: float, *, middles: bool = False) -> NDArray[np.bool_]:
    """Which values are whole multiples of `step`, or lie in the middle between two; shape of `values`; NaN is not."""
    times = values / step - (0.5 if middles else 0.0)
    # Doubles carry 15 to 16 digits; a multiple written in decimals misses by a few of the last.
    return np.asarray(np.abs(times - np.round(times)) <= 1e-6 + 1e-9 * np.abs(times)) & (np.abs(times) < 1e9)


def _flagged(values: NDArray[np.float64], step: float, middles: bool) -> NDArray[np.float64]:
    """1 on the step, 0 off it, NaN where there is no value, or a zero, which lies on every step and says nothing."""
    told = np.isfinite(values) & (values != 0)
    return np.where(told, on_step(np.where(told, values, 1.0), step, middles=middles), np.nan)


def _step(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, bool, float] | None:
    """The step that the values of `y` came to lie on, whether they are the middles between two, and how surely, in standard
    errors; None where there is none. Both without zeros and missing values.
    """
    left, right = (side[np.linspace(0, side.size - 1, min(side.size, SCREENED)).astype(int)] for side in (x, y))
    spread = float(np.std(left))
    found: tuple[float, bool, float] | None = None
    for step in STEPS:
        if not NARROWEST * spread <= step <= WIDEST * spread:
            continue
        for middles in (False, True):
            on = on_step(right, step, middles=middles)
            after = float(on.mean())
            if after < ON_LEAST or np.unique(right[on]).size < VALUES:
                continue
            before = float(on_step(left, step, middles=middles).mean())
            both = (before * left.size + after * right.size) / (left.size + right.size)
            error = np.sqrt(max(both * (1 - both), 1e-9) * (1 / left.size + 1 / right.size))
            sure = float((after - before) / error)
            if after > before and (found is None or sure > 1.02 * found[2]):
                found = step, middles, sure
    return found


def _column(name: str, x: NDArray[np.float64], y: NDArray[np.float64], line: Timeline) -> Iterator[ColumnPrecision]:
    some = x[np.linspace(0, x.size - 1, min(x.size, 4_000)).astype(int)]
    if np.unique(some).size < 12:
        return
    present = np.isfinite(y)
    told = y[present & (y != 0)]
    some = some[some != 0]
    if told.size < 20 or some.size < 20:
        return
    step, middles, sure, start, sharp = None, False, 0.0, 0, False
    lattice = _step(some, told)
    if lattice is not None and lattice[2] >= SUSPECT:
        step, middles, sure = lattice
        stretch = _since(_flagged(y, step, middles), line)
        if stretch is not None:
            start, sharp = stretch, True
    else:
        tail = y[present][-max(LEAST, int(present.sum()) // 10) :]
        seen = np.unique(tail)
        row = line.change(np.where(present, np.isin(y, seen).astype("float64"), np.nan)) if seen.size <= tail.size / 4 else None
        if row is not None:
            start, sharp = row, True
    after = y[start:]
    after = after[np.isfinite(after)]
    if after.size < LEAST:
        return
    # A bound at which values are cut off makes them fewer as well: only what lies between the bounds is compared.
    low, high = np.quantile(after, [0.03, 0.97], method="inverted_cdf")
    within = [side[(side > low) & (side < high)] for side in (x, after)]
    of = min(within[0].size, within[1].size, 4_000)
    if of < LEAST:
        return
    left, right = (side[np.linspace(0, side.size - 1, of).astype(int)] for side in within)
    counts = np.unique(right, return_counts=True)[1]
    a, b = thin(x), thin(after)
    shares = [0.0, 0.0] if step is None else [float(np.nanmean(_flagged(side, step, middles))) for side in (x, after)]
    yield ColumnPrecision(
        name=name,
        step=step,
        middles=middles,
        reference=shares[0],
        current=shares[1],
        distinct_reference=int(np.unique(left).size),
        distinct=int(counts.size),
        of=of,
        distance=max(0.0, ks(a, b) - ks_noise(a.size, b.size)),
        snapped=_snapped(a, b),
        wide=float(counts.max() / of),
        single=1.0 if step is None else _single(x, after, step, middles),
        moved=1.0 if step is None else _moved(a, b, step, middles),
        sure=sure,
        chance=1.0,
        sharp=sharp,
        since=line.at(start),
    )


def _since(flagged: NDArray[np.float64], line: Timeline) -> int | None:
    """From which row on more values lie on the step."""
    row = line.change(flagged)
    if row is None or not np.isfinite(flagged[:row]).any() or not np.isfinite(flagged[row:]).any():
        return None
    return row if np.nanmean(flagged[row:]) > np.nanmean(flagged[:row]) else None


def _single(x: NDArray[np.float64], y: NDArray[np.float64], step: float, middles: bool) -> float:
    """Share of the rise on the step that its commonest new value makes: 1 where one value was filled in."""
    sides = [side[_flagged(side, step, middles) == 1] for side in (x, y)]
    levels, counts = np.unique(sides[1], return_counts=True)
    if not levels.size:
        return 1.0
    old, often = np.unique(sides[0], return_counts=True)
    place = np.minimum(np.searchsorted(old, levels), max(0, old.size - 1))
    before = np.where(old[place] == levels, often[place], 0) if old.size else np.zeros(levels.size)
    rise = counts / y.size - before / x.size
    whole = sides[1].size / y.size - sides[0].size / x.size
    return float(rise.max() / whole) if whole > 0 else 1.0


def _moved(x: NDArray[np.float64], y: NDArray[np.float64], step: float, middles: bool) -> float:
    """KS statistic between both sides, sorted, put on the step by rounding, cutting or raising; the least of the three."""
    shift = step / 2 if middles else 0.0
    noise = ks_noise(x.size, y.size)
    distances = []
    for put in (np.round, np.floor, np.ceil):
        # What lies on the step stays, whatever the last digit of a double says.
        sides = [put(np.round((side - shift) / step, 6)) for side in (x, y)]
        distances.append(max(0.0, ks(sides[0], sides[1]) - noise))
    return min(distances)


def _snapped(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """KS statistic between the current values and the reference's put on the nearest of them, or the next below or above."""
    left = np.unique(current)
    if not 2 <= left.size <= SNAPS:
        return 1.0
    above = np.clip(np.searchsorted(left, reference, side="left"), 0, left.size - 1)
    below = np.clip(np.searchsorted(left, reference, side="right") - 1, 0, left.size - 1)
    nearest = np.where(np.abs(left[above] - reference) < np.abs(left[below] - reference), above, below)
    noise = ks_noise(reference.size, current.size)
    return min(max(0.0, ks(np.sort(left[places]), current) - noise) for places in (nearest, below, above))


def judge(
    p: Precision,
    *,
    on_at: float = 0.95,
    rise_at: float = 0.2,
    fewer_at: float = 0.6,
    gone_at: float = 0.03,
    sure_at: float = 5.0,
    chance_at: float = 0.01,
    binned_at: float = 0.25,
    binned_from: int = 20,
    binned_most: int = 30,
) -> list[Finding[Coarser]]:
    """Rounded: `on_at` of the values lie on one step, `rise_at` more than in the reference, and at most `fewer_at` as many
    different values are left. Or, where nothing but the digits changed and not one value alone makes the rise: of the values that
    were off the step `gone_at` came to lie on it, by `sure_at` standard errors and more than `chance_at` allows. Binned: at most
    `binned_at` as many different values, of at least `binned_from` in the reference, and at most `binned_most`, without one of
    them holding more than 80% of the rows (that would be a fill or a stale column). All were chosen on benchmarks/incidents.

    A change of scale moves the values off their old steps too, so the reference and the current must still overlap.
    """
    findings: list[Finding[Coarser]] = []
    for column in p.columns:
        fewer = column.distinct / max(1, column.distinct_reference)
        # What is left of the reference's own values once they are put on so few is the surest sign.
        strange = (column.distance > 0.4 or column.wide > 0.8) and (column.snapped > 0.05 or column.distinct < 3)
        entry = Coarser(
            since=column.since,
            weight=float(max(1 - fewer, column.current - column.reference)),
            column=column.name,
            step=column.step,
            middles=column.middles,
            before=column.reference,
            after=column.current,
            distinct_before=column.distinct_reference,
            distinct_after=column.distinct,
            of=column.of,
            sharp=column.sharp,
        )
        whole = column.current >= on_at and column.current - column.reference >= rise_at and fewer <= fewer_at
        if column.step is not None and ((whole and not strange) or _in_part(column, gone_at, sure_at, chance_at)):
            findings.append(ROUNDED.found(entry))
        elif not strange and column.distinct_reference >= binned_from and fewer <= binned_at and column.distinct <= binned_most:
            findings.append(BINNED.found(entry))
    return findings


def _in_part(column: ColumnPrecision, gone_at: float, sure_at: float, chance_at: float) -> bool:
    gone = (column.current - column.reference) / max(1e-9, 1 - column.reference)
    only_digits = column.moved <= STILL and column.single <= ALONE
    return gone >= gone_at and column.sure >= sure_at and column.chance <= chance_at and only_digits


def undo(finding: Finding[Coarser], incident: Incident) -> Undo:
    """Digits do not come back: the rows on the step can only be left out, and not where many lay on it before."""
    name, step, middles = finding.of.column, finding.of.step, finding.of.middles
    if step is None or finding.of.before > RARE:
        return NO_UNDO
    return Undo(faulty=lambda frame: on_step(frame[name].to_numpy("float64"), step, middles=middles), leave_out=(name,))


def offending(incident: Incident, finding: Finding[Coarser], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows since the change whose value lies on the step, as `rows.rows_where` gives them; all rows since then where there
    is no step.
    """
    table, clock, step = incident.pair().current, incident.roles.timestamp, finding.of.step
    timed = finding.since is not None and clock is not None and table[clock].kind is Kind.TIME
    wheres, values = ([f"{table[clock].key} >= ?"], [finding.since]) if timed and clock is not None else ([], [])
    if step is not None:
        key = table[finding.of.column].key
        times = f"({key} / {step!r} - {0.5 if finding.of.middles else 0.0})"
        wheres.append(f"{key} <> 0 AND abs({times} - round({times})) <= 1e-6 + 1e-9 * abs({times})")
    if not wheres:
        return none(incident)
    return rows_where(incident, " AND ".join(wheres), values, limit=limit)
