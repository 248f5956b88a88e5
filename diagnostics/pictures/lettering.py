"""Text in a still picture: its width, and SVG elements of it. A line break begins the next line."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from markupsafe import escape

FONT: Final = '"Segoe UI", "Liberation Sans", Arial, "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif'
SIZE: Final = 13
LEADING: Final = 1.25
ASCENT: Final = 0.95
"""Height of the first line above the lower edge of its letters, as a share of the size of the type."""

WIDE, OTHER = 1.0, 0.556
"""Width of letters that HELVETICA lacks, as a share of the size of the type: East Asian ones are square."""

HELVETICA: Final = dict(
    zip(
        map(chr, range(32, 127)),
        # Thousandths of the size, from space to tilde: Adobe's metrics, which Arial and Liberation Sans keep to.
        [278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278]
        + [556] * 10
        + [278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667]
        + [778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556]
        + [556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584],
        strict=True,
    )
) | {"…": 1000}

ANCHORED: Final = re.compile(r'<text x="([^"]+)"([^>]*? font-size="([^"]+)") text-anchor="(middle|end)"([^>]*)>([^<]*)</text>')


def width(label: str, size: float = SIZE) -> float:
    """Pixels of the longest line in Helvetica; no font is opened here."""
    return size * max(sum(map(_wide, line)) for line in label.split("\n"))


def _wide(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return WIDE
    return HELVETICA.get(unicodedata.normalize("NFD", letter)[0], 1000 * OTHER) / 1000


def begun(picture: str) -> str:
    """The picture with all words placed by their beginnings, for PDF: words placed by their middle or end become groups there,
    whose first letters viewers cut.
    """

    def placed(found: re.Match[str]) -> str:
        x, before, size, anchor, after, said = found.groups()
        beginning = float(x) - width(html.unescape(said), float(size)) * (0.5 if anchor == "middle" else 1.0)
        return f'<text x="{beginning:.1f}"{before}{after}>{said}</text>'

    return ANCHORED.sub(placed, picture)


def height(label: str, size: float = SIZE) -> float:
    return size * LEADING * len(label.split("\n"))


def text(
    x: float,
    y: float,
    label: str,
    colour: str,
    *,
    size: float = SIZE,
    anchor: str = "middle",
    rise: str = "middle",
    turn: float = 0.0,
) -> str:
    """anchor: start, middle or end; rise: which edge of the text y is (top, middle, bottom); turn in degrees, clockwise."""
    block = height(label, size)
    first = {"top": 0.0, "middle": -block / 2, "bottom": -block}[rise] + ASCENT * size
    turned = f' transform="rotate({turn:g} {x:.1f} {y:.1f})"' if turn else ""
    return "".join(
        f'<text x="{x:.1f}" y="{y + first + place * LEADING * size:.1f}" fill="{colour}" font-size="{size:g}" '
        f'text-anchor="{anchor}"{turned}>{escape(line)}</text>'
        for place, line in enumerate(label.split("\n"))
        if line
    )
