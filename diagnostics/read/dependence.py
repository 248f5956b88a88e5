"""What makes rows depend on one another or on the clock: a column of customers with several rows each, and columns that
follow from the time alone (month, week, batch, running number). Neither is a feature whose values could drift.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Guess, Roles
from diagnostics.nouns.refusal import kept
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_
from diagnostics.read import role_names as names

ROWS: Final = 4_000
FEWEST_ROWS: Final = 30
FEWEST_VALUES: Final = 3
"""Different values from which on "one stretch of time each" is no chance."""

STRAY: Final = 0.02
"""Share of the rows that may stand out of order: clocks of several machines differ a little."""

SHOWN: Final = 0.9
BY_NAME: Final = 0.6

REPEATS: Final = 1.2
GROUPS: Final = 10
"""Rows for one customer on average, and customers, from which on rows are not independent."""

APART: Final = 0.05
AMONG: Final = 0.5
"""Share of the values that may stand on both sides; share of the turns between the sides that chance expects in their order."""

CALENDAR_NAME: Final = re.compile(
    r"(^|_)(month|week|quarter|year|day|date|batch|period|season|semester|wave|round|run|monat|woche|quartal|jahr|tag|"
    r"mois|semaine|annee|jour|mes|semana|trimestre|ano|dia)(_|$)|月|周|季|年|日|批"
)

FIELDS: Final[tuple[Callable[[pd.Series], pd.Series], ...]] = (
    lambda when: when.dt.year,
    lambda when: when.dt.quarter,
    lambda when: when.dt.month,
    lambda when: when.dt.isocalendar().week,
    lambda when: when.dt.day,
    lambda when: when.dt.day_of_week,
    lambda when: when.dt.hour,
    lambda when: when.dt.day_of_week >= 5,
    lambda when: when.dt.to_period("M").astype(str),
    lambda when: when.dt.to_period("Q").astype(str),
    lambda when: when.dt.normalize(),
)
"""What of a time a column may tell."""


def group_column(reference: Table | None, current: Table | None, roles: Roles) -> Guess | None:
    """The column of customers, or other units, with several rows each."""
    table = reference or current
    if table is None or roles.group is not None:
        return None
    for column in table:
        whole = column.kind is Kind.CATEGORY or (column.kind is Kind.NUMBER and column.integer)
        holding = [side for side in (reference, current) if side is not None and column.name in side]
        if not whole or (column.name in roles.named and column.name != roles.id):
            continue
        sides = [engine.sample(side)[column.name].dropna() for side in holding]
        if not all(side.nunique() >= GROUPS and len(side) >= REPEATS * side.nunique() for side in sides):
            continue
        rows = float(np.mean([len(side) / side.nunique() for side in sides]))
        name = names.normal(column.name)
        if column.name == roles.id or name in names.ID or names.ID_ENDS.search(name) is not None:
            says = N_("Rows with the same {column:name} belong together: each value has {rows:number} rows on average.")
            evidence = kept(says, {"column": column.name, "rows": rows})
            return Guess(role="group", column=column.name, evidence=evidence, confidence=SHOWN)
        if len(sides) == 2 and _shared_out_whole(sides[0], sides[1]):
            says = N_(
                "Rows with the same {column:name} belong together: each value has {rows:number} rows on average, and none stands "
                "in both tables."
            )
            evidence = kept(says, {"column": column.name, "rows": rows})
            return Guess(role="group", column=column.name, evidence=evidence, confidence=BY_NAME)
    return None


def _shared_out_whole(left: pd.Series, right: pd.Series) -> bool:
    """Whether the values are dealt out between the sides, each to one of them, though they lie among each other in order.

    Levels that were renamed, or numbers in another unit, do not lie among the old ones.
    """
    before, after = set(as_level(left)), set(as_level(right))
    if len(before & after) > APART * min(len(before), len(after)):
        return False
    numbers = left.dtype.kind == "f" and right.dtype.kind == "f"
    both = sorted([(float(v) if numbers else v, 0) for v in before] + [(float(v) if numbers else v, 1) for v in after])
    turns = sum(one[1] != other[1] for one, other in itertools.pairwise(both))
    expected = 2 * len(before) * len(after) / len(both)
    return turns >= AMONG * expected


def calendar_columns(reference: Table | None, current: Table | None, roles: Roles) -> Iterator[Guess]:
    """Columns that tell the time of a row and nothing else."""
    if reference is None or current is None:
        return
    frames = [_thin(engine.sample(side)) for side in (reference, current)]
    clock = roles.timestamp
    known = clock is not None and all(clock in frame and frame[clock].dtype.kind == "M" for frame in frames)
    if known:
        frames = [frame[frame[clock].notna()].sort_values(str(clock), kind="stable") for frame in frames]
    if min(len(frame) for frame in frames) < FEWEST_ROWS:
        return
    for column in reference:
        if column.name in roles.named or column.name in roles.segments or column.name not in current:
            continue
        if column.kind not in (Kind.NUMBER, Kind.CATEGORY) or current[column.name].kind is not column.kind:
            continue
        left, right = (frame[column.name] for frame in frames)
        says = _follows(column, left, right, frames, str(clock)) if known else _continues(column, left, right)
        if says is not None:
            evidence = kept(says, {"column": column.name})
            yield Guess(role="calendar", column=column.name, evidence=evidence, confidence=SHOWN if known else BY_NAME)


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if len(frame) <= ROWS else frame.iloc[np.linspace(0, len(frame) - 1, ROWS).astype(int)]


def _follows(column: Column, left: pd.Series, right: pd.Series, frames: list[pd.DataFrame], clock: str) -> str | None:
    codes = pd.factorize(pd.concat([as_level(left), as_level(right)]))[0]
    before, after = codes[: len(left)], codes[len(left) :]
    if len(np.unique(before[before >= 0])) < 2:
        return None
    if column.kind is Kind.NUMBER and _rises(left.to_numpy("float64")) and _rises(right.to_numpy("float64")):
        return N_("{column:name} follows from the time: it counts on from row to row.")
    if _stretches(before) and _in_stretches(after):
        return N_("{column:name} follows from the time: each of its values stands in one stretch of time.")
    whole = pd.concat([frame[clock] for frame in frames], ignore_index=True)
    for field in FIELDS:
        if _determined(codes, pd.factorize(field(whole))[0]):
            return N_(
                "{column:name} follows from the time: it tells the hour, the day, the week, the month or the year of a row."
            )
    return None


def _rises(values: NDArray[np.float64]) -> bool:
    """Whether numbers in the order of time go only up, or only down."""
    values = values[np.isfinite(values)]
    if np.unique(values).size < FEWEST_VALUES:
        return values.size > 0 and np.unique(values).size == 1
    steps = np.diff(values)
    return bool(min(np.mean(steps < 0), np.mean(steps > 0)) * len(values) <= STRAY * np.unique(values).size)


def _stretches(codes: NDArray[np.intp]) -> bool:
    """Whether each of at least FEWEST_VALUES values stands in one stretch of the rows, several rows long."""
    distinct = np.unique(codes).size
    return FEWEST_VALUES <= distinct <= codes.size / FEWEST_VALUES and _in_stretches(codes)


def _in_stretches(codes: NDArray[np.intp]) -> bool:
    changes = int(np.sum(codes[1:] != codes[:-1]))
    distinct = np.unique(codes).size
    return changes <= (distinct - 1) + STRAY * distinct


def _determined(codes: NDArray[np.intp], fields: NDArray[np.intp]) -> bool:
    """Whether the value follows from the field: hardly a row differs from what most rows with its field have."""
    if np.unique(fields).size < 2:
        return False
    table = np.zeros((int(fields.max()) + 1, int(codes.max()) + 2))
    np.add.at(table, (fields, codes + 1), 1.0)
    wrong = float(len(codes) - table.max(axis=1).sum())
    guessing = float(len(codes) - table.sum(axis=0).max())
    return guessing >= FEWEST_ROWS / 3 and wrong <= STRAY * guessing


def _continues(column: Column, left: pd.Series, right: pd.Series) -> str | None:
    """Without times: a column named like a part of the calendar whose values are others than before."""
    if not CALENDAR_NAME.search(names.normal(column.name)):
        return None
    before, after = set(as_level(left.dropna())), set(as_level(right.dropna()))
    if len(before) < 2 or not after or len(before & after) > 0.34 * len(after):
        return None
    return N_("{column:name} follows from the time, by its name: the current rows hold other values of it than the reference.")
