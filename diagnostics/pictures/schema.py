"""Schema: the columns that differ, present or not on either side."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.schema import Schema
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 15


def draw(p: Schema, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """One line per column that is missing, new, renamed or of another type; None when there is none."""
    named = set(finding.columns) if finding else set()
    lines = [(name, True, False) for name in p.missing]
    lines += [(f"{r.column} → {r.new_name}", True, True) for r in p.renamed]
    lines += [(r.column, True, True) for r in p.retyped]
    lines += [(name, False, True) for name in p.extra]
    if finding is None or not lines:
        return None
    shown = lines[:SHOWN][::-1]
    left, right = words(N_("reference")), words(N_("current"))
    figure = blank(words, palette, height=110 + 28 * len(shown))
    for place, (name, before, after) in enumerate(shown):
        fault = name in named or name.split(" → ")[0] in named
        label = f"{safe(name)}{' ' * place if name in [n for n, _, _ in shown[:place]] else ''}"
        for side, here, colour in ((left, before, palette.reference), (right, after, palette.current)):
            paint = palette.fault if fault and side == right else colour
            figure.add_scatter(
                x=[side],
                y=[label],
                mode="markers+text",
                text=[words(N_("there")) if here else words(N_("not there"))],
                textposition="middle right",
                marker={"size": 14, "color": paint, "symbol": "circle" if here else "circle-open"},
                hoverinfo="skip",
                cliponaxis=False,
            )
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=[left, right], range=[-0.3, 1.6])
    figure.update_yaxes(type="category")
    return figure
