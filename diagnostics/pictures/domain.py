"""How well current rows are told from reference rows, from different columns; or which columns give them away."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.domain.check import TOLD_APART
from diagnostics.checks.drift.domain.moved import Domain
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line

SHOWN = 10


def draw(p: Domain, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    if finding is not None and finding.rule is TOLD_APART and p.tells:
        return _tells(p, words, palette)
    return _aucs(p, finding, words, palette)


def _aucs(p: Domain, finding: Finding | None, words: Words, palette: Palette) -> go.Figure:
    """Each classifier as a dot with its 95% interval; 50% is guessing."""
    column, target = safe(p.column, cap=24), safe(p.target or "", cap=24)
    rows = [
        (words(N_("halves of the reference")), p.usual, palette.reference),
        (words(N_("the features")), p.x, palette.current),
        (safe(p.target or ""), p.y, palette.current),
        (words(N_("the features and {target}"), target=target), p.xy, palette.current),
        (words(N_("the rest, at equal {column}"), column=column), p.given_column, palette.current),
        (words(N_("the features, at equal {target}"), target=target), p.given_target, palette.current),
    ]
    shown = [row for row in rows if row[1] is not None][::-1]
    figure = blank(words, palette, x=N_("pairs of rows that are put right"), height=130 + 38 * len(shown))
    for label, auc, colour in shown:
        if auc is None:
            continue
        loud = finding is not None and auc.low > 0.53
        figure.add_scatter(
            x=[auc.value],
            y=[label],
            mode="markers",
            marker={"size": 12, "color": palette.fault if loud else colour},
            error_x={
                "type": "data",
                "array": [auc.high - auc.value],
                "arrayminus": [auc.value - auc.low],
                "color": palette.fault if loud else colour,
            },
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    threshold_line(figure, 0.5, words(N_("guessing")), palette, vertical=True)
    least = min((row[1].low for row in shown if row[1] is not None), default=0.5)
    figure.update_xaxes(tickformat=".0%", range=[min(0.42, least - 0.02), 1.02])
    return figure


def _tells(p: Domain, words: Words, palette: Palette) -> go.Figure:
    """What the classifier loses when one column is shuffled."""
    shown = p.tells[:SHOWN][::-1]
    figure = blank(words, palette, x=N_("pairs put right less often without this column (points)"), height=110 + 28 * len(shown))
    figure.add_bar(
        x=[100 * fall for _, fall in shown],
        y=[safe(name) for name, _ in shown],
        orientation="h",
        marker={"color": [palette.fault if name == p.tells[0][0] else palette.current for name, _ in shown]},
        hovertemplate="%{y}: %{x:.1f}<extra></extra>",
    )
    figure.update_yaxes(type="category")
    return figure
