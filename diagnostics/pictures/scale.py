"""The ticks of an axis: where they stand, and what is written at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from babel.dates import format_skeleton

from diagnostics.pictures.marks import Axis

DAY: Final = 86_400
DATE_STEPS: Final = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY)
MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)


def ticks(axis: Axis, low: float, high: float, count: int, locale: str) -> list[tuple[float, str]]:
    """(units, label) of at most about `count` ticks between `low` and `high`, in the axis' units; those that it names first."""
    if axis.ticks:
        placed = [(axis.units(value), label) for value, label in axis.ticks]
        low, high = sorted((low, high))
        return [(units, label) for units, label in placed if units is not None and _inside(low, high, units)]
    low, high = sorted((low, high))
    if high <= low:
        return []
    if axis.log:
        return _powers(low, high, axis.form)
    return _dates(low, high, count, locale) if axis.time else _steps(low, high, count, axis.form)


def _inside(low: float, high: float, units: float) -> bool:
    room = 1e-9 * (high - low)
    return low - room <= units <= high + room


def _steps(low: float, high: float, count: int, form: str) -> list[tuple[float, str]]:
    rough = (high - low) / max(2, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    if form.endswith("d"):
        step = max(1.0, math.ceil(step))
    decimals = max(0, -math.floor(math.log10(step)) + (1 if round(step / 10 ** math.floor(math.log10(step)), 6) == 2.5 else 0))
    first = math.ceil(low / step - 1e-9)
    places = [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [(place, written(place, form, decimals)) for place in places]


def _powers(low: float, high: float, form: str) -> list[tuple[float, str]]:
    factors: Sequence[int] = (1,) if high - low > 3 else (1, 3) if high - low > 1.2 else (1, 2, 5)
    every = max(1, math.ceil((high - low) / 7))
    values = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1, every) for factor in factors]
    return [
        (math.log10(v), written(v, form, max(0, -math.floor(math.log10(v))))) for v in values if _inside(low, high, math.log10(v))
    ]


def _dates(low: float, high: float, count: int, locale: str) -> list[tuple[float, str]]:
    step = next((step for step in DATE_STEPS if (high - low) / step <= count), None)
    if step is None:
        return _months(low, high, count, locale)
    places = [float(number * step) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    forms = ("Hm",) if step < DAY and high - low < DAY else ("Hm", "MMMd") if step < DAY else ("MMMd",)
    return [(place, "\n".join(_moment(place, form, locale) for form in forms)) for place in places]


def _months(low: float, high: float, count: int, locale: str) -> list[tuple[float, str]]:
    months = (high - low) / (30.4 * DAY)
    step = next((step for step in MONTH_STEPS if months / step <= count), MONTH_STEPS[-1])
    first = datetime.fromtimestamp(low, UTC)
    number = -(-(12 * first.year + first.month - 1) // step) * step
    found: list[tuple[float, str]] = []
    while len(found) <= 2 * count:
        moment = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp()
        if moment > high:
            break
        if moment >= low:
            found.append((moment, _moment(moment, "y" if step >= 12 else "yMMM", locale)))
        number += step
    return found


def _moment(when: float, skeleton: str, locale: str) -> str:
    return str(format_skeleton(skeleton, datetime.fromtimestamp(when, UTC), locale=locale))


def written(value: float, form: str, decimals: int) -> str:
    """A number on an axis, as the form of its axis says: percent ("%"), with a sign ("+%"), whole ("d")."""
    number = 0.0 if abs(value) < 1e-12 else float(value)
    sign = "+" if form.startswith("+") and number > 0 else ""
    if form.endswith("%"):
        return f"{sign}{100 * number:.{max(0, decimals - 2)}f}%"
    if number and not 1e-4 <= abs(number) < 1e9:
        return f"{sign}{number:.3g}"
    return f"{sign}{number:,.{decimals}f}"
