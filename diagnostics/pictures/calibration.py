"""Calibration: what the same inputs used to get against what was logged, or what was announced against what came."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.checks.confirm.calibration.check import LEVEL_MOVED, Bend, Calibration
from diagnostics.checks.confirm.calibration.reliability import Reliability
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, label_right, safe

NAMES = 110
"""Pixels beside the picture for the names of the lines."""


def draw(p: Calibration, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The map from expected to logged answers of both tables; where it did not move, the reliability, if the truth is known."""
    moved = finding is not None and finding.rule is LEVEL_MOVED
    if p.bend is not None and (moved or p.truth is None):
        return _bend(p, p.bend, moved, words, palette)
    return None if p.truth is None else _truth(p, p.truth, words, palette)


def _bend(p: Calibration, bend: Bend, moved: bool, words: Words, palette: Palette) -> go.Figure:
    label = p.answer is Answer.LABEL
    y = words(N_("share of rows answered {name}"), name=safe(bend.name)) if label else words(N_("logged answer"))
    figure = blank(words, palette, x=N_("answer that the same inputs used to get"))
    figure.update_yaxes(title_text=y)
    colour = palette.fault if moved else palette.current
    _line(figure, bend.expected, bend.before, words(N_("reference")), palette.reference)
    _line(figure, bend.expected, bend.after, words(N_("current")), colour)
    if label:
        figure.update_xaxes(title_text=words(N_("how strongly the same inputs used to point to {name}"), name=safe(bend.name)))
        figure.update_xaxes(range=[0, 1])
        figure.update_layout(margin_r=NAMES)
        figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def _truth(p: Calibration, truth: Reliability, words: Words, palette: Palette) -> go.Figure:
    score = p.answer is Answer.SCORE
    y = N_("share that came true") if score else N_("mean of what came")
    figure = blank(words, palette, x=N_("answer"), y=y)
    ends = [point for side in (truth.reference, truth.current) for point, _ in side.bins]
    low, high = (0.0, 1.0) if score else (min(ends), max(ends))
    figure.add_scatter(x=[low, high], y=[low, high], mode="lines", line={"color": palette.watch, "dash": "dot"}, hoverinfo="skip")
    label_right(figure, [high], [high], words(N_("as announced")), palette.watch)
    for side, name, colour in (
        (truth.reference, words(N_("reference")), palette.reference),
        (truth.current, words(N_("current")), palette.current),
    ):
        x, came = [point for point, _ in side.bins], [what for _, what in side.bins]
        _line(figure, tuple(x), tuple(c.value for c in came), name, colour)
        figure.data[-1].update(
            mode="lines+markers",
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [c.high - c.value for c in came],
                "arrayminus": [c.value - c.low for c in came],
                "thickness": 1,
                "width": 3,
            },
        )
    room = 0.02 * (high - low)
    figure.update_xaxes(range=[low - room, high + room])
    figure.update_layout(margin_r=NAMES)
    return figure


def _line(figure: go.Figure, x: tuple[float, ...], y: tuple[float, ...], name: str, colour: str) -> None:
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines",
        name=name,
        line={"color": colour, "width": 3},
        hovertemplate="%{x:.3g}: %{y:.3g} (" + name + ")<extra></extra>",
    )
    label_right(figure, x, y, name, colour)
