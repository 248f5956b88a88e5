"""The trials of a search by their settings: side by side, one setting at a time, two as a map, and by the clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from diagnostics.clinic.search.result import Search, State, Study, Try
from diagnostics.clinic.search.sentences import best_trials, is_higher_better, leading_numbers, leading_study
from diagnostics.clinic.search.space import Dimension
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe

LINES: Final = 300
"""Trials in the parallel picture; more lines are one surface."""

AXES: Final = 4
SLICES: Final = 4
CELLS: Final = 40
"""Cells of the map each way."""

PAUSE: Final = 10.0
"""Seconds in which nobody works that the timeline leaves out."""


def ranked(p: Search, study: Study) -> list[Dimension]:
    """The settings, those that matter first."""
    order = {name: place for place, (name, _) in enumerate(study.importances)}
    return sorted(p.space, key=lambda dimension: order.get(dimension.name, len(order)))


def position(dimension: Dimension, value: object) -> float | None:
    """Where a value lies on its axis: a choice at its number, a number as it is or as its power of ten."""
    if dimension.choices:
        return float(dimension.choices.index(value)) if value in dimension.choices else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return math.log10(value) if dimension.log and value > 0 else float(value)


def draw_parallel(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """A line for each finished trial over the settings that matter, to its value; the good ones in blue."""
    study = leading_study(p)
    best = {one.number for one in best_trials(p, study)}
    tries = sorted(study.done, key=lambda one: one.number in best)[-LINES:]
    if len(tries) < 2:
        return None
    axes = ranked(p, study)[:AXES]
    dimensions = []
    for dimension in axes:
        values = [position(dimension, one.param(dimension.name)) for one in tries]
        known = [0.0 if value is None else value for value in values]
        axis = {"label": safe(dimension.name, cap=18), "values": known}
        if dimension.choices:
            axis |= {"tickvals": list(range(len(dimension.choices))), "ticktext": [_choice(c) for c in dimension.choices]}
            axis["range"] = [-0.2, len(dimension.choices) - 0.8]
        elif dimension.log:
            ticks = np.linspace(min(known), max(known), 4)
            axis |= {"tickvals": list(ticks), "ticktext": [words.number(float(f"{10**tick:.2g}")) for tick in ticks]}
        dimensions.append(axis)
    dimensions.append({"label": words(N_("score")), "values": [float(one.value or 0.0) for one in tries]})
    figure = blank(words, palette, height=340)
    figure.add_parcoords(
        dimensions=dimensions,
        line={
            "color": [1.0 if one.number in best else 0.0 for one in tries],
            "colorscale": [[0, palette.grid], [1, palette.current]],
            "cmin": 0,
            "cmax": 1,
        },
        labelfont={"color": palette.text, "size": 13},
        tickfont={"color": palette.text, "size": 12},
        rangefont={"color": "rgba(0,0,0,0)", "size": 1},
        labelangle=-12,
    )
    figure.update_layout(margin={"l": 48, "r": 48, "t": 64, "b": 16})
    return figure


def _choice(value: object) -> str:
    return "none" if value is None else safe(str(value), cap=12)


def draw_slices(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """Value against each of the settings that matter."""
    study = leading_study(p)
    axes = ranked(p, study)[:SLICES]
    if len(study.done) < 2:
        return None
    best = {one.number for one in best_trials(p, study)}
    columns = min(2, len(axes))
    rows = math.ceil(len(axes) / columns)
    figure = make_subplots(rows=rows, cols=columns, shared_yaxes=True, horizontal_spacing=0.06, vertical_spacing=0.3 / rows)
    figure.update_layout(blank(words, palette, height=60 + 220 * rows).layout)
    for place, dimension in enumerate(axes):
        row, column = place // columns + 1, place % columns + 1
        figure.add_scatter(
            x=[_choice(v) if dimension.choices else v for v in (one.param(dimension.name) for one in study.done)],
            y=[one.value for one in study.done],
            mode="markers",
            marker={
                "size": 7,
                "opacity": 0.8,
                "color": [palette.current if one.number in best else palette.reference for one in study.done],
            },
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
            row=row,
            col=column,
        )
        kind = "category" if dimension.choices else "log" if dimension.log else "linear"
        figure.update_xaxes(title_text=safe(dimension.name), type=kind, row=row, col=column)
        if kind == "log":
            figure.update_xaxes(**_ticks(dimension.low, dimension.high), row=row, col=column)
    figure.update_xaxes(gridcolor=palette.grid, zeroline=False, automargin=True, title_font_size=14)
    figure.update_yaxes(gridcolor=palette.grid, zeroline=False, automargin=True, title_font_size=14)
    figure.update_yaxes(title_text=words(N_("score")), col=1)
    return figure


def _ticks(low: float, high: float) -> dict[str, Any]:
    """A few round values of an axis of factors: Plotly would write every digit between two powers of ten."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [digit * 10.0**power for power in powers for digit in (1, 3)]
    if len(powers) > 3:
        values = [10.0**power for power in powers][:: 1 + len(powers) // 5]
    return {"tickmode": "array", "tickvals": values, "ticktext": [f"{value:g}" for value in values]}


def draw_contour(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """The value over the two settings that matter most, smoothed between the trials, blank where none was near."""
    study, both = leading_study(p), leading_numbers(p)
    if both is None or len(study.done) < 5:
        return None
    across, up = (next(d for d in p.space if d.name == name) for name in both)
    x, y = _positions(across, study.done), _positions(up, study.done)
    z = np.array([float(one.value or 0.0) for one in study.done])
    grid_x, grid_y = np.linspace(*_ends(across), CELLS), np.linspace(*_ends(up), CELLS)
    figure = blank(words, palette, x=safe(both[0]), y=safe(both[1]), height=360)
    light, dark = (palette.grid, palette.current) if is_higher_better(p) else (palette.current, palette.grid)
    low, high = _telling(z, is_higher_better(p))
    # A wreck counts as the worst that is shown, or it would darken all around it.
    z = np.clip(z, low, high)
    figure.add_contour(
        x=_values(across, grid_x),
        y=_values(up, grid_y),
        z=_smoothed(x, y, z, grid_x, grid_y),
        colorscale=[[0, light], [1, dark]],
        zmin=low,
        zmax=high,
        ncontours=10,
        line={"width": 0.5, "color": palette.grid},
        colorbar={"thickness": 12, "tickfont": {"color": palette.text}},
        hovertemplate="%{x:.3g}, %{y:.3g}: %{z:.4g}<extra></extra>",
    )
    figure.add_scatter(
        x=_values(across, x),
        y=_values(up, y),
        mode="markers",
        marker={"color": palette.text, "size": 6, "line": {"color": palette.grid, "width": 1}},
        hoverinfo="skip",
    )
    best = study.best(is_higher_better(p))
    if best is not None:
        figure.add_scatter(
            x=[best.param(both[0])],
            y=[best.param(both[1])],
            mode="markers",
            marker={"color": palette.fault, "size": 15, "symbol": "star", "line": {"color": palette.text, "width": 1}},
            name=words(N_("best trial")),
            hovertemplate=words(N_("best trial")) + "<extra></extra>",
        )
    if across.log:
        figure.update_xaxes(type="log", **_ticks(across.low, across.high))
    if up.log:
        figure.update_yaxes(type="log", **_ticks(up.low, up.high))
    return figure


def _telling(z: NDArray[np.float64], higher: bool) -> tuple[float, float]:
    """The values that the colours span: a few wrecks far off would leave one colour to all the others."""
    best = float(z.max() if higher else z.min())
    room = 3 * abs(best - float(np.median(z)))
    if not room:
        return float(z.min()), float(z.max())
    return (max(float(z.min()), best - room), best) if higher else (best, min(float(z.max()), best + room))


def _positions(dimension: Dimension, tries: Sequence[Try]) -> NDArray[np.float64]:
    return np.array([position(dimension, one.param(dimension.name)) or 0.0 for one in tries])


def _ends(dimension: Dimension) -> tuple[float, float]:
    return position(dimension, dimension.low) or 0.0, position(dimension, dimension.high) or 0.0


def _values(dimension: Dimension, places: NDArray[np.float64]) -> list[float]:
    return list(10**places if dimension.log else places)


def _smoothed(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    grid_x: NDArray[np.float64],
    grid_y: NDArray[np.float64],
) -> list[list[float | None]]:
    """Mean of the trials around each cell, weighted by nearness (Nadaraya-Watson, a tenth of each axis wide)."""
    wide, tall = np.ptp(grid_x) / 10, np.ptp(grid_y) / 10
    far = ((grid_x[None, :, None] - x) / wide) ** 2 + ((grid_y[:, None, None] - y) / tall) ** 2
    weight = np.exp(-far / 2)
    total = weight.sum(axis=2)
    mean = (weight * z).sum(axis=2) / np.maximum(total, 1e-12)
    return [
        [None if near < 0.05 else float(value) for near, value in zip(*row, strict=True)] for row in zip(total, mean, strict=True)
    ]


def draw_timeline(p: Search, words: Words, palette: Palette) -> go.Figure | None:
    """A bar for each trial on the line of its worker, from its beginning to its end."""
    known = [one for study in p.studies for one in study.tries if one.began is not None and one.worker]
    if not known:
        return None
    known = _cut_short(known)
    starts = _without_pauses(known)
    workers = sorted({one.worker for one in known})
    figure = blank(words, palette, x=N_("seconds, without pauses"), height=110 + 42 * len(workers))
    for state, colour, label in (
        (State.FINISHED, palette.current, N_("finished")),
        (State.PRUNED, palette.reference, N_("ended early")),
        (State.FAILED, palette.fault, N_("failed")),
        (State.LOST, palette.watch, N_("was running when its worker was stopped")),
        (State.RUNNING, palette.fine, N_("running")),
    ):
        part = [(one, start) for one, start in zip(known, starts, strict=True) if one.state is state]
        figure.add_bar(
            y=[words(N_("worker {number:count}"), number=one.worker) for one, _ in part],
            x=[max(one.seconds or 0.0, 0.05) for one, _ in part],
            base=[start for _, start in part],
            orientation="h",
            width=0.6,
            marker={"color": colour, "line": {"color": palette.grid, "width": 1}},
            name=words(label),
            customdata=[one.number + 1 for one, _ in part],
            hovertemplate=words(N_("trial")) + " %{customdata}: %{x:.2f} s<extra></extra>",
            showlegend=bool(part),
        )
    figure.update_layout(barmode="overlay", showlegend=True)
    return figure


def _cut_short(tries: Sequence[Try]) -> list[Try]:
    """Nobody saw when a trial whose worker was stopped ended, only when that was found out, which may be days later: it is drawn
    to the last end of those that were at work beside it, and at least as long as a trial usually takes.
    """
    usual = float(np.median([one.seconds for one in tries if one.state is State.FINISHED and one.seconds] or [1.0]))
    first: dict[int, float] = {}
    for one in sorted(tries, key=lambda one: one.began or 0.0):
        first.setdefault(one.worker, one.began or 0.0)
    ended = [(first[one.worker], (one.began or 0.0) + (one.seconds or 0.0)) for one in tries if one.state is not State.LOST]
    made = []
    for one in tries:
        if one.state is State.LOST and one.seconds is not None and one.began is not None:
            last = max((end for since, end in ended if since <= one.began), default=0.0)
            one = replace(one, seconds=min(one.seconds, max(usual, last - one.began)))
        made.append(one)
    return made


def _without_pauses(tries: Sequence[Try]) -> list[float]:
    """Seconds from the first beginning to each trial's, less the times in which nobody worked."""
    order = sorted(range(len(tries)), key=lambda place: tries[place].began or 0.0)
    starts, spared = [0.0] * len(tries), 0.0
    first = until = tries[order[0]].began or 0.0
    for place in order:
        began = tries[place].began or 0.0
        if began - until > PAUSE:
            spared += began - until - 1.0
        starts[place] = began - first - spared
        until = max(until, began + (tries[place].seconds or 0.0))
    return starts
