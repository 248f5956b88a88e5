"""Since when: the level over time with its interval, the reference's level, events and the onset; or the number of rows."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from diagnostics.checks.confirm.error_onset.check import VOLUME, ErrorOnset
from diagnostics.checks.confirm.error_onset.series import Series
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, label_right, onset_line, safe

AXES: Final = {
    "error rate": N_("error rate"),
    "Brier score": N_("Brier score"),
    "mean absolute error": N_("mean error"),
    "mean prediction": N_("mean prediction"),
    "share of answers": N_("share of the answer"),
}
PERCENT: Final = frozenset({"error rate", "share of answers"})
EVENTS: Final = 12


def draw(p: ErrorOnset, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """None where there are too few bins to see a course."""
    if len(p.shown.current.bins) < 3:
        return None
    volume = finding is not None and finding.rule is VOLUME
    figure = blank(words, palette, y=N_("rows") if volume else AXES[p.measure], height=360)
    if volume:
        _rows(figure, p.shown.current, palette)
    else:
        _level(figure, p, words, palette)
    _events(figure, p, palette)
    onset_line(figure, finding.since if finding else None, words, palette)
    if not volume and p.measure in PERCENT:
        figure.update_yaxes(tickformat=".0%")
    figure.update_layout(margin={"t": 48, "r": 96})
    return figure


def _rows(figure: go.Figure, shown: Series, palette: Palette) -> None:
    figure.add_bar(
        x=[b.start for b in shown.bins],
        y=[b.rows for b in shown.bins],
        marker={"color": palette.current},
        hovertemplate="%{x}: %{y:,}<extra></extra>",
    )


def _level(figure: go.Figure, p: ErrorOnset, words: Words, palette: Palette) -> None:
    for shown, label, colour in (
        (p.shown.reference, words(N_("reference")), palette.reference),
        (p.shown.current, words(N_("current")), palette.current),
    ):
        bins = [b for b in shown.bins if b.known and np.isfinite([b.value.value, b.value.low, b.value.high]).all()]
        # The first and the last bin are cut by the table's ends and jump about with their few rows.
        fewest = 0.2 * float(np.median([b.known for b in bins])) if bins else 0.0
        bins = [b for b in bins if b.known >= fewest]
        if not bins:
            continue
        x, y = [b.start for b in bins], [b.value.value for b in bins]
        figure.add_scatter(
            x=[*x, *x[::-1]],
            y=[*(b.value.high for b in bins), *(b.value.low for b in bins[::-1])],
            fill="toself",
            mode="lines",
            line={"width": 0, "color": colour},
            opacity=0.25,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers" if len(bins) < 60 else "lines",
            line={"color": colour, "width": 2},
            customdata=[b.known for b in bins],
            name=label,
            hovertemplate="%{x}: %{y:.3~g} (%{customdata:,})<extra>" + label + "</extra>",
        )
        label_right(figure, x, y, label, colour)
    if p.usual is not None:
        figure.add_hline(y=p.usual, line={"color": palette.reference, "dash": "dash"})


def _events(figure: go.Figure, p: ErrorOnset, palette: Palette) -> None:
    """The events within the picture, dotted, with what happened."""
    start = min((s.bins[0].start for s in (p.shown.reference, p.shown.current) if s.bins), default=None)
    end = p.shown.current.bins[-1].start
    inside = [e for e in p.events if start is not None and start <= e.time.replace(tzinfo=None) <= end]
    for event in inside[-EVENTS:]:
        when = event.time.replace(tzinfo=None).isoformat()
        figure.add_vline(x=when, line={"color": palette.watch, "dash": "dot"})
        figure.add_annotation(
            x=when,
            y=0,
            yref="paper",
            yanchor="bottom",
            xanchor="right",
            text=safe(event.what, cap=24),
            textangle=-90,
            showarrow=False,
            font={"color": palette.watch},
        )
