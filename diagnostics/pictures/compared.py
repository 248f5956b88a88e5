"""Before and after: each remedy's gain on held-out rows with its interval, the largest first, beside the line of no gain."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.clinic.shared.compare import VERDICTS, Compared, Result, Verdict, translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, wrapped

ROW: int = 46
"""Pixels of one remedy."""


def draw(p: Compared, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Green where a remedy gains, vermilion where it makes worse, grey where chance could be all; None where nothing ran."""
    ran = list(reversed(p.ran))
    if not ran:
        return None
    colours = {Verdict.GAIN: palette.fine, Verdict.NO_GAIN: palette.reference, Verdict.WORSE: palette.fault}
    unit = translate(words, p.says)
    better = N_("change of {unit} on held-out rows; right of the line is better")
    names = [wrapped(safe(translate(words, r.says), cap=70)) for r in ran]
    # A name of three lines needs more room, or it runs into the next.
    row = max(ROW, 20 * max(name.count("<br>") + 1 for name in names))
    figure = blank(words, palette, x=words(better, unit=unit), height=130 + row * len(ran))
    figure.add_scatter(
        x=[r.gain.value for r in ran],
        y=names,
        mode="markers+text",
        text=[_told(r, words) for r in ran],
        textposition="top center",
        cliponaxis=False,
        marker={"color": [colours[r.verdict] for r in ran], "size": 11},
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    for result, name in zip(ran, names, strict=True):
        figure.add_scatter(
            x=[result.gain.low, result.gain.high],
            y=[name, name],
            mode="lines",
            line={"color": colours[result.verdict], "width": 3},
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": palette.watch, "dash": "dot"})
    # Above the plot, clear of the labels of remedies that change nothing.
    figure.add_annotation(x=0, y=1, yref="paper", yanchor="bottom", text=words(N_("as before")), showarrow=False)
    figure.update_yaxes(range=[-0.6, len(ran) - 0.2])
    return figure


def _told(result: Result, words: Words) -> str:
    sign = "+" if result.gain.value > 0 else ""
    return f"{sign}{words.number(round(result.gain.value, 4))}, {words(VERDICTS[result.verdict])}"
