"""The fit: the learning curve, validation curves, and where the answers lie off."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from diagnostics.clinic.fit.bias import Segment
from diagnostics.clinic.fit.check import Curve, Fit, groups_off
from diagnostics.clinic.fit.rules import BIASED
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, wrapped


def draw(p: Fit, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Groups that lie off for FIT005, else the learning curve."""
    if finding is not None and finding.rule is BIASED:
        return draw_bias(p, words, palette)
    return draw_learning(p, words, palette)


def draw_learning(p: Fit, words: Words, palette: Palette) -> go.Figure | None:
    """Score against rows trained on: training rows grey, held-out rows blue, the extrapolation dotted to twice the rows."""
    points = p.curve.points
    if len(points) < 2:
        return None
    figure = blank(words, palette, x=N_("rows trained on"), y="", height=380)
    rows = [float(point.rows) for point in points]
    _band(figure, rows, [point.held for point in points], palette.current)
    _band(figure, rows, [point.trained for point in points], palette.reference)
    _line(figure, rows, [point.trained.value for point in points], words(N_("rows trained on")), palette.reference)
    _line(figure, rows, [point.held.value for point in points], words(N_("held-out rows")), palette.current)
    if p.curve.drawn:
        ahead = [(x, y) for x, y in p.curve.drawn if x >= rows[-1]]
        figure.add_scatter(
            x=[x for x, _ in ahead],
            y=[y for _, y in ahead],
            mode="lines",
            name=words(N_("foretold, to twice the rows")),
            line={"color": palette.current, "dash": "dot", "width": 2},
            hovertemplate="%{x:,.0f}: %{y:.4f}<extra></extra>",
        )
    figure.update_xaxes(type="log", dtick="D2", tickformat=",d")
    figure.update_yaxes(title_text=_title(translate(words, p.says)))
    figure.update_layout(showlegend=True, margin_r=40)
    return figure


def draw_knob(curve: Curve, p: Fit, words: Words, palette: Palette) -> go.Figure | None:
    """A validation curve from the simplest model on the left to the richest; the value in use marked."""
    if len(curve.steps) < 2:
        return None
    title = translate(words, curve.title)
    figure = blank(words, palette, x=words(N_("{knob} (simpler on the left, richer on the right)"), knob=title), height=320)
    names = [words.number(step.value) for step in curve.steps]
    places = list(range(len(names)))
    _band(figure, places, [step.held for step in curve.steps], palette.current)
    _line(figure, places, [step.trained.value for step in curve.steps], words(N_("rows trained on")), palette.reference)
    _line(figure, places, [step.held.value for step in curve.steps], words(N_("held-out rows")), palette.current)
    used = next((place for place, step in enumerate(curve.steps) if step.value == curve.default), None)
    if used is not None:
        figure.add_vline(
            x=used, line={"color": palette.watch, "dash": "dot"}, annotation_text=words(N_("in use")), annotation_position="top"
        )
    figure.update_xaxes(tickvals=places, ticktext=names)
    figure.update_yaxes(title_text=_title(translate(words, p.says)))
    figure.update_layout(showlegend=True)
    return figure


def draw_bias(p: Fit, words: Words, palette: Palette) -> go.Figure | None:
    """How far truth and answer lie apart in the groups that are worst, each with its interval."""
    shown = list(reversed(groups_off(p)[:8]))
    if not shown:
        return None
    figure = blank(
        words, palette, x=N_("truth less answer; left of the line the answers are too high"), height=140 + 44 * len(shown)
    )
    names = [wrapped(_group(segment, words)) for segment in shown]
    figure.add_bar(
        x=[segment.off.value for segment in shown],
        y=names,
        orientation="h",
        marker_color=palette.fault,
        width=0.5,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [s.off.high - s.off.value for s in shown],
            "arrayminus": [s.off.value - s.off.low for s in shown],
            "thickness": 1.5,
            "width": 4,
            "color": palette.text,
        },
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": palette.text, "width": 1})
    return figure


def _group(segment: Segment, words: Words) -> str:
    if segment.level:
        return words(N_("{column}: {level}"), column=safe(segment.column, cap=24), level=safe(segment.level, cap=24))
    low, high = words.number(segment.low), words.number(segment.high)
    if segment.column:
        return words(N_("{column}: {low} to {high}"), column=safe(segment.column, cap=24), low=low, high=high)
    return words(N_("answers from {low} to {high}"), low=low, high=high)


def _title(text: str) -> str:
    return wrapped(safe(text, cap=80))


def _line(figure: go.Figure, x: Sequence[float], y: Sequence[float], name: str, colour: str) -> None:
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2.5},
        marker={"size": 8},
        hovertemplate="%{x:,}: %{y:.4f}<extra>" + name + "</extra>",
    )


def _band(figure: go.Figure, x: Sequence[float], intervals: Sequence[Interval], colour: str) -> None:
    """The intervals as a pale band."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    figure.add_scatter(
        x=[*x, *reversed(x)],
        y=[*(i.high for i in intervals), *(i.low for i in reversed(intervals))],
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.16)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )
