"""Group: whether a column changed in the rows of one group alone, and looks as before in all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.inputs.timeline import ks, ks_noise
from diagnostics.measure import engine
from diagnostics.measure.samples import Samples, as_level
from diagnostics.nouns.table import Kind, Table

LEVELS: Final = 20
"""Different values up to which a column names groups."""

MOST: Final = 0.6
"""Share of the rows above which a group is nearly all of them."""

FEWEST: Final = 20
"""Rows of a group a side."""

ROWS: Final = 6_000
"""Rows of a side that are looked at, evenly spread."""

INSIDE: Final = 0.1
OUTSIDE: Final = 0.02
"""How far the column must have moved inside beyond chance (KS statistic), and may have outside."""


@dataclass(frozen=True)
class Group:
    """The rows whose `column` is `level`."""

    column: str
    level: str

    @property
    def text(self) -> str:
        return f"{self.column} = {self.level}"

    def inside(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows belong to it, shape (len(frame),)."""
        return np.asarray(as_level(frame[self.column]).astype(str) == self.level, dtype=bool)

    def condition(self, table: Table) -> tuple[str, object]:
        """The same of all rows of `table`: an expression of SQL with one parameter, and its value."""
        column = table[self.column]
        return f"{column.key} = ?", float(self.level) if column.kind is Kind.NUMBER else self.level


def changed_group(drawn: Samples, name: str, rows: NDArray[np.intp]) -> Group | None:
    """The group in which column `name` changed in the given rows of the current sample while it did not outside; the one in which
    it changed most, None where there is none.
    """
    if name not in drawn.reference or name not in drawn.current:
        return None
    reference, current = _thin(drawn.reference), _thin(drawn.current.iloc[rows])
    left, right = _numbers(reference[name], current[name], drawn.kinds.get(name))
    if _moved(left, right) <= 0:
        return None  # What moved in a group moved the whole as well.
    best: tuple[float, Group] | None = None
    for column in drawn.features:
        if column == name or column not in drawn.current:
            continue
        before, after = as_level(reference[column]), as_level(current[column])
        shares = after.value_counts(normalize=True)
        if not 2 <= shares.size <= LEVELS:
            continue
        for level, share in shares.items():
            home, away = np.asarray(before == level, dtype=bool), np.asarray(after == level, dtype=bool)
            if share > MOST or min(home.sum(), away.sum()) < FEWEST or min((~home).sum(), (~away).sum()) < FEWEST:
                continue
            if _moved(left[~home], right[~away]) > OUTSIDE:
                continue
            moved = _moved(left[home], right[away])
            if moved >= INSIDE and (best is None or moved > best[0]):
                best = moved, Group(str(column), str(level))
    return None if best is None else best[1]


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if len(frame) <= ROWS else frame.iloc[np.linspace(0, len(frame) - 1, ROWS).astype(int)]


def _numbers(left: pd.Series, right: pd.Series, kind: Kind | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sides as numbers in the same order; levels by their place in the reference, missing and new ones as the least."""
    if kind is Kind.CATEGORY:
        places = {level: float(place) for place, level in enumerate(as_level(left).value_counts().index)}
        return tuple(as_level(side).map(places).to_numpy("float64", na_value=-1.0) for side in (left, right))  # type: ignore[return-value]
    sides = [engine.seconds(side) for side in (left, right)]
    least = min((float(side[np.isfinite(side)].min()) for side in sides if np.isfinite(side).any()), default=0.0) - 1
    return tuple(np.where(np.isnan(side), least, side) for side in sides)  # type: ignore[return-value]


def _moved(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """KS statistic less what chance makes of it."""
    return ks(np.sort(left), np.sort(right)) - ks_noise(left.size, right.size)
