"""A search: the value of each trial with the best so far, what mattered, and the choice on rows that no trial saw."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from diagnostics.clinic.search.judge import rounded
from diagnostics.clinic.search.plan import SHORT
from diagnostics.clinic.search.result import Search, State, Study
from diagnostics.clinic.search.rules import DUMMY, FLATTERED, GAIN, NO_GAIN
from diagnostics.clinic.search.sentences import is_higher_better, leading_study
from diagnostics.clinic.shared.scores import METRICS
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, label_right, safe, wrapped

POINTS: Final = 2_000
"""Trials drawn; a study has no more."""

FEW: Final = 10
"""Trials below which each has its number on the axis."""

PROVED_BY_HELD_OUT: Final = (GAIN, NO_GAIN, FLATTERED, DUMMY)
"""Rules that the rows held out are the proof of."""


def draw(p: Search, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The held-out rows where the finding speaks of them, else the history."""
    if p.held is not None and (finding is None or finding.rule in PROVED_BY_HELD_OUT):
        return draw_held(p, words, palette)
    return draw_history(p, words, palette)


def draw_history(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """Each trial of the best study as a point, the best so far as a line."""
    study = leading_study(p)
    shown = [one for one in study.tries if one.value is not None][-POINTS:]
    if not shown:
        return None
    figure = blank(words, palette, x=N_("trial"), y=METRICS[p.metric].says, height=320)
    for state, colour, symbol, label in (
        (State.FINISHED, palette.current, "circle", N_("finished")),
        (State.PRUNED, palette.reference, "x", N_("ended early, on its first folds")),
    ):
        part = [one for one in shown if one.state is state]
        figure.add_scatter(
            x=[one.number + 1 for one in part],
            y=[one.value for one in part],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
            name=words(label),
            hovertemplate="%{x}: %{y:.4g} (" + words(label) + ")<extra></extra>",
            showlegend=bool(part),
        )
    x, y = so_far(study, is_higher_better(p))
    if len(x) > 1:
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": palette.fine, "width": 2.5, "shape": "hv"},
            name=words(N_("best so far")),
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    if len(shown) < FEW:
        last = max(one.number for one in shown) + 1
        figure.update_xaxes(range=[0.5, last + 0.5], tickvals=list(range(1, last + 1)))
    if len(shown) == 1:
        only = float(shown[0].value or 0.0)
        room = 0.1 * abs(only) or 0.1
        figure.update_yaxes(range=[only - room, only + room])
    _focus(figure, [float(one.value or 0.0) for one in shown if one.state is State.FINISHED], is_higher_better(p))
    return figure


def so_far(study: Study, higher: bool) -> tuple[list[int], list[float]]:
    """Trial (from 1) and best value until then, up to the last trial."""
    x: list[int] = []
    y: list[float] = []
    for one in study.done:
        value = float(one.value or 0.0)
        best = value if not y else max(y[-1], value) if higher else min(y[-1], value)
        x.append(one.number + 1)
        y.append(best)
    return x, y


def _focus(figure: go.Figure, values: list[float], higher: bool) -> None:
    """The axis on the trials that matter: one wreck far below would press all others into a line."""
    if len(values) < 8:
        return
    ordered = sorted(values, reverse=higher)
    best, worst = ordered[0], ordered[int(0.9 * len(ordered))]
    room = abs(best - worst)
    if room > 0 and abs(best - ordered[-1]) > 3 * room:
        figure.update_yaxes(range=sorted((worst - (room if higher else -room), best + (0.15 * room if higher else -0.15 * room))))


def draw_importances(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """Share of each setting in what made trials good, the largest on top."""
    found = [*reversed(leading_study(p).importances)]
    if not found:
        return None
    figure = blank(words, palette, x=N_("share of what made trials good"), height=90 + 34 * len(found))
    figure.add_bar(
        y=[safe(name) for name, _ in found],
        x=[share for _, share in found],
        orientation="h",
        width=0.55,
        marker_color=[palette.current if place == len(found) - 1 else palette.reference for place in range(len(found))],
        text=[words.percent(share) for _, share in found],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1.15 * max(share for _, share in found)])
    return figure


def draw_held(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """Chosen, default and dummy with their intervals, and the search's own best value as a mark."""
    held = p.held
    if held is None:
        return None
    rows = (
        (words(N_("dummy")), held.dummy, palette.reference),
        (words(N_("default settings")), held.default, palette.reference),
        (words(N_("chosen settings")), held.chosen, palette.current),
    )
    figure = blank(words, palette, x=METRICS[p.metric].says, height=230)
    for place, (label, interval, colour) in enumerate(rows):
        figure.add_scatter(
            x=[interval.value],
            y=[wrapped(label)],
            mode="markers+text",
            marker={"color": colour, "size": 12},
            text=[words.number(rounded(interval.value) if place == 0 else interval.value)],
            textposition="top center",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, interval.high - interval.value)],
                "arrayminus": [max(0.0, interval.value - interval.low)],
                "thickness": 2,
                "width": 6,
                "color": colour,
            },
            cliponaxis=False,
            hovertemplate=f"%{{x:.4g}} ({words.number(interval.low)} … {words.number(interval.high)})<extra></extra>",
        )
    if p.best is not None:
        figure.add_vline(x=p.best, line={"color": palette.watch, "dash": "dot"})
        figure.add_annotation(
            x=p.best, y=1, yref="paper", yanchor="bottom", text=words(N_("the search's own value")), showarrow=False,
            font={"color": palette.watch},
        )  # fmt: skip
    figure.update_yaxes(range=[-0.5, 2.7])
    figure.update_layout(margin_t=44)
    return figure


def draw_side_by_side(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """The best so far of each study against its trials."""
    lines = [(study, *so_far(study, is_higher_better(p))) for study in p.studies]
    lines = [line for line in lines if line[1]]
    if len(lines) < 2:
        return None
    figure = blank(words, palette, x=N_("trial"), y=METRICS[p.metric].says, height=300)
    last = max(x[-1] for _, x, _ in lines)
    colours = (palette.current, palette.fine, palette.watch, palette.fault, palette.reference)
    dashes = ("solid", "dash", "dot", "dashdot", "longdash")
    for place, (study, x, y) in enumerate(lines):
        same = sum(other.method is study.method for other in p.studies) > 1
        name = safe(study.name, cap=24) if same else words(SHORT[study.method])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colours[place % 5], "dash": dashes[place % 5], "width": 2.2, "shape": "hv"},
            name=name,
            hovertemplate="%{x}: %{y:.4g} (" + name + ")<extra></extra>",
        )
        # At the same place for all: the line of a longer search would run through the name of a shorter one.
        label_right(figure, [last], y, name, colours[place % 5])
    figure.update_layout(margin_r=110)
    return figure
