"""Units: a number column times a constant, or times a constant plus an offset, from some time on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import REFIT_SCALER, UNIT_CHANGE
from diagnostics.checks.inputs.group import Group, changed_group
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import Timeline, ks, ks_noise, thin, timeline
from diagnostics.checks.inputs.units.affine import Affine, fit
from diagnostics.measure.frames import with_columns
from diagnostics.measure.onset import ramp
from diagnostics.measure.samples import Samples, samples
from diagnostics.measure.undo import Undo
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import ColumnEntry, Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

ALL_ROWS: Final = 0.999
"""Share of changed rows from which on every row is converted back; of fewer, those that lie nearer to the reference then."""


@dataclass(frozen=True, kw_only=True)
class Rescaled(ColumnEntry):
    """current = ratio * reference + offset in a share of the rows."""

    ratio: float = shown(N_("Times what it was"))
    divisor: float
    """1 / ratio."""

    offset: float = shown(N_("Added to every value"))
    """In the unit of the current values."""

    share: float = shown(N_("Share of the rows at fault"), Unit.SHARE)
    before: float = shown(N_("Median in the reference"))
    """Of the values other than 0, as `after`."""

    after: float = shown(N_("Median since the change"))
    known: bool
    """Whether ratio and offset belong to two units."""

    kind: str
    """As `affine.Affine.kind`."""

    sharp: bool
    """Whether it began suddenly, in rows that looked like the reference before."""

    distance: float = shown(N_("Distance to the reference (KS statistic)"))
    left: float = shown(N_("Distance once it is undone (KS statistic)"))
    group: str | None = shown(N_("Group"), Unit.NAME, optional=True)
    """The rows in which the unit changed, as "region = west"; None for all."""

    within: Group | None = internal(None)


@dataclass(frozen=True, kw_only=True)
class RescaledTogether(Entry):
    """Columns that moved at once, each by a line of its own."""

    columns: tuple[str, ...] = shown(N_("Columns at fault"), Unit.NAMES)
    count: int = shown(N_("Number of columns at fault"), Unit.COUNT)
    of: int = shown(N_("Number columns compared"), Unit.COUNT)
    ratios: tuple[str, ...] = shown(N_("Times what each was"), Unit.NAMES)
    """In the order of `columns`, with six digits; `offsets` likewise."""

    offsets: tuple[str, ...] = shown(N_("Added to the values of each"), Unit.NAMES)

    @property
    def lines(self) -> dict[str, tuple[float, float]]:
        """Column to its ratio and offset."""
        return {
            name: (float(ratio), float(offset))
            for name, ratio, offset in zip(self.columns, self.ratios, self.offsets, strict=True)
        }


def _describe(entry: Rescaled) -> str:
    up = abs(entry.ratio) >= 1
    if entry.group is not None:
        return _describe_group(entry, up)
    if entry.share < 1 and up:
        return N_("In {share:percent} of the rows {column:name} is {ratio:number} times what it was, as if the unit changed.")
    if entry.share < 1:
        return N_("In {share:percent} of the rows {column:name} is divided by {divisor:number}, as if the unit changed.")
    if entry.kind == "offset":
        return N_("Median {column:name} went from {before:number} to {after:number}: every value moved by {offset:number}.")
    if entry.kind == "standardised":
        return N_(
            "{column:name} arrives standardised: its median went from {before:number} to "
            "{after:number}, its spread is now about 1."
        )
    if entry.kind == "range":
        return N_("{column:name} arrives squeezed between 0 and 1: its median went from {before:number} to {after:number}.")
    if entry.kind != "scale":
        return N_(
            "Median {column:name} went from {before:number} to {after:number}: {ratio:number} "
            "times the old value plus {offset:number}."
        )
    if entry.ratio == -1:
        return N_("{column:name} changed its sign: its median went from {before:number} to {after:number}.")
    if entry.ratio < 0:
        return N_("Median {column:name} went from {before:number} to {after:number}: {ratio:number} times, with the sign turned.")
    if up:
        return N_(
            "Median {column:name} rose from {before:number} to {after:number}: {ratio:number} times, as if the unit changed."
        )
    return N_(
        "Median {column:name} fell from {before:number} to {after:number}: divided by {divisor:number}, as if the unit changed."
    )


def _describe_group(entry: Rescaled, up: bool) -> str:
    if entry.kind != "scale":
        return N_(
            "Where {group}, median {column:name} went from {before:number} to {after:number}: {ratio:number} times the old value "
            "plus {offset:number}. In all other rows it is as before."
        )
    if up:
        return N_(
            "Where {group}, median {column:name} rose from {before:number} to {after:number}: {ratio:number} times, as if the "
            "unit changed. In all other rows it is as before."
        )
    return N_(
        "Where {group}, median {column:name} fell from {before:number} to {after:number}: divided by {divisor:number}, as if the "
        "unit changed. In all other rows it is as before."
    )


def _suggest(entry: Rescaled) -> CauseKind | None:
    # A turned sign belongs to no unit.
    return UNIT_CHANGE if entry.ratio > 0 else None


def _clearness_of_line(entry: Rescaled) -> float:
    # A population that grows slowly looks like an unknown line as well.
    return 0.8 if entry.sharp else 0.5


UNIT: Final = Rule[Rescaled](
    code="INP040",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("A column changed its unit"),
    says=_describe,
    why=N_("The model learnt the numbers in the old unit; in the new one every row looks like nothing it has seen."),
    remedy=N_(
        "Find the change of the feed at that time and convert the values back before the model; then score the rows again."
    ),
    statistic=N_(
        "The quantiles of the current values divided by those of the training values: one and the same number throughout."
    ),
    source="NIST SP 811 (2008), appendix B; Wilk and Gnanadesikan 1968, doi:10.1093/biomet/55.1.1 (quantiles against quantiles)",
    severity=Severity.CRITICAL,
    suggests=_suggest,
    clear=0.93,
)
LINE: Final = Rule[Rescaled](
    code="INP041",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("A column was scaled or shifted"),
    says=_describe,
    why=N_("The values keep their shape but stand on another scale, as after a conversion or a scaler."),
    remedy=N_("Compare the preparation of this column in training and in production, and undo the difference before the model."),
    statistic=N_(
        "A straight line through the quantiles of the current against those of the "
        "training values, and what it leaves unexplained."
    ),
    source="Wilk and Gnanadesikan 1968, doi:10.1093/biomet/55.1.1 (quantiles against quantiles)",
    suggests=_suggest,
    clear=_clearness_of_line,
    thresholds={"unknown_at": Shown(N_("Distance from which on an unknown ratio counts (KS statistic)"), Unit.NUMBER)},
)
MANY: Final = Rule[RescaledTogether](
    code="INP042",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("Many columns were scaled at once"),
    says=N_(
        "{count:count} of {of:count} number columns moved to other scales at once "
        "({columns:list}), as if a scaler was fitted again."
    ),
    why=N_("Several columns moved to other scales together: a scaler was fitted again, or is not applied."),
    remedy=N_("Load the scaler that was fitted in training; never fit one on production rows."),
    statistic=N_("Number of columns whose quantiles lie on a straight line against those of training, but not on the same one."),
    source="Wilk and Gnanadesikan 1968, doi:10.1093/biomet/55.1.1 (quantiles against quantiles)",
    severity=Severity.CRITICAL,
    suggests=REFIT_SCALER,
    clear=0.94,
    thresholds={
        "many_at": Shown(N_("Columns moved at once that count"), Unit.COUNT),
        "many_share": Shown(N_("Share of the number columns that counts"), Unit.SHARE),
        "line_at": Shown(N_("Distance from which on a column counts as moved (KS statistic)"), Unit.NUMBER),
    },
)
RULES: Final = (UNIT, LINE, MANY)


@dataclass(frozen=True, kw_only=True)
class ColumnUnit:
    """A map that fits, with what the picture needs."""

    name: str
    map: Affine
    before: float
    """Median of the values of the reference other than 0, in the column's unit."""

    after: float
    """The same of the rows since the change."""

    zeros: float
    """Share of zeros in the reference, 0 to 1."""

    sharp: bool
    """A sudden change, before which the rows looked like the reference."""

    rows: int
    """Rows with a value since the change."""

    reference: tuple[float, ...]
    """Quantiles at `SHARES`."""

    current: tuple[float, ...]
    """The same of the rows since the change."""

    row: int
    """The row, in order of time, from which on it holds."""

    trend: tuple[tuple[datetime | int, float], ...]
    """Medians over the rows in order of time, each with its time or, without times, its row."""

    since: datetime | None
    group: Group | None = None
    """The rows in which it changed; None for all."""


