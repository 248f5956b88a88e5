"""The rows that a hypothesis is about: those of the current table from its onset on."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Case
from diagnostics.measure.samples import times


def affected(case: Case, since: datetime | None, *, most: int) -> NDArray[np.intp]:
    """Positions in the current sample at or after `since`, ascending, at most `most` of them evenly spread."""
    assert case.samples is not None
    when = times(case.samples.current, case.incident.roles.timestamp)
    rows = np.arange(len(case.samples.current))
    if since is not None and when is not None:
        rows = np.flatnonzero(when >= np.datetime64(since, "us"))
    if rows.size > most:
        rows = rows[np.linspace(0, rows.size - 1, most).astype(int)]
    return rows
