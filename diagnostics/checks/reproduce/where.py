"""Where differing answers sit: in one group of rows, or everywhere."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.samples import Samples
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.table import Kind

MIN_ROWS: Final = 30


def group_at_fault(
    drawn: Samples, incident: Incident, rows: NDArray[np.intp], off: NDArray[np.bool_], natural: intervals.Interval
) -> tuple[str | None, str | None]:
    """The group in which the differences sit, when the others have little more than the natural share: (level, column).

    rows: positions in the current frame, shape (k,); off: which of them differ, same shape.
    """
    if off.size < 2 * MIN_ROWS or off.mean() < natural.value + 0.05:
        return None, None
    stated = [name for name in incident.roles.segments if name in drawn.current]
    candidates = list(dict.fromkeys([*stated, *drawn.categories]))
    best: tuple[float, str, str] | None = None
    for name in candidates:
        if drawn.kinds.get(name) is Kind.TIME:
            continue
        levels = drawn.current[name].iloc[rows].astype(object)
        counts = levels.value_counts()
        for level, count in counts[:20].items():
            if not MIN_ROWS <= count <= off.size - MIN_ROWS:
                continue
            within = (levels == level).to_numpy(dtype=bool)
            there, elsewhere = float(off[within].mean()), float(off[~within].mean())
            # Nearly all of the excess sits in this group.
            excess = float((off[within] - natural.value).sum()) / max(float((off - natural.value).sum()), 1e-9)
            clear = there - elsewhere >= 0.3 and elsewhere <= natural.high + 0.05 and excess >= 0.8
            if clear and (best is None or there - elsewhere > best[0]):
                best = (there - elsewhere, str(level), name)
    return (None, None) if best is None else (best[1], best[2])
