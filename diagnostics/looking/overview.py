"""All columns at a glance: what each looks like on both sides, how far it moved, and what the investigation says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.causes.cause import Cause
from diagnostics.causes.hypothesis import Use
from diagnostics.causes.rank import case_of
from diagnostics.investigation import Investigation
from diagnostics.looking.bins import counts, useful_edges
from diagnostics.measure import distances, engine
from diagnostics.measure.engine import ColumnProfile, TableProfile
from diagnostics.measure.outcome import frames
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Roles, Sides
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_

BINS: Final = 12
"""Bars of a small histogram."""

ROWS: Final = 5_000
"""Rows of each side that a small histogram is drawn from; a pixel is no finer."""


LIKELY: Final = 0.5
"""Confidence from which on a cause is named as one."""


class Verdict(StrEnum):
    """What the investigation says of a column, worst first. Unchanged is earned: it was compared and nothing was found."""

    CAUSE = "cause"
    CRITICAL = "critical"
    WARNING = "warning"
    NOTED = "noted"
    UNCHANGED = "unchanged"
    NOT_COMPARED = "not compared"


VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.CAUSE: N_("named as the cause"),
    Verdict.CRITICAL: N_("critical"),
    Verdict.WARNING: N_("to watch"),
    Verdict.NOTED: N_("noted"),
    Verdict.UNCHANGED: N_("no change found"),
    Verdict.NOT_COMPARED: N_("not compared"),
}

PARTS: Final[Mapping[str, str]] = {
    "": N_("feature"),
    "target": N_("label"),
    "prediction": N_("prediction"),
    "timestamp": N_("time of the row"),
    "id": N_("name of the row"),
    "group": N_("group of rows"),
    "calendar": N_("follows from the time"),
    "not_features": N_("not a feature"),
}
"""What a column is to the model, by the name of its role."""


NEVER_ALIKE: Final = frozenset({"timestamp", "id", "group", "calendar"})
"""Parts whose values differ between any two tables."""


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """One column of either table."""

    name: str
    part: str
    """A key of PARTS."""

    kind: Sides[Kind | None]
    """None for a table that lacks it."""

    shares: Sides[tuple[float, ...]]
    """Share of the rows with a value in each bin or level, the same on both sides, at most BINS; () where there is none."""

    missing: Sides[float | None]
    """Share of all rows without a value, 0 to 1."""

    distance: float | None
    """KS of numbers and times, total variation of levels, 0 to 1, over all rows; None where the two cannot be compared."""

    verdict: Verdict
    finding: Finding | None
    """The worst that names it."""

    since: datetime | None
    use: float | None
    """How much the model's predictions depend on it, by the most important column (1); None where that is not known."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """rows: of the whole tables, None for one that was not given; columns: those named as the cause first, then the furthest."""

    columns: tuple[ColumnRow, ...]
    rows: Sides[int | None]


def overview(investigation: Investigation) -> Overview:
    """Empty without a table."""
    incident = investigation.incident
    profiles = _profiles(incident)
    both = frames(incident)
    few = Sides(*(None if frame is None else frame.iloc[_spread(len(frame))] for frame in (both.reference, both.current)))
    weights = case_of(incident, investigation.checks).weights
    worst = _worst(investigation.findings())
    rows = [
        _row(name, incident, few, profiles, weights, worst.get(name), _cause(name, investigation.causes))
        for name in names(incident)
    ]
    order = list(Verdict)
    rows.sort(key=lambda row: (order.index(row.verdict), -(row.distance or 0.0)))
    tables = (incident.reference, incident.current)
    return Overview(columns=tuple(rows), rows=Sides(*(None if table is None else table.rows for table in tables)))


def names(incident: Incident) -> tuple[str, ...]:
    """Columns of either table, in the order of the files."""
    return tuple(dict.fromkeys([*(c.name for c in incident.reference or ()), *(c.name for c in incident.current or ())]))


def part_of(name: str, roles: Roles) -> str:
    """The key of PARTS of a column."""
    single = ("target", "prediction", "timestamp", "id", "group")
    several = ("calendar", "not_features")
    named = [role for role in single if getattr(roles, role) == name] + [role for role in several if name in getattr(roles, role)]
    return named[0] if named else ""


def _profiles(incident: Incident) -> Sides[TableProfile | None]:
    """Counts of every row. Where both tables are there: of the columns that they share."""
    if incident.reference is not None and incident.current is not None:
        found = engine.profiles(Sides(incident.reference, incident.current), seed=incident.seed)
        return Sides(found.reference, found.current)
    sides = (incident.reference, incident.current)
    return Sides(*(None if table is None else alone(table, incident.seed) for table in sides))


