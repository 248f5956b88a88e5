"""Mean, spread and quantiles over time, with the range in which the reference moves by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import COVARIATE_DRIFT
from diagnostics.checks.drift.columns import comparable, ks
from diagnostics.measure import engine
from diagnostics.measure.frames import with_columns
from diagnostics.measure.onset import Ramp, as_datetime, ramp, since
from diagnostics.measure.samples import Samples, samples, times
from diagnostics.measure.undo import Repair
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class LeftRange(ColumnEntry):
    """A statistic of the column that left the range in which the reference moves."""

    spread_z: float
    """The largest value of `Line.spread_z`."""

    error_z: float
    """The largest value of `Line.error_z`."""

    window: int
    """Values in each of their windows."""

    before: float = shown(N_("Usual value"))
    after: float = shown(N_("Average where it left the range"))
    low: float = shown(N_("Lower end of the usual range"))
    high: float = shown(N_("Upper end of the usual range"))
    share: float = shown(N_("Share of the time bins outside the range"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class MeanLeft(LeftRange):
    """A mean that left its range."""

    step: float = shown(N_("Change in standard deviations of the reference"))


@dataclass(frozen=True, kw_only=True)
class SpreadLeft(LeftRange):
    """A standard deviation that left its range."""

    ratio: float = shown(N_("Standard deviation now, as a share of the reference's"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class Creeping(ColumnEntry):
    """A mean that moves slowly and on to the last row."""

    before: float = shown(N_("Mean until it began"))
    after: float = shown(N_("Mean at the end"))
    step: float = shown(N_("Change in standard deviations of the reference"))
    sure: float = shown(N_("How much better a slow change fits than a sudden one (log-likelihood)"))
    low: float = shown(N_("Lower end of the usual range"))
    high: float = shown(N_("Upper end of the usual range"))


def _creeping_says(entry: Creeping) -> str:
    if entry.after > entry.before:
        return N_("{column:name} rises slowly: its mean went from {before:number} to {after:number} by the last rows.")
    return N_("{column:name} falls slowly: its mean went from {before:number} to {after:number} by the last rows.")


BINS_OUTSIDE: Final = Shown(N_("Share of the time bins that must lie outside the range"), Unit.SHARE)

MEAN_LEFT: Final = Rule[MeanLeft](
    code="DRF050",
    lane=Lane.DATA,
    title=N_("A mean left its usual range"),
    says=N_(
        "Mean {column:name} left its usual range of {low:number} to {high:number}: it went from {before:number} "
        "to {after:number}."
    ),
    why=N_("A jump points at a pipeline, a slow ramp at the population. The date tells which change to look for."),
    remedy=N_("Look at what was deployed or delivered at that time."),
    statistic=N_(
        "The rows are cut into bins of equal size along time. The usual range is what bins of that size reach in the reference, "
        "half as wide again."
    ),
    source="Shewhart 1931 (control charts); Page 1954, doi:10.2307/2333009",
    severity=Severity.INFO,
    thresholds={
        "bins_at": BINS_OUTSIDE,
        "mean_at": Shown(N_("Change of the mean, in standard deviations of the reference, that counts"), Unit.NUMBER),
    },
)
SPREAD_LEFT: Final = Rule[SpreadLeft](
    code="DRF051",
    lane=Lane.DATA,
    title=N_("A spread left its usual range"),
    says=N_(
        "The spread of {column:name} left its usual range of {low:number} to {high:number}: its standard deviation went "
        "from {before:number} to {after:number}."
    ),
    why=N_("The values scatter more, or less, than the model is used to, even if their mean held."),
    remedy=N_("Look for a sensor, a rounding or a mix of sources that changed at that time."),
    statistic=N_("Standard deviation of each bin along time, against what bins of that size reach in the reference."),
    source="Shewhart 1931 (control charts)",
    severity=Severity.INFO,
    thresholds={
        "bins_at": BINS_OUTSIDE,
        "std_at": Shown(N_("Change of the standard deviation, as a share of the reference's, that counts"), Unit.SHARE),
    },
)
CREEPS: Final = Rule[Creeping](
    code="DRF052",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("A column moves slowly"),
    says=_creeping_says,
    why=N_(
        "A deployment changes values from one row to the next. What changes slowly is the world, or an instrument that drifts, "
        "and it will go on."
    ),
    remedy=N_(
        "If the other columns moved along, other rows arrive: train again on recent rows, and again when they move on. If this "
        "column moved alone, have the instrument or the feed checked against a known value and correct it."
    ),
    statistic=N_(
        "A line that is flat and then rises or falls is fitted to the values in order of time, and held against the best single "
        "jump."
    ),
    source="Page 1954, doi:10.2307/2333009 (jumps); Muggeo 2003, doi:10.1002/sim.1545 (broken lines)",
    severity=Severity.WARNING,
    suggests=COVARIATE_DRIFT,
    clear=0.85,
    thresholds={
        "bins_at": BINS_OUTSIDE,
        "far_at": Shown(N_("Change of the mean, in standard deviations of the reference, that counts"), Unit.NUMBER),
        "slow_at": Shown(N_("Log-likelihood by which a slow change must fit better than a sudden one"), Unit.NUMBER),
    },
)
RULES: Final = (MEAN_LEFT, SPREAD_LEFT, CREEPS)

BINS: Final = 100
"""Time bins a side at most."""

BIN_ROWS: Final = 30
"""Rows a bin should have at least; fewer carry no spread worth drawing."""

QUANTILES: Final = (0.05, 0.5, 0.95)
WINDOW: Final = 100
ALARM: Final = 3.0


@dataclass(frozen=True)
class Band:
    """The usual range of a statistic, in the column's unit."""

    usual: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One column along time.

    mean, std: shape (n_bins,), NaN where a bin has no value. quantiles: at 5, 50 and 95%, shape (3, n_bins). mean_band,
    std_band: what the reference reaches. outside_mean, outside_std: share of the current's bins beyond one side less the share
    beyond the other. scale: standard deviation of the reference. mean_since, std_since: when the current left the range, None if
    it did not. mean_after, std_after: average over the bins outside. ramp: how the mean creeps, None where no bin's is outside.
    spread_z, error_z: the mean of the last 100 values less the reference's mean, divided by the reference's standard deviation,
    and by the standard error of such a mean (a tenth of it); shape (n_points,), at `Timeline.points`.
    """

    name: str
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    mean_band: Band
    std_band: Band
    outside_mean: float
    outside_std: float
    scale: float
    mean_since: datetime | None
    std_since: datetime | None
    ramp: Ramp | None
    mean_after: float
    std_after: float
    spread_z: NDArray[np.float64]
    error_z: NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """when: the middle of each bin, ascending on each side, reference first; shape (n_bins,). reference_bins: how many of them
    are the reference's (0 when it has no times). points: times at which the sliding windows of the current end, shape
    (n_points,).
    lines: numeric columns in the reference's order. bin_rows: rows per bin of the current.
    """

    when: NDArray[np.datetime64]
    reference_bins: int
    points: NDArray[np.datetime64]
    lines: tuple[Line, ...]
    bin_rows: int

    def line(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)


def profile(incident: Incident) -> Timeline:
    """Raises NotApplicable without times in the current table, without numeric columns, or with fewer than 60 dated rows."""
    drawn = samples(incident)
    timestamp = incident.role("timestamp")
    when = times(drawn.current, timestamp)
    if when is None or (~np.isnat(when)).sum() < 2 * BIN_ROWS:
        raise NotApplicable(
            N_("The current table needs at least {rows:count} rows with a time to be followed over time."),
            needs="timestamp",
            rows=2 * BIN_ROWS,
        )
    names = [name for name in comparable(drawn) if drawn.kinds[name] is Kind.NUMBER]
    if not names:
        raise NotApplicable(N_("No numeric column can be followed over time."), needs="current")
    order = _in_time(when)
    before = times(drawn.reference, timestamp)
    dated = before is not None and (~np.isnat(before)).sum() >= 2 * BIN_ROWS
    bins = int(np.clip(order.size // BIN_ROWS, 2, BINS))
    size = order.size // bins
    cut = _cut(order, bins)
    if dated and before is not None:
        reference_order = _in_time(before)
    else:
        # Without times the file's order would pass for time; shuffled, bins show what chance alone does.
        reference_order = np.random.default_rng([incident.seed, 6]).permutation(len(drawn.reference))
    usual_cut = _cut(reference_order, int(np.clip(reference_order.size // size, 2, BINS)), size=size)
    marks = [when[part[len(part) // 2]] for part in cut]
    usual_marks = [before[part[len(part) // 2]] for part in usual_cut] if dated and before is not None else []
    ends = np.unique(np.linspace(min(WINDOW, order.size) - 1, order.size - 1, 2 * BINS).astype(int))
    lines = []
    for name in names:
        reference, current = (engine.seconds(frame[name]) for frame in (drawn.reference, drawn.current))
        lines.append(_line(name, reference, current, when, order, cut, usual_cut, ends, bool(usual_marks)))
    return Timeline(
        np.asarray([*usual_marks, *marks], dtype="datetime64[us]"), len(usual_marks), when[order[ends]], tuple(lines), size
    )


def _in_time(when: NDArray[np.datetime64]) -> NDArray[np.intp]:
    known = np.flatnonzero(~np.isnat(when))
    return known[np.argsort(when[known], kind="stable")]


def _cut(order: NDArray[np.intp], bins: int, *, size: int | None = None) -> NDArray[np.intp]:
    """Row numbers in equal bins along time, shape (bins, size); the few rows that are left over at the end go with none."""
    size = max(1, min(size or order.size, order.size // bins))
    starts = np.linspace(0, order.size - size, bins).astype(int)
    return order[starts[:, None] + np.arange(size)]


def _line(
    name: str,
    reference: NDArray[np.float64],
    current: NDArray[np.float64],
    when: NDArray[np.datetime64],
    order: NDArray[np.intp],
    cut: NDArray[np.intp],
    usual_cut: NDArray[np.intp],
    ends: NDArray[np.intp],
    dated: bool,
) -> Line:
    before, after = _statistics(reference[usual_cut]), _statistics(current[cut])
    known = reference[np.isfinite(reference)]
    centre, scale = float(known.mean()), float(known.std())
    size = cut.shape[1]
    fourth = float(np.mean(((known - centre) / scale) ** 4)) if scale else 1.0
    mean_band = _band(before[0], centre, scale / np.sqrt(size))
    std_band = _band(before[1], scale, scale * np.sqrt(max(fourth - 1, 0.5) / (4 * size)))
    std_band = replace(std_band, low=max(0.0, std_band.low))
    (outside_mean, mean_share), (outside_std, std_share) = _outside(after[0], mean_band), _outside(after[1], std_band)
    joined = [np.concatenate([a, b], axis=-1) if dated else b for a, b in zip(before, after, strict=True)]
    values = np.where(np.isfinite(current[order]), current[order], np.nan)
    rolling = _rolling(values, ends)
    spread = scale or 1.0
    spread_z = (rolling - centre) / spread
    mean_since = std_since = None
    sign = 1.0 if np.nanmean(np.append(after[0][outside_mean], centre)) >= centre else -1.0
    if outside_mean.any():
        # One infinite value must not decide the date: values count within the reference's extremes, widened by their range.
        low, high = known.min() - (known.max() - known.min()), known.max() + (known.max() - known.min())
        mean_since = since(when[order], sign * np.clip(values, low, high), sign * centre)
    if outside_std.any():
        wider = 1.0 if np.nanmean(after[1][outside_std]) >= scale else -1.0
        # From one row to the next: a distance from any middle would move with the mean as well.
        there = np.isfinite(values)
        apart = np.minimum(np.abs(np.diff(values[there])), 10 * spread)
        std_since = since(when[order][there][1:], wider * apart, wider * _mean_difference(known))
    return Line(
        name,
        joined[0],
        joined[1],
        joined[2],
        mean_band,
        std_band,
        mean_share,
        std_share,
        scale,
        mean_since,
        std_since,
        ramp(when[order], current[order]) if outside_mean.any() else None,
        _average(after[0][outside_mean], centre),
        _average(after[1][outside_std], scale),
        spread_z,
        spread_z * np.sqrt(min(WINDOW, order.size)),
    )


def _statistics(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each row of `values`, shape (bins,), and its quantiles, shape (3, bins)."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=1)
    some = np.maximum(count, 1)
    filled = np.nan_to_num(ordered, nan=0.0, posinf=0.0, neginf=0.0)
    mean = filled.sum(axis=1) / some
    deviation = np.where(np.isfinite(ordered), ordered - mean[:, None], 0.0)
    std = np.sqrt((deviation**2).sum(axis=1) / np.maximum(count - 1, 1))
    rows = np.arange(len(values))
    quantiles = np.stack([ordered[rows, np.rint(q * (some - 1)).astype(int)] for q in QUANTILES])
    empty = count == 0
    mean[empty], std[count < 2] = np.nan, np.nan
    return mean, std, quantiles


def _mean_difference(values: NDArray[np.float64]) -> float:
    """Mean distance of two values drawn by chance (Gini 1912), from the order of the values."""
    n = values.size
    return float(2 * np.sum((2 * np.arange(1, n + 1) - n - 1) * np.sort(values)) / (n * (n - 1))) if n > 1 else 0.0


def _band(statistic: NDArray[np.float64], usual: float, error: float, *, wider: float = 1.5, chance: float = 4.0) -> Band:
    """What the reference's bins reach, half as wide again, and no less than chance gives: `chance` standard errors."""
    known = statistic[np.isfinite(statistic)]
    if not known.size:
        return Band(usual, usual - chance * error, usual + chance * error)
    low, high = min(float(known.min()), usual), max(float(known.max()), usual)
    # Few bins show less than the whole of their range: at least three of their standard deviations.
    three = max(3 * float(known.std()), chance * error)
    return Band(usual, min(usual - wider * (usual - low), usual - three), max(usual + wider * (high - usual), usual + three))


