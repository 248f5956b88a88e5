"""A surrogate: a model fitted here that gives the logged answers back, so that rows can be scored again after a change."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from diagnostics.measure.key import Key
from diagnostics.measure.linear import linear_model
from diagnostics.measure.outcome import Outcome, outcome, partial
from diagnostics.measure.samples import Encoder, Samples, encoder, samples
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_

FIT_ROWS: Final = 20_000
"""Reference rows that the surrogate is fitted on; more rows change its answers little and cost seconds."""

FIT_CELLS: Final = 1_000_000
"""Rows times columns of a fit: wide tables are fitted on fewer rows, so that the time stays the same."""

FIT_COLUMNS: Final = 200
"""Columns of a fit: of wider tables those that go along with the answer most."""

FIT_CLASSES: Final = 30
"""Classes told apart; boosting grows one tree a round for each."""

ROUNDS: Final = 120

SETTLED: Final = 0.99
"""A linear model that agrees this well with unseen answers is what answered, or as good; no other is tried."""


@dataclass(frozen=True)
class Surrogate:
    """A linear model or gradient-boosted trees, whichever gives the logged answers of the reference back better.

    fidelity: agreement with the logged answers on reference rows that it was not fitted on: share of equal labels, or the R²
        of scores and values. skill: how far that is better than always giving the commonest or mean answer, 0 (no better) to 1.
    held: positions in the reference sample that it was not fitted on, ascending, shape (k,).
    learnt: what it was fitted to, "prediction" or "target".
    """

    outcome: Outcome
    encoder: Encoder
    model: Any
    fidelity: float
    skill: float = 1.0
    held: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp), repr=False, compare=False)
    learnt: str = "prediction"

    def answers(self, frame: pd.DataFrame) -> NDArray[np.generic]:
        """Answers in the unit of the log, shape (len(frame),): class names, probabilities of the positive class, or values."""
        return self.answers_of(self.encoder.matrix(frame))

    def answers_of(self, matrix: NDArray[np.float64]) -> NDArray[np.generic]:
        """The same for an encoded matrix, shape (n, n_features)."""
        with one_thread():
            told = self.model.predict(matrix)
        if self.outcome.answer is Answer.LABEL:
            return np.asarray(told, dtype=object)
        values = np.asarray(told, dtype="float64")
        return np.clip(values, 0.0, 1.0) if self.outcome.answer is Answer.SCORE else values

    def scores_of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Smooth answers, shape (n, k): one column per class for labels, else one column with the score or value."""
        if self.outcome.answer is Answer.LABEL:
            with one_thread():
                return np.asarray(self.model.predict_proba(matrix), dtype="float64")
        return self.answers_of(matrix).astype("float64")[:, None]

    def answers_from(self, scores: NDArray[np.float64]) -> NDArray[np.generic]:
        """The answers that belong to the scores of `scores_of`, shape (n,)."""
        if self.outcome.answer is Answer.LABEL:
            classes = np.asarray(self.model.classes_, dtype=object)
            return np.asarray(classes[scores.argmax(axis=1)])
        return np.asarray(scores[:, 0])


def one_thread() -> AbstractContextManager[object]:
    """Boosting on one thread: on a busy machine its threads wait for one another, ten times longer than they save (measured)."""
    limited: AbstractContextManager[object] = _controller().limit(limits=1)
    return limited


@cache
def _controller() -> ThreadpoolController:
    # Scikit-learn's libraries must be loaded before they can be found.
    import sklearn.ensemble  # noqa: F401

    return ThreadpoolController()


def surrogate(incident: Incident) -> Surrogate:
    """Fitted to the logged answers of the reference. The target may be missing.

    Raises NotApplicable without tables or predictions in the reference.
    """
    return _fit(Key(incident))


def stand_in(incident: Incident) -> Surrogate:
    """The surrogate; where the reference has no predictions, a model fitted to its target instead (`learnt` says which).

    Raises NotApplicable without tables or when the reference has neither predictions nor a target.
    """
    key = Key(incident)
    if partial(incident, samples(incident)).answers.reference is None:
        return _fit_target(key)
    return _fit(key)


@lru_cache(maxsize=8)
def _fit(key: Key) -> Surrogate:
    incident = key.incident
    drawn = samples(incident)
    incident.role("prediction")
    known = partial(incident, drawn) if incident.roles.target is None else outcome(incident, drawn)
    return fit(drawn, known, seed=incident.seed)


@lru_cache(maxsize=8)
def _fit_target(key: Key) -> Surrogate:
    drawn = samples(key.incident)
    known = partial(key.incident, drawn)
    if known.truth.reference is None:
        key.incident.role("target")
        raise NotApplicable(N_("The reference has neither predictions nor true answers to fit a model to."), needs="prediction")
    if known.task is Task.REGRESSION:
        answer, wanted = Answer.VALUE, known.truth.reference
    elif known.positive is not None and len(known.classes) == 2:
        answer = Answer.SCORE
        hits = (known.truth.reference == known.positive).astype("float64")
        wanted = np.where(pd.notna(known.truth.reference), hits, np.nan)
    else:
        answer, wanted = Answer.LABEL, known.truth.reference
    asked = replace(known, answer=answer, answers=Sides(wanted, None))
    fitted = fit(drawn, asked, seed=key.incident.seed)
    return replace(fitted, outcome=replace(asked, answers=Sides(None, None)), learnt="target")


