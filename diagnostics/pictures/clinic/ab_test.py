"""An A/B test: the chance to see the difference by rows, the limits of each look, and the difference with three intervals."""

from __future__ import annotations

from diagnostics.clinic.ab_test.check import ABTest
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis, Points
from diagnostics.pictures.shapes import Course, Curve, Dots, Limit, Row, Shape
from diagnostics.pictures.style import Tone


def draw(p: ABTest, finding: Finding | None, words: Words) -> Shape | None:
    """The power curve of a plan; the intervals of a result."""
    return draw_power(p, words) if p.reading is None else draw_result(p, words)


def draw_power(p: ABTest, words: Words) -> Shape:
    """Chance to see the difference against rows of both sides, one look at the end."""
    needed = words(N_("{rows:count} rows"), rows=p.plan.single)
    return Course(
        x=Axis(title=words(N_("rows, both sides, one look at the end")), form="d", zero=True),
        y=Axis(title=words(N_("chance to see it")), form="%", low=0.0, high=1.05),
        curves=(Curve(x=[n for n, _ in p.plan.curve], y=[chance for _, chance in p.plan.curve], name="", tone=Tone.CURRENT),),
        points=(Points(x=[p.plan.single], y=[p.settings.power], tones=[Tone.FAULT], name=needed),),
        limits=(Limit(at=p.settings.power, label=words(N_("wanted"))),),
        height=360,
    )


def draw_looks(p: ABTest, words: Words) -> Shape | None:
    """The size of z from which the test ends at each look, beside the plain limit."""
    looks = p.plan.looks
    if len(looks) < 2:
        return None
    rows, bounds = [look.rows for look in looks], [look.limit for look in looks]
    points = []
    if p.reading is not None:
        this = words(N_("this look"))
        points = [Points(x=[looks[p.settings.look - 1].rows], y=[p.reading.z], tones=[Tone.FAULT], size=13, name=this)]
    return Course(
        x=Axis(title=words(N_("rows, both sides")), form="d", zero=True),
        y=Axis(title=words(N_("z at which the test ends"))),
        curves=[Curve(x=rows, y=[sign * bound for bound in bounds], name="", tone=Tone.CURRENT, marked=True) for sign in (1, -1)],
        points=points,
        limits=(Limit(at=1.96, label=words(N_("one look: 1.96"))), Limit(at=0.0, tone=Tone.GRID, dash="")),
    )


def draw_result(p: ABTest, words: Words) -> Shape | None:
    """B less A with the plain interval, the one for this look, and the one that holds at any time."""
    r = p.reading
    if r is None:
        return None
    scale = 1.0 if p.settings.means else 100.0
    rows = [
        Row(label=words(name), value=Interval(scale * i.value, scale * i.low, scale * i.high), tone=tone)
        for name, i, tone in (
            (N_("for one look only"), r.difference, Tone.WATCH),
            (N_("for this look of the plan"), r.within, Tone.CURRENT),
            (N_("holds at any time, however often one looks"), r.always, Tone.TEXT),
        )
    ]
    unit = N_("B less A") if p.settings.means else N_("B less A, percentage points")
    zero = Limit(at=0.0, label=words(N_("no difference")), tone=Tone.TEXT)
    return Dots(rows=rows, axis=Axis(title=words(unit)), limits=(zero,))
