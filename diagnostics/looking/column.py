"""One column, from all sides: its values, its course over time, what goes with it, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.looking import texts
from diagnostics.looking.bins import counts, useful_edges
from diagnostics.looking.texts import Texts
from diagnostics.measure import engine
from diagnostics.measure.onset import as_datetime
from diagnostics.measure.outcome import Outcome, frames, known, row_loss
from diagnostics.measure.samples import as_level, times
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.intervals import Interval, mean, share
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

BINS: Final = 24
LEVELS: Final = 12
"""Levels shown by name; the rest is counted together."""

FEW_NUMBERS: Final = 8
"""So many different numbers, or fewer, are shown one by one."""

PARTS: Final = 8
"""Parts into which a column is cut to hold another number against it."""

PANELS: Final = 4
"""Levels of a second column that get a picture each."""

STEPS: Final = 40
"""Stretches of time on each side."""

LEAST: Final = 5
"""Rows of a stretch of time, or of a cell, that carry a mean worth drawing."""

EXAMPLES: Final = 8
SPANS: Final = tuple(np.timedelta64(n, "m") for n in (1, 5, 15, 60, 180, 360, 720, 1440, 2880, 10080, 40320, 120960))
"""Lengths of a stretch of time."""

Frames = Sides[pd.DataFrame | None]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Numbers of one side. numbers: finite values at 0, 5, 25, 50, 75, 95 and 100%, in the column's unit; () for what is none."""

    kind: Kind
    format: str
    tokens: tuple[tuple[str, int], ...]
    rows: int
    missing: float
    infinite: int
    distinct: int
    mean: float | None
    std: float | None
    numbers: tuple[float, ...]
    between: tuple[datetime, datetime] | None
    """First and last moment of a column of times."""

    common: tuple[tuple[str, float], ...]
    """The commonest values with their share of the rows drawn."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Shares of the values of each side, 0 to 1. labels: names of the levels, the last of them "" for all others; edges: around
    the bins of numbers. One of the two is empty; shares of a side without values are ().
    """

    shares: Sides[tuple[float, ...]]
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    time: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A number of each stretch of time; None where there are too few rows."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Course:
    """when: the middle of each stretch, shape (k,); reference: how many of them, from the first, are the reference's.

    lines: median and the values at 5 and 95% of a number, or the shares of the levels that moved most; missing: share of the rows
    without a value.
    """

    when: tuple[datetime, ...]
    reference: int
    lines: tuple[Line, ...]
    missing: tuple[float | None, ...]
    numeric: bool


@dataclass(frozen=True, kw_only=True)
class Against:
    """Mean of another number, with its interval, in each part of the column; None where a side has too few rows there.

    what: the other number as a message id, subject: what it speaks of; percent: it is a share.
    """

    what: str
    subject: str
    percent: bool
    labels: tuple[str, ...]
    bounds: tuple[tuple[float | None, float | None], ...]
    """Ends of each part of a column of numbers; () for levels."""

    values: Sides[tuple[Interval | None, ...]]


@dataclass(frozen=True, kw_only=True)
class Split:
    """The column in each part of a second one."""

    by: str
    summary: Against
    labels: tuple[str, ...]
    bounds: tuple[tuple[float | None, float | None], ...]
    panels: tuple[Distribution, ...]


@dataclass(frozen=True, kw_only=True)
class TextLook:
    sides: Sides[Texts | None]
    new: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class ColumnLook:
    """None stands for what the column or the incident does not allow. rows: those drawn of each side."""

    name: str
    facts: Sides[Facts | None]
    distribution: Distribution | None
    course: Course | None
    target: Against | None
    loss: Against | None
    split: Split | None
    texts: TextLook | None
    unseen: tuple[tuple[str, float], ...]
    """Values that no reference row has, with their share of the current rows drawn."""

    rows: Sides[int]


