"""Stale features: a column that stopped changing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import STALE_FEATURE
from diagnostics.checks.inputs.fills import SENTINELS
from diagnostics.checks.inputs.rows import equal, none, rows_where
from diagnostics.checks.inputs.timeline import Timeline, timeline
from diagnostics.measure.engine import seconds
from diagnostics.measure.samples import samples, times
from diagnostics.measure.undo import Undo
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class LongRun(ColumnEntry):
    """One value fills a stretch of rows that chance does not explain."""

    value: str = shown(N_("Repeated value"), Unit.NAME)
    fill: float | str
    """The value itself; of a time the seconds since 1970."""

    rows: int = shown(N_("Rows in a row with it"), Unit.COUNT)
    share: float = shown(N_("Share of all rows"), Unit.SHARE)
    before: int = shown(N_("Longest stretch of one value in the reference"), Unit.COUNT)
    to_end: bool
    """Whether the stretch reaches the last row."""

    until: datetime | None = shown(N_("End of the stretch"), Unit.TIME)


@dataclass(frozen=True, kw_only=True)
class FewChanges(ColumnEntry):
    """More rows repeat the value of the row before than in the reference. before, after: shares, 0 to 1."""

    before: float = shown(N_("Rows that repeat the row before in the reference"), Unit.SHARE)
    after: float = shown(N_("Rows that repeat the row before since the change"), Unit.SHARE)
    rows: int = shown(N_("Rows since the change in the sample"), Unit.COUNT)


STALE: Final = Rule[LongRun](
    code="INP060",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("A column stopped changing"),
    says=N_(
        "{column:name} stopped changing: it is {value:name} in {rows:count} rows in a row ({share:percent} "
        "of all); the longest such stretch in the reference is {before:count}."
    ),
    why=N_("The feed repeats its last value; the model decides on old news."),
    remedy=N_("Look at the job or cache that refreshes this column: it stopped at the time given, or serves one copy to all."),
    statistic=N_("Longest stretch of rows with one and the same value, beside the longest in training."),
    source="Feller 1968, An introduction to probability theory, vol. 1, XIII.7 (length of runs)",
    severity=Severity.CRITICAL,
    suggests=STALE_FEATURE,
    clear=0.92,
    shows=Sign.BROKEN,
    thresholds={
        "part_at": Shown(N_("Share of the rows that the stretch must fill"), Unit.SHARE),
        "few_part_at": Shown(N_("The same in a column of two or three values"), Unit.SHARE),
        "times_at": Shown(N_("Times the longest stretch of the reference"), Unit.NUMBER),
        "surprise_at": Shown(N_("Minus the logarithm of the probability by chance"), Unit.NUMBER),
        "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
    },
)
SLOW: Final = Rule[FewChanges](
    code="INP065",
    lane=Lane.DATA,
    title=N_("A column is refreshed too seldom"),
    says=N_(
        "{column:name} is refreshed too seldom: {after:percent} of the rows repeat the value of the row before; "
        "in the reference it is {before:percent}."
    ),
    why=N_("Several rows in a row are given the same old value: the model sees what was true some rows ago."),
    remedy=N_("Look at the job or cache that refreshes this column: it now serves one copy to many rows."),
    statistic=N_("Share of rows with the same value as the row before, beside that share in the reference."),
    source="Wald and Wolfowitz 1940, doi:10.1214/aoms/1177731909 (number of runs)",
    severity=Severity.CRITICAL,
    suggests=STALE_FEATURE,
    clear=0.92,
    shows=Sign.BROKEN,
    thresholds={
        "repeats_at": Shown(N_("Share of repeating rows that counts"), Unit.SHARE),
        "repeats_rise_at": Shown(N_("Rise of that share that counts"), Unit.SHARE),
    },
)
RULES: Final = (STALE, SLOW)


@dataclass(frozen=True, kw_only=True)
class Run:
    """The longest stretch of one value in the order of time."""

    name: str
    kind: Kind
    value: str
    number: float | None
    """The value as a number, None for a category."""

    rows: int
    """Its length in rows of the sample."""

    of: int
    """Rows of the sample with a value."""

    longest_reference: int
    """Length of the longest stretch in the reference."""

    share: float
    """Share of the value in the reference, 0 to 1."""

    surprise: float
    """Minus the logarithm of the probability that independent rows with the reference's shares show such a stretch."""

    distinct: int
    """Different values of the reference."""

    to_end: bool
    """It reaches the last row."""

    since: datetime | None
    """Time of its first row."""

    until: datetime | None
    """Time of its last row."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a row repeats the value of the row before."""

    name: str
    before: float
    """Share in the reference, or what chance gives now, 0 to 1."""

    after: float
    """Share in the current rows from the change on."""

    rows: int
    """Of those."""

    since: datetime | None
    """None when it was so from the start or there are no times."""


