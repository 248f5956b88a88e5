"""The inputs of a linear model: numbers filled, scaled and cut, levels as zeros and ones; learnt on some rows, used on any."""

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


@dataclass(frozen=True, kw_only=True)
class Design:
    """p numbers and some categories; each number says as well whether it is missing, where `flagged`."""

    fills: NDArray[np.float64]
    """What stands for a missing number, shape (p,)."""

    centres: NDArray[np.float64]
    """Shape (p,)."""

    spreads: NDArray[np.float64]
    """Shape (p,), above 0."""

    tables: tuple[NDArray[np.float64], ...]
    """For each category the columns of every code, shape (n_codes + 1, n_columns); the last row is for a missing value."""

    far: float = float("inf")
    """Spreads from the centre at which a number is cut."""

    flagged: bool = False

    def matrix(self, numbers: NDArray[np.float64], codes: list[NDArray[np.intp]]) -> NDArray[np.float64]:
        """Shape (n, width). numbers: shape (n, p), NaN where missing; codes: of each category, shape (n,), -1 where missing."""
        parts = []
        if numbers.shape[1]:
            gone = np.isnan(numbers)
            scaled = (np.where(gone, self.fills, numbers) - self.centres) / self.spreads
            if np.isfinite(self.far):
                scaled = np.clip(scaled, -self.far, self.far)
            parts.append(np.stack([scaled, gone], axis=2).reshape(len(scaled), -1) if self.flagged else scaled)
        parts += [table[code] for table, code in zip(self.tables, codes, strict=True)]
        return np.hstack(parts) if parts else np.zeros((len(numbers), 1))


@dataclass(frozen=True)
class FrameDesign:
    """A design for frames."""

    numbers: tuple[str, ...]
    """Names of the columns."""

    categories: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    """Known levels of each category, the commonest first."""

    design: Design

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Shape (len(frame), width): each number scaled and whether it is missing, and each level as 0 or 1."""
        numbers = [frame[name].to_numpy("float64", na_value=np.nan) for name in self.numbers]
        codes = [
            frame[name].map({level: code for code, level in enumerate(known)}).to_numpy("float64", na_value=-1).astype("intp")
            for name, known in zip(self.categories, self.levels, strict=True)
        ]
        return self.design.matrix(np.column_stack(numbers) if numbers else np.empty((len(frame), 0)), codes)


def design(drawn: Samples, rows: NDArray[np.intp]) -> FrameDesign:
    """Learnt on these `rows` of the reference; times are left out. Numbers are in standard deviations from their median."""
    frame = drawn.reference.iloc[rows]
    numbers: list[tuple[str, float, float]] = []
    categories: list[str] = []
    levels: list[tuple[str, ...]] = []
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
            categories.append(name)
            levels.append(tuple(str(level) for level, _ in ordered))
    middles = np.array([middle for _, middle, _ in numbers])
    made = Design(
        fills=middles,
        centres=middles,
        spreads=np.array([spread for _, _, spread in numbers]),
        # A missing or unknown level is none of the known ones.
        tables=tuple(np.eye(len(known) + 1, len(known)) for known in levels),
        far=FAR,
        flagged=True,
    )
    return FrameDesign(tuple(name for name, _, _ in numbers), tuple(categories), tuple(levels), made)
