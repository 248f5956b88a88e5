"""Does a model fit on a device, and what would have to change?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from diagnostics.clinic.resources.check import Resources, Settings
from diagnostics.clinic.resources.model import GB, SERVED_BYTES, Described, Kind, Optimiser, Precision, Recompute
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import resources as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.text import plain

Named = TypeVar("Named", bound=str)

KINDS = {
    Kind.TRANSFORMER: N_("transformer"),
    Kind.DENSE: N_("dense network"),
    Kind.CNN: N_("convolutional network"),
}
OPTIMISERS = {Optimiser.ADAM: "Adam", Optimiser.MOMENTUM: N_("SGD with momentum"), Optimiser.SGD: "SGD"}
PRECISIONS = {
    Precision.FULL: N_("32 bits"),
    Precision.MIXED: N_("mixed (16 and 32 bits)"),
    Precision.DOUBLE: N_("64 bits"),
}
AGAIN = {
    Recompute.NONE: N_("none"),
    Recompute.SELECTIVE: N_("the attention (selective)"),
    Recompute.FULL: N_("all layers (full)"),
}
SIZES: dict[Kind, tuple[tuple[str, str], ...]] = {
    Kind.TRANSFORMER: (
        ("layers", N_("Layers")),
        ("hidden", N_("Width")),
        ("heads", N_("Heads")),
        ("sequence", N_("Sequence (tokens)")),
        ("vocabulary", N_("Vocabulary")),
    ),
    Kind.DENSE: (("inputs", N_("Number of inputs")), ("hidden", N_("Width")), ("layers", N_("Layers"))),
    Kind.CNN: (("image", N_("Side of the image (pixels)")), ("channels", N_("Channels at first")), ("layers", N_("Stages"))),
}
# What the fields start from.
FIRST = {
    Kind.TRANSFORMER: Described(),
    Kind.DENSE: Described(kind=Kind.DENSE, layers=4, hidden=1024, batch=256),
    Kind.CNN: Described(kind=Kind.CNN, layers=5, batch=64),
}


def settings(opened: Opened, last: Settings) -> Settings:
    """The model, its training, the device."""
    words = opened.words
    kinds = list(KINDS)
    kind = st.selectbox(
        words(N_("Kind of model")),
        kinds,
        index=kinds.index(last.model.kind),
        format_func=lambda k: words(KINDS[k]),
        key="resources-kind",
        width=320,
    )
    m = last.model if kind is last.model.kind else FIRST[kind]

    def count(place: DeltaGenerator, name: str, title: str) -> int:
        with place:
            value = st.number_input(words(title), 1, 10_000_000, int(getattr(m, name)), key=f"resources-{kind}-{name}")
        return int(value)

    sizes = {
        name: count(place, name, title) for (name, title), place in zip(SIZES[kind], st.columns(len(SIZES[kind])), strict=True)
    }
    a, b, c, d = st.columns(4)
    batch = count(a, "batch", N_("Batch on one device"))
    parts = count(b, "accumulation", N_("In so many parts"))
    with c:
        optimiser = _choice(opened, N_("Optimiser"), OPTIMISERS, m.optimiser, f"{kind}-optimiser")
    with d:
        precision = _choice(opened, N_("Precision"), PRECISIONS, m.precision, f"{kind}-precision")
    a, b, c, d = st.columns(4)
    ways = dict(AGAIN) if kind is Kind.TRANSFORMER else {way: AGAIN[way] for way in (Recompute.NONE, Recompute.FULL)}
    with a:
        again = _choice(opened, N_("Checkpointing"), ways, m.recompute, f"{kind}-again")
    devices = count(b, "devices", N_("Devices that share the batch"))
    tensor = count(c, "tensor", N_("Devices that share a layer"))
    with d:
        zero = st.selectbox(words(N_("ZeRO stage")), (0, 1, 2, 3), index=m.zero, key=f"resources-{kind}-zero")
    a, b, c, d = st.columns(4)
    with a:
        memory = st.number_input(
            words(N_("Memory of a device (GB)")), 0.1, 10_000.0, float(m.memory), key=f"resources-{kind}-memory"
        )
    with b:
        pruned = st.slider(words(N_("Share pruned away")), 0.0, 0.95, float(m.pruned), 0.05, key=f"resources-{kind}-pruned")
    with c:
        bits = {name: name for name in SERVED_BYTES}
        served = _choice(opened, N_("Precision in service"), bits, m.served, f"{kind}-served")
    served_batch = count(d, "served_batch", N_("Batch in service"))
    measure = st.checkbox(
        words(N_("Also measure on this machine what precision, batch, accumulation and checkpointing change")),
        value=last.measure,
        key="resources-measure",
    )
    made = replace(
        m,
        kind=kind,
        **sizes,
        batch=batch,
        accumulation=parts,
        optimiser=optimiser,
        precision=precision,
        recompute=again,
        devices=devices,
        tensor=tensor,
        zero=int(zero),
        memory=float(memory),
        reserve=min(m.reserve, float(memory)),
        pruned=float(pruned),
        served=served,
        served_batch=served_batch,
    )
    return Settings(made, measure=bool(measure))


def _choice(opened: Opened, title: str, named: Mapping[Named, str], first: Named, key: str) -> Named:
    names = list(named)
    return st.selectbox(
        opened.words(title),
        names,
        index=names.index(first) if first in names else 0,
        format_func=lambda name: opened.words(named[name]),
        key=f"resources-{key}",
    )


def below(p: Resources, opened: Opened) -> None:
    """What each change leaves, and what was measured."""
    words = opened.words
    said = N_("{parameters:number} million parameters; the framework itself is taken to need {reserve:number} GB.")
    st.markdown(plain(words(said, parameters=p.parameters / 1e6, reserve=p.model.reserve)))
    st.subheader(words(N_("What each change would leave")), anchor=False)
    memory = p.model.memory * GB
    fitting = sum(change.training <= memory for change in p.changes)
    text = words(
        N_("With {fitting:count} of {count:count} single changes training fits in {memory:number} GB."),
        fitting=fitting,
        count=len(p.changes),
        memory=p.model.memory,
    )
    st.markdown(plain(text))
    plot(drawing.draw_changes(p, words), opened.visit, alt=text, key="resources-changes")
    yes, no = words(N_("yes")), words(N_("no"))
    rows = [
        {
            words(N_("change")): words(change.says),
            words(N_("training, GB")): round(change.training / GB, 2),
            words(N_("fits")): yes if change.training <= memory else no,
            words(N_("service, GB")): round(change.serving / GB, 2),
            words(N_("what it costs")): words(change.costs),
        }
        for change in p.changes
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=words(N_("Memory with each change")))
    if not p.trials:
        return
    st.subheader(words(N_("Measured on this machine")), anchor=False)
    said = N_("One step of a network of 17 layers of 128 units, {rows:count} of your rows.")
    if not p.own:
        said = N_("One step of a network of 17 layers of 128 units, {rows:count} made-up rows.")
    text = words(said, rows=p.trials[0].batch)
    st.markdown(plain(text))
    plot(drawing.draw_trials(p, words), opened.visit, alt=text, key="resources-trials")
    accumulated = next((t for t in p.trials if t.name == "accumulated"), None)
    if accumulated is not None and accumulated.same is not None:
        said = N_("Accumulated over 8 parts, the gradient is the same to {same:percent} of its largest entry.")
        st.markdown(plain(words(said, same=accumulated.same)))
    if p.why:
        st.markdown(plain(words(N_("What the changes do to the answers was not measured: no table with a target is open."))))


clinic_page(
    "resources",
    N_("Does a model fit on a device, in training and in service, and what would have to change?"),
    settings=settings,
    below=below,
    table=False,
    button=N_("Add up"),
)
