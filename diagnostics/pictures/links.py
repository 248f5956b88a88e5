"""Links: how well the other columns foretell each column, in the reference and now."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.links.check import Links
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 8


def draw(p: Links, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """A line per column from its correlation in the reference to the one now; the column at fault in the colour of faults."""
    shown = [link for link in p.links if link.before >= 0.05][:SHOWN][::-1]
    if not shown:
        return None
    named = set(finding.columns) if finding else set()
    figure = blank(words, palette, x=N_("correlation with what the other columns foretell"), height=140 + 34 * len(shown))
    labels = [safe(link.column) for link in shown]
    for link, label in zip(shown, labels, strict=True):
        figure.add_scatter(
            x=[link.before, max(0.0, link.after)],
            y=[label, label],
            mode="lines",
            line={"color": palette.fault if link.column in named else palette.reference, "width": 3},
            hoverinfo="skip",
            showlegend=False,
        )
    for name, colour, values in (
        (N_("reference"), palette.reference, [link.before for link in shown]),
        (N_("current"), palette.current, [max(0.0, link.after) for link in shown]),
    ):
        figure.add_scatter(
            x=values,
            y=labels,
            mode="markers",
            name=words(name),
            marker={"color": colour, "size": 11},
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(range=[-0.02, 1.05])
    return figure
