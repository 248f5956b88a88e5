"""Runs that never learnt: units that are dead, gradients that vanish."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.training_history.burst import burst_and_stuck, leapt, leapt_over
from diagnostics.clinic.training_history.curves import arrays
from diagnostics.clinic.training_history.history import History
from diagnostics.clinic.training_history.layers import Depths
from diagnostics.clinic.training_history.pace import creeps_down
from diagnostics.clinic.training_history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.training_history.sentences import BEGAN_FAR, FIRST_LAYER, STAYS_DEAD, STAYS_VANISHED, UNITS_DEAD
from diagnostics.clinic.training_history.signs import Signs, known_score
from diagnostics.nouns.words import N_


def dead_or_vanished(history: History, s: Signs, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    x, y = arrays(history)
    begin, last = float(x[0]), float(x[-1])
    overthrown = burst_and_stuck(s, y) or (deep is not None and (deep.update > at.update or (s.peak > 1.5 and s.base > 0)))
    if deep is not None and history.layers:
        silent = deep.largest <= 0 or deep.typical < at.vanished
        if deep.dead >= at.dead and (s.drop < at.level or silent) and not (deep.span > 0 and deep.span < at.span and not silent):
            sure = 0.55 if overthrown else 0.95
            yield make(
                history,
                "dead_units",
                sure,
                deep.dead_from or begin,
                last,
                UNITS_DEAD,
                {"share": deep.dead, "layer": deep.dead_layer, "first": deep.dead_first},
            )
            if deep.update > at.beyond:
                # An update larger than the weights it changes kills the units: their death is what followed.
                yield leapt_over(history, deep.update, 0.8)
                return
            if not overthrown:
                return
        small = np.isfinite(deep.span) and deep.span < at.span
        if (small or deep.largest < at.vanished) and s.drop < at.level and not overthrown:
            yield make(
                history,
                "vanishing_gradient",
                0.95 if s.drop < 0.3 else 0.7,
                begin,
                last,
                FIRST_LAYER,
                {"share": deep.span if np.isfinite(deep.span) else 0.0, "largest": deep.largest},
            )
            return
    elif deep is not None and deep.largest < 1e-5 and s.drop < 0.3:
        if deep.typical <= 0:
            # Where gradients vanish on their way the last layer still gets some; here nothing answers at all.
            says = N_("The gradient is zero and the loss stays at {end:number}: no unit answers to any row.")
            yield make(history, "dead_units", 0.75, begin, last, says, {"largest": deep.largest, "end": s.end})
            return
        yield make(
            history,
            "vanishing_gradient",
            0.85,
            begin,
            last,
            N_("The gradient never exceeds {largest:number} and the loss hardly moves: nothing arrives at the layers."),
            {"largest": deep.largest},
        )
        return
    # Only the loss is left: it stands still from the start, or from where it fell back to guessing.
    at_rest = s.flat < at.rest and s.near_chance
    trend = creeps_down(s, at) and (not s.held or s.held_trend < at.trend / 2) and not at_rest
    healthy_layers = deep is not None and bool(history.layers) and deep.span > 0.1
    thrown = s.base > at.thrown * s.end
    moves = at.flat * 3 if thrown and s.near_chance else at.flat
    # A held-out loss that lies still under a noisy training loss: the noise is which rows a batch held.
    lies_still = s.held and s.held_flat < at.held_flat and s.drop < 2 * at.flat
    level = s.flat < moves and s.low > (1 - 0.8 * at.flat) * s.end
    learnt_nothing = (level or lies_still) and s.levels <= at.levels
    if not (s.points >= 5 and learnt_nothing and _at_chance(s, at) and not trend and s.rough < 0.05 and s.peak < 1.3):
        return
    evidence: dict[str, Number] = {"first": s.base, "end": s.end, "move": s.flat, "step": s.still, "score": s.score}
    if thrown and not s.near_chance:
        return
    # With every unit dead only the last layer's offsets move: the loss begins at guessing and stays as good as constant.
    # Vanishing gradients leave the last layer's weights at work: it begins above, and never lies quite still.
    # Where the batches' noise is not in the training loss, the speed tells: offsets alone drift to the level of guessing for
    # epochs, while a last layer whose inputs answer is there within the first.
    noisy = s.late_rough > at.visible
    quiet = noisy and (s.still < at.still or (s.score is None and s.still < at.beside * s.late_rough))
    begins = thrown or s.above < at.above or abs(s.end - 1) < at.beside_one or s.score is None
    still = s.constant > 0.5 or (quiet and begins) or (not noisy and s.flat > at.drifts)
    if s.base > at.giant * s.end and s.late_rough <= at.restless_end:
        yield make(history, "exploding_gradient", 0.7, begin, last, BEGAN_FAR, evidence)
        return
    if thrown and not still:
        yield leapt(history, s, 0.3 if healthy_layers else 0.7)
        return
    sure = 0.3 if healthy_layers else 0.65
    yield make(history, "vanishing_gradient", sure - 0.2 * still, begin, last, STAYS_VANISHED, evidence)
    yield make(history, "dead_units", sure - 0.2 * (not still), begin, last, STAYS_DEAD, evidence)


def _at_chance(s: Signs, at: Thresholds) -> bool:
    """Whether the run knows nothing at its end: the score stays put at a low level, or the loss where guessing lies."""
    score = known_score(s)
    if score is not None and s.score_move is not None:
        # The same answer for every row: the held-out score takes one value, though the training one found its way there.
        same = s.levels == 1 and s.drop < at.same
        return score < 0.9 and (s.score_move < 0.06 or same) and (score < 0.75 or s.near_chance)
    return s.near_chance or s.drop < at.flat
