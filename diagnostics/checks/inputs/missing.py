"""Missing values: did more rows arrive without a value, under whatever token?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import MISSING_VALUES, OUT_OF_RANGE
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.measure import engine
from diagnostics.measure.onset import first, onset
from diagnostics.measure.samples import times
from diagnostics.measure.undo import Undo
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class MoreMissing(ColumnEntry):
    """before, after: shares of missing rows, 0 to 1."""

    before: float = shown(N_("Missing in the reference"), Unit.SHARE)
    after: float = shown(N_("Missing in the current table"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class Unusable(ColumnEntry):
    """count, before: rows with infinity or NaN in the current table and in the reference."""

    count: int = shown(N_("Rows with infinity or NaN"), Unit.COUNT)
    before: int = shown(N_("Such rows in the reference"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class NewWords(ColumnEntry):
    """tokens: words for a missing value that the reference never has; count: rows with one, of all `of`."""

    tokens: tuple[str, ...] = shown(N_("New words for a missing value"), Unit.NAMES)
    count: int = shown(N_("Rows with such a word"), Unit.COUNT)
    of: int = shown(N_("Rows in the current table"), Unit.COUNT)


MISSING_ROSE: Final = Rule[MoreMissing](
    code="INP001",
    lane=Lane.DATA,
    null=Null.VALUES,
    title=N_("More missing values"),
    says=N_("Missing values in {column:name} rose from {before:percent} to {after:percent} of the rows."),
    why=N_("The model learnt from rows that had this value. Without it, it answers from a default that it hardly ever saw."),
    remedy=N_(
        "Ask the owner of the feed why the values stopped coming; until then fill them as in training, "
        "or send the rows to a person."
    ),
    statistic=N_("Share of missing values: of a hundred rows, how many arrive without this value."),
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953; Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=MISSING_VALUES,
    clear=0.92,
    shows=Sign.BROKEN,
    thresholds={
        "rise_at": Shown(N_("Rise of the missing share that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Rise that is called critical"), Unit.SHARE),
    },
)
INFINITE: Final = Rule[Unusable](
    code="INP002",
    lane=Lane.DATA,
    # One such row may be an oddity of either table; where there was none, no population brings several.
    null=lambda entry: None if entry.count > 1 and entry.before == 0 else Null.VALUES,
    title=N_("Infinite or not-a-number values"),
    says=N_("{column:name} holds infinity or NaN in {count:count} rows; the reference had {before:count}."),
    why=N_("Most models refuse such values or turn them into nonsense; they come from divisions by zero and overflows."),
    remedy=N_("Mend the computation that divides by zero, and reject such rows before the model."),
    statistic=N_("Rows with infinity or NaN: results of a computation that failed."),
    source="IEEE 754-2019",
    severity=Severity.WARNING,
    suggests=OUT_OF_RANGE,
    clear=0.9,
    shows=Sign.BROKEN,
)
TOKENS: Final = Rule[NewWords](
    code="INP003",
    lane=Lane.DATA,
    title=N_("Missing values are written in new words"),
    says=N_("{column:name} writes missing values as {tokens:list} in {count:count} rows; the reference never does."),
    why=N_("A program that does not know the word takes it for a value, or fails."),
    remedy=N_("Agree on one word for a missing value, best the empty cell, and declare all others where the file is read."),
    statistic=N_("Words that were read as missing in the current table and never in training."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.INFO,
    thresholds={"token_at": Shown(N_("Share of the rows from which on a new word counts"), Unit.SHARE)},
)
RULES: Final = (MISSING_ROSE, INFINITE, TOKENS)


@dataclass(frozen=True, kw_only=True)
class ColumnMissing:
    """Missing and unusable values of one column."""

    name: str
    reference: intervals.Interval
    """Share of missing rows, 0 to 1, with 95% interval."""

    current: intervals.Interval
    """The same."""

    unusable: Sides[int]
    """Rows with infinity or NaN."""

    tokens: tuple[tuple[str, int], ...]
    """Words for a missing value in the current file, "" being the empty cell, with their counts."""

    new_tokens: tuple[tuple[str, int], ...]
    """Those of them that the reference never used."""

    since: datetime | None
    """When more went missing."""


@dataclass(frozen=True)
class Missing:
    """One entry per column that both tables have, in the reference's order; rows of the full tables."""

    columns: tuple[ColumnMissing, ...]
    rows: Sides[int]


