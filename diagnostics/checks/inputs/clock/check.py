"""Clocks: time columns that are hours off, or that count in another unit than they did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import TIME_SHIFT
from diagnostics.checks.inputs.clock.epochs import epoch_jump
from diagnostics.checks.inputs.clock.hours import Turn, jump, turn
from diagnostics.checks.inputs.timeline import ks, ks_noise, thin
from diagnostics.measure import engine
from diagnostics.measure.samples import times
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class ClockJump(ColumnEntry):
    """A column of times or hours that jumped."""

    beside: str | None = shown(N_("Time column that it was compared with"), Unit.NAME)
    """None where it was found by the busy hours of the day."""

    hours: float | None = shown(N_("Hours ahead of what it was"))
    """Negative: behind. None where the unit changed, as is `size`."""

    size: float | None
    """Hours without the sign."""

    factor: float
    """Times what it was, or the other way round where it became smaller: at least 1."""

    times: float = shown(N_("Times what it was"))
    """1 where the unit held."""

    share: float = shown(N_("Share of the rows at fault"), Unit.SHARE)
    off: float = shown(N_("Distance to the reference (KS statistic or total variation)"))
    fit: float = shown(N_("Distance once it is undone (KS statistic or total variation)"))
    sharp: bool
    """As `Moved.sharp`."""


def _describe_hours(entry: ClockJump) -> str:
    later = entry.hours is not None and entry.hours > 0
    if entry.beside is not None and later:
        return N_(
            "{column:name} is {size:number} h later beside {beside:name} than in the reference, in {share:percent} of the rows."
        )
    if entry.beside is not None:
        return N_(
            "{column:name} is {size:number} h earlier beside {beside:name} than in the reference, in {share:percent} of the rows."
        )
    if later:
        return N_("The busy hours of {column:name} come {size:number} h later than in the reference.")
    return N_("The busy hours of {column:name} come {size:number} h earlier than in the reference.")


def _describe_unit(entry: ClockJump) -> str:
    if entry.times > 1:
        return N_("{column:name} is {factor:number} times what it was in {share:percent} of the rows, as if its unit changed.")
    return N_("{column:name} is a {factor:number}th of what it was in {share:percent} of the rows, as if its unit changed.")


_THRESHOLDS: Final = {
    "share_at": Shown(N_("Share of the rows that counts"), Unit.SHARE),
    "fit_at": Shown(N_("Distance that may be left once it is undone (KS statistic or total variation)"), Unit.NUMBER),
    "gain_at": Shown(N_("Distance that undoing it must gain (KS statistic or total variation)"), Unit.NUMBER),
}

HOURS_OFF: Final = Rule[ClockJump](
    code="INP061",
    lane=Lane.DATA,
    title=N_("A time column is hours off"),
    says=_describe_hours,
    why=N_("Every feature made of that time (hour, day, age, time since) is wrong, and joins by time meet other rows."),
    remedy=N_(
        "Find where the time zone is set or the summer time begins, write times in UTC with their offset, and move the rows "
        "since the jump back by the hours shown."
    ),
    statistic=N_(
        "Typical difference to another time column; without one, the number of hours by which the busy hours of the day "
        "must be turned to match the reference."
    ),
    source="Fisher 1993, Statistical Analysis of Circular Data; Eggert 2024, Theory and pragmatics of the tz code and data",
    suggests=TIME_SHIFT,
    clear=0.95,
    thresholds=_THRESHOLDS,
)
EPOCH: Final = Rule[ClockJump](
    code="INP062",
    lane=Lane.DATA,
    title=N_("A time column counts in another unit"),
    says=_describe_unit,
    why=N_("Seconds read as milliseconds end in 1970, milliseconds read as seconds in the far future."),
    remedy=N_("Divide the times by the factor shown where they are read, and state the unit in the column's name."),
    statistic=N_("Size of the times beside the reference, in steps of a thousand: seconds, milliseconds, microseconds."),
    source="IEEE Std 1003.1-2017, section 4.16 (seconds since the Epoch)",
    severity=Severity.CRITICAL,
    suggests=TIME_SHIFT,
    clear=0.95,
    thresholds=_THRESHOLDS,
)
HOUR_COLUMN: Final = Rule[ClockJump](
    code="INP063",
    lane=Lane.DATA,
    title=N_("An hour-of-day column is turned"),
    says=_describe_hours,
    why=N_("The model learnt what happens at which hour; with the hours turned it applies the night's pattern to the day."),
    remedy=N_("Compute the hour in the time zone that was used for training, and turn the rows since the jump back."),
    statistic=N_("Number of hours by which the column must be turned to match the reference or the time column beside it."),
    source="Fisher 1993, Statistical Analysis of Circular Data",
    suggests=TIME_SHIFT,
    clear=0.95,
    thresholds=_THRESHOLDS,
)
RULES: Final = (HOURS_OFF, EPOCH, HOUR_COLUMN)

ROWS: Final = 20_000
"""Rows of a side that are looked at; more change no histogram of 48 bins."""

MOST: Final = 12
"""Time columns that are compared with each other; every pair costs a sort."""


HOUR_NAME: Final = re.compile(r"(?<![a-z])(hour|hr|hod)(?![a-z])|hour_?of_?day", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One column that jumped."""

    rule: Rule[ClockJump]
    """The one of the three that it may break."""

    column: str
    beside: str | None
    """The column it was compared with, None where it was found by the busy hours of the day."""

    hours: float
    """Ahead of what it was (negative: behind), nan for a unit."""

    factor: float
    """Times what it was, 1 where the unit held."""

    share: float
    """Of the current rows, 0 to 1."""

    off: float
    """Distance to the reference as it is, 0 to 1."""

    fit: float
    """The same after turning it back."""

    sharp: bool
    """It is a whole number of quarter hours (or of units) to within minutes, or the row that began it is clear."""

    since: datetime | None
    reference: tuple[float, ...] = ()
    """Share of the rows per bin of the day, shape (bins,); empty for units."""

    current: tuple[float, ...] = ()
    """The same from the jump on."""


