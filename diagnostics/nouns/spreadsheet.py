"""Cells that a spreadsheet shows and never runs: a text that would be a formula gets an apostrophe, a number stays one."""

from __future__ import annotations

import re
from typing import Final

UNSEEN: Final = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{1680}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2000}-\x{200f}"
    r"\x{2028}-\x{202f}\x{205f}-\x{206f}\x{2800}\x{3000}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff9}-\x{fffc}\x{e0000}-\x{e0fff}"
)
"""Blanks, controls and characters of no width (Unicode's default ignorables), in the notation of RE2 that DuckDB speaks: a
spreadsheet may take them off before it looks at a cell."""

SIGNS: Final = "=+@＝＋－＠﹢﹣﹦﹫\\-"
"""First characters of a formula (OWASP, CSV injection), with their full-width and small twins."""

FORMULA: Final = rf"^[{UNSEEN}]*(?:[{SIGNS}]|[\t\r\n])"
NUMBER: Final = (
    r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+|\d{1,3}(?:[.,' \x{a0}\x{202f}]\d{3})+(?:[.,]\d*)?)(?:[eE][+-]?\d+)?%?"
    r"|[+-]?(?i:inf|infinity|nan)"
)
"""A number as text, with a sign that no spreadsheet has to calculate; infinity as programs write it."""


def _python(expression: str) -> re.Pattern[str]:
    """The same expression in Python's notation."""
    return re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", expression), re.ASCII)


_FORMULA: Final = _python(FORMULA)
_NUMBER: Final = _python(NUMBER)


def defused(cell: object) -> object:
    """The cell, with an apostrophe in front where it is a text that a spreadsheet would run."""
    if not isinstance(cell, str) or _FORMULA.match(cell) is None or _NUMBER.fullmatch(cell):
        return cell
    return "'" + cell


def defused_sql(text: str) -> str:
    """The same as an expression of DuckDB over the expression `text`, a VARCHAR."""
    formula, number = (expression.replace("'", "''") for expression in (FORMULA, f"(?:{NUMBER})"))
    return (
        f"CASE WHEN regexp_matches({text}, '{formula}') AND NOT regexp_full_match({text}, '{number}') "
        f"THEN concat('''', {text}) ELSE {text} END"
    )
