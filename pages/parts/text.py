"""Sentences with names from files in them, safe for st.markdown and widget labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Final

from diagnostics.causes.cause import Cause
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, NAME_CAP, Value, Words, shorten

PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")

# Icons, emoji, links and arrows are replaced after the backslashes are gone, so their marks must be taken apart instead.
TAKEN_APART: Final = re.compile(r"(?<=:)(?=[A-Za-z0-9_+/-]*[:/])|(?<=\bwww)(?=\.)|(?=@)|(?<=[-<>=~])(?=[-<>=~])", re.IGNORECASE)
JOINER: Final = "\u2060"
"""A character without width that allows no line break."""

OPEN, CLOSE = "\u2045", "\u2046"
"""Brackets around a column's name on its way through a message; taken out of the names themselves first."""


def plain(text: str) -> str:
    """`text` as Markdown that shows exactly these characters on one line: no markup, link, formula, icon or emoji."""
    line = TAKEN_APART.sub(JOINER, " ".join(text.split()))
    return PUNCTUATION.sub(r"\\\1", line)


def sentence(message: str, values: Mapping[str, Value], words: Words) -> str:
    """The message with its names in bold type, as safe Markdown."""
    terms = {name for _, name, kind, _ in Formatter().parse(message) if kind == "term"}
    marked = {key: value if key in terms else _marked(value, words) for key, value in values.items()}
    line = plain(words.sentence(message, marked))
    return line.replace(OPEN, "**").replace(CLOSE, "**")


def statement(said: Finding | Cause, words: Words) -> str:
    """What a finding or cause says as safe Markdown, with the time it began where the sentence does not give it."""
    line = sentence(said.says, said.evidence, words)
    if said.since is None or words.time(said.since) in words.sentence(said.says, said.evidence):
        return line
    return f"{plain(words(N_('Since {when:time}:'), when=said.since))} {line}"


def _marked(value: Value, words: Words) -> Value:
    if isinstance(value, str):
        return _name(words.phrase(value))
    if isinstance(value, Sequence):
        return [_name(str(item)) for item in value]
    return value


def _name(name: str) -> str:
    # Shortened here, or the sentence would cut off the closing bracket.
    bare = shorten(name.replace(OPEN, "").replace(CLOSE, ""), cap=NAME_CAP - 2)
    return f"{OPEN}{bare}{CLOSE}" if bare else ""
