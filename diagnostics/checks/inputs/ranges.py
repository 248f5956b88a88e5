"""Ranges: values that cannot be, in a few rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import OUT_OF_RANGE
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import timeline
from diagnostics.measure import engine
from diagnostics.measure.onset import as_datetime
from diagnostics.measure.samples import samples
from diagnostics.measure.undo import Undo
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Null, Rule, Severity
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_

LEAST: Final = 150
DIFFERENT: Final = 50
"""Reference rows, and different values among them, from which on the weight of a tail is known."""

STRAY: Final = 0.3
"""Stray values are few: where more of the rows than this lie beyond a fence, something else moved them."""


@dataclass(frozen=True, kw_only=True)
class Beyond(ColumnEntry):
    """Values beyond a fence."""

    rows: int = shown(N_("Rows at fault"), Unit.COUNT)
    of: int = shown(N_("Rows in the current table"), Unit.COUNT)
    share: float = shown(N_("Share of all rows"), Unit.SHARE)
    dense: float = shown(N_("Share of the rows since the first of them"), Unit.SHARE)
    worst: str = shown(N_("Furthest value"), Unit.NAME)
    low: str = shown(N_("Lowest value in the reference"), Unit.NAME)
    high: str = shown(N_("Highest value in the reference"), Unit.NAME)
    low_fence: float
    """Below it a value is at fault; of times in seconds since 1970, as `high_fence`."""

    high_fence: float

    known: bool = internal(False)
    """Whether the fence was extrapolated from enough different values to be a null of its own."""


@dataclass(frozen=True, kw_only=True)
class TimesBeyond(Beyond):
    """The same in a column of times."""


def _suggest(entry: Beyond) -> CauseKind | None:
    # Time goes on: times always leave the range of the reference.
    return None if isinstance(entry, TimesBeyond) or entry.dense > STRAY else OUT_OF_RANGE


def _null(entry: Beyond) -> Null | None:
    """A fence that a row passes once in ten million is a null by itself; where the tail is not known, all rows are asked."""
    return None if entry.known else Null.VALUES


_THRESHOLDS: Final = {
    "part_at": Shown(N_("Share of the rows from which on these are no stray values"), Unit.SHARE),
    "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
}

FAR: Final = Rule[Beyond](
    code="INP030",
    lane=Lane.DATA,
    null=_null,
    title=N_("Values far outside the range"),
    says=N_(
        "{column:name} is far outside its range in {rows:count} of {of:count} rows, such as {worst}; "
        "the reference lies between {low} and {high}."
    ),
    why=N_("The model has never seen such values; its answer for these rows is a guess."),
    remedy=N_("Reject or repair these rows before the model, and ask where they come from."),
    statistic=N_("How far a value lies beyond the furthest that the training values lead one to expect in a million tables."),
    source="Hill 1975, doi:10.1214/aos/1176343247; Weissman 1978, doi:10.1080/01621459.1978.10480104 (quantiles beyond the data)",
    suggests=_suggest,
    clear=0.8,
    thresholds=_THRESHOLDS | {"lone_at": Shown(N_("Times the distance of the fence for a single row"), Unit.NUMBER)},
)
SIGN: Final = Rule[Beyond](
    code="INP031",
    lane=Lane.DATA,
    null=_null,
    title=N_("Negative values where there were none"),
    says=N_(
        "{column:name} is negative in {rows:count} of {of:count} rows, as low as {worst}; the reference never goes below {low}."
    ),
    why=N_("A quantity that is never negative became so: a lost or added sign, or a code for an error."),
    remedy=N_("Reject or repair these rows before the model, and ask where the sign comes from."),
    statistic=N_("Rows below zero in a column that had none in training."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    suggests=_suggest,
    clear=0.8,
    thresholds=_THRESHOLDS | {"negative_rows": Shown(N_("Negative rows that count"), Unit.COUNT)},
)
RULES: Final = (FAR, SIGN)


@dataclass(frozen=True, kw_only=True)
class ColumnRange:
    """One column with rows beyond a fence, counted over every row. Times are in seconds since 1970."""

    name: str
    kind: Kind
    rows: int
    reference_rows: int
    low: float
    """Smallest value of the reference."""

    high: float
    """Largest value of the reference."""

    middle: float
    """Median of the reference."""

    low_fence: float
    """Below it a value is impossible."""

    high_fence: float
    """Above it a value is impossible."""

    below: int
    """Rows below the low fence."""

    above: int
    """Rows above the high fence."""

    negative: int
    """Rows below zero where the reference has none."""

    commonest: float
    """The value most often beyond."""

    commonest_rows: int
    """Rows with it."""

    worst: float
    """The value furthest out."""

    dense: float
    """Share beyond among the sample's rows since they began, 0 to 1."""

    since: datetime | None
    known: bool = False
    """Whether the weight of the tails is known."""


