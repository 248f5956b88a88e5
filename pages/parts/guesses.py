"""What was guessed about the tables, why, and where to correct it; and the button that exchanges the files."""

from __future__ import annotations

import streamlit as st

from diagnostics.checks.confirm.sides import EXCHANGED
from diagnostics.investigation import Investigation
from diagnostics.keep import investigation_job, store
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from pages.parts.guard import COLUMNS, ROOT
from pages.parts.jobs import job_queue
from pages.parts.roles import evidence_lines, guess_line
from pages.parts.text import plain
from pages.parts.visit import Visit


def guessed(incident: Incident, visit: Visit) -> None:
    """The guesses that the page rests on, with a link to correct them and, folded, the evidence for each."""
    words, line = visit.words, guess_line(incident, visit.words)
    if not line:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="guessed"):
        st.markdown(line, width="content")
        st.page_link(ROOT / COLUMNS, label=words(N_("Correct it in Columns →")), query_params=visit.link)
    with st.expander(words(N_("Why this was guessed")), key="guess-evidence"):
        st.markdown("\n".join(f"- {told}" for told in evidence_lines(incident, words)))


def exchange(investigation: Investigation, visit: Visit) -> None:
    """The button that exchanges reference and current, where they look exchanged."""
    if visit.read_only or not any(finding.rule is EXCHANGED for finding in investigation.findings(1)):
        return
    if not st.button(visit.words(N_("Exchange the two files and check again")), type="primary", key="exchange"):
        return
    try:
        store.exchange(visit.incident or "")
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return
    investigation_job.ask(job_queue(), visit.incident or "")
    st.rerun()
