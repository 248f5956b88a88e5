"""Runs that learnt by heart, and runs that could not learn enough."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.history.history import VAL_LOSS, History
from diagnostics.clinic.history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.history.sentences import APART, HIGH_LEVEL, RISES
from diagnostics.clinic.history.signs import Signs, arrays, known_score, smooth, width_of


def by_heart(history: History, s: Signs, at: Thresholds) -> Iterator[Problem]:
    held = history.curve(VAL_LOSS)
    if not s.held or held is None or s.rise_from < 0:
        return
    x = np.array(held.x)
    values = np.array(held.y)
    n = len(values)
    place = min(int(s.rise_from * len(x) / max(1, min(len(x), 600))), n - 1)
    # Patience of early stopping: the few points after the best one are the way a good run ends.
    late = n - 1 - place
    long_enough = late >= max(3, 0.15 * n)
    rises = s.rise > at.rise and s.went_on > 0.1 and long_enough
    scores_part = s.score is not None and s.val_score is not None and s.score - s.val_score > 0.1
    apart = s.gap > at.gap and s.drop > 0.5 and (s.went_on > 0.1 or s.held_gain < 0.05) and s.held_gain < 0.1
    if not rises and not (apart and (scores_part or s.score is None or s.rise > 0.1)):
        return
    sure = 0.9 if rises and s.rise > 0.5 else 0.75 if rises else 0.65
    evidence: dict[str, Number] = {
        "epoch": float(x[place]),
        "low": float(values[place]),
        "held": float(np.median(values[-max(1, n // 10) :])),
        "own": s.end,
        "rise": s.rise,
        "gap": s.gap,
    }
    says = RISES if rises else APART
    yield make(history, "overfitting", sure, float(x[place]), float(x[-1]), says, evidence)


def fell_back(s: Signs) -> bool:
    """Whether the loss rose without a jump to a level where it stays: a penalty on the weights takes back what was learnt."""
    # Guessing in the end, though at first it knew something on both sides.
    if (
        s.points >= 8
        and s.near_chance
        and s.best < 0.985
        and s.late_rough < 0.01
        and abs(s.climb) < 2
        and known_score(s) is not None
    ):
        return s.drop < 0.4 and s.peak < 1.6 and s.jumps < 0.2
    return (
        s.points >= 8
        and s.rough < 0.02
        and s.drop < 0.4
        and s.end > 1.07 * s.low > 0
        and s.climb > 0.35
        and s.peak < 1.6
        and s.jumps < 0.2
    )


def too_little(history: History, s: Signs, at: Thresholds) -> Iterator[Problem]:
    """A plateau at a high level on both sides."""
    if s.points < 8:
        return
    level = s.end / s.base if s.base > 0 else 1.0
    plateau = s.gain < at.gain and s.rough < 0.04
    score = known_score(s)
    known = score is not None
    weak = score < at.weak if score is not None else level > 0.75
    if plateau and level > at.level and weak and s.gap < 0.35:
        yield high_level(history, s, 0.75 if known else 0.6)


def high_level(history: History, s: Signs, sure: float) -> Problem:
    x, y = arrays(history)
    smoothed = smooth(y, width_of(len(y)))
    near = np.abs(smoothed - s.end) < 0.1 * max(s.base - s.low, s.end - s.low, 0.02 * abs(s.base))
    place = int(np.argmax(near))
    return make(
        history,
        "underfitting",
        sure,
        float(x[place]),
        float(x[-1]),
        HIGH_LEVEL,
        {
            "epoch": float(x[place]),
            "end": s.end,
            "first": s.base,
            "score": s.score,
            "level": s.end / s.base if s.base > 0 else None,
        },
    )
