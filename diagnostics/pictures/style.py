"""One colour language for every chart, and the pieces that all charts share (onset line, threshold line, safe text)."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from diagnostics.nouns.words import N_, Words, shorten


@dataclass(frozen=True)
class Palette:
    """Colours by meaning: reference grey, current blue, fault vermilion, fine green, watch amber."""

    reference: str
    current: str
    fault: str
    fine: str
    watch: str
    text: str
    grid: str


LIGHT: Final = Palette("#6B7A90", "#0F6CBD", "#C8401F", "#1B7F50", "#9A6700", "#1F2933", "#E3E8EE")
DARK: Final = Palette("#9AA7B8", "#5AA9FF", "#FF7A5C", "#4CC38A", "#E0B050", "#E6EBF1", "#2C3542")


TITLE_LINE: Final = 36
"""Characters of an axis title on one line: what fits beside the labels on a screen of 375 pixels."""


def safe(text: str, *, cap: int = 40) -> str:
    """Text from a file for a Plotly label: no markup, no formula, at most `cap` characters."""
    # Plotly reads <b>, <a href> and $...$ in every label.
    return html.escape(shorten(text, cap=cap), quote=False).replace("$", "&#36;")


ROW_LINE: Final = 22
"""Characters of a row's label on one line: on a screen of 375 pixels it leaves the picture more than half."""

LINE_LABEL: Final = "line label"

DAY_MS: Final = 86_400_000
TICKS: Final = (
    (None, DAY_MS - 1, N_("%H:%M\n%b %-d, %Y")),
    (DAY_MS, "M1", N_("%b %-d\n%Y")),
    ("M1", "M12", N_("%b %Y")),
    ("M12", None, "%Y"),
)
"""Dates along an axis by the distance of the ticks, in the letters of d3-time-format; what follows the break is written once."""

HOVER: Final = N_("%b %-d, %Y, %H:%M")

LABEL_PIXELS: Final = 18
"""Height of a line of text in a picture."""


def wrapped(label: str) -> str:
    """The label of a row, translated and safe, on lines short enough for a telephone."""
    return "<br>".join(textwrap.wrap(label, ROW_LINE, break_long_words=False, break_on_hyphens=False))


