"""Simple models beside the logged answers: loss on the reference and on the current rows."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from diagnostics.checks.localise.simple_models.check import Scored, SimpleModels
from diagnostics.checks.localise.simple_models.models import NAMES
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe


def draw(p: SimpleModels, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Two dots per model with their 95% intervals and the way between them; a rise beyond chance in vermilion."""
    models = [m for m in p.models if math.isfinite(m.reference.value) and math.isfinite(m.current.value)][::-1]
    if not models:
        return None
    labels = [_label(m, words) for m in models]
    figure = blank(words, palette, x=words(p.unit), height=120 + 42 * len(models))
    for model, label in zip(models, labels, strict=True):
        colour = palette.fault if model.rise.low > 0 else palette.grid
        figure.add_scatter(
            x=[model.reference.value, model.current.value],
            y=[label, label],
            mode="lines",
            line={"color": colour, "width": 3},
            hoverinfo="skip",
        )
    sides = (
        (words(N_("reference")), [m.reference for m in models], [palette.reference] * len(models), "circle"),
        (
            words(N_("current")),
            [m.current for m in models],
            [palette.fault if m.rise.low > 0 else palette.current for m in models],
            "diamond",
        ),
    )
    for name, shown, colours, symbol in sides:
        figure.add_scatter(
            x=[i.value for i in shown],
            y=labels,
            mode="markers",
            name=name,
            marker={"size": 12, "color": colours, "symbol": symbol},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [i.high - i.value if math.isfinite(i.high) else 0.0 for i in shown],
                "arrayminus": [i.value - i.low if math.isfinite(i.low) else 0.0 for i in shown],
                "thickness": 1.5,
                "width": 5,
                "color": palette.text,
            },
            hovertemplate="%{y}: %{x:.4g} (" + name + ")<extra></extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    for trace in figure.data:
        trace.showlegend = trace.mode == "markers"
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(showgrid=False)
    return figure


def _label(model: Scored, words: Words) -> str:
    if model.kind == "logged":
        return words(N_("your model, as logged"))
    if model.kind == "stand-in":
        return words(N_("a stand-in for your model"))
    text = words(NAMES[model.kind])
    return words(N_("{model} on {column}"), model=text, column=safe(model.column)) if model.column else text
