"""Runs whose loss jumps: steps that are too long, or training that is unstable."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.history.history import History
from diagnostics.clinic.history.layers import Depths
from diagnostics.clinic.history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.history.sentences import JUMPS, LEAPS
from diagnostics.clinic.history.signs import FEW, Numbers, Signs, arrays, by_steps, known_score, rate, smooth, width_of
from diagnostics.words import N_


def shaky(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    if s.points < (FEW if by_steps(history) else 8):
        return
    x, y = arrays(history)
    last = float(x[-1])
    update = deep.update if deep is not None else np.nan
    overthrown = bool(update > at.update) and (s.rough > 0.008 or s.peak > 1.5)
    rough = (s.rough > at.rough and s.jumps >= at.jumps) or (s.bounces >= 0.12 and s.jumps >= at.bounce * 0.8)
    held_rough = s.held_noise > 0.05 and s.jumps >= at.bounce / 2
    poor = (s.base - s.low) < at.learnt * abs(s.base) and s.drop < 0.3
    worse = s.drop < 0.05 or s.peak > 1.5 or s.climb > 0.35
    first = _first_jump(x, y, s)
    evidence: dict[str, Number] = {
        "epoch": first,
        "jumps": s.jumps,
        "noise": s.rough,
        "end": s.end,
        "first": s.base,
        "peak": s.peak * abs(s.base),
        "rate": rate(history),
        "update": None if not np.isfinite(update) else update,
    }
    too_high, unstable = LEAPS, JUMPS
    if overthrown and (poor or rough or worse or s.early_share > 0.8):
        yield make(history, "learning_rate_too_high", 0.9, first, last, too_high, evidence)
        if rough:
            yield make(history, "unstable_training", 0.4, first, last, unstable, evidence)
    elif rough or held_rough or restless(s, at):
        # Above where it began, at any time, it does not merely jump about.
        above = s.peak > 1.3 or s.end > 1.05 * s.base
        score = known_score(s)
        learns = score is not None and score >= 0.8 and not above
        leaps = not learns and (poor or above)
        high = 0.75 if leaps and worse else 0.65 if leaps else 0.4
        yield make(history, "learning_rate_too_high", high, first, last, too_high, evidence)
        yield make(history, "unstable_training", 0.5 if leaps else 0.75, first, last, unstable, evidence)
    elif burst_and_stuck(s, y):
        # The first steps threw the weights far off; from there the way back is closed.
        yield make(
            history, "learning_rate_too_high", 0.85 if overthrown or deep is None else 0.7, float(x[0]), last, too_high, evidence
        )
    elif s.climb > 0.5 and s.drop < 0.3 and s.rough > 0.01 and not s.held:
        yield make(history, "learning_rate_too_high", 0.55, first, last, too_high, evidence)


def restless(s: Signs, at: Thresholds) -> bool:
    """Whether the loss goes up again and again by a good part of the way, and by much of itself or of the held-out loss."""
    return s.kicks >= at.kicks and (s.held_kicks >= at.kicks or s.own_kicks >= at.kicks)


def burst_and_stuck(s: Signs, y: Numbers) -> bool:
    """Whether the first point lies far above all that follow, which end where guessing does or worse than in between."""
    if len(y) < 6 or s.end <= 0 or s.base < 2.5 * s.end:
        return False
    k = max(1, len(y) // 10)
    later = y[k:]
    guessing = s.near_chance if known_score(s) is not None else abs(s.end - 1) < 0.05
    lowest = float(smooth(later, width_of(len(later))).min())
    stuck = guessing or (s.end > 1.25 * lowest and s.end - lowest > 0.04 * s.base)
    score = known_score(s)
    weak = score is None or score < 0.75
    return stuck and weak and float(np.median(later)) < 0.5 * s.base and s.end > 0.6 * float(np.median(later))


def leapt(history: History, s: Signs, sure: float) -> Problem:
    """A run that its first steps threw off."""
    x, _ = arrays(history)
    evidence: dict[str, Number] = {"epoch": float(x[0]), "first": s.base, "end": s.end, "rate": rate(history)}
    says = N_(
        "The loss begins at {first:number}, far above what guessing costs, and stays at {end:number}: the first steps were so "
        "long that there is no way back."
    )
    return make(history, "learning_rate_too_high", sure, float(x[0]), float(x[-1]), says, evidence)


def _first_jump(x: Numbers, y: Numbers, s: Signs) -> float:
    off = y[1:-1] - (y[:-2] + y[2:]) / 2
    up = np.flatnonzero(off > 0.05 * max(abs(s.base), abs(s.end)))
    return float(x[int(up[0]) + 1]) if len(up) else float(x[0])
