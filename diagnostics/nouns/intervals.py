"""How sure a number is: intervals for shares and means, and the correction for looking at many things."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Pages that show no number yet read this module too; they need not wait for numpy to load.
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% interval."""

    value: float
    low: float
    high: float

    def apart(self, other: Interval) -> bool:
        """The two intervals do not touch: a difference that is no chance."""
        return self.low > other.high or other.low > self.high


def share(hits: float, total: float, *, z: float = 1.959964) -> Interval:
    """Wilson's interval for a share (doi:10.1080/01621459.1927.10502953); (nan, 0, 1) for no rows."""
    if total <= 0:
        return Interval(float("nan"), 0.0, 1.0)
    p = hits / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return Interval(p, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def mean(values: NDArray[np.float64], *, z: float = 1.959964) -> Interval:
    """Normal interval for the mean of the finite `values`; (nan, -inf, inf) for fewer than two."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return Interval(float(finite.mean()) if finite.size else float("nan"), -float("inf"), float("inf"))
    centre, half = float(finite.mean()), z * float(finite.std(ddof=1)) / float(np.sqrt(finite.size))
    return Interval(centre, centre - half, centre + half)


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float], rows: int, rng: np.random.Generator, *, draws: int = 200
) -> Interval:
    """Percentile interval of `statistic`, which is given row numbers, shape (rows,) (Efron 1979, doi:10.1214/aos/1176344552)."""
    import numpy as np

    value = statistic(np.arange(rows))
    drawn = [statistic(rng.integers(0, rows, rows)) for _ in range(draws)]
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Interval(float(value), float(low), float(high))


def benjamini_hochberg(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values corrected for looking at many things, same order (doi:10.1111/j.2517-6161.1995.tb02031.x)."""
    import numpy as np

    p = np.asarray(p_values, dtype="float64")
    if not p.size:
        return p
    order = np.argsort(p)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    corrected = np.minimum.accumulate(scaled[::-1])[::-1]
    result = np.empty_like(p)
    result[order] = np.minimum(corrected, 1.0)
    return result
