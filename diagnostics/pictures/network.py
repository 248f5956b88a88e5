"""The lab's pictures: a run with its layers' gradients, the range test, and runs before and after a remedy."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from diagnostics.clinic.network.check import Lab, Range
from diagnostics.clinic.training_history.check import TrainingHistories
from diagnostics.clinic.training_history.history import VAL_LOSS
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import training_history
from diagnostics.pictures.style import Palette, blank, label_right, safe


def draw(p: Lab, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The range test, the held-out losses of all remedies, or the losses of the one run with the stretch at fault."""
    if p.swept is not None:
        return draw_range(p.swept, words, palette)
    if p.compared is not None:
        return draw_runs(p, words, palette)
    return training_history.draw(TrainingHistories(p.runs), finding, words, palette) if p.runs else None


def draw_range(swept: Range, words: Words, palette: Palette) -> go.Figure:
    """Loss by learning rate, both axes as they are read: the rate logarithmic, the suggested one marked."""
    figure = blank(words, palette, x=words(N_("learning rate")), y=words(N_("loss, smoothed")))
    figure.add_scatter(
        x=list(swept.rates),
        y=list(swept.losses),
        mode="lines",
        line={"color": palette.current, "width": 2},
        hovertemplate="%{x:.3g}: %{y:.4g}<extra></extra>",
    )
    figure.add_vrect(x0=swept.lowest, x1=swept.highest, fillcolor=palette.fine, opacity=0.1, line_width=0, layer="below")
    figure.add_vline(x=swept.suggested, line={"color": palette.fine, "width": 2})
    figure.add_annotation(
        x=math.log10(swept.suggested),
        y=1,
        yref="paper",
        yanchor="bottom",
        text=words(N_("suggested: {rate:number}"), rate=swept.suggested),
        showarrow=False,
        font={"color": palette.fine},
    )
    figure.update_xaxes(type="log", exponentformat="power")
    first, least = swept.losses[0], min(swept.losses)
    if first > least:
        # Past the last good rate the loss is thousands: the way down to it would be a flat line beside that.
        figure.update_yaxes(range=[least - 0.1 * (first - least), first + 0.5 * (first - least)])
    return figure


def draw_runs(p: Lab, words: Words, palette: Palette) -> go.Figure | None:
    """Held-out loss of the first run of each, "before" in vermilion, the best remedy in green."""
    best = p.compared.best.says if p.compared is not None and p.compared.best is not None else None
    drawn = [(run, curve) for run in p.runs if (curve := run.history.curve(VAL_LOSS)) is not None and len(curve.y) > 1]
    if not drawn:
        return None
    figure = blank(words, palette, x=words(N_("epoch")), y=words(N_("held-out loss")))
    lowest = min(min(curve.y) for _, curve in drawn)
    # A run that broke out would press all others onto the axis.
    top = 3 * max(min(curve.y) for _, curve in drawn) if lowest > 0 else None
    for run, curve in drawn:
        name = run.history.file
        colour = palette.fault if run is p.runs[0] else palette.fine if name == best else palette.reference
        label = safe(words(name))
        shown = [value if top is None or value <= top else None for value in curve.y]
        figure.add_scatter(
            x=list(curve.x),
            y=shown,
            mode="lines",
            line={"color": colour, "width": 2.4 if colour != palette.reference else 1.4},
            name=label,
            hovertemplate="%{x}: %{y:.4g} (" + label + ")<extra></extra>",
        )
        if colour != palette.reference and shown[-1] is not None:
            label_right(figure, list(curve.x), [curve.y[-1]], label, colour)
    figure.update_layout(margin_r=170)
    return figure
