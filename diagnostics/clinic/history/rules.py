"""From the signs of a run to its problems, the likeliest first.

Where gradients were recorded they decide; where only losses and scores exist, their shape is all there is and the confidence
is lower. A
problem that brings others with it stands before them: what broke the numbers before what is noisy, what never learnt before what
learnt too little, what learnt by heart before what could have gone on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.clinic.history.broken import broken
from diagnostics.clinic.history.capacity import by_heart, fell_back, high_level, too_little
from diagnostics.clinic.history.history import History
from diagnostics.clinic.history.layers import Depths, depths
from diagnostics.clinic.history.pace import slow
from diagnostics.clinic.history.problem import Problem, Thresholds
from diagnostics.clinic.history.shaky import shaky, swings
from diagnostics.clinic.history.signs import Signs, signs
from diagnostics.clinic.history.stuck import dead_or_vanished

__all__ = ["Problem", "Thresholds", "problems"]

NAMED_FROM: Final = 0.3
"""A second problem is named beside the first from this confidence on."""

SEVERAL: Final = 3


def problems(history: History, thresholds: Thresholds | None = None) -> tuple[Problem, ...]:
    """At most three, the likeliest first; empty for a healthy run, and for one too short to tell."""
    at = thresholds or Thresholds()
    told = signs(history)
    deep = depths(history)
    found = list(_candidates(history, told, deep, at))
    best: dict[str, Problem] = {}
    for problem in found:
        if problem.code not in best or problem.confidence > best[problem.code].confidence:
            best[problem.code] = problem
    ordered = sorted(best.values(), key=lambda problem: (-problem.confidence, problem.code))
    if not ordered or ordered[0].confidence < 0.5:
        return ()
    return tuple(problem for place, problem in enumerate(ordered) if place == 0 or problem.confidence >= NAMED_FROM)[:SEVERAL]


def _candidates(history: History, s: Signs | None, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    gone = list(broken(history, s, deep, at))
    yield from gone
    if gone or s is None:
        return
    if fell_back(s):
        yield high_level(history, s, 0.75)
        return
    stuck = list(dead_or_vanished(history, s, deep, at))
    yield from stuck
    if stuck and max(problem.confidence for problem in stuck) >= at.sure:
        return
    heart = list(by_heart(history, s, at))
    jumping = list(shaky(history, s, deep, at))
    if heart and s.rise > at.rise and s.went_on > at.went_on and s.drop > at.level and not swings(s, at):
        # Few rows make noisy curves too; what is learnt by heart weighs more.
        yield from heart
        return
    yield from jumping
    if jumping and max(problem.confidence for problem in jumping) >= 0.6:
        return
    yield from heart
    if heart:
        return
    late = list(slow(history, s, deep, at))
    yield from late
    if late or stuck:
        return
    yield from too_little(history, s, at)
