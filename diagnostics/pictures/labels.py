"""Labels or predictions on both sides; for a gap between the two, both means side by side."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.labels import ANSWERS_MOVED, GAP_OPENED, Distribution, Labels
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

SHOWN = 12


def draw(p: Labels, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    rule = finding.rule if finding else None
    if rule is GAP_OPENED:
        return _gap(p, words, palette)
    shown = p.answers if rule is ANSWERS_MOVED or (p.labels is None) else p.labels
    return None if shown is None else _distribution(shown, finding, words, palette)


def _distribution(d: Distribution, finding: Finding | None, words: Words, palette: Palette) -> go.Figure:
    if d.classes:
        shown = sorted(d.classes, key=lambda c: -max(c[1].value, c[2].value))[:SHOWN]
        labels = [safe(name) for name, _, _ in shown]
        before, after = [c[1].value for c in shown], [c[2].value for c in shown]
        sides_of = ([c[1] for c in shown], [c[2] for c in shown])
        errors = [[i.high - i.value for i in intervals] for intervals in sides_of]
        lows = [[i.value - i.low for i in intervals] for intervals in sides_of]
    else:
        n, m = max(1, sum(d.counts.reference)), max(1, sum(d.counts.current))
        labels = [words(N_("up to {edge:number}"), edge=edge) for edge in d.edges[1:]]
        before, after = [c / n for c in d.counts.reference], [c / m for c in d.counts.current]
        errors = lows = [[], []]
    worst = max(range(len(labels)), key=lambda i: abs(after[i] - before[i])) if finding else -1
    figure = blank(words, palette, y=N_("share of the rows"))
    figure.update_xaxes(title_text=safe(d.column), type="category")
    sides = ((words(N_("reference")), before, palette.reference), (words(N_("current")), after, palette.current))
    for number, (name, shares, colour) in enumerate(sides):
        figure.add_bar(
            x=list(range(len(labels))),
            y=shares,
            name=name,
            marker={"color": [palette.fault if number and i == worst else colour for i in range(len(labels))]},
            error_y={"type": "data", "array": errors[number], "arrayminus": lows[number], "color": palette.text}
            if errors[number]
            else None,
            customdata=labels,
            hovertemplate="%{customdata}: %{y:.1%}<extra>" + name + "</extra>",
        )
    figure.update_xaxes(tickvals=list(range(len(labels))), ticktext=labels)
    figure.update_layout(barmode="group", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def _gap(p: Labels, words: Words, palette: Palette) -> go.Figure | None:
    """Mean prediction less mean truth, with its 95% interval, before and now."""
    if p.gap is None:
        return None
    figure = blank(words, palette, x=N_("mean prediction less mean truth (0: right on average)"), height=220)
    sides = (
        (words(N_("current")), p.gap.current, palette.fault),
        (words(N_("reference")), p.gap.reference, palette.reference),
    )
    for name, interval, colour in sides:
        figure.add_scatter(
            x=[interval.value],
            y=[name],
            mode="markers",
            marker={"size": 12, "color": colour},
            error_x={"type": "data", "array": [interval.high - interval.value], "color": colour},
            hovertemplate="%{x:.3f}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=0, line={"color": palette.text, "width": 1})
    if p.positive is not None:
        figure.update_xaxes(tickformat="+.0%")
    return figure
