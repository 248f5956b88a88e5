"""Missing values: did more rows arrive without a value, under whatever token?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from diagnostics import engine, intervals
from diagnostics.finding import Finding, Rule, Severity
from diagnostics.incident import Incident, Sides
from diagnostics.onset import first, onset
from diagnostics.samples import samples, times
from diagnostics.words import N_

MISSING_ROSE: Final = Rule(
    code="INP001",
    title=N_("More missing values"),
    why=N_("The model learnt from rows that had this value. Without it, it answers from a default that it hardly ever saw."),
    remedy=N_(
        "Ask the owner of the feed why the values stopped coming; until then fill them as in training, "
        "or send the rows to a person."
    ),
    statistic=N_("Share of missing values: of a hundred rows, how many arrive without this value."),
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953; Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
)
INFINITE: Final = Rule(
    code="INP002",
    title=N_("Infinite or not-a-number values"),
    why=N_("Most models refuse such values or turn them into nonsense; they come from divisions by zero and overflows."),
    remedy=N_("Mend the computation that divides by zero, and reject such rows before the model."),
    statistic=N_("Rows with infinity or NaN: results of a computation that failed."),
    source="IEEE 754-2019",
    severity=Severity.WARNING,
)
RULES: Final = (MISSING_ROSE, INFINITE)


@dataclass(frozen=True)
class ColumnMissing:
    """Shares of missing rows between 0 and 1 with 95% intervals; counts of unusable numbers; tokens seen in the current file."""

    name: str
    reference: intervals.Interval
    current: intervals.Interval
    unusable: Sides[int]
    tokens: tuple[tuple[str, int], ...]
    since: datetime | None


@dataclass(frozen=True)
class Missing:
    """One entry per column that both tables have, in the reference's order; rows of the full tables."""

    columns: tuple[ColumnMissing, ...]
    rows: Sides[int]


def profile(incident: Incident) -> Missing:
    """Raises NotApplicable without both tables."""
    tables = incident.pair()
    counted = engine.profiles(tables, seed=incident.seed)
    drawn = samples(incident)
    when = times(drawn.current, incident.roles.timestamp)
    columns = []
    for name, before in counted.reference.columns.items():
        if name in (incident.roles.target, incident.roles.timestamp):
            continue  # Late labels are no fault of the inputs.
        after = counted.current.columns[name]
        left = intervals.share(before.nulls + before.nans, before.rows)
        right = intervals.share(after.nulls + after.nans, after.rows)
        since = None
        if when is not None and right.low > left.high:
            change = onset(when, drawn.current[name].isna().astype("float64").to_numpy())
            since = change.since if change and change.after > change.before else first(when)
        columns.append(
            ColumnMissing(
                name, left, right, Sides(before.infs + before.nans, after.infs + after.nans), after.column.tokens, since
            )
        )
    return Missing(tuple(columns), Sides(tables.reference.rows, tables.current.rows))


def judge(p: Missing, *, rise_at: float = 0.02, critical_at: float = 0.1) -> list[Finding]:
    """A column fires when its share of missing rows rose by at least `rise_at` and the 95% intervals do not touch.

    2 points is the smallest rise that Breck et al. (2019) would have a person look at; 10 points is called critical.
    """
    findings = []
    for column in p.columns:
        rise = column.current.value - column.reference.value
        if rise >= rise_at and column.current.low > column.reference.high:
            findings.append(
                Finding(
                    MISSING_ROSE,
                    N_("Missing values in {column:name} rose from {before:percent} to {after:percent} of the rows."),
                    {"column": column.name, "before": column.reference.value, "after": column.current.value},
                    (column.name,),
                    Severity.CRITICAL if rise >= critical_at else Severity.WARNING,
                    weight=float(np.clip(rise, 0, 1)),
                    since=column.since,
                )
            )
        new = column.unusable.current / max(1, p.rows.current) - column.unusable.reference / max(1, p.rows.reference)
        if new > 0 and column.unusable.current > 3 * column.unusable.reference:
            findings.append(
                Finding(
                    INFINITE,
                    N_("{column:name} holds infinity or NaN in {count:count} rows; the reference had {before:count}."),
                    {"column": column.name, "count": column.unusable.current, "before": column.unusable.reference},
                    (column.name,),
                    weight=float(np.clip(new, 0, 1)),
                    since=column.since,
                )
            )
    return findings


def tokens(p: Missing) -> Counter[str]:
    """How often each word for "missing" stands in the current file, over all columns."""
    counted: Counter[str] = Counter()
    for column in p.columns:
        counted.update(dict(column.tokens))
    return counted
