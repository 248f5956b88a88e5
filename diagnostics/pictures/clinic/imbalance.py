"""Imbalance: what each way finds, how many alarms are right, PR curves, calibration, and synthetic rows among the real."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.clinic.imbalance import rows as preview
from diagnostics.clinic.imbalance.check import Imbalance
from diagnostics.clinic.imbalance.rules import EXTREME, MISCALIBRATED, Miscalibrated
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis, Points
from diagnostics.pictures.shapes import Course, Curve, Dumbbell, Limit, Pair, Shape, Side
from diagnostics.pictures.style import Tone

TONES = (Tone.CURRENT, Tone.FAULT, Tone.FINE, Tone.WATCH, Tone.REFERENCE)


def draw(p: Imbalance, finding: Finding | None, words: Words) -> Shape | None:
    """Calibration or PR curves where the finding speaks of them, else what each way finds."""
    if finding is not None and finding.rule is MISCALIBRATED:
        return draw_calibration(p, words, [p.ways[0].name, _named_by(p, finding)])
    if finding is not None and finding.rule is EXTREME:
        return draw_curves(p, words, ["nothing", "isolation"])
    return draw_found(p, words)


def _named_by(p: Imbalance, finding: Finding[Miscalibrated]) -> str:
    remedy = finding.of.remedy.lower()
    return next((way.name for way in p.ways if way.says.lower() == remedy), "weights")


def draw_found(p: Imbalance, words: Words) -> Shape | None:
    """Each way at its own limit: alarms that are right, and rare rows found."""
    rows = [Pair(label=translate(words, way.says), reference=way.precision, current=way.recall) for way in p.ways]
    sides = (
        Side(name=words(N_("alarms that are right (precision)")), tone=Tone.REFERENCE),
        Side(name=words(N_("rare rows found (recall)")), tone=Tone.CURRENT),
    )
    axis = Axis(title=words(N_("share of held-out rows")), form="%", low=-0.02, high=1.02)
    return Dumbbell(rows=rows, axis=axis, sides=sides) if rows else None


def draw_curves(p: Imbalance, words: Words, names: Sequence[str]) -> Shape | None:
    """Precision against recall over all limits, with a mark where each way draws its line."""
    ways = [way for way in p.ways if way.name in names]
    if not ways:
        return None
    curves, points = [], []
    for way, tone in zip(ways, TONES, strict=False):
        # Precision of no alarm at all means nothing.
        known = [(x, y) for x, y in way.curve if x > 0]
        curves.append(Curve(x=[x for x, _ in known], y=[y for _, y in known], name=translate(words, way.says), tone=tone))
        points.append(Points(x=[way.recall.value], y=[way.precision.value], tones=[tone], size=13))
    return Course(
        x=Axis(title=words(N_("rare rows found (recall)")), form="%", low=0.0, high=1.02),
        y=Axis(title=words(N_("alarms that are right (precision)")), form="%", low=0.0, high=1.05),
        curves=curves,
        points=points,
        limits=(Limit(at=p.share, label=words(N_("guessing"))),),
        height=420,
    )


def draw_calibration(p: Imbalance, words: Words, names: Sequence[str]) -> Shape | None:
    """True share against the predicted chance, by tenths of the held-out rows; on the diagonal the chances hold."""
    ways = [way for way in p.ways if way.name in names and way.bins]
    if not ways:
        return None
    top = max(max(b.told, b.true) for way in ways for b in way.bins) * 1.05
    curves = [Curve(x=(0.0, top), y=(0.0, top), name="", tone=Tone.WATCH, dash="dot")]
    for way, tone in zip(ways, (Tone.CURRENT, Tone.FAULT), strict=False):
        x, y = [b.told for b in way.bins], [b.true for b in way.bins]
        curves.append(Curve(x=x, y=y, name=translate(words, way.says), tone=tone, marked=True))
    title = words(N_("chance of {name} that the model tells"), name=p.named)
    return Course(x=Axis(title=title, form="%"), y=Axis(title=words(N_("true share")), form="%"), curves=curves, height=400)


def draw_preview(p: preview.Preview, words: Words) -> Shape:
    """The common class grey, real rows of the rare class blue, synthetic ones vermilion."""
    points = [
        Points(
            x=[x for x, _ in found],
            y=[y for _, y in found],
            tones=[tone] * len(found),
            size=size,
            opacity=opacity,
            symbol="circle-open" if tone is Tone.FAULT else "x" if tone is Tone.WATCH else "circle",
            name=name,
        )
        for found, tone, size, opacity, name in (
            (p.common, Tone.REFERENCE, 4, 0.4, words(N_("other rows"))),
            (p.dropped, Tone.WATCH, 8, 1.0, words(N_("dropped"))),
            (p.made, Tone.FAULT, 8, 1.0, words(N_("synthetic"))),
            (p.rare, Tone.CURRENT, 6, 0.8, words(N_("{name}, real"), name=p.level)),
        )
    ]
    return Course(x=Axis(title=_axis(p.x, words, 1)), y=Axis(title=_axis(p.y, words, 2)), points=points, height=460)


def _axis(axis: preview.Axis, words: Words, number: int) -> str:
    if axis.name:
        return axis.name
    return words(N_("component {number:count} of all numbers ({share:percent} of their spread)"), number=number, share=axis.share)


def worth_drawing(p: Imbalance) -> list[str]:
    """Ways for a picture of curves: nothing done, the cheapest, and three that people ask for."""
    best = p.compared.best
    wanted = ["nothing", best.name if best else "threshold", "weights", "smote", "balanced_forest"]
    return [way.name for way in p.ways if way.name in wanted]
