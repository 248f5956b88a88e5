"""One column on both sides, bin by bin or level by level; without a finding, how far every column moved."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.marginal import ColumnShift, Marginal
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line

SHOWN = 15


def draw(p: Marginal, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    if finding is None:
        return _overview(p, words, palette)
    column = next((c for c in p.columns if c.name in finding.columns), None)
    return None if column is None else _column(column, words, palette)


def _overview(p: Marginal, words: Words, palette: Palette) -> go.Figure:
    """The columns that moved most, at most 15, as bars."""
    moved = sorted(p.columns, key=lambda c: (-c.effect, c.name))[:SHOWN][::-1]
    figure = blank(
        words, palette, x=N_("how far the column moved (KS, or share of rows; 0 is alike)"), height=110 + 26 * len(moved)
    )
    figure.add_bar(
        x=[c.effect for c in moved],
        y=[safe(c.name) for c in moved],
        orientation="h",
        marker={"color": palette.current},
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    threshold_line(figure, 0.1, words(N_("worth a look")), palette, vertical=True)
    figure.update_xaxes(range=[0, max(0.2, 1.1 * max((c.effect for c in moved), default=0))])
    return figure


def _column(column: ColumnShift, words: Words, palette: Palette) -> go.Figure:
    """Shares of the rows in each bin or level; the one that moved most is vermilion."""
    labels, before, after = _bars(column, words)
    worst = max(range(len(labels)), key=lambda i: abs(after[i] - before[i]))
    figure = blank(words, palette, y=N_("share of the rows"))
    figure.update_xaxes(title_text=safe(column.name), type="category")
    figure.add_bar(
        x=labels,
        y=before,
        name=words(N_("reference")),
        marker={"color": palette.reference},
        hovertemplate="%{x}: %{y:.1%}<extra>" + words(N_("reference")) + "</extra>",
    )
    figure.add_bar(
        x=labels,
        y=after,
        name=words(N_("current")),
        marker={"color": [palette.fault if i == worst else palette.current for i in range(len(labels))]},
        hovertemplate="%{x}: %{y:.1%}<extra>" + words(N_("current")) + "</extra>",
    )
    figure.update_layout(barmode="group", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def _bars(column: ColumnShift, words: Words) -> tuple[list[str], list[float], list[float]]:
    """Labels and shares of the bars, at most about twenty."""
    n, m = sum(column.counts.reference), sum(column.counts.current)
    pairs = [(a / n, b / m) for a, b in zip(column.counts.reference, column.counts.current, strict=True)]
    if column.kind is Kind.CATEGORY:
        names = [*column.labels, None]
        order = [i for i in sorted(range(len(pairs)), key=lambda i: -max(pairs[i])) if max(pairs[i]) > 0][:SHOWN]
        named = [(safe(name) if (name := names[i]) is not None else words(N_("all others")), *pairs[i]) for i in order]
    else:
        edges = [words.number(edge) for edge in column.edges]
        texts = [words(N_("below {edge}"), edge=edges[0])] if edges else [words(N_("all"))]
        texts += [words(N_("up to {edge}"), edge=edge) for edge in edges[1:]]
        texts += [words(N_("above {edge}"), edge=edges[-1])] if edges else []
        named = [(text, *pair) for text, pair in zip(texts, pairs, strict=True) if max(pair) > 0]
    # Two ranges may read alike once rounded; a category axis would put them on top of each other.
    seen: dict[str, int] = {}
    labels = []
    for text, _, _ in named:
        seen[text] = seen.get(text, 0) + 1
        labels.append(text + "\u200b" * (seen[text] - 1))
    return labels, [pair[1] for pair in named], [pair[2] for pair in named]
