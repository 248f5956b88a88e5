"""Fits current = ratio * reference + offset to two samples, in all rows or in a share of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.inputs.timeline import ks, ks_noise, thin

_UNITS: Final[Mapping[str, float]] = {
    "thousand": 1000.0,
    "million": 1e6,
    "hundred": 100.0,
    "ten": 10.0,
    "ten thousand": 1e4,
    "billion": 1e9,
    "1024": 1024.0,
    "1048576": 1048576.0,
    "inch to cm": 2.54,
    "foot to m": 0.3048,
    "mile to km": 1.609344,
    "pound to kg": 0.45359237,
    "ounce to g": 28.349523,
    "gallon to l": 3.785412,
    "minutes": 60.0,
    "hours in seconds": 3600.0,
    "days in hours": 24.0,
    "days in minutes": 1440.0,
    "days in seconds": 86400.0,
    "weeks": 7.0,
    "months": 12.0,
    "inches": 12.0,
    "knot to km/h": 1.852,
    "m/s to km/h": 3.6,
    "mph to m/s": 0.44704,
    "kcal to kJ": 4.184,
    "degrees to radians": float(np.pi / 180),
    "psi to kPa": 6.894757,
    "mmHg to kPa": 0.1333224,
    "yard to m": 0.9144,
    "acre to m2": 4046.856,
    "square foot to m2": 0.09290304,
}
RATIOS: Final = tuple(sorted({r for v in _UNITS.values() for r in (v, 1 / v)} | {-1.0}))
"""Ratios between units that people confuse (NIST SP 811, 2008, appendix B), both ways, and a lost sign."""

COMMON: Final = frozenset(
    r for v in (10.0, 100.0, 1000.0, 1e6, 24.0, 60.0, 3600.0, 2.54, 0.3048, 1.609344, 0.45359237) for r in (v, 1 / v)
)

MAPS: Final = ((1.8, 32.0), (1 / 1.8, -32 / 1.8), (1.0, 273.15), (1.0, -273.15), (1.8, -459.67))
"""Temperatures: °C, °F and kelvin, as (ratio, offset)."""


@dataclass(frozen=True, kw_only=True)
class Affine:
    """current = ratio * reference + offset in a `share` of the rows."""

    ratio: float
    offset: float
    share: float
    """0 to 1."""

    known: bool
    """Ratio and offset belong to two units."""

    distance: float
    """KS statistic between reference and current as they are."""

    left: float
    """The same after the map."""

    noise: float
    """What chance explains of it."""

    kind: str
    """ "scale", "offset", "affine", "standardised" or "range"."""


def fit(reference: NDArray[np.float64], current: NDArray[np.float64], *, sharp: bool) -> Affine | None:
    """The map that explains nearly all of the distance between two samples, None where there is none or no distance.

    `sharp`: the current rows follow a sudden change, before which they looked like the reference; only then is an unknown
    constant believed, because slow growth of a population looks the same.
    """
    x, y = thin(reference), thin(current)
    if x.size < 20 or y.size < 10 or x[0] == x[-1]:
        return None
    # Zero stays zero under every scale; a column that is mostly zero shows its unit in the rest.
    left, right = thin(reference[reference != 0]), thin(current[current != 0])
    zeros = abs(float(np.mean(x == 0)) - float(np.mean(y == 0)))
    scale = part = None
    if left.size >= 15 and right.size >= 15 and zeros <= 0.1 and left[0] < left[-1]:
        noise = ks_noise(left.size, right.size)
        distance = ks(left, right)
        if distance >= 0.06 + noise:
            scale = _scale(left, right, distance, noise, sharp)
            part = _part(left, right, distance, noise, sharp)
    noise, distance = ks_noise(x.size, y.size), ks(x, y)
    line = None if distance < 0.06 + noise else _temperature(x, y, distance, noise) or _line(x, y, distance, noise)
    if scale is not None:
        # A scale that is off by more than chance gives way to a line that is not.
        close = line is None or scale.left <= max(0.8 * scale.noise, line.left + 0.03) or abs(np.log(abs(scale.ratio))) > 3
        if line is None or (scale.known and close):
            return scale
    return line or part


def _temperature(x: NDArray[np.float64], y: NDArray[np.float64], distance: float, noise: float) -> Affine | None:
    slack = 1e-6 * float(np.std(y))
    fits = [(ks(ratio * x + offset, y, slack=slack), ratio, offset) for ratio, offset in MAPS]
    left, ratio, offset = min(fits)
    if distance < 0.1 + noise or left > 0.03 + noise or left > 0.3 * distance:
        return None
    return Affine(
        ratio=ratio,
        offset=offset,
        share=1.0,
        known=True,
        distance=distance,
        left=left,
        noise=noise,
        kind="affine" if ratio != 1 else "offset",
    )


def _scale(x: NDArray[np.float64], y: NDArray[np.float64], distance: float, noise: float, sharp: bool) -> Affine | None:
    left, right = np.abs(x), np.abs(y)
    shares = np.linspace(0.05, 0.95, 37)
    gaps = np.log(np.quantile(right, shares)) - np.log(np.quantile(left, shares))
    guess = float(np.exp(np.median(gaps)))
    negative = np.mean(x < 0) - np.mean(y < 0)
    flipped = np.mean(x < 0) - np.mean(y > 0)
    sign = -1.0 if abs(flipped) < abs(negative) - 0.05 else 1.0
    # The spread of the logs says how well a median ratio is known.
    blur = 1.25 * float(np.std(np.log(left))) * float(np.sqrt(1 / left.size + 1 / right.size))
    candidates = []
    for ratio in (*(r for r in RATIOS if r > 0), 1.0):
        miss = abs(np.log(guess / ratio))
        big = ratio >= 9 or ratio <= 1 / 9
        if (ratio == 1.0 and sign > 0) or miss > (0.35 + 3 * blur if big else 0.06 + min(3 * blur, 0.08)):
            continue
        rest = ks(np.sort(sign * ratio * x), y)
        if big:
            fits = rest <= 0.35 and rest <= 0.45 * distance + 0.5 * noise
        else:
            # A population can grow by a half; only a clear distance that all but disappears speaks for a unit.
            fits = distance >= 0.1 + 1.5 * noise and rest <= 0.02 + noise and rest <= 0.3 * distance
        if fits:
            # Between neighbours (1000 and 1024) the one that people meet more often.
            candidates.append((rest + 0.3 * miss + (0.0 if ratio in COMMON else 0.03), sign * ratio, rest))
    if candidates:
        _, ratio, rest = min(candidates)
        return Affine(
            ratio=ratio,
            offset=0.0,
            share=1.0,
            known=True,
            distance=distance,
            left=rest,
            noise=noise,
            kind="scale",
        )
    rest = ks(np.sort(sign * guess * x), y)
    exact = _lattice(x, y, guess)
    close = rest <= 0.03 + noise and rest <= 0.2 * distance and distance >= 0.15
    if (
        close
        and (exact is not None or not _familiar(x, y))
        and abs(np.log(guess)) > 0.04
        and (exact is not None or (sharp and np.ptp(gaps) < 0.1 + 4 * blur))
    ):
        return Affine(
            ratio=sign * (exact or guess),
            offset=0.0,
            share=1.0,
            known=False,
            distance=distance,
            left=rest,
            noise=noise,
            kind="scale",
        )
    return None


def _lattice(x: NDArray[np.float64], y: NDArray[np.float64], guess: float) -> float | None:
    """The ratio near `guess` by which the reference's very values became the current ones, None where they did not."""
    levels, counts = np.unique(x[x != 0], return_counts=True)
    new, new_counts = np.unique(y[y != 0], return_counts=True)
    if levels.size < 5 or levels.size > 0.7 * x.size or np.isin(new, levels).mean() > 0.3:
        return None
    top = levels[np.argmax(counts)]
    for candidate in new[np.argsort(-new_counts, kind="stable")[:5]]:
        ratio = float(candidate / top)
        if ratio <= 0 or abs(np.log(ratio / guess)) > 0.1:
            continue
        back = y / ratio
        index = np.clip(np.searchsorted(levels, back), 1, levels.size - 1)
        near = np.minimum(np.abs(levels[index] - back), np.abs(levels[index - 1] - back))
        if np.mean((near <= 1e-6 * np.abs(back)) | (y == 0)) > 0.8:
            return ratio
    return None


