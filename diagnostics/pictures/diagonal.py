"""Two answers to the same rows, one point each: what lies on the diagonal is equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank


def diagonal(
    first: Sequence[float],
    second: Sequence[float],
    tolerance: float,
    words: Words,
    palette: Palette,
    *,
    x: str,
    y: str,
    fine: str,
    off_colour: str,
    band: bool = False,
) -> go.Figure:
    """x, y: axis titles of `first` and `second`; fine: what points within `tolerance` of each other are called (message ids).

    band: also draw where the tolerance ends.
    """
    across, up = np.asarray(first), np.asarray(second)
    off = np.abs(across - up) > tolerance
    figure = blank(words, palette, x=x, y=y, height=410)
    ends = np.array([min(across.min(), up.min()), max(across.max(), up.max())])
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": palette.reference, "width": 2}, hoverinfo="skip")
    for shift in (tolerance, -tolerance) if band else ():
        edge = {"color": palette.watch, "width": 1, "dash": "dot"}
        figure.add_scatter(x=ends, y=ends + shift, mode="lines", line=edge, hoverinfo="skip")
    for chosen, colour, name, symbol in (
        (~off, palette.current, words(fine), "circle"),
        (off, off_colour, words(N_("differs")), "diamond"),
    ):
        if chosen.any():
            figure.add_scatter(
                x=across[chosen],
                y=up[chosen],
                mode="markers",
                name=name,
                marker={"color": colour, "size": 6, "opacity": 0.6, "symbol": symbol},
                hovertemplate="%{x:.4g} → %{y:.4g}<extra>" + name + "</extra>",
            )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    for trace in figure.data:
        trace.showlegend = trace.mode == "markers"
    return figure
