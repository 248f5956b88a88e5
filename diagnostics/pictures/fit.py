"""The fit: mean loss of the logged answers, of an honest small model, and of always the same answer, on both sides."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.localise.fit.check import RARE, Fit
from diagnostics.checks.localise.fit.rare import Rare
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, wrapped


def draw(p: Fit, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """For a rare class its recall, else three pairs of bars; the bars of the logged answers vermilion where a rule fired."""
    if finding is not None and finding.rule is RARE:
        rare = next((r for r in p.rare if r.name == finding.of.class_), None)
        if rare is not None:
            return _rare(rare, words, palette)
    colour = palette.current if finding is None else palette.fault
    names = [words(N_("always the same answer")), words(N_("an honest small model")), words(N_("your model, as logged"))]
    figure = blank(words, palette, x=words(N_("{unit} (lower is better)"), unit=words(p.unit)), height=300)
    _bars(figure, names, [p.dummy.reference, p.fresh.reference, p.logged.reference], words(N_("reference")), palette.reference)
    _bars(
        figure,
        names,
        [p.dummy.current, p.fresh.current, p.logged.current],
        words(N_("current")),
        [palette.current, palette.current, colour],
    )
    figure.update_layout(barmode="group", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(rangemode="tozero")
    return figure


def _rare(rare: Rare, words: Words, palette: Palette) -> go.Figure:
    names = [words(N_("an honest small model")), words(N_("your model, as logged"))]
    title = words(N_("rows of {name} that were found"), name=safe(rare.name))
    figure = blank(words, palette, height=240)
    honest = Interval(rare.found, rare.found, rare.found)
    before, after = [honest, rare.recall.reference], [rare.recall.current]

    def told(sizes: list[Interval]) -> list[str]:
        return [words.percent(size.value) for size in sizes]

    _bars(figure, names, before, words(N_("reference")), palette.reference, told(before))
    _bars(figure, names[1:], after, words(N_("current")), [palette.fault], told(after))
    figure.update_layout(barmode="group", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(title_text=title, tickformat=".0%", range=[0, 1.1])
    return figure


def _bars(
    figure: go.Figure,
    names: list[str],
    sizes: list[Interval],
    label: str,
    colour: str | list[str],
    written: list[str] | None = None,
) -> None:
    figure.add_bar(
        y=[wrapped(name) for name in names],
        x=[i.value for i in sizes],
        orientation="h",
        name=label,
        text=written,
        textposition="outside",
        cliponaxis=False,
        marker_color=colour,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [i.high - i.value for i in sizes],
            "arrayminus": [i.value - i.low for i in sizes],
            "thickness": 1.5,
            "width": 4,
        },
        hovertemplate="%{y}: %{x:.4g} (" + label + ")<extra></extra>",
    )
