"""Overlap: current rows that stand in the reference, beside what chance gives."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.overlap import Overlap
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, wrapped


def draw(p: Overlap, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Two bars: the share of rows with an equal one in the reference, and the share that chance gives; None without a finding."""
    if finding is None:
        return None
    bars = (
        (wrapped(words(N_("what chance gives"))), p.expected, palette.reference),
        (wrapped(words(N_("current rows that stand in the reference"))), p.shared.value, palette.fault),
    )
    figure = blank(words, palette, x=N_("share of the rows"), height=200)
    figure.add_bar(
        x=[share for _, share, _ in bars],
        y=[name for name, _, _ in bars],
        orientation="h",
        marker={"color": [colour for _, _, colour in bars]},
        text=[words.percent(share) for _, share, _ in bars],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.25 * max(p.shared.value, p.expected) + 0.02)])
    return figure
