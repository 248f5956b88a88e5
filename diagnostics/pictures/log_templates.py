"""Kinds of log messages: the most frequent errors and warnings, as bars."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.operations.logs import EXCEPTION
from diagnostics.checks.operations.reading.header import Level
from diagnostics.checks.operations.reading.mask import readable
from diagnostics.checks.operations.reading.scan import LogScan
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 12


def draw(p: LogScan, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The 12 most frequent kinds of errors and warnings; all kinds when there are none of those. None for an empty log."""
    bad = [t for t in p.templates if t.level >= Level.WARNING]
    told = (bad or list(p.templates))[:SHOWN][::-1]
    if not told:
        return None
    named = getattr(finding.of, "template", None) if finding and finding.rule is not EXCEPTION else None
    figure = blank(words, palette, x=N_("messages"), height=120 + 28 * len(told))
    colours = [
        palette.fault
        if readable(t.text) == named or (named is None and t.level >= Level.ERROR)
        else palette.watch
        if t.level >= Level.WARNING
        else palette.current
        for t in told
    ]
    # Two kinds may read alike once they are cut; the number keeps their bars apart.
    labels = [f"{safe(readable(t.text), cap=52)} · {t.id}" for t in told]
    figure.add_bar(
        x=[t.count for t in told],
        y=labels,
        orientation="h",
        marker={"color": colours},
        text=[f"{t.count:,}" for t in told],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,}<extra></extra>",
    )
    figure.update_xaxes(rangemode="tozero")
    return figure