@dataclass(frozen=True)
class Units:
    """Columns that a map fits; considered: number columns looked at (of at least 8 different values)."""

    columns: tuple[ColumnUnit, ...]
    considered: int


SLOW: Final = 5.0
"""Log-likelihood by which a slow change must fit better than a sudden one; chosen on ramps and jumps of benchmarks/incidents."""

SHARES: Final = tuple(np.linspace(0.02, 0.98, 25).tolist())


def profile(incident: Incident) -> Units:
    """Raises NotApplicable without both tables, a common feature or a number column."""
    sample = samples(incident)
    if not sample.numbers:
        raise NotApplicable(N_("The two tables have no number column in common."), needs="current")
    line = timeline(incident, sample)
    found, considered = [], 0
    for name in sample.numbers:
        x = sample.reference[name].to_numpy("float64")
        y = line.ordered(sample.current[name]).astype("float64")
        x, y = x[np.isfinite(x)], np.where(np.isfinite(y), y, np.nan)
        if x.size < 20 or np.isfinite(y).sum() < 10:
            continue
        considered += np.unique(x).size >= 8
        column = _column(name, x, y, line)
        if column is None or column.map.share < ALL_ROWS or not column.map.known:
            column = _in_group(sample, name, line, 0 if column is None else column.row) or column
        if column is not None:
            found.append(column)
    return Units(tuple(found), int(considered))


