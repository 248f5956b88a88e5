"""Shapes as Plotly figures, to explore on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, assert_never

import plotly.graph_objects as go

from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.lettering import width
from diagnostics.pictures.marks import (
    LABEL_PIXELS,
    Axis,
    Band,
    Beside,
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
    moment,
)
from diagnostics.pictures.scale import ticks
from diagnostics.pictures.shapes import Panels, Shape, Table
from diagnostics.pictures.style import SIDE_LINE, TITLE_LINE, Palette, Tone, lines, markup

DAY_MS: Final = 86_400_000
TICKS: Final = (
    (None, DAY_MS - 1, N_("%H:%M\n%b %-d, %Y")),
    (DAY_MS, "M1", N_("%b %-d\n%Y")),
    ("M1", "M12", N_("%b %Y")),
    ("M12", None, "%Y"),
)
"""Dates along an axis by the distance of the ticks, as d3-time-format patterns; what follows the break is written once."""

HOVER: Final = N_("%b %-d, %Y, %H:%M")
FORMS: Final = {"%": ".2~%", "+%": "+.2~%", "d": ",d", "": ""}
DASHES: Final = {"": "solid", "dot": "dot", "dash": "dash"}
CLEAR: Final = "rgba(0,0,0,0)"
TOP: Final = 20.0
KEY: Final = 30.0
SCREEN: Final = 700.0
"""Pixels that a picture is usually wide: words above it are kept apart for that."""

BELOW: Final = 52.0
"""Pixels under a plot: ticks and title."""

GAP: Final = 64.0
"""Pixels between two panels."""


def figure(shape: Shape, words: Words, palette: Palette) -> go.Figure:
    """The shape with its colours, its key along the top, and its words apart from each other."""
    if isinstance(shape, Table):
        return _table(shape, palette)
    plots = shape.plots(words)
    columns = shape.columns if isinstance(shape, Panels) else 1
    drawn = go.Figure()
    key = {entry.name: entry for plot in plots for entry in plot.key}
    above = [_above(plot) for plot in plots]
    top = TOP + LABEL_PIXELS * max((1 + max(found) for found in above if found), default=0) + (KEY if key else 0.0)
    rows = -(-len(plots) // columns)
    tall = sum(max(p.height for p in plots[row * columns : (row + 1) * columns]) for row in range(rows))
    drawn.update_layout(
        height=tall + top - TOP,
        margin={"l": 8, "r": max(_margin(plot) for plot in plots), "t": top, "b": 8},
        showlegend=bool(key),
        # Along the edge of the figure rather than of the plot: long labels on the left would squeeze it.
        legend={
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "top",
            "xref": "container",
            "yref": "container",
            "orientation": "h",
        },
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        font={"color": palette.text, "size": 14},
        hoverlabel={"namelength": -1},
        barmode="overlay",
        separators=".,",
    )
    for entry in key.values():
        marker = {"color": palette.of(entry.tone), "size": 11, "symbol": _symbol(entry.symbol)}
        drawn.add_scatter(
            x=[None], y=[None], mode="markers", name=markup([entry.name]), marker=marker, legendgroup=markup([entry.name])
        )
    for place, plot in enumerate(plots):
        number = "" if place == 0 else str(place + 1)
        _axes(drawn, plot, number, _domain(place, len(plots), columns), words, palette, tall)
        for mark in plot.marks:
            _mark(drawn, mark, plot, number, palette)
        _words(drawn, plot, number, above[place], palette)
    return drawn


def _domain(place: int, count: int, columns: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The share of the figure, across and up, of a panel."""
    rows = -(-count // columns)
    row, column = divmod(place, columns)
    gap_x, gap_y = (0.1 if columns > 1 else 0.0), (0.3 / rows if rows > 1 else 0.0)
    wide, tall = (1 - gap_x * (columns - 1)) / columns, (1 - gap_y * (rows - 1)) / rows
    left, top = column * (wide + gap_x), 1 - row * (tall + gap_y)
    return (left, left + wide), (max(0.0, top - tall), top)


def _axes(
    drawn: go.Figure,
    plot: Plot,
    number: str,
    domain: tuple[tuple[float, float], tuple[float, float]],
    words: Words,
    palette: Palette,
    tall: float,
) -> None:
    for letter, axis, share in (("x", plot.x, domain[0]), ("y", plot.y, domain[1])):
        low, high = plot.ends("x" if letter == "x" else "y")
        layout: dict[str, Any] = {
            "title": {"text": markup(lines(axis.title, TITLE_LINE)) if axis.title else None, "font": {"size": 14}},
            "domain": share,
            "anchor": ("y" if letter == "x" else "x") + number,
            "gridcolor": palette.grid,
            "showgrid": axis.grid,
            "visible": axis.shown,
            "zeroline": False,
            "automargin": True,
            "tickangle": 0,
            "ticklabelstandoff": 4,
            "range": [moment(low), moment(high)] if axis.time else [low, high],
            "type": "date" if axis.time else "log" if axis.log else "linear",
            "tickformat": FORMS[axis.form],
        }
        if axis.ticks or axis.log:
            found = ticks(axis, low, high, 7, words.locale)
            layout |= {
                "tickvals": [10**units if axis.log else units for units, _ in found],
                "ticktext": [markup(label.split("\n")) for _, label in found],
            }
        if axis.time:
            # Plotly itself knows the months of English only.
            stops = [{"dtickrange": [start, end], "value": words.pattern(value)} for start, end, value in TICKS]
            layout |= {"tickformatstops": stops, "hoverformat": words.pattern(HOVER)}
            layout.pop("tickformat")
        drawn.update_layout({f"{letter}axis{number}": layout})


def _places(values: Sequence[Place], axis: Axis) -> list[Any]:
    """The values as Plotly takes them; None where they have no place."""
    units = [axis.units(value) for value in values]
    if axis.time:
        return [None if at is None else moment(at) for at in units]
    return [None if at is None else float(value) for at, value in zip(units, values, strict=True)]  # type: ignore[arg-type]


def _on_y(values: Sequence[float | None], axis: Axis) -> list[Any]:
    return [None if value is None or axis.units(value) is None else float(value) for value in values]


def _hover(axis: Axis) -> str:
    return FORMS[axis.form] or ",.4~g"


def _mark(drawn: go.Figure, mark: Mark, plot: Plot, number: str, palette: Palette) -> None:
    on: dict[str, Any] = {"xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": False}
    group: str = getattr(mark, "name", "")
    on |= {"legendgroup": markup([group])} if group else {}
    across = "%{x}" if plot.x.time else f"%{{x:{_hover(plot.x)}}}"
    said = f"{across}: %{{y:{_hover(plot.y)}}}<extra>{markup([group])}</extra>"
    match mark:
        case Line():
            drawn.add_scatter(
                x=_places(mark.x, plot.x),
                y=_on_y(mark.y, plot.y),
                mode="lines",
                line={
                    "color": palette.of(mark.tone),
                    "width": mark.width,
                    "dash": DASHES[mark.dash],
                    "shape": "hv" if mark.steps else "linear",
                },
                opacity=mark.opacity,
                name=markup([group]),
                **({"hovertemplate": said} if mark.hover else {"hoverinfo": "skip"}),
                **on,
            )
        case Band():
            x = _places(mark.x, plot.x)
            drawn.add_scatter(
                x=[*x, *reversed(x)],
                y=[*mark.high, *reversed(mark.low)],
                fill="toself",
                fillcolor=_pale(palette.of(mark.tone), mark.opacity),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                **on,
            )
        case Points():
            drawn.add_scatter(
                x=_places(mark.x, plot.x),
                y=_places(mark.y, plot.y),
                mode="markers+text" if mark.inside else "markers",
                text=[markup([text]) for text in mark.inside] or None,
                textfont={"color": palette.ground, "size": 13, "weight": 700},
                marker={
                    "size": mark.size,
                    "color": [palette.of(tone) for tone in mark.tones],
                    "symbol": _symbol(mark.symbol),
                    "opacity": mark.opacity,
                },
                name=markup([group]),
                cliponaxis=False,
                **_told(mark.hover, said),
                **on,
            )
        case Boxes():
            _boxes(drawn, mark, plot, on, palette)
        case Cross():
            at = moment(plot.x.units(mark.at) or 0.0) if mark.axis == "x" and plot.x.time else mark.at
            line = {"color": palette.of(mark.tone), "width": mark.width, "dash": DASHES[mark.dash]}
            _shape(drawn, mark.axis, at, at, number, type="line", line=line, layer="below" if plot.numbered else "above")
        case Span():
            ends = [plot.x.units(end) or 0.0 for end in (mark.low, mark.high)]
            low, high = (moment(end) for end in ends) if mark.axis == "x" and plot.x.time else (mark.low, mark.high)
            fill = {"fillcolor": palette.of(mark.tone), "opacity": mark.opacity, "line": {"width": 0}}
            _shape(drawn, mark.axis, low, high, number, type="rect", layer="below", **fill)
        case Cells():
            drawn.add_heatmap(
                x=list(mark.x),
                y=list(mark.y),
                z=[list(row) for row in mark.z],
                zmin=mark.low,
                zmax=mark.high,
                colorscale=[[0, palette.grid], [1, palette.of(mark.tone)]],
                showscale=False,
                hovertemplate="%{x:.3g}, %{y:.3g}: %{z:.4g}<extra></extra>",
                **{name: value for name, value in on.items() if name != "legendgroup"},
            )
        case Note():
            edge = mark.x is None
            # On a logarithmic axis Plotly takes the power of ten for words.
            drawn.add_annotation(
                x=0 if mark.x is None else mark.x,
                xref=f"x{number} domain" if edge else f"x{number}",
                y=mark.y,
                yref=f"y{number}",
                xanchor="left" if edge else "center",
                yanchor="bottom",
                yshift=5,
                showarrow=False,
                text=markup(lines(mark.text, 60)),
                font={"size": 13, "color": palette.of(mark.tone)},
                # Lines that cross all rows end at the words.
                bgcolor=palette.ground,
                borderpad=1,
            )
        case _:
            assert_never(mark)


def _told(hover: Sequence[str], otherwise: str) -> dict[str, Any]:
    """What the pointer shows: a text for each mark, or the numbers."""
    if not hover:
        return {"hovertemplate": otherwise}
    return {"customdata": [markup(lines(text, 60, cap=200)) for text in hover], "hovertemplate": "%{customdata}<extra></extra>"}


def _boxes(drawn: go.Figure, mark: Boxes, plot: Plot, on: dict[str, Any], palette: Palette) -> None:
    colours = {"color": [palette.of(tone) for tone in mark.tones], "line": {"width": 0}}
    said = _told(mark.hover, f"%{{y:{_hover(plot.y)}}}<extra>{markup([mark.name])}</extra>")
    middles = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, x1, y0, y1 in mark.ends]
    if mark.flat:
        drawn.add_bar(
            orientation="h",
            y=[y for _, y in middles],
            x=[x1 - x0 for x0, x1, _, _ in mark.ends],
            base=[x0 for x0, *_ in mark.ends],
            width=[y1 - y0 for *_, y0, y1 in mark.ends],
            marker=colours,
            **said,
            **on,
        )
        return
    drawn.add_bar(
        x=[moment(x) if plot.x.time else x for x, _ in middles],
        y=[y1 - y0 for *_, y0, y1 in mark.ends],
        base=[y0 for *_, y0, _ in mark.ends],
        width=[(x1 - x0) * (1000 if plot.x.time else 1) for x0, x1, _, _ in mark.ends],
        marker=colours,
        **said,
        **on,
    )


def _shape(drawn: go.Figure, axis: str, low: Place, high: Place, number: str, **look: Any) -> None:
    """A line or stretch through the whole plot."""
    other = "y" if axis == "x" else "x"
    ends = {f"{axis}0": low, f"{axis}1": high, f"{axis}ref": f"{axis}{number}"}
    drawn.add_shape(**ends, **{f"{other}0": 0, f"{other}1": 1, f"{other}ref": f"{other}{number} domain"}, **look)


def _above(plot: Plot) -> list[int]:
    """The line of each of the words above the plot."""
    ends = []
    for mark in plot.above:
        share, wide = plot.share("x", mark.at), width(mark.label, 14)
        left = share * SCREEN - wide * _lean(share)
        ends.append((left, left + wide))
    return levels(ends)


def _lean(share: float) -> float:
    """How much of a text stands left of its place, so that it stays in the picture."""
    return 0.0 if share < 1 / 3 else 0.5 if share < 2 / 3 else 1.0


def _beside(plot: Plot) -> list[tuple[Beside, list[str]]]:
    return [(beside, lines(beside.text, SIDE_LINE)) for beside in plot.right]


def _margin(plot: Plot) -> float:
    return max((14 + width(line, 14) for _, written in _beside(plot) for line in written), default=24.0)


def _words(drawn: go.Figure, plot: Plot, number: str, above: Sequence[int], palette: Palette) -> None:
    """What stands outside: above upright lines, and to the right at the height of a row, a line's end or a limit."""
    for mark, level in zip(plot.above, above, strict=True):
        share = plot.share("x", mark.at)
        drawn.add_annotation(
            x=moment(plot.x.units(mark.at) or 0.0) if plot.x.time else plot.x.units(mark.at),
            xref=f"x{number}",
            y=1,
            yref=f"y{number} domain",
            yanchor="bottom",
            yshift=LABEL_PIXELS * level,
            xanchor={0.0: "left", 0.5: "center", 1.0: "right"}[_lean(share)],
            text=markup(lines(mark.label, 60)),
            showarrow=False,
            font={"color": palette.of(mark.tone)},
        )
    beside = _beside(plot)
    inside = max(60.0, plot.height - BELOW - TOP)
    wanted = [(plot.share("y", at.y) * inside, len(written)) for at, written in beside]
    for (at, written), (height, _), placed in zip(beside, wanted, apart([(h, float(n)) for h, n in wanted]), strict=True):
        drawn.add_annotation(
            x=1,
            xref=f"x{number} domain",
            y=plot.y.units(at.y),
            yref=f"y{number}",
            xanchor="left",
            align="left",
            xshift=8,
            yshift=placed - height,
            text=markup(written),
            showarrow=False,
            font={"color": palette.of(at.tone)},
        )


def _symbol(symbol: str) -> str:
    return "line-ns-open" if symbol == "line-ns" else symbol


def _pale(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _table(table: Table, palette: Palette) -> go.Figure:
    tones = list(table.tones) or [Tone.TEXT] * len(table.rows)
    cells = [[markup(lines(row[column], 44, cap=140)) for row in table.rows] for column in range(len(table.heads))]
    tall = sum(12 + LABEL_PIXELS * max(len(lines(cell, 44, cap=140)) for cell in row) for row in table.rows)
    drawn = go.Figure(
        go.Table(
            header={
                "values": [markup([head]) for head in table.heads],
                "align": "left",
                "fill_color": palette.grid,
                "font": {"color": palette.text, "size": 13},
                "height": 30,
            },
            cells={
                "values": cells,
                "align": "left",
                "fill_color": CLEAR,
                "line_color": palette.grid,
                "font": {
                    "color": [[palette.of(t) for t in tones], *[[palette.text] * len(tones)] * (len(table.heads) - 1)],
                    "size": 13,
                },
                "height": 30,
            },
            columnwidth=[4, 3, 3, 5][: len(table.heads)],
        )
    )
    drawn.update_layout(height=64 + tall, margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor=CLEAR)
    return drawn
