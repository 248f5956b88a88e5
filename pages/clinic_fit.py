"""Over- and underfitting, and what more rows would bring."""

from __future__ import annotations

import streamlit as st

from diagnostics.clinic.fit.check import TRIED_ROWS, Fit, Settings
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import fit as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.text import plain


def settings(opened: Opened, last: Settings) -> Settings:
    """Which model is looked at."""
    words, names = opened.words, list(FAMILIES)
    family = st.selectbox(
        words(N_("Model")),
        names,
        index=names.index(last.family) if last.family in names else 0,
        format_func=lambda name: words(FAMILIES[name].title),
        key="fit-family",
        width=320,
    )
    return Settings(family=family)


def below(p: Fit, opened: Opened) -> None:
    """Both validation curves."""
    words = opened.words
    if p.data.rows > TRIED_ROWS:
        said = N_("The learning curve was measured on {all:count} rows, all that follows on {rows:count} of them.")
        st.markdown(plain(words(said, all=p.data.rows, rows=TRIED_ROWS)))
    st.subheader(words(N_("From a simple to a rich model")), anchor=False)
    st.markdown(
        words(
            N_("Where the lines part and the blue one falls, the model learns by heart; where both still rise, it is too simple.")
        )
    )
    for place, (curve, column) in enumerate(zip(p.knobs, st.columns(max(1, len(p.knobs))), strict=False)):
        figure = drawing.draw_knob(curve, p, words)
        if figure is None:
            continue
        best = max(curve.steps, key=lambda step: step.held.value)
        says = N_("Held-out rows: best at {value:number} ({score:number}).")
        text = words(says, value=best.value, score=best.held.value)
        with column:
            plot(figure, opened.visit, alt=text, key=f"fit-knob{place}")
            st.markdown(plain(text))


clinic_page(
    "fit",
    N_("Is the model too rich for these rows, or too simple, and would more rows help?"),
    settings=settings,
    below=below,
)
