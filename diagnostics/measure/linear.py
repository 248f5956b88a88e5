"""A linear model on encoded features: what scorecards and logistic regressions are, and quick to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.design import Design
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
class Places:
    """Positions of the numeric and of the categorical features in an encoder's matrix; codes: how many a category has at most."""

    numbers: list[int]
    categories: list[int]
    codes: int

    def design(self, matrix: NDArray[np.float64]) -> Design:
        """Learnt on this matrix: numbers are filled with their median and standardised, each category has at most `LEVELS`."""
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        fills, centres, spreads = np.empty(0), np.empty(0), np.empty(0)
        if self.numbers:
            filled = SimpleImputer(strategy="median", keep_empty_features=True)
            scaled = StandardScaler().fit(filled.fit_transform(matrix[:, self.numbers]))
            fills, centres, spreads = filled.statistics_, scaled.mean_, scaled.scale_
        # What becomes of every code there can be is asked once: asking for each matrix anew takes ten times as long.
        every = np.append(np.arange(self.codes, dtype="float64"), np.nan)[:, None]
        tables = []
        for number in self.categories:
            levels = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=LEVELS, sparse_output=False)
            tables.append(levels.fit(matrix[:, [number]]).transform(every))
        return Design(fills=fills, centres=centres, spreads=spreads, tables=tuple(tables))

    def inputs(self, design: Design, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (len(matrix), n_columns)."""
        codes = [np.where(np.isnan(matrix[:, k]), self.codes, matrix[:, k]).astype("intp") for k in self.categories]
        return design.matrix(matrix[:, self.numbers], codes)


class Linear:
    """A linear model of scikit-learn's behind a design."""

    def __init__(self, places: Places, model: Any) -> None:
        self.places, self.model = places, model
        self.design: Design | None = None

    def fit(self, matrix: NDArray[np.float64], wanted: NDArray[np.generic]) -> Linear:
        self.design = self.places.design(matrix)
        self.model.fit(self._inputs(matrix), wanted)
        return self

    def predict(self, matrix: NDArray[np.float64]) -> NDArray[np.generic]:
        return np.asarray(self.model.predict(self._inputs(matrix)))

    def predict_proba(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(self._inputs(matrix)))

    def _inputs(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.design is None:
            raise ValueError("The model is not fitted: call fit first.")
        return self.places.inputs(self.design, matrix)

    @property
    def classes_(self) -> NDArray[np.generic]:
        return np.asarray(self.model.classes_)


def linear_model(coder: Encoder, *, label: bool, score: bool) -> Any:
    """Unfitted. Takes `coder`'s matrices; predicts labels (with predict_proba), scores between 0 and 1, or values."""
    from sklearn.linear_model import LogisticRegression, Ridge

    categories = [number for number, name in enumerate(coder.features) if coder.kinds[name] is Kind.CATEGORY]
    numbers = [number for number in range(len(coder.features)) if number not in set(categories)]
    plain = LogisticRegression(C=10.0, max_iter=200) if label else Ridge(alpha=1e-3)
    model = Linear(Places(numbers, categories, coder.cap + 1), plain)
    return LogOdds(model) if score else model
