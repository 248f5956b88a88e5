"""The timeline: a row for each thing that began, its words above its mark, deploys as lines through all rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import plotly.graph_objects as go

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Lane
from diagnostics.nouns.words import Words
from diagnostics.pictures.style import DARK, LIGHT, Palette, blank, onset_line, safe
from diagnostics.timeline import LANES, Moment, Timeline, label

ROW: Final = 40
LABEL_CAP: Final = 44
GROUND: Final = {LIGHT.text: "#FFFFFF", DARK.text: "#12171E"}
"""The page behind each colour of text, as .streamlit/config.toml has it."""

SYMBOLS: Final = {
    Lane.DEPLOY: "diamond",
    Lane.DATA: "circle",
    Lane.METRIC: "square",
    Lane.ERRORS: "x",
    Lane.ACCURACY: "triangle-down",
    Lane.MODEL: "hexagon",
    Lane.NOTED: "star",
}


def draw(p: Timeline, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Rows from the first at the top to the last; None with fewer than two."""
    if len(p.moments) < 2:
        return None
    colours = {
        Lane.DEPLOY: palette.reference,
        Lane.DATA: palette.current,
        Lane.METRIC: palette.watch,
        Lane.ERRORS: palette.fault,
        Lane.ACCURACY: palette.fault,
        Lane.MODEL: palette.fine,
        Lane.NOTED: palette.text,
    }
    first, last = _span(p)
    figure = blank(words, palette, height=72 + ROW * len(p.moments))
    figure.update_layout(margin={"l": 12, "r": 24, "t": 28, "b": 8})
    for row, moment in enumerate(p.moments):
        end = moment.until or (moment.time if moment.lane in (Lane.DEPLOY, Lane.NOTED) else last)
        figure.add_trace(_row(moment, row, end, colours[moment.lane], words))
        more = f" +{moment.also}" if moment.also else ""
        # Above its row and from the left edge: there it never meets another label, however narrow the screen.
        figure.add_annotation(
            x=0,
            xref="paper",
            y=row,
            xanchor="left",
            yanchor="bottom",
            yshift=4,
            showarrow=False,
            text=f"{words(LANES[moment.lane])} · {safe(label(moment, words), cap=LABEL_CAP)}{more}",
            font={"size": 13, "color": palette.text},
            # Lines that cross all rows end at the words.
            bgcolor=GROUND[palette.text],
            borderpad=1,
        )
        if moment.lane is Lane.DEPLOY:
            figure.add_vline(x=moment.time.isoformat(), line={"color": palette.reference, "dash": "dot", "width": 1})
    figure.update_yaxes(visible=False, range=[len(p.moments) - 0.5, -1.0], fixedrange=True)
    onset_line(figure, p.signs[0].time if p.signs else None, words, palette)
    figure.update_xaxes(range=[first.isoformat(), last.isoformat()], type="date")
    return figure


def _row(moment: Moment, row: int, end: datetime, colour: str, words: Words) -> go.Scatter:
    """The mark at its beginning, and a thin line for as long as it lasts."""
    said = moment.finding.statement(words) if moment.finding else moment.what
    return go.Scatter(
        x=[moment.time, end],
        y=[row, row],
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"size": [12, 0], "opacity": 1.0, "symbol": SYMBOLS[moment.lane], "color": colour},
        hovertemplate="%{x}<br>" + safe(said, cap=160) + "<extra></extra>",
    )


def _span(p: Timeline) -> tuple[datetime, datetime]:
    """First and last time of the axis, with room on either side."""
    times = [m.time for m in p.moments] + [m.until for m in p.moments if m.until]
    room = max((max(times) - min(times)) / 12, timedelta(minutes=2))
    return min(times) - room, max(times) + room
