"""The bins and levels on which both tables are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.engine.profile_types import Grid
from diagnostics.measure.engine.rows import sample, seconds
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Kind, Table

if TYPE_CHECKING:
    import pandas as pd

BINS: Final = 20
"""Quantile bins of the reference between its extremes; PSI is customarily read with 10 to 20 (Yurdakul 2018)."""

LEVELS: Final = 200
"""Levels of a category that are counted by name; the rest is counted together."""


def grids(tables: Sides[Table], *, bins: int = BINS, levels: int = LEVELS, seed: int = 0) -> dict[str, Grid]:
    """The shared grid of every column that both tables have with the same kind; the reference fixes the edges."""
    reference, current = sample(tables.reference, seed=seed), sample(tables.current, seed=seed)
    shared: dict[str, Grid] = {}
    for column in tables.reference:
        if column.name not in tables.current:
            continue
        kinds = {column.kind, tables.current[column.name].kind}
        if kinds <= {Kind.NUMBER} or kinds <= {Kind.TIME}:
            shared[column.name] = Grid(edges=_edges(seconds(reference[column.name]), bins))
        elif kinds <= {Kind.CATEGORY, Kind.NESTED}:
            sides = (reference[column.name], current[column.name])
            shared[column.name] = Grid(levels=_levels(sides, levels))
    return shared


def _edges(values: NDArray[np.float64], bins: int) -> tuple[float, ...]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return ()
    distinct = np.unique(finite)
    if distinct.size <= bins:
        # Few values: one bin each, cut half-way, so that a new value in between is seen.
        cuts = (distinct[1:] + distinct[:-1]) / 2
    else:
        cuts = np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    # The extremes are edges too: what lies beyond them was never seen in the reference.
    low, high = np.nextafter(distinct[0], -np.inf), distinct[-1]
    return tuple(float(edge) for edge in np.unique(np.concatenate([[low], cuts, [high]])))


def _levels(sides: Sequence[pd.Series], cap: int) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for values in sides:
        counts = values.value_counts()
        # Ties are broken by name, or the same file would give other levels on another run.
        top = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:cap]
        names.update((str(level), None) for level, _ in top)
    return tuple(names)
