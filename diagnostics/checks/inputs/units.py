"""Units: a number column times a constant, or times a constant plus an offset, from some time on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.inputs.affine import Affine, fit
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import Timeline, ks, ks_noise, thin, timeline
from diagnostics.measure.samples import samples
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

UNIT: Final = Rule(
    code="INP040",
    lane=Lane.DATA,
    title=N_("A column changed its unit"),
    why=N_("The model learnt the numbers in the old unit; in the new one every row looks like nothing it has seen."),
    remedy=N_(
        "Find the change of the feed at that time and convert the values back before the model; then score the rows again."
    ),
    statistic=N_(
        "The quantiles of the current values divided by those of the training values: one and the same number throughout."
    ),
    source="NIST SP 811 (2008), appendix B; Wilk and Gnanadesikan 1968, doi:10.1093/biomet/55.1.1 (quantiles against quantiles)",
    severity=Severity.CRITICAL,
)
LINE: Final = Rule(
    code="INP041",
    lane=Lane.DATA,
    title=N_("A column was scaled or shifted"),
    why=N_("The values keep their shape but stand on another scale, as after a conversion or a scaler."),
    remedy=N_("Compare the preparation of this column in training and in production, and undo the difference before the model."),
    statistic=N_(
        "A straight line through the quantiles of the current against those of the "
        "training values, and what it leaves unexplained."
    ),
    source="Wilk and Gnanadesikan 1968, doi:10.1093/biomet/55.1.1 (quantiles against quantiles)",
)
MANY: Final = Rule(
    code="INP042",
    lane=Lane.DATA,
    title=N_("Many columns were scaled at once"),
    why=N_("Several columns moved to other scales together: a scaler was fitted again, or is not applied."),
    remedy=N_("Load the scaler that was fitted in training; never fit one on production rows."),
    statistic=N_("Number of columns whose quantiles lie on a straight line against those of training, but not on the same one."),
    source="Wilk and Gnanadesikan 1968, doi:10.1093/biomet/55.1.1 (quantiles against quantiles)",
    severity=Severity.CRITICAL,
)
RULES: Final = (UNIT, LINE, MANY)


@dataclass(frozen=True)
class ColumnUnit:
    """A map that fits. before, after: medians of the non-zero values of the reference and of the rows since, in the column's
    unit.

    zeros: share of zeros in the reference. sharp: a sudden change, before which the rows looked like the reference.
    reference, current: quantiles of both at `SHARES`, for the picture.
    """

    name: str
    map: Affine
    before: float
    after: float
    zeros: float
    sharp: bool
    rows: int
    reference: tuple[float, ...]
    current: tuple[float, ...]
    trend: tuple[tuple[datetime | int, float], ...]
    since: datetime | None


@dataclass(frozen=True)
class Units:
    """Columns that a map fits; considered: number columns looked at (of at least 8 different values)."""

    columns: tuple[ColumnUnit, ...]
    considered: int


SHARES: Final = tuple(np.linspace(0.02, 0.98, 25).tolist())


def profile(incident: Incident) -> Units:
    """Raises NotApplicable without both tables, a common feature or a number column."""
    drawn = samples(incident)
    if not drawn.numbers:
        raise NotApplicable(N_("The two tables have no number column in common."), needs="current")
    line = timeline(incident, drawn)
    found, considered = [], 0
    for name in drawn.numbers:
        x = drawn.reference[name].to_numpy("float64")
        y = line.ordered(drawn.current[name]).astype("float64")
        x, y = x[np.isfinite(x)], np.where(np.isfinite(y), y, np.nan)
        if x.size < 20 or np.isfinite(y).sum() < 10:
            continue
        considered += np.unique(x).size >= 8
        column = _column(name, x, y, line)
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
    answers = []
    for row, calm in dict.fromkeys(starts):
        found = fit(x, y[row:], sharp=calm)
        if found is not None and (found.known or calm or found.kind != "scale"):
            # The known before the unknown, what begins suddenly before what was always so, the better fit before the worse.
            answers.append(((not found.known, -found.share if not calm else -1.0, not calm, found.left), found, row, calm))
    if not answers:
        return None
    _, found, row, calm = min(answers, key=lambda answer: answer[0])
    after = y[row:]
    known = after[np.isfinite(after)]
    return ColumnUnit(
        name,
        found,
        _median(x),
        _median(known),
        float(np.mean(x == 0)),
        calm,
        int(known.size),
        tuple(np.quantile(x, SHARES).tolist()),
        tuple(np.quantile(known, SHARES).tolist()),
        _trend(y, line),
        line.at(row),
    )


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


def judge(p: Units, *, many_at: int = 3, many_share: float = 0.5) -> list[Finding]:
    """A known ratio fires where it explains the distance; an unknown one only after a sudden change.

    `many_at` columns, and `many_share` of all that could, moved by straight lines of their own: a scaler, named once. A
    conversion touches the columns of one quantity, rarely half of a table.
    """
    lines = [c for c in p.columns if c.map.share == 1 and c.map.distance >= 0.12 + c.map.noise]
    # One ratio for all is a change of currency or unit; a scaler gives each column its own.
    own = {(round(np.log(abs(c.map.ratio)), 1), c.map.kind) for c in lines}
    many = len(lines) >= max(many_at, many_share * p.considered) and (
        len(own) >= max(2, len(lines) // 3) or all(c.map.kind in ("standardised", "range") for c in lines)
    )
    findings = []
    if many:
        names = tuple(c.name for c in lines)
        began = sorted(c.since for c in lines if c.since is not None)
        findings.append(
            loose(
                MANY,
                N_(
                    "{count:count} of {of:count} number columns moved to other scales at once "
                    "({columns:list}), as if a scaler was fitted again."
                ),
                {
                    "columns": names,
                    "count": len(names),
                    "of": p.considered,
                    "ratios": tuple(f"{c.map.ratio:.6g}" for c in lines),
                    "offsets": tuple(f"{c.map.offset:.6g}" for c in lines),
                },
                names,
                weight=min(1.0, len(names) / max(1, p.considered)),
                since=began[len(began) // 2] if began else None,
            )
        )
    for column in p.columns:
        kept = column.map.known or (column.sharp and column.map.distance >= 0.2)
        if kept or (many and column in lines):
            findings.append(_finding(column, many and column in lines))
    return findings


def _finding(column: ColumnUnit, one_of_many: bool) -> Finding:
    map_ = column.map
    unit = map_.known and map_.kind in ("scale", "offset", "affine")
    up = abs(map_.ratio) >= 1
    if map_.share < 1:
        says = (
            N_("In {share:percent} of the rows {column:name} is {ratio:number} times what it was, as if the unit changed.")
            if up
            else N_("In {share:percent} of the rows {column:name} is divided by {divisor:number}, as if the unit changed.")
        )
    elif map_.ratio == -1 and map_.kind == "scale":
        says = N_("{column:name} changed its sign: its median went from {before:number} to {after:number}.")
    elif map_.kind == "scale" and map_.ratio < 0:
        says = N_("Median {column:name} went from {before:number} to {after:number}: {ratio:number} times, with the sign turned.")
    elif map_.kind == "scale" and up:
        says = N_(
            "Median {column:name} rose from {before:number} to {after:number}: {ratio:number} times, as if the unit changed."
        )
    elif map_.kind == "scale":
        says = N_(
            "Median {column:name} fell from {before:number} to {after:number}: divided by "
            "{divisor:number}, as if the unit changed."
        )
    elif map_.kind == "offset":
        says = N_("Median {column:name} went from {before:number} to {after:number}: every value moved by {offset:number}.")
    elif map_.kind == "standardised":
        says = N_(
            "{column:name} arrives standardised: its median went from {before:number} to "
            "{after:number}, its spread is now about 1."
        )
    elif map_.kind == "range":
        says = N_("{column:name} arrives squeezed between 0 and 1: its median went from {before:number} to {after:number}.")
    else:
        says = N_(
            "Median {column:name} went from {before:number} to {after:number}: {ratio:number} "
            "times the old value plus {offset:number}."
        )
    return loose(
        UNIT if unit and not one_of_many else LINE,
        says,
        {
            "column": column.name,
            "ratio": map_.ratio,
            "divisor": 1 / map_.ratio,
            "offset": map_.offset,
            "share": map_.share,
            "before": column.before,
            "after": column.after,
            "known": map_.known,
            "kind": map_.kind,
            "sharp": column.sharp,
            "distance": map_.distance,
            "left": map_.left,
        },
        (column.name,),
        # The scaler is said once; its columns are the details.
        Severity.INFO if one_of_many else Severity.CRITICAL if unit else Severity.WARNING,
        weight=float(np.clip(map_.share * (map_.distance - map_.left), 0, 1)),
        since=column.since,
    )


def offending(incident: Incident, finding: Finding, *, limit: int = 10_000) -> pd.DataFrame:
    """The rows since the change, as `rows.rows_where` gives them."""
    table = incident.pair().current
    if finding.since is None or incident.roles.timestamp is None or table[incident.roles.timestamp].kind is not Kind.TIME:
        return rows_where(incident, "true", limit=limit) if finding.columns else none(incident)
    return rows_where(incident, f"{table[incident.roles.timestamp].key} >= ?", [finding.since], limit=limit)
