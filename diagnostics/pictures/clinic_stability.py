"""Stability: scores of trainings that differ in one thing, how often answers turn, and which remedy makes that rarer."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.clinic.shared.compare import translate
from diagnostics.clinic.stability.check import Stability, steadiest
from diagnostics.clinic.stability.rules import CALMED, FLIPS
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line, wrapped


def draw(p: Stability, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Answers that turn for FLIPS, remedies for CALMED, else the scores of every training."""
    if finding is not None and finding.rule is FLIPS:
        return draw_turned(p, words, palette)
    if finding is not None and finding.rule is CALMED:
        return draw_calmer(p, words, palette)
    return draw_scores(p, words, palette)


def draw_scores(p: Stability, words: Words, palette: Palette) -> go.Figure | None:
    """One dot for each training, in a row for each thing that was changed."""
    sources = list(reversed(p.sources))
    if not sources:
        return None
    title = words(N_("{unit} on held-out rows, a dot for each training"), unit=safe(translate(words, p.says), cap=80))
    figure = blank(words, palette, x=title, height=120 + 64 * len(sources))
    for source in sources:
        name = wrapped(safe(translate(words, source.says), cap=60))
        figure.add_scatter(
            x=[min(source.scores), max(source.scores)],
            y=[name, name],
            mode="lines",
            line={"color": palette.grid, "width": 6},
            hoverinfo="skip",
        )
        colour = palette.fault if source.name == "seed" else palette.current
        figure.add_scatter(
            x=list(source.scores),
            y=[name] * len(source.scores),
            mode="markers",
            marker={"color": colour, "size": 11, "opacity": 0.75},
            hovertemplate="%{x:.4f}<extra></extra>",
        )
    return figure


def draw_turned(p: Stability, words: Words, palette: Palette) -> go.Figure | None:
    """How many answers differ between two trainings, by what was changed."""
    sources = [source for source in reversed(p.sources) if source.name != "split"]
    if not sources:
        return None
    figure = blank(words, palette, x=N_("held-out rows answered otherwise by another training"), height=120 + 54 * len(sources))
    figure.add_bar(
        y=[wrapped(safe(translate(words, source.says), cap=60)) for source in sources],
        x=[source.flipped for source in sources],
        orientation="h",
        width=0.5,
        marker_color=[palette.fault if source.name == "seed" else palette.current for source in sources],
        text=[words.percent(source.flipped) for source in sources],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1.2 * max(0.01, *(source.flipped for source in sources))])
    return figure


def draw_calmer(p: Stability, words: Words, palette: Palette) -> go.Figure | None:
    """How many answers differ between two trainings with each remedy; the dotted line is without."""
    seeds = p.source("seed")
    if not p.calmer or seeds is None:
        return None
    best = steadiest(p)
    shown = sorted(p.calmer, key=lambda calmer: -calmer.flipped)
    colours = [
        palette.fine if calmer is best else palette.fault if calmer.less.high < 0 else palette.reference for calmer in shown
    ]
    figure = blank(words, palette, x=N_("held-out rows answered otherwise by another training"), height=140 + 54 * len(shown))
    figure.add_bar(
        y=[wrapped(safe(translate(words, calmer.says), cap=70)) for calmer in shown],
        x=[calmer.flipped for calmer in shown],
        orientation="h",
        width=0.5,
        marker_color=colours,
        text=[words.percent(calmer.flipped) for calmer in shown],
        textposition="outside",
        cliponaxis=False,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [calmer.less.value - calmer.less.low for calmer in shown],
            "arrayminus": [min(calmer.flipped, calmer.less.high - calmer.less.value) for calmer in shown],
            "thickness": 1.5,
            "width": 4,
            "color": palette.text,
        },
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    threshold_line(figure, seeds.flipped, words(N_("as it is")), palette, vertical=True)
    top = max(seeds.flipped, *(seeds.flipped - calmer.less.low for calmer in shown), 0.01)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.25 * top])
    figure.update_traces(insidetextanchor="start", textposition="inside")
    return figure


def draw_parts(p: Stability, words: Words, palette: Palette) -> go.Figure | None:
    """Share of the score's variance that each thing brings."""
    sources = [source for source in reversed(p.sources) if source.share > 0]
    if not sources:
        return None
    figure = blank(words, palette, x=N_("share of the score's variance"), height=120 + 50 * len(sources))
    figure.add_bar(
        y=[wrapped(safe(translate(words, source.says), cap=60)) for source in sources],
        x=[source.share for source in sources],
        orientation="h",
        width=0.5,
        marker_color=palette.current,
        text=[words.percent(source.share) for source in sources],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1.12])
    return figure
