"""From the signs of a run to its problems, the likeliest first.

The scoring table weighs all signs of a run together and says which problem is likeliest; the rules say what is seen of it, and
decide alone where no run was like it. Where gradients were recorded they tell most; where only losses and scores exist, their
shape is all there is and the confidence is lower. Among the rules a problem that brings others with it stands before them: what
broke the numbers before what is noisy, what never learnt before what learnt too little, what learnt by heart before what could
have gone on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from diagnostics.clinic.training_history.broken import broken
from diagnostics.clinic.training_history.capacity import by_heart, fell_back, high_level, too_little
from diagnostics.clinic.training_history.curves import by_steps
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.layers import Depths, depths
from diagnostics.clinic.training_history.measures import measures
from diagnostics.clinic.training_history.pace import slow
from diagnostics.clinic.training_history.points import HEALTHY, chances
from diagnostics.clinic.training_history.problem import Problem, Thresholds
from diagnostics.clinic.training_history.shaky import shaky, swings
from diagnostics.clinic.training_history.signs import Signs, signs
from diagnostics.clinic.training_history.stated import stated
from diagnostics.clinic.training_history.stuck import dead_or_vanished

__all__ = ["Problem", "Thresholds", "by_rules", "problems"]

NAMED_FROM: Final = 0.3
"""A second problem is named beside the first from this confidence of the rules on."""

BESIDE: Final = 0.15
"""The same for the chance that the scoring table gives it."""

ALARM: Final = 2.0
"""So many times likelier than no problem must the first be. With it 2 or 3 in 100 healthy runs were accused where a score or
layers are told, 4 or 5 where two losses are, when each file of runs was left out of the fit in turn; without it 3 to 8.
"""

SEVERAL: Final = 3

TWINS: Final = ({"dead_units", "vanishing_gradient"}, {"exploding_gradient", "learning_rate_too_high"})

FEWEST: Final = 4
WORST: Final = 100.0
LEARNT: Final = 0.7
"""Points, highest and lowest loss by the first; of 1,638 runs that the table was fitted to three broke after they had learnt."""


def problems(history: History, thresholds: Thresholds | None = None) -> tuple[Problem, ...]:
    """At most three, the likeliest first; empty for a healthy run, and for one too short to tell.

    A run told by the epoch goes through the scoring table, where all signs weigh together; the rules state what is seen. What
    steps or rounds tell is left to the rules alone, as no such runs were fitted to.
    """
    at = thresholds or Thresholds()
    told, deep = signs(history), depths(history)
    ruled = _ruled(history, told, deep, at)
    measured = measures(history, told, deep)
    if history.unit != "epoch" or by_steps(history) or _unlike(measured):
        return ruled
    said = {problem.code: problem for problem in ruled}
    ranked = chances(measured, {code: problem.confidence for code, problem in said.items()})
    found: list[Problem] = []
    doubt = ranked.pop(HEALTHY)
    for code, chance in ranked.items():
        shown = said.get(code) or (stated(code, history, told, deep) if chance >= BESIDE else None)
        if shown is None:
            doubt += chance  # What is likely and cannot be shown speaks for silence.
        elif not found and chance <= ALARM * doubt:
            break
        # What the rules take for its twin stands beside the first whatever its chance: curves alone cannot tell.
        elif chance >= BESIDE or not found or {code, found[0].code} in TWINS:
            found.append(replace(shown, confidence=round(chance, 3)))
    return tuple(found[:SEVERAL])


def _unlike(measured: Mapping[str, float]) -> bool:
    """Whether hardly any run that the table was fitted to was like it: a few points, or a loss that broke after it had learnt."""
    broke = measured.get("lost", 0.0) > 0 or measured.get("worst", 1.0) > WORST
    return measured.get("points", FEWEST) < FEWEST or (broke and measured.get("learnt_before", 1.0) < LEARNT)


def by_rules(history: History, thresholds: Thresholds | None = None) -> tuple[Problem, ...]:
    """What the rules alone name, as `problems`."""
    return _ruled(history, signs(history), depths(history), thresholds or Thresholds())


def _ruled(history: History, told: Signs | None, deep: Depths | None, at: Thresholds) -> tuple[Problem, ...]:
    best: dict[str, Problem] = {}
    for problem in _candidates(history, told, deep, at):
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
