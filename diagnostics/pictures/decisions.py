"""Pictures of what a threshold decides, and of where the model errs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from diagnostics.looking.column import Cut
from diagnostics.looking.decisions import Confusion, Curves, Decisions, GroupRates, Map, at
from diagnostics.looking.tree import ErrorTree
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.looking import part_name
from diagnostics.pictures.marks import Axis, Cells, Points, Symbol
from diagnostics.pictures.shapes import Course, Curve, Dumbbell, HeatMap, Limit, Pair, Panels, Shape
from diagnostics.pictures.style import Tone, lines

SIDES = (("reference", N_("reference"), Tone.REFERENCE), ("current", N_("current"), Tone.CURRENT))


def _each(d: Decisions) -> list[tuple[Curves, str, Tone]]:
    return [(curves, name, tone) for side, name, tone in SIDES if (curves := getattr(d.curves, side)) is not None]


def _points(d: Decisions, threshold: float, x: Callable[[Confusion], float], y: Callable[[Confusion], float]) -> list[Points]:
    """Where the threshold stands on each side's curve."""
    found = []
    for side, _, tone in SIDES:
        scored = getattr(d.scored, side)
        if scored is not None:
            here = at(scored, threshold)
            found.append(Points(x=[x(here)], y=[y(here)], tones=[tone], symbol=_symbol(tone), size=14))
    return found


def _symbol(tone: Tone) -> Symbol:
    return "diamond" if tone is Tone.REFERENCE else "circle"


def roc(d: Decisions, threshold: float, words: Words) -> Shape:
    """Recall against the share of false alarms."""
    curves = [Curve(x=c.alarm_rate, y=c.recall, name=words(name), tone=tone) for c, name, tone in _each(d)]
    chance = Curve(x=[0.0, 1.0], y=[0.0, 1.0], name="", tone=Tone.GRID, dash="dot", named=False)
    return Course(
        x=Axis(title=words(N_("of the others, taken for {name}"), name=d.name), form="%", low=0.0, high=1.02),
        y=Axis(title=words(N_("{name} found"), name=d.name), form="%", low=0.0, high=1.02),
        curves=(chance, *curves),
        points=_points(d, threshold, lambda c: c.alarm_rate.value, lambda c: c.recall.value),
    )


def precision_recall(d: Decisions, threshold: float, words: Words) -> Shape:
    """How many of those chosen are right, against how many are found."""
    curves = [
        Curve(x=c.recall[1:], y=[_known(v) for v in c.precision[1:]], name=words(name), tone=tone) for c, name, tone in _each(d)
    ]
    return Course(
        x=Axis(title=words(N_("{name} found"), name=d.name), form="%", low=0.0, high=1.02),
        y=Axis(title=words(N_("of those chosen, right")), form="%", low=0.0, high=1.02),
        curves=curves,
        points=_points(d, threshold, lambda c: c.recall.value, lambda c: c.precision.value),
    )


def lift(d: Decisions, threshold: float, words: Words) -> Shape:
    """How many times more of the class stand among those chosen than among all."""
    curves, base = [], {}
    for c, name, tone in _each(d):
        base[tone] = c.positive
        curves.append(Curve(x=c.chosen[1:], y=[v / c.positive for v in c.precision[1:]], name=words(name), tone=tone))
    points = []
    for side, _, tone in SIDES:
        scored = getattr(d.scored, side)
        if scored is not None and base.get(tone):
            here = at(scored, threshold)
            up = here.precision.value / base[tone]
            points.append(Points(x=[here.chosen.value], y=[up], tones=[tone], symbol=_symbol(tone), size=14))
    return Course(
        x=Axis(title=words(N_("share of all rows that is chosen")), form="%", low=0.0, high=1.02),
        y=Axis(title=words(N_("times as many as among all rows")), zero=True),
        curves=curves,
        points=points,
        limits=(Limit(at=1.0, label=words(N_("by chance")), tone=Tone.TEXT),),
    )


