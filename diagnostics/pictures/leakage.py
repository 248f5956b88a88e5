"""Leakage: how much each column alone knew of the answer, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.leakage import Leakage
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 12


def draw(p: Leakage, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The columns that knew most, as bars: reference grey, current blue, the accused column's current bar vermilion."""
    shown = p.columns[:SHOWN][::-1]
    if not shown:
        return None
    accused = set(finding.columns) if finding else set()
    names = [safe(c.name) for c in shown]
    figure = blank(words, palette, x=N_("how well the column alone tells the answer"), height=120 + 34 * len(shown))
    figure.add_bar(
        y=names, x=[c.reference for c in shown], orientation="h", name=words(N_("reference")), marker_color=palette.reference
    )
    figure.add_bar(
        y=names,
        x=[c.current for c in shown],
        orientation="h",
        name=words(N_("current")),
        marker_color=[palette.fault if c.name in accused else palette.current for c in shown],
    )
    figure.update_layout(barmode="group", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(tickformat=".0%", range=[p.floor, 1])
    return figure
