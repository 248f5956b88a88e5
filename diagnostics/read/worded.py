"""Dates with the month in words, in the languages of the Unicode CLDR: "12. Mai 2026", "4 de enero de 2026, 08:15"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from babel import Locale

from diagnostics.read.numbers import quoted

LANGUAGES: Final = (
    *("en", "de", "fr", "es", "pt", "it", "nl", "pl", "cs", "sk", "ru", "uk", "be", "bg", "tr", "sv", "da", "nb", "fi", "is"),
    *("et", "lv", "lt", "hu", "ro", "el", "hr", "sl", "sr", "sr_Latn", "sq", "mk", "ca", "gl", "eu", "ga", "cy", "af", "id"),
    *("ms", "sw", "az", "kk", "uz", "ka", "hy", "ar", "he", "fa", "ur", "hi", "bn", "th", "vi", "ko"),
)
PREFIX: Final = 3
"""Letters of a month's name that people write at least: "sept" for September."""

_WEEKDAY: Final = r"(?:{L}+\.?,? +)?"
_DAY: Final = r"(\d{1,2})(?:\.|st|nd|rd|th|er|º)?"
_MONTH: Final = r"({L}+)\.?"
_YEAR: Final = r"(\d{4})(?: ?(?:г|р)\.?)?"
_JOINED: Final = r"[ ./-]*(?:de |del |of )?"
_CLOCK: Final = (
    r"(?:,? *(?:at |um |à |às |a las |kl\. ?|в |o )?(\d{1,2})[:.h](\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?"
    r" ?(?:([AaPp])\.?[Mm]\.?)?(?: Uhr)?)?"
)
ORDERS: Final[Mapping[str, tuple[str, tuple[int, int, int]]]] = {
    "day month year": (_WEEKDAY + _DAY + _JOINED + _MONTH + ",?" + _JOINED + _YEAR + _CLOCK, (3, 2, 1)),
    "month day year": (_WEEKDAY + _MONTH + r"[ ./-]+" + _DAY + r",? *" + _YEAR + _CLOCK, (3, 1, 2)),
    "year month day": (r"(\d{4})\.?" + _JOINED + _MONTH + _JOINED + _DAY + _CLOCK, (1, 2, 3)),
}
"""By its name: the pattern of a whole cell, and the groups that hold year, month and day; those behind hold the clock."""


def _pattern(order: str, letter: str) -> str:
    return ORDERS[order][0].replace("{L}", letter)


@lru_cache(maxsize=8)
def _compiled(order: str) -> re.Pattern[str]:
    return re.compile(_pattern(order, r"[^\W\d_]") + r"\Z")


@lru_cache(maxsize=64)
def month_words(language: str) -> Mapping[str, int]:
    """The number of the month by each way to write its name in lower case: in full, short, without accents, cut off."""
    forms: dict[str, set[int]] = {}
    for use in Locale.parse(language).months.values():
        for width in ("wide", "abbreviated"):
            for number, name in use[width].items():
                word = str(name).lower().rstrip(".")
                plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
                for form in (word, plain):
                    for end in range(min(PREFIX, len(form)), len(form) + 1):
                        forms.setdefault(form[:end], set()).add(int(number))
    return {word: numbers.pop() for word, numbers in forms.items() if len(numbers) == 1 and not any(c.isdigit() for c in word)}


def worded_formats(cells: Sequence[str]) -> list[str]:
    """Names of formats, such as "day month year, de", that fit at least half of the cells; one for each reading of the words."""
    few = cells[:400]
    if not any(any(c.isalpha() for c in cell) for cell in few[:20]):
        return []
    found: list[str] = []
    spread = few[:: max(1, len(few) // 20)]
    for order, (_, (_, month, _)) in ORDERS.items():
        if not any(_compiled(order).match(cell) for cell in spread):
            continue
        matches = [match for cell in few if (match := _compiled(order).match(cell))]
        if len(matches) < 0.5 * len(few):
            continue
        words = sorted({match[month].lower() for match in matches})
        clock = ", AM/PM" if all(match[7] for match in matches) else ""
        readings: set[tuple[int, ...]] = set()
        for language in LANGUAGES:
            known = month_words(language)
            if all(word in known for word in words):
                reading = tuple(known[word] for word in words)
                if reading not in readings:
                    found.append(f"{order}, {language}{clock}")
                readings.add(reading)
    return found


def is_worded(written: str) -> bool:
    return written.split(", ")[0] in ORDERS


def worded_sql(written: str, cell: str) -> str:
    """A TIMESTAMP expression, NULL where the cell is not written so."""
    order, language, *clock = written.split(", ")
    pattern = quoted("^" + _pattern(order, r"[\p{L}\p{M}]") + "$")
    parts = [f"regexp_extract({cell}, {pattern}, {group})" for group in (*ORDERS[order][1], 4, 5, 6, 7)]
    year, month, day, hour, minute, second, half = parts
    months = "MAP {" + ", ".join(f"{quoted(word)}: '{number}'" for word, number in month_words(language).items()) + "}"
    spelled = f"{year} || '-' || {months}[lower({month})] || '-' || {day}"
    time = " || ':' || ".join(f"coalesce(nullif({part}, ''), '0')" for part in (hour, minute, second))
    stamp = f"{spelled} || ' ' || {time}" + (f" || ' ' || upper({half}) || 'M'" if clock else "")
    form = "%Y-%m-%d %I:%M:%S %p" if clock else "%Y-%m-%d %H:%M:%S"
    return f"CASE WHEN regexp_full_match({cell}, {pattern}) THEN CAST(try_strptime({stamp}, '{form}') AS TIMESTAMP) END"
