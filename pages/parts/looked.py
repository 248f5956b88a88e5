"""What is counted in the queue for a page: drawn at once where it is known, else as soon as it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, TypeVar

import streamlit as st

from diagnostics.keep import looking_job
from diagnostics.keep.jobs import Stopped
from diagnostics.keep.looking_job import Look
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_
from pages.parts.jobs import job_queue
from pages.parts.text import plain
from pages.parts.visit import Visit

T = TypeVar("T")

AT_ONCE: Final = 0.6
"""Seconds that a page waits without a word."""

EVERY: Final = 0.5


def counted(visit: Visit, what: Hashable, fingerprint: str, count: Callable[[], T]) -> T | None:
    """What `count` gives; None, with a sentence in its place, while it is not known or where it cannot be."""
    words = visit.words
    try:
        job = looking_job.ask(job_queue(), visit.incident or "", what, fingerprint, count)
    except BadInput as reason:
        st.warning(plain(reason.statement(words)))
        return None
    if not job.settled(within=AT_ONCE):
        _waiting(job, words(N_("Counting the rows …")))
        return None
    if job.result is not None:
        return job.result
    error = job.error
    if isinstance(error, (NotApplicable, BadInput)):
        st.markdown(plain(error.statement(words)))
    elif not isinstance(error, Stopped):
        st.warning(words(N_("This could not be counted; the details are in the server's log. The rest of the page stands.")))
    return None


@st.fragment(run_every=EVERY)
def _waiting(job: Look[T], text: str) -> None:
    if job.ended.is_set():
        st.rerun()
    st.progress(0.0, text=text)
