"""Undo and replay: take a fault back out of the current rows, score them again, and see how much of the loss comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.cause import Replay
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.proof.window import affected
from diagnostics.checks.drift.columns import ks
from diagnostics.measure.outcome import row_loss
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.intervals import Interval

REPLAY_ROWS: Final = 10_000
"""Current rows that are scored again for one hypothesis; enough for a share to within a point."""

MIN_ROWS: Final = 30


@dataclass(frozen=True)
class Replayed:
    """replay: the numbers for the picture. explains: share of the loss (or of the shift of the answers) that came back, 0 to 1.

    lost: whether the loss was higher than in the reference by more than chance, so that the share means something.
    """

    replay: Replay
    explains: float
    lost: bool


def replay(case: Case, hypothesis: Hypothesis) -> Replayed | None:
    """None when the hypothesis cannot be undone, or when there is no model to score with, or too few rows."""
    if case.samples is None or case.surrogate is None or not _can_be_replayed(hypothesis):
        return None
    rows = affected(case, hypothesis.since, most=REPLAY_ROWS)
    if rows.size < MIN_ROWS:
        return None
    before_frame = case.samples.current.iloc[rows]
    after_frame = hypothesis.undo.repair(before_frame) if hypothesis.undo.repair else before_frame
    weights = np.ones(rows.size)
    if hypothesis.undo.weights is not None:
        weights = hypothesis.undo.weights[rows]
    elif hypothesis.kept is not None:
        weights = hypothesis.kept[rows].astype("float64")
        if weights.sum() < MIN_ROWS:
            return None
    told_before, told_after = case.surrogate.answers(before_frame), case.surrogate.answers(after_frame)
    known = case.surrogate.outcome
    if known.truth.current is not None and known.truth.reference is not None:
        truth = known.truth.current[rows]
        if pd.notna(truth).sum() >= MIN_ROWS:
            # On rows that it was fitted on, a surrogate is better than it is.
            held = case.surrogate.held
            held = held if held.size >= MIN_ROWS else np.arange(len(case.samples.reference))
            home = row_loss(known, known.truth.reference[held], case.surrogate.answers(case.samples.reference.iloc[held]))
            was, now = row_loss(known, truth, told_before), row_loss(known, truth, told_after)
            reference, before = intervals.mean(home), intervals.mean(was)
            return _share(known.loss_name, reference, before, _weighted(now, weights))
    if hypothesis.undo.repair is None:
        return None  # Without labels a reweighted score distribution proves nothing.
    home_answers = case.surrogate.answers(case.samples.reference)
    return _shift(known.answer, home_answers, told_before, told_after)


def _can_be_replayed(hypothesis: Hypothesis) -> bool:
    return any(way is not None for way in (hypothesis.undo.repair, hypothesis.kept, hypothesis.undo.weights))


def _weighted(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Interval:
    known = np.isfinite(values)
    total = float(weights[known].sum())
    if total <= 0:
        return Interval(float("nan"), float("-inf"), float("inf"))
    centre = float(np.average(values[known], weights=weights[known]))
    spread = float(np.sqrt(np.average((values[known] - centre) ** 2, weights=weights[known])))
    # Effective number of rows under weights (Kish 1965, Survey Sampling).
    effective = total**2 / float((weights[known] ** 2).sum())
    half = 1.96 * spread / np.sqrt(max(effective, 1.0))
    return Interval(centre, centre - half, centre + half)


def _share(unit: str, reference: Interval, before: Interval, after: Interval) -> Replayed:
    excess = before.value - reference.value
    lost = before.low > reference.high
    won = (before.value - after.value) / excess if excess > 0 else 0.0
    return Replayed(Replay(unit, reference, before, after), float(np.clip(won, 0.0, 1.0)), lost)


def _shift(answer: Answer, home: NDArray[np.generic], before: NDArray[np.generic], after: NDArray[np.generic]) -> Replayed:
    """The same for the distance between the answers' distributions, where nobody knows the truth yet."""
    was, now = _distance(answer, home, before), _distance(answer, home, after)
    # What two random halves of the reference differ by: below it there is no shift to win back.
    floor = _distance(answer, home[::2], home[1::2])
    explains = float(np.clip((was - now) / (was - floor), 0.0, 1.0)) if was > 2 * floor else 0.0
    points = (Interval(v, v, v) for v in (floor, was, now))
    return Replayed(Replay("distance of the answers", *points), explains, was > 2 * floor + 0.02)


def _distance(answer: Answer, left: NDArray[np.generic], right: NDArray[np.generic]) -> float:
    if answer is Answer.LABEL:
        levels = sorted({*map(str, left), *map(str, right)})
        shares = [np.array([np.mean(side.astype(str) == level) for level in levels]) for side in (left, right)]
        return float(np.abs(shares[0] - shares[1]).sum() / 2)
    return ks(left.astype("float64"), right.astype("float64"))