def _column(name: str, x: NDArray[np.float64], y: NDArray[np.float64], line: Timeline) -> ColumnUnit | None:
    left = thin(x)
    starts: list[tuple[int, bool]] = []
    for statistic in (_logs(y), _ranks(left, y)):
        row = line.change(statistic)
        if row is not None and np.isfinite(y[:row]).sum() >= 10 and np.isfinite(y[row:]).sum() >= 10:
            earlier = thin(y[:row])
            calm = ks(left, earlier) <= 0.1 + ks_noise(left.size, earlier.size)
            starts.append((row, calm))
    starts.append((0, False))
    candidates = []
    for row, calm in dict.fromkeys(starts):
        found = fit(x, y[row:], sharp=calm)
        if found is not None and (found.known or calm or found.kind != "scale"):
            # The known before the unknown, what begins suddenly before what was always so, the better fit before the worse.
            candidates.append(((not found.known, -found.share if not calm else -1.0, not calm, found.left), found, row, calm))
    # What grows from row to row is no conversion, whatever line its last rows lie on.
    if not candidates or _creeps(y, line):
        return None
    _, found, row, calm = min(candidates, key=lambda candidate: candidate[0])
    after = y[row:]
    finite = after[np.isfinite(after)]
    return ColumnUnit(
        name=name,
        map=found,
        before=_median(x),
        after=_median(finite),
        zeros=float(np.mean(x == 0)),
        sharp=calm,
        rows=int(finite.size),
        reference=tuple(np.quantile(x, SHARES).tolist()),
        current=tuple(np.quantile(finite, SHARES).tolist()),
        row=row,
        trend=_trend(y, line),
        since=line.at(row),
    )


def _creeps(y: NDArray[np.float64], line: Timeline) -> bool:
    """Whether a slow change explains the values better than a sudden one, or their sizes where they hold several."""
    found = [slow for slow in (ramp(line.clock, y), ramp(line.clock, _logs(y))) if slow is not None]
    return bool(found) and min(slow.sure for slow in found) >= SLOW


def _in_group(sample: Samples, name: str, line: Timeline, row: int) -> ColumnUnit | None:
    """The map of the rows of one group, where the column is as before in all others; None where there is no such group."""
    group = changed_group(sample, name, line.order[row:])
    if group is None:
        return None
    inside = line.ordered(sample.current[name]).astype("float64")
    inside = np.where(np.isfinite(inside) & group.inside(sample.current)[line.order], inside, np.nan)
    x = sample.reference[name].to_numpy("float64")[group.inside(sample.reference)]
    found = _column(name, x[np.isfinite(x)], inside, line)
    return None if found is None or found.map.share < ALL_ROWS else replace(found, group=group)