def _outside(statistic: NDArray[np.float64], band: Band) -> tuple[NDArray[np.bool_], float]:
    """The bins beyond the side of the band that most of them left by, and their share less that of the other side.

    A mean that leaves by both sides has not moved: its values scatter more.
    """
    with np.errstate(invalid="ignore"):
        below, above = statistic < band.low, statistic > band.high
    side = above if above.sum() >= below.sum() else below
    return np.asarray(side), abs(float(above.mean()) - float(below.mean()))


def _average(values: NDArray[np.float64], otherwise: float) -> float:
    return float(values.mean()) if values.size else otherwise


def _rolling(values: NDArray[np.float64], ends: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean of the last `WINDOW` values up to each of `ends`, missing values left out, shape (len(ends),)."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
    count = np.concatenate([[0], np.cumsum(np.isfinite(values))])
    starts = np.maximum(ends + 1 - WINDOW, 0)
    seen = count[ends + 1] - count[starts]
    return np.where(seen > 0, (total[ends + 1] - total[starts]) / np.maximum(seen, 1), np.nan)


def judge(
    p: Timeline,
    *,
    bins_at: float = 0.1,
    mean_at: float = 0.25,
    std_at: float = 0.25,
    far_at: float = 0.5,
    slow_at: float = 5.0,
) -> list[Finding]:
    """A column fires when `bins_at` of the bins, and three at least, lie outside the usual range, and far enough to matter.

    `mean_at`: a quarter of the reference's standard deviation, the size of a KS of 0.1. `std_at`: a quarter more or less spread.
    `far_at`, `slow_at`: it creeps where a line fits better than a jump by a likelihood ratio of about 150 and goes half a
    standard deviation far; chosen on ramps and jumps of benchmarks/incidents. With fewer than 20 bins half of them must lie
    outside, with fewer than 6 nothing is said. But for what creeps always a note: the comparison of the whole tables weighs the
    drift, this dates it.
    """
    findings: list[Finding] = []
    current_bins = len(p.when) - p.reference_bins
    if current_bins < 6:
        return findings  # Too few to tell a bin from the rest.
    least = max(bins_at, 3 / current_bins) if current_bins >= 20 else 0.5
    for line in p.lines:
        scale = line.scale or 1.0
        step = (line.mean_after - line.mean_band.usual) / scale
        if line.outside_mean >= least and abs(step) >= mean_at:
            findings.append(MEAN_LEFT.found(_mean_left(line, step)))
        slow = line.ramp
        if slow is not None and line.outside_mean >= least and slow.sure >= slow_at:
            far = (slow.after - slow.before) / scale
            if abs(far) >= far_at:
                findings.append(CREEPS.found(_creeping(line, slow, far)))
        ratio = line.std_after / scale if line.scale else 1.0
        if line.outside_std >= least and (ratio >= 1 + std_at or ratio <= 1 - std_at):
            findings.append(SPREAD_LEFT.found(_spread_left(line, ratio)))
    return findings


def _mean_left(line: Line, step: float) -> MeanLeft:
    return MeanLeft(
        since=line.mean_since,
        weight=float(np.clip(abs(step) / 3, 0, 1)),
        column=line.name,
        spread_z=_largest(line.spread_z),
        error_z=_largest(line.error_z),
        window=WINDOW,
        before=line.mean_band.usual,
        after=line.mean_after,
        low=line.mean_band.low,
        high=line.mean_band.high,
        share=line.outside_mean,
        step=step,
    )


def _creeping(line: Line, slow: Ramp, far: float) -> Creeping:
    return Creeping(
        since=slow.since,
        weight=float(np.clip(abs(far) / 3, 0, 1)),
        column=line.name,
        before=slow.before,
        after=slow.after,
        step=far,
        sure=slow.sure,
        low=float(line.mean_band.low),
        high=float(line.mean_band.high),
    )


def straightened(incident: Incident, drawn: Samples | None, entry: Creeping) -> Repair | None:
    """Takes the line back out of the current rows: subtracted or divided, whichever leaves values more like the reference's.

    None without times.
    """
    clock, since = incident.roles.timestamp, entry.since
    when = None if drawn is None else times(drawn.current, clock)
    if drawn is None or when is None or since is None:
        return None
    begin, end = np.datetime64(since, "us").astype("int64"), np.nanmax(when).astype("datetime64[us]").astype("int64")

    def line(frame: pd.DataFrame) -> NDArray[np.float64]:
        moments = times(frame, clock)
        assert moments is not None
        grown = np.clip((moments.astype("datetime64[us]").astype("int64") - begin) / max(1, end - begin), 0.0, 1.0)
        return np.asarray(entry.before + (entry.after - entry.before) * grown)

    def subtracted(frame: pd.DataFrame) -> pd.DataFrame:
        return with_columns(frame, {entry.column: frame[entry.column] - (line(frame) - entry.before)})

    def divided(frame: pd.DataFrame) -> pd.DataFrame:
        return with_columns(frame, {entry.column: frame[entry.column] * (entry.before / line(frame))})

    home = _finite(drawn.reference[entry.column])
    ways: list[Repair] = [subtracted]
    if entry.before * entry.after > 0:
        ways.append(divided)
    return min(ways, key=lambda way: ks(home, _finite(way(drawn.current)[entry.column])))


def _finite(values: pd.Series) -> NDArray[np.float64]:
    numbers = values.to_numpy("float64")
    return np.asarray(numbers[np.isfinite(numbers)])


def _spread_left(line: Line, ratio: float) -> SpreadLeft:
    return SpreadLeft(
        since=line.std_since,
        weight=float(np.clip(abs(np.log(max(ratio, 1e-6))) / 3, 0, 1)),
        column=line.name,
        spread_z=_largest(line.spread_z),
        error_z=_largest(line.error_z),
        window=WINDOW,
        before=line.std_band.usual,
        after=line.std_after,
        low=line.std_band.low,
        high=line.std_band.high,
        share=line.outside_std,
        ratio=ratio,
    )


def _largest(series: NDArray[np.float64]) -> float:
    known = series[np.isfinite(series)]
    return float(known[np.argmax(np.abs(known))]) if known.size else 0.0


def alarm(line: Line, points: NDArray[np.datetime64], *, of_spread: bool, at: float = ALARM) -> datetime | None:
    """When the sliding window first alarms: dividing by the spread, as often advised, or by the standard error; None if never."""
    series = line.spread_z if of_spread else line.error_z
    with np.errstate(invalid="ignore"):
        hit = np.flatnonzero(np.abs(series) > at)
    return as_datetime(points[hit[0]]) if hit.size else None
