"""The scaler against the data: where each side's middle lies, in the scaler's own units."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.reproduce.scaler.check import Scaled
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 15


def draw(p: Scaled, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Mean and spread of reference and current after the scaler, for the columns that are farthest off; None without any."""
    shown = sorted(p.columns, key=lambda c: (-max(c.shift("current"), c.shift("reference")), c.scale.column))[:SHOWN][::-1]
    if not shown:
        return None
    named = set(finding.columns) if finding else set()
    figure = blank(words, palette, x=N_("after the scaler (0 ± 1 is what the model learnt with)"), height=130 + 34 * len(shown))
    figure.add_vrect(x0=-1, x1=1, fillcolor=palette.fine, opacity=0.12, line_width=0)
    for side, name, colour in (
        ("reference", words(N_("reference")), palette.reference),
        ("current", words(N_("current")), palette.current),
    ):
        colours = [palette.fault if side == "current" and c.scale.column in named else colour for c in shown]
        figure.add_scatter(
            x=[(getattr(c.mean, side) - c.scale.mean) / c.scale.scale for c in shown],
            y=[safe(c.scale.column) for c in shown],
            error_x={"type": "data", "array": [getattr(c.spread, side) / c.scale.scale for c in shown], "color": colour},
            mode="markers",
            name=name,
            marker={"size": 11, "color": colours, "symbol": "circle" if side == "reference" else "diamond"},
            hovertemplate="%{y}: %{x:.2f} (" + name + ")<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    return figure