def look(incident: Incident, name: str, *, by: str | None = None) -> ColumnLook:
    """What there is to see of the column `name`, split by the column `by`. Raises KeyError when neither table has it."""
    if not any(table is not None and name in table for table in (incident.reference, incident.current)):
        raise KeyError(name)
    both = frames(incident)
    values = _values(both, name)
    return ColumnLook(
        name=name,
        facts=Sides(_facts(incident, "reference", name, values.reference), _facts(incident, "current", name, values.current)),
        distribution=distribution(values),
        course=_course(both, incident.roles.timestamp, name) if name != incident.roles.timestamp else None,
        target=_target(incident, both, name),
        loss=_loss(incident, both, name),
        split=_split(both, name, by) if by is not None and by != name else None,
        texts=_texts(values),
        unseen=_unseen(values),
        rows=Sides(*(0 if v is None else len(v) for v in (values.reference, values.current))),
    )


def _values(both: Frames, name: str) -> Sides[pd.Series | None]:
    return Sides(*(f[name] if f is not None and name in f else None for f in (both.reference, both.current)))


def numeric(values: Sides[pd.Series | None]) -> bool:
    """Both sides are numbers or times."""
    given = [v for v in (values.reference, values.current) if v is not None]
    return bool(given) and all(v.dtype.kind in "fM" for v in given) and len({v.dtype.kind for v in given}) == 1


def _facts(incident: Incident, side: str, name: str, values: pd.Series | None) -> Facts | None:
    table = getattr(incident, side)
    if table is None or values is None:
        return None
    column, rows = table[name], max(1, len(values))
    common = as_level(values).dropna().astype(str).value_counts().head(EXAMPLES)
    finite = engine.seconds(values) if values.dtype.kind in "fM" else np.empty(0)
    finite = finite[np.isfinite(finite)]
    number = column.kind is Kind.NUMBER and finite.size > 0
    stamps = values.dropna() if column.kind is Kind.TIME else None
    with np.errstate(over="ignore", invalid="ignore"):
        middle, spread = (float(finite.mean()), float(finite.std())) if number else (None, None)
    return Facts(
        kind=column.kind,
        format=column.format,
        tokens=column.tokens,
        rows=table.rows,
        missing=float(values.isna().mean()) if len(values) else 0.0,
        infinite=int(np.isinf(engine.seconds(values)).sum()) if values.dtype.kind == "f" else 0,
        distinct=int(values.nunique()),
        mean=middle,
        std=spread,
        numbers=tuple(float(q) for q in np.quantile(finite, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])) if number else (),
        between=None
        if stamps is None or not len(stamps)
        else (as_datetime(stamps.min().to_datetime64()), as_datetime(stamps.max().to_datetime64())),
        common=tuple((str(level), float(count) / rows) for level, count in common.items()),
    )


def distribution(values: Sides[pd.Series | None], *, bins: int = BINS) -> Distribution | None:
    """None without values."""
    if numeric(values):
        sides = [None if v is None else engine.seconds(v) for v in (values.reference, values.current)]
        time = any(v is not None and v.dtype.kind == "M" for v in (values.reference, values.current))
        few = {float(x) for side in sides if side is not None for x in _first_distinct(side)}
        if time or len(few) > FEW_NUMBERS:
            left, right = (np.empty(0) if side is None else side for side in sides)
            edges = useful_edges(left, right, bins)
            shares = [() if side is None else _shares(counts(side, edges)) for side in sides]
            return Distribution(shares=Sides(*shares), edges=edges, time=time) if edges else None
        order = [_named(number) for number in sorted(few)]
        return _by_level(values, order) if order else None
    found = _levels(values)
    return _by_level(values, found) if found else None


def _first_distinct(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.unique(values[np.isfinite(values)])[: FEW_NUMBERS + 1]


def _named(number: float) -> str:
    return str(as_level(pd.Series([number])).iloc[0])


def _levels(values: Sides[pd.Series | None], cap: int = LEVELS) -> list[str]:
    """Those with the largest share on either side, the largest first."""
    total = pd.Series(dtype="float64")
    for v in (values.reference, values.current):
        if v is not None:
            found = as_level(v).dropna().astype(str).value_counts(normalize=True)
            total = found if total.empty else pd.concat([total, found], axis=1).max(axis=1)
    ordered = sorted(total.items(), key=lambda item: (-float(item[1]), str(item[0])))
    return [str(level) for level, _ in ordered[:cap]]


def _by_level(values: Sides[pd.Series | None], levels: Sequence[str]) -> Distribution:
    def side(v: pd.Series | None) -> tuple[float, ...]:
        if v is None:
            return ()
        found = as_level(v).dropna().astype(str).value_counts()
        named = found.reindex(list(levels)).fillna(0).to_numpy("float64")
        return _shares(np.append(named, found.sum() - named.sum()))

    return Distribution(shares=Sides(side(values.reference), side(values.current)), labels=(*levels, ""))


def _shares(found: NDArray[np.generic]) -> tuple[float, ...]:
    total = float(found.sum())
    return tuple(float(count) / total for count in found) if total else ()


def _course(both: Frames, timestamp: str | None, name: str) -> Course | None:
    """None without times, or where neither side has two stretches of them."""
    when: list[datetime] = []
    stretches: list[pd.Series] = []
    reference = 0
    for number, frame in enumerate((both.reference, both.current)):
        if frame is None or name not in frame:
            continue
        stamps = times(frame, timestamp)
        if stamps is None:
            continue
        for at, rows in stretched(stamps):
            when.append(at)
            stretches.append(frame[name].iloc[rows])
            reference += number == 0
    if len(when) < 2:
        return None
    values = _values(both, name)
    gone = tuple(float(one.isna().mean()) if len(one) >= LEAST else None for one in stretches)
    given = [one.dropna() for one in stretches]
    if numeric(values):
        found = [engine.seconds(one) for one in given]
        found = [one[np.isfinite(one)] for one in found]
        lines = tuple(
            Line(label=label, values=tuple(float(np.quantile(one, at)) if one.size >= LEAST else None for one in found))
            for label, at in (("median", 0.5), ("low", 0.05), ("high", 0.95))
        )
        return Course(when=tuple(when), reference=reference, lines=lines, missing=gone, numeric=True)
    named = [as_level(one).astype(str) for one in given]
    lines = tuple(
        Line(label=level, values=tuple(float((one == level).mean()) if len(one) >= LEAST else None for one in named))
        for level in _moved(values)
    )
    return Course(when=tuple(when), reference=reference, lines=lines, missing=gone, numeric=False)


def stretched(stamps: NDArray[np.datetime64]) -> list[tuple[datetime, NDArray[np.intp]]]:
    """Rows by stretches of time of one natural length, at most STEPS or so: the middle of each, and the positions of its rows."""
    there = np.flatnonzero(~np.isnat(stamps))
    if not there.size:
        return []
    known = stamps[there]
    span = known.max() - known.min()
    step = next((s for s in SPANS if span / s <= STEPS), SPANS[-1])
    step = max(step, np.timedelta64(int(span / np.timedelta64(1, "m")) // (4 * STEPS), "m"))
    begins = known.astype("datetime64[D]") if step >= np.timedelta64(1, "D") else known.astype("datetime64[h]")
    first = begins.min()
    place = ((known - first) / step).astype("int64")
    found = []
    for at in np.unique(place):
        rows = there[place == at]
        found.append((as_datetime((first + (2 * at + 1) * step / 2).astype("datetime64[s]")), rows))
    return found


def _moved(values: Sides[pd.Series | None]) -> list[str]:
    """The levels whose share moved most, or the commonest of one side."""
    both = [v for v in (values.reference, values.current) if v is not None]
    found = [as_level(v).dropna().astype(str).value_counts(normalize=True) for v in both]
    if len(found) == 2:
        shares: list[dict[str, float]] = [{str(level): float(one[level]) for level in one.index} for one in found]
        before, after = shares
        gaps = {level: abs(after.get(level, 0.0) - before.get(level, 0.0)) for level in (*before, *after)}
        return sorted(gaps, key=lambda level: (-gaps[level], level))[:PANELS]
    return [str(level) for level in found[0].index[:PANELS]] if found else []


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A column in parts. labels, bounds: as in `Against`; place: the part of each row, -1 for none, shapes (n,) and (m,)."""

    labels: tuple[str, ...]
    bounds: tuple[tuple[float | None, float | None], ...]
    place: Sides[NDArray[np.intp] | None]


def cut(values: Sides[pd.Series | None], *, parts: int = PARTS) -> Cut | None:
    """Numbers at the quantiles of the reference (of the current rows where it has none), levels one by one, the rest together."""
    if not numeric(values):
        levels = _levels(values, parts)
        if not levels:
            return None
        number = {level: n for n, level in enumerate(levels)}
        place = [None if v is None else _codes(v, number) for v in (values.reference, values.current)]
        return Cut(labels=tuple(levels), bounds=(), place=Sides(place[0], place[1]))
    sides = [None if v is None else engine.seconds(v) for v in (values.reference, values.current)]
    finite = [np.empty(0) if s is None else s[np.isfinite(s)] for s in sides]
    base = finite[0] if finite[0].size else finite[1]
    if not base.size:
        return None
    distinct = np.unique(np.concatenate(finite))
    if distinct.size <= FEW_NUMBERS:
        names = [_named(float(number)) for number in distinct]
        code = {level: n for n, level in enumerate(names)}
        place = [None if v is None else _codes(v, code) for v in (values.reference, values.current)]
        return Cut(labels=tuple(names), bounds=(), place=Sides(place[0], place[1]))
    inner = np.unique(np.quantile(base, np.linspace(0, 1, parts + 1)[1:-1], method="inverted_cdf"))
    low, high = float(base.min()), float(base.max())
    edges = np.unique([*inner, *([low] if distinct[0] < low else []), *([high] if distinct[-1] > high else [])])
    ends: list[float | None] = [None, *(float(edge) for edge in edges), None]
    place = [
        None if s is None else np.where(np.isfinite(s), np.searchsorted(edges, s, side="left"), -1).astype("intp") for s in sides
    ]
    return Cut(labels=("",) * (len(ends) - 1), bounds=tuple(pairwise(ends)), place=Sides(place[0], place[1]))


def _codes(values: pd.Series, number: dict[str, int]) -> NDArray[np.intp]:
    named = as_level(values)
    return named.map(number).to_numpy("float64", na_value=-1.0).astype("intp")


def _means(parts: Cut, numbers: Sides[NDArray[np.float64] | None], *, percent: bool) -> Sides[tuple[Interval | None, ...]]:
    def side(place: NDArray[np.intp] | None, values: NDArray[np.float64] | None) -> tuple[Interval | None, ...]:
        found: list[Interval | None] = []
        for part in range(len(parts.labels)):
            inside = np.empty(0) if place is None or values is None else values[place == part]
            inside = inside[np.isfinite(inside)]
            enough = inside.size >= LEAST
            found.append(None if not enough else share(float(inside.sum()), inside.size) if percent else mean(inside))
        return tuple(found)

    return Sides(side(parts.place.reference, numbers.reference), side(parts.place.current, numbers.current))


def _against(
    both: Frames, name: str, numbers: Sides[NDArray[np.float64] | None], *, what: str, subject: str, percent: bool
) -> Against | None:
    parts = cut(_values(both, name))
    if parts is None or (numbers.reference is None and numbers.current is None):
        return None
    values = _means(parts, numbers, percent=percent)
    if not any(one is not None for side in (values.reference, values.current) for one in side):
        return None
    return Against(what=what, subject=subject, percent=percent, labels=parts.labels, bounds=parts.bounds, values=values)


def _target(incident: Incident, both: Frames, name: str) -> Against | None:
    """Share of the positive class, or of the commonest one; or the mean of the label."""
    target = incident.roles.target
    if target is None or name == target:
        return None
    outcome = settled(incident, ("target",))
    if outcome is None:
        return None
    truth = (outcome.truth.reference, outcome.truth.current)
    if not outcome.classes:
        numbers = Sides(*(None if t is None else t.astype("float64") for t in truth))
        return _against(both, name, numbers, what=N_("mean of {name}"), subject=target, percent=False)
    level = outcome.positive or _commonest(truth) or outcome.classes[0]
    hits = Sides(*(None if t is None else np.where(pd.notna(t), (t == level).astype("float64"), np.nan) for t in truth))
    return _against(both, name, hits, what=N_("share of {name}"), subject=f"{target} = {level}", percent=True)


def _commonest(truth: tuple[NDArray[np.generic] | None, ...]) -> str | None:
    given = [t for t in truth if t is not None]
    found = pd.Series(given[0]).value_counts() if given else pd.Series(dtype="int64")
    return str(found.index[0]) if len(found) else None


def settled(incident: Incident, needs: tuple[str, ...]) -> Outcome | None:
    """Labels and predictions as they are known; None where they cannot be compared."""
    try:
        return known(incident, needs=needs)
    except NotApplicable:
        return None


def losses(outcome: Outcome) -> Sides[NDArray[np.float64] | None]:
    """Loss of each row of each side."""
    sides = ("reference", "current")
    found = []
    for side in sides:
        truth, answers = getattr(outcome.truth, side), getattr(outcome.answers, side)
        found.append(None if truth is None or answers is None else row_loss(outcome, truth, answers))
    return Sides(found[0], found[1])


def _loss(incident: Incident, both: Frames, name: str) -> Against | None:
    outcome = settled(incident, ("target", "prediction"))
    if outcome is None or name in (incident.roles.target, incident.roles.prediction):
        return None
    wrong = outcome.answer.value == "label"
    return _against(both, name, losses(outcome), what=N_("{name:term}"), subject=outcome.loss_name, percent=wrong)


def _split(both: Frames, name: str, by: str) -> Split | None:
    second = _values(both, by)
    parts = cut(second)
    values = _values(both, name)
    if parts is None or (values.reference is None and values.current is None):
        return None
    if numeric(values):
        numbers = Sides(*(None if v is None else engine.seconds(v) for v in (values.reference, values.current)))
        what, subject, percent = N_("mean of {name}"), name, False
    else:
        level = next(iter(_moved(values)), "")
        named = [None if v is None else as_level(v) for v in (values.reference, values.current)]
        numbers = Sides(*(None if v is None else np.where(v.notna(), (v == level).to_numpy("float64"), np.nan) for v in named))
        what, subject, percent = N_("share of {name}"), f"{name} = {level}", True
    summary = Against(
        what=what,
        subject=subject,
        percent=percent,
        labels=parts.labels,
        bounds=parts.bounds,
        values=_means(parts, numbers, percent=percent),
    )
    size = np.zeros(len(parts.labels))
    for place in (parts.place.reference, parts.place.current):
        if place is not None:
            size += np.bincount(place[place >= 0], minlength=len(parts.labels))[: len(parts.labels)]
    chosen = [int(n) for n in sorted(np.argsort(-size, kind="stable")[:PANELS]) if size[n]]
    panels = []
    for part in chosen:
        sides = [
            None if v is None or place is None else v[place == part]
            for v, place in zip((values.reference, values.current), (parts.place.reference, parts.place.current), strict=True)
        ]
        panels.append(distribution(Sides(sides[0], sides[1]), bins=12))
    kept = [(part, panel) for part, panel in zip(chosen, panels, strict=True) if panel is not None]
    return Split(
        by=by,
        summary=summary,
        labels=tuple(parts.labels[part] for part, _ in kept),
        bounds=tuple(parts.bounds[part] for part, _ in kept) if parts.bounds else (),
        panels=tuple(panel for _, panel in kept),
    )


def _texts(values: Sides[pd.Series | None]) -> TextLook | None:
    given = [v for v in (values.reference, values.current) if v is not None]
    if not any(v.dtype == object and texts.are_texts(v) for v in given):
        return None
    sides = [None if v is None else texts.describe(v) for v in (values.reference, values.current)]
    before, after = values.reference, values.current
    new = () if before is None or after is None else texts.new_words(before, after)
    return TextLook(sides=Sides(sides[0], sides[1]), new=tuple(new))


def _unseen(values: Sides[pd.Series | None]) -> tuple[tuple[str, float], ...]:
    if values.reference is None or values.current is None or numeric(values):
        return ()
    before = set(as_level(values.reference).dropna().astype(str))
    after = as_level(values.current).dropna().astype(str).value_counts()
    fresh = [(str(level), float(count) / max(1, len(values.current))) for level, count in after.items() if level not in before]
    return tuple(fresh[:EXAMPLES])
