"""The fit: the learning curve, validation curves, and where the predictions are too high or too low."""

from __future__ import annotations

from diagnostics.clinic.fit.bias import Segment
from diagnostics.clinic.fit.check import Curve as Knob
from diagnostics.clinic.fit.check import Fit, groups_off
from diagnostics.clinic.fit.rules import BIASED
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Course, Curve, Limit, Row, Shape
from diagnostics.pictures.style import Tone


def draw(p: Fit, finding: Finding | None, words: Words) -> Shape | None:
    """Groups whose predictions are off where the finding speaks of them, else the learning curve."""
    if finding is not None and finding.rule is BIASED:
        return draw_bias(p, words)
    return draw_learning(p, words)


def draw_learning(p: Fit, words: Words) -> Shape | None:
    """Score against rows trained on: training rows grey, held-out rows blue, the extrapolation dotted to twice the rows."""
    points = p.curve.points
    if len(points) < 2:
        return None
    rows = [float(point.rows) for point in points]
    curves = [
        Curve(
            x=rows,
            y=[i.value for i in intervals],
            low=[i.low for i in intervals],
            high=[i.high for i in intervals],
            name=words(name),
            tone=tone,
            marked=True,
        )
        for intervals, name, tone in (
            ([point.trained for point in points], N_("rows trained on"), Tone.REFERENCE),
            ([point.held for point in points], N_("held-out rows"), Tone.CURRENT),
        )
    ]
    if p.curve.drawn:
        ahead = [(x, y) for x, y in p.curve.drawn if x >= rows[-1]]
        name = words(N_("predicted, to twice the rows"))
        curves.append(Curve(x=[x for x, _ in ahead], y=[y for _, y in ahead], name=name, tone=Tone.CURRENT, dash="dot", width=2))
    x = Axis(title=words(N_("rows trained on")), form="d", log=True)
    return Course(x=x, y=Axis(title=translate(words, p.says)), curves=curves, height=380)


def draw_knob(knob: Knob, p: Fit, words: Words) -> Shape | None:
    """A validation curve from the simplest model on the left to the richest; the value in use marked."""
    steps = knob.steps
    if len(steps) < 2:
        return None
    places = list(range(len(steps)))
    curves = (
        Curve(
            x=places,
            y=[step.trained.value for step in steps],
            name=words(N_("rows trained on")),
            tone=Tone.REFERENCE,
            marked=True,
        ),
        Curve(
            x=places,
            y=[step.held.value for step in steps],
            low=[step.held.low for step in steps],
            high=[step.held.high for step in steps],
            name=words(N_("held-out rows")),
            tone=Tone.CURRENT,
            marked=True,
        ),
    )
    used = [Limit(at=place, label=words(N_("in use"))) for place in places if steps[place].value == knob.default][:1]
    title = words(N_("{knob} (simpler on the left, richer on the right)"), knob=translate(words, knob.title))
    ticks = tuple((float(place), words.number(steps[place].value)) for place in places)
    return Course(x=Axis(title=title, ticks=ticks), y=Axis(title=translate(words, p.says)), curves=curves, moments=used)


def draw_bias(p: Fit, words: Words) -> Shape | None:
    """How far label and prediction lie apart in the groups that are worst, each with its interval."""
    rows = [Row(label=_group(s, words), value=s.off, tone=Tone.FAULT, said=words.number(s.off.value)) for s in groups_off(p)[:8]]
    title = words(N_("truth less answer; left of the line the answers are too high"))
    return Bars(rows=rows, axis=Axis(title=title), limits=(Limit(at=0.0, tone=Tone.TEXT, dash=""),)) if rows else None


def _group(segment: Segment, words: Words) -> str:
    if segment.level:
        return words(N_("{column}: {level}"), column=segment.column, level=segment.level)
    low, high = words.number(segment.low), words.number(segment.high)
    if segment.column:
        return words(N_("{column}: {low} to {high}"), column=segment.column, low=low, high=high)
    return words(N_("answers from {low} to {high}"), low=low, high=high)
