"""A figure as one SVG element, or as a table where it is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup, escape

from diagnostics.pictures.style import LIGHT
from diagnostics.report.still.frame import WIDTH, Box, Plot, framed
from diagnostics.report.still.lettering import FONT, SIZE, colour_of, height, lines, text, width
from diagnostics.report.still.marks import DASHES, bar, bars, each, listed, scatter
from diagnostics.report.still.scale import Kind, Scale

LEGEND_LINE = 22.0


def still(figure: go.Figure, alt: str, locale: str = "en_US") -> Markup:
    """The figure without any script. alt: the sentence that says what it shows; it is read out instead of the picture."""
    if any(trace.type == "table" for trace in figure.data):
        return _table(next(trace for trace in figure.data if trace.type == "table"))
    colour = colour_of(figure.layout.font.color or LIGHT.text)
    key, legend = _legend(figure, colour)
    box, plots = framed(figure, legend, locale)
    parts = [*key]
    below = [shape for shape in figure.layout.shapes if shape.layer == "below" or shape.type == "rect"]
    above = [shape for shape in figure.layout.shapes if shape not in below]
    for plot in plots:
        parts += _grid(plot, colour)
    parts += [drawn for shape in below for drawn in _shape(shape, box, plots)]
    for plot in plots:
        parts += _traces(figure, plot, colour)
    parts += [drawn for shape in above for drawn in _shape(shape, box, plots)]
    for plot in plots:
        parts += _labels(plot, box, colour)
    parts += [drawn for note in figure.layout.annotations for drawn in _note(note, box, plots, colour)]
    tall = float(figure.layout.height or 340)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {tall:g}" width="{WIDTH:g}" height="{tall:g}" '
        f'role="img" aria-label="{escape(alt)}" font-family="{escape(FONT)}">{"".join(parts)}</svg>'
    )


def _grid(plot: Plot, colour: str) -> Iterator[str]:
    grid = colour_of(plot.x_axis.gridcolor or LIGHT.grid)
    left, right, bottom, top = plot.x.start, plot.x.end, plot.y.start, plot.y.end
    if plot.x_axis.visible is not False and plot.x_axis.showgrid is not False:
        for units, _ in plot.x_ticks:
            at = plot.x.pixels(units)
            yield f'<line x1="{at:.1f}" y1="{top:.1f}" x2="{at:.1f}" y2="{bottom:.1f}" stroke="{grid}"/>'
    if plot.y_axis.visible is not False and plot.y_axis.showgrid is not False:
        for units, _ in plot.y_ticks:
            at = plot.y.pixels(units)
            yield f'<line x1="{left:.1f}" y1="{at:.1f}" x2="{right:.1f}" y2="{at:.1f}" stroke="{grid}"/>'


def _labels(plot: Plot, box: Box, colour: str) -> Iterator[str]:
    x_axis, y_axis = plot.x_axis, plot.y_axis
    if x_axis.visible is not False:
        under = 0.0
        if x_axis.showticklabels is not False:
            for units, label in plot.x_ticks:
                yield text(plot.x.pixels(units), plot.y.start + 6, label, colour, rise="top")
                under = max(under, height(label))
        if x_axis.title.text:
            yield text((plot.x.start + plot.x.end) / 2, plot.y.start + 10 + under, x_axis.title.text, colour, rise="top")
    if y_axis.visible is not False:
        if y_axis.showticklabels is not False:
            for units, label in plot.y_ticks:
                yield text(plot.x.start - 8, plot.y.pixels(units), label, colour, anchor="end")
        if y_axis.title.text:
            yield text(14, (plot.y.start + plot.y.end) / 2, y_axis.title.text, colour, turn=-90)


def _traces(figure: go.Figure, plot: Plot, colour: str) -> Iterator[str]:
    gap = figure.layout.bargap if figure.layout.bargap is not None else 0.2
    for trace, found in bars(plot.traces, plot.x, plot.y, figure.layout.barmode or "group", gap):
        yield from bar(trace, found, plot.x, plot.y, colour)
    for trace in plot.traces:
        if trace.type == "scatter":
            yield from scatter(trace, plot.x, plot.y, colour)


def _where(given: Any, ref: str | None, letter: str, box: Box, plots: Sequence[Plot], *, note: bool = False) -> float | None:
    """Pixels of a coordinate of a shape or note: of the paper, of the domain of an axis, or of its values."""
    named = ref or letter
    if named == "paper":
        return (box.x if letter == "x" else box.y)(float(given))
    name, _, domain = named.partition(" ")
    for plot in plots:
        if name == (plot.x_name if letter == "x" else plot.y_name):
            scale: Scale = plot.x if letter == "x" else plot.y
            if domain:
                return scale.start + float(given) * (scale.end - scale.start)
            # On logarithmic axes Plotly takes the exponents for notes, and the values for shapes.
            return scale.pixels(float(given)) if note and scale.kind is Kind.LOG else scale.place(given)
    return None


def _shape(shape: Any, box: Box, plots: Sequence[Plot]) -> Iterator[str]:
    ends = [_where(shape[f"{letter}{end}"], shape[f"{letter}ref"], letter, box, plots) for letter in "xy" for end in (0, 1)]
    if any(end is None for end in ends):
        return
    x0, x1, y0, y1 = (float(end or 0.0) for end in ends)
    faint = f' opacity="{shape.opacity:g}"' if shape.opacity is not None else ""
    if shape.type == "rect":
        left, top, wide, tall = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
        fill = colour_of(shape.fillcolor or "none")
        yield f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{fill}"{faint}/>'
        return
    colour, size = colour_of(shape.line.color or LIGHT.text), shape.line.width or 2
    dash = f' stroke-dasharray="{DASHES[shape.line.dash]}"' if shape.line.dash in DASHES else ""
    yield (
        f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{size:g}"{dash}{faint}/>'
    )


def _note(note: Any, box: Box, plots: Sequence[Plot], colour: str) -> Iterator[str]:
    """Words in the picture. Those at the edges stay inside it."""
    x, y = (_where(note[letter], note[f"{letter}ref"], letter, box, plots, note=True) for letter in "xy")
    if x is None or y is None or not note.text:
        return
    size = float(note.font.size or SIZE)
    anchor = {"left": "start", "right": "end"}.get(note.xanchor or "center", "middle")
    rise = note.yanchor if note.yanchor in ("top", "bottom") else "middle"
    x, y = x + float(note.xshift or 0), y - float(note.yshift or 0)
    wide = width(note.text, size)
    if note.textangle == -90:
        # Turned like this, words run upwards from their beginning, and what was above them is on their left.
        anchor = {"bottom": "start", "top": "end"}.get(note.yanchor or "middle", "middle")
        rise = {"right": "bottom", "left": "top"}.get(note.xanchor or "center", "middle")
    else:
        shift = {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        x = min(max(x, shift + 2), max(shift + 2, WIDTH - wide + shift - 2))
    if note.bgcolor:
        block = height(note.text, size)
        top = y - {"top": 0.0, "middle": block / 2, "bottom": block}[rise]
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        ground = colour_of(note.bgcolor)
        yield f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{block:.1f}" fill="{ground}"/>'
    paint = colour_of(note.font.color or colour)
    yield text(x, y, note.text, paint, size=size, anchor=anchor, rise=rise, turn=float(note.textangle or 0))


def _legend(figure: go.Figure, colour: str) -> tuple[list[str], float]:
    """The key along the top edge and the pixels that it takes."""
    if not figure.layout.showlegend:
        return [], 0.0
    parts, x, y = [], 4.0, LEGEND_LINE / 2
    for trace in figure.data:
        if trace.showlegend is False or not trace.name or trace.visible in (False, "legendonly"):
            continue
        wide = width(trace.name) + 34
        if x + wide > WIDTH and x > 4:
            x, y = 4.0, y + LEGEND_LINE
        painted = trace.line.color if trace.type == "scatter" and "lines" in (trace.mode or "lines") else None
        paint = colour_of(painted or each(trace.marker.color, 0, LIGHT.reference))
        parts.append(f'<rect x="{x:.1f}" y="{y - 5:.1f}" width="12" height="10" fill="{paint}"/>')
        parts.append(text(x + 17, y, trace.name, colour, anchor="start"))
        x += wide
    return parts, (y + LEGEND_LINE / 2 if parts else 0.0)


def _table(trace: Any) -> Markup:
    """A table of the figure as one of the page."""
    heads = [" ".join(lines(head)) for head in listed(trace.header.values)]
    columns = [[" ".join(lines(cell)) for cell in listed(column)] for column in trace.cells.values]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(' '.join(cell.split()))}</td>" for cell in row) + "</tr>"
        for row in zip(*columns, strict=False)
    )
    return Markup(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
