"""Label delay: true cases per expected case, towards the end of the table."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.drift.label_delay.check import IMMATURE, MISALIGNED, PENDING, LabelDelay, Pending
from diagnostics.checks.drift.label_delay.lag import Shifted
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, onset_line, threshold_line, wrapped


def draw(p: LabelDelay, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """A line over time for labels that ripen; three bars for labels beside other rows; two for those that have not arrived."""
    if finding is None or finding.rule not in (IMMATURE, MISALIGNED, PENDING):
        return None
    if finding.rule is PENDING:
        return None if p.pending is None else _arrived(p.pending, words, palette)
    if finding.rule is MISALIGNED and p.shifted is not None:
        return _places(p.shifted, words, palette)
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
    figure.layout.annotations[-1].yshift = 12
    onset_line(figure, finding.since, words, palette)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def _arrived(pending: Pending, words: Words, palette: Palette) -> go.Figure:
    figure = blank(words, palette, y=N_("share of rows with a label"), height=280)
    sides = (
        (words(N_("earlier rows")), pending.before, palette.current),
        (words(N_("latest rows")), pending.last, palette.fault),
    )
    figure.add_bar(
        x=[name for name, _, _ in sides],
        y=[share.value for _, share, _ in sides],
        marker={"color": [colour for _, _, colour in sides]},
        error_y={
            "type": "data",
            "array": [share.high - share.value for _, share, _ in sides],
            "arrayminus": [share.value - share.low for _, share, _ in sides],
            "color": palette.text,
        },
        hovertemplate="%{x}: %{y:.0%}<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1])
    return figure


def _places(shifted: Shifted, words: Words, palette: Palette) -> go.Figure:
    bars = (
        (wrapped(words(N_("current, labels moved back"))), shifted.there, palette.current),
        (wrapped(words(N_("current, as it is"))), shifted.same, palette.fault),
        (words(N_("reference")), shifted.usual, palette.reference),
    )
    figure = blank(words, palette, x=N_("how well labels and predictions agree (correlation; 1: fully)"), height=230)
    figure.add_bar(
        x=[size for _, size, _ in bars],
        y=[name for name, _, _ in bars],
        orientation="h",
        marker={"color": [colour for _, _, colour in bars]},
        text=[words.number(size) for _, size, _ in bars],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.2f}<extra></extra>",
    )
    sizes = [size for _, size, _ in bars]
    low, high = min(0.0, *sizes), min(1.15, 1.25 * max(*sizes, 0.1))
    # A number left of the axis needs room, or it would stand on the names.
    figure.update_xaxes(range=[low - 0.25 * (high - low) if low < 0 else 0.0, high])
    return figure
