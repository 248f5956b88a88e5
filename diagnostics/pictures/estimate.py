"""Estimate: errors counted in the reference, estimated for the current rows, and counted there."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from diagnostics.checks.confirm.estimate import UNEXPLAINED, WORSE_UNSEEN, Estimate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank

AXES = {"error rate": N_("error rate"), "Brier score": N_("Brier score"), "mean absolute error": N_("mean error")}


def draw(p: Estimate, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """None where nothing could be estimated."""
    if p.estimated is None:
        return None
    rule = finding.rule if finding else None
    rows = [
        (words(N_("reference, counted")), p.reference, palette.reference),
        (words(N_("current, estimated")), p.estimated, palette.fault if rule is WORSE_UNSEEN else palette.watch),
    ]
    if p.counted is not None:
        rows.append((words(N_("current, counted")), p.counted, palette.fault if rule is UNEXPLAINED else palette.current))
    figure = blank(words, palette, x=AXES[p.measure], height=130 + 44 * len(rows))
    for label, interval, colour in rows:
        # An interval without end is no line.
        low, high = (v if np.isfinite(v) else interval.value for v in (interval.low, interval.high))
        figure.add_scatter(x=[low, high], y=[label, label], mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip")
        figure.add_scatter(
            x=[interval.value],
            y=[label],
            mode="markers",
            marker={"size": 12, "color": colour},
            hovertemplate="%{y}: %{x:.3~g}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickformat=".0%" if p.measure == "error rate" else None, rangemode="tozero")
    return figure
