"""Who looks at what: the reader's words, the colours of the theme, and the incident that the link names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from diagnostics import store
from diagnostics.charts.style import DARK, LIGHT, Palette
from diagnostics.finding import BadInput
from diagnostics.investigation import Investigation
from diagnostics.words import N_, Words, code_of, words_for
from pages.parts import guard, jobs, progress
from pages.parts.text import plain

INCIDENT: Final = "incident"
LANGUAGE: Final = "language"

FIRST_STEPS: Final = (
    ({"reference", "current"}, 1),
    ({"model"}, 3),
    ({"logs", "metrics"}, 6),
    ({"environment", "config"}, 5),
)
"""Files and the step to begin with; without tables the first steps could only say so."""


@dataclass(frozen=True)
class Visit:
    """incident: id of the one in the link, None when none is open."""

    words: Words
    palette: Palette
    incident: str | None

    @property
    def link(self) -> dict[str, str]:
        """Query parameters that lead back to this incident."""
        return {INCIDENT: self.incident} if self.incident else {}


def words() -> Words:
    """The reader's language: what the switch says, else the browser's. Held per session, because one server speaks with many."""
    if LANGUAGE not in st.session_state:
        st.session_state[LANGUAGE] = code_of(st.context.locale or "en")
    return words_for(st.session_state[LANGUAGE])


def palette() -> Palette:
    return DARK if st.context.theme.type == "dark" else LIGHT


def enter() -> Visit:
    """What every page calls first. The incident comes from the link, else from this session, and is then put into the link."""
    spoken = words()
    guard.guard(spoken)
    named = st.query_params.get(INCIDENT) or st.session_state.get(INCIDENT)
    if named:
        st.session_state[INCIDENT] = named
        if st.query_params.get(INCIDENT) != named:
            # The menu drops the link's parameters; without them a refresh would lose the incident.
            st.query_params[INCIDENT] = named
    return Visit(spoken, palette(), named or None)


def leave() -> None:
    """Close the incident in this session; it stays on the disk, under its link."""
    st.session_state.pop(INCIDENT, None)
    st.query_params.pop(INCIDENT, None)


def begin(incident: str) -> None:
    """Open `incident` on the first step that its files allow."""
    held = {file.relative_to(store.folder(incident)).parts[0].split(".")[0] for file in store.files(incident)}
    number = next((number for parts, number in FIRST_STEPS if parts & held), 1)
    st.session_state[INCIDENT] = incident
    st.switch_page(guard.ROOT / guard.STEP_SCRIPTS[number - 1], query_params={INCIDENT: incident})


def known(visit: Visit) -> str:
    """The id of an incident that exists; else the page says so in one sentence, links to the start, and ends."""
    if visit.incident is None:
        st.title(visit.words(N_("No incident is open.")), anchor=False)
        st.markdown(visit.words(N_("Upload what you have, or open a sample incident: both begin on the start page.")))
        _to_start(visit, N_("Go to the start page →"))
        st.stop()
    if not store.exists(visit.incident):
        leave()
        st.title(visit.words(N_("There is no incident under this link.")), anchor=False)
        st.markdown(
            visit.words(N_("It was deleted, or the link is cut off. A saved .zip of it can be restored on the start page."))
        )
        _to_start(visit, N_("Go to the start page →"))
        st.stop()
    return visit.incident


def investigated(visit: Visit, *, step: int = 0) -> tuple[Investigation, bool]:
    """The investigation of the open incident, shared by all pages, and whether it is complete.

    While it runs, the page shows how far it is and ends there, unless it is that of a `step` which is done by now.
    """
    incident = known(visit)
    try:
        job = jobs.desk().ask(incident)
        if not jobs.settled(job):
            found = progress.watch(job, visit.words, visit.link, step=step)
            if found is None:
                st.stop()
            return found, False
        return job.result(), True
    except BadInput as reason:
        st.title(visit.words(N_("This incident cannot be investigated yet.")), anchor=False)
        st.markdown(plain(reason.statement(visit.words)))
        _to_start(visit, N_("Change the files of this incident →"))
        _again(visit)
        st.stop()
    except jobs.Stopped:
        st.title(visit.words(N_("The investigation was stopped.")), anchor=False)
        st.markdown(visit.words(N_("Your files are still there.")))
        _again(visit)
        st.stop()


def _to_start(visit: Visit, label: str) -> None:
    st.page_link(guard.ROOT / guard.START, label=visit.words(label), query_params=visit.link if visit.incident else None)


def _again(visit: Visit) -> None:
    if st.button(visit.words(N_("Investigate again")), type="primary", key="again"):
        jobs.desk().again(visit.incident or "")
        st.rerun()
