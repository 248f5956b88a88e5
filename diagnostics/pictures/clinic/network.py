"""The lab's pictures: a run with its layers' gradients, the range test, and runs before and after a remedy."""

from __future__ import annotations

from diagnostics.clinic.network.check import Lab, Range
from diagnostics.clinic.training_history.check import TrainingHistories
from diagnostics.clinic.training_history.history import VAL_LOSS
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.clinic import training_history
from diagnostics.pictures.marks import Axis, Span
from diagnostics.pictures.shapes import Course, Curve, Limit, Shape
from diagnostics.pictures.style import Tone


def draw(p: Lab, finding: Finding | None, words: Words) -> Shape | None:
    """The range test, the held-out losses of all remedies, or the losses of the one run with the stretch at fault."""
    if p.swept is not None:
        return draw_range(p.swept, words)
    if p.compared is not None:
        return draw_runs(p, words)
    return training_history.draw(TrainingHistories(p.runs), finding, words) if p.runs else None


def draw_range(swept: Range, words: Words) -> Shape:
    """Loss by learning rate, both axes as they are read: the rate logarithmic, the suggested one marked."""
    first, least = swept.losses[0], min(swept.losses)
    # Past the last good rate the loss is thousands: the way down to it would be a flat line beside that.
    ends = (least - 0.1 * (first - least), first + 0.5 * (first - least)) if first > least else (None, None)
    suggested = words(N_("suggested: {rate:number}"), rate=swept.suggested)
    return Course(
        x=Axis(title=words(N_("learning rate")), log=True),
        y=Axis(title=words(N_("loss, smoothed")), low=ends[0], high=ends[1]),
        curves=(Curve(x=swept.rates, y=swept.losses, name="", tone=Tone.CURRENT, width=2),),
        spans=(Span(low=swept.lowest, high=swept.highest, axis="x", tone=Tone.FINE),),
        moments=(Limit(at=swept.suggested, label=suggested, tone=Tone.FINE, dash=""),),
    )


def draw_runs(p: Lab, words: Words) -> Shape | None:
    """Held-out loss of the first run of each, "before" in vermilion, the best remedy in green."""
    best = p.compared.best.says if p.compared is not None and p.compared.best is not None else None
    drawn = [(run, curve) for run in p.runs if (curve := run.history.curve(VAL_LOSS)) is not None and len(curve.y) > 1]
    if not drawn:
        return None
    lowest = min(min(curve.y) for _, curve in drawn)
    # A run that broke out would press all others onto the axis.
    top = 3 * max(min(curve.y) for _, curve in drawn) if lowest > 0 else None
    curves = []
    for run, curve in drawn:
        name = run.history.file
        tone = Tone.FAULT if run is p.runs[0] else Tone.FINE if name == best else Tone.REFERENCE
        loud = tone is not Tone.REFERENCE
        y = [value if top is None or value <= top else None for value in curve.y]
        curves.append(Curve(x=curve.x, y=y, name=words(name), tone=tone, width=2.4 if loud else 1.4, named=loud))
    return Course(x=Axis(title=words(N_("epoch"))), y=Axis(title=words(N_("held-out loss"))), curves=curves)
