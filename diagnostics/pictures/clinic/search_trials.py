"""The trials of a search by their settings: side by side, one setting at a time, two as a map, and by the clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.search.result import Search, State, Study, Try
from diagnostics.clinic.search.sentences import best_trials, is_higher_better, leading_numbers, leading_study
from diagnostics.clinic.search.space import Dimension
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures.marks import Axis, Cells, Points
from diagnostics.pictures.shapes import Course, HeatMap, Panels, Parallel, Part, Shape, Stack
from diagnostics.pictures.style import Tone

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


def draw_parallel(p: Search, words: Words) -> Shape | None:
    """A line for each finished trial over the settings that matter, to its value; the good ones in blue."""
    study = leading_study(p)
    best = {one.number for one in best_trials(p, study)}
    tries = sorted(study.done, key=lambda one: one.number in best)[-LINES:]
    if len(tries) < 2:
        return None
    axes, columns = [], []
    for dimension in ranked(p, study)[:AXES]:
        known = [position(dimension, one.param(dimension.name)) or 0.0 for one in tries]
        low, high = (0.0, len(dimension.choices) - 1.0) if dimension.choices else (min(known), max(known))
        columns.append([_share(value, low, high) for value in known])
        axes.append((dimension.name, [(_share(at, low, high), label) for at, label in _labels(dimension, low, high, words)]))
    values = [float(one.value or 0.0) for one in tries]
    low, high = min(values), max(values)
    columns.append([_share(value, low, high) for value in values])
    axes.append((words(N_("score")), [(_share(at, low, high), words.number(at)) for at in np.linspace(low, high, 4)]))
    lines = [(shares, one.number in best) for one, shares in zip(tries, zip(*columns, strict=True), strict=True)]
    return Parallel(axes=axes, lines=lines)


def _share(value: float, low: float, high: float) -> float:
    return float((value - low) / (high - low)) if high > low else 0.5


def _labels(dimension: Dimension, low: float, high: float, words: Words) -> list[tuple[float, str]]:
    """Places on the axis of a setting and what is written there."""
    if dimension.choices:
        return [(float(place), _choice(choice)) for place, choice in enumerate(dimension.choices)]
    places = np.linspace(low, high, 4) if high > low else np.array([low])
    return [(float(at), words.number(float(f"{10**at:.2g}" if dimension.log else f"{at:.3g}"))) for at in places]


def _choice(value: object) -> str:
    return "none" if value is None else shorten(str(value), cap=12)


def draw_slices(p: Search, words: Words) -> Shape | None:
    """Value against each of the settings that matter."""
    study = leading_study(p)
    if len(study.done) < 2:
        return None
    best = {one.number for one in best_trials(p, study)}
    shapes = []
    for place, dimension in enumerate(ranked(p, study)[:SLICES]):
        known = [(one, position(dimension, one.param(dimension.name))) for one in study.done]
        drawn = [(one, at) for one, at in known if at is not None]
        points = Points(
            x=_values(dimension, np.array([at for _, at in drawn])),
            y=[float(one.value or 0.0) for one, _ in drawn],
            tones=[Tone.CURRENT if one.number in best else Tone.REFERENCE for one, _ in drawn],
            size=7,
            opacity=0.8,
        )
        ticks = tuple((float(at), _choice(choice)) for at, choice in enumerate(dimension.choices or ()))
        x = Axis(title=dimension.name, log=dimension.log and not dimension.choices, ticks=ticks)
        y = Axis(title="" if place % 2 else words(N_("score")))
        shapes.append(Course(x=x, y=y, points=(points,), height=240))
    return Panels(shapes=shapes, columns=min(2, len(shapes)))


def draw_contour(p: Search, words: Words) -> Shape | None:
    """The value over the two settings that matter most, smoothed between the trials, blank where none was near."""
    study, both = leading_study(p), leading_numbers(p)
    if both is None or len(study.done) < 5:
        return None
    across, up = (next(d for d in p.space if d.name == name) for name in both)
    x, y = _positions(across, study.done), _positions(up, study.done)
    z = np.array([float(one.value or 0.0) for one in study.done])
    grid_x, grid_y = np.linspace(*_ends(across), CELLS), np.linspace(*_ends(up), CELLS)
    low, high = _telling(z, is_higher_better(p))
    # A diverged trial counts as the worst that is shown, or it would darken all around it.
    smooth = _smoothed(x, y, np.clip(z, low, high), grid_x, grid_y)
    pale, deep = (low, high) if is_higher_better(p) else (high, low)
    cells = Cells(x=_values(across, grid_x), y=_values(up, grid_y), z=smooth, low=pale, high=deep)
    trials = Points(x=_values(across, x), y=_values(up, y), tones=[Tone.TEXT] * len(x), size=6)
    best = study.best(is_higher_better(p))
    marks = [trials]
    if best is not None:
        places = [_values(axis, _positions(axis, [best])) for axis in (across, up)]
        name = words(N_("best trial"))
        marks.append(Points(x=places[0], y=places[1], tones=[Tone.FAULT], symbol="star", size=15, name=name))
    return HeatMap(x=_axis(across), y=_axis(up), cells=cells, points=marks)


def _axis(dimension: Dimension) -> Axis:
    return Axis(title=dimension.name, log=dimension.log, low=dimension.low, high=dimension.high, grid=False)


def _telling(z: NDArray[np.float64], higher: bool) -> tuple[float, float]:
    """The values that the colours span: a few diverged trials would leave one colour to all the others."""
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


STATES: Final = (
    (State.FINISHED, Tone.CURRENT, N_("finished")),
    (State.PRUNED, Tone.REFERENCE, N_("ended early")),
    (State.FAILED, Tone.FAULT, N_("failed")),
    (State.LOST, Tone.WATCH, N_("was running when its worker was stopped")),
    (State.RUNNING, Tone.FINE, N_("running")),
)


def draw_timeline(p: Search, words: Words) -> Shape | None:
    """A bar for each trial on the line of its worker, from its beginning to its end."""
    known = [one for study in p.studies for one in study.tries if one.began is not None and one.worker]
    if not known:
        return None
    known = _cut_short(known)
    names = {state: (tone, words(label)) for state, tone, label in STATES}
    rows: dict[int, list[Part]] = {number: [] for number in sorted({one.worker for one in known})}
    for one, start in zip(known, _without_pauses(known), strict=True):
        tone, name = names[one.state]
        length = max(one.seconds or 0.0, 0.05)
        hover = f"{words(N_('trial'))} {one.number + 1}: {length:.2f} s"
        rows[one.worker].append(Part(name=name, start=start, length=length, tone=tone, hover=hover))
    lanes = [(words(N_("worker {number:count}"), number=number), parts) for number, parts in rows.items()]
    return Stack(rows=lanes, axis=Axis(title=words(N_("seconds, without pauses"))))


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
