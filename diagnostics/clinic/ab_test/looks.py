"""Looking at a test more than once: the limits of a spending rule, the power that is left, and what looking without one costs.

Spending rules: Lan and DeMets 1983, doi:10.1093/biomet/70.3.659, with the shapes of O'Brien and Fleming 1979 and of Pocock 1977.
The chances are integrated look by look: Armitage, McPherson and Rowe 1969, doi:10.2307/2343787.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

POINTS: Final = 401
"""Points of the grid: limits are then right to three decimals."""

WIDEST: Final = 8.0
"""Standard deviations beyond which nothing happens."""


class Rule(StrEnum):
    OBRIEN = "obrien"
    POCOCK = "pocock"


def error_spent(rule: Rule, share: float, alpha: float) -> float:
    """Error of both sides together that may be spent once `share` of the rows is in."""
    if share >= 1:
        return alpha
    if rule is Rule.OBRIEN:
        return float(4 * norm.sf(norm.isf(alpha / 4) / np.sqrt(share)))
    return float(alpha * np.log(1 + (np.e - 1) * share))


def limits_of_looks(shares: Sequence[float], alpha: float, rule: Rule) -> tuple[float, ...]:
    """The size of z from which the test ends at each look. shares: of the planned rows at each look, rising, the last 1."""
    found: list[float] = []
    before, ahead = 0.0, _Walk(0.0)
    for share in shares:
        now = error_spent(rule, share, alpha)
        step = max(now - before, 1e-12)
        # What is left to spend may be smaller than a number can hold: no test stops there.
        limit = WIDEST if step < 1e-9 else float(brentq(_excess, 0.0, WIDEST, args=(ahead, share, step)))
        found.append(limit)
        ahead, before = ahead.within(share, limit), now
    return tuple(found)


def _excess(limit: float, walk: _Walk, share: float, wanted: float) -> float:
    return walk.beyond(share, limit) - wanted


def crossing_probability(shares: Sequence[float], limits: Sequence[float], drift: float = 0.0) -> float:
    """Chance that z leaves the limits at any look. drift: what z is expected to be when all rows are in."""
    total, walk = 0.0, _Walk(drift)
    for share, limit in zip(shares, limits, strict=True):
        total += walk.beyond(share, limit)
        walk = walk.within(share, limit)
    return min(1.0, total)


def drift_for_power(shares: Sequence[float], limits: Sequence[float], power: float) -> float:
    """The drift at which the test ends with the chance `power`."""
    return float(brentq(lambda drift: crossing_probability(shares, limits, drift) - power, 0.0, 12.0))


class _Walk:
    """The chances of z * sqrt(share), of tests that have not ended, on a grid; at the share 0 all is at 0."""

    def __init__(
        self,
        drift: float,
        share: float = 0.0,
        places: NDArray[np.float64] | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self.drift, self.share = drift, share
        self.places = np.zeros(1) if places is None else places
        self.weights = np.ones(1) if weights is None else weights

    def beyond(self, share: float, limit: float) -> float:
        """Chance that z lies outside of plus and minus `limit` when `share` of the rows is in."""
        step = share - self.share
        edge, middle, spread = limit * np.sqrt(share), self.places + self.drift * step, np.sqrt(step)
        outside = norm.sf((edge - middle) / spread) + norm.cdf((-edge - middle) / spread)
        return float(outside @ self.weights)

    def within(self, share: float, limit: float) -> _Walk:
        """The tests that go on from there: those between the limits."""
        step = share - self.share
        edge, middle = limit * np.sqrt(share), self.places + self.drift * step
        places = np.linspace(-edge, edge, POINTS)
        density = np.exp(-((places[:, None] - middle[None, :]) ** 2) / (2 * step)) / np.sqrt(2 * np.pi * step)
        # Simpson's rule: the ends count once, the points between four times and twice.
        rule = np.ones(POINTS)
        rule[1:-1:2], rule[2:-1:2] = 4, 2
        return _Walk(self.drift, share, places, density @ self.weights * rule * (places[1] - places[0]) / 3)