def alone(table: Table, seed: int) -> TableProfile:
    """Counts of every row of a table, on its own bins."""
    return engine.profiles(Sides(table, table), seed=seed).reference


def _spread(rows: int) -> slice:
    """At most ROWS positions, evenly over the file."""
    return slice(None, None, max(1, -(-rows // ROWS)))


def _worst(findings: Iterable[Finding]) -> dict[str, Finding]:
    """The worst finding of each column; `findings` come worst first."""
    found: dict[str, Finding] = {}
    for finding in findings:
        for name in finding.columns:
            found.setdefault(name, finding)
    return found


def _cause(name: str, causes: Iterable[Cause]) -> Cause | None:
    return next((cause for cause in causes if name in cause.columns and cause.confidence >= LIKELY), None)


def _row(
    name: str,
    incident: Incident,
    few: Sides[pd.DataFrame | None],
    profiles: Sides[TableProfile | None],
    weights: Mapping[str, Use],
    finding: Finding | None,
    cause: Cause | None,
) -> ColumnRow:
    tables = (incident.reference, incident.current)
    kinds = [table[name].kind if table is not None and name in table else None for table in tables]
    counted = [None if p is None else p.columns.get(name) for p in (profiles.reference, profiles.current)]
    values = [frame[name] if frame is not None and name in frame else None for frame in (few.reference, few.current)]
    gone = [
        one.missing if one is not None else None if v is None else float(v.isna().mean()) if len(v) else 0.0
        for one, v in zip(counted, values, strict=True)
    ]
    part = part_of(name, incident.roles)
    distance = None if part in NEVER_ALIKE else apart(counted[0], counted[1])
    since = cause.since if cause is not None and cause.since is not None else finding.since if finding is not None else None
    return ColumnRow(
        name=name,
        part=part,
        kind=Sides(kinds[0], kinds[1]),
        shares=small(values[0], values[1]),
        missing=Sides(gone[0], gone[1]),
        distance=distance,
        verdict=_verdict(finding, cause, compared=distance is not None),
        finding=finding,
        since=since,
        use=weights[name].sure if name in weights else None,
    )


def apart(before: ColumnProfile | None, after: ColumnProfile | None) -> float | None:
    """KS of numbers and times, total variation of levels, 0 to 1; None where one side has no value."""
    if before is None or after is None or not before.count or not after.count or before.column.kind is Kind.NESTED:
        return None
    if before.column.kind is Kind.CATEGORY:
        left, right = (np.asarray([*side.levels, side.other], "float64") for side in (before, after))
        return float(np.abs(left / left.sum() - right / right.sum()).sum() / 2) if left.sum() and right.sum() else None
    return distances.ks_binned(before.bins, after.bins)


def _verdict(finding: Finding | None, cause: Cause | None, *, compared: bool) -> Verdict:
    if cause is not None:
        return Verdict.CAUSE
    if finding is not None:
        by = {Severity.CRITICAL: Verdict.CRITICAL, Severity.WARNING: Verdict.WARNING, Severity.INFO: Verdict.NOTED}
        return by[finding.severity]
    return Verdict.UNCHANGED if compared else Verdict.NOT_COMPARED


def small(reference: pd.Series | None, current: pd.Series | None) -> Sides[tuple[float, ...]]:
    """Shares of the values in the same few bins or levels; levels are in the order of both sides' shares, the rest last."""
    numbers = [None if v is None or v.dtype.kind not in "fM" else engine.seconds(v) for v in (reference, current)]
    given = [v for v in (reference, current) if v is not None]
    if given and all(v.dtype.kind in "fM" for v in given):
        left, right = (np.empty(0) if n is None else n for n in numbers)
        edges = useful_edges(left, right, BINS)
        return Sides(*(() if n is None else _shares(counts(n, edges)) for n in numbers))
    texts = [None if v is None else v.dropna().astype(str).value_counts() for v in (reference, current)]
    total = pd.Series(dtype="float64")
    for one in texts:
        if one is not None and one.sum():
            total = total.add(one / one.sum(), fill_value=0.0)
    top = total.sort_values(ascending=False, kind="stable").index[: BINS - 1]

    def side(one: pd.Series | None) -> tuple[float, ...]:
        if one is None:
            return ()
        found = one.reindex(top).fillna(0).to_numpy("float64")
        return _shares(np.append(found, one.sum() - found.sum()))

    return Sides(side(texts[0]), side(texts[1]))


def _shares(found: np.ndarray) -> tuple[float, ...]:
    total = float(found.sum())
    return tuple(float(count) / total for count in found) if total else ()
