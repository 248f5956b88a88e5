"""Units: the median over time, with the reference's, or the quantiles of both where there is no time."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from diagnostics.checks.inputs.units.check import ColumnUnit, Units
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, label_right, onset_line, safe, threshold_line


def draw(p: Units, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The column of `finding` (the one that moved furthest, where it names several); None when no column moved."""
    named = [c for c in p.columns if finding is not None and c.name in finding.columns]
    if not named:
        return None
    column = max(named, key=lambda c: (c.map.distance, c.name))
    if column.trend and not isinstance(column.trend[0][0], int):
        return _over_time(column, words, palette)
    return _quantiles(column, words, palette)


def _over_time(column: ColumnUnit, words: Words, palette: Palette) -> go.Figure:
    figure = blank(words, palette, y=words(N_("median of {name}"), name=safe(column.name)))
    when, medians = [moment for moment, _ in column.trend], [value for _, value in column.trend]
    figure.add_scatter(
        x=when,
        y=medians,
        mode="lines",
        line={"color": palette.current, "width": 3},
        hovertemplate="%{x}: %{y:,.4~g}<extra></extra>",
    )
    threshold_line(figure, column.before, words(N_("reference")), palette)
    figure.update_layout(margin={"r": 64, "t": 40})
    onset_line(figure, column.since, words, palette)
    label_right(figure, when, medians, words(N_("current")), palette.current)
    if min(medians) > 0 and column.before > 0 and max(medians) > 8 * min(medians):
        figure.update_yaxes(type="log", dtick=1 if max(medians) > 50 * min(medians) else "D2", tickformat=",~g")
        # On a logarithmic axis the line stands at the value, its label at the logarithm.
        for annotation in figure.layout.annotations:
            if annotation.yref in (None, "y") and isinstance(annotation.y, (int, float)) and annotation.y > 0:
                annotation.y = math.log10(annotation.y)
    return figure


def _quantiles(column: ColumnUnit, words: Words, palette: Palette) -> go.Figure:
    figure = blank(
        words,
        palette,
        x=words(N_("{name}, quantiles of the reference"), name=safe(column.name)),
        y=words(N_("{name}, quantiles of the current table"), name=safe(column.name)),
    )
    ends = [min(column.reference), max(column.reference)]
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": palette.reference, "dash": "dot"}, hoverinfo="skip")
    label_right(figure, ends, ends, words(N_("if nothing had changed")), palette.reference)
    figure.add_scatter(
        x=column.reference,
        y=column.current,
        mode="lines+markers",
        line={"color": palette.fault},
        hovertemplate="%{x:,.4~g} → %{y:,.4~g}<extra></extra>",
    )
    figure.update_layout(margin={"r": 150})
    return figure