@dataclass(frozen=True)
class Stale:
    """One entry per feature with at least 20 values on both sides."""

    runs: tuple[Run, ...]
    paces: tuple[Pace, ...] = ()


def profile(incident: Incident) -> Stale:
    """Raises NotApplicable without both tables or a common feature."""
    sample = samples(incident)
    line = timeline(incident, sample)
    when = times(sample.reference, incident.roles.timestamp)
    order = np.argsort(when, kind="stable") if when is not None else np.arange(len(sample.reference))
    runs: list[Run] = []
    paces: list[Pace] = []
    for name in sample.features:
        kind = sample.kinds[name]
        x, y = sample.reference[name], sample.current[name]
        if kind is Kind.CATEGORY:
            # Names become numbers once, so that runs are found without comparing texts.
            codes, names = pd.factorize(pd.concat([x, y], ignore_index=True))
            values = np.where(codes < 0, np.nan, codes.astype("float64"))
            left, right = values[: len(x)], values[len(x) :]
        else:
            names, left, right = pd.Index([]), seconds(x), seconds(y)
        runs += _run(name, kind, names, left[order], right[line.order], line)
        paces += _pace(name, left[order], right[line.order], line)
    return Stale(tuple(runs), tuple(paces))


def _pace(name: str, x: NDArray[np.float64], y: NDArray[np.float64], line: Timeline) -> Iterator[Pace]:
    x = x[np.isfinite(x)]
    rows = np.flatnonzero(np.isfinite(y))
    if x.size < 20 or rows.size < 20:
        return
    same = np.concatenate([[False], y[rows][1:] == y[rows][:-1]])
    marks = np.zeros(y.size, dtype=bool)
    marks[rows] = same
    stretch = line.stretch(marks)
    start = stretch.start if stretch.sharp else 0
    _, counts = np.unique(y[rows[rows >= start]], return_counts=True)
    # Values that became fewer repeat by chance alone: two rows agree as often as their shares say.
    chance = float(np.sum((counts / max(1, counts.sum())) ** 2))
    yield Pace(
        name=name,
        before=max(chance, float(np.mean(x[1:] == x[:-1]))),
        after=float(marks[start:].mean()),
        rows=int(y.size - start),
        since=stretch.since if stretch.sharp else line.at(0),
    )


def _run(name: str, kind: Kind, names: Any, x: NDArray[np.float64], y: NDArray[np.float64], line: Timeline) -> Iterator[Run]:
    x = x[np.isfinite(x)]
    rows = np.flatnonzero(np.isfinite(y))
    if x.size < 20 or rows.size < 20:
        return
    value, start, length = longest(y[rows])
    share = float(np.mean(x == value))
    # Half a row, because a value that the reference lacks is not impossible.
    p = min((share * x.size + 0.5) / (x.size + 1), 1 - 0.5 / (x.size + 1))
    surprise = -(length * np.log(p) + np.log(max(1, rows.size - length + 1)))
    text = str(names[int(value)]) if kind is Kind.CATEGORY else f"{value:.10g}"
    yield Run(
        name=name,
        kind=kind,
        value=text,
        number=None if kind is Kind.CATEGORY else float(value),
        rows=length,
        of=int(rows.size),
        longest_reference=longest(x)[2],
        share=share,
        surprise=float(surprise),
        distinct=int(np.unique(x).size),
        to_end=bool(start + length >= rows.size),
        since=line.at(int(rows[start])),
        until=line.at(int(rows[start + length - 1])),
    )


def longest(values: NDArray[np.float64]) -> tuple[float, int, int]:
    """Value, first position and length of the longest stretch of equal neighbours in `values`, shape (n,), n at least 1."""
    breaks = np.flatnonzero(values[1:] != values[:-1]) + 1
    starts = np.concatenate([[0], breaks])
    lengths = np.diff(np.concatenate([starts, [values.size]]))
    best = int(np.argmax(lengths))
    return float(values[starts[best]]), int(starts[best]), int(lengths[best])


