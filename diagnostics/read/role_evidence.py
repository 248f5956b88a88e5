"""Guesses tested on the reference, where the model is known to be good: the positive class, and roles that make it absurd."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from diagnostics.measure import engine
from diagnostics.measure.outcome import YES
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Answer, Guess, Roles, Task
from diagnostics.nouns.refusal import kept
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_, Value
from diagnostics.read import role_names as names

LEAST: Final = 30
"""Rows with a label and a prediction from which on the reference can say anything."""

ERRORS: Final = 3.0
"""Standard errors from which on an association is no chance."""

ABSURD_FROM: Final = 300
"""Rows from which on a model without any association is called absurd: with fewer a weak one may show none."""

SHOWN: Final = 0.95
BY_WORD: Final = 0.6
"""Confidence in a class that the reference shows, and in one that only its word, or its being rare, speaks for."""


@dataclass(frozen=True)
class Settled:
    """Roles, task and kind of prediction, as far as they were stated or can be told; the guesses among them."""

    roles: Roles
    task: Task | None = None
    answer: Answer | None = None
    guesses: tuple[Guess, ...] = ()


def check_on_reference(settled: Settled, reference: Table | None) -> Settled:
    """Choose the positive class, and drop a guessed role under which the model has nothing to do with the labels."""
    roles = settled.roles
    if reference is None or roles.target is None or roles.target not in reference:
        return settled
    frame = engine.sample(reference)
    if roles.prediction is None or roles.prediction not in reference:
        return settled
    truth, told = frame[roles.target], frame[roles.prediction]
    known = truth.notna().to_numpy(dtype=bool) & told.notna().to_numpy(dtype=bool)
    if known.sum() < LEAST:
        return settled
    truth, told = truth[known], told[known]
    if settled.task is Task.CLASSIFICATION and settled.answer is Answer.SCORE and reference[roles.prediction].kind is Kind.NUMBER:
        return _with_positive(settled, truth, told)
    if settled.task is Task.REGRESSION and reference[roles.target].kind is Kind.NUMBER:
        return _dropped(settled, _correlation(truth.to_numpy("float64"), told.to_numpy("float64")), len(truth))
    return settled


def _with_positive(settled: Settled, truth: pd.Series, told: pd.Series) -> Settled:
    levels = as_level(truth)
    classes = sorted(str(level) for level in levels.unique())
    if len(classes) != 2:
        return settled
    scores = told.to_numpy("float64")
    second = (levels == classes[1]).to_numpy(dtype=bool)
    area = auc(scores[second], scores[~second])
    error = float(np.sqrt((len(scores) + 1) / (12 * second.sum() * (~second).sum())))
    clear = abs(area - 0.5) > ERRORS * error
    if not clear:
        settled = _dropped(settled, 0.0, len(scores))
        if settled.roles.prediction is None or settled.roles.target is None:
            return settled
    if settled.roles.positive is not None:
        return settled
    if clear:
        positive, values = classes[area > 0.5], {"auc": max(area, 1 - area)}
        says = N_("The positive class is {level:name}: in the reference it has the higher scores (AUC {auc:number}).")
        return _guessed(settled, positive, says, {"level": positive, **values}, SHOWN)
    named = [c for c in classes if names.normal(c) and names.normal(c) in names.normal(str(settled.roles.prediction)).split("_")]
    if len(named) == 1:
        says = N_("The positive class is {level:name}: the prediction is named after it.")
        return _guessed(settled, named[0], says, {"level": named[0]}, BY_WORD)
    words = [c for c in classes if c.strip().lower() in YES]
    if len(words) == 1:
        says = N_("The positive class is {level:name}: the word says yes.")
        return _guessed(settled, words[0], says, {"level": words[0]}, BY_WORD)
    return settled


def _guessed(settled: Settled, positive: str, says: str, values: dict[str, Value], confidence: float) -> Settled:
    guess = Guess(role="positive", column=positive, evidence=kept(says, values), confidence=confidence)
    return replace(settled, roles=replace(settled.roles, positive=positive), guesses=(*settled.guesses, guess))


def _dropped(settled: Settled, association: float, rows: int) -> Settled:
    """Without the guessed role that makes the model absurd: its predictions and the labels have nothing to do with each other."""
    guessed = {guess.role for guess in settled.guesses}
    if rows < ABSURD_FROM or abs(association) > ERRORS / np.sqrt(rows):
        return settled
    role = next((role for role in ("prediction", "target") if role in guessed), None)
    if role is None:
        return settled
    guesses = tuple(guess for guess in settled.guesses if guess.role not in (role, "answer", "positive"))
    bare = replace(settled.roles, prediction=None) if role == "prediction" else replace(settled.roles, target=None)
    return replace(settled, roles=bare, answer=None if role == "prediction" else settled.answer, guesses=guesses)


def auc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Chance that a value of the first array exceeds one of the second, ties half (Mann and Whitney 1947)."""
    ranks = rankdata(np.concatenate([higher, lower]))
    size = len(higher)
    return float((ranks[:size].sum() - size * (size + 1) / 2) / (size * len(lower)))


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of the finite pairs, 0 where one side does not vary."""
    both = np.isfinite(left) & np.isfinite(right)
    if both.sum() < LEAST or np.ptp(left[both]) == 0 or np.ptp(right[both]) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(left[both]), rankdata(right[both]))[0, 1])
