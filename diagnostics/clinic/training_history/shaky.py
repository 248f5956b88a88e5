"""Runs whose loss jumps: steps that are too long, or training that is unstable."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.training_history.burst import thrown_off
from diagnostics.clinic.training_history.curves import FEW, arrays, by_steps, rate
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.layers import Depths
from diagnostics.clinic.training_history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.training_history.sentences import JUMPS, LEAPS
from diagnostics.clinic.training_history.shapes import Numbers
from diagnostics.clinic.training_history.signs import Signs, known_score


def shaky(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    if s.points < (FEW if by_steps(history) else 8):
        return
    x, y = arrays(history)
    last = float(x[-1])
    update = deep.update if deep is not None else np.nan
    overthrown = bool(update > at.update) and (s.rough > 0.008 or s.peak > 1.5)
    # Steps that are too long move the held-out loss as well; what it does not follow is the batches' noise.
    followed = not s.held or (s.held_rough > at.held_rough and s.held_kicks >= at.followed)
    rough = followed and ((s.rough > at.rough and s.jumps >= at.jumps) or (s.bounces >= 0.12 and s.jumps >= at.bounce * 0.8))
    held_rough = s.held_noise > 0.05 and s.jumps >= at.bounce / 2
    poor = (s.base - s.low) < at.learnt * abs(s.base) and s.drop < 0.3
    worse = s.drop < 0.05 or s.peak > 1.5 or s.climb > 0.35
    first = first_jump(x, y, s)
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
        # Long steps under which the loss was learnt all the same make a run that jumps, not one that is lost.
        jumps = (rough or restless(s, at)) and not poor and not worse and s.burst < at.burst
        yield make(history, "learning_rate_too_high", 0.6 if jumps else 0.9, first, last, too_high, evidence)
        if rough or jumps:
            yield make(history, "unstable_training", 0.75 if jumps else 0.4, first, last, unstable, evidence)
    elif rough or held_rough or restless(s, at):
        # Above where it began, at any time, it does not merely jump about.
        above = s.peak > 1.3 or s.end > 1.05 * s.base or s.burst >= at.burst
        score = known_score(s)
        learns = score is not None and score >= 0.8 and not above
        leaps = not learns and (poor or above)
        high = 0.75 if leaps and worse else 0.65 if leaps else 0.4
        yield make(history, "learning_rate_too_high", high, first, last, too_high, evidence)
        yield make(history, "unstable_training", 0.5 if leaps else 0.75, first, last, unstable, evidence)
    elif thrown_off(s, y, at):
        # The first steps threw the weights far off; from there the way back is closed.
        yield make(
            history, "learning_rate_too_high", 0.85 if overthrown or deep is None else 0.7, float(x[0]), last, too_high, evidence
        )
    elif s.climb > 0.5 and s.drop < 0.3 and s.rough > 0.01 and not s.held:
        yield make(history, "learning_rate_too_high", 0.55, first, last, too_high, evidence)


def restless(s: Signs, at: Thresholds) -> bool:
    """Whether the loss goes up again and again by a good part of the way, and by much of itself or of the held-out loss."""
    if s.held and (s.held_rough <= at.held_rough or s.held_kicks < at.followed):
        return False
    if s.held_kicks > 2 * at.kicks and s.held_rough > at.wild and s.kicks >= at.kicks / 2:
        return True
    return s.kicks >= at.kicks and (s.held_kicks >= at.kicks or s.own_kicks >= at.kicks)


def swings(s: Signs, at: Thresholds) -> bool:
    """Whether both losses go up so often that where the run stops decides, however much is learnt by heart."""
    return s.held_kicks >= at.swings and s.kicks >= at.kicks


def first_jump(x: Numbers, y: Numbers, s: Signs) -> float:
    """Where a point first stands out above its neighbours; the beginning where none does."""
    off = y[1:-1] - (y[:-2] + y[2:]) / 2
    up = np.flatnonzero(off > 0.05 * max(abs(s.base), abs(s.end)))
    return float(x[int(up[0]) + 1]) if len(up) else float(x[0])