@dataclass(frozen=True)
class Ranges:
    """Columns with at least one row beyond a fence."""

    columns: tuple[ColumnRange, ...]


def profile(incident: Incident) -> Ranges:
    """Raises NotApplicable without both tables or a common feature."""
    tables = incident.pair()
    counted = engine.profiles(tables, seed=incident.seed)
    sample = samples(incident)
    found: list[ColumnRange] = []
    with engine.connect() as con:
        for name in sample.features:
            before, after = counted.reference.columns.get(name), counted.current.columns.get(name)
            if before is None or after is None or sample.kinds[name] is Kind.CATEGORY:
                continue
            if before.low is None or before.high is None or after.low is None or after.high is None:
                continue
            x = engine.seconds(sample.reference[name])
            x = x[np.isfinite(x)]
            if x.size < 50:
                continue
            low, high = fences(x, before.low, before.high)
            signed = before.low >= 0 and after.low < 0 and sample.kinds[name] is Kind.NUMBER
            if after.low < low or after.high > high or signed:
                found += _count(
                    incident, tables.current, name, (before.low, float(np.median(x)), before.high, low, high), int(x.size), con
                )
    return Ranges(tuple(found))


def fences(x: NDArray[np.float64], low: float, high: float, *, chance: float = 1e-7) -> tuple[float, float]:
    """Values that a row passes with less than `chance`, by extrapolating the tails of `x`, shape (n,), n at least 50.

    The tail beyond the 5% and 95% quantiles is continued with Hill's estimate of its weight, so that a column with a heavy
    tail gets a far fence; it is never nearer than the extreme and the width of the data beyond it.
    """
    middle, width = float(np.median(x)), high - low
    fence = []
    for side in (-1.0, 1.0):
        out = np.sort(side * (x - middle))
        out = out[out > 0]
        extreme = side * ((high if side > 0 else low) - middle)
        # Where most values are one and the same, such as 0, the tail is what the few others make of it.
        count = max(10, min(x.size // 20, out.size // 2))
        reach = extreme + 0.5 * width
        if out.size > count:
            start = out[-count - 1]
            weight = float(np.mean(np.log(out[-count:] / start)))
            reach = max(reach, start * (count / x.size / chance) ** weight)
        elif out.size:
            # A handful of values on this side: enough to know that there is a tail, not how long it is.
            reach = max(reach, extreme * 100)
        fence.append(middle + side * reach)
    return float(fence[0]), float(fence[1])


def _count(
    incident: Incident,
    table: Table,
    name: str,
    bounds: tuple[float, float, float, float, float],
    n: int,
    con: duckdb.DuckDBPyConnection,
) -> Iterator[ColumnRange]:
    low, middle, high, low_fence, high_fence = bounds
    column = table[name]
    value = engine.number_sql(column)
    nonnegative = low >= 0 and column.kind is Kind.NUMBER
    floor = 0.0 if nonnegative else low_fence
    stamp = incident.roles.timestamp
    timed = stamp is not None and stamp in table and table[stamp].kind is Kind.TIME
    clock = table[stamp].key if timed and stamp is not None else "NULL"
    finite = "true" if column.integer or column.kind is Kind.TIME else f"isfinite({value})"
    row = con.execute(
        f"SELECT count(*) FILTER (v < {low_fence!r}), count(*) FILTER (v > {high_fence!r}), count(*) FILTER (v < 0), mode(v), "
        f"min(v), max(v), min(since) FROM (SELECT {value} AS v, {clock} AS since "
        f"FROM {engine.relation(table)} WHERE {finite} AND ({value} < {floor!r} OR {value} > {high_fence!r}))"
    ).fetchall()[0]
    below, above, negative, commonest, least, most, since = row
    if commonest is None:
        return
    same = con.execute(f"SELECT count(*) FROM {engine.relation(table)} WHERE {value} = ?", [commonest]).fetchall()[0][0]
    worst = float(most) if float(most) - high > low - float(least) else float(least)
    sample = samples(incident)
    line = timeline(incident, sample)
    y = engine.seconds(sample.current[name])[line.order]
    flagged = (y < floor) | (y > high_fence)
    stretch = line.stretch(flagged)
    begin = stretch.since if stretch.sharp else (None if since is None else as_datetime(np.datetime64(since, "s")))
    yield ColumnRange(
        name=name,
        kind=column.kind,
        rows=table.rows,
        reference_rows=n,
        low=low,
        high=high,
        middle=middle,
        low_fence=low_fence,
        high_fence=high_fence,
        below=int(below),
        above=int(above),
        negative=int(negative) if nonnegative else 0,
        commonest=float(commonest),
        commonest_rows=int(same),
        worst=worst,
        dense=float(np.mean(flagged[stretch.start :])) if flagged.size else 0.0,
        since=begin,
        known=n >= LEAST and np.unique(sample.reference[name].dropna()).size >= DIFFERENT,
    )


def judge(
    p: Ranges, *, part_at: float = STRAY, negative_rows: int = 4, lone_at: float = 3.0, critical_at: float = 0.05
) -> list[Finding[Beyond]]:
    """Far: any row beyond a fence, as long as at most `part_at` of the rows are (more is another unit or another population).
    Sign: `negative_rows` negative rows, and so many that chance would not have spared the reference.

    A single row must lie `lone_at` times as far out as the fence: the largest value of all is often odd.
    One and the same value in most of them (and in three at least) is a default, which has its own check.
    All four were chosen on benchmarks/incidents.
    """
    findings: list[Finding[Beyond]] = []
    for column in p.columns:
        far = column.below + column.above
        rows = max(far, column.negative)
        if rows > part_at * column.rows or (column.commonest_rows >= 3 and column.commonest_rows >= 0.6 * rows):
            continue
        # The chance that all of the negative rows fell on this side if they were as common on the other.
        spared = column.negative * math.log1p(column.reference_rows / column.rows)
        deep = column.low >= 0 and column.worst < -0.25 * (column.high - column.low)
        signed = column.negative >= negative_rows and (spared > 9 or deep)
        fence = column.high_fence if column.worst > column.middle else column.low_fence
        if far == 1 and abs(column.worst - column.middle) < lone_at * abs(fence - column.middle):
            far = 0
        if not far and not signed:
            continue
        time = column.kind is Kind.TIME
        kind = TimesBeyond if time else Beyond
        entry = kind(
            since=column.since,
            weight=float(np.clip(rows / max(1, column.rows), 0.01, 1)) if column.dense <= part_at else 0.01,
            column=column.name,
            rows=rows,
            of=column.rows,
            share=rows / max(1, column.rows),
            dense=column.dense,
            worst=_written(column.worst, time),
            low=_written(column.low, time),
            high=_written(column.high, time),
            low_fence=0.0 if signed else column.low_fence,
            high_fence=column.high_fence,
            known=(column.known and (far > 0 or deep)) or _absurd(column),
        )
        # Where most rows are beyond, these are no stray values: another check says what moved them.
        critical = rows >= critical_at * column.rows and column.dense <= part_at
        rule = SIGN if signed and column.negative >= column.above else FAR
        findings.append(rule.found(entry, severity=Severity.CRITICAL if critical else Severity.WARNING))
    return findings


ABSURD: Final = 1e5
"""Times the reference's whole range from which on a single value is an error: of a tail as heavy as Pareto's with index 1, the
largest of as many new values goes as far once in a hundred thousand tables."""


def _absurd(column: ColumnRange) -> bool:
    span = column.high - column.low
    return column.kind is Kind.NUMBER and span > 0 and abs(column.worst - column.middle) >= ABSURD * span


def undo(finding: Finding[Beyond], incident: Incident) -> Undo:
    """The rows beyond the fences can only be left out."""
    entry = finding.of

    def beyond(frame: pd.DataFrame) -> NDArray[np.bool_]:
        numbers = engine.seconds(frame[entry.column])
        return np.asarray((numbers < entry.low_fence) | (numbers > entry.high_fence))

    return Undo(faulty=beyond, leave_out=entry.columns)


def _written(value: float, time: bool) -> str:
    if time and abs(value) < 1e11:
        return as_datetime(np.datetime64(int(value), "s")).isoformat(sep=" ")
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"


def offending(incident: Incident, finding: Finding[Beyond], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows beyond the fences, as `rows.rows_where` gives them."""
    column = incident.pair().current[finding.of.column]
    if column.kind not in (Kind.NUMBER, Kind.TIME):
        return none(incident)
    value = engine.number_sql(column)
    bounds = [finding.of.low_fence, finding.of.high_fence]
    return rows_where(incident, f"({value} < ? OR {value} > ?)", bounds, limit=limit)
