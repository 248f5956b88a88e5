"""Who looks at what: the reader's words, the colours of the theme, and the incident that the link names."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from diagnostics.investigation import Investigation
from diagnostics.keep import investigation_job, links, sharing, store
from diagnostics.keep.investigation_job import INVESTIGATIONS
from diagnostics.keep.jobs import Stopped
from diagnostics.keep.review import listing
from diagnostics.looking.scope import KEYS, WHOLE, Scope, from_link, to_link
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words, code_of, words_for
from diagnostics.pictures.style import DARK, LIGHT, Palette
from pages.parts import guard, progress, signin
from pages.parts.jobs import job_queue
from pages.parts.text import plain

INCIDENT: Final = "incident"
OPENED: Final = "opened"
LANGUAGE: Final = "language"

REMEMBERED: Final = "remembered"
SCOPE: Final = "scope"

log = logging.getLogger(__name__)

FIRST_STEPS: Final = (
    ({"reference", "current"}, guard.STEP_SCRIPTS[0]),
    ({"model"}, guard.STEP_SCRIPTS[2]),
    ({"logs", "metrics"}, guard.STEP_SCRIPTS[5]),
    ({"environment", "config", "code"}, guard.STEP_SCRIPTS[4]),
    ({"training"}, "pages/clinic_training.py"),
    ({"memory"}, "pages/clinic_memory.py"),
)
"""Files and the page to begin with; without tables the first steps could only say so."""


@dataclass(frozen=True)
class Visit:
    """incident: id of the one in the link, None when none is open; scope: the rows and columns that are looked at."""

    words: Words
    palette: Palette
    incident: str | None
    scope: Scope = WHOLE

    @property
    def read_only(self) -> bool:
        """The incident was opened through a link for reading; `store` and the record refuse every change."""
        return links.for_reading(self.incident or "")

    @property
    def title(self) -> str:
        """What people call the incident, "" where none is open."""
        return store.called(self.incident) if self.incident else ""

    @property
    def link(self) -> dict[str, str]:
        """Query parameters that lead back to this incident, and to what is looked at of it."""
        return {INCIDENT: self.incident, **to_link(self.scope)} if self.incident else {}


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
    signin.required(spoken)
    named = st.query_params.get(INCIDENT) or st.session_state.get(INCIDENT)
    if named:
        st.session_state[INCIDENT] = named
        if st.query_params.get(INCIDENT) != named:
            # The menu drops the link's parameters; without them a refresh would lose the incident.
            st.query_params[INCIDENT] = named
        _seen(named)
        if links.for_reading(named) and store.exists(named):
            said = N_("You are reading: nothing can be changed, and no file of the incident taken along, through this link.")
            st.markdown(f":orange[{spoken(said)}]")
    return Visit(spoken, palette(), named or None, _scope(named, spoken) if named else WHOLE)


def _scope(incident: str, words: Words) -> Scope:
    """What is looked at: what the link says, else what this session chose, which is then put into the link."""
    link = {key: st.query_params[key] for key in KEYS if key in st.query_params}
    chosen: dict[str, Scope] = st.session_state.setdefault(SCOPE, {})
    try:
        scope = from_link(link) if link else chosen.get(incident, WHOLE)
    except BadInput as reason:
        st.error(plain(reason.statement(words)))
        scope = WHOLE
    chosen[incident] = scope
    for key in KEYS:
        said = to_link(scope).get(key)
        if said is None:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != said:
            st.query_params[key] = said
    return scope


def look_at(visit: Visit, scope: Scope) -> None:
    """Look at other rows or columns from here on, on every page of the incident, and run the page again."""
    st.session_state.setdefault(SCOPE, {})[visit.incident] = scope
    for key in KEYS:
        st.query_params.pop(key, None)
    st.query_params.update(to_link(scope))
    st.rerun()


def _seen(incident: str) -> None:
    """Note that the incident is in use, and that this session knows it."""
    if not store.exists(incident):
        return
    sharing.used(incident, datetime.now(UTC))
    if not links.for_reading(incident):
        st.session_state.setdefault(OPENED, {})[incident] = True


def leave() -> None:
    """Close the incident in this session; it stays on the disk, under its link."""
    st.session_state.pop(INCIDENT, None)
    st.query_params.pop(INCIDENT, None)


def begin(incident: str) -> None:
    """Open `incident` on the first step that its files allow."""
    held = {file.relative_to(store.folder(incident)).parts[0].split(".")[0] for file in store.files(incident)}
    script = next((script for parts, script in FIRST_STEPS if parts & held), guard.STEP_SCRIPTS[0])
    st.session_state[INCIDENT] = incident
    st.switch_page(guard.ROOT / script, query_params={INCIDENT: incident})


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
            visit.words(
                N_(
                    "It was deleted, the link for reading was withdrawn, or the link is cut off. A saved .zip of it can be "
                    "restored on the start page."
                )
            )
        )
        _to_start(visit, N_("Go to the start page →"))
        st.stop()
    return visit.incident


def investigated(visit: Visit, *, step: int = 0, whole: bool = False) -> tuple[Investigation, bool]:
    """The investigation of what is looked at of the open incident, shared by all pages, and whether it is complete.

    whole: of all its rows and columns, whatever is looked at. While it runs, the page shows how far it
    is and ends there, unless it is that of a `step` which is done by now.
    """
    incident = known(visit)
    try:
        scope = WHOLE if whole else visit.scope
        job = investigation_job.ask(job_queue(), incident, scope)
        if not job.settled():
            found = progress.watch(job, visit.words, visit.link, step=step)
            if found is None:
                st.stop()
            return found, False
        found = job.found()
        if scope.whole:
            _remember(incident, found)
        return found, True
    except BadInput as reason:
        if not visit.scope.whole and not whole:
            _nothing_chosen(visit, reason)
        st.title(visit.words(N_("This incident cannot be investigated yet.")), anchor=False)
        st.markdown(plain(reason.statement(visit.words)))
        _to_start(visit, N_("Change the files of this incident →"))
        _again(visit)
        st.stop()
    except Stopped:
        st.title(visit.words(N_("The investigation was stopped.")), anchor=False)
        st.markdown(visit.words(N_("Your files are still there.")))
        _again(visit)
        st.stop()


def _nothing_chosen(visit: Visit, reason: BadInput) -> None:
    """What was chosen cannot be looked at: says why, offers the whole, and ends the page."""
    st.title(visit.words(N_("These rows cannot be looked at.")), anchor=False)
    st.markdown(plain(reason.statement(visit.words)))
    if st.button(visit.words(N_("Look at all rows again")), type="primary", key="all-rows"):
        look_at(visit, WHOLE)
    st.stop()


def _remember(incident: str, found: Investigation) -> None:
    """For the list of incidents, once per session and state of the files; a database that fails takes no page with it."""
    stamp = store.stamp(incident)
    if links.for_reading(incident) or st.session_state.get(REMEMBERED) == (incident, stamp):
        return
    st.session_state[REMEMBERED] = (incident, stamp)
    try:
        listing.remember(incident, found)
    except BadInput as reason:
        log.warning("what was found is not in the list of incidents: %s", reason)


def _to_start(visit: Visit, label: str) -> None:
    st.page_link(guard.ROOT / guard.START, label=visit.words(label), query_params=visit.link if visit.incident else None)


def _again(visit: Visit) -> None:
    if st.button(visit.words(N_("Investigate again")), type="primary", key="again"):
        job_queue().forget(INVESTIGATIONS.name, investigation_job.key_of(visit.incident or "", visit.scope))
        st.rerun()
