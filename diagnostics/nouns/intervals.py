"""How sure a number is: intervals for shares and means, and the correction for looking at many things."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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


FEW: Final = (0.0, 0.0513, 0.3554, 0.8177)
"""Mean of a Poisson count that reaches 0, 1, 2 or 3 once in 20 times: half the 5% quantile of chi-square with twice as many
degrees of freedom."""


def share(hits: float, total: float, *, z: float = 1.959964) -> Interval:
    """Wilson's interval for a share (doi:10.1080/01621459.1927.10502953); (nan, 0, 1) for no rows.

    With one, two or (above 50 rows) three hits or misses the near end is Poisson's, where Wilson's misses shares close to 0 or 1
    (the modified interval of Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286).
    """
    if total <= 0:
        return Interval(float("nan"), 0.0, 1.0)
    p = hits / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    low, high = max(0.0, float(centre - half)), min(1.0, float(centre + half))
    few = 2 if total <= 50 else 3
    if 1 <= hits <= few:
        low = min(low, FEW[int(hits)] / total)
    if 1 <= total - hits <= few:
        high = max(high, 1 - FEW[int(total - hits)] / total)
    return Interval(p, low, high)


def mean(values: NDArray[np.float64]) -> Interval:
    """Interval for the mean of the finite `values`, corrected for their skewness; (nan, -inf, inf) for fewer than two.

    Student's t after Hall's cubic transformation (1992, doi:10.1111/j.2517-6161.1992.tb01872.x), which takes the skewness out
    of the studentised mean and can be inverted: of skewed values the interval reaches further to the side of the long tail.
    """
    import numpy as np
    from scipy.special import stdtrit

    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return Interval(float(finite.mean()) if finite.size else float("nan"), -float("inf"), float("inf"))
    centre, spread, root = float(finite.mean()), float(finite.std()), math.sqrt(finite.size)
    if spread <= 0:
        return Interval(centre, centre, centre)
    skewness = float((((finite - centre) / spread) ** 3).mean())
    error = float(finite.std(ddof=1)) / root
    t = float(stdtrit(finite.size - 1, 0.975))
    return Interval(centre, centre - error * _unskewed(t, skewness, root), centre - error * _unskewed(-t, skewness, root))


def _unskewed(t: float, skewness: float, root: float) -> float:
    """Hall's transformation inverted at `t`, with a = 1/3 and b = 1/6 for a mean; `root`: square root of the number of values."""
    if abs(skewness) < 1e-6:
        return t
    bent = 1 + skewness * (t / root - skewness / (6 * root * root))
    return 3 * root / skewness * (math.copysign(abs(bent) ** (1 / 3), bent) - 1)


def positive_mean(values: NDArray[np.float64], rng: np.random.Generator, *, draws: int = 1_000) -> Interval:
    """Interval for the mean of `values`, finite and none below 0, whose tail may be heavy; (nan, 0, inf) for none, and no upper
    limit for fewer than two above 0.

    Studentised bootstrap of the logarithm of the mean (Hall 1988, doi:10.1214/aos/1176350933), twice: from the values as they
    are, and with the largest drawn from a Pareto tail fitted by Hill's estimator (1975, doi:10.1214/aos/1176343247), as Davidson
    and Flachaire propose for heavy tails (2007, doi:10.1016/j.jeconom.2007.01.009). The interval holds both, as neither is
    sure to see a tail that the values hardly show. Where most values are 0, their share and the mean of the others are joined
    by the method of variance estimates recovery (Zou and Donner 2008, doi:10.1002/sim.3095) on the logarithmic scale.
    """
    import numpy as np

    above = values[values > 0]
    if above.size < 2:
        return Interval(float(values.mean()) if values.size else float("nan"), 0.0, float("inf"))
    if 2 * above.size > values.size:
        return _heavy(np.sort(values)[::-1], rng, draws)
    seen, size = share(above.size, values.size), _heavy(np.sort(above)[::-1], rng, draws)
    centre = seen.value * size.value
    down = math.hypot(math.log(seen.value / seen.low), math.log(size.value / size.low) if size.low > 0 else math.inf)
    up = math.hypot(math.log(seen.high / seen.value), math.log(size.high / size.value))
    return Interval(centre, centre * math.exp(-down), centre * math.exp(up) if up < FARTHEST else math.inf)


FARTHEST: Final = math.log(1e6)
"""An upper limit a million times the mean says that there is none."""

SINGLE: Final = 1_000
"""Values that are drawn one by one, the largest; the sum of all that are smaller is normal enough to be drawn as one number."""


