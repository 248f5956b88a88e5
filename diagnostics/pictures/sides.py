"""Two sides as a table: what differs, the worst first; for packages and settings, where a drawing would say less."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from diagnostics.checks.environment.config.check import Config
from diagnostics.checks.environment.packages.check import Packages
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 20
WRAPPED = 50
"""Characters of the last column on one line of a wide screen."""

LINE = 18
"""Pixels of one more line in a row."""


def packages(p: Packages, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Package, version on either side, and what a difference does; conflicts where there are no differences."""
    rows = [(d.package, d.reference or "–", d.current or "–", words(d.why), d.severity) for d in p.differences]
    if not rows:
        clashes = [(c.package, c.has, c.needs, c.needed_by, Severity.WARNING) for c in p.conflicts]
        heads = (N_("package"), N_("the file asks for"), N_("needed"), N_("by"))
        return _table(clashes, heads, words, palette)
    return _table(rows, (N_("package"), N_("reference"), N_("current"), N_("what this does")), words, palette)


def settings(p: Config, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Setting and its value on either side."""
    rows = [
        (c.path, c.reference or "–", c.current or "–", "", Severity.WARNING if c.decisive else Severity.INFO) for c in p.changes
    ]
    return _table(rows, (N_("setting"), N_("reference"), N_("current"), ""), words, palette)


def _table(
    rows: Sequence[tuple[str, str, str, str, Severity]], heads: tuple[str, str, str, str], words: Words, palette: Palette
) -> go.Figure | None:
    if not rows:
        return None
    shown = rows[:SHOWN]
    columns = 4 if any(row[3] for row in shown) else 3
    cells = [
        [safe(str(row[position])) if position < 3 else safe(row[3], cap=120) for row in shown] for position in range(columns)
    ]
    severity = {Severity.CRITICAL: palette.fault, Severity.WARNING: palette.watch, Severity.INFO: palette.text}
    colours = [[severity[row[4]] for row in shown], *[[palette.text] * len(shown) for _ in range(columns - 1)]]
    lines = [max(1, -(-len(row[3]) // WRAPPED)) for row in shown]
    figure = blank(words, palette, height=64 + sum(34 + LINE * (count - 1) for count in lines))
    figure.add_trace(
        go.Table(
            header={
                "values": [words(head) if head else "" for head in heads[:columns]],
                "align": "left",
                "fill_color": palette.grid,
                "font": {"color": palette.text, "size": 13},
                "height": 30,
            },
            cells={
                "values": cells,
                "align": "left",
                "fill_color": "rgba(0,0,0,0)",
                "line_color": palette.grid,
                "font": {"color": colours, "size": 13},
                "height": 30,
            },
            columnwidth=[4, 3, 3, 5][:columns],
        )
    )
    return figure