def fit(drawn: Samples, known: Outcome, *, seed: int) -> Surrogate:
    """Fit on three quarters of the reference's rows with an answer, measure on the rest (seeded).

    Raises NotApplicable with fewer than 50 rows that have an answer, or when all answers are the same.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if known.answers.reference is None:
        raise NotApplicable(N_("The reference has no predictions, so no surrogate can be fitted."), needs="prediction")
    answers = known.answers.reference
    label = known.answer is Answer.LABEL
    rows = np.flatnonzero(pd.notna(answers) if label else np.isfinite(answers.astype("float64")))
    if label:
        commonest = pd.Series(answers[rows]).value_counts().index[:FIT_CLASSES]
        rows = rows[np.isin(answers[rows].astype(str), commonest.astype(str))]
    if rows.size < 50 or len(set(answers[rows].tolist())) < 2:
        raise NotApplicable(
            N_("The reference has too few different predictions to fit a surrogate (rows: {rows:count})."),
            needs="prediction",
            rows=int(rows.size),
        )
    rng = np.random.default_rng(seed)
    coder = _narrow(drawn, answers, rows, label, rng)
    most = min(FIT_ROWS, max(2_000, FIT_CELLS // len(coder.features)))
    rows = rng.permutation(rows)[: most * 4 // 3]
    held, used = np.sort(rows[: rows.size // 4]), rows[rows.size // 4 :]
    if len(set(answers[used].tolist())) < 2:
        raise NotApplicable(N_("Nearly all predictions of the reference are the same."), needs="prediction")
    matrix = coder.matrix(drawn.reference.iloc[used])
    # A column without any value can't be cut into bins.
    filled = np.asarray(np.isfinite(matrix).any(axis=0))
    if not filled.any():
        raise NotApplicable(N_("The features of the reference have no values to fit a surrogate to."), needs="reference")
    coder = replace(coder, features=tuple(name for name, keep in zip(coder.features, filled, strict=True) if keep))
    wanted = answers[used].astype(str) if label else answers[used].astype("float64")
    seen = coder.matrix(drawn.reference.iloc[held])
    plain = linear_model(coder, label=label, score=known.answer is Answer.SCORE)
    with one_thread():
        plain.fit(matrix[:, filled], wanted)
    linear = Surrogate(known, coder, plain, *_agreement(plain.predict(seen), answers[held], label), held)
    if linear.skill >= SETTLED:
        return linear
    family = HistGradientBoostingClassifier if label else HistGradientBoostingRegressor
    classes = len(set(answers[used].tolist())) if label else 2
    rounds = ROUNDS if classes == 2 else max(20, 2 * ROUNDS // classes)
    model = family(max_iter=rounds, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=seed)
    with one_thread():
        model.fit(matrix[:, filled], wanted)
    boosted = Surrogate(known, coder, model, *_agreement(model.predict(seen), answers[held], label), held)
    return boosted if boosted.skill >= linear.skill else linear


def _agreement(told: NDArray[np.generic], answers: NDArray[np.generic], label: bool) -> tuple[float, float]:
    if label:
        names = answers.astype(str)
        equal = float(np.mean(told == names))
        commonest = float(np.unique(names, return_counts=True)[1].max() / names.size)
        return equal, float(np.clip((equal - commonest) / max(1 - commonest, 1e-9), 0, 1)) if commonest < 1 else equal
    truth = answers.astype("float64")
    squared = float(np.mean((told.astype("float64") - truth) ** 2))
    explained = 1.0 - squared / max(float(np.var(truth)), 1e-12)
    return explained, float(np.clip(explained, 0, 1))


def _narrow(
    drawn: Samples, answers: NDArray[np.generic], rows: NDArray[np.intp], label: bool, rng: np.random.Generator
) -> Encoder:
    """The encoder; of very wide tables only the columns that correlate with the answer most."""
    coder = encoder(drawn)
    # A clock runs on: no current row lies where the reference's times do, and nothing learnt from them holds.
    timeless = tuple(name for name in coder.features if coder.kinds[name] is not Kind.TIME)
    coder = replace(coder, features=timeless or coder.features)
    if len(coder.features) <= FIT_COLUMNS:
        return coder
    few = rng.permutation(rows)[:2_000]
    matrix = coder.matrix(drawn.reference.iloc[few])
    present = np.isfinite(matrix)
    # Ranks would be sturdier but cost a sort of every column; a clip at the extremes does for choosing.
    low, high = np.nanquantile(np.where(present.any(axis=0), matrix, 0.0), [0.01, 0.99], axis=0)
    centre = np.where(present, np.clip(matrix, low, high), np.nan)
    filled = np.where(present, centre, 0.0)
    means = filled.sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    deviations = np.where(present, filled - means, 0.0)
    spread = np.sqrt((deviations**2).sum(axis=0))
    told = answers[few]
    targets = [(told == name).astype("float64") for name in sorted(set(told.tolist()))] if label else [told.astype("float64")]
    strength = np.zeros(len(coder.features))
    for target in targets:
        side = target - target.mean()
        size = float(np.sqrt((side**2).sum())) or 1.0
        strength = np.maximum(strength, np.abs(deviations.T @ side) / np.where(spread > 0, spread * size, np.inf))
    kept = np.sort(np.argsort(-strength, kind="stable")[:FIT_COLUMNS])
    return replace(coder, features=tuple(coder.features[i] for i in kept))
