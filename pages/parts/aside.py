"""Columns that a person set aside, and the way back."""

from __future__ import annotations

import streamlit as st

from diagnostics.keep import investigation_job, store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from pages.parts.jobs import job_queue
from pages.parts.text import plain, sentence
from pages.parts.visit import Visit

SAID = {"not_features": N_("{column} is not given to the model."), "ignore": N_("{column} is left out of everything.")}


def set_aside(visit: Visit) -> None:
    """A line and a button for each column that is no feature, or ignored."""
    words, incident = visit.words, visit.incident or ""
    said = store.stated(incident)
    for key, message in SAID.items():
        named = said.get(key) or []
        for name in [named] if isinstance(named, str) else named:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(sentence(message, {"column": str(name)}, words), width="content")
                if not visit.read_only and st.button(words(N_("Take it in again")), key=f"aside-{key}-{name}"):
                    say(key, str(name), False, visit)
                    st.rerun()


def say(key: str, name: str, aside: bool, visit: Visit) -> bool:
    """Write into incident.yaml that a column is set aside, or no longer, and look again; whether that could be kept."""
    incident = visit.incident or ""
    try:
        before = store.stated(incident).get(key) or []
        listed = [before] if isinstance(before, str) else [str(one) for one in before]
        kept = [one for one in listed if one != name] + ([name] if aside else [])
        store.describe(incident, {key: kept or None})
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return False
    investigation_job.ask(job_queue(), incident, visit.scope)
    return True