def _heavy(values: NDArray[np.float64], rng: np.random.Generator, draws: int) -> Interval:
    """`positive_mean` for values sorted from high to low, at least two of them above 0."""
    import numpy as np

    n = values.size
    # A scale that keeps squares of large and small values within what a float can hold.
    unit = float(values.mean())
    v = values / unit
    error = float(v.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        return Interval(unit, unit, unit)
    top = min(max(5, math.isqrt(n)), n // 2, int((v > 0).sum()) - 1)
    single, rest = v[top:SINGLE], v[SINGLE:]
    drawn = _times(rng, (draws, single.size))
    body = np.column_stack([drawn.sum(axis=1), drawn @ single, drawn @ single**2])
    largest = _times(rng, (draws, top))
    counts = largest.sum(axis=1)
    plain = np.column_stack([counts, largest @ v[:top], largest @ v[:top] ** 2])
    edge = float(v[top])
    logs = float(np.log(v[:top] / edge).sum())
    # At 1 a Pareto tail has no mean; so few values as 30 can't show one that is near it.
    index = max(1.1 if n >= 30 else 1.5, (top - 1) / logs) if logs > 0 else math.inf
    there = np.arange(int(counts.max()))[None] < counts[:, None]
    far = np.where(there, edge * (1 - rng.random(there.shape)) ** (-1 / index), 0.0)
    fitted = np.column_stack([counts, far.sum(axis=1), (far**2).sum(axis=1)])
    middle = (float(v[top:].sum()) + top * edge * (index / (index - 1) if math.isfinite(index) else 1.0)) / n
    if rest.size:
        left = np.maximum(n - body[:, 0] - counts, 1)
        pair = np.stack([rest, rest**2])
        noise = rng.multivariate_normal([0.0, 0.0], np.cov(pair), size=draws, method="svd") * np.sqrt(left)[:, None]
        body += np.column_stack([left, left[:, None] * pair.mean(axis=1) + noise])
    low, high = math.inf, -math.inf
    for sums, true in ((body + plain, 1.0), (body + fitted, middle)):
        count = np.maximum(sums[:, 0], 2)
        means = np.maximum(sums[:, 1] / count, 1e-12)
        errors = np.sqrt(np.maximum(sums[:, 2] / count - means**2, 0) / (count - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.log(means / true) * means / errors
        t = t[np.isfinite(t)]
        if t.size:
            ends = np.quantile(t, [0.025, 0.975])
            low, high = min(low, -error * float(ends[1])), max(high, -error * float(ends[0]))
    return Interval(unit, unit * math.exp(min(low, 0.0)), unit * math.exp(max(high, 0.0)) if high < FARTHEST else math.inf)


def _times(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """How often each row is drawn: Poisson of mean 1, read off a table, which is several times faster than drawing it."""
    import numpy as np

    steps = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(9)])
    table = np.searchsorted(steps, (np.arange(65_536) + 0.5) / 65_536).astype("float64")
    return np.asarray(table[rng.integers(0, 65_536, shape, dtype="uint16")])


def odds(value: float, error: float, rows: int, *, bias: float = 0.0) -> Interval:
    """Interval for a value between 0 and 1: Student's t on the scale of the log odds, so that it stays inside.

    `error`, `bias`: standard error and bias of the log odds. `rows`: rows that the error rests on, at least 2.
    """
    from scipy.special import stdtrit

    spread, centre = float(stdtrit(rows - 1, 0.975)) * error, math.log(value / (1 - value)) - bias
    low, high = (1 / (1 + math.exp(-min(max(centre + side, -700.0), 700.0))) for side in (-spread, spread))
    return Interval(value, min(low, value), max(high, value))


def recovered(
    value: float, parts: Sequence[Interval], slopes: Sequence[float], shared: Mapping[tuple[int, int], float] | None = None
) -> Interval:
    """Interval for a sum of parts from the interval of each: the method of variance estimates recovery (Zou and Donner 2008,
    doi:10.1002/sim.3095). `slopes`: change of the sum by one unit of each part. `shared`: correlation of pairs of estimates.
    """
    down = [s * (p.value - p.low) if s >= 0 else s * (p.value - p.high) for p, s in zip(parts, slopes, strict=True)]
    up = [s * (p.high - p.value) if s >= 0 else s * (p.low - p.value) for p, s in zip(parts, slopes, strict=True)]
    ends = []
    for reach in (down, up):
        total = sum(d * d for d in reach)
        for (i, j), correlation in (shared or {}).items():
            # The distance to an end of a part with a negative slope runs the other way.
            sign = math.copysign(1.0, slopes[i]) * math.copysign(1.0, slopes[j])
            total += 2 * sign * correlation * reach[i] * reach[j]
        ends.append(math.sqrt(max(0.0, total)))
    return Interval(value, value - ends[0], value + ends[1])


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