def judge(
    p: Stale,
    *,
    surprise_at: float = 20.0,
    part_at: float = 0.05,
    few_part_at: float = 0.2,
    times_at: float = 4.0,
    critical_at: float = 0.1,
    repeats_at: float = 0.6,
    repeats_rise_at: float = 0.3,
) -> list[Finding]:
    """A column fires when one value fills at least `part_at` of the rows without a break (`few_part_at` in a column of two or
    three values, which is often sorted by them), when the probability of that by chance is below exp(-`surprise_at`), 1 in 480
    million, and when it is `times_at` times as long as the longest such stretch of the reference.

    Without such a stretch it fires when `repeats_at` of the rows, `repeats_rise_at` more than ever, repeat the row before and
    half as many as ever differ from it. All shares were chosen on benchmarks/incidents.
    A stretch of a number that means "not known" is a fill, not a stale value; a file of one day only is not judged by its date.
    """
    findings: list[Finding] = []
    for run in p.runs:
        part = few_part_at if run.distinct <= 3 else part_at
        long = run.rows >= max(15, part * run.of) and run.rows >= times_at * run.longest_reference
        default = run.number is not None and run.number in SENTINELS and (run.share < 0.001 or abs(run.number) > 1)
        if not long or run.surprise < surprise_at or run.distinct < 2 or default:
            continue
        share = run.rows / run.of
        entry = LongRun(
            since=run.since,
            weight=float(share),
            column=run.name,
            value=run.value,
            fill=run.value if run.number is None else run.number,
            rows=run.rows,
            share=share,
            before=run.longest_reference,
            to_end=run.to_end,
            until=run.until,
        )
        findings.append(STALE.found(entry, severity=Severity.CRITICAL if share >= critical_at else Severity.WARNING))
    named = {name for finding in findings for name in finding.columns}
    for pace in p.paces:
        # By chance the share wobbles by its standard error; five of them are never seen.
        noise = 5 * np.sqrt(max(pace.before * (1 - pace.before), 1 / max(1, pace.rows)) / max(1, pace.rows))
        risen = pace.after >= max(repeats_at, pace.before + repeats_rise_at, pace.before + noise)
        slow = risen and 1 - pace.after < (1 - pace.before) / 2
        if pace.name in named or not slow or pace.rows < 30:
            continue
        findings.append(
            SLOW.found(
                FewChanges(
                    since=pace.since,
                    weight=float(pace.after - pace.before),
                    column=pace.name,
                    before=pace.before,
                    after=pace.after,
                    rows=pace.rows,
                )
            )
        )
    return findings


def undo(finding: Finding[LongRun | FewChanges], incident: Incident) -> Undo:
    """The rows that hold the value, or that repeat the row before, can only be left out."""
    entry = finding.of
    name = entry.column
    if isinstance(entry, LongRun):
        fill = entry.fill
        return Undo(faulty=lambda frame: equal(frame[name], fill), leave_out=(name,))
    return Undo(faulty=lambda frame: _repeating(frame[name]), leave_out=(name,))


def _repeating(values: pd.Series) -> NDArray[np.bool_]:
    """Which of `values` equal the one before, shape (len(values),)."""
    present = values.to_numpy()
    return np.concatenate([[False], present[1:] == present[:-1]])


def offending(incident: Incident, finding: Finding[LongRun | FewChanges], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows of the stretch (all rows with the value where there is no time), as `rows.rows_where` gives them."""
    table = incident.pair().current
    entry = finding.of
    column = table[entry.column]
    if not isinstance(entry, LongRun) or column.kind not in (Kind.NUMBER, Kind.CATEGORY):
        return none(incident)
    if (column.kind is Kind.NUMBER) != isinstance(entry.fill, float):
        return none(incident)
    condition = f"{column.key} = ?"
    values: list[object] = [entry.fill]
    if entry.since is not None and incident.roles.timestamp is not None:
        key = table[incident.roles.timestamp].key
        condition += f" AND {key} >= ? AND {key} < ?::TIMESTAMP + INTERVAL 1 SECOND"
        values += [entry.since, entry.until]
    return rows_where(incident, condition, values, limit=limit)
