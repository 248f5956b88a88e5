"""The proof of a cause: the loss as it is, after the undo, and in the reference."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from diagnostics.causes.cause import Replay
from diagnostics.charts.style import Palette, blank
from diagnostics.finding import Finding
from diagnostics.words import N_, Words


def draw(p: Replay, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Three means with their 95% intervals, one under the other; None when there is nothing to compare."""
    rows = (
        (words(N_("reference")), p.reference, palette.reference),
        (words(N_("after the undo")), p.after, palette.fine),
        (words(N_("current, as it is")), p.before, palette.fault),
    )
    if not all(math.isfinite(interval.value) for _, interval, _ in rows):
        return None
    figure = blank(words, palette, x=words(p.unit), height=230)
    for label, interval, colour in rows:
        up, down = interval.high - interval.value, interval.value - interval.low
        figure.add_scatter(
            x=[interval.value],
            y=[label],
            mode="markers+text",
            text=[words.number(interval.value)],
            textposition="top center",
            textfont={"color": colour, "size": 15},
            marker={"size": 14, "color": colour},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [up if math.isfinite(up) else 0.0],
                "arrayminus": [down if math.isfinite(down) else 0.0],
                "color": colour,
                "thickness": 2.5,
                "width": 7,
            },
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(showgrid=False, range=[-0.6, 2.7])
    return figure
