"""What the reference's model would have predicted: the better of a boosted and a linear stand-in. No rule of its own."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.design import design
from diagnostics.measure.outcome import Outcome
from diagnostics.measure.samples import Samples
from diagnostics.measure.surrogate import Surrogate, one_thread
from diagnostics.nouns.incident import Answer, Incident

FIT_ROWS: Final = 5_000
FOLDS: Final = 2
LEAST: Final = 30
SETTLED: Final = 0.99
ENOUGH: Final = 150
EDGE: Final = 1e-4
"""Probabilities nearer to 0 or 1 than this are cut before their odds are taken."""


@dataclass(frozen=True)
class Expected:
    """Logged and expected answers of the same rows, shapes (n, k): one column per followed class, one for a score or value.

    home: unseen reference rows, shape (n,); away: current rows, shape (m,); positions in the samples. names: the class of each
    column, "" for a value. linear: whether the linear stand-in was the better one; apt: share of the variation of the logged
    answers that the stand-in explains on unseen reference rows.
    """

    home: NDArray[np.intp]
    away: NDArray[np.intp]
    logged_home: NDArray[np.float64]
    logged_away: NDArray[np.float64]
    told_home: NDArray[np.float64]
    told_away: NDArray[np.float64]
    names: tuple[str, ...]
    linear: bool
    apt: float


def expected(incident: Incident, drawn: Samples, stand: Surrogate, rows: int, rng: np.random.Generator) -> Expected | None:
    """None when a side has fewer than 30 rows with an answer. `rows`: at most so many of each side."""
    known = stand.outcome
    before, after = known.answers.reference, known.answers.current
    if before is None or after is None:
        return None
    names = _followed(known, stand)
    home, away = _few(stand.held, rows, rng), _few(_answered(known, after), rows, rng)
    if min(home.size, away.size) < LEAST:
        return None
    logged_away = _columns(known, after[away], names)
    boosted = [_boosted(stand, side, names) for side in (drawn.reference.iloc[home], drawn.current.iloc[away])]
    apt = 1 - _unexplained(_columns(known, before[home], names), boosted[0])
    best, linear = (home, boosted[0], boosted[1]), False
    used = _few(_answered(known, before), FIT_ROWS, rng)
    # Where the surrogate is as good as the model itself, and has enough unseen rows, no other is asked.
    if apt >= SETTLED and home.size >= ENOUGH:
        return Expected(home, away, _columns(known, before[home], names), logged_away, boosted[0], boosted[1], names, False, apt)
    drafted = _linear(drawn, known, used, before[used], names, away, rng.permutation(used.size) % FOLDS)
    if drafted is not None:
        other = 1 - _unexplained(_columns(known, before[used], names), drafted[0])
        if other > apt:
            best, linear, apt = (used, drafted[0], drafted[1]), True, other
    return Expected(best[0], away, _columns(known, before[best[0]], names), logged_away, best[1], best[2], names, linear, apt)


def _few(rows: NDArray[np.intp], limit: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if rows.size <= limit else np.sort(rng.choice(rows, limit, replace=False))


def _answered(known: Outcome, answers: NDArray[np.generic]) -> NDArray[np.intp]:
    label = known.answer is Answer.LABEL
    return np.flatnonzero(pd.notna(answers) if label else np.isfinite(answers.astype("float64")))


def _followed(known: Outcome, stand: Surrogate) -> tuple[str, ...]:
    """The positive class of two, each of more."""
    if known.answer is not Answer.LABEL:
        return ("",)
    classes = [str(name) for name in stand.model.classes_]
    if len(classes) == 2:
        return (known.positive if known.positive in classes else classes[-1],)
    return tuple(classes)


def _columns(known: Outcome, answers: NDArray[np.generic], names: tuple[str, ...]) -> NDArray[np.float64]:
    if known.answer is not Answer.LABEL:
        return answers.astype("float64")[:, None]
    return np.column_stack([(answers.astype(str) == name).astype("float64") for name in names])


def _boosted(stand: Surrogate, frame: pd.DataFrame, names: tuple[str, ...]) -> NDArray[np.float64]:
    scores = stand.scores_of(stand.encoder.matrix(frame))
    if stand.outcome.answer is not Answer.LABEL:
        return scores
    classes = [str(name) for name in stand.model.classes_]
    return scores[:, [classes.index(name) for name in names]]


def _linear(
    drawn: Samples,
    known: Outcome,
    used: NDArray[np.intp],
    answers: NDArray[np.generic],
    names: tuple[str, ...],
    away: NDArray[np.intp],
    fold: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Answers of a linear model (of the odds, for scores) for the rows `used` of the reference, each by a model that had not
    seen it, and for the current rows `away` by the mean of these models; None with too few rows or a class too rare.
    """
    if used.size < LEAST:
        return None
    made = design(drawn, used)
    here, there = made.matrix(drawn.reference.iloc[used]), made.matrix(drawn.current.iloc[away])
    inside, outside = np.zeros((used.size, len(names))), np.zeros((away.size, len(names)))
    for number in range(FOLDS):
        mine = fold == number
        told = _line(known, here[~mine], answers[~mine], names, (here[mine], there))
        if told is None:
            return None
        inside[mine] = told[0]
        outside += told[1] / FOLDS
    return inside, outside


def _line(
    known: Outcome,
    x: NDArray[np.float64],
    answers: NDArray[np.generic],
    names: tuple[str, ...],
    asked: tuple[NDArray[np.float64], ...],
) -> list[NDArray[np.float64]] | None:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    if len(set(answers.tolist())) < 2:
        return None
    if known.answer is Answer.LABEL:
        model: Any = LogisticRegression(C=10.0, max_iter=60)
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, answers.astype(str))
        if not set(names) <= set(model.classes_):
            return None
        places = [list(model.classes_).index(name) for name in names]
        return [np.asarray(model.predict_proba(side)[:, places]) for side in asked]
    wanted = answers.astype("float64")
    if known.answer is Answer.SCORE:
        cut = np.clip(wanted, EDGE, 1 - EDGE)
        wanted = np.log(cut / (1 - cut))
    told = [np.asarray(Ridge(alpha=1e-3).fit(x, wanted).predict(side))[:, None] for side in asked]
    return [1 / (1 + np.exp(-np.clip(t, -30, 30))) for t in told] if known.answer is Answer.SCORE else told


def _unexplained(logged: NDArray[np.float64], told: NDArray[np.float64]) -> float:
    """Squared distance as a share of the variation, over all columns."""
    total = float(((logged - logged.mean(axis=0)) ** 2).sum())
    return float(((logged - told) ** 2).sum()) / total if total > 0 else 1.0
