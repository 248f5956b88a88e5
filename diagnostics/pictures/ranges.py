"""Ranges: where the reference lies, and how far out the worst value is."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.ranges import Ranges
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line


def draw(p: Ranges, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The reference's range as a bar, the fence dotted, the worst value as a dot; None without a finding or for times."""
    column = next((c for c in p.columns if finding is not None and c.name in finding.columns), None)
    if column is None or column.kind is Kind.TIME:
        return None
    figure = blank(words, palette, x=safe(column.name), height=210)
    figure.add_scatter(
        x=[column.low, column.high],
        y=[0, 0],
        mode="lines+text",
        line={"color": palette.reference, "width": 22},
        text=[words(N_("reference")), ""],
        textposition="top right",
        textfont={"color": palette.reference},
        hovertemplate="%{x:,.6~g}<extra></extra>",
    )
    figure.add_scatter(
        x=[column.worst],
        y=[0],
        mode="markers+text",
        marker={"color": palette.fault, "size": 14},
        text=[words(N_("furthest out: {value:number}"), value=column.worst)],
        textposition="top left" if column.worst > column.high else "top right",
        textfont={"color": palette.fault},
        hovertemplate="%{x:,.6~g}<extra></extra>",
    )
    beyond = (
        column.high_fence if column.worst > column.high else max(column.low_fence, 0.0) if column.negative else column.low_fence
    )
    threshold_line(figure, beyond, words(N_("not plausible beyond")), palette, vertical=True)
    figure.update_yaxes(visible=False, range=[-1, 1])
    return figure
