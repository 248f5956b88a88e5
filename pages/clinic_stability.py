"""Does the same training give the same model, and what makes it steadier?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diagnostics.clinic.shared.compare import translate
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.clinic.stability.check import Settings, Stability, steadiest
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import stability as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.text import plain

LEAST, MOST = 4, 30


def settings(opened: Opened, last: Settings) -> Settings:
    """Which model, and how often it is trained."""
    words, names = opened.words, list(FAMILIES)
    left, right = st.columns(2)
    with left:
        family = st.selectbox(
            words(N_("Model")),
            names,
            index=names.index(last.family) if last.family in names else 0,
            format_func=lambda name: words(FAMILIES[name].title),
            key="stability-family",
        )
    with right:
        trainings = st.slider(
            words(N_("Trainings of each kind")), LEAST, MOST, min(MOST, max(LEAST, last.trainings)), key="stability-trainings"
        )
    return Settings(family=family, trainings=int(trainings))


def below(p: Stability, opened: Opened) -> None:
    """What the variance comes from, and the remedies."""
    words = opened.words
    seeds = p.source("seed")
    left, right = st.columns(2)
    with left:
        st.subheader(words(N_("What moves the score")), anchor=False)
        most = max(p.sources, key=lambda source: source.share, default=None)
        text = ""
        if most is not None:
            says = N_("What moves it most: “{what:term}”, with {share:percent} of its variance.")
            text = words(says, share=most.share, what=most.says)
            st.markdown(plain(text))
        plot(drawing.draw_parts(p, words), opened.visit, alt=text, key="stability-parts")
    with right:
        st.subheader(words(N_("Score of every training")), anchor=False)
        text = words(N_("A row of dots for each thing that was changed, and nothing else; the wider, the more it matters."))
        st.markdown(text)
        plot(drawing.draw_scores(p, words), opened.visit, alt=text, key="stability-scores")
    st.subheader(words(N_("What was tried")), anchor=False)
    best = steadiest(p)
    if best is None or seeds is None:
        text = words(N_("No gain: nothing tried makes the answers steadier beyond chance without costing score."))
    else:
        says = N_(
            "“{remedy:term}” helps most: {after:percent} of the answers differ between two trainings instead of "
            "{before:percent}; the score changes by {low:number} to {high:number}."
        )
        values = {
            "after": best.flipped,
            "before": seeds.flipped,
            "low": round(best.gain.low, 4),
            "high": round(best.gain.high, 4),
        }
        text = words(says, remedy=best.says, **values)
    st.markdown(plain(text))
    plot(drawing.draw_calmer(p, words), opened.visit, alt=text, key="stability-calmer")
    if p.family == "network":
        st.markdown(
            words(
                N_(
                    "Larger batches, or several small ones accumulated into one step, average over more rows and smooth the "
                    "updates. Smaller batches do not: they make each step noisier, which sometimes helps a network to generalise."
                )
            )
        )
    with st.expander(words(N_("The numbers, before and after"))):
        rows = [
            {
                words(N_("what")): translate(words, calmer.says),
                words(N_("answers that differ")): round(calmer.flipped, 4),
                words(N_("fewer by")): round(calmer.less.value, 4),
                words(N_("from")): round(calmer.less.low, 4),
                words(N_("to")): round(calmer.less.high, 4),
                words(N_("score")): round(calmer.score, 4),
                words(N_("score changes by")): round(calmer.gain.value, 4),
            }
            for calmer in p.calmer
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=words(N_("Remedies before and after")))


def watching(p: Stability, opened: Opened) -> None:
    """The trainings so far."""
    words = opened.words
    plot(drawing.draw_scores(p, words), opened.visit, alt=words(N_("Score of every training")), key="stability-live")


clinic_page(
    "stability",
    N_("Does the same training give the same model, and what makes it steadier?"),
    settings=settings,
    below=below,
    while_running=watching,
)
