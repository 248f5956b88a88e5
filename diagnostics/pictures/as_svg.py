"""Shapes as SVG, without any script: for print, for PDF, and where no script runs.

Both renderers draw the same marks; Kaleido would need a Chrome on the server.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from markupsafe import Markup, escape

from diagnostics.nouns.words import Words
from diagnostics.pictures.lettering import FONT, height, text, width
from diagnostics.pictures.marks import (
    LABEL_PIXELS,
    Band,
    Boxes,
    Cells,
    Cross,
    Line,
    Mark,
    Note,
    Place,
    Plot,
    Points,
    Span,
    apart,
    levels,
)
from diagnostics.pictures.scale import ticks
from diagnostics.pictures.shapes import Panels, Shape, Table
from diagnostics.pictures.style import LIGHT, SIDE_LINE, Palette, lines

WIDTH: Final = 720.0
KEY_LINE: Final = 22.0
GAP: Final = 18.0
POINTS: Final = 1_500
"""Points of a line that a print can show; of more, the lowest and highest of each stretch are kept."""

LABELS_CAP: Final = 0.45
"""Share of the width that the labels of the rows may take."""

TICK_ROOM: Final = (75.0, 45.0)
"""Pixels of the axis for one tick, across and up."""

DASHES: Final = {"dot": "2 4", "dash": "8 5"}


def svg(shape: Shape, words: Words, alt: str, palette: Palette = LIGHT) -> Markup:
    """The shape as one SVG element, or as a table of the page where it is one. alt: the sentence that says what it shows."""
    if isinstance(shape, Table):
        return _table(shape)
    plots = shape.plots(words)
    columns = shape.columns if isinstance(shape, Panels) else 1
    key, top = _key(plots, palette)
    parts, wide = [key], WIDTH / columns
    for row in (plots[start : start + columns] for start in range(0, len(plots), columns)):
        for column, plot in enumerate(row):
            inside = "".join(_Frame(plot, words.locale, wide, palette).drawn())
            parts.append(f'<g transform="translate({column * wide:g} {top:g})">{inside}</g>')
        top += max(plot.height for plot in row) + GAP * any(plot.above for plot in row)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {top:g}" width="{WIDTH:g}" height="{top:g}" '
        f'role="img" aria-label="{escape(alt)}" font-family="{escape(FONT)}">{"".join(parts)}</svg>'
    )


def _key(plots: Sequence[Plot], palette: Palette) -> tuple[str, float]:
    """The key along the top edge, and the pixels that it takes."""
    parts, x, y = [], 4.0, KEY_LINE / 2
    for entry in {entry.name: entry for plot in plots for entry in plot.key}.values():
        name = lines(entry.name, 200)[0]
        wide = width(name) + 34
        if x + wide > WIDTH and x > 4:
            x, y = 4.0, y + KEY_LINE
        parts.append(_sign(entry.symbol, x + 6, y, 11, palette.of(entry.tone)))
        parts.append(text(x + 17, y, name, palette.text, anchor="start"))
        x += wide
    return "".join(parts), (y + KEY_LINE / 2 if parts else 0.0)


@dataclass(frozen=True, kw_only=True)
class _Ticks:
    x: list[tuple[float, str]]
    y: list[tuple[float, str]]


class _Frame:
    """One plot in pixels: the inside between its labels, and everything on it."""

    def __init__(self, plot: Plot, locale: str, wide: float, palette: Palette) -> None:
        self.plot, self.palette, self.wide = plot, palette, wide
        self.x_ends, self.y_ends = plot.ends("x"), plot.ends("y")
        across = max(2, int((wide - 120) / TICK_ROOM[0]))
        up = max(2, int((plot.height - 60) / TICK_ROOM[1]))
        self.ticks = _Ticks(x=ticks(plot.x, *self.x_ends, across, locale), y=ticks(plot.y, *self.y_ends, up, locale))
        self.beside = [(at, "\n".join(lines(at.text, SIDE_LINE))) for at in plot.right]
        left, right, bottom = 12.0, 20.0, 10.0
        if plot.y.shown:
            labels = max((width(label) for _, label in self.ticks.y), default=0.0)
            left = max(left, min(labels + 10, LABELS_CAP * wide) + (24.0 if plot.y.title else 0.0))
        if plot.x.shown:
            title = KEY_LINE if plot.x.title else 0.0
            bottom += max((height(label) for _, label in self.ticks.x), default=0.0) + 8 + title
        right = max([right, *(width(label) + 14 for _, label in self.beside)])
        self.left, self.right = left, wide - min(right, 0.35 * wide)
        self.above = self._above()
        self.top = 14.0 + LABEL_PIXELS * (1 + max(self.above)) if self.above else 12.0
        self.bottom = plot.height + (GAP if self.above else 0.0) - bottom

    def x(self, value: Place | None) -> float | None:
        units = self.plot.x.units(value)
        return None if units is None else self._across(units)

    def y(self, value: Place | None) -> float | None:
        units = self.plot.y.units(value)
        return None if units is None else self._up(units)

    def _across(self, units: float) -> float:
        low, high = self.x_ends
        return self.left + (self.right - self.left) * (units - low) / ((high - low) or 1.0)

    def _up(self, units: float) -> float:
        low, high = self.y_ends
        return self.bottom - (self.bottom - self.top) * (units - low) / ((high - low) or 1.0)

    def _above(self) -> list[int]:
        return levels([self._over(mark) for mark in self.plot.above])

    def _over(self, mark: Cross) -> tuple[float, float]:
        """Left and right end of the words over an upright line, within the picture."""
        wide = width(mark.label)
        left = min(max((self.x(mark.at) or 0.0) - wide / 2, 2.0), max(2.0, self.wide - wide - 2))
        return left, left + wide

    def drawn(self) -> Iterator[str]:
        rank = {Span: 0, Cells: 0, Boxes: 1, Cross: 1 if self.plot.numbered else 3, Note: 4}
        order = sorted(self.plot.marks, key=lambda mark: rank.get(type(mark), 2))
        below = sum(isinstance(mark, Span | Cells) for mark in order)
        for mark in order[:below]:
            yield from self._mark(mark)
        yield from self._grid()
        for mark in order[below:]:
            yield from self._mark(mark)
        yield from self._labels()

    def _grid(self) -> Iterator[str]:
        grid = self.palette.grid
        for units, _ in self.ticks.x if self.plot.x.shown and self.plot.x.grid else ():
            at = self._across(units)
            yield f'<line x1="{at:.1f}" y1="{self.top:.1f}" x2="{at:.1f}" y2="{self.bottom:.1f}" stroke="{grid}"/>'
        for units, _ in self.ticks.y if self.plot.y.shown and self.plot.y.grid else ():
            at = self._up(units)
            yield f'<line x1="{self.left:.1f}" y1="{at:.1f}" x2="{self.right:.1f}" y2="{at:.1f}" stroke="{grid}"/>'

    def _labels(self) -> Iterator[str]:
        colour, under, last = self.palette.text, 0.0, -math.inf
        for units, label in self.ticks.x if self.plot.x.shown else ():
            at, half = self._across(units), width(label) / 2
            # What would run into its neighbour, or out of the picture, is left out; the grid line stands.
            if at - half < max(last + 8, 0.0) or at + half > self.wide:
                continue
            yield text(at, self.bottom + 6, label, colour, rise="top")
            under, last = max(under, height(label)), at + half
        if self.plot.x.shown and self.plot.x.title:
            yield text(
                (self.left + self.right) / 2, self.bottom + 10 + under, lines(self.plot.x.title, 200)[0], colour, rise="top"
            )
        if self.plot.y.shown:
            for units, label in self.ticks.y:
                yield text(self.left - 8, self._up(units), label, colour, anchor="end")
            if self.plot.y.title:
                yield text(14, (self.top + self.bottom) / 2, lines(self.plot.y.title, 200)[0], colour, turn=-90)
        for mark, level in zip(self.plot.above, self.above, strict=True):
            left, _ = self._over(mark)
            at = self.top - 5 - LABEL_PIXELS * level
            yield text(left, at, mark.label, self.palette.of(mark.tone), anchor="start", rise="bottom")
        wanted = [self.bottom - (self.y(at.y) or self.bottom) for at, _ in self.beside]
        lined = [1.0 + label.count("\n") for _, label in self.beside]
        for (beside, label), up in zip(self.beside, apart(list(zip(wanted, lined, strict=True))), strict=True):
            yield text(self.right + 8, self.bottom - up, label, self.palette.of(beside.tone), anchor="start")

    def _mark(self, mark: Mark) -> Iterator[str]:
        colour = self.palette.of(mark.tone) if isinstance(mark, Line | Band | Cross | Span | Note | Cells) else ""
        match mark:
            case Line():
                yield from self._line(mark, colour)
            case Band():
                edge = [*zip(mark.x, mark.high, strict=True), *reversed([*zip(mark.x, mark.low, strict=True)])]
                around = [(self.x(x), self.y(y)) for x, y in edge]
                joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in around if x is not None and y is not None)
                yield f'<polygon points="{joined}" fill="{colour}" opacity="{mark.opacity:g}" stroke="none"/>'
            case Points():
                for place, tone in enumerate(mark.tones):
                    x, y = self.x(mark.x[place]), self.y(mark.y[place])
                    if x is None or y is None or not self._within(x, y):
                        continue
                    yield _sign(mark.symbol, x, y, mark.size, self.palette.of(tone), mark.opacity)
                    if mark.inside:
                        yield text(x, y, mark.inside[place], self.palette.ground)
            case Boxes():
                for (x0, x1, y0, y1), tone in zip(mark.ends, mark.tones, strict=True):
                    left, right = sorted((self._across(self._cut(x0, self.x_ends)), self._across(self._cut(x1, self.x_ends))))
                    top, bottom = sorted((self._up(self._cut(y0, self.y_ends)), self._up(self._cut(y1, self.y_ends))))
                    size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
                    yield f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{self.palette.of(tone)}"/>'
            case Cross():
                at = self.x(mark.at) if mark.axis == "x" else self.y(mark.at)
                if at is None:
                    return
                ends = (at, self.top, at, self.bottom) if mark.axis == "x" else (self.left, at, self.right, at)
                yield _stroke([ends[:2], ends[2:]], colour, mark.width, mark.dash)
            case Span():
                low, high = (self.x(mark.low), self.x(mark.high)) if mark.axis == "x" else (self.y(mark.high), self.y(mark.low))
                left, right = (low or self.left, high or self.right) if mark.axis == "x" else (self.left, self.right)
                top, bottom = (self.top, self.bottom) if mark.axis == "x" else (low or self.top, high or self.bottom)
                size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
                yield f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{colour}" opacity="{mark.opacity:g}"/>'
            case Cells():
                yield from self._cells(mark, colour)
            case Note():
                yield from self._note(mark, colour)
            case _:
                assert_never(mark)

    def _line(self, mark: Line, colour: str) -> Iterator[str]:
        # A point without a value breaks the line.
        run: list[tuple[float, float]] = []
        for a, b in [*zip(mark.x, mark.y, strict=True), (None, None)]:
            x, y = self.x(a), self.y(b)
            if x is not None and y is not None:
                run.append((x, min(max(y, self.top), self.bottom)))
                continue
            if len(run) > 1:
                drawn = _thinned(run)
                if mark.steps:
                    drawn = [drawn[0], *(at for (_, y0), (x1, y1) in itertools.pairwise(drawn) for at in ((x1, y0), (x1, y1)))]
                yield _stroke(drawn, colour, mark.width, mark.dash, mark.opacity)
            run = []

    def _cells(self, mark: Cells, colour: str) -> Iterator[str]:
        xs, ys = [self.x(x) or 0.0 for x in mark.x], [self.y(y) or 0.0 for y in mark.y]
        wide = abs(xs[-1] - xs[0]) / max(1, len(xs) - 1)
        tall = abs(ys[-1] - ys[0]) / max(1, len(ys) - 1)
        for y, row in zip(ys, mark.z, strict=True):
            for x, z in zip(xs, row, strict=True):
                if z is not None:
                    deep = min(1.0, max(0.0, (z - mark.low) / ((mark.high - mark.low) or 1.0)))
                    left, right = max(x - wide / 2, self.left), min(x + wide / 2 + 0.4, self.right)
                    top, bottom = max(y - tall / 2, self.top), min(y + tall / 2 + 0.4, self.bottom)
                    size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
                    yield f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{colour}" opacity="{deep:.2f}"/>'

    def _note(self, mark: Note, colour: str) -> Iterator[str]:
        written, y = lines(mark.text, 200)[0], self.y(mark.y)
        x = self.left if mark.x is None else self.x(mark.x)
        if x is None or y is None:
            return
        wide = width(written)
        left = x if mark.x is None else x - wide / 2
        # Lines that cross all rows end at the words.
        yield f'<rect x="{left:.1f}" y="{y - 23:.1f}" width="{wide + 4:.1f}" height="17" fill="{self.palette.ground}"/>'
        yield text(left + 2, y - 7, written, colour, anchor="start", rise="bottom")

    def _within(self, x: float, y: float) -> bool:
        return self.left - 1 <= x <= self.right + 1 and self.top - 1 <= y <= self.bottom + 1

    @staticmethod
    def _cut(units: float, ends: tuple[float, float]) -> float:
        """A box ends at the edge of the plot."""
        return min(max(units, min(ends)), max(ends))


def _thinned(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(run) <= POINTS:
        return run
    size = math.ceil(len(run) / (POINTS // 2))
    kept = []
    for start in range(0, len(run), size):
        part = range(start, min(start + size, len(run)))
        ends = {min(part, key=lambda place: run[place][1]), max(part, key=lambda place: run[place][1])}
        kept += [run[place] for place in sorted(ends)]
    return kept


def _stroke(points: Sequence[tuple[float, ...]], colour: str, size: float, dash: str, opacity: float = 1.0) -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{DASHES[dash]}"' if dash else ""
    faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="{size:g}"{dashed}{faint}/>'


def _sign(symbol: str, x: float, y: float, size: float, colour: str, opacity: float = 1.0) -> str:
    """A mark about (x, y)."""
    faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
    open_ = f'fill="none" stroke="{colour}" stroke-width="2"'
    h = size / 2
    corners: Sequence[tuple[float, float]]
    match symbol:
        case "diamond":
            corners = ((x, y - h * 1.2), (x + h * 1.2, y), (x, y + h * 1.2), (x - h * 1.2, y))
        case "square":
            corners = ((x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h))
        case "triangle-down":
            corners = ((x - h, y - h * 0.7), (x + h, y - h * 0.7), (x, y + h))
        case "hexagon":
            corners = [(x + h * math.sin(k * math.pi / 3), y + h * math.cos(k * math.pi / 3)) for k in range(6)]
        case "star":
            radii = (h * 1.2, h * 0.5)
            corners = [
                (x + radii[k % 2] * math.sin(k * math.pi / 5), y - radii[k % 2] * math.cos(k * math.pi / 5)) for k in range(10)
            ]
        case "x":
            ends = f"M{x - h:.1f} {y - h:.1f}L{x + h:.1f} {y + h:.1f}M{x + h:.1f} {y - h:.1f}L{x - h:.1f} {y + h:.1f}"
            return f'<path d="{ends}" {open_}{faint}/>'
        case "line-ns":
            return f'<path d="M{x:.1f} {y - h:.1f}V{y + h:.1f}" {open_}{faint}/>'
        case "circle-open":
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{h:.1f}" {open_}{faint}/>'
        case _:
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{h:.1f}" fill="{colour}"{faint}/>'
    return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" fill="{colour}"{faint}/>'


def _table(table: Table) -> Markup:
    head = "".join(f"<th>{escape(lines(name, 200)[0])}</th>" for name in table.heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(lines(cell, 300, cap=300)[0])}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return Markup(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
