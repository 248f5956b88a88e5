"""What came against what was expected in each region; or the rise of the loss in its two parts."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.concept.check import LOSS_SPLIT, Concept
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, wrapped


def draw(p: Concept, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    if p.split is not None and (finding is None or finding.rule is LOSS_SPLIT):
        return _split(p, words, palette)
    return _regions(p, finding, words, palette) if p.regions else None


def _regions(p: Concept, finding: Finding | None, words: Words, palette: Palette) -> go.Figure:
    name = safe(p.positive if p.positive is not None else p.target)
    title = words(N_("share of {name}"), name=name) if p.positive is not None else words(N_("mean of {name}"), name=name)
    figure = blank(words, palette, height=150 + 44 * len(p.regions))
    figure.update_xaxes(title_text=title)
    regions = p.regions[::-1]
    labels = [wrapped(safe(words.phrase(region.text), cap=70)) or words(N_("all rows")) for region in regions]
    for region, label in zip(regions, labels, strict=True):
        figure.add_scatter(
            x=[region.expected, region.came],
            y=[label, label],
            mode="lines",
            line={"color": palette.fault, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    for text, key, colour in (
        (words(N_("rows like these in the reference")), "expected", palette.reference),
        (words(N_("came")), "came", palette.fault),
    ):
        figure.add_scatter(
            x=[getattr(region, key) for region in regions],
            y=labels,
            mode="markers",
            name=text,
            marker={
                "size": 12,
                "color": [
                    palette.current
                    if key == "came" and finding is not None and region.text != (finding.segment or "")
                    else colour
                    for region in regions
                ],
            },
            hovertemplate="%{x:.3~g}<extra>" + text + "</extra>",
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    if p.positive is not None:
        figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    return figure


def _split(p: Concept, words: Words, palette: Palette) -> go.Figure | None:
    """The loss before, what other rows add, what other answers add, and the loss now."""
    if p.split is None:
        return None
    split = p.split
    names = [
        words(N_("reference")),
        words(N_("from other rows")),
        words(N_("from other answers")),
        words(N_("current")),
    ]
    figure = blank(words, palette, height=320)
    figure.update_yaxes(title_text=words(split.loss), rangemode="tozero")
    figure.add_bar(
        x=names,
        y=[split.before, abs(split.rows.value), abs(split.answers.value), split.after],
        base=[
            0,
            min(split.before, split.before + split.rows.value),
            min(split.before + split.rows.value, split.after),
            0,
        ],
        marker={"color": [palette.reference, palette.watch, palette.fault, palette.current]},
        customdata=[split.before, split.rows.value, split.answers.value, split.after],
        hovertemplate="%{x}: %{customdata:+.4~g}<extra></extra>",
    )
    return figure