def _familiar(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """The current values are mostly those that the reference has: no map moved them."""
    expected = float(np.isin(x[::2], x[1::2]).mean())
    return expected >= 0.3 and float(np.isin(y, x).mean()) >= 0.5 * expected


def _part(x: NDArray[np.float64], y: NDArray[np.float64], distance: float, noise: float, sharp: bool) -> Affine | None:
    """A known ratio in a share of the rows: F(t) = (1 - w) F0(t) + w F0(t / ratio), w by least squares."""
    if np.unique(x).size < 5:
        return None
    points = np.unique(np.concatenate([x[:: max(1, x.size // 200)], y[:: max(1, y.size // 400)], y[-20:], y[:20]]))
    before = np.searchsorted(x, points, side="right") / x.size
    after = np.searchsorted(y, points, side="right") / y.size
    candidates = []
    for ratio in RATIOS:
        if 1 / 5 < abs(ratio) < 5 and not sharp:
            continue
        if ratio < 0 and np.mean(y < 0) < np.mean(x < 0) + 0.05:
            continue
        moved = np.searchsorted(np.sort(ratio * x), points, side="right") / x.size
        step = moved - before
        power = float(step @ step)
        if power == 0:
            continue
        share = float(np.clip((after - before) @ step / power, 0, 1))
        left = float(np.abs(after - before - share * step).max())
        # Only values that the reference never had can prove it.
        if ratio > 1:
            beyond = float(np.mean((y > x[-1]) | (y < min(x[0], 0))))
        else:
            floor = np.abs(x[x != 0]).min()
            beyond = float(np.mean((np.abs(y) < floor) & (y != 0)))
        proof = beyond >= 0.2 * share if not sharp else beyond >= 0.02 * share or distance > 0.25
        if share >= 0.05 and proof and left <= 0.03 + noise and left <= 0.35 * distance:
            candidates.append(
                (
                    left,
                    Affine(
                        ratio=ratio,
                        offset=0.0,
                        share=share,
                        known=True,
                        distance=distance,
                        left=left,
                        noise=noise,
                        kind="scale",
                    ),
                )
            )
    return min(candidates, key=lambda candidate: candidate[0])[1] if candidates else None


def _line(x: NDArray[np.float64], y: NDArray[np.float64], distance: float, noise: float) -> Affine | None:
    """Any straight line through the quantiles, as long as it fits to within chance."""
    if np.unique(x).size < 8 or distance < 0.12 + noise or _familiar(x, y):
        return None
    candidates = []
    for ratio, offset in _lines(x, y):
        slack = 2e-3 * abs(ratio) * float(np.std(x))
        candidates.append((ks(np.sort(ratio * x + offset), y, slack=slack), ratio, offset))
    if not candidates:
        return None
    left, ratio, offset = min(candidates)
    if left > 0.01 + noise or left > 0.2 * distance:
        return None
    kind = "offset" if abs(ratio - 1) < 0.02 else "affine"
    if abs(float(y.mean())) < 0.3 and 0.6 < float(y.std()) < 1.5 and (abs(float(x.mean())) > 1 or not 0.5 < float(x.std()) < 2):
        kind = "standardised"
    elif y[0] >= 0 and y[-1] <= 1 and y[-1] > 0.5 and (x[0] < 0 or x[-1] > 2):
        kind = "range"
    return Affine(
        ratio=ratio,
        offset=offset,
        share=1.0,
        known=kind in ("standardised", "range"),
        distance=distance,
        left=left,
        noise=noise,
        kind=kind,
    )


def _lines(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Candidates (ratio, offset): by the quantiles, and through the places of the most frequent values."""
    shares = np.linspace(0.02, 0.98, 49)
    a, b = np.quantile(x, shares), np.quantile(y, shares)
    if np.std(a) == 0 or np.std(b) == 0:
        return []
    ratio = float(np.std(b) / np.std(a)) * (1 if np.corrcoef(a, b)[0, 1] >= 0 else -1)
    lines = [(ratio, float(np.median(b - ratio * a)))]
    old, new = _frequent(x), _frequent(y)
    if old and new:
        lines.append((ratio, new[0] - ratio * old[0]))
        for i, j in ((0, 1), (0, 2), (1, 2)):
            if j < min(len(old), len(new)):
                slope = (new[j] - new[i]) / (old[j] - old[i])
                if 0.3 < slope / ratio < 3:
                    lines.append((slope, new[i] - slope * old[i]))
    return lines


def _frequent(x: NDArray[np.float64]) -> list[float]:
    """Up to three values that hold at least one row in a hundred, the most frequent first."""
    levels, counts = np.unique(x, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:3]
    return [float(levels[i]) for i in order if counts[i] >= max(3, 0.01 * x.size)]
