"""One colour language for every chart, and the pieces that all charts share (onset line, threshold line, safe text)."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import plotly.graph_objects as go

from diagnostics.words import Words, shorten


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


def safe(text: str, *, cap: int = 40) -> str:
    """Text from a file for a Plotly label: no markup, no formula, at most `cap` characters."""
    # Plotly reads <b>, <a href> and $...$ in every label.
    return html.escape(shorten(text, cap=cap), quote=False).replace("$", "&#36;")


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
        hoverlabel={"namelength": -1},
        bargap=0.15,
        separators=".,",
    )
    figure.update_xaxes(title_text=words(x) if x else None, gridcolor=palette.grid, zeroline=False, automargin=True)
    figure.update_yaxes(title_text=words(y) if y else None, gridcolor=palette.grid, zeroline=False, automargin=True)
    return figure


def onset_line(figure: go.Figure, when: datetime | None, words: Words, palette: Palette) -> None:
    """The vertical vermilion line at the onset, with its date; nothing when it is not known."""
    if when is None:
        return
    figure.add_vline(x=when.isoformat(), line={"color": palette.fault, "width": 2})
    figure.add_annotation(
        x=when.isoformat(),
        y=1,
        yref="paper",
        yanchor="bottom",
        text=words("since {when:time}", when=when),
        showarrow=False,
        font={"color": palette.fault},
        xanchor="left",
    )


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
        figure.add_annotation(x=x[-1], y=y[-1], text=text, showarrow=False, xanchor="left", xshift=6, font={"color": colour})
