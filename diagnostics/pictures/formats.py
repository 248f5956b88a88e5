"""Formats: share of the values in each notation that the reference does not use."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.inputs.formats import Formats
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe


def draw(p: Formats, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Bars per column and notation, with an example, at most 12; None where every value is written as before."""
    if finding is None or not p.notations:
        return None
    named = set(finding.columns)
    shown = sorted(p.notations, key=lambda n: (n.column not in named, -n.share, n.column, n.notation))[:12][::-1]
    labels = [safe(f"{n.column}: {n.examples[0] if n.examples else n.format.current or n.notation}") for n in shown]
    figure = blank(words, palette, x=N_("share of the values"), height=120 + 32 * len(shown))
    figure.add_bar(
        x=[n.share for n in shown],
        y=[f"{label} ({i})" if label in labels[:i] else label for i, label in enumerate(labels)],
        orientation="h",
        marker={"color": [palette.fault if n.column in named else palette.current for n in shown]},
        text=[words.percent(n.share) for n in shown],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.2%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1.12])
    figure.update_yaxes(type="category")
    return figure