def calibration(d: Decisions, words: Words) -> Shape:
    """Share of the class among rows of like scores, against the mean score."""
    curves = [
        Curve(x=[b.score for b in c.calibration], y=[b.share for b in c.calibration], name=words(name), tone=tone, marked=True)
        for c, name, tone in _each(d)
    ]
    high = max((max(b.score, b.share) for c, *_ in _each(d) for b in c.calibration), default=1.0) * 1.05
    right = Curve(x=[0.0, high], y=[0.0, high], name="", tone=Tone.TEXT, dash="dot", width=1, named=False)
    return Course(
        x=Axis(title=words(N_("probability that was predicted")), form="%", low=0.0, high=high),
        y=Axis(title=words(N_("share that was {name}"), name=d.name), form="%", low=0.0, high=high),
        curves=(right, *curves),
    )


def _known(value: float) -> float | None:
    return None if value != value else value


RATES: Sequence[tuple[str, str]] = (
    (N_("taken for {name}"), "chosen"),
    (N_("{name} found"), "recall"),
    (N_("of the others, taken for {name}"), "alarm_rate"),
)


def groups(found: Sequence[GroupRates], positive: str, words: Words) -> list[tuple[str, Shape]]:
    """How the threshold falls on each group, with intervals: a picture for each rate under its name."""
    shapes: list[tuple[str, Shape]] = []
    for message, rate in RATES:
        rows = []
        for group in found:
            label = part_name((group.label,), (group.bounds,) if group.bounds else (), 0, words)
            sides: list[Interval | None] = [
                None if one is None else getattr(one, rate) for one in (group.sides.reference, group.sides.current)
            ]
            rows.append(Pair(label=label, reference=_shown(sides[0]), current=_shown(sides[1])))
        shapes.append((words(message, name=positive), Dumbbell(rows=rows, axis=Axis(form="%", zero=True))))
    return shapes


def _shown(value: Interval | None) -> Interval | None:
    return None if value is None or value.value != value.value else value


def heat(m: Map, words: Words) -> Shape:
    """Both sides on one scale, side by side."""
    flat = [v for rows in (m.values.reference, m.values.current) for row in rows or () for v in row if v is not None]
    low, high = (min(flat), max(flat)) if flat else (0.0, 1.0)
    ticks = [tuple((float(n), _short(cut, n, words)) for n in range(len(cut.labels))) for cut in m.parts]
    shapes = []
    for side, name, _ in SIDES:
        values = getattr(m.values, side)
        if values is None:
            continue
        x = Axis(title=f"{words(name)}: {m.columns[0]}", ticks=ticks[0], grid=False, low=-0.5, high=len(ticks[0]) - 0.5)
        y = Axis(title=m.columns[1], ticks=ticks[1], grid=False, low=-0.5, high=len(ticks[1]) - 0.5)
        cells = Cells(
            x=[float(n) for n in range(len(ticks[0]))],
            y=[float(n) for n in range(len(ticks[1]))],
            z=values,
            low=low,
            high=high,
            tone=Tone.FAULT,
        )
        shapes.append(HeatMap(x=x, y=y, cells=cells))
    return Panels(shapes=shapes)


def _short(cut: Cut, place: int, words: Words) -> str:
    """A part as a label between two ticks of a narrow screen."""
    if not cut.bounds:
        return "\n".join(lines(cut.labels[place], 10, cap=30))
    low, high = cut.bounds[place]
    if low is None or high is None:
        return f"≤ {words.number(high)}" if low is None else f"> {words.number(low)}"
    return f"{words.number(low)}\n– {words.number(high)}"


def tree(t: ErrorTree, names: Sequence[str], words: Words) -> Shape:
    """The groups, the worst first, each with its loss now and in the reference."""
    rows = [
        Pair(label=name, reference=leaf.reference, current=leaf.loss, fault=leaf.loss.low > t.whole.high)
        for leaf, name in zip(t.leaves, names, strict=True)
    ]
    limit = Limit(at=t.whole.value, label=words(N_("all rows")), tone=Tone.TEXT)
    return Dumbbell(rows=rows, axis=Axis(title=words(t.loss), form="%" if t.percent else "", zero=True), limits=(limit,))
