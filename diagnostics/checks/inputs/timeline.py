"""The rows of the current sample in order of time, and from which row on a fault is in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.onset import MIN_ROWS, as_datetime, onset
from diagnostics.measure.samples import Samples, times
from diagnostics.nouns.incident import Incident


@dataclass(frozen=True)
class Stretch:
    """The rows `start:` of a timeline. since: their first time, None where the table has no times. sharp: a change of level
    was found there, rather than merely the first row that carries the fault.
    """

    start: int
    since: datetime | None
    sharp: bool


@dataclass(frozen=True)
class Timeline:
    """order: rows of the sample sorted by time, shape (n,); file order where there is no time.
    clock: their times, datetime64[us], shape (n,); a count of rows where there is no time.
    """

    order: NDArray[np.intp]
    clock: NDArray[np.datetime64]
    timed: bool

    def ordered(self, values: pd.Series) -> NDArray[Any]:
        return np.asarray(values.to_numpy()[self.order])

    def at(self, row: int) -> datetime | None:
        if not self.timed or row >= self.clock.size or np.isnat(self.clock[row]):
            return None
        return as_datetime(self.clock[row])

    def change(self, values: NDArray[Any]) -> int | None:
        """The row (in order of time) from which the level of `values`, shape (n,), differs; None when it holds."""
        found = onset(self.clock, np.asarray(values, dtype="float64"))
        return None if found is None else int(np.searchsorted(self.clock, np.datetime64(found.since, "us")))

    def stretch(self, flagged: NDArray[np.bool_]) -> Stretch:
        """From where on `flagged`, shape (n,), in order of time, is commoner; from its first row where it keeps its level."""
        row = self.change(flagged)
        if row is not None and row >= MIN_ROWS and flagged[row:].mean() > flagged[:row].mean():
            # The change is placed to within chance; the fault itself begins with the first row that carries it.
            row += int(np.argmax(flagged[row:]))
            return Stretch(row, self.at(row), True)
        row = int(np.argmax(flagged)) if flagged.any() else 0
        return Stretch(row, self.at(row), False)


def timeline(incident: Incident, sample: Samples) -> Timeline:
    when = times(sample.current, incident.roles.timestamp)
    rows = len(sample.current)
    if when is None or np.isnat(when).all():
        return Timeline(np.arange(rows), np.arange(rows).astype("datetime64[s]").astype("datetime64[us]"), False)
    # NaT sorts last.
    order = np.argsort(when, kind="stable")
    return Timeline(order, when[order], True)


def ks(reference: NDArray[np.float64], current: NDArray[np.float64], *, slack: float = 0.0) -> float:
    """Kolmogorov-Smirnov statistic of two sorted samples without NaN, between 0 and 1; 0 when one is empty.

    Values within `slack` of each other (in the unit of the samples) count as equal, as in Lévy's distance: a map that is known
    to a few digits only must not tear apart the two places of one frequent value.
    """
    if not reference.size or not current.size:
        return 0.0
    points = np.concatenate([reference, current])
    if not slack:
        left = np.searchsorted(reference, points, side="right") / reference.size
        right = np.searchsorted(current, points, side="right") / current.size
        return float(np.abs(left - right).max())
    gaps = []
    for one, other in ((reference, current), (current, reference)):
        inner = np.searchsorted(one, points - slack, side="right") / one.size
        outer = np.searchsorted(other, points + slack, side="right") / other.size
        gaps.append(float((inner - outer).max()))
    return max(0.0, *gaps)


def ks_noise(n: int, m: int) -> float:
    """The KS statistic that chance passes once in a hundred (Smirnov 1948, doi:10.1214/aoms/1177730256)."""
    return float(1.63 * np.sqrt(1 / max(1, n) + 1 / max(1, m)))


def thin(values: NDArray[np.float64], rows: int = 4_000) -> NDArray[np.float64]:
    """The finite values sorted; at most `rows` of them, evenly spaced, which keeps every quantile to within 1 / rows."""
    present = np.sort(values[np.isfinite(values)])
    if present.size <= rows:
        return present
    chosen: NDArray[np.float64] = present[np.linspace(0, present.size - 1, rows).round().astype(int)]
    return chosen
