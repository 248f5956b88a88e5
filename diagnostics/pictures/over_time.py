"""One column along time: its mean within the usual range, and below it the sliding-window alarm, as often advised and done
right.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from diagnostics.checks.drift.over_time import ALARM, SPREAD_LEFT, Band, Line, Timeline
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, onset_line, safe


def draw(p: Timeline, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Without a finding, the column whose mean moved most."""
    line = next((line for line in p.lines if finding and line.name in finding.columns), None)
    if line is None:
        line = max(p.lines, key=lambda one: float(np.nanmax(np.abs(one.error_z), initial=0.0)), default=None)
    if line is None:
        return None
    spread = finding is not None and finding.rule is SPREAD_LEFT
    figure = make_subplots(rows=2, cols=1, row_heights=[0.62, 0.38], vertical_spacing=0.14)
    figure.update_layout(
        height=520,
        margin={"l": 8, "r": 110, "t": 28, "b": 8},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.text, "size": 14},
    )
    figure.update_xaxes(gridcolor=palette.grid, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=palette.grid, zeroline=False, automargin=True)
    _level(figure, p, line, words, palette, spread=spread)
    _alarms(figure, p, line, words, palette)
    onset_line(figure, finding.since if finding else None, words, palette)
    return figure


def _level(figure: go.Figure, p: Timeline, line: Line, words: Words, palette: Palette, *, spread: bool) -> None:
    """Mean (or standard deviation) per time bin, reference grey, current blue, bins outside the range vermilion."""
    values, band = (line.std, line.std_band) if spread else (line.mean, line.mean_band)
    when = p.when.astype("datetime64[ms]").astype(object)
    cut = p.reference_bins
    name = safe(line.name)
    title = words(N_("standard deviation of {name}"), name=name) if spread else words(N_("mean of {name}"), name=name)
    figure.update_yaxes(title_text=title, row=1, col=1)
    if not spread:
        for quantile in (0, 2):
            figure.add_scatter(
                x=when[cut:],
                y=line.quantiles[quantile][cut:],
                mode="lines",
                line={"color": palette.current, "width": 1, "dash": "dot"},
                opacity=0.5,
                hovertemplate=words(N_("{share} of the values lie below"), share="5%" if quantile == 0 else "95%")
                + ": %{y:.4~g}<extra></extra>",
                row=1,
                col=1,
            )
    if cut:
        figure.add_scatter(
            x=when[:cut],
            y=values[:cut],
            mode="lines",
            line={"color": palette.reference, "width": 2},
            hovertemplate="%{x}: %{y:.4~g}<extra>" + words(N_("reference")) + "</extra>",
            row=1,
            col=1,
        )
    with np.errstate(invalid="ignore"):
        out = (values[cut:] < band.low) | (values[cut:] > band.high)
    figure.add_scatter(
        x=when[cut:],
        y=values[cut:],
        mode="lines+markers",
        line={"color": palette.current, "width": 2},
        marker={"size": 6, "color": [palette.fault if o else palette.current for o in out]},
        hovertemplate="%{x}: %{y:.4~g}<extra>" + words(N_("current")) + "</extra>",
        row=1,
        col=1,
    )
    # After the lines: Plotly draws no range into an empty panel.
    _range(figure, band, words, palette)


def _range(figure: go.Figure, band: Band, words: Words, palette: Palette) -> None:
    figure.add_hrect(y0=band.low, y1=band.high, fillcolor=palette.reference, opacity=0.15, line_width=0, row=1, col=1)
    for value, text in ((band.high, N_("usual range")), (band.low, "")):
        figure.add_hline(
            y=value,
            line={"color": palette.reference, "dash": "dot", "width": 1},
            annotation_text=words(text) if text else "",
            annotation_position="top left",
            row=1,
            col=1,
        )


def _alarms(figure: go.Figure, p: Timeline, line: Line, words: Words, palette: Palette) -> None:
    """Both sliding windows on one axis: how many times its own yardstick the mean of the last 100 values is off."""
    points = p.points.astype("datetime64[ms]").astype(object)
    figure.update_yaxes(title_text=words(N_("times the yardstick")), row=2, col=1)
    for series, colour, text in (
        (line.error_z, palette.fault, N_("by standard error")),
        (line.spread_z, palette.current, N_("by spread")),
    ):
        figure.add_scatter(
            x=points,
            y=series,
            mode="lines",
            line={"color": colour, "width": 2},
            hovertemplate="%{x}: %{y:.2f}<extra>" + words(text) + "</extra>",
            row=2,
            col=1,
        )
        known = np.flatnonzero(np.isfinite(series))
        if known.size:
            last = known[-1]
            figure.add_annotation(
                x=points[last],
                y=float(series[last]),
                text=words(text),
                showarrow=False,
                xanchor="left",
                xshift=6,
                font={"color": colour},
                row=2,
                col=1,
            )
    for value in (ALARM, -ALARM):
        figure.add_hline(
            y=value,
            line={"color": palette.watch, "dash": "dot"},
            annotation_text=words(N_("alarm at 3")) if value > 0 else "",
            annotation_position="top left",
            row=2,
            col=1,
        )
