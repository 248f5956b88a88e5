"""The shapes of pictures: frozen records of numbers and words. A check chooses one and fills it; both renderers draw it.

A shape says which marks it is made of (`plot`), so that a new shape is one class here and nothing elsewhere. Texts are plain:
escaping is the renderers' business. Colours are tones, by meaning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, Protocol

from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import (
    Axis,
    Band,
    Beside,
    Boxes,
    Cells,
    Cross,
    Key,
    Line,
    Mark,
    Note,
    Place,
    Plot,
    Points,
    Span,
    Symbol,
)
from diagnostics.pictures.style import ROW_LINE, SIDE_LINE, TITLE_LINE, Tone, lines

Spread = Interval | float

ROW: Final = 32.0
LINE: Final = 18.0
"""Pixels of a row, and of each line of its label after the first."""

AROUND: Final = 76.0
"""Pixels around the rows: axis, title, margins."""

DIRECT: Final = 6
"""Lines named at their ends; more get a key above the picture."""

EDGES: Final = 6
"""Edges written under a histogram: more would run together on a telephone."""

SYMBOLS: Final[dict[Tone, Symbol]] = {Tone.REFERENCE: "diamond"}
"""The reference is a diamond everywhere, all else a circle."""


class Shape(Protocol):
    """Anything that is made of plots: one, or several side by side."""

    def plots(self, words: Words) -> tuple[Plot, ...]:
        """From the first to the last, in the order of reading."""
        ...


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A dotted line that something is held against."""

    at: Place
    label: str = ""
    tone: Tone = Tone.WATCH
    dash: str = "dot"

    def cross(self, axis: Literal["x", "y"]) -> Cross:
        return Cross(at=self.at, axis=axis, tone=self.tone, label=self.label, dash=self.dash)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number in a row of its own, with its interval if it is one. said: the number in words, beside the picture; thick: a
    stretch that is drawn thick; value: None for the stretch alone.
    """

    label: str
    value: Spread | None
    tone: Tone = Tone.CURRENT
    said: str = ""
    thick: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two numbers in one row; either may be unknown. fault: drawn in the fault's colour."""

    label: str
    reference: Spread | None
    current: Spread | None
    fault: bool = False


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one of the two marks of a pair stands for."""

    name: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Dumbbell:
    """Pairs of numbers, each as two marks and the way between them, the first row on top; intervals as pale stretches."""

    rows: Sequence[Pair]
    axis: Axis
    sides: tuple[Side, Side] | None = None
    limits: tuple[Limit, ...] = ()
    usual: tuple[float, float] | None = None
    """A stretch of the axis that is as it should be."""

    def plots(self, words: Words) -> tuple[Plot, ...]:
        sides = self.sides or _sides(words)
        marks: list[Mark] = [Span(low=self.usual[0], high=self.usual[1], axis="x", tone=Tone.FINE)] if self.usual else []
        ends: list[Mark] = []
        for place, row in enumerate(self.rows):
            loud = Tone.FAULT if row.fault else sides[1].tone
            both = [_value(side) for side in (row.reference, row.current)]
            known = [value for value in both if value is not None]
            if len(known) == 2:
                marks.append(Line(x=known, y=(place, place), tone=loud))
            for spread, value, side in zip((row.reference, row.current), both, sides, strict=True):
                tone = loud if side is sides[1] else side.tone
                if value is None:
                    continue
                marks += _stretch(spread, place, tone)
                hover = f"{row.label}: {_said(spread, self.axis, words)} ({side.name})"
                ends.append(Points(x=(value,), y=(place,), tones=(tone,), symbol=_symbol(side.tone), hover=(hover,)))
        marks += [limit.cross("x") for limit in self.limits]
        key = tuple(Key(name=side.name, tone=side.tone, symbol=_symbol(side.tone)) for side in sides)
        return (_rows([row.label for row in self.rows], self.axis, (*marks, *ends), key=key),)


@dataclass(frozen=True, kw_only=True)
class Bars:
    """One bar a row from zero, the first row on top; what it says stands beside, never on it."""

    rows: Sequence[Row]
    axis: Axis
    limits: tuple[Limit, ...] = ()

    def plots(self, words: Words) -> tuple[Plot, ...]:
        axis = replace(self.axis, zero=True)
        values = [_value(row.value) or 0.0 for row in self.rows]
        boxes = Boxes(
            ends=[(min(0.0, v), max(0.0, v), place - 0.3, place + 0.3) for place, v in enumerate(values)],
            tones=[row.tone for row in self.rows],
            hover=[f"{row.label}: {_said(row.value, axis, words)}" for row in self.rows],
        )
        whiskers = [mark for place, row in enumerate(self.rows) for mark in _stretch(row.value, place, Tone.TEXT, thin=True)]
        marks = (boxes, *whiskers, *(limit.cross("x") for limit in self.limits))
        return (_rows([row.label for row in self.rows], axis, marks, beside=_beside(self.rows)),)


@dataclass(frozen=True, kw_only=True)
class Dots:
    """One mark a row with its interval, the first row on top; what it says stands beside."""

    rows: Sequence[Row]
    axis: Axis
    limits: tuple[Limit, ...] = ()

    def plots(self, words: Words) -> tuple[Plot, ...]:
        marks: list[Mark] = []
        for place, row in enumerate(self.rows):
            marks += _stretch(row.value, place, row.tone, thin=True)
            if row.thick:
                marks.append(Line(x=row.thick, y=(place, place), tone=row.tone, width=10))
            value = _value(row.value)
            if value is not None:
                hover = f"{row.label}: {_said(row.value, self.axis, words)}"
                tone = Tone.TEXT if row.thick else row.tone
                marks.append(Points(x=(value,), y=(place,), tones=(tone,), symbol=_symbol(row.tone), size=12, hover=(hover,)))
        marks += [limit.cross("x") for limit in self.limits]
        return (_rows([row.label for row in self.rows], self.axis, marks, beside=_beside(self.rows)),)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of a stacked row."""

    name: str
    start: float
    length: float
    tone: Tone
    hover: str = ""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Rows made of parts, each from its own start; the first row on top. key: the parts are named above."""

    rows: Sequence[tuple[str, Sequence[Part]]]
    axis: Axis
    limits: tuple[Limit, ...] = ()
    key: bool = True
    beside: Sequence[str] = ()

    def plots(self, words: Words) -> tuple[Plot, ...]:
        parts = [(place, part) for place, (_, row) in enumerate(self.rows) for part in row]
        boxes = Boxes(
            ends=[(p.start, p.start + p.length, place - 0.3, place + 0.3) for place, p in parts],
            tones=[part.tone for _, part in parts],
            hover=[part.hover or f"{part.name}: {_said(part.length, self.axis, words)}" for _, part in parts],
        )
        named = {part.name: part.tone for _, part in parts} if self.key else {}
        beside = tuple(Beside(y=place, text=said) for place, said in enumerate(self.beside) if said)
        marks: list[Mark] = [boxes, *(limit.cross("x") for limit in self.limits)]
        key = tuple(Key(name=name, tone=tone) for name, tone in named.items())
        return (_rows([label for label, _ in self.rows], replace(self.axis, zero=True), marks, key=key, beside=beside),)


@dataclass(frozen=True, kw_only=True)
class Histograms:
    """Shares of both tables in the same bins, side by side. edges: between the bins (one fewer than bins), or around them (one
    more); worst: the bin that is at fault.
    """

    reference: Sequence[float]
    current: Sequence[float]
    edges: Sequence[float]
    axis: Axis
    share: str
    """Title of the shares."""
    worst: Sequence[int] = ()
    sides: tuple[Side, Side] | None = None

    def plots(self, words: Words) -> tuple[Plot, ...]:
        sides = self.sides or _sides(words)
        first = -0.5 if len(self.edges) > len(self.reference) else 0.5
        edges = [(first + place, words.number(edge)) for place, edge in enumerate(self.edges)]
        every = max(1, -(-len(edges) // EDGES))
        marks: list[Mark] = []
        for side, shares, shift in ((sides[0], self.reference, -0.42), (sides[1], self.current, 0.0)):
            loud = set(self.worst) if side is sides[1] else set()
            marks.append(
                Boxes(
                    ends=[(place + shift, place + shift + 0.42, 0.0, share) for place, share in enumerate(shares)],
                    tones=[Tone.FAULT if place in loud else side.tone for place in range(len(shares))],
                    hover=[f"{self._bin(place, edges)}: {words.percent(v)} ({side.name})" for place, v in enumerate(shares)],
                    flat=False,
                    name=side.name,
                )
            )
        x = replace(self.axis, ticks=tuple(edges[::every]), low=-0.6, high=len(self.reference) - 0.4, grid=False)
        key = tuple(Key(name=side.name, tone=side.tone) for side in sides)
        return (Plot(x=x, y=Axis(title=self.share, form="%", zero=True), marks=tuple(marks), key=key),)

    def _bin(self, place: int, edges: Sequence[tuple[float, str]]) -> str:
        known = dict(edges)
        low, high = known.get(place - 0.5, ""), known.get(place + 0.5, "")
        return f"{low} – {high}".strip(" –") if low and high else f"≤ {high}" if high else f"> {low}"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line of a course. low, high: its interval, drawn as a band; marked: with a mark at each value; tones: of the marks, one
    each, or () for that of the line.
    """

    x: Sequence[Place]
    y: Sequence[float | None]
    name: str
    tone: Tone
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    dash: str = ""
    steps: bool = False
    marked: bool = False
    tones: Sequence[Tone] = ()
    width: float = 2.5
    named: bool = True
    """Named at its end or in the key."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """Lines and marks over an axis: along time, over a setting, or one number against another.

    limits lie across, moments upright; onset: since when; spans: pale stretches of an axis; boxes: bars.
    """

    x: Axis
    y: Axis
    curves: Sequence[Curve] = ()
    points: Sequence[Points] = ()
    limits: Sequence[Limit] = ()
    moments: Sequence[Limit] = ()
    spans: Sequence[Span] = ()
    onset: datetime | None = None
    boxes: Sequence[Boxes] = ()
    key: Sequence[Key] = ()
    height: float = 340.0

    def plots(self, words: Words) -> tuple[Plot, ...]:
        marks: list[Mark] = [*self.spans, *self.boxes]
        ends: list[Beside] = []
        named = [c for c in self.curves if c.named and c.name]
        keyed = len(named) > DIRECT or any(len(c.name) > 2 * SIDE_LINE for c in named)
        for c in self.curves:
            if len(c.low):
                marks.append(Band(x=c.x, low=c.low, high=c.high, tone=c.tone))
        for c in self.curves:
            marks.append(
                Line(x=c.x, y=c.y, tone=c.tone, name=c.name, width=c.width, dash=c.dash, steps=c.steps, hover=not c.marked)
            )
            if c.marked:
                known = [place for place, value in enumerate(c.y) if value is not None]
                tones = c.tones or [c.tone] * len(c.y)
                marks.append(
                    Points(
                        x=[c.x[place] for place in known],
                        y=[c.y[place] or 0.0 for place in known],
                        tones=[tones[place] for place in known],
                        symbol=_symbol(c.tone),
                        size=8,
                        name=c.name,
                    )
                )
            last = next((value for value in reversed(c.y) if value is not None and math.isfinite(value)), None)
            if c in named and not keyed and last is not None:
                ends.append(Beside(y=float(last), text=c.name, tone=c.tone))
        marks += self.points
        marks += [limit.cross("y") for limit in self.limits]
        marks += [limit.cross("x") for limit in self.moments]
        if self.onset is not None:
            since = words(N_("since {when:time}"), when=self.onset)
            marks.append(Cross(at=self.onset, axis="x", tone=Tone.FAULT, label=since))
        key = [Key(name=c.name, tone=c.tone, symbol=_symbol(c.tone)) for c in named] if keyed else []
        key += [Key(name=p.name, tone=p.tones[0], symbol=p.symbol) for p in self.points if p.name and len(p.tones)]
        return (Plot(x=self.x, y=self.y, marks=tuple(marks), beside=tuple(ends), key=(*key, *self.key), height=self.height),)


@dataclass(frozen=True, kw_only=True)
class Diagonal:
    """Two numbers about the same rows, one mark each: what lies on the diagonal is equal. tolerance: what still counts as equal;
    fine, off: what the marks near the diagonal, and those off it, are called; limits: draw where the tolerance ends.
    """

    first: Sequence[float]
    second: Sequence[float]
    tolerance: float
    x: Axis
    y: Axis
    fine: str
    off: str
    tone: Tone = Tone.FAULT
    limits: bool = False
    curves: Sequence[Curve] = ()

    def plots(self, words: Words) -> tuple[Plot, ...]:
        both = [(a, b) for a, b in zip(self.first, self.second, strict=True) if math.isfinite(a) and math.isfinite(b)]
        ends = [f(value for pair in both for value in pair) for f in (min, max)] if both else [0.0, 1.0]
        curves = [Curve(x=ends, y=ends, name="", tone=Tone.REFERENCE, width=2)]
        for shift in (self.tolerance, -self.tolerance) if self.limits else ():
            moved = [value + shift for value in ends]
            curves.append(Curve(x=ends, y=moved, name="", tone=Tone.WATCH, dash="dot", width=1))
        kinds = (
            ([pair for pair in both if abs(pair[0] - pair[1]) <= self.tolerance], Tone.CURRENT, self.fine),
            ([pair for pair in both if abs(pair[0] - pair[1]) > self.tolerance], self.tone, self.off),
        )
        points = [
            Points(x=[a for a, _ in pairs], y=[b for _, b in pairs], tones=[tone] * len(pairs), size=6, name=name, opacity=0.6)
            for pairs, tone, name in kinds
            if pairs
        ]
        return Course(x=self.x, y=self.y, curves=(*curves, *self.curves), points=points, height=410.0).plots(words)


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Something on a lane, from `start` until `end` where it lasts. hover: what the pointer shows; inside: a text in its mark."""

    start: Place
    end: Place | None = None
    tone: Tone = Tone.CURRENT
    symbol: Symbol = "circle"
    hover: str = ""
    inside: str = ""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A row of a timeline."""

    label: str
    stays: Sequence[Stay]
    tall: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """Rows along one axis, the first on top. labels_above: each label stands above its row, from the left edge; moments: upright
    lines through all rows.
    """

    lanes: Sequence[Lane]
    x: Axis
    labels_above: bool = False
    moments: Sequence[Limit] = ()
    onset: datetime | None = None
    key: Sequence[Key] = ()

    def plots(self, words: Words) -> tuple[Plot, ...]:
        marks: list[Mark] = [limit.cross("x") for limit in self.moments]
        if self.onset is not None:
            since = words(N_("since {when:time}"), when=self.onset)
            marks.append(Cross(at=self.onset, axis="x", tone=Tone.FAULT, label=since))
        top, tops = 0.0, []
        for lane in self.lanes:
            tops.append(top)
            if self.labels_above:
                marks.append(Note(y=top, text=lane.label))
            marks += _lane(lane, top)
            top += lane.tall
        ticks = () if self.labels_above else tuple((at, _wrapped(lane.label)) for at, lane in zip(tops, self.lanes, strict=True))
        first = -1.0 if self.labels_above else -0.6
        y = Axis(ticks=ticks, low=top - 0.4, high=first, grid=False, shown=not self.labels_above)
        tall = (40.0 if self.labels_above else ROW) * top
        return (Plot(x=self.x, y=y, marks=tuple(marks), key=tuple(self.key), height=AROUND + tall),)


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """A number over two axes as the depth of a colour, with marks on it."""

    x: Axis
    y: Axis
    cells: Cells
    points: Sequence[Points] = ()

    def plots(self, words: Words) -> tuple[Plot, ...]:
        low, high = words.number(self.cells.low), words.number(self.cells.high)
        key = [Key(name=low, tone=Tone.GRID), Key(name=high, tone=self.cells.tone)]
        key += [Key(name=p.name, tone=p.tones[0], symbol=p.symbol) for p in self.points if p.name]
        return (Plot(x=self.x, y=self.y, marks=(self.cells, *self.points), key=tuple(key), height=360.0),)


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """Many numbers of many things: an upright axis for each number, a line for each thing. axes: (title, ticks as (share of the
    height, label)); lines: (share of each axis' height, whether it is loud: in blue and on top).
    """

    axes: Sequence[tuple[str, Sequence[tuple[float, str]]]]
    lines: Sequence[tuple[Sequence[float], bool]]

    def plots(self, words: Words) -> tuple[Plot, ...]:
        places = list(range(len(self.axes)))
        marks: list[Mark] = [Cross(at=place, axis="x", tone=Tone.TEXT, width=1) for place in places]
        for shares, loud in sorted(self.lines, key=lambda line: line[1]):
            tone = Tone.CURRENT if loud else Tone.REFERENCE
            marks.append(Line(x=places, y=shares, tone=tone, width=1.6 if loud else 0.8, opacity=0.9 if loud else 0.4))
        marks += [Note(x=place, y=at, text=label) for place in places for at, label in self.axes[place][1]]
        ticks = tuple((float(place), _wrapped(title, 12)) for place, (title, _) in enumerate(self.axes))
        x = Axis(ticks=ticks, low=-0.3, high=len(places) - 0.7, grid=False)
        return (Plot(x=x, y=Axis(low=-0.05, high=1.1, shown=False), marks=tuple(marks)),)


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Shapes one below the other, or in columns."""

    shapes: Sequence[Shape]
    columns: int = 1

    def plots(self, words: Words) -> tuple[Plot, ...]:
        return tuple(plot for shape in self.shapes for plot in shape.plots(words))


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text, where a drawing would say less; the first cell of a row in its tone."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    tones: Sequence[Tone] = field(default=())

    def plots(self, words: Words) -> tuple[Plot, ...]:
        return ()


def _sides(words: Words) -> tuple[Side, Side]:
    reference, current = words(N_("reference")), words(N_("current"))
    return Side(name=reference, tone=Tone.REFERENCE), Side(name=current, tone=Tone.CURRENT)


def _symbol(tone: Tone) -> Symbol:
    return SYMBOLS.get(tone, "circle")


def _value(spread: Spread | None) -> float | None:
    value = spread.value if isinstance(spread, Interval) else spread
    return float(value) if value is not None and math.isfinite(value) else None


def _stretch(spread: Spread | None, place: float, tone: Tone, *, thin: bool = False) -> list[Mark]:
    """The interval as a line in its row; an end that is not finite is no line."""
    value = _value(spread)
    if value is None or not isinstance(spread, Interval):
        return []
    low, high = (end if math.isfinite(end) else value for end in (spread.low, spread.high))
    if low == high:
        return []
    width, opacity = (2.0, 1.0) if thin else (8.0, 0.3)
    return [Line(x=(low, high), y=(place, place), tone=tone, width=width, opacity=opacity)]


def _said(spread: Spread | None, axis: Axis, words: Words) -> str:
    value = _value(spread)
    if value is None:
        return "–"
    written = words.percent if axis.form.endswith("%") else words.number
    if isinstance(spread, Interval) and math.isfinite(spread.low) and math.isfinite(spread.high) and spread.low < spread.high:
        return f"{written(value)} ({written(spread.low)} – {written(spread.high)})"
    return written(value)


def _beside(rows: Sequence[Row]) -> tuple[Beside, ...]:
    return tuple(Beside(y=place, text=row.said, tone=row.tone) for place, row in enumerate(rows) if row.said)


def _wrapped(label: str, length: int = ROW_LINE) -> str:
    return "\n".join(lines(label, length))


def _rows(
    labels: Sequence[str], axis: Axis, marks: Sequence[Mark], *, key: tuple[Key, ...] = (), beside: tuple[Beside, ...] = ()
) -> Plot:
    """Marks in rows from the top, each row named on the left."""
    wrapped = [_wrapped(label) for label in labels]
    tall = max((label.count("\n") for label in wrapped), default=0)
    y = Axis(
        ticks=tuple((float(place), label) for place, label in enumerate(wrapped)), low=len(labels) - 0.4, high=-0.6, grid=False
    )
    height = AROUND + len(labels) * (ROW + LINE * tall) + 20 * len(lines(axis.title, TITLE_LINE)) * bool(axis.title)
    return Plot(x=axis, y=y, marks=tuple(marks), key=key, beside=beside, height=height)


def _lane(lane: Lane, top: float) -> list[Mark]:
    marks: list[Mark] = []
    for stay in lane.stays:
        if stay.end is not None:
            marks.append(Line(x=(stay.start, stay.end), y=(top, top), tone=stay.tone))
    for symbol in dict.fromkeys(stay.symbol for stay in lane.stays):
        same = [stay for stay in lane.stays if stay.symbol == symbol]
        inside = [stay.inside for stay in same]
        marks.append(
            Points(
                x=[stay.start for stay in same],
                y=[top] * len(same),
                tones=[stay.tone for stay in same],
                symbol=symbol,
                size=22 if any(inside) else 11,
                hover=[stay.hover for stay in same],
                inside=inside if any(inside) else (),
            )
        )
    return marks


def columns_of(finding: Finding | None) -> frozenset[str]:
    """The columns that a finding names."""
    return frozenset(finding.columns) if finding else frozenset()
