"""How one value is written: a number or a date in one of the notations that people and programs use."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from diagnostics.nouns.table import Kind

PLAIN: Final = "plain"
TEXT: Final = "text"

_NUMBER: Final = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
# Every pattern is anchored and free of nested repeats, so that a hostile text costs linear time.
PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (PLAIN, re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")),
    ("thousands", re.compile(r"[+-]?\d{1,3}(?:,\d{3}){2,8}(?:\.\d+)?|[+-]?\d{1,3}(?:,\d{3}){1,8}\.\d+")),
    ("ambiguous comma", re.compile(r"[+-]?\d{1,3},\d{3}")),
    ("decimal comma", re.compile(r"[+-]?\d{1,3}(?:[. '\u00a0\u202f]\d{3}){1,8},\d+|[+-]?\d*,\d+(?:[eE][+-]?\d{1,3})?")),
    ("thousands", re.compile(r"[+-]?\d{1,3}(?:[ '_\u00a0\u202f]\d{3}){1,8}(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3}){2,8}")),
    ("percent", re.compile(r"[+-]?\d*[.,]?\d+\s?%")),
    ("glued unit", re.compile(r"(?:[^\W\d_]{1,12}\.?|[$€£¥₹₽%°#~<>=≈]{1,2})\s?[+-]?\d[\d.,' ]{0,24}")),
    (
        "glued unit",
        re.compile(r"[+-]?\d[\d.,' ]{0,24}\s?(?:[^\W\d_]{1,12}(?:/[^\W\d_]{1,6}|[²³23])?|[$€£¥₹₽°]{1,2}[^\W\d_]?)\.?"),
    ),
    ("negative in brackets", re.compile(r"\(\s?\d[\d.,]{0,24}\s?\)|\d[\d.,]{0,24}-")),
    ("quoted", re.compile(r"['\"=]{1,2}[+-]?\d[\d.,]{0,24}['\"]{0,2}")),
    ("padded", re.compile(r"\s{1,20}[+-]?\d[\d.,]{0,24}\s{0,20}|[+-]?\d[\d.,]{0,24}\s{1,20}")),
)

DATES: Final = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
)


def classify(text: str) -> str:
    """The notation of `text` as a number: "plain", one of the names in `PATTERNS`, or "text"."""
    cut = text[:80]
    for name, pattern in PATTERNS:
        if pattern.fullmatch(cut):
            return name
    return TEXT


def number(text: str, notation: str) -> float:
    """The number that `text` means in its notation, NaN for text."""
    if notation == TEXT:
        return float("nan")
    digits = "".join(c for c in text[:80] if c.isdigit() or c in ".,-+eE")
    if notation in ("glued unit", "quoted", "padded", "percent", "negative in brackets"):
        digits = "".join(c for c in digits if c not in "eE+")
        comma = digits.rfind(",") > digits.rfind(".") and len(digits) - digits.rfind(",") != 4
        digits = digits.replace(".", "").replace(",", ".") if comma else digits.replace(",", "")
    elif notation == "decimal comma":
        digits = digits.replace(".", "").replace(",", ".")
    elif notation == "thousands":
        digits = digits.replace(",", "")
        if digits.count(".") > 1:
            digits = digits.replace(".", "")
    else:
        digits = digits.replace(",", "")
    try:
        value = float(digits)
    except ValueError:
        return float("nan")
    if notation == "negative in brackets":
        return -abs(value)
    return value / 100 if notation == "percent" else value


@lru_cache(maxsize=65_536)
def notation_of_date(text: str) -> bool:
    """Whether `text` is a date or a time in any common notation."""
    from datetime import datetime

    cut = text.strip()[:40]
    try:
        datetime.fromisoformat(cut)
    except ValueError:
        for form in DATES:
            day = cut if " %" in form else cut.replace("T", " ").split(" ")[0]
            try:
                datetime.strptime(day[:24], form)
            except ValueError:
                continue
            return True
        return False
    return True


def by_level(values: pd.Series, label: Callable[[str], str | bool | float]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """`label` of every text of `values`, None where missing, shape (n,); each different text is looked at once."""
    codes, levels = pd.factorize(values)
    labels = np.empty(len(levels) + 1, dtype=object)
    labels[:-1] = [label(str(level)) for level in levels]
    return labels[codes]


def readable(values: pd.Series, kind: Kind) -> float:
    """Share of the known values of a column that can be read as `kind` in any notation, 0 to 1."""
    present = values.dropna()
    if not len(present):
        return 1.0
    if kind is Kind.NUMBER and present.dtype == object:
        return float(np.mean(by_level(present, classify) != TEXT))
    if kind is Kind.TIME and present.dtype == object:
        return float(np.mean(by_level(present, notation_of_date).astype(bool)))
    if kind is Kind.TIME and present.dtype.kind == "f":
        return float(np.mean((present > 1e8) & (present < 1e19)))
    return 0.0
