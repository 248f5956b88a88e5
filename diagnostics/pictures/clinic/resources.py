"""Memory by part beside what the device has, what each change leaves, and what was measured."""

from __future__ import annotations

from diagnostics.clinic.resources.check import Resources
from diagnostics.clinic.resources.model import GB
from diagnostics.clinic.resources.rules import MEASURED
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Dumbbell, Limit, Pair, Part, Row, Shape, Side, Stack
from diagnostics.pictures.style import Tone

PARTS = (
    (N_("weights"), "weights", Tone.CURRENT),
    (N_("gradients"), "gradients", Tone.FINE),
    (N_("optimiser"), "optimiser", Tone.WATCH),
    (N_("activations"), "activations", Tone.FAULT),
    (N_("framework"), "reserve", Tone.REFERENCE),
)


def draw(p: Resources, finding: Finding | None, words: Words) -> Shape | None:
    """The parts in training and service; what was measured where the finding speaks of it."""
    if finding is not None and finding.rule is MEASURED:
        return draw_trials(p, words)
    return draw_parts(p, words)


def draw_parts(p: Resources, words: Words) -> Shape:
    """Stacked bars of GB, training above service; the dotted line is the device's memory."""
    rows = []
    for name, of in ((N_("training"), p.training), (N_("service"), p.serving)):
        parts, start = [], 0.0
        for said, part, tone in PARTS:
            size = getattr(of, part) / GB
            if size:
                parts.append(Part(name=words(said), start=start, length=size, tone=tone))
            start += size
        rows.append((words(name), parts))
    return Stack(rows=rows, axis=Axis(title=words(N_("GB on one device"))), limits=(_device(p, words),))


def _device(p: Resources, words: Words) -> Limit:
    return Limit(at=p.model.memory, label=words(N_("device: {memory:number} GB"), memory=p.model.memory))


def draw_changes(p: Resources, words: Words) -> Shape | None:
    """GB of training with one change each; green where it then fits."""
    rows = [
        Row(
            label=words(c.says),
            value=c.training / GB,
            tone=Tone.FINE if c.training <= p.model.memory * GB else Tone.FAULT,
            said=words(N_("{size:number} GB"), size=c.training / GB),
        )
        for c in sorted(p.changes, key=lambda c: c.training)
        if c.training < 0.98 * p.training.total
    ]
    title = words(N_("GB in training on one device, with this change alone"))
    return Bars(rows=rows, axis=Axis(title=title), limits=(_device(p, words),)) if rows else None


def draw_trials(p: Resources, words: Words) -> Shape | None:
    """Memory and time of a step beside the first trial's."""
    if len(p.trials) < 2:
        return None
    first = p.trials[0]
    rows = [
        Pair(
            label=translate(words, trial.says),
            reference=trial.seconds / first.seconds,
            current=trial.bytes / max(1, first.bytes),
        )
        for trial in p.trials
    ]
    sides = (Side(name=words(N_("time")), tone=Tone.REFERENCE), Side(name=words(N_("memory")), tone=Tone.CURRENT))
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("compared with the first line")), form="%", zero=True), sides=sides)
