"""Hyperparameters: a search to watch, to stop, to resume and to take along."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diagnostics.clinic.search import sentences as says
from diagnostics.clinic.search.check import Search, title
from diagnostics.clinic.search.export import params_json, source, trials_table
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.words import N_
from pages.parts.clinic import Opened, clinic_page
from pages.parts.export import csv_bytes
from pages.parts.search_form import choose_settings
from pages.parts.search_pictures import show_live, show_pictures
from pages.parts.search_studies import show_studies
from pages.parts.text import plain


def below(p: Search, opened: Opened) -> None:
    """What the choice is worth, the settings to take along, and the pictures."""
    words = opened.words
    for said in (says.describe_held_out(p), says.describe_optimism(p)):
        if said is not None:
            st.markdown(plain(words(said[0], **said[1])))
    if p.best is not None:
        _chosen(p, opened)
    show_pictures(p, opened.visit, key="search")


def _chosen(p: Search, opened: Opened) -> None:
    words = opened.words
    st.subheader(words(N_("The chosen settings")), anchor=False)
    st.markdown(plain(words(N_("{family:term}, from the study {name:name}:"), family=title(p.family), name=p.of)))
    st.table(
        {plain(name): plain(_written(value, opened)) for name, value in p.chosen},
        border="horizontal",
        width="content",
        alt=words(N_("Settings of the best trial")),
    )
    with st.container(horizontal=True):
        st.download_button(
            words(N_("Settings (.json)")),
            data=lambda: params_json(p),
            file_name="params.json",
            mime="application/json",
            key="search-json",
            on_click="ignore",
        )
        st.download_button(
            words(N_("Pipeline (.py)")),
            data=lambda: source(p, training_set(opened.incident), opened.incident),
            file_name="pipeline.py",
            mime="text/x-python",
            key="search-python",
            on_click="ignore",
        )
        st.download_button(
            words(N_("All trials (.csv)")),
            data=lambda: csv_bytes(pd.DataFrame(trials_table(p))),
            file_name="trials.csv",
            mime="text/csv",
            key="search-csv",
            on_click="ignore",
        )


def _written(value: object, opened: Opened) -> str:
    if isinstance(value, float):
        return opened.words.number(value)
    return "none" if value is None else str(value)


opened = clinic_page(
    "search",
    N_("Which settings suit your rows best? A search tries them, and rows it never saw judge the choice."),
    settings=choose_settings,
    below=below,
    while_running=lambda so_far, opened: show_live(so_far, opened.visit),
    button=N_("Search"),
)
show_studies(opened)
