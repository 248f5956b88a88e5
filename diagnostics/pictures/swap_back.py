"""Swap back: how much comes back with each column set to its reference values."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from diagnostics.checks.localise.swap_back.check import SwapBack
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 10


def draw(p: SwapBack, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Share of the loss (or of the shift of the answers) that comes back, best columns first; without a loss the weights."""
    ranking = p.loss if p.loss is not None and p.loss.lost else p.shift
    if not ranking.lost or not ranking.columns:
        return _weights(p, words, palette)
    shown = ranking.columns[:SHOWN][::-1]
    unit = N_("share of the lost performance that comes back") if ranking is p.loss else N_("share of the shift that goes away")
    figure = blank(words, palette, x=unit, height=140 + 32 * len(shown))
    named = set(finding.columns) if finding else set()
    labels = [safe(c.name) for c in shown]
    values = [c.recovered.value for c in shown]
    colours = [palette.fine if c.name in named or (not named and c.recovered.low > 0.1) else palette.reference for c in shown]
    if len(ranking.together) > 1:
        labels.append(words(N_("{count:count} columns together"), count=len(ranking.together)))
        values.append(ranking.together_recovered)
        colours.append(palette.fine if ranking.together_recovered >= 0.3 else palette.reference)
    errors = [c.recovered.high - c.recovered.value if math.isfinite(c.recovered.high) else 0.0 for c in shown]
    figure.add_bar(
        x=[max(-0.5, min(1.5, value)) for value in values],
        y=labels,
        orientation="h",
        marker={"color": colours},
        error_x={"type": "data", "array": errors + [0.0] * (len(values) - len(errors)), "color": palette.text, "thickness": 1.5},
        customdata=values,
        hovertemplate="%{y}: %{customdata:.0%}<extra></extra>",
    )
    for label, value in zip(labels, values, strict=True):
        figure.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=label,
            text=words.percent(value),
            showarrow=False,
            font={"color": palette.text},
            xshift=46,
        )
    # The percentages stand in a column of their own, clear of the bars and their intervals.
    figure.update_layout(margin_r=60)
    low = min(0.0, *values) if values else 0.0
    figure.update_xaxes(tickformat=".0%", range=[max(-0.5, low - 0.05), max(1.2, min(1.6, max(values) + 0.3))])
    return figure


def _weights(p: SwapBack, words: Words, palette: Palette) -> go.Figure | None:
    shown = [pair for pair in p.weights if pair[1] > 0][:SHOWN][::-1]
    if not shown:
        return None
    figure = blank(
        words, palette, x=N_("how far the answers move when only this column is shuffled"), height=110 + 30 * len(shown)
    )
    figure.add_bar(
        x=[weight for _, weight in shown],
        y=[safe(name) for name, _ in shown],
        orientation="h",
        marker={"color": palette.current},
        text=[words.percent(weight) for _, weight in shown],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.2 * shown[-1][1] + 0.02)])
    return figure
