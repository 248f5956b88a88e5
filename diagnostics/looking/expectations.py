"""Expectations of the data: proposed from the reference, changed by people, checked on any rows, taken away as code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.outcome import frames
from diagnostics.measure.samples import as_level
from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

LEVELS: Final = 30
"""Levels of a set; a column with more is no closed list."""

ROOM: Final = 0.05
"""Share of the reference's range that values may lie beyond either end."""

ALLOWED: Final = 0.01
"""Share of the rows that may break a rule: one in a hundred is left to the odd case."""

MARGIN: Final = 0.05
"""Share of missing values above that of the reference that is let pass."""

BYTES_CAP: Final = 1_000_000
RULES_CAP: Final = 2_000
PATTERNS: Final = (r"[A-Z]+[0-9]+", r"[a-z]+[0-9]+", r"[0-9]+", r"[0-9a-fA-F-]{36}", r"[A-Za-z]+-[0-9]+", r"\S+@\S+\.\S+")
"""Forms of names that are tried, the narrowest first."""


class Ask(StrEnum):
    """What a rule asks of the values of a column."""

    RANGE = "range"
    SET = "set"
    PATTERN = "pattern"
    UNIQUE = "unique"
    GIVEN = "given"
    FRESH = "fresh"


ASKS: Final[Mapping[Ask, str]] = {
    Ask.RANGE: N_("lies between"),
    Ask.SET: N_("is one of"),
    Ask.PATTERN: N_("has the form"),
    Ask.UNIQUE: N_("stands once only"),
    Ask.GIVEN: N_("is given"),
    Ask.FRESH: N_("is at most so many days old"),
}


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One rule. low, high: of a range; high: days, of freshness; levels: of a set; pattern: a regular expression for the whole
    text; allowed: share of the rows that may break it; on: whether it is in force.
    """

    column: str
    ask: Ask
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()
    pattern: str = ""
    allowed: float = ALLOWED
    on: bool = True


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a rule came to on one side: share of the rows that break it; None where the column is missing altogether."""

    expectation: Expectation
    broken: float | None

    @property
    def holds(self) -> bool:
        return self.broken is not None and self.broken <= self.expectation.allowed


def propose(incident: Incident) -> tuple[Expectation, ...]:
    """Rules that hold on the reference. Raises NotApplicable without one."""
    table, frame = incident.reference, frames(incident).reference
    if table is None or frame is None:
        raise NotApplicable(N_("Rules are proposed from the reference: upload rows from when all was well."), needs="reference")
    left_out = {incident.roles.prediction, incident.roles.target}
    found: list[Expectation] = []
    for column in table:
        values = frame[column.name]
        gone = float(values.isna().mean()) if len(values) else 1.0
        if column.name in left_out or gone == 1.0 or column.kind is Kind.NESTED:
            continue
        found.append(Expectation(column=column.name, ask=Ask.GIVEN, allowed=min(1.0, round(gone + MARGIN, 4))))
        if column.kind is Kind.NUMBER:
            numbers = values.to_numpy("float64")
            finite = numbers[np.isfinite(numbers)]
            if finite.size:
                low, high = float(finite.min()), float(finite.max())
                room = ROOM * (high - low)
                least = 0.0 if low >= 0 else low - room
                found.append(
                    Expectation(column=column.name, ask=Ask.RANGE, low=_short(max(least, low - room)), high=_short(high + room))
                )
        elif column.kind is Kind.CATEGORY:
            found += _of_texts(column.name, as_level(values).dropna().astype(str), incident.roles.id)
    kept = check(found, frame)
    return tuple(one.expectation for one in kept if one.holds)


def _short(end: float) -> float:
    """Six digits: the room beyond the values is far larger than what is rounded."""
    return float(f"{end:.6g}")