@dataclass(frozen=True)
class Clock:
    """moved: columns that jumped. looked_at: time and hour columns that were compared."""

    moved: tuple[Moved, ...]
    looked_at: tuple[str, ...]


@dataclass(frozen=True)
class _Sides:
    """Seconds since 1970 (or hours of an hour column) of both samples by column; `when`: the rows' own order in time."""

    reference: Mapping[str, NDArray[np.float64]]
    current: Mapping[str, NDArray[np.float64]]
    when: NDArray[np.datetime64] | None


def profile(incident: Incident) -> Clock:
    """Raises NotApplicable without both tables or without a column of times or hours that both have."""
    tables = incident.pair()
    left, right = (_rows(table, incident.seed + place) for place, table in enumerate((tables.reference, tables.current)))
    shared = [(column, tables.current[column.name]) for column in tables.reference if column.name in tables.current]
    stamps = [old.name for old, new in shared if {old.kind, new.kind} == {Kind.TIME}][:MOST]
    hours = [old.name for old, new in shared if _is_hours(old, new, left)]
    if not hours and not any(Kind.TIME in (old.kind, new.kind) for old, new in shared):
        raise NotApplicable(N_("No column of times or hours of the day that both tables have."), needs="timestamp")
    moved = list(_units(shared, left, right, incident))
    bad = {entry.column for entry in moved}
    stamps = [name for name in stamps if name not in bad]
    order = None if incident.roles.timestamp in bad else times(right, incident.roles.timestamp)
    sides = _Sides(
        {name: engine.seconds(left[name]) for name in (*stamps, *hours)},
        {name: engine.seconds(right[name]) for name in (*stamps, *hours)},
        order,
    )
    moved += _differences(stamps, sides, incident.roles.timestamp)
    if not moved:
        moved += [found for name in _steady(stamps, sides) if (found := _rhythm(name, sides)) is not None]
    moved += [found for name in hours if (found := _hour_column(name, stamps, sides)) is not None]
    return Clock(tuple(moved), (*stamps, *sorted(bad), *hours))


