"""A training run: its losses over the epochs with the stretch at fault marked, and each layer's gradient."""

from __future__ import annotations

import math
from typing import Final

import plotly.graph_objects as go

from diagnostics.clinic.training_history.check import Diagnosed, TrainingHistories
from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, Curve, History
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, label_right, safe

AXES: Final = {"epoch": N_("epoch"), "step": N_("step"), "round": N_("round")}
LABELS: Final = {
    LOSS: N_("training"),
    VAL_LOSS: N_("validation"),
    SCORE: N_("training"),
    VAL_SCORE: N_("validation"),
    RATE: N_("learning rate"),
    GRADIENT: N_("gradient norm"),
}
WIDE: Final = 100.0
"""Highest by lowest value from which on a logarithmic axis shows more."""

LAYERS: Final = 12
"""Layers drawn one by one; of more, the first, the last and some between."""


def draw(p: TrainingHistories, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Training and validation loss of the run that the finding speaks of, else of the first run."""
    run = run_of(p, finding)
    losses = [curve for part in (LOSS, VAL_LOSS) if (curve := run.history.curve(part)) is not None and len(curve.y) > 1]
    if not losses:
        losses = [curve for part in (SCORE, VAL_SCORE) if (curve := run.history.curve(part)) is not None and len(curve.y) > 1]
    if not losses:
        return None
    figure = blank(
        words, palette, x=words(AXES[run.history.unit]), y=words(N_("loss")) if losses[0].part == LOSS else safe(losses[0].name)
    )
    _curves(figure, losses, words, palette)
    _stretch(figure, run.history, finding, words, palette)
    return figure


def draw_more(run: Diagnosed, part: str, words: Words, palette: Palette) -> go.Figure | None:
    """The scores ("score"), the learning rate ("rate") or the gradient of the whole model ("gradient") of a run."""
    parts = (SCORE, VAL_SCORE) if part == SCORE else (part,)
    curves = [curve for one in parts if (curve := run.history.curve(one)) is not None and len(curve.y) > 1]
    if not curves:
        return None
    figure = blank(words, palette, x=words(AXES[run.history.unit]), y=safe(curves[0].name), height=260)
    _curves(figure, curves, words, palette)
    return figure


def draw_layers(history: History, words: Words, palette: Palette) -> go.Figure | None:
    """Norm of the gradient of each layer, first layer darkest; None where fewer than two were recorded."""
    known = [layer for layer in history.layers if layer.gradients]
    if len(known) < 2:
        return None
    places = sorted({round(i * (len(known) - 1) / (min(LAYERS, len(known)) - 1)) for i in range(min(LAYERS, len(known)))})
    figure = blank(words, palette, x=words(AXES[history.unit]), y=words(N_("gradient norm")), height=300)
    for rank, place in enumerate(places):
        layer = known[place]
        colour = palette.fault if rank == 0 else palette.current if rank == len(places) - 1 else palette.reference
        figure.add_scatter(
            x=list(layer.x),
            y=[value if value > 0 else None for value in layer.gradients],
            mode="lines",
            line={"color": colour, "width": 2.4 if colour != palette.reference else 1.2},
            name=safe(layer.name),
            hovertemplate="%{x}: %{y:.3g} (" + safe(layer.name) + ")<extra></extra>",
        )
    grads = [value for place in places for value in known[place].gradients if value > 0]
    figure.update_yaxes(type="log", exponentformat="power", dtick=_step(grads))
    for place, colour, text in ((places[0], palette.fault, N_("first layer")), (places[-1], palette.current, N_("last layer"))):
        shown = [(x, y) for x, y in zip(known[place].x, known[place].gradients, strict=True) if y > 0]
        if shown:
            figure.add_annotation(
                x=shown[-1][0],
                y=_log(shown[-1][1]),
                text=words(text),
                showarrow=False,
                xanchor="right",
                yshift=12 if place else -14,
                font={"color": colour},
            )
    return figure


def run_of(p: TrainingHistories, finding: Finding | None) -> Diagnosed:
    named = finding.evidence.get("file") if finding else None
    return next((run for run in p.runs if run.history.file == named), p.runs[0])


def _log(value: float) -> float:
    return math.log10(value)


def _step(values: list[float]) -> int | str:
    """Ticks of a logarithmic axis: at 1, 2 and 5 of each power of ten, or every so many powers, at most eight of them."""
    powers = _log(max(values) / min(values)) if values else 1.0
    return "D2" if powers < 2 else math.ceil(powers / 8)


def _curves(figure: go.Figure, curves: list[Curve], words: Words, palette: Palette) -> None:
    values = [abs(y) for curve in curves for y in curve.y if y]
    wide = bool(values) and all(y > 0 for curve in curves for y in curve.y) and max(values) / min(values) > WIDE
    for curve in curves:
        colour = palette.current if curve.part in (VAL_LOSS, VAL_SCORE) or len(curves) == 1 else palette.reference
        name = words(LABELS[curve.part])
        figure.add_scatter(
            x=list(curve.x),
            y=list(curve.y),
            mode="lines" if len(curve.x) > 30 else "lines+markers",
            line={"color": colour, "width": 2},
            name=name,
            hovertemplate="%{x}: %{y:.4g} (" + name + ")<extra></extra>",
        )
        end = _log(curve.y[-1]) if wide else curve.y[-1]
        label_right(figure, list(curve.x), [end], name, colour)
    figure.update_layout(margin_r=96)
    if wide:
        figure.update_yaxes(type="log", exponentformat="power", dtick=_step(values))


def _stretch(figure: go.Figure, history: History, finding: Finding | None, words: Words, palette: Palette) -> None:
    if finding is None:
        return
    begins, until = finding.evidence.get("begins"), finding.evidence.get("until")
    if not isinstance(begins, int | float) or not isinstance(until, int | float):
        return
    width = max((curve.x[-1] - curve.x[0] for curve in history.curves if len(curve.x) > 1), default=1.0)
    figure.add_vrect(
        x0=begins, x1=max(until, begins + 0.01 * width), fillcolor=palette.fault, opacity=0.12, line_width=0, layer="below"
    )
    figure.add_vline(x=begins, line={"color": palette.fault, "width": 2})
    figure.add_annotation(
        x=begins,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="left",
        text=words(N_("from {unit} {place:number} on"), unit=words(AXES[history.unit]), place=float(begins)),
        showarrow=False,
        font={"color": palette.fault},
    )