def blank(words: Words, palette: Palette, *, x: str = "", y: str = "", height: int = 340) -> go.Figure:
    """An empty figure with titled axes (message ids or safe text), direct labels instead of a legend, tool bar on hover."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 24, "t": 24, "b": 8},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.text, "size": 14},
        # Plotly writes titles of axes a fifth larger than all the rest.
        xaxis_title_font_size=14,
        yaxis_title_font_size=14,
        hoverlabel={"namelength": -1},
        bargap=0.15,
        separators=".,",
    )
    figure.update_xaxes(title_text=_broken(words(x)) if x else None, gridcolor=palette.grid, zeroline=False, automargin=True)
    figure.update_yaxes(title_text=words(y) if y else None, gridcolor=palette.grid, zeroline=False, automargin=True)
    return figure


def _broken(title: str) -> str:
    """A title of an axis on lines short enough for a telephone."""
    return "<br>".join(textwrap.wrap(title, TITLE_LINE, break_long_words=False, break_on_hyphens=False))


def finish(figure: go.Figure, words: Words, palette: Palette) -> None:
    """What every figure gets at last: labels apart from each other, dates as the reader writes them, and the legend along the top
    edge in its own colours.
    """
    _apart(figure)
    _dated(figure, words)
    if not figure.layout.showlegend:
        return
    own = {words(N_("reference")): palette.reference, words(N_("current")): palette.current}
    for trace in list(figure.data):
        if trace.name in own and trace.showlegend is not False and isinstance(getattr(trace.marker, "color", None), list | tuple):
            # The key would take the colour of the first point, be it at fault or not.
            key = go.Scatter(x=[None], y=[None], mode="markers", name=trace.name, hoverinfo="skip", showlegend=True)
            drawn = trace.marker.symbol if trace.type == "scatter" else "square"
            key.marker = {"color": own[trace.name], "size": 11, "symbol": drawn if isinstance(drawn, str) else "circle"}
            figure.add_trace(key)
            trace.showlegend = False
    above = any(note.yref == "paper" or (note.yref or "").endswith("domain") for note in figure.layout.annotations)
    top, extra = figure.layout.margin.t or 24, 30 if above else 12
    # Along the edge of the figure rather than of the plot: long labels on the left would squeeze it onto the threshold's label.
    edge = {"x": 0, "y": 1, "xanchor": "left", "yanchor": "top", "xref": "container", "yref": "container", "orientation": "h"}
    figure.update_layout(legend=edge, margin_t=top + extra, height=(figure.layout.height or 340) + extra)


def _dated(figure: go.Figure, words: Words) -> None:
    """Plotly itself knows the months of English only."""
    axes = {trace.xaxis or "x" for trace in figure.data if trace.type == "scatter" and _is_time(trace.x)}
    stops = [{"dtickrange": [low, high], "value": words.pattern(value)} for low, high, value in TICKS]
    for axis in axes:
        layout = figure.layout["xaxis" + axis[1:]]
        layout.update(tickformatstops=stops, hoverformat=words.pattern(HOVER))


def _is_time(values: Any) -> bool:
    first = next(iter(values), None) if values is not None else None
    return isinstance(first, date | np.datetime64)


def _apart(figure: go.Figure) -> None:
    """Move the labels of lines that end at about the same height above each other."""
    named = [note for note in figure.layout.annotations if note.name == LINE_LABEL]
    low, high = _height(figure)
    if len(named) < 2 or high <= low:
        return
    # Margins, ticks and title of the axis take about a hundred pixels.
    scale = max(60, (figure.layout.height or 340) - 100) / (high - low)
    placed: float | None = None
    for note in sorted(named, key=lambda note: float(note.y)):
        wanted = (float(note.y) - low) * scale
        placed = wanted if placed is None else max(wanted, placed + LABEL_PIXELS)
        note.yshift = placed - wanted


def _height(figure: go.Figure) -> tuple[float, float]:
    """Lowest and highest value of the picture; exponents on a logarithmic axis, as its labels are placed."""
    if figure.layout.yaxis.range:
        low, high = figure.layout.yaxis.range
        return float(low), float(high)
    ends: list[float] = [0.0] if figure.layout.yaxis.rangemode == "tozero" else []
    for trace in figure.data:
        try:
            values = np.asarray(trace.y, dtype="float64")
        except (AttributeError, TypeError, ValueError):  # a table has no height
            return 0.0, 0.0
        if figure.layout.yaxis.type == "log":
            values = np.log10(values[values > 0])
        known = values[np.isfinite(values)]
        if known.size:
            ends += [float(known.min()), float(known.max())]
    return (min(ends), max(ends)) if ends else (0.0, 0.0)


def onset_line(figure: go.Figure, when: datetime | None, words: Words, palette: Palette) -> None:
    """The vertical vermilion line at the onset, with its date; nothing when it is not known."""
    if when is None:
        return
    first, last = _span(figure)
    place = 0.0
    if first < last:
        moment = np.datetime64(when.replace(tzinfo=None), "us")
        first, last = min(first, moment), max(last, moment)
        place = float((moment - first) / (last - first))
        # Else the label, as wide as half a telephone, would stretch the axis far beyond the data.
        figure.update_xaxes(range=[str(first), str(last + (last - first) // 50)])
    figure.add_vline(x=when.isoformat(), line={"color": palette.fault, "width": 2})
    figure.add_annotation(
        x=when.isoformat(),
        y=1,
        yref="paper",
        yanchor="bottom",
        text=words(N_("since {when:time}"), when=when),
        showarrow=False,
        font={"color": palette.fault},
        xanchor="left" if place < 1 / 3 else "center" if place < 2 / 3 else "right",
    )


def _span(figure: go.Figure) -> tuple[np.datetime64, np.datetime64]:
    """First and last time of the traces; twice the same where they show no times."""
    ends: list[np.datetime64] = []
    for trace in figure.data:
        given = getattr(trace, "x", None)
        shown = [] if given is None else [moment for moment in given if moment is not None]
        try:
            moments = np.asarray(shown, dtype="datetime64[us]")
        except (TypeError, ValueError):
            continue
        known = moments[~np.isnat(moments)]
        if known.size and not isinstance(shown[0], int | float | np.number):
            ends += [known.min(), known.max()]
    return (min(ends), max(ends)) if ends else (np.datetime64(0, "us"), np.datetime64(0, "us"))


def threshold_line(figure: go.Figure, value: float, label: str, palette: Palette, *, vertical: bool = False) -> None:
    """A dotted, labelled line at a threshold. `label` is translated, safe text."""
    if vertical:
        figure.add_vline(x=value, line={"color": palette.watch, "dash": "dot"}, annotation_text=label, annotation_position="top")
    else:
        figure.add_hline(
            y=value, line={"color": palette.watch, "dash": "dot"}, annotation_text=label, annotation_position="top right"
        )


def label_right(figure: go.Figure, x: Sequence[object], y: Sequence[float], text: str, colour: str) -> None:
    """Name a line at its right end instead of in a legend. `text` is safe."""
    if len(x) and len(y):
        figure.add_annotation(
            x=x[-1], y=y[-1], text=text, name=LINE_LABEL, showarrow=False, xanchor="left", xshift=6, font={"color": colour}
        )
