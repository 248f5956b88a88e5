"""The simplest models that could do the task, fitted on reference rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.outcome import Outcome
from diagnostics.measure.samples import Encoder
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

FIT_ROWS: Final = 8_000

LEVELS: Final = 12
"""Levels of a category that the linear model tells apart; the rest is one."""

COLUMNS: Final = 60
"""Columns of the linear model: with more, its fit takes longer than all the others together."""

NAMES: Final = {
    "dummy": N_("always the same answer"),
    "rule": N_("one rule"),
    "tree": N_("a tree of three questions"),
    "linear": N_("a linear model"),
    "fresh": N_("a fresh boosted model"),
}


@dataclass(frozen=True)
class Plain:
    """A fitted simple model. kind: key of `NAMES`. rule: the column of the one rule, None otherwise."""

    kind: str
    model: Any
    outcome: Outcome
    rule: str | None = None

    def answers(self, matrix: NDArray[np.float64]) -> NDArray[np.generic]:
        """Answers in the outcome's unit for prepared rows, shape (n,)."""
        if self.outcome.answer is Answer.VALUE:
            return np.asarray(self.model.predict(matrix), dtype="float64")
        if self.outcome.answer is Answer.SCORE:
            place = list(self.model.classes_).index(True)
            return np.asarray(self.model.predict_proba(matrix)[:, place], dtype="float64")
        return np.asarray(self.model.predict(matrix), dtype=object)


@dataclass(frozen=True)
class Prepared:
    """Rows for all simple models: trees take the encoder's matrix; the linear model takes it filled, spread out and scaled.

    trees, linear: shapes (n, p) and (n, q).
    """

    trees: NDArray[np.float64]
    linear: NDArray[np.float64]


@dataclass(frozen=True)
class Preparation:
    """How rows are prepared, learnt on reference rows. centre, spread: of each linear column, shape (q,)."""

    encoder: Encoder
    categories: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]
    fill: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    def rows(self, frame: pd.DataFrame) -> Prepared:
        matrix = self.encoder.matrix(frame)
        trees = np.where(np.isnan(matrix), self.fill, matrix)
        return Prepared(trees, self._scaled(self._spread_out(matrix, trees)))

    def _spread_out(self, matrix: NDArray[np.float64], filled: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [filled[:, list(self.numbers)]] if self.numbers else []
        parts += [(matrix[:, [column]] == np.arange(levels)[None, :]).astype("float64") for column, levels in self.categories]
        return np.hstack(parts) if parts else np.zeros((len(matrix), 1))

    def _scaled(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        # A line runs on for ever; 20 standard deviations out it has said what it has to say.
        return np.asarray(np.clip((matrix - self.centre) / self.spread, -20, 20))


def prepare(encoder: Encoder, frame: pd.DataFrame) -> Preparation:
    """Learn the preparation of `frame`, rows of the reference."""
    matrix = encoder.matrix(frame)
    known = np.isfinite(matrix).any(axis=0)
    fill = np.zeros(matrix.shape[1])
    if known.any():
        fill[known] = np.nanmedian(matrix[:, known], axis=0)
    used = range(min(len(encoder.features), COLUMNS))
    is_category = [encoder.kinds[name] is Kind.CATEGORY for name in encoder.features]
    categories = tuple((i, min(LEVELS, len(encoder.ranks[encoder.features[i]]))) for i in used if is_category[i])
    numbers = tuple(i for i in used if not is_category[i])
    blank = Preparation(encoder, categories, numbers, fill, np.zeros(1), np.ones(1))
    spread_out = blank._spread_out(matrix, np.where(np.isnan(matrix), fill, matrix))
    deviation = spread_out.std(axis=0)
    return Preparation(encoder, categories, numbers, fill, spread_out.mean(axis=0), np.where(deviation > 0, deviation, 1.0))


def fit_all(
    known: Outcome, rows: Prepared, truth: NDArray[np.generic], names: tuple[str, ...], *, seed: int
) -> tuple[Plain, ...]:
    """Dummy, one rule, shallow tree, linear, and a fresh boosted model, fitted to the truth of reference rows, shape (n,)."""
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    from diagnostics.measure.surrogate import one_thread

    value = known.answer is Answer.VALUE
    wanted: NDArray[np.generic] = truth.astype("float64") if value else truth.astype(str)
    if known.answer is Answer.SCORE:
        wanted = truth == known.positive
    leaf = max(5, len(wanted) // 200)
    boosting = {"max_iter": 50, "learning_rate": 0.15, "max_leaf_nodes": 15, "early_stopping": False, "random_state": seed}
    if value:
        # The median is the constant with the least absolute error, which is how values are judged.
        makers = {
            "dummy": DummyRegressor(strategy="median"),
            "rule": DecisionTreeRegressor(max_depth=1, min_samples_leaf=leaf, random_state=seed),
            "tree": DecisionTreeRegressor(max_depth=3, min_samples_leaf=leaf, random_state=seed),
            "linear": Ridge(alpha=1.0),
            "fresh": HistGradientBoostingRegressor(**boosting),
        }
    else:
        makers = {
            "dummy": DummyClassifier(strategy="prior"),
            "rule": DecisionTreeClassifier(max_depth=1, min_samples_leaf=leaf, random_state=seed),
            "tree": DecisionTreeClassifier(max_depth=3, min_samples_leaf=leaf, random_state=seed),
            "linear": LogisticRegression(max_iter=200, tol=1e-3),
            "fresh": HistGradientBoostingClassifier(**boosting),
        }
    fitted = []
    for kind, model in makers.items():
        with one_thread():
            model.fit(rows.linear if kind == "linear" else rows.trees, wanted)
        rule = None
        if kind == "rule" and model.tree_.feature[0] >= 0:
            rule = names[int(model.tree_.feature[0])]
        fitted.append(Plain(kind, model, known, rule))
    return tuple(fitted)


def matrix_for(plain: Plain, rows: Prepared) -> NDArray[np.float64]:
    return rows.linear if plain.kind == "linear" else rows.trees
