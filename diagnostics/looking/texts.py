"""What texts look like: how long, in which letters, with which words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

ROWS: Final = 5_000
"""Texts looked at on each side."""

LETTERS: Final = 2_000
"""Characters of one text that are looked at."""

LONG: Final = 20.0
"""Mean characters from which on the values of a column are texts rather than names of levels."""

COMMON: Final = 10
WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Over the texts of one side; every share lies between 0 and 1."""

    texts: int
    characters: tuple[float, float, float]
    """At 5, 50 and 95% of the texts."""

    words: float
    """Mean number in a text."""

    empty: float
    """Share of the texts that are blank."""

    repeated: float
    """Share of the texts that stand there more than once."""

    digits: float
    """Share of digits among the characters."""

    capitals: float
    """Share of capitals among the letters that have case."""

    foreign: float
    """Share of the letters that are not Latin."""

    vocabulary: int
    common: tuple[str, ...]
    """The words that most texts hold."""


def are_texts(values: pd.Series) -> bool:
    """Whether a column holds texts: long values, most of them different."""
    given = values.dropna().astype(str).head(ROWS)
    return bool(len(given)) and float(given.str.len().mean()) >= LONG and given.nunique() > 0.2 * len(given)


def describe(values: pd.Series) -> Texts | None:
    """None where there is no text."""
    given = [text[:LETTERS] for text in values.dropna().astype(str).head(ROWS)]
    if not given:
        return None
    lengths = np.array([len(text) for text in given], dtype="float64")
    letters = Counter("".join(given))
    total = sum(letters.values()) or 1
    cased = sum(n for c, n in letters.items() if c.lower() != c.upper()) or 1
    alphabetic = sum(n for c, n in letters.items() if c.isalpha()) or 1
    split = [WORD.findall(text.lower()) for text in given]
    held = Counter(word for words in split for word in set(words))
    often = pd.Series(given).value_counts()
    return Texts(
        texts=len(given),
        characters=tuple(float(q) for q in np.quantile(lengths, [0.05, 0.5, 0.95])),  # type: ignore[arg-type]
        words=float(np.mean([len(words) for words in split])),
        empty=float(np.mean([not text.strip() for text in given])),
        repeated=float(often[often > 1].sum() / len(given)),
        digits=sum(n for c, n in letters.items() if c.isdigit()) / total,
        capitals=sum(n for c, n in letters.items() if c.isupper()) / cased,
        foreign=sum(n for c, n in letters.items() if c.isalpha() and not _latin(c)) / alphabetic,
        vocabulary=len(held),
        common=tuple(word for word, _ in sorted(held.items(), key=lambda item: (-item[1], item[0]))[:COMMON]),
    )


def _latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def new_words(reference: pd.Series, current: pd.Series) -> Sequence[tuple[str, float]]:
    """Words that no reference text holds, with the share of the current texts that hold them, the commonest first."""
    known = {word for text in reference.dropna().astype(str).head(ROWS) for word in WORD.findall(text[:LETTERS].lower())}
    given = [set(WORD.findall(text[:LETTERS].lower())) for text in current.dropna().astype(str).head(ROWS)]
    held = Counter(word for words in given for word in words - known)
    ordered = sorted(held.items(), key=lambda item: (-item[1], item[0]))[:COMMON]
    return [(word, count / len(given)) for word, count in ordered]
