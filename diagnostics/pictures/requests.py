"""Requests over time: those that failed, those that did not, and how long the slowest twentieth took."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.operations.requests import SLOWER, Requests
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line


def draw(p: Requests, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Bars of requests, or the course of their time for a finding about that."""
    figure = blank(words, palette, x=N_("time"))
    times = [when.isoformat() for when in p.times]
    if finding is not None and finding.rule is SLOWER:
        figure.update_yaxes(title_text=words(N_("ms")), rangemode="tozero")
        for values, name, colour in (
            (p.half, words(N_("half of the requests")), palette.reference),
            (p.slow, words(N_("slowest twentieth")), palette.fault),
        ):
            figure.add_scatter(x=times, y=values.tolist(), name=name, mode="lines", line={"color": colour, "width": 1.6})
    else:
        figure.update_yaxes(title_text=words(N_("requests per {minutes:number} min"), minutes=p.width), rangemode="tozero")
        for counts, name, colour in (
            (p.failed, words(N_("failed")), palette.fault),
            (p.requests - p.failed, words(N_("succeeded")), palette.current),
        ):
            figure.add_bar(x=times, y=counts.tolist(), name=name, marker={"color": colour, "line": {"width": 0}})
        figure.update_layout(barmode="stack")
    figure.update_layout(legend={"orientation": "h", "y": 1.12, "yanchor": "bottom"})
    onset_line(figure, finding.since if finding else None, words, palette)
    return figure
