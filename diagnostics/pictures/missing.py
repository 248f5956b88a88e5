"""Missing values: share per column, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.missing import Missing
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 15


def draw(p: Missing, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The columns whose share of missing values moved most, at most 15, as two dots and the way between them.

    None when all is well because nothing is missing anywhere.
    """
    if finding is None and not any(column.reference.value or column.current.value for column in p.columns):
        return None
    moved = sorted(p.columns, key=lambda c: (-abs(c.current.value - c.reference.value), c.name))[:SHOWN][::-1]
    named = set(finding.columns) if finding else set()
    figure = blank(words, palette, x=N_("share of rows without a value"), height=120 + 26 * len(moved))
    labels = [safe(c.name) for c in moved]
    for column, label in zip(moved, labels, strict=True):
        colour = palette.fault if column.name in named else palette.current
        figure.add_scatter(
            x=[column.reference.value, column.current.value],
            y=[label, label],
            mode="lines",
            line={"color": colour, "width": 2},
            hoverinfo="skip",
        )
    for side, name, colour in (
        ("reference", words(N_("reference")), palette.reference),
        ("current", words(N_("current")), palette.current),
    ):
        figure.add_scatter(
            x=[getattr(c, side).value for c in moved],
            y=labels,
            mode="markers",
            name=name,
            marker={"size": 11, "color": [palette.fault if side == "current" and c.name in named else colour for c in moved]},
            hovertemplate="%{y}: %{x:.1%} (" + name + ")<extra></extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    for trace in figure.data:
        trace.showlegend = trace.mode == "markers"
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    return figure
