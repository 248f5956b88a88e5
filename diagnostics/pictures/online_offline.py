"""Offline against online: one column, pair by pair, or the share of differing rows per column."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.reproduce.online_offline.check import ColumnPair, OnlineOffline
from diagnostics.checks.reproduce.online_offline.relation import RelationKind
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 15


def draw(p: OnlineOffline, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """With a finding on one number column its pairs, else the columns that differ, worst first; None when none does."""
    if finding is not None and len(finding.columns) == 1:
        column = next((c for c in p.columns if c.name == finding.columns[0]), None)
        if column is not None and len(column.offline) > 1:
            return _pairs(column, words, palette)
    return _shares(p, words, palette)


def _pairs(column: ColumnPair, words: Words, palette: Palette) -> go.Figure:
    name = safe(column.name)
    figure = blank(
        words, palette, x=words(N_("{column}, offline"), column=name), y=words(N_("{column}, online"), column=name), height=400
    )
    low, high = min(column.offline), max(column.offline)
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": palette.reference, "width": 2},
        name=words(N_("equal")),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=column.offline,
        y=column.online,
        mode="markers",
        name=words(N_("the same row in both tables")),
        marker={"color": palette.fault, "size": 6, "opacity": 0.6},
        hovertemplate="%{x:.4g} → %{y:.4g}<extra></extra>",
    )
    if column.kind is RelationKind.AFFINE:
        figure.add_scatter(
            x=[low, high],
            y=[column.slope * low + column.offset, column.slope * high + column.offset],
            mode="lines",
            line={"color": palette.watch, "dash": "dot"},
            name=words(N_("the line between them")),
            hoverinfo="skip",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return figure


def _shares(p: OnlineOffline, words: Words, palette: Palette) -> go.Figure | None:
    differing = [c for c in p.columns if c.kind is not RelationKind.EQUAL]
    differing = sorted(differing, key=lambda c: (-c.share.value, c.name))[:SHOWN][::-1]
    if not differing:
        return None
    figure = blank(words, palette, x=N_("share of the rows with the same id that differ"), height=110 + 30 * len(differing))
    figure.add_bar(
        x=[c.share.value for c in differing],
        y=[safe(c.name) for c in differing],
        orientation="h",
        marker={"color": palette.fault},
        text=[words.percent(c.share.value) for c in differing],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.2 * differing[-1].share.value + 0.02)])
    return figure
