"""Answers of the uploaded model beside the logged ones: the share that differs over time, or answer by answer."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from diagnostics.checks.reproduce.model_replay import BATCH, NOT_NOW, RANDOM, ModelReplay
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.diagonal import diagonal
from diagnostics.pictures.style import Palette, blank, onset_line, threshold_line


def draw(p: ModelReplay, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Over time where answers differ and times are known; else point by point; shares of both sides for labels.

    None for findings about batches and repeats, which are one number each, and when every answer came back.
    """
    if finding is not None and finding.rule in (BATCH, RANDOM):
        return None
    if finding is not None and finding.rule is NOT_NOW and len(p.shares) > 1:
        return _over_time(p, words, palette)
    if len(p.told) > 1:
        return _points(p, words, palette)
    return _shares(p, words, palette)


def _over_time(p: ModelReplay, words: Words, palette: Palette) -> go.Figure:
    figure = blank(words, palette, y=N_("logged answers that are not the model's"))
    later = [p.since is not None and begin >= p.since for begin, *_ in p.shares]
    figure.add_scatter(
        x=[begin for begin, *_ in p.shares],
        y=[share for _, share, _ in p.shares],
        mode="lines+markers",
        line={"color": palette.current, "width": 2, "shape": "hv"},
        marker={"size": 7, "color": [palette.fault if late else palette.current for late in later]},
        customdata=[rows for *_, rows in p.shares],
        hovertemplate="%{x|%d %b %H:%M}: %{y:.1%} / %{customdata}<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    if np.isfinite(p.differing.reference.value):
        threshold_line(figure, p.differing.reference.value, words(N_("in the reference")), palette)
    onset_line(figure, p.since, words, palette)
    return figure


def _points(p: ModelReplay, words: Words, palette: Palette) -> go.Figure:
    x, y = N_("answer of the uploaded model"), N_("answer that was logged")
    fine = N_("came back")
    return diagonal(p.told, p.logged, p.tolerance, words, palette, x=x, y=y, fine=fine, off_colour=palette.fault)


def _shares(p: ModelReplay, words: Words, palette: Palette) -> go.Figure | None:
    rows = [
        (words(N_("reference")), p.differing.reference, palette.reference),
        (words(N_("current")), p.differing.current, palette.current),
    ]
    rows = [row for row in rows if np.isfinite(row[1].value)][::-1]
    if not any(interval.value for _, interval, _ in rows):
        return None
    figure = blank(words, palette, x=N_("logged answers that are not the model's"), height=120 + 46 * len(rows))
    figure.add_bar(
        x=[interval.value for _, interval, _ in rows],
        y=[label for label, *_ in rows],
        orientation="h",
        marker={"color": [colour for *_, colour in rows]},
        text=[words.percent(interval.value) for _, interval, _ in rows],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.2 * max(i.value for _, i, _ in rows) + 0.02)])
    return figure
