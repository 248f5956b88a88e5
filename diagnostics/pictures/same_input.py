"""Equal inputs: how often they got different answers."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.reproduce.same_input import SameInput
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank


def draw(p: SameInput, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Shares within the reference, within the current table and across; None when there is nothing to compare."""
    rows = [
        (words(N_("within the reference")), p.rows.reference, p.differing.reference, palette.reference),
        (words(N_("within the current table")), p.rows.current, p.differing.current, palette.current),
        (words(N_("current against reference")), p.across_rows, p.across, palette.fault if finding else palette.current),
    ]
    rows = [row for row in rows if row[1]][::-1]
    if not rows or not any(interval.value for _, _, interval, _ in rows):
        return None
    figure = blank(words, palette, x=N_("share of equal inputs with another answer"), height=120 + 46 * len(rows))
    figure.add_bar(
        x=[interval.value for _, _, interval, _ in rows],
        y=[words(N_("{label} ({count:count} rows)"), label=label, count=count) for label, count, _, _ in rows],
        orientation="h",
        marker={"color": [colour for *_, colour in rows]},
        text=[words.percent(interval.value) for _, _, interval, _ in rows],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.2 * max(r[2].value for r in rows) + 0.02)])
    return figure
