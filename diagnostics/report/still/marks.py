"""Lines, marks and bars of a trace as SVG, and how far they reach."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from diagnostics.report.still.lettering import SIZE, colour_of, text
from diagnostics.report.still.scale import Scale

POINTS: Final = 1_500
"""Points of a line that a print can show; of more, the lowest and highest of each stretch are kept."""

DASHES: Final = {"dot": "2 4", "dash": "8 5", "dashdot": "8 4 2 4", "longdash": "12 6"}
OUTSIDE: Final = ("outside", "auto")
NO_COLOUR: Final = "#6B7A90"

PLACES: Final = {"left": (-1, "end"), "right": (1, "start"), "center": (0, "middle")}


@dataclass(frozen=True)
class Bar:
    """One bar in the units of its axes: where it stands, how wide it is, from and to which value."""

    middle: float
    width: float
    start: float
    end: float
    colour: str
    label: str


def listed(given: Any) -> list[Any]:
    """The values of a trace as plain Python values."""
    if given is None:
        return []
    return [value.item() if hasattr(value, "item") and not hasattr(value, "isoformat") else value for value in given]


def each(given: Any, place: int, otherwise: Any) -> Any:
    """The value of a setting for one point: settings are one for all, or one per point."""
    if given is None:
        return otherwise
    if isinstance(given, str | int | float):
        return given
    return given[place] if place < len(given) else otherwise


def bars(traces: Sequence[Any], x: Scale, y: Scale, mode: str, gap: float) -> Iterator[tuple[Any, list[Bar]]]:
    """Bars of one pair of axes, beside each other or stacked."""
    drawn = [trace for trace in traces if trace.type == "bar"]
    stacked: dict[tuple[float, bool], float] = {}
    for number, trace in enumerate(drawn):
        flat = trace.orientation == "h"
        scale, values = (y, listed(trace.x)) if flat else (x, listed(trace.y))
        places = [scale.units(value) for value in (listed(trace.y) if flat else listed(trace.x))]
        of_values = x if flat else y
        known = sorted({place for place in places if place is not None})
        apart = min((b - a for a, b in itertools.pairwise(known)), default=1.0)
        together = 1 if mode in ("stack", "relative", "overlay") else len(drawn)
        breadth = apart * (1 - gap) / together
        found = []
        for place, (middle, value) in enumerate(zip(places, values, strict=False)):
            length = of_values.units(value)
            if middle is None or length is None:
                continue
            wide = float(each(trace.width, place, breadth))
            at = middle if together == 1 or trace.width is not None else middle + breadth * (number - (len(drawn) - 1) / 2)
            base = float(each(trace.base, place, 0.0))
            if mode in ("stack", "relative"):
                base += stacked.get((middle, length >= 0), 0.0)
                stacked[middle, length >= 0] = base + length
            colour = colour_of(each(trace.marker.color, place, NO_COLOUR))
            found.append(Bar(at, wide, base, base + length, colour, str(each(trace.text, place, "") or "")))
        yield trace, found


def bar(trace: Any, found: Sequence[Bar], x: Scale, y: Scale, colour: str) -> Iterator[str]:
    """The bars of one trace, and their error bars."""
    flat = trace.orientation == "h"
    outside = trace.textposition in OUTSIDE
    for one in found:
        across = sorted(
            ((y if flat else x).pixels(one.middle - one.width / 2), (y if flat else x).pixels(one.middle + one.width / 2))
        )
        along = [(x if flat else y).pixels(_within(x if flat else y, end)) for end in (one.start, one.end)]
        low, high = sorted(along)
        left, top, wide, tall = (
            (low, across[0], high - low, across[1] - across[0]) if flat else (across[0], low, across[1] - across[0], high - low)
        )
        faint = f' fill-opacity="{trace.opacity:g}"' if trace.opacity is not None else ""
        yield f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{one.colour}"{faint}/>'
        if one.label:
            paint = colour if outside else "#FFFFFF"
            middle = (across[0] + across[1]) / 2
            if flat:
                anchor, at = ("start", along[1] + 5) if outside and along[1] >= along[0] else ("end", along[1] - 5)
                yield text(at, middle, one.label, paint, anchor=anchor)
            else:
                yield text(middle, along[1] - 4 if outside else low + 4, one.label, paint, rise="bottom" if outside else "top")
    places = [(x.place(a), y.place(b)) for a, b in zip(listed(trace.x), listed(trace.y), strict=False)]
    yield from _errors(trace, x, y, places)


def _within(scale: Scale, units: float) -> float:
    """A bar ends at the edge of the plot."""
    low, high = sorted((scale.low, scale.high))
    return min(max(units, low), high)


def scatter(trace: Any, x: Scale, y: Scale, colour: str) -> Iterator[str]:
    """The line, the error bars, the marks and the words of a scatter trace."""
    mode = trace.mode or "lines+markers"
    places = [(x.place(a), y.place(b)) for a, b in zip(listed(trace.x), listed(trace.y), strict=False)]
    faint = f' opacity="{trace.opacity:g}"' if trace.opacity is not None else ""
    if trace.fill == "toself":
        inside = colour_of(trace.fillcolor or trace.line.color or NO_COLOUR)
        around = " ".join(f"{a:.1f},{b:.1f}" for a, b in places if a is not None and b is not None)
        yield f'<polygon points="{around}" fill="{inside}"{faint or _see_through(inside)} stroke="none"/>'
    if "lines" in mode and trace.line.width != 0:
        yield from _line(trace, places, faint)
    yield from _errors(trace, x, y, places)
    if "markers" in mode:
        for place, (a, b) in enumerate(places):
            if a is not None and b is not None:
                yield _mark(trace, place, a, b)
    if "text" in mode:
        up, across = (*str(trace.textposition or "middle center").split(), "center")[:2]
        for place, (a, b) in enumerate(places):
            said = str(each(trace.text, place, "") or "")
            if a is None or b is None or not said:
                continue
            side, anchor = PLACES[across]
            room = 4 + float(each(trace.marker.size, place, 6)) / 2 if "markers" in mode else 3.0
            drop, rise = {"top": (-room, "bottom"), "bottom": (room, "top")}.get(up, (0.0, "middle"))
            paint = colour_of(each(trace.textfont.color, place, colour))
            yield text(a + side * room, b + drop, said, paint, anchor=anchor, rise=rise, size=trace.textfont.size or SIZE)


def _see_through(colour: str) -> str:
    return "" if colour.startswith("rgba") else ' opacity="0.5"'


def _line(trace: Any, places: list[tuple[float | None, float | None]], faint: str) -> Iterator[str]:
    colour = colour_of(trace.line.color or NO_COLOUR)
    dash = f' stroke-dasharray="{DASHES[trace.line.dash]}"' if trace.line.dash in DASHES else ""
    # A point without a value breaks the line.
    run: list[tuple[float, float]] = []
    for a, b in [*places, (None, None)]:
        if a is not None and b is not None:
            run.append((a, b))
            continue
        if len(run) > 1:
            joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in _shaped(_thinned(run), trace.line.shape))
            width = trace.line.width or 2
            yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash}{faint}/>'
        run = []


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


def _shaped(run: list[tuple[float, float]], shape: str | None) -> list[tuple[float, float]]:
    """Steps where the line is drawn in steps."""
    if shape not in ("hv", "hvh", "vh"):
        return run
    steps = run[:1]
    for (a, b), (c, d) in itertools.pairwise(run):
        middle = {"hv": c, "hvh": (a + c) / 2, "vh": a}[shape]
        steps += [(middle, b), (middle, d), (c, d)]
    return steps


def _errors(trace: Any, x: Scale, y: Scale, places: Sequence[tuple[float | None, float | None]]) -> Iterator[str]:
    for bars_of, flat in ((trace.error_x, True), (trace.error_y, False)):
        if bars_of.array is None:
            continue
        scale, values = (x, listed(trace.x)) if flat else (y, listed(trace.y))
        more = listed(bars_of.array)
        less = listed(bars_of.arrayminus) if bars_of.arrayminus is not None else more
        colour = colour_of(bars_of.color or each(trace.marker.color, 0, NO_COLOUR))
        for (a, b), value, up, down in zip(places, values, more, less, strict=False):
            if a is None or b is None or not isinstance(value, int | float):
                continue
            low, high = scale.place(value - (down or 0.0)), scale.place(value + (up or 0.0))
            if low is None or high is None:
                continue
            ends = (low, b, high, b) if flat else (a, low, a, high)
            yield (
                f'<line x1="{ends[0]:.1f}" y1="{ends[1]:.1f}" x2="{ends[2]:.1f}" y2="{ends[3]:.1f}" stroke="{colour}" '
                f'stroke-width="{bars_of.thickness or 2:g}"/>'
            )


def _mark(trace: Any, place: int, x: float, y: float) -> str:
    size = float(each(trace.marker.size, place, 6))
    if size <= 0:
        return ""
    colour = colour_of(each(trace.marker.color, place, trace.line.color or NO_COLOUR))
    kind = str(each(trace.marker.symbol, place, "circle"))
    faint = trace.marker.opacity if isinstance(trace.marker.opacity, int | float) else trace.opacity
    seen = f' opacity="{faint:g}"' if faint is not None else ""
    paint = f'fill="none" stroke="{colour}" stroke-width="2"' if "open" in kind or kind == "x" else f'fill="{colour}"'
    half = size / 2
    corners: tuple[tuple[float, float], ...]
    match kind.removesuffix("-open"):
        case "diamond":
            corners = ((x, y - half * 1.2), (x + half * 1.2, y), (x, y + half * 1.2), (x - half * 1.2, y))
        case "square":
            corners = ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
        case "triangle-down":
            corners = ((x - half, y - half * 0.7), (x + half, y - half * 0.7), (x, y + half))
        case "triangle-up":
            corners = ((x - half, y + half * 0.7), (x + half, y + half * 0.7), (x, y - half))
        case "x":
            return (
                f'<path d="M{x - half:.1f} {y - half:.1f}L{x + half:.1f} {y + half:.1f}M{x + half:.1f} {y - half:.1f}'
                f'L{x - half:.1f} {y + half:.1f}" {paint}{seen}/>'
            )
        case "line-ns":
            return f'<path d="M{x:.1f} {y - half:.1f}V{y + half:.1f}" {paint}{seen}/>'
        case _:
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{half:.1f}" {paint}{seen}/>'
    return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" {paint}{seen}/>'
