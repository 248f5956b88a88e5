"""Label noise: contradicting labels by how sure the rows make one, reference against current."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.label_noise.check import LabelNoise
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, label_right


def draw(p: LabelNoise, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """One line per table, from the rows that leave no doubt to those that say little. Without noise a line begins near 0."""
    if not p.curves[0] or not p.curves[1]:
        return None
    figure = blank(words, palette, x=N_("rows, those that leave no doubt first"), y=N_("labels that say otherwise"))
    colour = palette.current if finding is None else palette.fault
    for points, name, line in ((p.curves[0], N_("reference"), palette.reference), (p.curves[1], N_("current"), colour)):
        x, y = [a for a, _ in points], [b for _, b in points]
        figure.add_scatter(x=x, y=y, mode="lines+markers", name=words(name), line={"color": line, "width": 3})
        figure.data[-1].hovertemplate = "%{y:.1%} (" + words(name) + ")<extra></extra>"
        label_right(figure, x, y, words(name), line)
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure
