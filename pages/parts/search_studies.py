"""The studies of the open incident: how each stands, resuming one or several, several side by side, and more workers for them."""

from __future__ import annotations

import shlex

import pandas as pd
import streamlit as st

from diagnostics.clinic.search.check import Settings, digest_of_owner
from diagnostics.clinic.search.plan import SHORT
from diagnostics.clinic.search.storage import dashboard_command, default_url, without_password
from diagnostics.clinic.search.study_list import (
    STANDS,
    Progress,
    StudySummary,
    finish_settings,
    list_studies,
    load_search,
    resume_settings,
    resume_together,
)
from diagnostics.clinic.shared import clinic_job
from diagnostics.clinic.shared.clinic_job import latest_run
from diagnostics.clinic.shared.scores import METRICS
from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten
from pages.parts.clinic import Opened
from pages.parts.jobs import job_queue
from pages.parts.search_pictures import show_picture, show_pictures
from pages.parts.text import plain

SHOWN = 20


def show_studies(opened: Opened) -> None:
    """The list, what is shown of it, and the lines for a shell. Nothing where there is no study yet."""
    words, incident = opened.words, opened.visit.incident
    if incident is None:
        return
    try:
        url = default_url(incident)
        found = list_studies(url, owner=digest_of_owner(store.identity(incident)) if url.startswith("postgres") else "")
    except BadInput as reason:
        st.warning(plain(reason.statement(words)))
        return
    if not found:
        return
    st.subheader(words(N_("Studies of this incident")), anchor=False)
    st.dataframe(
        pd.DataFrame(
            [
                {
                    words(N_("study")): shorten(one.name),
                    words(N_("search")): words(SHORT[one.plan.method]),
                    words(N_("state")): words(STANDS[one.progress]),
                    words(N_("trials")): f"{one.done} / {one.plan.trials}" if one.plan.trials else str(one.done),
                    words(N_("metric")): words(METRICS[one.plan.metric].says),
                    words(N_("best value")): None if one.best is None else float(f"{one.best:.5g}"),
                }
                for one in found[:SHOWN]
            ]
        ),
        hide_index=True,
        alt=words(N_("Every study with its state, its trials and its best value")),
    )
    running = latest_run(job_queue(), "search", incident)
    busy = running is not None and not running.ended.is_set()
    _resume(opened, [one for one in found if one.progress is Progress.STOPPED], busy or opened.visit.read_only)
    _show_study(opened, found, url)
    _show_commands(opened, found, url)


def _resume(opened: Opened, stopped: list[StudySummary], busy: bool) -> None:
    words = opened.words
    beside = resume_together(stopped)
    if beside is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="stopped-together"):
            st.markdown(plain(words(N_("These ran side by side: {names:list}."), names=list(beside[0]))))
            if st.button(words(N_("Resume all")), key="resume-all", disabled=busy):
                _ask(opened, beside[1])
    for place, one in enumerate(stopped[:SHOWN]):
        said = N_("{name:name}: trials done {done:count}; none was cut off.")
        if one.left:
            said = N_("{name:name}: trials done {done:count}; running when it was stopped, to be run again: {left:count}.")
        with st.container(horizontal=True, vertical_alignment="center", key=f"stopped-{place}"):
            st.markdown(plain(words(said, name=one.name, done=one.done, left=one.left)))
            if st.button(words(N_("Resume")), key=f"resume-{place}", disabled=busy):
                _ask(opened, resume_settings(one))
            if one.done and st.button(words(N_("Judge what it found")), key=f"end-{place}", disabled=busy):
                _ask(opened, finish_settings(one))


def _ask(opened: Opened, settings: Settings) -> None:
    try:
        clinic_job.ask(
            job_queue(),
            "search",
            settings,
            opened.visit.incident,
            fingerprint=opened.fingerprint,
            seed=opened.incident.seed,
        )
    except BadInput as reason:
        st.error(plain(reason.statement(opened.words)))
        return
    st.rerun()


@st.fragment
def _show_study(opened: Opened, found: tuple[StudySummary, ...], url: str) -> None:
    """One study's pictures, or several on one axis."""
    words = opened.words
    with st.expander(words(N_("Look at studies, one or several side by side")), key="search-look", on_change="rerun") as box:
        if not box.open:
            return
        names = [one.name for one in found if one.done][:SHOWN]
        chosen = st.multiselect(words(N_("Studies")), names, default=names[:1], format_func=shorten, key="search-looked-at")
        if not chosen:
            st.markdown(words(N_("Choose one to see its pictures, or several with the same metric to compare them.")))
            return
        try:
            p = load_search(url, *chosen)
        except BadInput as reason:
            st.warning(plain(reason.statement(words)))
            return
        if len(chosen) > 1:
            show_picture("beside", p, opened.visit, key="looked")
        else:
            show_pictures(p, opened.visit, key="looked")


def _show_commands(opened: Opened, found: tuple[StudySummary, ...], url: str) -> None:
    words = opened.words
    with st.expander(words(N_("More workers, and Optuna's dashboard"))):
        st.markdown(
            words(
                N_(
                    "Any machine that reaches the database can work on a study: the rows and all settings are in it. Passwords "
                    "are left out of these lines."
                )
            )
        )
        name = next((one.name for one in found if one.progress is not Progress.COMPLETE), found[0].name)
        line = f"python -m diagnostics search-worker --storage {shlex.quote(without_password(url))} --study {shlex.quote(name)}"
        st.code(line, language="sh", wrap_lines=True)
        st.markdown(words(N_("Optuna's own dashboard opens the same studies:")))
        st.code(dashboard_command(url), language="sh", wrap_lines=True)
