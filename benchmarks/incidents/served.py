"""The models that "served": linear or boosted, trained on their own third; whatever a fault does to their input, they answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

KINDS = ("linear", "boosted")
LEVELS = 30


@dataclass
class Served:
    """kind: "linear", "boosted", "overfit" (one deep tree) or "stunted" (almost only the mean).

    A missing number reaches the model as 0 where the seed is odd; else a boosted model gets the gap and the others the median.
    """

    kind: str
    task: str
    seed: int = 0
    numbers: list[str] = field(default_factory=list)
    levels: dict[str, list[str]] = field(default_factory=dict)
    centre: dict[str, tuple[float, float]] = field(default_factory=dict)

    def fit(self, features: pd.DataFrame, truth: pd.Series) -> Served:
        names = [str(name) for name in features]
        self.numbers = [name for name in names if features[name].dtype.kind in "iuf"]
        text = [name for name in names if name not in self.numbers and features[name].dtype.kind != "M"]
        self.levels = {name: list(features[name].value_counts().index[:LEVELS]) for name in text}
        for name in self.numbers:
            values = features[name].astype("float64")
            self.centre[name] = (float(values.median()), float(values.std()) or 1.0)
        self.model = self._estimator().fit(self._matrix(features), truth)
        return self

    def _estimator(self) -> Any:
        regression = self.task == "regression"
        if self.kind == "boosted":
            options: dict[str, Any] = {"max_iter": 60, "max_leaf_nodes": 12, "random_state": self.seed}
            return HistGradientBoostingRegressor(**options) if regression else HistGradientBoostingClassifier(**options)
        if self.kind == "overfit":
            return DecisionTreeRegressor(random_state=self.seed) if regression else DecisionTreeClassifier(random_state=self.seed)
        if self.kind == "stunted":
            return Ridge(alpha=1e7) if regression else LogisticRegression(C=1e-6)
        return Ridge() if regression else LogisticRegression(max_iter=400)

    def _matrix(self, features: pd.DataFrame) -> np.ndarray:
        gaps = self.kind == "boosted"
        parts: list[np.ndarray] = []
        for name in self.numbers:
            values = np.full(len(features), np.nan)
            if name in features:
                values = pd.to_numeric(features[name], errors="coerce").to_numpy("float64", na_value=np.nan)
            middle, spread = self.centre[name]
            values = np.where(np.isnan(values), 0.0, values) if self.seed % 2 else values
            scaled = np.clip((values - middle) / spread, -1e6, 1e6)
            parts.append(scaled if gaps else np.nan_to_num(scaled, nan=0.0))
        for name, known in self.levels.items():
            given = features[name] if name in features else pd.Series([None] * len(features), dtype=object)
            if gaps:
                parts.append(
                    given.map({level: float(rank) for rank, level in enumerate(known)}).to_numpy("float64", na_value=np.nan)
                )
            else:
                parts += [(given == level).to_numpy("float64") for level in known]
        return np.column_stack(parts)

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """Shape (n, n_classes), columns in the order of `classes`; for regression shape (n, 1), the value."""
        matrix = self._matrix(features)
        found: np.ndarray = self.model.predict(matrix)[:, None] if self.task == "regression" else self.model.predict_proba(matrix)
        return found

    @property
    def classes(self) -> list[str]:
        return [] if self.task == "regression" else [str(name) for name in self.model.classes_]

    def answer(self, features: pd.DataFrame, form: str, positive: str | None) -> np.ndarray:
        """What is logged: the "score" of the positive class, the "label", or the "value"."""
        found = self.probabilities(features)
        if form == "value":
            return np.round(found[:, 0], 4)
        if form == "score":
            return np.round(found[:, self.classes.index(str(positive))], 5)
        labels: np.ndarray = np.array(self.classes, dtype=object)[found.argmax(axis=1)]
        return labels


def movement(model: Served, features: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """How far the answers move, on average, when one column is shuffled; largest first."""
    rows = features.iloc[: min(len(features), 800)].reset_index(drop=True)
    before = model.probabilities(rows)
    moved = {}
    for name in features:
        shuffled = rows.assign(**{str(name): rows[name].to_numpy()[rng.permutation(len(rows))]})
        moved[name] = float(np.abs(model.probabilities(shuffled) - before).sum(axis=1).mean())
    return pd.Series(moved).sort_values(ascending=False, kind="stable")
