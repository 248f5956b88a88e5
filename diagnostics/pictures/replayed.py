"""Replayed answers: what the stand-in expects against what was logged, or how often the two differ."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from diagnostics.checks.reproduce.replayed import OUTSIDE, Replayed
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.diagonal import diagonal
from diagnostics.pictures.style import Palette, blank, safe, threshold_line


def draw(p: Replayed, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Scores and values: one point per row, equal answers on the diagonal. Labels: rows per pair of expected and logged class."""
    if finding is not None and finding.rule is OUTSIDE:
        return _shares(p, words, palette)
    if p.answer is Answer.LABEL:
        return _labels(p, palette.fault if finding else palette.current, words, palette)
    if len(p.expected) < 2:
        return None
    return _points(p, palette.fault if finding else palette.watch, words, palette)


def _points(p: Replayed, off_colour: str, words: Words, palette: Palette) -> go.Figure:
    x, y = N_("answer that the stand-in expects"), N_("answer that was logged")
    fine = N_("as expected")
    return diagonal(p.expected, p.logged, p.tolerance, words, palette, x=x, y=y, fine=fine, off_colour=off_colour, band=True)


def _labels(p: Replayed, colour: str, words: Words, palette: Palette) -> go.Figure | None:
    if not p.pairs:
        return None
    expected = sorted({pair[0] for pair in p.pairs})
    totals = {name: sum(rows for e, _, rows in p.pairs if e == name) for name in expected}
    shown = sorted(((rows / totals[e], e, given, rows) for e, given, rows in p.pairs if e != given), reverse=True)[:12][::-1]
    if not shown:
        return None
    figure = blank(words, palette, x=N_("share of the rows with this expected answer"), height=110 + 34 * len(shown))
    figure.add_bar(
        x=[share for share, *_ in shown],
        y=[words(N_("expected {a}, logged {b}"), a=safe(e), b=safe(given)) for _, e, given, _ in shown],
        orientation="h",
        marker={"color": colour},
        text=[words.percent(share) for share, *_ in shown],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.25 * shown[-1][0] + 0.02)])
    threshold_line(figure, p.natural.value, words(N_("usual")), palette, vertical=True)
    return figure


def _shares(p: Replayed, words: Words, palette: Palette) -> go.Figure:
    rows = [
        (words(N_("reference, unseen rows")), p.natural, palette.reference),
        (words(N_("current, where the reference has rows")), p.inside, palette.current),
        (words(N_("current, where it has none")), p.outside, palette.fault),
    ]
    rows = [row for row in rows if np.isfinite(row[1].value)][::-1]
    figure = blank(words, palette, x=N_("share of answers that are not as expected"), height=120 + 46 * len(rows))
    figure.add_bar(
        x=[interval.value for _, interval, _ in rows],
        y=[label for label, *_ in rows],
        orientation="h",
        marker={"color": [colour for *_, colour in rows]},
        text=[words.percent(interval.value) for _, interval, _ in rows],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.2 * max(interval.value for _, interval, _ in rows) + 0.05)])
    return figure
