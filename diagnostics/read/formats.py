"""The ways in which numbers and times are written, as patterns to find them and SQL to read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

GAPS: Final = " \u00a0\u202f'’"
"""What groups digits beside comma and point."""

PLAIN: Final = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
DECIMAL_COMMA: Final = rf"(?:\d{{1,3}}(?:[.{GAPS}]\d{{3}})+|\d+)(?:,\d+)?(?:[eE][+-]?\d+)?|,\d+"
THOUSANDS: Final = rf"(?:\d{{1,3}}(?:[,{GAPS}]\d{{3}})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d+)?"
CURRENCY: Final = tuple("R$ US$ $ € £ ¥ ₹ ₽ ₩ USD EUR GBP CHF JPY CNY INR BRL SEK NOK DKK PLN CAD AUD kr zł".split(" "))  # noqa: SIM905


@dataclass(frozen=True)
class NumberFormat:
    """name: as `Column.format` says it. pattern: of a whole cell, for Python and RE2. strip: characters around the digits.

    body: "", "decimal comma" or "thousands". divide: 100 for percent.
    """

    name: str
    pattern: str
    prefix: str = ""
    suffix: str = ""
    body: str = ""
    divide: int = 1

    def sql(self, cell: str) -> str:
        """A DOUBLE expression, NULL where the cell is not written so."""
        value = cell
        for affix in (self.prefix, self.suffix):
            if affix:
                value = f"replace({value}, {quoted(affix)}, '')"
        if self.body == "decimal comma":
            value = f"replace(regexp_replace({value}, {quoted(f'[.{GAPS}]')}, '', 'g'), ',', '.')"
        elif self.body == "thousands":
            value = f"regexp_replace({value}, {quoted(f'[,{GAPS}]')}, '', 'g')"
        if self.prefix or self.suffix:
            value = f"regexp_replace({value}, {quoted(f'[{GAPS}]')}, '', 'g')"
        number = f"TRY_CAST({value} AS DOUBLE)"
        return f"{number} / {self.divide}" if self.divide != 1 else number

    def matches(self, cell: str) -> str:
        return f"regexp_full_match({cell}, {quoted(self.pattern)})"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _format(prefix: str, suffix: str, body: str) -> NumberFormat:
    digits = {"": PLAIN, "decimal comma": DECIMAL_COMMA, "thousands": THOUSANDS}[body]
    before = re.escape(prefix) + f"[{GAPS}]?" if prefix else ""
    after = f"[{GAPS}]?" + re.escape(suffix) if suffix else ""
    pattern = rf"[+-]?{before}[+-]?(?:{digits}){after}"
    names = []
    if suffix == "%":
        names.append("percent")
    elif prefix or suffix in CURRENCY:
        names.append(f"currency {prefix or suffix}")
    elif suffix:
        names.append(f"unit {suffix}")
    if body:
        names.append(body)
    return NumberFormat(", ".join(names), pattern, prefix, suffix, body, 100 if suffix == "%" else 1)


_AFFIXED: Final = re.compile(
    r"[+-]?(?P<prefix>"
    + "|".join(re.escape(sign) for sign in CURRENCY)
    + rf")?[{GAPS}]?[+-]?\d[\d.,{GAPS}]*(?:[eE][+-]?\d+)?[{GAPS}]?(?P<suffix>%|"
    + "|".join(re.escape(sign) for sign in CURRENCY)
    + r"|[A-Za-zµ°²³/]{1,7})?\Z"
)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def number_formats(cells: Sequence[str], *, comma_is_decimal: bool) -> list[NumberFormat]:
    """Formats that fit at least half of the cells (trimmed, filled), likeliest first."""
    affixes: dict[tuple[str, str], int] = {}
    for cell in cells:
        if found := _AFFIXED.match(cell):
            key = (found["prefix"] or "", (found["suffix"] or "").strip(GAPS))
            affixes[key] = affixes.get(key, 0) + 1
    offered = []
    for (prefix, suffix), count in sorted(affixes.items(), key=lambda item: (-item[1], item[0]))[:2]:
        if count < 0.5 * len(cells):
            continue
        commas = [cell for cell in cells if "," in cell]
        bodies = ["", "thousands", "decimal comma"]
        if any(re.search(r"(?<!\d)0,\d|,\d{1,2}(?!\d)|,\d{4}|\.\d{3},", cell) for cell in commas) or (
            comma_is_decimal and commas
        ):
            bodies = ["", "decimal comma", "thousands"]
        for body in bodies:
            if not (prefix or suffix or body):
                continue
            fit = _format(prefix, suffix, body)
            compiled = _compiled(fit.pattern)
            if sum(compiled.fullmatch(cell) is not None for cell in cells) >= 0.5 * len(cells):
                offered.append(fit)
    return offered


UNZONED: Final = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
ISO: Final = UNZONED + r"(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
ZONED: Final = r".*(?:Z|UTC|[+-]\d{2}:?\d{2})"

DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y")
MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%m.%d.%y", "%m-%d-%y")
OTHERS: Final = (
    *("%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y年%m月%d日"),
    *("%a, %d %b %Y", "%d/%b/%Y", "%Y%m%dT"),
)
CLOCKS: Final = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M:%S",
    ", %H:%M",
    ", %H:%M:%S",
    ":%H:%M:%S",
)
PARTS: Final = {
    "%d": r"\d{1,2}",
    "%m": r"\d{1,2}",
    "%Y": r"\d{4}",
    "%y": r"\d{2}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]{3,9}",
    "%a": "[A-Za-z]{3}",
    "%H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}",
    "%f": r"\d{1,6}",
    "%p": "[AaPp][Mm]",
}


@lru_cache(maxsize=1)
def _time_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    patterns = []
    for day in (*DAY_FIRST, *MONTH_FIRST, *OTHERS):
        for clock in CLOCKS:
            written = re.escape(day.removesuffix("T") + clock).replace("%", "%")
            for part, pattern in PARTS.items():
                written = written.replace(re.escape(part), pattern)
            patterns.append((day.removesuffix("T") + clock, re.compile(written + r"\Z")))
    return tuple(patterns)


def time_formats(cells: Sequence[str]) -> list[str]:
    """The word ISO, or strptime formats, whose pattern fits at least half of the cells (trimmed, filled)."""
    few = cells[:400]
    iso = re.compile(ISO + r"\Z")
    if sum(iso.match(cell) is not None for cell in few) >= 0.5 * len(few):
        return ["ISO"]
    fits = []
    for written, pattern in _time_patterns():
        likely = any(pattern.match(cell) for cell in (few[0], few[-1], few[len(few) // 2]))
        if likely and sum(pattern.match(cell) is not None for cell in few) >= 0.5 * len(few):
            fits.append(written)
    return fits


def time_sql(written: str, cell: str) -> str:
    """A TIMESTAMP expression (UTC where the cells name a zone), NULL where the cell is not written so."""
    if written == "ISO":
        return (
            f"CASE WHEN regexp_full_match({cell}, {quoted(ISO)}) THEN CASE WHEN regexp_full_match({cell}, {quoted(ZONED)}) "
            f"THEN timezone('UTC', TRY_CAST({cell} AS TIMESTAMPTZ)) ELSE TRY_CAST({cell} AS TIMESTAMP) END END"
        )
    return f"TRY_CAST(try_strptime({cell}, {quoted(written)}) AS TIMESTAMP)"


TIME_NAMES: Final = re.compile(
    r"(?:^|[^a-z])(?:time|timestamp|date|datetime|ts|epoch|created|updated|at|day)(?:$|[^a-z])|time$|date$|stamp"
)
EPOCHS: Final = (("epoch seconds", 1), ("epoch milliseconds", 10**3), ("epoch microseconds", 10**6), ("epoch nanoseconds", 10**9))
EPOCH_YEARS: Final = (631_152_000, 4_102_444_800)
"""1990 to 2100 in seconds: a number outside is no time of an incident."""


def epoch_format(name: str, low: float, high: float) -> tuple[str, int] | None:
    """("epoch seconds", 1) and the like, when both the column's name and the range of its numbers speak of time."""
    if not TIME_NAMES.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()):
        return None
    for written, unit in EPOCHS:
        if EPOCH_YEARS[0] * unit <= low and high <= EPOCH_YEARS[1] * unit:
            return written, unit
    return None
