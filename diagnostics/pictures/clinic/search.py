"""A search: the value of each trial with the best so far, what mattered, and the choice on rows that no trial saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.clinic.search.judge import rounded
from diagnostics.clinic.search.plan import SHORT
from diagnostics.clinic.search.result import Search, State, Study
from diagnostics.clinic.search.rules import DUMMY, FLATTERED, GAIN, NO_GAIN
from diagnostics.clinic.search.sentences import is_higher_better, leading_study
from diagnostics.clinic.shared.scores import METRICS
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures.marks import Axis, Points, Symbol
from diagnostics.pictures.shapes import Bars, Course, Curve, Dots, Limit, Row, Shape
from diagnostics.pictures.style import Tone

POINTS: Final = 2_000
"""Trials drawn; a study has no more."""

FEW: Final = 10
"""Trials below which each has its number on the axis."""

PROVED_BY_HELD_OUT: Final = (GAIN, NO_GAIN, FLATTERED, DUMMY)
"""Rules that the rows held out are the proof of."""


def draw(p: Search, finding: Finding | None, words: Words) -> Shape | None:
    """The held-out rows where the finding speaks of them, else the history."""
    if p.held is not None and (finding is None or finding.rule in PROVED_BY_HELD_OUT):
        return draw_held(p, words)
    return draw_history(p, words)


def draw_history(p: Search, words: Words) -> Shape | None:
    """Each trial of the best study as a mark, the best so far as a line."""
    study = leading_study(p)
    shown = [one for one in study.tries if one.value is not None][-POINTS:]
    if not shown:
        return None
    points = []
    for state, tone, label in (
        (State.FINISHED, Tone.CURRENT, N_("finished")),
        (State.PRUNED, Tone.REFERENCE, N_("ended early, on its first folds")),
    ):
        part = [one for one in shown if one.state is state]
        x, y = [one.number + 1 for one in part], [float(one.value or 0.0) for one in part]
        symbol: Symbol = "circle" if state is State.FINISHED else "x"
        if part:
            points.append(Points(x=x, y=y, tones=[tone] * len(part), symbol=symbol, size=7, opacity=0.75, name=words(label)))
    best = so_far(study, is_higher_better(p))
    curves = [Curve(x=best[0], y=best[1], name=words(N_("best so far")), tone=Tone.FINE, steps=True)] if len(best[0]) > 1 else []
    last = max(one.number for one in shown) + 1
    few = len(shown) < FEW
    ticks = tuple((float(place), str(place)) for place in range(1, last + 1)) if few else ()
    x_axis = Axis(title=words(N_("trial")), ticks=ticks, low=0.5 if few else None, high=last + 0.5 if few else None)
    finished = [float(one.value or 0.0) for one in shown if one.state is State.FINISHED]
    low, high = _focus(finished, is_higher_better(p))
    y_axis = Axis(title=words(METRICS[p.metric].says), low=low, high=high)
    return Course(x=x_axis, y=y_axis, points=points, curves=curves, height=320)


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


def _focus(values: Sequence[float], higher: bool) -> tuple[float | None, float | None]:
    """Ends of the axis around the trials that matter: one diverged trial far below would press all others into a line."""
    if len(values) < 8:
        return None, None
    ordered = sorted(values, reverse=higher)
    best, worst = ordered[0], ordered[int(0.9 * len(ordered))]
    room = abs(best - worst)
    if not room or abs(best - ordered[-1]) <= 3 * room:
        return None, None
    low, high = sorted((worst - (room if higher else -room), best + (0.15 * room if higher else -0.15 * room)))
    return low, high


def draw_importances(p: Search, words: Words) -> Shape | None:
    """Share of each setting in what made trials good, the largest on top."""
    rows = [
        Row(label=name, value=share, tone=Tone.REFERENCE if place else Tone.CURRENT, said=words.percent(share))
        for place, (name, share) in enumerate(leading_study(p).importances)
    ]
    return Bars(rows=rows, axis=Axis(title=words(N_("share of what made trials good")), form="%")) if rows else None


def draw_held(p: Search, words: Words) -> Shape | None:
    """Chosen, default and dummy with their intervals, and the search's own best value as a line."""
    held = p.held
    if held is None:
        return None
    rows = [
        Row(label=words(name), value=interval, tone=tone, said=words.number(value))
        for name, interval, tone, value in (
            (N_("chosen settings"), held.chosen, Tone.CURRENT, held.chosen.value),
            (N_("default settings"), held.default, Tone.TEXT, held.default.value),
            (N_("dummy"), held.dummy, Tone.TEXT, rounded(held.dummy.value)),
        )
    ]
    own = [Limit(at=p.best, label=words(N_("the search's own value")))] if p.best is not None else []
    return Dots(rows=rows, axis=Axis(title=words(METRICS[p.metric].says)), limits=tuple(own))


def draw_side_by_side(p: Search, words: Words) -> Shape | None:
    """The best so far of each study against its trials."""
    lines = [(study, *so_far(study, is_higher_better(p))) for study in p.studies]
    lines = [line for line in lines if line[1]]
    if len(lines) < 2:
        return None
    curves = []
    for place, (study, x, y) in enumerate(lines):
        same = sum(other.method is study.method for other in p.studies) > 1
        name = shorten(study.name, cap=24) if same else words(SHORT[study.method])
        tone = (Tone.CURRENT, Tone.FINE, Tone.WATCH, Tone.FAULT, Tone.REFERENCE)[place % 5]
        curves.append(Curve(x=x, y=y, name=name, tone=tone, dash=("", "dash", "dot")[place % 3], steps=True, width=2.2))
    x_axis = Axis(title=words(N_("trial")))
    return Course(x=x_axis, y=Axis(title=words(METRICS[p.metric].says)), curves=curves, height=300)
