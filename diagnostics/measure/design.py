"""Features for a linear model: filled, scaled and spread out, learnt on reference rows and applicable to any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.samples import Samples
from diagnostics.nouns.table import Kind

LEVELS: Final = 20
"""Levels of a category that are told apart; the rest is one."""

COLUMNS: Final = 100
"""Columns of the table that are used; of wider tables the first."""

FAR: Final = 20.0
"""Standard deviations at which a value is cut: a line runs on for ever, and the rows there are judged by others."""


@dataclass(frozen=True)
class Design:
    """centre, spread: of each number; levels: the commonest names of each category, the reference's order of share."""

    numbers: tuple[tuple[str, float, float], ...]
    levels: tuple[tuple[str, tuple[str, ...]], ...]

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Shape (len(frame), width): each number scaled and whether it is missing, and each level as 0 or 1."""
        parts: list[NDArray[np.float64]] = []
        for name, centre, spread in self.numbers:
            values = frame[name].to_numpy("float64", na_value=np.nan)
            gone = np.isnan(values)
            parts.append(np.where(gone, 0.0, np.clip((values - centre) / spread, -FAR, FAR)))
            parts.append(gone.astype("float64"))
        for name, known in self.levels:
            values = frame[name].map({level: code for code, level in enumerate(known)}).to_numpy("float64", na_value=-1)
            parts += [(values == code).astype("float64") for code in range(len(known))]
        return np.column_stack(parts) if parts else np.zeros((len(frame), 1))


def design(drawn: Samples, rows: NDArray[np.intp]) -> Design:
    """Learnt on these `rows` of the reference; times are left out."""
    frame = drawn.reference.iloc[rows]
    numbers, levels = [], []
    for name in drawn.features[:COLUMNS]:
        if drawn.kinds[name] is Kind.NUMBER:
            values = frame[name].to_numpy("float64", na_value=np.nan)
            known = values[np.isfinite(values)]
            spread = float(np.std(known)) if known.size else 0.0
            if known.size and np.isfinite(spread) and spread > 0:
                numbers.append((name, float(np.median(known)), spread))
        elif drawn.kinds[name] is Kind.CATEGORY:
            counts = frame[name].value_counts()
            ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:LEVELS]
            levels.append((name, tuple(str(level) for level, _ in ordered)))
    return Design(tuple(numbers), tuple(levels))
