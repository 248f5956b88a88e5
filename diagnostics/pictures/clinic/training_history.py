"""A training run: its losses over the epochs with the stretch at fault marked, and each layer's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.clinic.training_history import history as runs
from diagnostics.clinic.training_history.check import Diagnosed, TrainingHistories
from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, History
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis, Span
from diagnostics.pictures.shapes import Course, Curve, Limit, Shape
from diagnostics.pictures.style import Tone

AXES: Final = {"epoch": N_("epoch"), "step": N_("step"), "round": N_("round")}
LABELS: Final = {
    LOSS: N_("training"),
    VAL_LOSS: N_("validation"),
    SCORE: N_("training"),
    VAL_SCORE: N_("validation"),
    RATE: N_("learning rate"),
    GRADIENT: N_("gradient norm"),
}
WIDE: Final = 100.0
"""Highest by lowest value from which on a logarithmic axis shows more."""

LAYERS: Final = 12
"""Layers drawn one by one; of more, the first, the last and some between."""


def draw(p: TrainingHistories, finding: Finding | None, words: Words) -> Shape | None:
    """Training and validation loss of the run that the finding speaks of, else of the first run."""
    run = run_of(p, finding)
    losses = _known(run.history, LOSS, VAL_LOSS) or _known(run.history, SCORE, VAL_SCORE)
    if not losses:
        return None
    title = words(N_("loss")) if losses[0].part == LOSS else losses[0].name
    spans, moments = _stretch(run.history, finding, words)
    return _curves(losses, run.history, words, title=title, spans=spans, moments=moments)


def draw_more(run: Diagnosed, part: str, words: Words) -> Shape | None:
    """The scores ("score"), the learning rate ("rate") or the gradient of the whole model ("gradient") of a run."""
    curves = _known(run.history, *((SCORE, VAL_SCORE) if part == SCORE else (part,)))
    return _curves(curves, run.history, words, title=curves[0].name, height=260) if curves else None


def _known(history: History, *parts: str) -> list[runs.Curve]:
    return [curve for part in parts if (curve := history.curve(part)) is not None and len(curve.y) > 1]


def draw_layers(history: History, words: Words) -> Shape | None:
    """Norm of the gradient of each layer, the first and the last loud; None where fewer than two were recorded."""
    known = [layer for layer in history.layers if layer.gradients]
    if len(known) < 2:
        return None
    places = sorted({round(i * (len(known) - 1) / (min(LAYERS, len(known)) - 1)) for i in range(min(LAYERS, len(known)))})
    loud = {places[0]: (Tone.FAULT, words(N_("first layer"))), places[-1]: (Tone.CURRENT, words(N_("last layer")))}
    curves = []
    for place in places:
        layer = known[place]
        tone, name = loud.get(place, (Tone.REFERENCE, layer.name))
        y = [value if value > 0 else None for value in layer.gradients]
        curves.append(Curve(x=layer.x, y=y, name=name, tone=tone, width=2.4 if place in loud else 1.2, named=place in loud))
    x, y_axis = Axis(title=words(AXES[history.unit])), Axis(title=words(N_("gradient norm")), log=True)
    return Course(x=x, y=y_axis, curves=curves, height=300)


def run_of(p: TrainingHistories, finding: Finding | None) -> Diagnosed:
    named = finding.evidence.get("file") if finding else None
    return next((run for run in p.runs if run.history.file == named), p.runs[0])


def _curves(
    curves: Sequence[runs.Curve],
    history: History,
    words: Words,
    *,
    title: str,
    height: float = 340,
    spans: Sequence[Span] = (),
    moments: Sequence[Limit] = (),
) -> Shape:
    values = [abs(y) for curve in curves for y in curve.y if y]
    wide = bool(values) and all(y > 0 for curve in curves for y in curve.y) and max(values) / min(values) > WIDE
    drawn = [
        Curve(
            x=curve.x,
            y=curve.y,
            name=words(LABELS[curve.part]),
            tone=Tone.CURRENT if curve.part in (VAL_LOSS, VAL_SCORE) or len(curves) == 1 else Tone.REFERENCE,
            marked=len(curve.x) <= 30,
            width=2,
        )
        for curve in curves
    ]
    x, y = Axis(title=words(AXES[history.unit])), Axis(title=title, log=wide)
    return Course(x=x, y=y, curves=drawn, spans=spans, moments=moments, height=height)


def _stretch(history: History, finding: Finding | None, words: Words) -> tuple[list[Span], list[Limit]]:
    """The stretch at fault, and where it begins."""
    begins, until = (finding.evidence.get(name) if finding else None for name in ("begins", "until"))
    if not isinstance(begins, int | float) or not isinstance(until, int | float):
        return [], []
    width = max((curve.x[-1] - curve.x[0] for curve in history.curves if len(curve.x) > 1), default=1.0)
    span = Span(low=begins, high=max(until, begins + 0.01 * width), axis="x", tone=Tone.FAULT)
    label = words(N_("from {unit} {place:number} on"), unit=words(AXES[history.unit]), place=float(begins))
    return [span], [Limit(at=begins, label=label, tone=Tone.FAULT, dash="")]