def _logs(y: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes = np.abs(y)
    return np.log(sizes, out=np.full(y.shape, np.nan), where=sizes > 0)


def _ranks(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks = np.searchsorted(x, y) / x.size
    return np.where(np.isfinite(y), ranks, np.nan)


def _median(values: NDArray[np.float64]) -> float:
    some = values[values != 0]
    return float(np.median(some)) if some.size else 0.0


def _trend(y: NDArray[np.float64], line: Timeline, points: int = 80) -> tuple[tuple[datetime | int, float], ...]:
    """Medians of the non-zero values over stretches of equal numbers of rows."""
    trend: list[tuple[datetime | int, float]] = []
    for rows in np.array_split(np.arange(y.size), min(points, max(1, y.size // 10))):
        values = y[rows]
        values = values[np.isfinite(values) & (values != 0)]
        if values.size:
            moment = line.at(int(rows[0]))
            trend.append((int(rows[0]) if moment is None else moment, float(np.median(values))))
    return tuple(trend)


def judge(
    p: Units, *, many_at: int = 3, many_share: float = 0.5, line_at: float = 0.12, unknown_at: float = 0.2
) -> list[Finding]:
    """A known ratio fires where it explains the distance; an unknown one only after a sudden change and from a KS statistic of
    `unknown_at` on.

    `many_at` columns, and `many_share` of all that could, moved by straight lines of their own (by a KS statistic of `line_at`
    beyond chance): a scaler, named once. A conversion touches the columns of one quantity, rarely half of a table.
    All four were chosen on benchmarks/incidents.
    """
    lines = [c for c in p.columns if c.map.share == 1 and c.map.distance >= line_at + c.map.noise]
    # One ratio for all is a change of currency or unit; a scaler gives each column its own.
    own = {(round(np.log(abs(c.map.ratio)), 1), c.map.kind) for c in lines}
    many = len(lines) >= max(many_at, many_share * p.considered) and (
        len(own) >= max(2, len(lines) // 3) or all(c.map.kind in ("standardised", "range") for c in lines)
    )
    findings: list[Finding] = []
    if many:
        began = sorted(c.since for c in lines if c.since is not None)
        findings.append(
            MANY.found(
                RescaledTogether(
                    columns=tuple(c.name for c in lines),
                    since=began[len(began) // 2] if began else None,
                    weight=min(1.0, len(lines) / max(1, p.considered)),
                    count=len(lines),
                    of=p.considered,
                    ratios=tuple(f"{c.map.ratio:.6g}" for c in lines),
                    offsets=tuple(f"{c.map.offset:.6g}" for c in lines),
                )
            )
        )
    for column in p.columns:
        if many and column in lines:
            # The scaler is said once; its columns are the details.
            findings.append(LINE.found(_entry(column), severity=Severity.INFO))
        elif column.map.known and column.map.kind in ("scale", "offset", "affine"):
            findings.append(UNIT.found(_entry(column)))
        elif column.map.known or (column.sharp and column.map.distance >= unknown_at):
            findings.append(LINE.found(_entry(column)))
    return findings


def _entry(column: ColumnUnit) -> Rescaled:
    map_ = column.map
    return Rescaled(
        since=column.since,
        weight=float(np.clip(map_.share * (map_.distance - map_.left), 0, 1)),
        column=column.name,
        ratio=map_.ratio,
        divisor=1 / map_.ratio,
        offset=map_.offset,
        share=map_.share,
        before=column.before,
        after=column.after,
        known=map_.known,
        kind=map_.kind,
        sharp=column.sharp,
        distance=map_.distance,
        left=map_.left,
        group=column.group.text if column.group is not None else None,
        segment=column.group.text if column.group is not None else None,
        within=column.group,
    )


def undo(finding: Finding[Rescaled | RescaledTogether], incident: Incident) -> Undo:
    """Converts the values back: in all rows, or in those that a changed share of the rows most probably are."""
    entry = finding.of
    if isinstance(entry, RescaledTogether):
        return convert_back(entry.lines)
    if entry.within is not None:
        return _undo_group(entry, entry.within)
    if entry.share >= ALL_ROWS:
        return convert_back({entry.column: (entry.ratio, entry.offset)})
    return _undo_some_rows(entry, incident)


def convert_back(lines: Mapping[str, tuple[float, float]]) -> Undo:
    """The values of each column less its offset, divided by its ratio."""
    """The values of each column less its offset, divided by its ratio."""

    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        back = {name: (frame[name] - offset) / ratio for name, (ratio, offset) in lines.items() if name in frame and ratio}
        return with_columns(frame, back)

    return Undo(repair=repair)


def _undo_group(entry: Rescaled, group: Group) -> Undo:
    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[entry.column].to_numpy("float64")
        back = np.where(group.inside(frame), (values - entry.offset) / entry.ratio, values)
        return with_columns(frame, {entry.column: back})

    return Undo(repair=repair)


def _undo_some_rows(entry: Rescaled, incident: Incident) -> Undo:
    """Divides only the rows that lie nearer to the reference's median after the division, on a log scale."""
    sizes = np.abs(samples(incident).reference[entry.column].to_numpy("float64"))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if entry.ratio <= 0 or not sizes.size:
        return Undo(leave_out=entry.columns)
    middle = float(np.median(np.log(sizes)))

    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[entry.column].to_numpy("float64")
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.log(np.abs(values))
            changed = np.abs(size - np.log(entry.ratio) - middle) < np.abs(size - middle)
        return with_columns(frame, {entry.column: np.where(changed, values / entry.ratio, values)})

    return Undo(repair=repair)


def offending(incident: Incident, finding: Finding, *, limit: int = 10_000) -> pd.DataFrame:
    """The rows since the change, as `rows.rows_where` gives them."""
    table, clock = incident.pair().current, incident.roles.timestamp
    dated = finding.since is not None and clock is not None and table[clock].kind is Kind.TIME
    where = [f"{table[clock].key} >= ?"] if dated and clock is not None else []
    values: list[object] = [finding.since] if dated else []
    group = finding.of.within if isinstance(finding.of, Rescaled) else None
    if group is not None:
        condition, level = group.condition(table)
        where, values = [*where, condition], [*values, level]
    if not where:
        return rows_where(incident, "true", limit=limit) if finding.columns else none(incident)
    return rows_where(incident, " AND ".join(where), values, limit=limit)
