"""What can be seen of a problem that the scoring table names and no rule does."""

from __future__ import annotations

from diagnostics.clinic.training_history.burst import leapt, leapt_over
from diagnostics.clinic.training_history.capacity import high_level, learnt_by_heart
from diagnostics.clinic.training_history.curves import arrays, ended_slow, rate
from diagnostics.clinic.training_history.history import VAL_LOSS, History
from diagnostics.clinic.training_history.layers import Depths
from diagnostics.clinic.training_history.pace import crawling, cut_off
from diagnostics.clinic.training_history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.training_history.sentences import (
    BEGAN_FAR,
    FIRST_LAYER,
    GREW,
    JUMPS,
    LEAPS,
    STAYS_DEAD,
    STAYS_VANISHED,
    UNITS_DEAD,
)
from diagnostics.clinic.training_history.shaky import first_jump
from diagnostics.clinic.training_history.signs import Signs, known_score


def stated(code: str, history: History, s: Signs | None, deep: Depths | None) -> Problem | None:
    """The problem with the sentence whose facts hold; None where there is nothing to show for it, so that it is not named."""
    if s is None:
        return None
    match code:
        case "overfitting":
            return _by_heart(history, s)
        case "underfitting":
            return _little(history, s)
        case "learning_rate_too_low" | "stopped_too_early":
            return _on_its_way(code, history, s, deep)
        case "dead_units" | "vanishing_gradient":
            return _stuck(code, history, s, deep)
        case "exploding_gradient":
            return _exploded(history, s)
        case "unstable_training" | "learning_rate_too_high":
            return _moved_too_far(code, history, s, deep)
    return None


def _by_heart(history: History, s: Signs, *, risen: float = 0.05, apart: float = 0.2) -> Problem | None:
    """risen, apart: least rise above the lowest, and least distance from the training loss, that a picture shows."""
    held = history.curve(VAL_LOSS)
    if not s.held or held is None or s.rise_from < 0:
        return None
    rises = s.rise > risen and s.went_on > 0
    return learnt_by_heart(history, held, s, 0.0, rises=rises) if rises or s.gap > apart else None


def _little(
    history: History, s: Signs, *, points: int = 8, left: float = 0.5, falls: float = 0.03, well: float = 0.8
) -> Problem | None:
    """points: fewer are no plateau. left, falls, well: share of the first loss that is left, fall over the last third, and score,
    from which on a loss stays at no high level.
    """
    score = known_score(s)
    stays = s.points >= points and s.end > left * s.base and s.last_fall < falls and (score is None or score < well)
    return high_level(history, s, 0.0) if stays else None


def _on_its_way(code: str, history: History, s: Signs, deep: Depths | None) -> Problem | None:
    x, _ = arrays(history)
    if s.drop <= 0 or s.speed <= 0 or ended_slow(history):
        return None
    if code == "stopped_too_early":
        return cut_off(history, s, 0.0, x)
    return crawling(history, s, 0.0, x, deep.update if deep is not None else float("nan"))


def _stuck(
    code: str, history: History, s: Signs, deep: Depths | None, *, most: float = 0.5, stays: float = 0.15, moves: float = 0.06
) -> Problem | None:
    """most: share of dead units, and the first layer's gradient by the last one's, from which on they are named. stays: whole
    move of a loss, by itself, that still may be called staying; moves: what a score gains from which on something is learnt.
    """
    x, _ = arrays(history)
    begin, last = float(x[0]), float(x[-1])
    if deep is not None and history.layers:
        if code == "dead_units" and deep.dead >= most:
            dead: dict[str, Number] = {"share": deep.dead, "layer": deep.dead_layer, "first": deep.dead_first}
            return make(history, code, 0.0, deep.dead_from or begin, last, UNITS_DEAD, dead)
        if code == "vanishing_gradient" and deep.span < most:
            return make(history, code, 0.0, begin, last, FIRST_LAYER, {"share": deep.span, "largest": deep.largest})
        return None
    if s.flat > stays or (s.levels > Thresholds().levels and (s.score_move or 0.0) > moves):
        return None
    evidence: dict[str, Number] = {"first": s.base, "end": s.end, "move": s.flat, "step": s.still, "score": s.score}
    return make(history, code, 0.0, begin, last, STAYS_DEAD if code == "dead_units" else STAYS_VANISHED, evidence)


def _exploded(history: History, s: Signs, *, far: float = 10.0) -> Problem | None:
    """far: the first loss by the last, or the highest by the first, that shows it."""
    x, y = arrays(history)
    if s.base > far * s.end > 0:
        evidence: dict[str, Number] = {"first": s.base, "end": s.end}
        return make(history, "exploding_gradient", 0.0, float(x[0]), float(x[-1]), BEGAN_FAR, evidence)
    if float(y.max()) > far * s.base > 0:
        place = int(y.argmax())
        told: dict[str, Number] = {"epoch": float(x[place]), "worst": float(y[place]), "rate": rate(history)}
        return make(history, "exploding_gradient", 0.0, float(x[place]), float(x[-1]), GREW, told)
    return None


def _moved_too_far(
    code: str, history: History, s: Signs, deep: Depths | None, *, far: float = 3.0, out: float = 0.02, whole: float = 0.15
) -> Problem | None:
    """far: the first loss by all that follow, that threw a run off. out: share of points that stand out of the curve. whole:
    size of an update by the weights' that overthrows them.
    """
    x, y = arrays(history)
    if s.jumps >= out:
        first = first_jump(x, y, s)
        evidence: dict[str, Number] = {
            "epoch": first,
            "jumps": s.jumps,
            "noise": s.rough,
            "end": s.end,
            "first": s.base,
            "peak": s.peak * abs(s.base),
            "rate": rate(history),
        }
        says = LEAPS if code == "learning_rate_too_high" else JUMPS
        return make(history, code, 0.0, first, float(x[-1]), says, evidence) if says is LEAPS or s.drop > 0 else None
    if code == "learning_rate_too_high" and s.burst >= far:
        return leapt(history, s, 0.0)
    if code == "learning_rate_too_high" and deep is not None and deep.update > whole:
        return leapt_over(history, deep.update, 0.0)
    return None
