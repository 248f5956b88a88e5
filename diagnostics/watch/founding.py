"""The z-score that is often advised for a watch, beside ours on the same batches: how many changes it misses.

It divides the distance of means by the spread of single values, where a mean of n values spreads only 1/sqrt(n) as much: it is
blind for what moves all values by less than three of their standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.nouns.table import Kind
from diagnostics.watch.measuring import reference_of
from diagnostics.watch.overview import Overview
from diagnostics.watch.summary import Summary, summarise

ALARM: Final = 3.0
"""Standard deviations at which it is said to alarm."""


@dataclass(frozen=True, kw_only=True)
class Founding:
    """alarmed: of each counted batch. changes: that ours raised. missed: of these, those in which it stayed silent throughout.
    alone: batches at which it alarmed while nothing stood.
    """

    alarmed: tuple[bool, ...]
    changes: int
    missed: int
    alone: int


@lru_cache(maxsize=8)
def compared(p: Overview) -> Founding | None:
    """Both on the batches of `p`. None without a course."""
    if p.course is None:
        return None
    against = reference_of(p.watch, p.history)
    table = against.incident.reference
    if table is None:
        return None
    return founding(p, summarise(engine.sample(table, seed=against.incident.seed), against.base))


def founding(p: Overview, reference: Summary) -> Founding | None:
    """reference: the whole of it in the same numbers. None without a course."""
    if p.course is None:
        return None
    numbers = np.array([scale.kind is Kind.NUMBER for scale in p.course.base.scales], dtype=bool)
    spread = np.where(reference.shown[:, 1] > 0, reference.shown[:, 1], np.inf)
    means = np.array([p.summaries[batch.name].shown[:, 0] for batch in p.counted])
    z: NDArray[np.float64] = np.nan_to_num((means - reference.shown[:, 0]) / spread)[:, numbers]
    alarmed = np.asarray((np.abs(z) > ALARM).any(axis=1), dtype=bool).reshape(-1)
    standing = np.zeros(len(p.counted), dtype=bool)
    missed = 0
    for alarm in p.course.detected.alarms:
        stretch = slice(alarm.since, alarm.over)
        standing[stretch] = True
        missed += not alarmed[stretch].any()
    return Founding(
        alarmed=tuple(bool(one) for one in alarmed),
        changes=len(p.course.detected.alarms),
        missed=missed,
        alone=int((alarmed & ~standing).sum()),
    )
