"""One axis: from values to pixels, and its ticks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np
from babel.dates import format_skeleton

DAY: Final = 86_400
DATE_STEPS: Final = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY)
MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


class Kind(StrEnum):
    LINEAR = "linear"
    LOG = "log"
    DATE = "date"
    CATEGORY = "category"


@dataclass(frozen=True)
class Scale:
    """low, high: ends in the axis' own units (exponents, seconds, places of categories); start, end: the same in pixels."""

    kind: Kind
    low: float = 0.0
    high: float = 1.0
    names: tuple[str, ...] = ()
    start: float = 0.0
    end: float = 1.0

    def units(self, given: Any) -> float | None:
        """A value in the axis' own units; None where it has no place."""
        if given is None:
            return None
        if self.kind is Kind.CATEGORY and isinstance(given, str):
            return float(self.names.index(given)) if given in self.names else None
        if self.kind is Kind.DATE:
            return seconds(given)
        try:
            number = float(given)
        except (TypeError, ValueError):
            return None
        if self.kind is Kind.LOG:
            return math.log10(number) if number > 0 and math.isfinite(number) else None
        return number if math.isfinite(number) else None

    def pixels(self, units: float) -> float:
        return self.start + (self.end - self.start) * (units - self.low) / ((self.high - self.low) or 1.0)

    def place(self, given: Any) -> float | None:
        """Pixels of a value."""
        units = self.units(given)
        return None if units is None else self.pixels(units)

    def between(self, start: float, end: float) -> Scale:
        return replace(self, start=start, end=end)


def seconds(given: Any) -> float | None:
    """Seconds since 1970 of a moment; None for what is none."""
    if isinstance(given, datetime):
        given = given.replace(tzinfo=None)
    elif isinstance(given, int | float):
        return None
    try:
        moment = np.datetime64(given, "us")
    except (TypeError, ValueError):
        return None
    return None if np.isnat(moment) else float(moment.astype("int64")) / 1e6


def kind_of(declared: str | None, values: Iterable[Any]) -> Kind:
    """What an axis counts: as declared, else as its values look."""
    if declared in (Kind.LINEAR, Kind.LOG, Kind.DATE, Kind.CATEGORY):
        return Kind(declared)
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, datetime | np.datetime64) or _date(value) for value in known):
        return Kind.DATE
    return Kind.CATEGORY if any(isinstance(value, str) for value in known) else Kind.LINEAR


def _date(value: Any) -> bool:
    return isinstance(value, str) and DATE.fullmatch(value) is not None


def ticks(scale: Scale, axis: Any, count: int, locale: str) -> list[tuple[float, str]]:
    """(units, label) of at most about `count` ticks; those of the layout where it gives them."""
    if axis.tickvals is not None:
        labels = axis.ticktext if axis.ticktext is not None else [written(v, axis.tickformat, 0) for v in axis.tickvals]
        placed = [(scale.units(value), str(label)) for value, label in zip(axis.tickvals, labels, strict=False)]
        return [(units, label) for units, label in placed if units is not None and _inside(scale, units)]
    match scale.kind:
        case Kind.CATEGORY:
            every = max(1, -(-len(scale.names) // max(1, count)))
            return [(float(place), name) for place, name in enumerate(scale.names) if place % every == 0]
        case Kind.LOG:
            return _powers(scale, axis.tickformat)
        case Kind.DATE:
            return _dates(scale, count, locale)
        case _:
            return _steps(scale, axis, count)


def _inside(scale: Scale, units: float) -> bool:
    low, high = sorted((scale.low, scale.high))
    room = 1e-9 * (high - low)
    return low - room <= units <= high + room


def _steps(scale: Scale, axis: Any, count: int) -> list[tuple[float, str]]:
    low, high = sorted((scale.low, scale.high))
    if high <= low:
        return []
    rough = (high - low) / max(2, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    if isinstance(axis.dtick, int | float):
        step = float(axis.dtick) * max(1, math.ceil(rough / float(axis.dtick)))
    decimals = max(0, -math.floor(math.log10(step)) + (1 if round(step / 10 ** math.floor(math.log10(step)), 6) == 2.5 else 0))
    first = math.ceil(low / step - 1e-9)
    places = [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [(place, written(place, axis.tickformat, decimals)) for place in places]


def _powers(scale: Scale, form: str | None) -> list[tuple[float, str]]:
    low, high = sorted((scale.low, scale.high))
    factors: Sequence[int] = (1,) if high - low > 2 else (1, 2, 5)
    every = max(1, math.ceil((high - low) / 7))
    values = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1, every) for factor in factors]
    return [
        (math.log10(v), written(v, form, max(0, -math.floor(math.log10(v))))) for v in values if _inside(scale, math.log10(v))
    ]


def _dates(scale: Scale, count: int, locale: str) -> list[tuple[float, str]]:
    low, high = sorted((scale.low, scale.high))
    step = next((step for step in DATE_STEPS if (high - low) / step <= count), None)
    if step is None:
        return _months(low, high, count, locale)
    form = "Hm" if step < DAY and high - low < DAY else "MMMdHm" if step < DAY else "MMMd"
    places = [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [(float(place), _moment(place, form, locale)) for place in places]


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


def written(value: Any, form: str | None, decimals: int) -> str:
    """A number on an axis, in the few formats (d3-format) that the charts use: percent, with a sign, grouped."""
    if isinstance(value, str):
        return value
    number = 0.0 if abs(value) < 1e-12 else float(value)
    sign = "+" if form and form.startswith("+") and number > 0 else ""
    if form and form.endswith("%"):
        places = int(found[1]) if (found := re.search(r"\.(\d+)", form)) else 0
        return f"{sign}{100 * number:.{places}f}%"
    if number and not 1e-4 <= abs(number) < 1e9:
        return f"{sign}{number:.3g}"
    return f"{sign}{number:,.{decimals}f}"
