"""Honest models: small fresh models that judge every reference row without having seen it or its twin."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.design import design
from diagnostics.measure.key import Key
from diagnostics.measure.outcome import partial
from diagnostics.measure.samples import Encoder, Samples, encoder, samples
from diagnostics.measure.surrogate import FIT_COLUMNS, one_thread
from diagnostics.nouns.incident import Incident, Sides, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

FOLDS: Final = 3

ROWS: Final = 4_000
"""Rows of each side; a loss is then known well enough, and two models are fitted three times each."""


@dataclass(frozen=True)
class Honest:
    """Chances, shapes (n, k) and (m, k), one column per class (one column with the value for regression).

    home: of the reference rows, each from a model that had not seen it nor a row like it. away: of the current rows, each from
    one of the same models, so that both sides were answered by equals. kind: "linear" or "boosted".
    """

    kind: str
    classes: tuple[str, ...]
    home: NDArray[np.float64]
    away: NDArray[np.float64]


@dataclass(frozen=True)
class Crossed:
    """home, away: the rows with a truth that were used, positions in the samples, ascending. groups: number of each home row's
    group of identical rows; again: which away rows also stand among the home rows. truth: of these rows. models: linear, boosted.
    """

    home: NDArray[np.intp]
    away: NDArray[np.intp]
    groups: NDArray[np.intp]
    again: NDArray[np.bool_]
    truth: Sides[NDArray[np.generic]]
    models: tuple[Honest, ...]
    coder: Encoder


def crossed(incident: Incident, *, least: int = 40) -> Crossed:
    """Both models for up to `ROWS` rows of each side. Raises NotApplicable without both tables, without `least` rows with a true
    answer on both sides, or when there is nothing to learn from or to learn.
    """
    return _crossed(Key(incident), least)


@lru_cache(maxsize=4)
def _crossed(key: Key, least: int) -> Crossed:
    incident = key.incident
    drawn = samples(incident)
    incident.role("target")
    known = partial(incident, drawn)
    before, after = known.truth.reference, known.truth.current
    if before is None or after is None:
        raise NotApplicable(N_("Both tables need true answers for this."), needs="target")
    rng = np.random.default_rng([incident.seed, 20])
    home, away = _few(before, rng), _few(after, rng)
    if min(home.size, away.size) < least:
        raise NotApplicable(
            N_("Too few rows with a true answer: {reference:count} in the reference, {current:count} in the current table."),
            needs="target",
            reference=int(home.size),
            current=int(away.size),
        )
    numeric = known.task is Task.REGRESSION
    truth = Sides(*(t.astype("float64") if numeric else t.astype(str) for t in (before[home], after[away])))
    if len(set(truth.reference.tolist())) < 2:
        raise NotApplicable(N_("The true answers of the reference are all the same: there is nothing to learn."), needs="target")
    coder = encoder(drawn)
    coder = replace(coder, features=tuple(n for n in coder.features if coder.kinds[n] is not Kind.TIME)[:FIT_COLUMNS])
    if not coder.features:
        raise NotApplicable(N_("The features are all times: there is nothing to learn from."), needs="reference")
    names = list(coder.features)
    groups, again = _twins(drawn.reference[names].iloc[home], drawn.current[names].iloc[away])
    models = _honest(drawn, coder, truth.reference, home, away, groups, rng, incident.seed)
    return Crossed(home, away, groups, again, truth, models, coder)


def _few(truth: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.intp]:
    rows = np.flatnonzero(np.isfinite(truth) if truth.dtype.kind == "f" else pd.notna(truth))
    return rows if rows.size <= ROWS else np.sort(rng.choice(rows, ROWS, replace=False))


def _honest(
    drawn: Samples,
    coder: Encoder,
    truth: NDArray[np.generic],
    home: NDArray[np.intp],
    away: NDArray[np.intp],
    groups: NDArray[np.intp],
    rng: np.random.Generator,
    seed: int,
) -> tuple[Honest, ...]:
    """A regularised linear and a small boosted model. `truth`: of the reference rows `home` (floats or class names), shape (n,);
    `home`, `away`: positions in the samples; `groups`: number of each reference row's group of identical rows, shape (n,).
    """
    wanted = truth
    value = truth.dtype.kind == "f"
    classes = () if value else tuple(sorted({str(v) for v in wanted}))
    wanted = wanted.astype("float64") if value else wanted.astype(str)
    fold = (rng.permutation(int(groups.max()) + 1) % FOLDS)[groups]
    turn = rng.permutation(away.size) % FOLDS
    made = design(drawn, home)
    frames = drawn.reference.iloc[home], drawn.current.iloc[away]
    inputs = {
        "linear": (made.matrix(frames[0]), made.matrix(frames[1])),
        "boosted": (_filled(coder.matrix(frames[0])), _filled(coder.matrix(frames[1]))),
    }
    found = []
    for kind, (left, right) in inputs.items():
        width = max(1, len(classes))
        inside, outside = np.zeros((home.size, width)), np.zeros((away.size, width))
        for number in range(FOLDS):
            used, mine, theirs = fold != number, fold == number, turn == number
            if not mine.any():
                continue
            told = _answers(kind, left[used], wanted[used], [left[mine], right[theirs]], classes, seed)
            inside[mine], outside[theirs] = told
        found.append(Honest(kind, classes, inside, outside))
    return tuple(found)


def _twins(frame: pd.DataFrame, other: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Number of each row's group of identical rows in `frame`, shape (n,), and which rows of `other` are in it, shape (m,)."""
    left = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    right = pd.util.hash_pandas_object(other, index=False).to_numpy()
    _, groups = np.unique(left, return_inverse=True)
    return np.asarray(groups, dtype=np.intp), np.isin(right, left)


def _filled(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns without any value can't be cut into bins; a constant says as little."""
    empty = ~np.isfinite(matrix).any(axis=0)
    return np.where(empty, 0.0, matrix)


def _answers(
    kind: str,
    x: NDArray[np.float64],
    y: NDArray[np.generic],
    asked: list[NDArray[np.float64]],
    classes: tuple[str, ...],
    seed: int,
) -> list[NDArray[np.float64]]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    if len(set(y.tolist())) < 2:
        same = np.array([1.0 if name == str(y[0]) else 0.0 for name in classes]) if classes else np.array([float(y[0])])
        return [np.tile(same, (len(side), 1)) for side in asked]
    model: Any = (Ridge(alpha=10.0) if not classes else LogisticRegression(C=0.3, max_iter=60)) if kind == "linear" else None
    model = model or _boosting(bool(classes), len(y), len(classes), seed)
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y)
        if not classes:
            return [np.asarray(model.predict(side), dtype="float64")[:, None] for side in asked]
        told = []
        for side in asked:
            full = np.zeros((len(side), len(classes)))
            if len(side):
                full[:, [classes.index(str(name)) for name in model.classes_]] = model.predict_proba(side)
            told.append(full)
    return told


def _boosting(classifies: bool, rows: int, classes: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    family = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    rounds = 50 if classes <= 2 else max(12, 100 // classes)
    return family(
        max_iter=rounds,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=max(5, min(20, rows // 20)),
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
