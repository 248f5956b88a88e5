"""From one run to its problems, the likeliest first.

The symptoms say what can be seen, the scoring table how likely each problem is under all of them together. The table orders the
problems and gives the confidence; what is visible is named whatever it says, and a remedy that something visible forbids is never
given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.clinic.training_history.curves import by_steps
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.points import ALONE, HEALTHY, LAYERS, LOSSES, WITH_RATE, Table, chances, kind_of, tables
from diagnostics.clinic.training_history.problem import Problem
from diagnostics.clinic.training_history.signs import measured
from diagnostics.clinic.training_history.symptoms import (
    FEWEST,
    MISMATCHES,
    SYMPTOMS,
    Run,
    Symptom,
    broke_after_learning,
    contradicted,
    examine,
    gradient_is_lost,
    loss_grew_without_bound,
    loss_is_lost,
)

ALARM: Final = {LAYERS: 0.5, WITH_RATE: 0.6, LOSSES: 0.6, ALONE: 0.7}
ALARM_BY_STEPS: Final = 0.65
"""Chance that anything is wrong from which on the likeliest problem is named, by the kind of file, and where a point is some
steps rather than an epoch. Set on the group "choose" of benchmarks/training: about one healthy run in twenty is accused.
"""

DOUBT: Final = 0.45
"""The same from which on a run is not called healthy: it may be, or may have the likeliest problem."""

BESIDE: Final = 0.15
"""Chance from which on another problem is named beside the first."""

SPLIT: Final = 0.5
"""Confidence of the first problem below which it is not told from the second."""

SEEN: Final = 0.6
"""Confidence that what is visible shares at least."""

EVEN: Final = 0.1
"""Least share of it for each of several that are visible: the table knows few runs like most."""

CERTAIN: Final = 0.9
"""Confidence that numbers do not fit together where they do not."""

CLEARLY: Final = 0.6
"""Chance of a problem that stands before a visible one of a third of its chance."""

MOST: Final = 3

TWINS: Final = ({"dead_units", "vanishing_gradient"}, {"exploding_gradient", "learning_rate_too_high"})
"""Problems whose curves look alike: where one is named the other stands beside it if its symptoms are there."""

BREAKING: Final = ("exploding_gradient", "learning_rate_too_high")

BROKEN: Final = (loss_is_lost, loss_grew_without_bound, gradient_is_lost)
"""All that can be said of networks that play against each other, and of reinforcement learning: their losses need not fall."""


@dataclass(frozen=True)
class Diagnosis:
    """problems: at most three, the likeliest first; empty where nothing is named. unsure: two codes between which the run is
    split, HEALTHY one of them where nothing is named; empty where it is not split.
    """

    problems: tuple[Problem, ...] = ()
    unsure: tuple[str, ...] = ()


def problems(history: History) -> tuple[Problem, ...]:
    return diagnose(history).problems


def diagnose(history: History) -> Diagnosis:
    run = examine(history)
    present = [symptom for symptom in SYMPTOMS if symptom.problem(run, 0.0) is not None]
    if history.setting != "supervised":
        present = [symptom for symptom in present if symptom.test in BROKEN]
    elif not any(symptom.visible for symptom in present):
        for symptom in MISMATCHES:
            mismatch = symptom.problem(run, CERTAIN)
            if mismatch is not None:
                return Diagnosis((mismatch,))
    return decide(run, present, rank(run, present, tables()[kind_of(history)]))


def rank(run: Run, present: list[Symptom], known: Table) -> dict[str, float]:
    """Chance of each problem and of HEALTHY, those that are contradicted left out."""
    found = chances(measured(run.history, run.signs, run.layers), {symptom.name for symptom in present}, known)
    allowed = {code: chance for code, chance in found.items() if not contradicted(code, run)}
    if broke_after_learning(run):
        # Hardly a run that the tables were fitted to broke so late; those that did had either problem.
        both = sum(allowed[code] for code in BREAKING)
        allowed |= {code: share * both for code, share in zip(BREAKING, (0.55, 0.45), strict=True)}
    whole = sum(allowed.values())
    return {code: allowed[code] / whole for code in sorted(allowed, key=lambda code: -allowed[code])}


def decide(run: Run, present: list[Symptom], ranked: Mapping[str, float]) -> Diagnosis:
    shown: dict[str, Symptom] = {}
    for symptom in present:
        shown.setdefault(symptom.code, symptom)
    visible = {symptom.code for symptom in present if symptom.visible} & ranked.keys()
    likely = [code for code in ranked if code in shown and (_has_shape(run) or code in visible)]
    alarm = 1.0 - ranked[HEALTHY]
    if not likely or (alarm < alarm_at(run.history) and not visible):
        return Diagnosis((), (HEALTHY, likely[0]) if likely and alarm >= DOUBT else ())
    first = _first(likely, visible, ranked)
    others = [code for code in likely if code != first and (ranked[code] >= BESIDE or code in visible or {code, first} in TWINS)]
    named = [first, *others][:MOST]
    sure = _confidences(named, visible, ranked)
    found = [problem for code in named if (problem := shown[code].problem(run, sure[code])) is not None]
    split = len(found) > 1 and found[0].confidence < SPLIT
    return Diagnosis(tuple(found), (found[0].code, found[1].code) if split else ())


def alarm_at(history: History) -> float:
    """Chance that anything is wrong from which on a problem is named."""
    least = ALARM_BY_STEPS if by_steps(history) else 0.0
    return max(ALARM[kind_of(history)], least)


def _has_shape(run: Run) -> bool:
    """Whether its curves are long enough to be judged by their shape, and ought to fall: from three epochs or four steps on."""
    least = FEWEST - 1 if run.history.unit == "epoch" else FEWEST
    return run.history.setting == "supervised" and run.signs is not None and run.signs.points >= least


def _confidences(named: list[str], visible: set[str], ranked: Mapping[str, float]) -> dict[str, float]:
    """Their chances; of those that are visible not less than their share of SEEN. None is above the first."""
    seen = [code for code in named if code in visible]
    whole = sum(ranked[code] for code in seen) or 1.0
    least = EVEN if len(seen) > 1 else 1.0
    sure = {code: ranked[code] for code in named}
    for code in seen:
        sure[code] = max(ranked[code], SEEN * float(np.clip(ranked[code] / whole, least, 1.0 - EVEN if len(seen) > 1 else 1.0)))
    return {code: min(chance, sure[named[0]]) for code, chance in sure.items()}


def _first(likely: list[str], visible: set[str], ranked: Mapping[str, float]) -> str:
    """The likeliest that is visible, unless another is far likelier."""
    top = likely[0]
    seen = next((code for code in likely if code in visible), None)
    if seen is None or (ranked[top] >= CLEARLY and ranked[top] > 3 * ranked[seen]):
        return top
    return seen
