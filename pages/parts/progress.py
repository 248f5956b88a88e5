"""While an investigation runs: what it is doing, how long is left, and a stop that stops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES, catalogue
from diagnostics.investigation import Investigation
from diagnostics.keep import store
from diagnostics.keep.investigation_job import InvestigationJob
from diagnostics.nouns.words import N_, Words
from pages.parts.header import header, states_while
from pages.parts.text import plain

EVERY: Final = 0.5
"""Seconds between two looks at the job."""

READ: Final[Mapping[str, str]] = {
    "": N_("Waiting for its turn"),
    "reference": N_("Reading the reference rows"),
    "current": N_("Reading the current rows"),
    "causes": N_("Looking for the cause, by undoing each suspect"),
}


def watch(job: InvestigationJob, words: Words, link: Mapping[str, str], *, step: int = 0) -> Investigation | None:
    """Draw the progress of `job` until it is done, then run the page again.

    Returns what was found so far once `step` is among it, so that its page can be read while the others run; else None.
    """
    found = job.so_far() if 0 < step < job.step else None
    _watch(job, words, link, step, found is not None)
    if found is None:
        st.skeleton(height=260)
    return found


@st.fragment(run_every=EVERY)
def _watch(job: InvestigationJob, words: Words, link: Mapping[str, str], step: int, shown: bool) -> None:
    if job.ended.is_set() or (0 < step < job.step and not shown):
        st.rerun()
    found = job.so_far()
    title = store.called(job.incident) if found else ""
    header(title or words(N_("Investigating")), states_while(job.step, found), words, link)
    if not shown:
        with st.container(key="looking"):
            st.title(words(N_("Looking at your files.")), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, job.share), text=_text(job, words))
        if st.button(words(N_("Stop")), key="stop"):
            job.stop()


def _text(job: InvestigationJob, words: Words) -> str:
    text = words(READ[job.what]) if job.what in READ else ""
    for diagnostic in catalogue():
        if diagnostic.name == job.what:
            text = words(
                N_("Step {step:count}, {title}: {check}"),
                step=diagnostic.step,
                title=words(STEP_TITLES[diagnostic.step - 1]),
                check=words(diagnostic.rules[0].title).lower(),
            )
    left = job.left
    if left is not None:
        text = words(N_("{text}. About {seconds:count} s left."), text=text, seconds=max(1, round(left)))
    return plain(text)
