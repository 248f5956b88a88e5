"""Runs that their first steps threw far off."""

from __future__ import annotations

from typing import Final

import numpy as np

from diagnostics.clinic.training_history.curves import arrays, rate
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.training_history.shapes import Numbers, smooth, width_of
from diagnostics.clinic.training_history.signs import CHANCE_LEVELS, Signs, known_score
from diagnostics.nouns.words import N_

HALVED: Final = 0.5
"""Squared error of the mean for a standardised target as scikit-learn counts it, by half."""


def thrown_off(s: Signs, y: Numbers, at: Thresholds) -> bool:
    """Whether the first loss towers over all that follow, and what follows learns nothing."""
    if burst_and_stuck(s, y):
        return True
    if s.burst < at.burst or len(y) < 6:
        return False
    score = known_score(s)
    guessing = (*CHANCE_LEVELS, HALVED) if score is None else CHANCE_LEVELS
    return (score is None or score < 0.75) and any(abs(s.end / level - 1) < at.guessing for level in guessing)


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


def leapt_over(history: History, update: float, sure: float) -> Problem:
    """A run whose first updates were as large as the weights."""
    x, _ = arrays(history)
    evidence: dict[str, Number] = {"epoch": float(x[0]), "update": update, "rate": rate(history)}
    says = N_(
        "At the beginning one update was {update:number} times as large as the weights it changed: what they held was lost at "
        "once."
    )
    return make(history, "learning_rate_too_high", sure, float(x[0]), float(x[-1]), says, evidence)
