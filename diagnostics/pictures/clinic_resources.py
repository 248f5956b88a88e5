"""Memory by part beside what the device has, what each change leaves, and what was measured."""

from __future__ import annotations

import plotly.graph_objects as go

from diagnostics.clinic.resources.check import Resources
from diagnostics.clinic.resources.model import GB
from diagnostics.clinic.resources.rules import MEASURED
from diagnostics.clinic.shared.compare import translate
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.style import Palette, blank, safe, threshold_line, wrapped


def draw(p: Resources, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """The parts in training and service; for MEASURED what was measured."""
    if finding is not None and finding.rule is MEASURED:
        return draw_trials(p, words, palette)
    return draw_parts(p, words, palette)


def draw_parts(p: Resources, words: Words, palette: Palette) -> go.Figure:
    """Stacked bars of GB, training above service; the dotted line is the device's memory."""
    figure = blank(words, palette, x=N_("GB on one device"), height=250)
    names = [words(N_("service")), words(N_("training"))]
    kinds = (
        (N_("weights"), "weights", palette.current),
        (N_("gradients"), "gradients", palette.fine),
        (N_("optimiser"), "optimiser", palette.watch),
        (N_("activations"), "activations", palette.fault),
        (N_("framework"), "reserve", palette.reference),
    )
    for name, part, colour in kinds:
        sizes = [getattr(p.serving, part) / GB, getattr(p.training, part) / GB]
        if not any(sizes):
            continue
        figure.add_bar(
            x=sizes,
            y=names,
            orientation="h",
            width=0.55,
            name=words(name),
            marker={"color": colour, "line": {"width": 1, "color": palette.grid}},
            hovertemplate="%{x:.3g} GB<extra>" + words(name) + "</extra>",
        )
    label = words(N_("device: {memory:number} GB"), memory=p.model.memory)
    threshold_line(figure, p.model.memory, label, palette, vertical=True)
    figure.update_layout(barmode="stack", showlegend=True)
    top = max(p.training.total, p.serving.total, p.model.memory * GB) / GB
    figure.update_xaxes(range=[0, 1.12 * top])
    return figure


def draw_changes(p: Resources, words: Words, palette: Palette) -> go.Figure | None:
    """GB of training with one change each; green where it then fits."""
    shown = sorted((c for c in p.changes if c.training < 0.98 * p.training.total), key=lambda c: -c.training)
    if not shown:
        return None
    figure = blank(words, palette, x=N_("GB in training on one device, with this change alone"), height=130 + 78 * len(shown))
    memory = p.model.memory * GB
    figure.add_bar(
        y=[wrapped(words(c.says)) for c in shown],
        x=[c.training / GB for c in shown],
        orientation="h",
        width=0.5,
        marker_color=[palette.fine if c.training <= memory else palette.fault for c in shown],
        text=[words(N_("{size:number} GB"), size=c.training / GB) for c in shown],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.3g} GB<extra></extra>",
    )
    threshold_line(figure, p.model.memory, words(N_("device: {memory:number} GB"), memory=p.model.memory), palette, vertical=True)
    figure.update_xaxes(range=[0, 1.25 * max(p.model.memory, *(c.training / GB for c in shown))])
    return figure


def draw_trials(p: Resources, words: Words, palette: Palette) -> go.Figure | None:
    """Memory and time of a step beside the first trial's."""
    if len(p.trials) < 2:
        return None
    first, shown = p.trials[0], list(reversed(p.trials))
    figure = blank(words, palette, x=N_("compared with the first line"), height=150 + 60 * len(shown))
    names = [wrapped(safe(translate(words, trial.says), cap=80)) for trial in shown]
    for label, values, colour in (
        (words(N_("time")), [trial.seconds / first.seconds for trial in shown], palette.reference),
        (words(N_("memory")), [trial.bytes / max(1, first.bytes) for trial in shown], palette.current),
    ):
        figure.add_bar(
            y=names,
            x=values,
            orientation="h",
            name=label,
            marker_color=colour,
            text=[words.percent(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.0%}<extra>" + label + "</extra>",
        )
    figure.update_layout(barmode="group", showlegend=True)
    top = max(max(t.seconds / first.seconds, t.bytes / max(1, first.bytes)) for t in shown)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.2 * top])
    return figure
