"""Formats: values that are written differently from training, so that they may no longer be read as what they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import FORMAT_CHANGE
from diagnostics.checks.inputs.notation import PLAIN, TEXT, by_level, classify, notation_of_date, number
from diagnostics.checks.inputs.rows import none, rows_where
from diagnostics.checks.inputs.timeline import Timeline, timeline
from diagnostics.measure import engine
from diagnostics.measure.frames import with_columns
from diagnostics.measure.samples import samples
from diagnostics.measure.undo import Undo
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.rule import Lane, Rule, Severity, Sign
from diagnostics.nouns.table import Column, Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class OtherNotation(ColumnEntry):
    """Values in a notation that the reference does not use."""

    notation: str
    """As `Notation.notation`."""

    share: float = shown(N_("Values in the new notation"), Unit.SHARE)
    rows: int = shown(N_("Rows with it in the sample"), Unit.COUNT)
    examples: tuple[str, ...] = shown(N_("Examples"), Unit.NAMES)
    form: str = shown(N_("Notation in the current table"), Unit.TERM)
    """The notation of the whole column; "plain" where the reader noticed none, as in `before_form`."""

    before_form: str = shown(N_("Notation in the reference"), Unit.TERM)
    whole: bool
    """Whether the reader of the file already took care of it."""

    @property
    def legible(self) -> bool:
        """Whether the examples are numbers or dates in another notation; words are another type."""
        return any(character.isdigit() for example in self.examples for character in example)


@dataclass(frozen=True, kw_only=True)
class DayForMonth(ColumnEntry):
    """Dates whose day and month are exchanged."""

    share: float = shown(N_("Dates at fault"), Unit.SHARE)
    rows: int = shown(N_("Rows at fault in the sample"), Unit.COUNT)


_BY_NOTATION: Final = {
    "decimal comma": N_(
        "{share:percent} of the values of {column:name} are written with a decimal comma (such as {examples:list})."
    ),
    "thousands": N_(
        "{share:percent} of the values of {column:name} are written with thousands separators (such as {examples:list})."
    ),
    "percent": N_("{share:percent} of the values of {column:name} are written as percentages (such as {examples:list})."),
    "glued unit": N_("{share:percent} of the values of {column:name} have a unit attached (such as {examples:list})."),
    "quoted": N_("{share:percent} of the values of {column:name} stand in quotes (such as {examples:list})."),
    "padded": N_("{share:percent} of the values of {column:name} have spaces around them (such as {examples:list})."),
    "negative in brackets": N_(
        "{share:percent} of the values of {column:name} write the minus another way (such as {examples:list})."
    ),
}


def _describe_numbers(entry: OtherNotation) -> str:
    if entry.whole:
        return N_("{column:name} is written in another notation: {form:name}; the reference has {before_form:name}.")
    return _BY_NOTATION.get(
        entry.notation,
        N_("{share:percent} of the values of {column:name} are written differently (such as {examples:list})."),
    )


def _describe_dates(entry: OtherNotation) -> str:
    if entry.whole:
        return N_("{column:name} is written in another date format: {form:name}; the reference has {before_form:name}.")
    if entry.notation == "epoch":
        return N_("{column:name} arrives as seconds or milliseconds since 1970 instead of as dates.")
    if entry.notation == TEXT:
        return N_("{share:percent} of the values of {column:name} are no dates (such as {examples:list}).")
    return N_("{share:percent} of the values of {column:name} are written in another date format (such as {examples:list}).")


def _clearness(entry: OtherNotation) -> float:
    return 0.93 if entry.legible else 0.3


_THRESHOLDS: Final = {
    "share_at": Shown(N_("Share of the values that counts"), Unit.SHARE),
    "critical_at": Shown(N_("Share that is called critical"), Unit.SHARE),
}

NUMBERS: Final = Rule[OtherNotation](
    code="INP020",
    lane=Lane.DATA,
    title=N_("Numbers are written differently"),
    says=_describe_numbers,
    why=N_("A program that expects the old notation reads nothing, text, or a number a thousand times too large."),
    remedy=N_("Restore the notation at the source, or parse it explicitly before the model."),
    statistic=N_("Share of the values in each notation."),
    source="Vitagliano et al. 2023, Pollock: a data loading benchmark, doi:10.14778/3594512.3594518",
    severity=Severity.CRITICAL,
    suggests=FORMAT_CHANGE,
    clear=_clearness,
    shows=Sign.BROKEN,
    thresholds=_THRESHOLDS,
)
WORDS_IN_NUMBERS: Final = Rule[OtherNotation](
    code="INP021",
    lane=Lane.DATA,
    title=N_("Text among the numbers"),
    says=N_("{share:percent} of the values of {column:name} are text where numbers stood (such as {examples:list})."),
    why=N_("Text can't be used as a number: these rows lose the value, or fail."),
    remedy=N_("Ask what the words mean; declare them as missing, or reject these rows before the model."),
    statistic=N_("Share of the values that are no numbers in any notation."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=FORMAT_CHANGE,
    clear=_clearness,
    shows=Sign.BROKEN,
    thresholds=_THRESHOLDS | {"text_only": Shown(N_("Share of text from which on the type of the column changed"), Unit.SHARE)},
)
DATES: Final = Rule[OtherNotation](
    code="INP022",
    lane=Lane.DATA,
    title=N_("Dates are written differently"),
    says=_describe_dates,
    why=N_("Read in the old way, such dates are lost or become other dates."),
    remedy=N_("Restore the notation at the source (best 2026-05-12T08:00:00), or parse it explicitly before the model."),
    statistic=N_("Share of the values in another date format."),
    source="ISO 8601-1:2019",
    severity=Severity.CRITICAL,
    suggests=FORMAT_CHANGE,
    clear=_clearness,
    shows=Sign.BROKEN,
    thresholds=_THRESHOLDS,
)
SWAPPED: Final = Rule[DayForMonth](
    code="INP023",
    lane=Lane.DATA,
    title=N_("Day and month are exchanged"),
    says=N_("Day and month of {column:name} are exchanged in {rows:count} rows ({share:percent})."),
    why=N_("The third of April became the fourth of March: every feature that is made from the date is wrong."),
    remedy=N_("Parse the dates with a stated format instead of a guessed one."),
    statistic=N_("Rows that fall out of the order of the file and fall back into it when day and month are exchanged."),
    source="ISO 8601-1:2019",
    suggests=FORMAT_CHANGE,
    clear=0.93,
    shows=Sign.BROKEN,
)
RULES: Final = (NUMBERS, WORDS_IN_NUMBERS, DATES, SWAPPED)


RUNS: Final = 5_000
"""Changes of the day within a file up to which it counts as ordered by time."""


@dataclass(frozen=True, kw_only=True)
class Notation:
    """One notation of a column that the reference does not use."""

    column: str
    kind: Kind
    """What the reference holds."""

    notation: str
    """ "decimal comma" and the like, "date", "epoch" or "text"."""

    format: Sides[str]
    """What the reader of the file noticed."""

    share: float
    """Of the rows with a value, 0 to 1."""

    rows: int
    """Rows of the sample."""

    examples: tuple[str, ...]
    """At most three texts."""

    whole: bool
    """Found while reading the file, so that the values are right here but may not be elsewhere."""

    since: datetime | None


@dataclass(frozen=True)
class Formats:
    """notations: those that the reference does not use; swapped: time columns with day and month exchanged."""

    notations: tuple[Notation, ...]
    swapped: tuple[DayForMonth, ...]


def profile(incident: Incident) -> Formats:
    """Raises NotApplicable without both tables or a common feature."""
    tables = incident.pair()
    sample = samples(incident)
    line = timeline(incident, sample)
    raw = engine.sample(tables.current, seed=incident.seed + 1)
    notations: list[Notation] = []
    swapped = []
    for before in tables.reference:
        if before.name not in tables.current or before.name in (incident.roles.target, incident.roles.id):
            continue
        after = tables.current[before.name]
        values = pd.Series(line.ordered(raw[before.name]), dtype=raw[before.name].dtype)
        if before.kind is Kind.NUMBER and after.kind is Kind.CATEGORY:
            notations += _texts(before, after, sample.reference[before.name].to_numpy("float64"), values, line)
        elif before.kind is Kind.TIME and after.kind is not Kind.TIME:
            notations += _dates(before, after, values, line)
        elif before.kind is after.kind and before.kind in (Kind.NUMBER, Kind.TIME) and before.format != after.format:
            form = Sides(before.format, after.format)
            share = float(values.notna().mean())
            yet = "date" if before.kind is Kind.TIME else after.format
            notations.append(
                Notation(
                    column=before.name,
                    kind=before.kind,
                    notation=yet,
                    format=form,
                    share=share,
                    rows=int(values.notna().sum()),
                    examples=(),
                    whole=True,
                    since=line.at(0),
                )
            )
        if before.kind is Kind.TIME and after.kind is Kind.TIME:
            swapped += _find_day_for_month(before.name, raw[before.name])
    return Formats(tuple(notations), tuple(swapped))


def _texts(before: Column, after: Column, x: NDArray[np.float64], values: pd.Series, line: Timeline) -> Iterator[Notation]:
    present = values.notna().to_numpy()
    if not present.any():
        return
    labels = by_level(values, classify)
    labels[labels == "ambiguous comma"] = _comma(values[labels == "ambiguous comma"], labels, x)
    for notation in sorted(set(labels[present]) - {PLAIN}):
        flagged = labels == notation
        examples = tuple(dict.fromkeys(str(v)[:40] for v in values[flagged].iloc[:200]))[:3]
        yield Notation(
            column=before.name,
            kind=Kind.NUMBER,
            notation=str(notation),
            format=Sides(before.format, after.format),
            share=float(flagged.sum() / present.sum()),
            rows=int(flagged.sum()),
            examples=examples,
            whole=False,
            since=line.stretch(flagged).since,
        )


def _comma(values: pd.Series, labels: NDArray[np.object_], x: NDArray[np.float64]) -> str:
    """Whether "12,345" is twelve thousand or twelve: what the other values say, else what lies nearer to the reference."""
    if (labels == "decimal comma").any() or (labels == "thousands").any():
        return "decimal comma" if (labels == "decimal comma").sum() > (labels == "thousands").sum() else "thousands"
    sizes = np.abs(x[np.isfinite(x) & (x != 0)])
    read = [number(str(v), "thousands") for v in values.iloc[:500]]
    if not sizes.size or not read:
        return "thousands"
    gap = float(np.log(np.median(np.abs(read)) + 1e-300) - np.log(np.median(sizes)))
    return "thousands" if abs(gap) <= abs(gap - np.log(1000)) else "decimal comma"


def _dates(before: Column, after: Column, values: pd.Series, line: Timeline) -> Iterator[Notation]:
    present = values.notna().to_numpy()
    if not present.any():
        return
    form = Sides(before.format, after.format)
    if after.kind is Kind.NUMBER:
        yield Notation(
            column=before.name,
            kind=Kind.TIME,
            notation="epoch",
            format=form,
            share=1.0,
            rows=int(present.sum()),
            examples=(),
            whole=False,
            since=line.at(0),
        )
        return
    dated = by_level(values, notation_of_date)
    usual = by_level(values, _iso)
    for notation, flagged in (("date", (dated == True) & (usual == False)), (TEXT, dated == False)):  # noqa: E712
        if flagged.any():
            examples = tuple(dict.fromkeys(str(v)[:40] for v in values[flagged].iloc[:200]))[:3]
            share = float(flagged.sum() / present.sum())
            since = line.stretch(np.asarray(flagged, dtype=bool)).since
            yield Notation(
                column=before.name,
                kind=Kind.TIME,
                notation=notation,
                format=form,
                share=share,
                rows=int(flagged.sum()),
                examples=examples,
                whole=False,
                since=since,
            )


def _iso(text: str) -> bool:
    return len(text) >= 10 and text[4:5] == "-" and text[7:8] == "-"


def _find_day_for_month(name: str, values: pd.Series) -> list[DayForMonth]:
    """Rows in file order whose date leaves the neighbourhood of the rows around it, and comes back with day and month
    exchanged.
    """
    present = values.dropna()
    if len(present) < 40:
        return []
    days = present.to_numpy("datetime64[D]").astype("int64")
    starts = np.concatenate([[0], np.flatnonzero(days[1:] != days[:-1]) + 1])
    if starts.size > RUNS:
        return []  # A file in no order has no neighbours to fall away from.
    firsts = present.iloc[starts]
    able = (firsts.dt.day <= 12).to_numpy()
    turned = days[starts].copy()
    parts = pd.DataFrame({"year": firsts.dt.year, "month": firsts.dt.day, "day": firsts.dt.month})[able]
    turned[able] = pd.to_datetime(parts).to_numpy("datetime64[D]").astype("int64")
    swapped = smooth_path(days[starts], turned)
    path = np.where(swapped, turned, days[starts])
    before, after = np.abs(np.diff(days[starts])).sum(), np.abs(np.diff(path)).sum()
    rows = int(np.diff(np.concatenate([starts, [days.size]]))[swapped].sum())
    if rows < 5 or before < 60 or after > 0.5 * before:
        return []
    first = pd.Timestamp(np.datetime64(int(turned[swapped].min()), "D"))
    share = rows / len(present)
    return [DayForMonth(column=name, share=share, rows=rows, since=first.to_pydatetime(), weight=share)]


def smooth_path(days: NDArray[np.int64], turned: NDArray[np.int64], *, cost: float = 3.0) -> NDArray[np.bool_]:
    """Which entries to exchange for those of `turned` so that neighbours lie closest, shapes (n,): the shortest path through two
    states per entry (Viterbi 1967, doi:10.1109/TIT.1967.1054010). `cost`: days that an exchange must win back at least.
    """
    states = np.stack([days, turned]).astype("float64")
    toll = np.where(days == turned, np.inf, cost)
    total = np.array([0.0, toll[0]])
    back = np.zeros(states.shape, dtype=np.intp)
    for index in range(1, days.size):
        ways = total[:, None] + np.abs(states[:, index][None, :] - states[:, index - 1][:, None])
        back[:, index] = ways.argmin(axis=0)
        total = ways.min(axis=0) + np.array([0.0, toll[index]])
    chosen = np.zeros(days.size, dtype=bool)
    state = int(total.argmin())
    for index in range(days.size - 1, -1, -1):
        chosen[index] = state == 1
        state = int(back[state, index])
    return chosen


def judge(p: Formats, *, share_at: float = 0.005, critical_at: float = 0.05, text_only: float = 0.95) -> list[Finding]:
    """A notation fires from `share_at` of the values on. A number column that is `text_only` text changed its type, which the
    schema check says. A notation that the reading of the whole file took care of is for information: the
    values are right.
    All three were chosen on benchmarks/incidents.
    """
    findings: list[Finding] = []
    for n in p.notations:
        if n.share < share_at or n.rows < 2 or (n.kind is Kind.NUMBER and n.notation == TEXT and n.share > text_only):
            continue
        rule = DATES if n.kind is Kind.TIME else WORDS_IN_NUMBERS if n.notation == TEXT else NUMBERS
        entry = OtherNotation(
            since=n.since,
            weight=float(min(1.0, n.share) * (0.5 if n.whole else 1)),
            column=n.column,
            notation=n.notation,
            share=n.share,
            rows=n.rows,
            examples=n.examples,
            form=n.format.current or N_("plain"),
            before_form=n.format.reference or N_("plain"),
            whole=n.whole,
        )
        severity = Severity.INFO if n.whole else Severity.WARNING if n.share < critical_at else Severity.CRITICAL
        findings.append(rule.found(entry, severity=severity))
    findings += [SWAPPED.found(entry) for entry in p.swapped]
    return findings


def undo(finding: Finding[OtherNotation | DayForMonth], incident: Incident) -> Undo:
    """Reads the texts of a number column again, each in its own notation; words among the numbers can only be left out with their
    rows, and dates as a column.
    """
    name, current = finding.of.column, incident.pair().current
    if finding.rule not in (NUMBERS, WORDS_IN_NUMBERS) or current[name].kind is Kind.NUMBER:
        return Undo(leave_out=(name,))
    texts = engine.sample(current, seed=incident.seed + 1)[name]
    if finding.rule is WORDS_IN_NUMBERS:

        def faulty(frame: pd.DataFrame) -> NDArray[np.bool_]:
            written = texts.loc[frame.index]
            word = by_level(written, classify) == TEXT
            return np.asarray(written.notna().to_numpy(dtype=bool) & word.astype(bool))

        return Undo(faulty=faulty, leave_out=(name,))

    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        read = by_level(texts.loc[frame.index], lambda text: number(text, classify(text)))
        return with_columns(frame, {name: pd.to_numeric(pd.Series(read, index=frame.index), errors="coerce").astype("float64")})

    return Undo(repair=repair)


def offending(incident: Incident, finding: Finding[OtherNotation | DayForMonth], *, limit: int = 10_000) -> pd.DataFrame:
    """The rows whose value is not plainly a number (or an ISO date), as `rows.rows_where` gives them."""
    table = incident.pair()
    before, column = table.reference[finding.of.column], table.current[finding.of.column]
    if column.kind is not Kind.CATEGORY or before.kind not in (Kind.NUMBER, Kind.TIME):
        return none(incident)
    kind = "DOUBLE" if before.kind is Kind.NUMBER else "TIMESTAMP"
    return rows_where(incident, f"{column.key} IS NOT NULL AND TRY_CAST({column.key} AS {kind}) IS NULL", limit=limit)
