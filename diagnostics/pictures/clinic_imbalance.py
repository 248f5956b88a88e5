"""Imbalance: what each way finds, how many alarms are right, PR curves, calibration, and synthetic rows among the real."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from diagnostics.clinic.imbalance.check import Imbalance
from diagnostics.clinic.imbalance.evaluation import Evaluated
from diagnostics.clinic.imbalance.rows import Axis, Preview
from diagnostics.clinic.imbalance.rules import EXTREME, MISCALIBRATED, Miscalibrated
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line, wrapped


def draw(p: Imbalance, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Calibration for MISCALIBRATED, PR curves for EXTREME, else what each way finds."""
    if finding is not None and finding.rule is MISCALIBRATED:
        return draw_calibration(p, words, palette, [p.ways[0].name, _named_by(p, finding)])
    if finding is not None and finding.rule is EXTREME:
        return draw_curves(p, words, palette, ["nothing", "isolation"])
    return draw_found(p, words, palette)


def _named_by(p: Imbalance, finding: Finding[Miscalibrated]) -> str:
    remedy = finding.of.remedy.lower()
    return next((way.name for way in p.ways if way.says.lower() == remedy), "weights")


def draw_found(p: Imbalance, words: Words, palette: Palette) -> go.Figure | None:
    """Two bars for each way at its own limit: rare rows found, and alarms that are right."""
    if not p.ways:
        return None
    ways = list(reversed(p.ways))
    names = [wrapped(safe(translate(words, way.says), cap=60)) for way in ways]
    figure = blank(words, palette, x=N_("share of held-out rows"), height=120 + 54 * len(ways))
    bars = (
        (words(N_("alarms that are right (precision)")), palette.reference, [way.precision for way in ways]),
        (words(N_("rare rows found (recall)")), palette.current, [way.recall for way in ways]),
    )
    for name, colour, sizes in bars:
        figure.add_bar(
            y=names,
            x=[size.value for size in sizes],
            orientation="h",
            name=name,
            marker_color=colour,
            text=[words.percent(size.value) for size in sizes],
            textposition="inside",
            insidetextanchor="start",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [size.high - size.value for size in sizes],
                "arrayminus": [size.value - size.low for size in sizes],
                "thickness": 1.5,
                "width": 3,
                "color": palette.text,
            },
            hovertemplate="%{y}: %{x:.1%} (" + name + ")<extra></extra>",
        )
    figure.update_layout(barmode="group", showlegend=True, legend={"traceorder": "reversed"})
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02])
    return figure


def draw_curves(p: Imbalance, words: Words, palette: Palette, names: Sequence[str]) -> go.Figure | None:
    """Precision against recall over all limits, with a mark where each way draws its line."""
    ways = [way for way in p.ways if way.name in names]
    if not ways:
        return None
    figure = blank(words, palette, x=N_("rare rows found (recall)"), y=N_("alarms that are right (precision)"), height=420)
    for way, colour in zip(ways, _colours(palette), strict=False):
        label = safe(translate(words, way.says), cap=60)
        figure.add_scatter(
            # Precision of no alarm at all means nothing.
            x=[x for x, _ in way.curve if x > 0],
            y=[y for x, y in way.curve if x > 0],
            mode="lines",
            name=label,
            line={"color": colour, "width": 2.5},
            hovertemplate="%{x:.0%}, %{y:.0%}<extra>" + label + "</extra>",
        )
        figure.add_scatter(
            x=[way.recall.value],
            y=[way.precision.value],
            mode="markers",
            marker={"color": colour, "size": 13, "symbol": "diamond", "line": {"color": palette.text, "width": 1}},
            showlegend=False,
            hovertemplate="%{x:.0%}, %{y:.0%}<extra>" + label + "</extra>",
        )
    threshold_line(figure, p.share, words(N_("guessing")), palette)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02])
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05])
    figure.update_layout(showlegend=True)
    return figure


def draw_calibration(p: Imbalance, words: Words, palette: Palette, names: Sequence[str]) -> go.Figure | None:
    """True share against the chance told, by tenths of the held-out rows; on the diagonal the chances hold."""
    ways = [way for way in p.ways if way.name in names and way.bins]
    if not ways:
        return None
    top = max(max(b.told, b.true) for way in ways for b in way.bins) * 1.05
    title = words(N_("chance of {name} that the model tells"), name=safe(p.named))
    figure = blank(words, palette, x=title, y=N_("true share"), height=400)
    figure.add_scatter(
        x=[0, top], y=[0, top], mode="lines", line={"color": palette.watch, "dash": "dot"}, hoverinfo="skip", showlegend=False
    )
    for way, colour in zip(ways, (palette.current, palette.fault), strict=False):
        label = safe(translate(words, way.says), cap=60)
        figure.add_scatter(
            x=[b.told for b in way.bins],
            y=[b.true for b in way.bins],
            mode="lines+markers",
            name=label,
            line={"color": colour, "width": 2},
            marker={"size": 8},
            hovertemplate="%{x:.1%}: %{y:.1%}<extra>" + label + "</extra>",
        )
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    figure.update_layout(showlegend=True)
    return figure


def draw_preview(p: Preview, words: Words, palette: Palette) -> go.Figure:
    """The common class grey, real rows of the rare class blue, synthetic ones as open vermilion diamonds."""
    figure = blank(words, palette, x=_axis(p.x, words, 1), y=_axis(p.y, words, 2), height=460)
    kinds = (
        (p.common, words(N_("other rows")), {"color": palette.reference, "size": 4, "opacity": 0.4}),
        (
            p.made,
            words(N_("synthetic")),
            {"size": 8, "symbol": "diamond-open", "color": palette.fault, "line": {"width": 1.5, "color": palette.fault}},
        ),
        (p.rare, words(N_("{name}, real"), name=safe(p.level)), {"color": palette.current, "size": 6, "opacity": 0.8}),
    )
    for points, name, marker in kinds:
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            mode="markers",
            name=name,
            marker=marker,
            hovertemplate="%{x:.4g}, %{y:.4g}<extra>" + name + "</extra>",
        )
    figure.update_layout(showlegend=True)
    return figure


def _axis(axis: Axis, words: Words, number: int) -> str:
    if axis.name:
        return safe(axis.name)
    return words(N_("component {number:count} of all numbers ({share:percent} of their spread)"), number=number, share=axis.share)


def _colours(palette: Palette) -> tuple[str, ...]:
    return (palette.current, palette.fault, palette.fine, palette.watch, palette.reference)


def worth_drawing(p: Imbalance) -> list[str]:
    """Ways for a picture of curves: nothing done, the cheapest, and three that people ask for."""
    best = p.compared.best
    wanted = ["nothing", best.name if best else "threshold", "weights", "smote", "balanced_forest"]
    have: list[Evaluated] = [way for way in p.ways if way.name in wanted]
    return [way.name for way in have]