def _rows(table: Table, seed: int) -> pd.DataFrame:
    frame = engine.sample(table, seed=seed)
    return frame.iloc[:: max(1, -(-len(frame) // ROWS))].reset_index(drop=True)


def _is_hours(old: Column, new: Column, left: pd.DataFrame) -> bool:
    """Whole numbers that go round the day: nearly all hours from 0 (or 1) to 23 (or 24) occur."""
    if {old.kind, new.kind} != {Kind.NUMBER}:
        return False
    values = left[old.name].to_numpy("float64")
    seen = np.unique(values[np.isfinite(values)])
    if not seen.size or seen[0] < 0 or seen[-1] > 24 or not np.all(seen == np.floor(seen)):
        return False
    # A column that says so may lack the hours of the night.
    return bool(seen.size >= 20 and seen[-1] >= 22) or bool(seen.size >= 8 and HOUR_NAME.search(old.name))


def _units(shared: list[tuple[Column, Column]], left: pd.DataFrame, right: pd.DataFrame, incident: Incident) -> Iterator[Moved]:
    for old, new in shared:
        other = incident.roles.timestamp if old.name != incident.roles.timestamp else None
        found = epoch_jump(old, new, _numbers(left, old), _numbers(right, new), times(right, other))
        if found is not None:
            yield Moved(
                rule=EPOCH,
                column=old.name,
                beside=None,
                hours=float("nan"),
                factor=found.factor,
                share=found.share,
                off=1.0,
                fit=0.0,
                sharp=found.sharp,
                since=found.since,
            )


def _numbers(frame: pd.DataFrame, column: Column) -> NDArray[np.float64]:
    """Numbers or seconds since 1970, shape (n,); NaN throughout for any other column."""
    if column.kind in (Kind.NUMBER, Kind.TIME):
        return engine.seconds(frame[column.name])
    return np.full(len(frame), np.nan)


def _differences(stamps: list[str], sides: _Sides, role: str | None) -> list[Moved]:
    """Columns whose difference to another time column jumped; of two, the one that the rhythm or the role does not clear."""
    jumps = {}
    for one, other in combinations(stamps, 2):
        when = sides.when if sides.when is not None else _as_times(sides.current[other])
        old = sides.reference[one] - sides.reference[other]
        new = sides.current[one] - sides.current[other]
        found = jump(old, new, when)
        if found is not None:
            jumps[one, other] = found
    blamed: list[Moved] = []
    counted = Counter(name for pair in jumps for name in pair)
    rest = dict(jumps)
    while rest:
        pairs = Counter(name for pair in rest for name in pair)
        most = max(pairs.values())
        suspects = sorted((name for name in pairs if pairs[name] == most), key=lambda name: (name == role, -counted[name], name))
        culprit = suspects[0] if len(suspects) == 1 or most > 1 else _culprit(suspects, rest, sides, role)
        pair = next(pair for pair in rest if culprit in pair)
        found, sign = rest[pair], 1.0 if pair[0] == culprit else -1.0
        beside = pair[1] if pair[0] == culprit else pair[0]
        shapes = _shapes(culprit, sides, found.affected)
        blamed.append(_moved(HOURS_OFF, culprit, beside, found, shapes, hours=sign * found.hours))
        rest = {pair: found for pair, found in rest.items() if culprit not in pair}
    return blamed


def _steady(stamps: list[str], sides: _Sides) -> list[str]:
    """Columns whose differences to columns close to them stayed the same: where they changed, a delay grew, not a clock."""
    moving = set()
    for one, other in combinations(stamps, 2):
        old, new = (thin(side[one] - side[other]) for side in (sides.reference, sides.current))
        if old.size and np.subtract(*np.quantile(old, [0.75, 0.25])) <= 6 * 3_600:
            gap = ks(old, new)
            moving |= {one, other} if gap > 0.1 + ks_noise(old.size, new.size) else set()
    return [name for name in stamps if name not in moving]


def _culprit(suspects: list[str], jumps: Mapping[tuple[str, str], Turn], sides: _Sides, role: str | None) -> str:
    """Of the two columns of a pair, the one whose busy hours moved by the jump; else the one that is not the incident's clock."""
    pair = next(pair for pair in jumps if set(pair) & set(suspects))
    found = jumps[pair]
    gains = {}
    for name, sign in zip(pair, (1.0, -1.0), strict=True):
        after = sides.current[name][found.affected]
        gains[name] = _turn_gain(sides.reference[name], after, sign * found.hours)
    best, other = sorted(pair, key=lambda name: (-gains[name], name == role, name))
    # Three nats: twenty to one.
    if gains[best] > gains[other] + 3 and gains[best] > 3:
        return best
    return other if best == role else best if other == role else pair[0]


def _turn_gain(reference: NDArray[np.float64], after: NDArray[np.float64], hours: float) -> float:
    """How much better the hours of `after` fit the reference once they are turned back, in nats."""
    shape = _day_shape(reference)
    bins = _day_bins(after)
    back = round(hours * len(shape) / 24)
    present = bins[bins >= 0]
    return float(np.sum(np.log(shape[(present - back) % len(shape)]) - np.log(shape[present])))


def _day_bins(seconds: NDArray[np.float64], bins: int = 48) -> NDArray[np.intp]:
    """Bin of the day of each time, shape (n,); -1 where missing."""
    present = np.isfinite(seconds)
    result = np.full(seconds.size, -1, dtype=np.intp)
    result[present] = (np.mod(seconds[present], 86_400) * bins // 86_400).astype(np.intp)
    return result


def _day_shape(seconds: NDArray[np.float64], bins: int = 48) -> NDArray[np.float64]:
    """Share of the rows per bin of the day, half a row added to each, shape (bins,), sums to 1."""
    found = _day_bins(seconds, bins)
    counts = np.bincount(found[found >= 0], minlength=bins) + 0.5
    return np.asarray(counts / counts.sum())


def _shapes(name: str, sides: _Sides, affected: NDArray[np.bool_]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    after = sides.current[name][affected]
    return tuple(_day_shape(sides.reference[name], 24).tolist()), tuple(_day_shape(after, 24).tolist())


def _as_times(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    stamps = np.full(seconds.size, np.datetime64("NaT"), dtype="datetime64[us]")
    present = np.isfinite(seconds)
    stamps[present] = (seconds[present] * 1e6).astype("int64").astype("datetime64[us]")
    return stamps


def _rhythm(name: str, sides: _Sides) -> Moved | None:
    """A column whose busy hours turned; nothing else is there to compare it with."""
    old, new = sides.reference[name], sides.current[name]
    bins = 48 if min(np.isfinite(old).sum(), np.isfinite(new).sum()) >= 2_000 else 24
    when = sides.when if sides.when is not None else _as_times(new)
    found = turn(_day_bins(old, bins), _day_bins(new, bins), bins, _as_times(old), when)
    if found is None:
        return None
    return _moved(HOURS_OFF, name, None, found, _shapes(name, sides, found.affected))


def _moved(
    rule: Rule[ClockJump],
    column: str,
    beside: str | None,
    found: Turn,
    shapes: tuple[tuple[float, ...], tuple[float, ...]],
    *,
    hours: float | None = None,
) -> Moved:
    return Moved(
        rule=rule,
        column=column,
        beside=beside,
        hours=found.hours if hours is None else hours,
        factor=1.0,
        share=found.share,
        off=found.off,
        fit=found.fit,
        sharp=found.sharp,
        since=found.since,
        reference=shapes[0],
        current=shapes[1],
    )


def _hour_column(name: str, stamps: list[str], sides: _Sides) -> Moved | None:
    old, new = (_hours(side[name]) for side in (sides.reference, sides.current))
    inside = sides.current[name][np.isfinite(sides.current[name])]
    if not inside.size or np.mean((inside >= 0) & (inside <= 24)) < 0.99:
        return None
    when = sides.when
    for other in stamps:
        gap = [
            np.where((hour >= 0) & np.isfinite(clock), (hour - np.mod(clock, 86_400) // 3_600) % 24, np.nan)
            for hour, clock in ((old, sides.reference[other]), (new, sides.current[other]))
        ]
        usual = _mode(gap[0])
        if usual is None or usual[1] < 0.8:
            continue
        found = jump(_round(gap[0] - usual[0]) * 3_600, _round(gap[1] - usual[0]) * 3_600, when)
        if found is not None:
            return _turned(name, other, found, old, new)
        return None
    found = turn(old, new, 24, None, when)
    return None if found is None else _turned(name, None, found, old, new)


def _hours(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Hour 0 to 23 of each value (24 is midnight), -1 where missing; shape (n,)."""
    present = np.isfinite(values)
    return np.where(present, np.mod(np.where(present, values, 0.0), 24), -1).astype(np.intp)


def _turned(name: str, other: str | None, found: Turn, old: NDArray[np.intp], new: NDArray[np.intp]) -> Moved:
    before, after = (np.bincount(side[side >= 0], minlength=24) for side in (old, new[found.affected]))
    shapes = tuple((before / max(1, before.sum())).tolist()), tuple((after / max(1, after.sum())).tolist())
    return _moved(HOUR_COLUMN, name, other, found, shapes)


def _mode(values: NDArray[np.float64]) -> tuple[float, float] | None:
    present = values[np.isfinite(values)]
    if not present.size:
        return None
    levels, counts = np.unique(present, return_counts=True)
    return float(levels[counts.argmax()]), float(counts.max() / present.size)


def _round(hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hours round the clock as -11 to 12."""
    return (hours + 11) % 24 - 11


def judge(p: Clock, *, share_at: float = 0.03, fit_at: float = 0.35, gain_at: float = 0.1) -> list[Finding[ClockJump]]:
    """A column fires when at least `share_at` of the current rows jumped, when turning them back leaves at most `fit_at` of
    distance to the reference (KS, or total variation of the hours), and at least `gain_at` less than as they are. All three were
    chosen on benchmarks/incidents.

    Time zones lie whole, half and quarter hours apart (Eggert 2024), so a jump by any other amount is a delay, not a clock.
    """
    findings: list[Finding[ClockJump]] = []
    for m in p.moved:
        if m.share < share_at or m.fit > fit_at or m.off - m.fit < gain_at:
            continue
        hours = None if np.isnan(m.hours) else m.hours
        findings.append(
            m.rule.found(
                ClockJump(
                    since=m.since,
                    weight=float(np.clip(m.share * (m.off - m.fit), 0, 1)),
                    column=m.column,
                    beside=m.beside,
                    hours=hours,
                    size=None if hours is None else abs(hours),
                    factor=m.factor if m.factor >= 1 else 1 / m.factor,
                    times=m.factor,
                    share=m.share,
                    off=m.off,
                    fit=m.fit,
                    sharp=m.sharp,
                )
            )
        )
    return findings
