"""The proof of a cause: the loss, or how different the rows look, as it is and after the undo."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from diagnostics.causes.cause import Likeness, Replay
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, threshold_line


def draw(p: Replay, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Three means with their 95% intervals, one under the other; None when there is nothing to compare."""
    rows = (
        (words(N_("reference")), p.reference, palette.reference),
        (words(N_("after the undo")), p.after, palette.fine),
        (words(N_("current, as it is")), p.before, palette.fault),
    )
    if not all(math.isfinite(interval.value) for _, interval, _ in rows):
        return None
    figure = blank(words, palette, x=words(N_("{unit} (lower is better)"), unit=words(p.unit)), height=230)
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


def draw_likeness(p: Likeness, words: Words, palette: Palette) -> go.Figure | None:
    """Pairs that are told apart, as it is and after the undo, and what guessing gives; None where nothing differed before."""
    if p.explained is None:
        return None
    # Below one half is chance as well.
    after = max(0.5, p.after)
    rows = (
        (words(N_("after the undo")), after, palette.fine if p.explained > 0 else palette.watch),
        (words(N_("current, as it is")), p.before, palette.fault),
    )
    figure = blank(words, palette, x=N_("pairs of rows told apart"), height=190)
    figure.add_scatter(
        x=[p.before, after],
        y=[rows[1][0], rows[0][0]],
        mode="lines",
        line={"color": palette.grid, "width": 2},
        hoverinfo="skip",
    )
    for label, value, colour in rows:
        figure.add_scatter(
            x=[value],
            y=[label],
            mode="markers+text",
            text=[words.percent(value)],
            textposition="middle right" if value < 0.6 else "top center",
            textfont={"color": colour, "size": 15},
            marker={"size": 14, "color": colour},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        )
    threshold_line(figure, 0.5, words(N_("guessing")), palette, vertical=True)
    figure.update_xaxes(range=[0.45, 1.03], tickformat=".0%", tickvals=[0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    figure.update_yaxes(showgrid=False, range=[-0.6, 1.8], categoryorder="array", categoryarray=[rows[0][0], rows[1][0]])
    return figure
