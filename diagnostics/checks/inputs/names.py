"""Names of columns and levels, compared without case, spacing, accents and punctuation."""

from __future__ import annotations

import difflib
import unicodedata


def plain(text: str) -> str:
    """Letters and digits of `text` (its first 200 characters), without case and accents."""
    folded = unicodedata.normalize("NFKD", restore_encoding(text[:200])).casefold()
    return "".join(c for c in folded if c.isalnum())


def restore_encoding(text: str) -> str:
    """Undoes that UTF-8 bytes were read as Latin-1, where that is what happened ("MÃ¼nchen")."""
    if text.isascii():
        return text
    for encoding in ("latin-1", "cp1252"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


def compare_names(one: str, other: str) -> float:
    """Likeness of two names, 0 to 1: 1 when they differ in case, spacing or punctuation only."""
    a, b = plain(one), plain(other)
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    if min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a)):
        return 0.9
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()
