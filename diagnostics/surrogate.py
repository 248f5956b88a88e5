"""A surrogate: a model fitted here that gives the logged answers back, so that rows can be scored again after a change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.finding import NotApplicable
from diagnostics.incident import Answer, Incident
from diagnostics.outcome import Outcome, outcome
from diagnostics.samples import Encoder, Samples, encoder, samples
from diagnostics.words import N_

FIT_ROWS: Final = 20_000
"""Reference rows that the surrogate is fitted on; more rows change its answers little and cost seconds."""


@dataclass(frozen=True)
class Surrogate:
    """Gradient-boosted trees fitted to the logged answers of the reference.

    fidelity: agreement with the logged answers on reference rows that it was not fitted on: share of equal labels, or the R²
        of scores and values.
    """

    outcome: Outcome
    encoder: Encoder
    model: Any
    fidelity: float

    def answers(self, frame: pd.DataFrame) -> NDArray[np.generic]:
        """Answers in the unit of the log, shape (len(frame),): class names, probabilities of the positive class, or values."""
        matrix = self.encoder.matrix(frame)
        if self.outcome.answer is Answer.LABEL:
            return np.asarray(self.model.predict(matrix), dtype=object)
        values = np.asarray(self.model.predict(matrix), dtype="float64")
        return np.clip(values, 0.0, 1.0) if self.outcome.answer is Answer.SCORE else values


def surrogate(incident: Incident) -> Surrogate:
    """Raises NotApplicable without tables, target or predictions in the reference."""
    return _fit(_Key(incident.fingerprint, incident))


@dataclass(frozen=True, eq=False)
class _Key:
    fingerprint: str
    incident: Incident

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.fingerprint == self.fingerprint


@lru_cache(maxsize=8)
def _fit(key: _Key) -> Surrogate:
    drawn = samples(key.incident)
    return fit(drawn, outcome(key.incident, drawn), seed=key.incident.seed)


def fit(drawn: Samples, known: Outcome, *, seed: int) -> Surrogate:
    """Fit on three quarters of the reference's rows with an answer, measure on the rest (seeded)."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if known.answers.reference is None:
        raise NotApplicable(N_("The reference has no predictions, so no surrogate can be fitted."), needs="prediction")
    answers = known.answers.reference
    rows = np.flatnonzero(pd.notna(answers))
    if rows.size < 50 or len(set(answers[rows].tolist())) < 2:
        raise NotApplicable(
            N_("The reference has too few different predictions to fit a surrogate (rows: {rows:count})."),
            needs="prediction",
            rows=int(rows.size),
        )
    rng = np.random.default_rng(seed)
    rows = rng.permutation(rows)[: FIT_ROWS * 4 // 3]
    held, used = rows[: rows.size // 4], rows[rows.size // 4 :]
    coder = encoder(drawn)
    matrix = coder.matrix(drawn.reference)
    label = known.answer is Answer.LABEL
    family = HistGradientBoostingClassifier if label else HistGradientBoostingRegressor
    model = family(max_iter=120, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=seed)
    wanted = answers[used].astype(str) if label else answers[used].astype("float64")
    model.fit(matrix[used], wanted)
    told = model.predict(matrix[held])
    if label:
        fidelity = float(np.mean(told == answers[held].astype(str)))
    else:
        truth = answers[held].astype("float64")
        fidelity = 1.0 - float(np.mean((told - truth) ** 2) / max(float(np.var(truth)), 1e-12))
    return Surrogate(known, coder, model, fidelity)
