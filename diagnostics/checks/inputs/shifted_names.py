"""Shifted names: do the names of the columns stand one place beside their values?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from diagnostics.causes.catalogue import SCHEMA_CHANGE
from diagnostics.checks.inputs.schema import distance
from diagnostics.measure import engine
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Lane, Rule, Severity, Sign
from diagnostics.nouns.table import Column, Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Shift(Entry):
    """fitting, own: columns whose values are like those of their neighbour, and like their own, in the reference."""

    columns: tuple[str, ...] = shown(N_("Columns at fault"), Unit.NAMES)
    first: str = shown(N_("First column at fault"), Unit.NAME)
    neighbour: str = shown(N_("What that column holds"), Unit.NAME)
    fitting: int = shown(N_("Columns that hold the values of their neighbour"), Unit.COUNT)
    own: int = shown(N_("Columns that hold their own values"), Unit.COUNT)
    compared: int = shown(N_("Columns compared"), Unit.COUNT)
    right: bool = internal(True)


RIGHT: Final = N_(
    "The column names are shifted by one: in the current table the values stand one column to the right of their names "
    "({first:name} holds {neighbour:name}, and so on)."
)
LEFT: Final = N_(
    "The column names are shifted by one: in the current table the values stand one column to the left of their names "
    "({first:name} holds {neighbour:name}, and so on)."
)

SHIFTED: Final = Rule[Shift](
    code="INP015",
    lane=Lane.DATA,
    title=N_("The column names are shifted by one"),
    says=lambda entry: RIGHT if entry.right else LEFT,
    why=N_("Each column holds the values of another one, so the model reads a wrong number in every place."),
    remedy=N_(
        "Write one name for each column, the row number's as well: with R or pandas, write the file without row names. "
        "Then give it again."
    ),
    statistic=N_("How many columns look like their neighbour in the reference, and how many like themselves."),
    source="Rahm and Bernstein 2001, doi:10.1007/s007780100057 (matching columns by their values)",
    severity=Severity.CRITICAL,
    suggests=SCHEMA_CHANGE,
    clear=0.97,
    shows=Sign.UNCOMPARED,
    first=True,
    thresholds={
        "fitting_at": Shown(N_("Share of the columns that must look like their neighbour"), Unit.SHARE),
        "own_at": Shown(N_("Share of the columns that may still look like themselves"), Unit.SHARE),
        "least": Shown(N_("Columns that must be comparable"), Unit.COUNT),
    },
)
RULES: Final = (SHIFTED,)

ALIKE: Final = 0.25
"""Distance of two columns' values, 0 to 1, up to which they are taken for the same column, as for renamed ones."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """right: the values stand to the right of their names. fits: current column to the column of the reference it looks like."""

    right: bool
    columns: tuple[str, ...]
    """All that have a neighbour on that side."""

    fits: tuple[tuple[str, str], ...]
    compared: int


@dataclass(frozen=True, kw_only=True)
class Names:
    """own: columns that look like themselves, of `compared`."""

    own: int
    compared: int
    shifts: tuple[Match, ...] = ()


def profile(incident: Incident) -> Names:
    """Raises NotApplicable without both tables."""
    tables = incident.pair()
    left = engine.sample(tables.reference, seed=incident.seed)
    right = engine.sample(tables.current, seed=incident.seed + 1)
    names, columns = tables.reference.names, tuple(tables.current)
    shared = [column for column in columns if column.name in tables.reference]
    whole = {c.name: _telling(c, frame) for c, frame in [*((c, left) for c in tables.reference), *((c, right) for c in columns)]}
    kinds = [tables.reference[c.name].kind is c.kind for c in shared]
    if all(kinds):
        # A shift that no column's kind betrays is not worth its price: this runs on every incident.
        return Names(own=len(kinds), compared=len(kinds))

    def alike(name: str, other: str) -> bool | None:
        """None where the values change with every row, so that they tell nothing."""
        if tables.reference[other].kind is not tables.current[name].kind:
            return False
        return distance(left[other], right[name]) <= ALIKE if whole[name] and whole[other] else None

    def counted(pairs: list[tuple[str, str]]) -> tuple[tuple[tuple[str, str], ...], int]:
        found = [(pair, alike(*pair)) for pair in pairs]
        return tuple(pair for pair, like in found if like), sum(like is not None for _, like in found)

    own, compared = counted([(c.name, c.name) for c in shared])
    shifts = []
    for step, to_right in ((-1, True), (1, False)):
        pairs = [(c.name, names[names.index(c.name) + step]) for c in shared if 0 <= names.index(c.name) + step < len(names)]
        fits, of = counted(pairs)
        shifts.append(Match(right=to_right, columns=tuple(name for name, _ in pairs), fits=fits, compared=of))
    return Names(own=len(own), compared=compared, shifts=tuple(shifts))


def _telling(column: Column, frame: pd.DataFrame) -> bool:
    """Whether a column's values say which column it is: not times and row numbers, which are others in each table."""
    values = frame[column.name].dropna()
    if column.kind is Kind.TIME or not len(values):
        return False
    return not (column.kind is Kind.CATEGORY or column.integer) or values.nunique() < 0.95 * len(values)


def judge(p: Names, *, fitting_at: float = 0.7, own_at: float = 0.34, least: int = 3) -> list[Finding]:
    """Names are shifted when `fitting_at` of the columns look like their neighbour on one side, at most `own_at` like themselves,
    and at least `least` could be compared. Looking like oneself by accident, as two flags do, is common; the opposite is not.
    """
    best = max(p.shifts, key=lambda match: len(match.fits), default=None)
    if best is None or len(best.fits) < max(least, fitting_at * best.compared) or p.own > own_at * max(1, p.compared):
        return []
    entry = Shift(
        weight=1.0,
        columns=best.columns,
        first=best.fits[0][0],
        neighbour=best.fits[0][1],
        fitting=len(best.fits),
        own=p.own,
        compared=best.compared,
        right=best.right,
    )
    return [SHIFTED.found(entry)]
