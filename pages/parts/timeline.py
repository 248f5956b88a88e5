"""One timeline of deploys, data, metrics, errors and accuracy, with the sentence that says what came first."""

from __future__ import annotations

import streamlit as st

from diagnostics import timeline as times
from diagnostics.investigation import Investigation
from diagnostics.nouns.words import N_
from diagnostics.pictures import pictured
from pages.parts.cards import show
from pages.parts.text import plain
from pages.parts.visit import Visit


def timeline(investigation: Investigation, visit: Visit) -> None:
    """Nothing when fewer than two things have a known beginning."""
    p = times.timeline(investigation.incident.events, investigation.findings())
    if p is None:
        return
    words = visit.words
    st.subheader(words(N_("What came first")), anchor=False)
    said = times.told(p, words)
    st.markdown(plain(said))
    show(pictured.of_timeline(p, words), visit, key="timeline")
