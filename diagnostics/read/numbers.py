"""How numbers are written: marks, digits, signs, currencies and units, as patterns to find them and SQL to read them.

Whether the point or the comma is the decimal mark is one decision for one file. A cell can settle it ("1.234,50", "0,5",
"1,234,567"); "1.234" alone cannot, and takes the reading that the rest of the file settles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

GAPS: Final = " \u00a0\u2009\u202f'’"
"""What groups digits beside comma and point."""

FOREIGN: Final = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹０１２３４５６７８９٫٬．，−－﹣＋％٪"
LATIN: Final = "012345678901234567890123456789.,.,---+%%"
"""Arabic, Persian and full-width digits and marks, and the minus signs of typography, with what each stands for."""

_TRANSLATION: Final = str.maketrans(FOREIGN, LATIN)

PLAIN: Final = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
GROUPED_BY_POINT: Final = r"[1-9]\d{0,2}(?:\.\d{3})+"
DECIMAL_COMMA: Final = rf"(?:\d{{1,3}}(?:[.{GAPS}]\d{{3}})+|\d+)(?:,\d+)?(?:[eE][+-]?\d+)?|,\d+"
THOUSANDS: Final = rf"(?:\d{{1,3}}(?:[,{GAPS}]\d{{3}})+|\d{{1,2}}(?:,\d{{2}})+,\d{{3}}|\d+)(?:\.\d*)?(?:[eE][+-]?\d+)?"
"""By threes, or as in India by twos above the last three (12,34,567)."""

CURRENCY: Final = tuple("R$ US$ $ € £ ¥ ₹ ₽ ₩ USD EUR GBP CHF JPY CNY INR BRL SEK NOK DKK PLN CAD AUD kr zł".split(" "))  # noqa: SIM905
_CURRENCY: Final = "|".join(re.escape(sign) for sign in CURRENCY)


class Decimal(StrEnum):
    """The decimal mark of a file."""

    POINT = "."
    COMMA = ","


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class NumberFormat:
    """name: as `Column.format` says it. pattern: of a whole cell in Latin digits, for Python and RE2.

    prefix, suffix: characters around the digits. body: "", "decimal comma" or "thousands". divide: 100 for percent.
    foreign: some digits or signs are not ASCII. signs: a minus behind the number, or brackets for one, as accountants write.
    """

    name: str
    pattern: str
    prefix: str = ""
    suffix: str = ""
    body: str = ""
    divide: int = 1
    foreign: bool = False
    signs: bool = False

    def latin(self, cell: str) -> str:
        """The cell in Latin digits with its sign before it, as SQL."""
        if self.foreign:
            cell = f"translate({cell}, {quoted(FOREIGN)}, {quoted(LATIN)})"
        if self.signs:
            cell = f"regexp_replace(regexp_replace({cell}, '^\\((.*)\\)$', '-\\1'), '^([^-]*\\d) ?-$', '-\\1')"
        return cell

    def sql(self, cell: str) -> str:
        """A DOUBLE expression, NULL where the cell is not written so."""
        value = self.latin(cell)
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
        return f"regexp_full_match({self.latin(cell)}, {quoted(self.pattern)})"


def latin(cell: str) -> str:
    """`cell` in Latin digits with its sign before it."""
    if not cell.isascii():
        cell = cell.translate(_TRANSLATION)
    if cell.endswith(")") and cell.startswith("("):
        return "-" + cell[1:-1]
    return "-" + cell[:-1].rstrip() if cell.endswith("-") and cell[:-1].rstrip()[-1:].isdigit() and "-" not in cell[:-1] else cell


def _format(prefix: str, suffix: str, body: str, *, foreign: bool, signs: bool) -> NumberFormat:
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
    if signs:
        names.append("accounting")
    if foreign:
        names.append("other digits")
    return NumberFormat(", ".join(names), pattern, prefix, suffix, body, 100 if suffix == "%" else 1, foreign, signs)


_AFFIXED: Final = re.compile(
    rf"[+-]?(?P<prefix>{_CURRENCY})?[{GAPS}]?[+-]?(?P<digits>\d[\d.,{GAPS}]*|[.,]\d+)(?:[eE][+-]?\d+)?[{GAPS}]?"
    rf"(?P<suffix>%|{_CURRENCY}|[A-Za-zµ°²³/]{{1,7}})?\Z"
)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def settles(cell: str) -> Decimal | None:
    """The decimal mark that this cell settles, None where it holds none or could be read both ways. `cell` is in Latin digits."""
    found = _AFFIXED.match(cell)
    if found is None:
        return None
    digits = found["digits"].strip(GAPS)
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return Decimal.POINT if digits.rfind(".") > digits.rfind(",") else Decimal.COMMA
    if not points and not commas:
        return None
    mark, own, other = (".", Decimal.POINT, Decimal.COMMA) if points else (",", Decimal.COMMA, Decimal.POINT)
    if points + commas > 1:
        # A mark that stands twice groups digits; the decimal mark is the other one.
        return other
    before, _, after = digits.partition(mark)
    return None if len(after) == 3 and re.fullmatch(rf"[1-9]\d{{0,2}}|[1-9]\d{{0,2}}(?:[{GAPS}]\d{{3}})+", before) else own


def _some(cells: Sequence[str]) -> bool:
    """Of some cells spread over all, at least one looks like a number."""
    return any(_AFFIXED.match(latin(cell)) is not None for cell in cells[:: max(1, len(cells) // 50)])


@dataclass(frozen=True)
class Marks:
    """What the cells of one column say about the decimal mark. numeric: share of cells that look like numbers, from 0 to 1.

    point, comma: cells that settle it that way. example: the first that does. doubtful: the first that could be read both ways.
    """

    numeric: float
    point: int
    comma: int
    example: str
    doubtful: str

    @property
    def decimal(self) -> Decimal | None:
        if bool(self.point) == bool(self.comma):
            return None
        return Decimal.POINT if self.point else Decimal.COMMA


def marks(cells: Sequence[str]) -> Marks:
    """`cells`: trimmed and filled."""
    if not _some(cells):
        return Marks(0.0, 0, 0, "", "")
    numeric = point = comma = 0
    example = doubtful = ""
    for written in cells:
        cell = latin(written)
        if not _AFFIXED.match(cell):
            continue
        numeric += 1
        settled = settles(cell)
        point += settled is Decimal.POINT
        comma += settled is Decimal.COMMA
        if settled is not None:
            example = example or written
        elif "." in cell or "," in cell:
            doubtful = doubtful or written
    return Marks(numeric / len(cells) if cells else 0.0, point, comma, example, doubtful)


def number_formats(cells: Sequence[str], *, decimal: Decimal | None) -> list[NumberFormat]:
    """Formats that fit at least half of the cells (trimmed, filled), likeliest first; `decimal`: what the file uses, if known."""
    if not _some(cells):
        return []
    foreign = any(not cell.isascii() and cell != cell.translate(_TRANSLATION) for cell in cells)
    plain = [latin(cell) for cell in cells]
    signs = any(not written.isascii() or written[0] in "(" or written[-1] in "-" for written in cells) and any(
        bare.startswith("-") and written.translate(_TRANSLATION)[0] != "-" for bare, written in zip(plain, cells, strict=True)
    )
    affixes: dict[tuple[str, str], int] = {}
    for cell in plain:
        if found := _AFFIXED.match(cell):
            key = (found["prefix"] or "", (found["suffix"] or "").strip(GAPS))
            affixes[key] = affixes.get(key, 0) + 1
    offered = []
    for (prefix, suffix), count in sorted(affixes.items(), key=lambda item: (-item[1], item[0]))[:2]:
        if count < 0.5 * len(plain):
            continue
        bodies = ["", "decimal comma", "thousands"] if decimal is Decimal.COMMA else ["", "thousands", "decimal comma"]
        if decimal is Decimal.COMMA and any("." in cell for cell in plain):
            bodies = ["decimal comma", "", "thousands"]
        for body in bodies:
            if not (prefix or suffix or body or foreign or signs):
                continue
            fit = _format(prefix, suffix, body, foreign=foreign, signs=signs)
            compiled = _compiled(fit.pattern)
            if sum(compiled.fullmatch(cell) is not None for cell in plain) >= 0.5 * len(plain):
                offered.append(fit)
    return offered
