"""A linear model on encoded features: what scorecards and logistic regressions are, and quick to fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.samples import Encoder
from diagnostics.nouns.table import Kind

LEVELS: Final = 40
"""Levels of a category with a weight of their own."""

EDGE: Final = 1e-5
"""Scores nearer to 0 or 1 than this are taken as this near: their log-odds would be endless."""


@dataclass(frozen=True)
class LogOdds:
    """Fits scores between 0 and 1 on their log-odds, as a logistic regression gives them."""

    inner: Any

    def fit(self, matrix: NDArray[np.float64], scores: NDArray[np.float64]) -> LogOdds:
        chance = np.clip(scores, EDGE, 1 - EDGE)
        self.inner.fit(matrix, np.log(chance / (1 - chance)))
        return self

    def predict(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 / (1 + np.exp(-np.clip(self.inner.predict(matrix), -50, 50))))


@dataclass(frozen=True)
class Design:
    """Numbers filled and scaled, levels of categories as columns of zeros and ones.

    numbers, names: positions of the numeric and the categorical features. Fitted: middles, means, spreads of the numbers, shape
    (n_numbers,), and for each category a table from its code (the row; the last one for a missing value) to its columns.
    """

    numbers: list[int]
    names: list[int]
    codes: int
    middles: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    means: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    spreads: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    tables: tuple[NDArray[np.float64], ...] = ()

    def fitted(self, matrix: NDArray[np.float64]) -> Design:
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        known = self
        if self.numbers:
            filled = SimpleImputer(strategy="median", keep_empty_features=True)
            scaled = StandardScaler().fit(filled.fit_transform(matrix[:, self.numbers]))
            known = replace(known, middles=filled.statistics_, means=scaled.mean_, spreads=scaled.scale_)
        # What becomes of every code there can be is asked once: asking for each matrix anew takes ten times as long.
        every = np.append(np.arange(self.codes, dtype="float64"), np.nan)[:, None]
        coded = []
        for number in self.names:
            levels = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=LEVELS, sparse_output=False)
            coded.append(levels.fit(matrix[:, [number]]).transform(every))
        return replace(known, tables=tuple(coded))

    def of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (len(matrix), n_columns)."""
        parts = []
        if self.numbers:
            given = matrix[:, self.numbers]
            parts.append((np.where(np.isnan(given), self.middles, given) - self.means) / self.spreads)
        for number, table in zip(self.names, self.tables, strict=True):
            codes = matrix[:, number]
            parts.append(table[np.where(np.isnan(codes), self.codes, codes).astype("intp")])
        return np.hstack(parts)


class Linear:
    """A linear model behind a design. told: scikit-learn's, unfitted."""

    def __init__(self, design: Design, told: Any) -> None:
        self.design, self.told = design, told

    def fit(self, matrix: NDArray[np.float64], wanted: NDArray[np.generic]) -> Linear:
        self.design = self.design.fitted(matrix)
        self.told.fit(self.design.of(matrix), wanted)
        return self

    def predict(self, matrix: NDArray[np.float64]) -> NDArray[np.generic]:
        return np.asarray(self.told.predict(self.design.of(matrix)))

    def predict_proba(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.told.predict_proba(self.design.of(matrix)))

    @property
    def classes_(self) -> NDArray[np.generic]:
        return np.asarray(self.told.classes_)


def linear_model(coder: Encoder, *, label: bool, score: bool) -> Any:
    """Unfitted. Takes `coder`'s matrices; predicts labels (with predict_proba), scores between 0 and 1, or values."""
    from sklearn.linear_model import LogisticRegression, Ridge

    names = [number for number, name in enumerate(coder.features) if coder.kinds[name] is Kind.CATEGORY]
    numbers = [number for number in range(len(coder.features)) if number not in set(names)]
    told = LogisticRegression(C=10.0, max_iter=200) if label else Ridge(alpha=1e-3)
    model = Linear(Design(numbers, names, coder.cap + 1), told)
    return LogOdds(model) if score else model
