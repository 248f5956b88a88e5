"""Pictures for people who look for themselves: one column from all sides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from diagnostics.looking.column import Against, Course, Distribution, Split
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import shapes
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Curve, Dumbbell, Histograms, Pair, Panels, Shape
from diagnostics.pictures.style import Tone

WIDE: Final = 50.0
"""Times between the largest and the smallest middle value from which on powers of ten show more."""

LINES: Final = {"low": N_("5% lie below"), "high": N_("5% lie above")}


def distribution(d: Distribution, name: str, words: Words) -> Shape | None:
    """Histograms of numbers, pairs of shares for levels; None without values."""
    before, after = d.shares.reference, d.shares.current
    if not before and not after:
        return None
    share = words(N_("share of the rows"))
    if d.edges:
        none = (0.0,) * (len(d.edges) - 1)
        edges = [_moment(edge) for edge in d.edges] if d.time else d.edges
        if d.time:
            return _days(d, edges, share, words)  # type: ignore[arg-type]
        return Histograms(reference=before or none, current=after or none, edges=d.edges, axis=Axis(title=name), share=share)
    return Dumbbell(
        rows=level_rows(d, words), axis=Axis(title=words(N_("{name}: share of the rows"), name=name), form="%", zero=True)
    )


def level_rows(d: Distribution, words: Words) -> list[Pair]:
    rows = []
    for place, label in enumerate(d.labels):
        sides = [None if not shares else shares[place] for shares in (d.shares.reference, d.shares.current)]
        if any(sides):
            name = label if label or place < len(d.labels) - 1 else words(N_("all others"))
            rows.append(Pair(label=name, reference=sides[0], current=sides[1]))
    return rows


def _moment(edge: float) -> datetime:
    return datetime.fromtimestamp(edge, UTC).replace(tzinfo=None)


def _days(d: Distribution, edges: Sequence[datetime], share: str, words: Words) -> Shape:
    """Rows of each stretch of time."""
    middles = [edges[n] + (edges[n + 1] - edges[n]) / 2 for n in range(len(edges) - 1)]
    curves = [
        Curve(x=middles, y=list(shares), name=words(name), tone=tone, steps=True)
        for shares, name, tone in (
            (d.shares.reference, N_("reference"), Tone.REFERENCE),
            (d.shares.current, N_("current"), Tone.CURRENT),
        )
        if shares
    ]
    return shapes.Course(x=Axis(time=True), y=Axis(title=share, form="%", zero=True), curves=curves)


def about_course(p: Course) -> str:
    """What the lines are, as a message id."""
    return N_("Over time: the middle value, and dotted where 5% lie below and above") if p.numeric else N_("Over time")


def course(p: Course, name: str, words: Words, *, since: datetime | None) -> Shape:
    """The values above; below, on the same axis of time, the share of missing ones where there are any."""
    values = shapes.Course(
        x=Axis(time=True),
        y=Axis(title=name, log=_wide(p)) if p.numeric else Axis(title=words(N_("share of the rows")), form="%", zero=True),
        curves=_numbers(p, words) if p.numeric else _levels(p),
        onset=since,
        height=300,
    )
    if not any(p.missing):
        return values
    high = 1.08 * max(0.05, *(share or 0.0 for share in p.missing))
    gone = shapes.Course(
        x=Axis(time=True),
        y=Axis(title=words(N_("missing")), form="%", zero=True, high=high),
        curves=[
            Curve(x=p.when[part], y=p.missing[part], name="", tone=tone, named=False, marked=True) for part, tone in _sides(p)
        ],
        onset=since,
        height=160,
    )
    return Panels(shapes=(values, gone))


def _sides(p: Course) -> list[tuple[slice, Tone]]:
    parts = ((slice(None, p.reference), Tone.REFERENCE), (slice(p.reference, None), Tone.CURRENT))
    return [(part, tone) for part, tone in parts if len(p.when[part])]


def _wide(p: Course) -> bool:
    """On a plain axis the smaller of the values would all lie on one line."""
    middles = [value for value in p.lines[0].values if value is not None]
    lows = [value for line in p.lines for value in line.values if value is not None]
    return bool(lows) and min(lows) > 0 and max(middles) > WIDE * min(middles)


def _numbers(p: Course, words: Words) -> list[Curve]:
    curves = []
    for part, tone in _sides(p):
        side = words(N_("reference") if tone is Tone.REFERENCE else N_("current"))
        for line in p.lines:
            middle = line.label == "median"
            name = side if middle else words(LINES[line.label])
            look = {"marked": middle, "named": middle, "dash": "" if middle else "dot", "width": 2.5 if middle else 1.0}
            curves.append(Curve(x=p.when[part], y=line.values[part], name=name, tone=tone, **look))  # type: ignore[arg-type]
    return curves


def _levels(p: Course) -> list[Curve]:
    tones = (Tone.CURRENT, Tone.WATCH, Tone.FINE, Tone.TEXT)
    return [
        Curve(x=p.when, y=line.values, name=line.label, tone=tone, marked=True)
        for line, tone in zip(p.lines, tones, strict=False)
    ]


def against(p: Against, name: str, words: Words) -> Shape:
    """The mean of another number in each part of the column, on both sides."""
    rows = [
        Pair(
            label=part_name(p.labels, p.bounds, place, words),
            reference=p.values.reference[place],
            current=p.values.current[place],
        )
        for place in range(len(p.labels))
        if p.values.reference[place] is not None or p.values.current[place] is not None
    ]
    return Dumbbell(rows=rows, axis=Axis(title=about(p, words), form="%" if p.percent else ""))


def about(p: Against, words: Words) -> str:
    """What is held against the column."""
    return words(p.what, name=p.subject)


def part_name(labels: Sequence[str], bounds: Sequence[tuple[float | None, float | None]], place: int, words: Words) -> str:
    """A level, or a range of numbers in words."""
    if not bounds:
        return labels[place]
    low, high = bounds[place]
    if low is None:
        return words(N_("up to {high:number}"), high=high)
    if high is None:
        return words(N_("above {low:number}"), low=low)
    return words(N_("{low:number} to {high:number}"), low=low, high=high)


def panels(p: Split, name: str, words: Words) -> list[tuple[str, Shape]]:
    """A picture of the column for each part of the second one, with the name of the part."""
    found = []
    for place, panel in enumerate(p.panels):
        shape = distribution(panel, name, words)
        if shape is not None:
            part = part_name(p.labels, p.bounds, place, words)
            found.append((words(N_("{column:name}: {part}"), column=p.by, part=part), shape))
    return found
