"""Clocks: at which hours of the day the times lie, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.clock.check import Clock
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank


def draw(p: Clock, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Share of the rows per hour, as two steps round the day; None without a finding, or for a unit."""
    if finding is None:
        return None
    moved = next((m for m in p.moved if m.column in finding.columns and m.rule is finding.rule), None)
    if moved is None or not moved.reference or not moved.current:
        return None
    figure = blank(words, palette, x=N_("hour of the day"), y=N_("share of the rows"))
    for shares, colour, name in (
        (moved.reference, palette.reference, words(N_("reference"))),
        (moved.current, palette.fault, words(N_("current, from the jump on"))),
    ):
        hours = [24 * place / len(shares) for place in range(len(shares))]
        figure.add_scatter(
            x=hours,
            y=list(shares),
            mode="lines",
            name=name,
            line={"color": colour, "width": 3, "shape": "hvh"},
            hovertemplate="%{x}:00: %{y:.1%} (" + name + ")<extra></extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(tickvals=list(range(0, 25, 3)), range=[-0.5, 24])
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure
