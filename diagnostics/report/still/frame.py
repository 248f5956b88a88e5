"""The axes of a figure: which there are, how far each reaches, and where it lies on the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from diagnostics.report.still.lettering import height, width
from diagnostics.report.still.marks import bars, listed
from diagnostics.report.still.scale import Kind, Scale, kind_of, ticks

WIDTH: Final = 720.0
LABELS_CAP: Final = 0.45
"""Share of the width that the labels of the rows may take."""

ROOM: Final = 0.06
"""Share of an axis left free beside marks, so that none is cut."""

TICK_ROOM: Final = {"x": 75.0, "y": 45.0}
"""Pixels of the axis for one tick."""


@dataclass(frozen=True)
class Plot:
    """One pair of axes with its scales in pixels, its layout and its traces."""

    x: Scale
    y: Scale
    x_axis: Any
    y_axis: Any
    x_name: str
    y_name: str
    traces: tuple[Any, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Box:
    """The inside of the picture, which paper coordinates (0 to 1) divide, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, share: float) -> float:
        return self.left + share * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom - share * (self.bottom - self.top)


def layout_axis(figure: go.Figure, name: str) -> Any:
    """The layout of axis "x", "x2", "y", ..."""
    return figure.layout[f"{name[0]}axis{name[1:]}"]


def framed(figure: go.Figure, legend: float, locale: str) -> tuple[Box, list[Plot]]:
    """The inside of the picture and its pairs of axes. legend: pixels that the legend takes at the top."""
    pairs: dict[tuple[str, str], list[Any]] = {}
    for trace in figure.data:
        if trace.type in ("scatter", "bar"):
            pairs.setdefault((trace.xaxis or "x", trace.yaxis or "y"), []).append(trace)
    plots = []
    for (x_name, y_name), traces in pairs.items():
        x, y = _scales(figure, x_name, y_name, traces)
        x_axis, y_axis = layout_axis(figure, x_name), layout_axis(figure, y_name)
        span = y_axis.domain or (0.0, 1.0)
        tall = ((figure.layout.height or 340) - 60) * (span[1] - span[0])
        y_ticks = ticks(y, y_axis, len(y.names) if y.kind is Kind.CATEGORY else max(2, int(tall / TICK_ROOM["y"])), locale)
        x_ticks = ticks(x, x_axis, max(2, int((WIDTH - 120) / TICK_ROOM["x"])), locale)
        plots.append(Plot(x, y, x_axis, y_axis, x_name, y_name, tuple(traces), tuple(x_ticks), tuple(y_ticks)))
    box = _box(figure, plots, legend)
    return box, [_placed(plot, box) for plot in plots]


def _placed(plot: Plot, box: Box) -> Plot:
    across, up = plot.x_axis.domain or (0.0, 1.0), plot.y_axis.domain or (0.0, 1.0)
    x = plot.x.between(box.x(across[0]), box.x(across[1]))
    y = plot.y.between(box.y(up[0]), box.y(up[1]))
    # What would run into its neighbour, or out of the picture, is left out.
    shown: list[tuple[float, str]] = []
    for units, label in plot.x_ticks:
        if not width(label) / 2 <= x.pixels(units) <= WIDTH - width(label) / 2:
            continue
        last = shown[-1] if shown else None
        apart = width(label) / 2 + width(last[1]) / 2 + 8 if last else 0.0
        if last is None or abs(x.pixels(units) - x.pixels(last[0])) >= apart:
            shown.append((units, label))
    return Plot(x, y, plot.x_axis, plot.y_axis, plot.x_name, plot.y_name, plot.traces, tuple(shown), plot.y_ticks)


def _box(figure: go.Figure, plots: Sequence[Plot], legend: float) -> Box:
    margin = figure.layout.margin
    left, right, bottom = 12.0, 24.0, 12.0
    for plot in plots:
        if plot.y_axis.visible is not False:
            labels = max((width(label) for _, label in plot.y_ticks), default=0.0)
            title = 24.0 if plot.y_axis.title.text else 0.0
            left = max(left, min(labels + 10, LABELS_CAP * WIDTH) + title)
        if plot.x_axis.visible is not False:
            titled = height(plot.x_axis.title.text) + 6 if plot.x_axis.title.text else 0.0
            bottom = max(bottom, max((height(label) for _, label in plot.x_ticks), default=0.0) + 8 + titled)
            right = max(right, width(plot.x_ticks[-1][1]) / 2 if plot.x_ticks else 0.0)
    for note in figure.layout.annotations:
        if note.xanchor == "left" and (note.xref or "x") != "paper":
            right = max(right, _beyond(note, plots))
    top = max(float(margin.t or 24), legend + 22.0)
    tall = float(figure.layout.height or 340)
    return Box(left, top, WIDTH - min(right, 0.35 * WIDTH), max(top + 40.0, tall - bottom))


def _beyond(note: Any, plots: Sequence[Plot]) -> float:
    """Room for words that begin near the right end of the plot."""
    for plot in plots:
        if plot.x_name == (note.xref or "x"):
            units = plot.x.units(note.x)
            if units is None or plot.x.high == plot.x.low:
                return 0.0
            share = (units - plot.x.low) / (plot.x.high - plot.x.low)
            free = (1 - share) * (WIDTH - 140)
            return max(0.0, width(note.text) + float(note.xshift or 0) + 6 - free)
    return 0.0


def _scales(figure: go.Figure, x_name: str, y_name: str, traces: Sequence[Any]) -> tuple[Scale, Scale]:
    bare = {}
    for name in (x_name, y_name):
        axis = layout_axis(figure, name)
        values = [value for trace in traces for value in listed(trace[name[0]])]
        kind = kind_of(axis.type, values)
        names: tuple[str, ...] = ()
        if kind is Kind.CATEGORY:
            known = [str(value) for value in values if value is not None]
            names = tuple(dict.fromkeys([*(axis.categoryarray if axis.categoryarray is not None else ()), *known]))
        bare[name[0]] = Scale(kind, names=names)
    ends = {
        name[0]: _ends(
            figure, layout_axis(figure, name), name, list(_reach(figure, traces, bare, name[0])), bare[name[0]], traces
        )
        for name in (x_name, y_name)
    }
    return (
        Scale(bare["x"].kind, *ends["x"], names=bare["x"].names),
        Scale(bare["y"].kind, *ends["y"], names=bare["y"].names),
    )


def _ends(
    figure: go.Figure, axis: Any, name: str, reach: list[float], scale: Scale, traces: Sequence[Any]
) -> tuple[float, float]:
    """Both ends of an axis in its own units: as its layout says, else around all that is on it."""
    if axis.range is not None and None not in axis.range:
        given = [seconds if (seconds := scale.units(end)) is not None else 0.0 for end in axis.range]
        if scale.kind is Kind.LOG:
            # Ranges of logarithmic axes are exponents already.
            given = [float(end) for end in axis.range]
        return given[0], given[1]
    if scale.kind is Kind.CATEGORY:
        low, high = -0.5, max(1, len(scale.names)) - 0.5
    else:
        reach += [units for shape in figure.layout.shapes for units in _of_shape(shape, name, scale)]
        low, high = (min(reach), max(reach)) if reach else (0.0, 1.0)
        if high <= low:
            low, high = low - 0.5, high + 0.5
        low, high = _roomy(low, high, axis, name, scale, traces)
    return (high, low) if axis.autorange == "reversed" else (low, high)


def _roomy(low: float, high: float, axis: Any, name: str, scale: Scale, traces: Sequence[Any]) -> tuple[float, float]:
    """Room beside marks and words; bars and axes that begin at zero stay there."""
    along = {"x": "h", "y": "v"}[name[0]]
    barred = any(trace.type == "bar" and (trace.orientation or "v") == along for trace in traces)
    marked = any(trace.type == "scatter" and "markers" in (trace.mode or "markers") for trace in traces)
    worded = any(trace.type == "bar" and trace.text is not None and (trace.orientation or "v") == along for trace in traces)
    zero = scale.kind is Kind.LINEAR and (barred or axis.rangemode == "tozero")
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = ROOM * (high - low)
    before = 0.0 if (zero and low == 0) or not (marked or barred or name[0] == "y") else room
    after = 0.0 if zero and high == 0 else 3 * room if worded else room if marked or barred or name[0] == "y" else 0.0
    return low - before, high + after


def _reach(figure: go.Figure, traces: Sequence[Any], scales: dict[str, Scale], letter: str) -> Iterator[float]:
    """Everything of the traces that an axis must hold."""
    scale = scales[letter]
    for trace in traces:
        if trace.type != "scatter":
            continue
        values = listed(trace[letter])
        yield from (units for value in values if (units := scale.units(value)) is not None)
        error = trace["error_" + letter]
        if error.array is None:
            continue
        more = listed(error.array)
        less = listed(error.arrayminus) if error.arrayminus is not None else more
        for value, up, down in zip(values, more, less, strict=False):
            if isinstance(value, int | float):
                ends = (scale.units(value + (up or 0.0)), scale.units(value - (down or 0.0)))
                yield from (end for end in ends if end is not None)
    gap = figure.layout.bargap if figure.layout.bargap is not None else 0.2
    for trace, found in bars(traces, scales["x"], scales["y"], figure.layout.barmode or "group", gap):
        along = (trace.orientation == "h") == (letter == "x")
        for bar in found:
            yield from (bar.start, bar.end) if along else (bar.middle - bar.width / 2, bar.middle + bar.width / 2)


def _of_shape(shape: Any, name: str, scale: Scale) -> Iterator[float]:
    if (shape[f"{name[0]}ref"] or name[0]) != name:
        return
    for end in (shape[f"{name[0]}0"], shape[f"{name[0]}1"]):
        units = scale.units(end)
        if units is not None:
            yield units
