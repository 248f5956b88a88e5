"""The gradients and learning rate lab: a small network on the user's own rows."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from diagnostics.clinic.network.check import ROWS, Lab, Settings
from diagnostics.clinic.network.log import as_lines
from diagnostics.clinic.network.presets import PRESETS
from diagnostics.clinic.network.settings import ACTIVATION_NAMES, INITIALISATION_NAMES, OPTIMISERS, SCHEDULES, Network
from diagnostics.clinic.training_history.check import BY_CODE
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.clinic import network, training_history
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.text import plain

MODES = {
    "train": N_("Train once and watch"),
    "remedies": N_("Try the remedies, before and after"),
    "range": N_("Look for a learning rate"),
}
NAMES = {
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "he": "He",
    "xavier": "Xavier (Glorot)",
    "lecun": "LeCun",
    "too_small": N_("too small"),
    "too_large": N_("too large"),
    "sgd": "SGD",
    "momentum": N_("SGD with momentum"),
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "constant": N_("constant"),
    "step": N_("in steps"),
    "cosine": N_("cosine"),
    "cyclical": N_("cyclical"),
    "one_cycle": N_("one cycle"),
}


def settings(opened: Opened, last: Settings) -> Settings:
    """A problem to begin with, what to do, and every part of the network."""
    words = opened.words
    problems = list(PRESETS)
    left, right = st.columns(2)
    with left:
        problem = st.selectbox(
            words(N_("Problem to show")),
            problems,
            index=problems.index(last.problem) if last.problem in problems else 0,
            format_func=lambda name: words(PRESETS[name].title),
            key="lab-problem",
        )
    with right:
        mode = st.selectbox(
            words(N_("What to do")),
            list(MODES),
            index=list(MODES).index(last.mode) if last.mode in MODES else 0,
            format_func=lambda name: words(MODES[name]),
            key="lab-mode",
        )
    base = last.network if problem == last.problem else PRESETS[problem].network
    with st.expander(words(N_("The network and how it is trained"))):
        network = _network(base, words, problem)
    return Settings(mode, problem, network, last.seeds)


def _network(base: Network, words: Words, problem: str) -> Network:
    """Widgets for every part, beginning with those of the problem."""

    def choose(label: str, options: tuple[str, ...], chosen: str, name: str) -> str:
        picked = st.selectbox(
            words(label),
            options,
            index=options.index(chosen),
            format_func=lambda one: words(NAMES[one]),
            key=f"lab-{problem}-{name}",
        )
        return picked or chosen

    def number(label: str, low: float, high: float, value: float, name: str) -> float:
        return st.number_input(words(label), low, high, value, format="%.6g", key=f"lab-{problem}-{name}")

    def count(label: str, low: int, high: int, value: int, name: str) -> int:
        return st.number_input(words(label), low, high, value, key=f"lab-{problem}-{name}")

    one, two, three = st.columns(3)
    with one:
        made = replace(
            base,
            depth=count(N_("Hidden layers"), 1, 20, base.depth, "depth"),
            width=count(N_("Units in a layer"), 1, 256, base.width, "width"),
            activation=choose(N_("Activation"), ACTIVATION_NAMES, base.activation, "activation"),
            initialisation=choose(N_("Initialisation"), INITIALISATION_NAMES, base.initialisation, "init"),
            batch_norm=st.checkbox(words(N_("Batch normalisation")), base.batch_norm, key=f"lab-{problem}-norm"),
            residual=st.checkbox(words(N_("Residual connections")), base.residual, key=f"lab-{problem}-residual"),
        )
    with two:
        made = replace(
            made,
            optimiser=choose(N_("Optimiser"), OPTIMISERS, base.optimiser, "optimiser"),
            rate=number(N_("Learning rate"), 1e-8, 100.0, base.rate, "rate"),
            momentum=number(N_("Momentum"), 0.0, 0.999, base.momentum, "momentum"),
            schedule=choose(N_("Schedule"), SCHEDULES, base.schedule, "schedule"),
            warm_up=count(N_("Warm-up, in epochs"), 0, 100, base.warm_up, "warm"),
            clip=number(N_("Clip gradients to norm (0: not)"), 0.0, 1000.0, base.clip, "clip"),
        )
    with three:
        return replace(
            made,
            epochs=count(N_("Epochs"), 2, 300, base.epochs, "epochs"),
            batch=count(N_("Rows in a batch"), 1, 1024, base.batch, "batch"),
            accumulate=count(N_("Batches accumulated"), 1, 64, base.accumulate, "accumulate"),
            dropout=number(N_("Dropout"), 0.0, 0.95, base.dropout, "dropout"),
            l2=number(N_("Weight decay"), 0.0, 100.0, base.l2, "l2"),
            norm_momentum=number(N_("Momentum of batch normalisation"), 0.0, 0.9999, base.norm_momentum, "norm-momentum"),
            patience=count(N_("Stop after so many epochs without gain (0: never)"), 0, 300, base.patience, "patience"),
        )


def below(p: Lab, opened: Opened) -> None:
    """Gradients of each layer, the doctor's verdict on every run, and the run as a history to download."""
    words = opened.words
    most = N_("The lab takes numeric columns, standardised, of at most {rows:count} rows; a third of them is held out.")
    st.markdown(plain(words(most, rows=ROWS)))
    _gradients(p, opened, key="lab")
    if len(p.runs) > 1:
        st.subheader(words(N_("What the doctor says of each run")), anchor=False)
        healthy = words(N_("Nothing wrong was found."))
        st.dataframe(
            [
                {
                    words(N_("run")): words(name),
                    words(N_("result")): words(BY_CODE[run.found[0].code].title) if run.found else healthy,
                }
                for name, run in zip(p.names, p.runs, strict=False)
            ],
            hide_index=True,
            alt=words(N_("The doctor's verdict on each run")),
        )
    if p.runs:
        st.download_button(
            words(N_("Download this run as a training history (.jsonl)")),
            data=lambda: as_lines(p.runs[0].history),
            file_name="lab_history.jsonl",
            mime="application/json",
            key="lab-history",
            on_click="ignore",
        )
    with st.expander(words(N_("Sequences: LSTM and GRU"))):
        st.markdown(
            words(
                N_(
                    "A plain recurrent network multiplies the gradient by the same matrix at every step of the sequence, so "
                    "over 50 steps it "
                    "vanishes or explodes like that of 50 layers. LSTM and GRU carry their state along a path that is added "
                    "to and "
                    "gated rather than multiplied, as residual connections do here: the gradient passes unchanged while a "
                    "gate is open. "
                    "For sequences use them (or attention), clip the gradient to norm 1, and begin the forget gate's bias with 1."
                )
            )
        )
        st.code(
            "layer = torch.nn.LSTM(inputs, 64, num_layers=2, batch_first=True)\n"
            "for name, value in layer.named_parameters():\n"
            "    if name.startswith('bias_ih'):\n"
            "        torch.nn.init.ones_(value.data[64:128])  # the forget gate\n"
            "torch.nn.utils.clip_grad_norm_(layer.parameters(), max_norm=1.0)\n",
            language="python",
        )


def watching(p: Lab, opened: Opened) -> None:
    """Loss and gradients so far."""
    if not p.runs:
        return
    words = opened.words
    plot(network.draw(replace(p, runs=p.runs[-1:]), None, words), opened.visit, alt=words(N_("Loss so far")), key="lab-live")
    _gradients(replace(p, runs=p.runs[-1:]), opened, key="lab-live")


def _gradients(p: Lab, opened: Opened, *, key: str) -> None:
    words = opened.words
    figure = training_history.draw_layers(p.runs[0].history, words) if p.runs else None
    if figure is None:
        return
    text = words(N_("Gradient of each layer: where the first layer's lies far below the last layer's, it hardly learns."))
    st.markdown(plain(text))
    plot(figure, opened.visit, alt=text, key=f"{key}-gradients")


clinic_page(
    "network",
    N_("How do gradients and the learning rate behave in a small network on your own rows?"),
    settings=settings,
    below=below,
    while_running=watching,
    button=N_("Train"),
    well=N_("This network trains as it should: the doctor finds nothing wrong in its history."),
)
