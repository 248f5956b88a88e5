"""Bursts of errors over time."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.operations.bursts import BURST, Bursts
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line, safe

SHOWN = 4


def draw(p: Bursts, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Messages per stretch of time of the kind that the finding names, else of the four worst kinds. None without errors."""
    wanted = finding.of.template_id if finding is not None and finding.rule is BURST else None
    told = [s for s in p.series if s.template == wanted] or list(p.series[:SHOWN])
    if not told:
        return None
    figure = blank(words, palette, x=N_("time"), y=N_("messages"))
    figure.update_yaxes(title_text=words(N_("messages per {minutes:number} min"), minutes=p.width / 60), rangemode="tozero")
    times = [when.isoformat() for when in p.times]
    colours = (palette.fault, palette.watch, palette.current, palette.reference)
    for series, colour in zip(told, colours, strict=False):
        name = safe(readable(series.text))
        figure.add_bar(
            x=times,
            y=series.counts.tolist(),
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{x}: %{y:,}<extra>" + name + "</extra>",
        )
    figure.update_layout(barmode="stack", showlegend=len(told) > 1, legend={"orientation": "h", "y": 1.12, "yanchor": "bottom"})
    since = finding.since if finding else p.bursts[0].since if p.bursts else None
    onset_line(figure, since, words, palette)
    return figure
