"""Words for "no value", and when such a word is a value after all."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

TOKENS: Final = (
    *("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "N.A.", "n.a.", "NaN", "nan", "-nan", "NAN", "null", "NULL", "Null"),
    *("None", "NONE", "?", "??", "-", "--", "---", "nil", "NIL", "\\N", "NaT", ".", "..", "(null)", "(blank)"),
    *("#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!"),
)
"""Words that people and programs write for "no value"; "unknown", "missing", "none" and 0 may be real answers."""

TOKEN_SET: Final = frozenset(TOKENS)
NAN_WORDS: Final = ("NaN", "nan", "NAN", "-nan")

SIBLINGS: Final = 0.9
"""Share of the other values that must be of the word's own kind."""

_TWO_CAPITALS: Final = re.compile(r"[A-Z]{2}\Z")
_SIGNS: Final = frozenset("+-")


def values_among(words: Collection[str], others: Sequence[str]) -> frozenset[str]:
    """The words that are values here: NA beside codes of two capitals (Namibia), a minus beside a plus.

    others: the column's present cells, without those words.
    """
    if not others:
        return frozenset()
    found = set()
    capitals = sum(_TWO_CAPITALS.match(cell) is not None for cell in others)
    if "NA" in words and capitals >= SIBLINGS * len(others):
        found.add("NA")
    for sign, twin in (("-", "+"), ("--", "++"), ("---", "+++")):
        if sign in words and twin in others and all(set(cell) <= _SIGNS for cell in others):
            found.add(sign)
    return frozenset(found)
