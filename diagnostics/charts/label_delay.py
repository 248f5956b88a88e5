"""Label delay: true cases per expected case, towards the end of the table."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.charts.pairs import Pair, draw_pairs
from diagnostics.charts.style import Palette, blank, onset_line, threshold_line
from diagnostics.finding import Finding
from diagnostics.steps.drift.label_delay import IMMATURE, MISALIGNED, LabelDelay
from diagnostics.words import N_, Words


def draw(p: LabelDelay, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """A line over time for labels that ripen; two dots for labels beside other rows; None without either."""
    if finding is None or finding.code not in (IMMATURE.code, MISALIGNED.code):
        return None
    if finding.code == MISALIGNED.code and p.shifted is not None:
        pairs = [
            Pair(words(N_("label and prediction of the same row")), p.shifted.usual, p.shifted.same, True),
            Pair(
                words(N_("label and the prediction {rows:count} rows away"), rows=abs(p.shifted.lag)),
                0.0,
                p.shifted.there,
                False,
            ),
        ]
        return draw_pairs(pairs, words, palette, x=N_("correlation (1: they agree)"), share=False)
    if not p.when:
        return None
    figure = blank(words, palette, x=N_("time"), y=N_("true per expected"))
    figure.add_scatter(
        x=[when.isoformat() for when in p.when],
        y=list(p.ripe),
        mode="lines+markers",
        line={"color": palette.current, "width": 3},
        hovertemplate="%{x}: %{y:.0%}<extra></extra>",
    )
    threshold_line(figure, 1.0, words(N_("as the model expects")), palette)
    onset_line(figure, finding.since, words, palette)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure
