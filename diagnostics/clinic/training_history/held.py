"""What the held-out loss shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diagnostics.clinic.training_history.curves import MOST, blocks
from diagnostics.clinic.training_history.history import LOSS, VAL_LOSS, History
from diagnostics.clinic.training_history.shapes import Numbers, gain, kicks, last_fall, late, smooth, step, trend, width_of


class Held(NamedTuple):
    rise: float
    rise_from: int
    gap: float
    went_on: float
    held: bool
    held_noise: float
    rough: float
    flat: float
    held_gain: float
    trend: float
    last_fall: float
    kicks: float
    still: float
    best: float
    late: float


def held(history: History, base: float) -> Held:
    curve = history.curve(VAL_LOSS)
    nothing = Held(
        rise=0.0,
        rise_from=-1,
        gap=0.0,
        went_on=0.0,
        held=False,
        held_noise=0.0,
        rough=np.inf,
        flat=np.inf,
        held_gain=0.0,
        trend=0.0,
        last_fall=0.0,
        kicks=0.0,
        still=np.inf,
        best=1.0,
        late=0.0,
    )
    main = history.curve(LOSS)
    if curve is None or main is None or len(curve.y) < 3 or len(main.y) < 2:
        return nothing
    x, v = blocks(curve, MOST)
    s = smooth(v, width_of(len(v)))
    place = int(np.argmin(s))
    lowest, end = float(s[place]), float(np.median(s[-max(1, len(s) // 10) :]))
    made = max(float(v[0]) - lowest, base - lowest, 1e-300)
    t_x, t_y = blocks(main, MOST)
    own = np.interp(x, t_x, smooth(t_y, width_of(len(t_y))))
    off = v[1:-1] - (v[:-2] + v[2:]) / 2
    return Held(
        rise=(end - lowest) / max(min(made, abs(lowest)), 0.1 * made, 0.03 * abs(base), 1e-300),
        rise_from=place,
        gap=(end - float(own[-1])) / max(base - float(own[-1]), 0.1 * abs(base), 1e-300),
        went_on=float(np.clip((own[place] - own[-1]) / max(abs(own[place]), 1e-300), -1, 1)),
        held=True,
        held_noise=float(np.median(np.abs(off))) / max(made, 0.3 * abs(base)) if len(off) else 0.0,
        rough=_rough(off, end),
        flat=float(np.ptp(s[max(1, len(s) // 10) :])) / max(abs(end), 1e-300),
        held_gain=gain(s, max(made, 0.1 * abs(base))),
        trend=trend(v[max(1, len(v) // 10) :]),
        last_fall=last_fall(v),
        kicks=kicks(v, np.maximum(0.1 * np.abs(v[:-1]), 0.005 * abs(float(v[0])))),
        still=step(v),
        best=float(v.min()) / end if end > 0 else 1.0,
        late=late(s),
    )


def _rough(off: Numbers, end: float) -> float:
    past = np.abs(off[max(0, (len(off) + 2) // 5 - 1) :])
    return float(np.median(past)) / max(abs(end), 1e-300) if len(past) else np.inf
