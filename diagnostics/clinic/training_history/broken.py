"""Runs whose numbers broke: NaN, infinity, or a loss beyond all bounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diagnostics.clinic.training_history.curves import arrays, rate, training
from diagnostics.clinic.training_history.history import LOSS, VAL_LOSS, History
from diagnostics.clinic.training_history.layers import Depths
from diagnostics.clinic.training_history.problem import Number, Problem, Thresholds, make
from diagnostics.clinic.training_history.sentences import BREAKS_OUT, BREAKS_OUT_WITH, GREW, LOST
from diagnostics.clinic.training_history.signs import Signs


def broken(history: History, s: Signs | None, deep: Depths | None, at: Thresholds) -> Iterator[Problem]:
    """NaN, infinity, or a loss beyond all bounds."""
    main = training(history)
    lost = [curve.lost_at for curve in history.curves if curve.part in (LOSS, VAL_LOSS) and curve.lost_at is not None]
    x, y = arrays(history)
    classes = any(curve.rising for curve in history.curves)
    when: float | None = min(lost, default=None)
    worst = float(np.abs(y).max()) if len(y) else 0.0
    if when is None and len(y) > 1:
        start = float(np.abs(y[: max(1, len(y) // 20)]).min())
        grew = worst > at.giant * max(start, 1e-12) and float(np.median(np.abs(y[-max(1, len(y) // 10) :]))) > 0.1 * worst
        # A cross entropy of a thousand is beyond anything that learns; a squared error may be large by its unit.
        if grew or (classes and abs(y[0]) > 50) or (classes and worst > 1e3 and abs(s.end if s else worst) > 30) or worst > 1e15:
            when = float(x[int(np.argmax(np.abs(y) > (at.giant * max(start, 1e-12) if grew else 50.0)))])
    if when is None and deep is not None and deep.lost_at is not None:
        when = deep.lost_at
    burst = deep is not None and deep.largest > 1e4 and s is not None and s.drop < 0.5
    if when is None and not burst:
        return
    if when is None:
        when = float(x[0]) if len(x) else 1.0
    high = rate(history)
    # From a start like any other straight upwards, nothing ever learnt: the steps are too long. Broken from the first epoch,
    # or after
    # it had learnt: the gradients are.
    start = abs(s.base) if s is not None else np.inf
    usual = start < 30 if classes else worst > at.giant * start
    straight = s is not None and usual and s.points > 2 and s.low > 0.9 * s.base
    # Back from there at once, a loss that goes on moving was thrown by its rate; one that lies still, by what it began with.
    back = not lost and s is not None and 0 < s.end < at.recovered * worst and s.late_rough > at.restless_end
    blame_rate = (high is not None and high >= at.high_rate) or straight or back
    evidence: dict[str, Number] = {
        "epoch": when,
        "worst": worst if np.isfinite(worst) else None,
        "rate": high,
        "name": main.name if main else "",
    }
    says = LOST if lost else GREW
    last = float(x[-1]) if len(x) else when
    yield make(history, "exploding_gradient", 0.45 if blame_rate else 0.85, when, max(last, when), says, evidence)
    yield make(
        history,
        "learning_rate_too_high",
        0.8 if blame_rate else 0.4,
        when,
        max(last, when),
        BREAKS_OUT if high is None else BREAKS_OUT_WITH,
        evidence,
    )