def profile(incident: Incident) -> Missing:
    """Raises NotApplicable without both tables."""
    tables = incident.pair()
    counted = engine.profiles(tables, seed=incident.seed)
    raw = engine.sample(tables.reference, seed=incident.seed), engine.sample(tables.current, seed=incident.seed + 1)
    when = times(raw[1], incident.roles.timestamp)
    known_tokens = {token for column in tables.reference for token, _ in column.tokens}
    columns = []
    for column in tables.reference:
        name = column.name
        if name not in tables.current or name in (incident.roles.target, incident.roles.timestamp):
            continue  # Late labels are no fault of the inputs.
        before, after = counted.reference.columns.get(name), counted.current.columns.get(name)
        gone = raw[1][name].isna()
        if before is not None and after is not None:
            left = intervals.share(before.nulls + before.nans, before.rows)
            right = intervals.share(after.nulls + after.nans, after.rows)
            unusable = Sides(before.infs + before.nans, after.infs + after.nans)
        else:
            # Columns of two kinds share no grid; the sample says how often they are empty.
            left, right = (
                intervals.share(int(raw[0][name].isna().sum()), len(raw[0])),
                intervals.share(int(gone.sum()), len(gone)),
            )
            unusable = Sides(0, 0)
        since = None
        faulty = gone.to_numpy() if right.low > left.high else None
        if faulty is None and unusable.current > unusable.reference:
            faulty = np.isinf(raw[1][name].to_numpy("float64"))
        if when is not None and faulty is not None and faulty.any():
            change = onset(when, faulty.astype("float64"))
            since = change.since if change and change.after > change.before else first(when[faulty])
        tokens = tables.current[name].tokens
        new = tuple((token, count) for token, count in tokens if token and token not in known_tokens)
        columns.append(
            ColumnMissing(
                name=name,
                reference=left,
                current=right,
                unusable=unusable,
                tokens=tokens,
                new_tokens=new,
                since=since,
            )
        )
    return Missing(tuple(columns), Sides(tables.reference.rows, tables.current.rows))


def judge(p: Missing, *, rise_at: float = 0.02, critical_at: float = 0.1, token_at: float = 0.001) -> list[Finding]:
    """A column fires when its share of missing rows rose by at least `rise_at` and the 95% intervals do not touch.

    2 points were chosen on benchmarks/incidents; 10 points are called critical.
    New words for missing are named from `token_at` of the rows on; several at once are worth a warning.
    """
    findings: list[Finding] = []
    for column in p.columns:
        rise = column.current.value - column.reference.value
        if rise >= rise_at and column.current.low > column.reference.high:
            findings.append(
                MISSING_ROSE.found(
                    MoreMissing(
                        since=column.since,
                        weight=float(np.clip(rise, 0, 1)),
                        column=column.name,
                        before=column.reference.value,
                        after=column.current.value,
                    ),
                    severity=Severity.CRITICAL if rise >= critical_at else Severity.WARNING,
                )
            )
        new = column.unusable.current / max(1, p.rows.current) - column.unusable.reference / max(1, p.rows.reference)
        if new > 0 and column.unusable.current > 3 * column.unusable.reference:
            findings.append(
                INFINITE.found(
                    Unusable(
                        since=column.since,
                        weight=float(np.clip(new, 0, 1)),
                        column=column.name,
                        count=column.unusable.current,
                        before=column.unusable.reference,
                    )
                )
            )
        written = sum(count for _, count in column.new_tokens)
        if column.new_tokens and written >= token_at * max(1, p.rows.current):
            findings.append(
                TOKENS.found(
                    NewWords(
                        since=column.since,
                        weight=float(min(1.0, written / max(1, p.rows.current))),
                        column=column.name,
                        tokens=tuple(token for token, _ in column.new_tokens),
                        count=written,
                        of=p.rows.current,
                    ),
                    severity=Severity.WARNING if len(column.tokens) > 1 else Severity.INFO,
                )
            )
    return findings


def tokens(p: Missing) -> Counter[str]:
    """How often each word for "missing" stands in the current file, over all columns."""
    counted: Counter[str] = Counter()
    for column in p.columns:
        counted.update(dict(column.tokens))
    return counted


def undo(finding: Finding, incident: Incident) -> Undo:
    """The rows without a value, or with infinity or NaN, can only be left out."""
    name = finding.columns[0]
    if finding.rule is INFINITE:
        return Undo(faulty=lambda frame: ~np.isfinite(engine.seconds(frame[name])), leave_out=(name,))
    return Undo(faulty=lambda frame: frame[name].isna().to_numpy(dtype=bool), leave_out=(name,))


def offending(incident: Incident, finding: Finding, *, limit: int = 10_000) -> pd.DataFrame:
    """The rows without a value (or with infinity or NaN), as `rows.rows_where` gives them."""
    column = incident.pair().current[finding.columns[0]]
    number = column.kind is Kind.NUMBER and not column.integer
    if finding.rule is INFINITE:
        return rows_where(incident, f"NOT isfinite({column.key})", limit=limit) if number else none(incident)
    failed = f" OR isnan({column.key})" if number else ""
    return rows_where(incident, f"({column.key} IS NULL{failed})", limit=limit)
