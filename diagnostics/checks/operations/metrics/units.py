"""Units in cells and names: "1.35 GiB", "230 ms", "34.5%", "memory.used [MiB]"; a column comes out in one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.read.numbers import Decimal, latin, settles

_BYTES: Final = {
    **{f"{prefix}B": 1000.0**power for power, prefix in enumerate(("", "k", "M", "G", "T", "P"))},
    **{f"{prefix}iB": 1024.0**power for power, prefix in enumerate(("", "K", "M", "G", "T", "P")) if power},
    "KB": 1000.0,
}
_TIMES: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_COUNTS: Final = {"": 1.0, "k": 1e3, "K": 1e3, "Mil": 1e6, "M": 1e6, "Bil": 1e9, "G": 1e9, "T": 1e12}
_ALIASES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("byte", "bytes", "b"), "B"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("minute", "minutes", "mins", "m"), "min"),
    **dict.fromkeys(("hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("percent", "pct"), "%"),
}
_FAMILIES: Final[tuple[Mapping[str, float], ...]] = (_BYTES, _TIMES, _COUNTS, {"%": 1.0})
_RATE: Final = re.compile(r"(?:/s|/sec|ps)\Z")
_CELL: Final = re.compile(r"([+-]?(?:\d[\d.,' \u00a0]*|[.,]\d+)(?:[eE][+-]?\d+)?) ?([A-Za-zµμ%/]*)\Z")
_BRACKET: Final = re.compile(r"[\[(]([A-Za-zµμ%/]{1,12})[\])]\s*\Z")


def family(unit: str) -> Mapping[str, float] | None:
    """The units that `unit` can be compared with, each with its size in the smallest whole one; None for no unit of these."""
    plain = _plain(unit)
    return next((units for units in _FAMILIES if plain in units), None)


def _plain(unit: str) -> str:
    bare = _RATE.sub("", unit) if unit not in ("ps", "/s") else ""
    return bare if any(bare in units for units in _FAMILIES) else _ALIASES.get(bare.lower(), bare)


def converted(value: float, unit: str, to: str) -> float:
    """`value` of one unit in another of its family; as it stands where they are not of one family."""
    units = family(to)
    if units is None or _plain(unit) not in units:
        return value
    return value * units[_plain(unit)] / units[_plain(to)]


def in_name(name: str) -> str:
    """The unit that a name carries in brackets, "" for none."""
    found = _BRACKET.search(name)
    return found[1] if found and family(found[1]) is not None else ""


def quantities(cells: Sequence[str], *, least: float = 0.5) -> tuple[NDArray[np.float64], str] | None:
    """Cells such as "1127 MiB" as numbers of their commonest unit, NaN where one has none; None unless `least` of the filled
    cells are quantities of one family.
    """
    found = [_CELL.match(latin(cell.strip())) for cell in cells]
    filled = sum(bool(cell.strip()) for cell in cells)
    told = Counter(match[2] for match in found if match)
    if not filled or told.total() < least * filled:
        return None
    unit = told.most_common(1)[0][0]
    units = family(unit)
    if units is None:
        return None
    digits = [match[1] for match in found if match]
    marks = Counter(mark for text in digits if (mark := settles(text)) is not None)
    comma = marks[Decimal.COMMA] > marks[Decimal.POINT]
    here = units[_plain(unit)]
    values = np.full(len(cells), np.nan)
    for place, match in enumerate(found):
        # Nothing at all needs no unit: "0" stands between "12 MiB" and "15 MiB".
        size = units.get(_plain(match[2])) if match else None
        if match and size is not None:
            values[place] = _number(match[1], comma=comma) * size / here
    return (values, unit) if np.isfinite(values).sum() >= least * filled else None


def _number(text: str, *, comma: bool) -> float:
    kept = re.sub(r"['\s\u00a0]", "", text)
    kept = kept.replace(".", "").replace(",", ".") if comma else kept.replace(",", "")
    try:
        return float(kept)
    except ValueError:
        return float("nan")