def _of_texts(name: str, values: pd.Series, id_: str | None) -> list[Expectation]:
    counts = values.value_counts()
    found = []
    if name == id_ and len(counts) == len(values):
        found.append(Expectation(column=name, ask=Ask.UNIQUE, allowed=0.0))
    if len(counts) <= LEVELS and len(values) >= 10 * len(counts):
        found.append(Expectation(column=name, ask=Ask.SET, levels=tuple(sorted(map(str, counts.index)))))
        return found
    form = next((form for form in PATTERNS if values.str.fullmatch(form).all()), None)
    return [*found, Expectation(column=name, ask=Ask.PATTERN, pattern=form)] if form else found


def check(rules: Sequence[Expectation], frame: pd.DataFrame, *, now: pd.Timestamp | None = None) -> tuple[Kept, ...]:
    """How many rows break each rule. now: what freshness is reckoned from; the newest time in the column where not given.

    Raises BadInput for a form that is no regular expression.
    """
    found = []
    for rule in rules:
        if rule.column not in frame:
            found.append(Kept(expectation=rule, broken=None))
            continue
        wrong = _breaks(rule, frame[rule.column], now)
        found.append(Kept(expectation=rule, broken=float(wrong.mean()) if wrong.size else 0.0))
    return tuple(found)


def _breaks(rule: Expectation, values: pd.Series, now: pd.Timestamp | None) -> NDArray[np.bool_]:
    """Rows that break a rule; a missing value breaks only the rule that it be given."""
    given = values.notna().to_numpy()
    match rule.ask:
        case Ask.GIVEN:
            return ~given
        case Ask.UNIQUE:
            return given & values.duplicated(keep=False).to_numpy()
        case Ask.RANGE:
            numbers = (
                pd.to_numeric(values, errors="coerce").to_numpy("float64") if values.dtype.kind != "M" else engine.seconds(values)
            )
            low, high = (-np.inf if rule.low is None else rule.low), (np.inf if rule.high is None else rule.high)
            # What is no number lies in no range.
            with np.errstate(invalid="ignore"):
                return np.asarray(given & ~((numbers >= low) & (numbers <= high)))
        case Ask.SET:
            return np.asarray(given & ~as_level(values).isin(set(rule.levels)).to_numpy())
        case Ask.PATTERN:
            try:
                form = re.compile(rule.pattern)
            except re.error:
                raise BadInput(
                    N_("{pattern:name} is no regular expression: correct the form of {column:name}."),
                    pattern=rule.pattern,
                    column=rule.column,
                ) from None
            return np.array([isinstance(v, str) and form.fullmatch(v) is None for v in as_level(values)], dtype=bool)
        case Ask.FRESH:
            if values.dtype.kind != "M" or not given.any():
                return np.ones(len(values), dtype=bool)
            late = (now or values.max()) - pd.Timedelta(days=rule.high or 0.0)
            return np.asarray((values < late).to_numpy() & given)


def as_json(rules: Sequence[Expectation]) -> bytes:
    return json.dumps([asdict(rule) for rule in rules], ensure_ascii=False, indent=1).encode()


def from_json(content: bytes) -> tuple[Expectation, ...]:
    """Raises BadInput for what `as_json` did not write."""
    try:
        held: Any = load_json(content[:BYTES_CAP])
        return tuple(
            Expectation(
                column=str(one["column"]),
                ask=Ask(one["ask"]),
                low=None if one["low"] is None else float(one["low"]),
                high=None if one["high"] is None else float(one["high"]),
                levels=tuple(map(str, one["levels"])),
                pattern=str(one["pattern"]),
                allowed=float(one["allowed"]),
                on=bool(one["on"]),
            )
            for one in held[:RULES_CAP]
        )
    except (NotPlain, LookupError, TypeError, ValueError):
        raise BadInput(N_("The rules kept with this incident are damaged: propose them again.")) from None


def in_force(rules: Sequence[Expectation]) -> tuple[Expectation, ...]:
    return tuple(replace(rule, levels=tuple(rule.levels)) for rule in rules if rule.on)
