"""Performance: each metric in the reference and now, or how far the scores can be believed."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from diagnostics.checks.confirm.performance.check import OFF_LEVEL, MetricMoved, Performance
from diagnostics.measure.metrics import Measured
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank

NAMES: Final = {
    "error_rate": N_("error rate"),
    "brier": N_("Brier score"),
    "precision": N_("precision"),
    "recall": N_("recall"),
    "f1": N_("F1"),
    "roc_auc": N_("ROC AUC"),
    "pr_auc": N_("PR AUC"),
    "mae": N_("mean error"),
    "rmse": N_("root mean squared error"),
    "bias": N_("mean prediction less mean truth"),
}
"""Metrics that are drawn, in this order; the log loss has another scale."""


def draw(p: Performance, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Metrics with their intervals; scores against what came true when the finding is about their level."""
    if finding is not None and finding.rule is OFF_LEVEL and p.current is not None and p.current.reliability:
        return _reliability(p, words, palette)
    return _metrics(p, finding, words, palette)


def _metrics(p: Performance, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    sides = [(p.reference, words(N_("reference")), palette.reference), (p.current, words(N_("current")), palette.current)]
    known = [name for name in NAMES if any(side is not None and _finite(side, name) for side, _, _ in sides)][::-1]
    if not known:
        return None
    title = N_("in the unit of the target") if "mae" in known else N_("value of the metric")
    figure = blank(words, palette, x=title, height=130 + 44 * len(known))
    at_fault = finding.of.metric if finding is not None and isinstance(finding.of, MetricMoved) else ""
    for offset, (side, label, colour) in zip((0.14, -0.14), sides, strict=True):
        if side is None:
            continue
        shown = [name for name in known if _finite(side, name)]
        values = [side.metrics[name] for name in shown]
        # The fault's colour goes to what is worse now, never to the reference.
        colours = [palette.fault if side is p.current and name == at_fault else colour for name in shown]
        for name, interval, shade in zip(shown, values, colours, strict=True):
            place = known.index(name) + offset
            figure.add_scatter(
                x=[interval.low, interval.high],
                y=[place, place],
                mode="lines",
                line={"color": shade, "width": 2},
                hoverinfo="skip",
                showlegend=False,
            )
        figure.add_scatter(
            x=[interval.value for interval in values],
            y=[known.index(name) + offset for name in shown],
            mode="markers",
            name=label,
            marker={"size": 11, "color": colours, "symbol": "circle" if side is p.current else "diamond"},
            customdata=[[words(NAMES[name]), interval.low, interval.high] for name, interval in zip(shown, values, strict=True)],
            hovertemplate="%{customdata[0]}: %{x:.3~g} (%{customdata[1]:.3~g} – %{customdata[2]:.3~g}), "
            + label
            + "<extra></extra>",
        )
    figure.update_yaxes(tickvals=list(range(len(known))), ticktext=[words(NAMES[name]) for name in known], showgrid=False)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    if "mae" not in known:
        figure.update_xaxes(range=[-0.02, 1.02])
    return figure


def _finite(side: Measured, name: str) -> bool:
    interval = side.metrics.get(name)
    return interval is not None and bool(np.isfinite([interval.value, interval.low, interval.high]).all())


def _reliability(p: Performance, words: Words, palette: Palette) -> go.Figure:
    """Mean score of each tenth of the rows against the share that came true; on the dotted line they agree."""
    figure = blank(words, palette, x=N_("mean score"), y=N_("share that came true"), height=400)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": palette.watch, "dash": "dot"}, hoverinfo="skip")
    figure.add_annotation(
        x=0.97, y=0.97, text=words(N_("scores are right")), showarrow=False, xanchor="right", font={"color": palette.watch}
    )
    for side, label, colour in (
        (p.reference, words(N_("reference")), palette.reference),
        (p.current, words(N_("current")), palette.fault),
    ):
        if side is None or not side.reliability:
            continue
        figure.add_scatter(
            x=[b.score for b in side.reliability],
            y=[b.share for b in side.reliability],
            customdata=[b.rows for b in side.reliability],
            mode="lines+markers",
            name=label,
            line={"color": colour},
            hovertemplate="%{x:.1%} → %{y:.1%} (%{customdata:,})<extra>" + label + "</extra>",
        )
        last = side.reliability[-1]
        figure.add_annotation(
            x=last.score, y=last.share, text=label, showarrow=False, xanchor="left", xshift=8, font={"color": colour}
        )
    figure.update_xaxes(range=[-0.02, 1.12], tickformat=".0%")
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%")
    return figure
