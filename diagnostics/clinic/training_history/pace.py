"""Runs that were too slow or too short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.training_history.curves import arrays, by_steps, ended_slow, rate
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.layers import Depths
from diagnostics.clinic.training_history.problem import Problem, Thresholds, make
from diagnostics.clinic.training_history.sentences import CREEPS, CUT
from diagnostics.clinic.training_history.shapes import Numbers
from diagnostics.clinic.training_history.signs import Signs, known_score


def slow(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    """A loss that still falls at the end: little by little for a long time, or fast and cut off."""
    x, _ = arrays(history)
    update = deep.update if deep is not None and history.layers else np.nan
    creeps = s.points >= 8 and s.early_share < 0.27 and creeps_down(s, at)
    if np.isfinite(update) and update < at.slow and s.drop < 0.75 and s.trend < at.trend / 2:
        yield crawling(history, s, 0.95, x, update)
        return
    if ended_slow(history):
        return
    gain = s.held_gain if s.held else s.gain
    unturned = not s.held or s.rise < 0.1
    fine = by_steps(history)
    if not fine and unturned and still_falling(s, at):
        yield from _unfinished(history, s, x, update, at)
        return
    fast = s.drop > 0.3 and s.gain > at.gain if fine else s.speed > at.speed
    # Of few epochs no trend can be drawn on; there the last third alone must have brought much.
    few = s.points <= 15 or (s.points <= 20 and s.drop > 0.5)
    short = few and not fine and s.last_fall > at.short and (s.points <= 8 or max(gain, s.gain) > 0.03)
    if unturned and (short or (fast and s.points > 8 and max(gain, s.gain) > 0.03)):
        yield cut_off(history, s, 0.85 if gain > at.gain or short else 0.65, x)
        if creeps and s.drop < 0.5:
            yield crawling(history, s, 0.4, x, update)
    elif creeps and _evenly(s) and (not fine or s.gain > 2 * at.gain):
        yield crawling(history, s, 0.85 if s.gain > at.gain else 0.6, x, update)
    elif gain > 1.5 * at.gain and s.gain > at.gain and unturned and s.points >= 8:
        yield cut_off(history, s, 0.55, x)


def still_falling(s: Signs, at: Thresholds) -> bool:
    """Whether as many epochs again would go on taking away, on both sides, and the second half did not bring little beside the
    first: healthy runs make a tenth of their way in their second half.
    """
    gain = min(s.gain, s.held_gain) if s.held else s.gain
    even = s.trend < at.evenly and (not s.held or s.held_trend < at.evenly)
    least, half = (at.on_even, at.half_even) if even else (at.on, at.half)
    if s.fastest > at.plateau and s.drop > at.left and s.points > at.long:
        # It left a plateau and went down from there: slow at first is how such runs are, not what is wrong with them.
        return False
    return s.points > 8 and not learnt_well(s, at) and gain > least and s.bend > half and s.rough < at.smooth


def learnt_well(s: Signs, at: Thresholds) -> bool:
    """Whether a run was so long, and its score rose so far, that most of what there was to learn is learnt."""
    score = known_score(s)
    return s.points > 3 * at.long and score is not None and score >= at.weak and (s.score_move or 0.0) >= at.won


def _unfinished(history: History, s: Signs, x: Numbers, update: float, at: Thresholds) -> Iterator[Problem]:
    """Which of two: a run of few epochs was cut off, one of many had steps that are too small. Both stand there, as curves alone
    do not tell a small step from a short run.
    """
    cut = s.points <= at.long if s.drop > at.little else False
    cut = cut or (s.drop > at.level and s.points <= 2 * at.long)
    yield cut_off(history, s, 0.8 if cut else 0.4, x)
    yield crawling(history, s, 0.4 if cut else 0.8, x, update)


def creeps_down(s: Signs, at: Thresholds) -> bool:
    """Whether the loss falls from point to point, however little, or the held-out one, which is free of the batches' noise,
    does.
    """
    falls = s.trend < at.trend and (s.drop > 0.01 or s.trend < -0.9)
    return s.late > at.late and (falls or (s.held_trend < -0.97 and s.drop > 0.005))


def _evenly(s: Signs) -> bool:
    """Whether the loss still falls on both sides, neither in leaps nor ever faster, with most of the way before it."""
    steady = s.trend < -0.98 and s.held_trend < -0.98 and s.gain > 0.018 and s.held_gain > 0.018
    goes_on = s.gain > 0.04 or s.drop < 0.1 or steady
    useful = not s.held or s.held_gain > 0.018 or (s.held_trend < -0.97 and s.drop < 0.25)
    return goes_on and useful and s.drop < 0.8 and s.rough < 0.03 and (s.bend < 1.5 or s.drop < 0.1)


def crawling(history: History, s: Signs, sure: float, x: Numbers, update: float) -> Problem:
    return make(
        history,
        "learning_rate_too_low",
        sure,
        float(x[0]),
        float(x[-1]),
        CREEPS,
        {
            "first": s.base,
            "end": s.end,
            "last": float(x[-1]),
            "gain": s.gain,
            "speed": s.speed,
            "update": None if not np.isfinite(update) else update,
            "rate": rate(history),
        },
    )


def cut_off(history: History, s: Signs, sure: float, x: Numbers) -> Problem:
    place = max(0, len(x) * 2 // 3 - 1)
    return make(
        history,
        "stopped_too_early",
        sure,
        float(x[place]),
        float(x[-1]),
        CUT,
        {
            "last": float(x[-1]),
            "end": s.end,
            "speed": s.speed,
            "gain": s.gain,
            "later": s.end - s.gain * max(s.base - s.low, 0.0),
        },
    )
