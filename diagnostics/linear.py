"""A linear model on encoded features: what scorecards and logistic regressions are, and quick to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.samples import Encoder
from diagnostics.tables.table import Kind

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


def linear_model(coder: Encoder, *, label: bool, score: bool) -> Any:
    """Unfitted. Takes `coder`'s matrices; predicts labels (with predict_proba), scores between 0 and 1, or values."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    names = [number for number, name in enumerate(coder.features) if coder.kinds[name] is Kind.CATEGORY]
    numbers = [number for number in range(len(coder.features)) if number not in set(names)]
    parts = []
    if numbers:
        filled = SimpleImputer(strategy="median", keep_empty_features=True)
        parts.append(("numbers", make_pipeline(filled, StandardScaler()), numbers))
    if names:
        parts.append(("names", OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=LEVELS), names))
    told = LogisticRegression(C=10.0, max_iter=200) if label else Ridge(alpha=1e-3)
    model = make_pipeline(ColumnTransformer(parts, sparse_threshold=0.0), told)
    return LogOdds(model) if score else model
