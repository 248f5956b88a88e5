"""Runs that learnt by heart, and runs that could not learn enough."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.training_history.curves import MOST, arrays
from diagnostics.clinic.training_history.history import VAL_LOSS, Curve, History
from diagnostics.clinic.training_history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.training_history.sentences import APART, HIGH_LEVEL, RISES
from diagnostics.clinic.training_history.shapes import smooth, width_of
from diagnostics.clinic.training_history.signs import Signs, known_score


def by_heart(
    history: History,
    s: Signs,
    at: Thresholds,
    *,
    patience: float = 0.15,
    least: int = 3,
    scores_apart: float = 0.1,
    levelled: float = 0.05,
    learns_on: float = 0.1,
    learns_much: float = 0.6,
    learnt: float = 0.5,
    far: float = 0.5,
) -> Iterator[Problem]:
    """Held-out loss above its lowest while the training loss goes on falling.

    patience, least: share and number of points past the lowest one that are the waiting of early stopping, not overfitting
    (Prechelt 1998, doi:10.1007/3-540-49430-8_3, waits for strips of 5 epochs). scores_apart: training score above the held-out
    one (UMLAUT warns of a tenth). levelled: what the held-out loss may still gain where both merely stand apart. learns_on:
    share of the training loss lost past that point at the least; learns_much: from which on half the usual rise is enough, as
    no healthy run of the tuning group lost more than 0.4 there. learnt: share of the first loss that is gone where the two
    stand apart. far: rise from which on there is hardly a doubt.
    """
    held = history.curve(VAL_LOSS)
    if not s.held or held is None or s.rise_from < 0:
        return
    n = len(held.x)
    place = _turn(s, n)
    # Patience of early stopping: the few points after the best one are the way a good run ends.
    late = n - 1 - place
    long_enough = late >= max(least, patience * n)
    rises = long_enough and ((s.rise > at.rise and s.went_on > learns_on) or (s.rise > at.rise / 2 and s.went_on > learns_much))
    scores_part = s.score is not None and s.val_score is not None and s.score - s.val_score > scores_apart
    apart = (
        s.gap > at.gap and s.drop > learnt and (s.went_on > learns_on or s.held_gain < levelled) and s.held_gain < 2 * levelled
    )
    if not rises and not (apart and (scores_part or s.score is None or s.rise > scores_apart)):
        return
    sure = 0.9 if rises and s.rise > far else 0.75 if rises else 0.65
    yield learnt_by_heart(history, held, s, sure, rises=rises)


def _turn(s: Signs, n: int) -> int:
    """Place of the lowest held-out loss among all `n` of the curve."""
    return min(int(s.rise_from * n / max(1, min(n, MOST))), n - 1)


def learnt_by_heart(history: History, held: Curve, s: Signs, sure: float, *, rises: bool) -> Problem:
    """rises: whether the held-out loss rose, or merely stands apart. held: its curve."""
    n, place = len(held.x), _turn(s, len(held.x))
    values = np.array(held.y)
    evidence: dict[str, Number] = {
        "epoch": held.x[place],
        "low": float(values[place]),
        "held": float(np.median(values[-max(1, n // 10) :])),
        "own": s.end,
        "rise": s.rise,
        "gap": s.gap,
    }
    return make(history, "overfitting", sure, held.x[place], held.x[-1], RISES if rises else APART, evidence)


def fell_back(
    s: Signs,
    *,
    points: int = 8,
    once_knew: float = 0.985,
    settled: float = 0.01,
    smooth_enough: float = 0.02,
    little: float = 0.4,
    above_low: float = 1.07,
    climbed: float = 0.35,
    steep: float = 1.6,
    jumping: float = 0.2,
) -> bool:
    """Whether the loss rose without a jump to a level where it stays: a penalty on the weights takes back what was learnt.

    points: fewer tell nothing. once_knew: lowest loss by the last, on both sides, of a run that now guesses. settled,
    smooth_enough: roughness that is no jump. little: share of the first loss taken away in the end. above_low, climbed: end by
    the lowest loss, and how much of the way is lost again. steep: highest loss by the first, jumping: share of jumps, from
    which on steps that are too long are the likelier reason. All set on the tuning group of benchmarks/training.
    """
    if s.points < points or s.drop >= little or s.peak >= steep or s.jumps >= jumping:
        return False
    guesses = s.near_chance and s.best < once_knew and s.late_rough < settled and abs(s.climb) < 2 and known_score(s) is not None
    return guesses or (s.rough < smooth_enough and s.end > above_low * s.low > 0 and s.climb > climbed)


def too_little(
    history: History,
    s: Signs,
    at: Thresholds,
    *,
    points: int = 8,
    still: float = 0.04,
    weak_level: float = 0.75,
    together: float = 0.35,
) -> Iterator[Problem]:
    """A plateau at a high level on both sides.

    points: fewer tell nothing. still: roughness of a plateau. weak_level: share of the first loss that is left, where no score
    tells how weak the model is. together: held-out minus training loss, above which it is not too little that is learnt. Set
    on the tuning group of benchmarks/training; AutoTrainer has no rule for it, UMLAUT's looks at the level alone.
    """
    if s.points < points:
        return
    level = s.end / s.base if s.base > 0 else 1.0
    plateau = s.gain < at.gain and s.rough < still
    score = known_score(s)
    weak = score < at.weak if score is not None else level > weak_level
    if plateau and level > at.level and weak and s.gap < together:
        yield high_level(history, s, 0.75 if score is not None else 0.6)


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
