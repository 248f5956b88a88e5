"""The review on one axis: numbered marks for what was detected, deployed and noted; the list beside it has the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import plotly.graph_objects as go

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Lane
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import DARK, LIGHT, Palette, blank, onset_line, safe
from diagnostics.timeline import Timeline, label

DETECTED: Final = N_("detected")
DEPLOYED: Final = N_("deployed")
NOTED: Final = N_("noted")
ROWS: Final[Mapping[Lane, int]] = {Lane.DEPLOY: 1, Lane.NOTED: 2}
"""Row of a lane, from the top; everything that was detected is in row 0."""

AROUND: Final = 76
LINE: Final = 27
"""Pixels of a line of marks, and of the axis around them."""

NEAR: Final = 0.035
"""Share of the axis that a mark is wide, on half of a projector's screen."""

LINES: Final = 5
"""Lines of marks in a row at most: marks too close together to be side by side stand one below the other."""

GROUND: Final = {LIGHT.text: "#FFFFFF", DARK.text: "#12171E"}
"""What the numbers are written in: the page behind each colour of text."""


def draw(p: Timeline, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """Three rows over one axis; None when nothing has a time."""
    if not p.moments:
        return None
    first, last = _span(p)
    colours = (palette.fault, palette.reference, palette.current)
    rows = [ROWS.get(moment.lane, 0) for moment in p.moments]
    levels = _levels(p, rows, first, last)
    heights = [1 + max((level for level, at in zip(levels, rows, strict=True) if at == row), default=0) for row in range(3)]
    tops = [sum(heights[:row]) for row in range(3)]
    figure = blank(words, palette, height=AROUND + LINE * sum(heights))
    for number, (moment, row, level) in enumerate(zip(p.moments, rows, levels, strict=True), start=1):
        figure.add_trace(
            go.Scatter(
                x=[moment.time],
                y=[tops[row] + level],
                mode="markers+text",
                text=[str(number)],
                textfont={"color": GROUND[palette.text], "size": 13, "weight": 700},
                marker={"size": 22, "color": colours[row], "symbol": ("circle", "diamond", "square")[row]},
                hovertemplate="%{x}<br>" + safe(label(moment, words), cap=160) + "<extra></extra>",
            )
        )
        if moment.lane is Lane.DEPLOY:
            figure.add_vline(x=moment.time.isoformat(), line={"color": palette.reference, "dash": "dot", "width": 1})
    figure.update_yaxes(
        tickvals=tops,
        ticktext=[words(DETECTED), words(DEPLOYED), words(NOTED)],
        range=[sum(heights) - 0.5, -0.5],
        fixedrange=True,
        showgrid=False,
    )
    onset_line(figure, p.onset, words, palette)
    # Lines go behind the marks, or their numbers could not be read.
    figure.update_shapes(layer="below")
    figure.update_xaxes(range=[first.isoformat(), last.isoformat()], type="date")
    return figure


def _levels(p: Timeline, rows: Sequence[int], first: datetime, last: datetime) -> list[int]:
    """The line of each mark within its row: the first that is free there."""
    wide = (last - first) * NEAR
    ends: dict[tuple[int, int], datetime] = {}
    levels = []
    for moment, row in zip(p.moments, rows, strict=True):
        free = [level for level in range(LINES) if abs(moment.time - ends.get((row, level), datetime.min)) >= wide]
        levels.append(free[0] if free else LINES - 1)
        ends[row, levels[-1]] = moment.time
    return levels


def _span(p: Timeline) -> tuple[datetime, datetime]:
    """First and last time of the axis, with room on either side."""
    times = [moment.time for moment in p.moments]
    room = max((max(times) - min(times)) / 12, timedelta(hours=1))
    return min(times) - room, max(times) + room
