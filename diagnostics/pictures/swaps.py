"""Swaps: the spread of the two columns in the reference and in the exchanged rows."""

from __future__ import annotations

from itertools import pairwise

import plotly.graph_objects as go

from diagnostics.checks.inputs.swaps.check import Swap, Swaps
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe


def draw(p: Swaps, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Numbers: the middle 90% of four columns as bars; names: distance to the reference, as is and exchanged back."""
    if finding is None:
        return None
    pair = next((pair for pair in p.pairs if (pair.one, pair.other) == finding.columns), None)
    if pair is None:
        return None
    if pair.how != "values" or len(pair.shapes) != 4 or not all(pair.shapes):
        return _distances(pair, words, palette)
    figure = blank(words, palette, x=N_("value: middle 90%, middle half and median"), height=270)
    names = (safe(pair.one), safe(pair.other))
    sides = (words(N_("reference")), words(N_("current")))
    rows = [f"{name} ({side})" for side in sides for name in names]
    # The column that holds the other's values has the other's place in the reference.
    colours = (palette.reference, palette.reference, palette.fault, palette.fault)
    order = (0, 3, 1, 2)
    for place in order[::-1]:
        shape, label = pair.shapes[place], rows[place]
        for (low, high), width in zip(pairwise((shape[0], shape[1], shape[3], shape[4])), (3, 11, 3), strict=True):
            figure.add_scatter(
                x=[low, high],
                y=[label, label],
                mode="lines",
                line={"color": colours[place], "width": width},
                hoverinfo="skip",
            )
        figure.add_scatter(
            x=[shape[2]],
            y=[label],
            mode="markers",
            marker={"size": 9, "color": palette.text},
            hovertemplate="%{y}: %{x:,.4~g}<extra></extra>",
        )
    figure.update_yaxes(type="category")
    return figure


def _distances(pair: Swap, words: Words, palette: Palette) -> go.Figure:
    bars = ((words(N_("exchanged back")), pair.fit, palette.fine), (words(N_("as it is")), pair.apart, palette.fault))
    figure = blank(words, palette, x=N_("distance to the reference (0: alike, 1: nothing in common)"), height=200)
    figure.add_bar(
        x=[distance for _, distance, _ in bars],
        y=[name for name, _, _ in bars],
        orientation="h",
        marker={"color": [colour for _, _, colour in bars]},
        text=[words.number(distance) for _, distance, _ in bars],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.3g}<extra></extra>",
    )
    figure.update_xaxes(range=[0, min(1.15, 1.25 * max(pair.apart, pair.fit, 0.02))])
    return figure
