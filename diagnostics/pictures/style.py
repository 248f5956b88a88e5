"""One colour language for every picture, and text that fits into one."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.nouns.words import shorten


class Tone(StrEnum):
    """What a colour stands for; a palette says which colour that is."""

    REFERENCE = "reference"
    CURRENT = "current"
    FAULT = "fault"
    FINE = "fine"
    WATCH = "watch"
    TEXT = "text"
    GRID = "grid"
    GROUND = "ground"


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours by meaning: reference grey, current blue, fault vermilion, fine green, watch amber; ground is the page behind."""

    reference: str
    current: str
    fault: str
    fine: str
    watch: str
    text: str
    grid: str
    ground: str

    def of(self, tone: Tone) -> str:
        colour: str = getattr(self, tone.value)
        return colour


LIGHT: Final = Palette(
    reference="#6B7A90",
    current="#0F6CBD",
    fault="#C8401F",
    fine="#1B7F50",
    watch="#9A6700",
    text="#1F2933",
    grid="#E3E8EE",
    ground="#FFFFFF",
)
DARK: Final = Palette(
    reference="#9AA7B8",
    current="#5AA9FF",
    fault="#FF7A5C",
    fine="#4CC38A",
    watch="#E0B050",
    text="#E6EBF1",
    grid="#2C3542",
    ground="#12171E",
)
"""The ground of each as .streamlit/config.toml has it."""

ROW_LINE: Final = 22
"""Characters of a row's label on one line: on a screen of 375 pixels it leaves the picture more than half."""

SIDE_LINE: Final = 16
"""Characters on one line of the words to the right of a picture."""

TITLE_LINE: Final = 36
"""Characters of an axis title on one line: what fits beside the labels on a screen of 375 pixels."""

TEXT_CAP: Final = 90
"""Characters of any text in a picture: what comes from a file may be of any length."""


def lines(text: str, length: int, *, cap: int = TEXT_CAP) -> list[str]:
    """The text on lines of about `length` characters, at most `cap` characters in all; at least one line."""
    return textwrap.wrap(shorten(text, cap=cap), length, break_on_hyphens=False) or [""]


def markup(written: list[str]) -> str:
    """Lines of text as Plotly's labels want them: it reads <b>, <a href> and $...$ in every one."""
    return "<br>".join(html.escape(line, quote=False).replace("$", "&#36;") for line in written)
