"""Pairs: one number of the reference and one of the current table per line, as two dots and the way between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank

SHOWN = 15


@dataclass(frozen=True)
class Pair:
    """label: safe text, different for every pair. fault: drawn in vermilion."""

    label: str
    reference: float
    current: float
    fault: bool = False


def draw_pairs(
    pairs: Sequence[Pair], words: Words, palette: Palette, *, x: str, share: bool = True, log: bool = False
) -> go.Figure:
    """At most 15 pairs, the first on top. `x`: title of the axis, a message id; `share`: the numbers are shares of 1."""
    shown = list(pairs[:SHOWN])[::-1]
    figure = blank(words, palette, x=x, height=130 + 28 * len(shown))
    for pair in shown:
        figure.add_scatter(
            x=[pair.reference, pair.current],
            y=[pair.label, pair.label],
            mode="lines",
            line={"color": palette.fault if pair.fault else palette.current, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    form = "%{x:.2%}" if share else "%{x:,.4~g}"
    for side, name, colour in (
        ("reference", words(N_("reference")), palette.reference),
        ("current", words(N_("current")), palette.current),
    ):
        figure.add_scatter(
            x=[getattr(pair, side) for pair in shown],
            y=[pair.label for pair in shown],
            mode="markers",
            name=name,
            marker={"size": 12, "color": [palette.fault if side == "current" and p.fault else colour for p in shown]},
            hovertemplate="%{y}: " + form + " (" + name + ")<extra></extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_yaxes(type="category")
    if log:
        figure.update_xaxes(type="log")
    else:
        figure.update_xaxes(rangemode="tozero")
    if share:
        figure.update_xaxes(tickformat=".0%")
    return figure
