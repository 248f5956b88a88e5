"""Segments: the groups that are hit hardest, each with its error before and now."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.confirm.segments.check import Segments
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line, wrapped

SHOWN = 8
AXES = {"error rate": N_("error rate"), "Brier score": N_("Brier score"), "mean absolute error": N_("mean error")}


def draw(p: Segments, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Up to eight groups as two dots and the way between them; the mean of all current rows dotted. None without groups."""
    segments = p.segments[:SHOWN][::-1]
    if not segments:
        return None
    figure = blank(words, palette, x=AXES[p.loss], height=150 + 40 * len(segments))
    named = finding.segment if finding else None
    labels = [wrapped(f"{safe(words.phrase(s.text), cap=60)} ({words('{size:percent}', size=s.size)})") for s in segments]
    places = list(range(len(segments)))
    for place, segment in zip(places, segments, strict=True):
        colour = palette.fault if segment.text == named else palette.current
        figure.add_scatter(
            x=[segment.current.low, segment.current.high],
            y=[place, place],
            mode="lines",
            line={"color": colour, "width": 7},
            opacity=0.3,
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=[segment.reference.value, segment.current.value],
            y=[place, place],
            mode="lines",
            line={"color": colour, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=[s.reference.value for s in segments],
        y=places,
        mode="markers",
        name=words(N_("reference")),
        marker={"size": 11, "color": palette.reference, "symbol": "diamond"},
        customdata=labels,
        hovertemplate="%{customdata}: %{x:.3~g}<extra></extra>",
    )
    figure.add_scatter(
        x=[s.current.value for s in segments],
        y=places,
        mode="markers",
        name=words(N_("current")),
        marker={"size": 11, "color": [palette.fault if s.text == named else palette.current for s in segments]},
        customdata=labels,
        hovertemplate="%{customdata}: %{x:.3~g}<extra></extra>",
    )
    threshold_line(figure, p.current.value, words(N_("all current rows")), palette, vertical=True)
    figure.update_yaxes(tickvals=places, ticktext=labels, showgrid=False)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.06, "yanchor": "bottom"})
    figure.update_xaxes(tickformat=".0%" if p.loss == "error rate" else None, rangemode="tozero")
    return figure
