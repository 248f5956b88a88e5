"""The table that a page of the clinic trains on: opened from the incident, or given alone with the column to be learnt."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import streamlit as st

from diagnostics.clinic.shared import clinic_job, results
from diagnostics.clinic.shared.clinic_job import ClinicJob, latest_run
from diagnostics.keep import store
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Words
from diagnostics.read.folder import open_incident
from diagnostics.read.uploads import UNTITLED, title_of
from pages.parts import door
from pages.parts import visit as visits
from pages.parts.guard import CLINIC, ROOT, START
from pages.parts.jobs import job_queue
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

EVERY: Final = 0.5
"""Seconds between two looks at a run."""

SMALL: Final = 3_000_000
"""Bytes of tables that are read at once; larger ones are read in a process of their own, with progress."""

OPEN: Final = 32
"""Incidents whose handles are remembered; reopening one takes a moment."""


@dataclass(frozen=True)
class Opened:
    """What a page of the clinic looks at. incident: an empty one where none is open and the page needs no table."""

    visit: Visit
    incident: Incident
    fingerprint: str

    @property
    def words(self) -> Words:
        return self.visit.words


def draw_bar(opened: Opened) -> None:
    """Title of the incident, and the ways to the other pages of the clinic."""
    words = opened.words
    with st.container(key="bar", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(words('{title:term}', title=opened.visit.title)) or words(N_('Clinic'))}**", width="content")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            for script, title in CLINIC:
                st.page_link(ROOT / script, label=words(title), query_params=opened.visit.link)


@st.cache_resource(show_spinner=False)
def _open_incidents() -> OrderedDict[tuple[str, str], Incident]:
    return OrderedDict()


def open_training_table(visit: Visit, about: str) -> Opened:
    """The incident with a training table and a target; else the page asks for what is missing, and ends."""
    words = visit.words
    if visit.incident is None:
        say(plain(words(about)))
        _upload(visit)
        st.stop()
    incident = _read(visit)
    if incident.reference is None:
        say(plain(words(about)))
        for file, why in incident.unreadable:
            st.warning(plain(words(N_("{file:name} could not be read: {why}"), file=file, why=why)))
        _upload(visit)
        st.stop()
    opened = Opened(visit, incident, results.fingerprint(incident))
    if incident.roles.target is None or incident.roles.target not in incident.reference:
        draw_bar(opened)
        say(plain(words(N_("Which column is to be learnt?"))))
        choose_target(opened)
        st.stop()
    return opened


def open_without_table(visit: Visit, *, service: bool = False) -> Opened:
    """service: whether the page looks at code, log and metrics too, so that its result goes by them."""
    incident = Incident()
    if visit.incident is not None and store.files(visit.incident):
        try:
            incident = _read(visit, bad_ends=False)
        except BadInput:
            incident = Incident()
    named = results.service_fingerprint if service else results.fingerprint
    return Opened(visit, incident, named(incident))


def _read(visit: Visit, *, bad_ends: bool = True) -> Incident:
    """The open incident. Large tables are read beside the page, which ends there with its progress until they are."""
    key = visit.incident or ""
    known, stamp = _open_incidents(), store.stamp(key)
    if (key, stamp) in known:
        return known[key, stamp]
    try:
        run = latest_run(job_queue(), "", key)
        size = sum(file.stat().st_size for file in store.files(key) if file.parent == store.folder(key))
        done = run is not None and run.ended.is_set() and run.fingerprint == stamp
        if size > SMALL and not done:
            if run is None or run.fingerprint != stamp:
                run = clinic_job.ask(job_queue(), "", None, key, fingerprint=stamp)
            _watch_reading(run, visit)
            st.stop()
        if done and run is not None and run.refused is not None:
            raise run.refused
        opened = open_incident(store.folder(key), work=store.work(key))
    except BadInput as reason:
        if not bad_ends:
            raise
        say(plain(reason.statement(visit.words)))
        _upload(visit)
        st.stop()
    known[key, stamp] = opened
    while len(known) > OPEN:
        known.popitem(last=False)
    return opened


@st.fragment(run_every=EVERY)
def _watch_reading(run: ClinicJob, visit: Visit) -> None:
    if run.ended.is_set():
        st.rerun()
    st.title(visit.words(N_("Reading the table.")), anchor=False)
    st.progress(0.0, text=visit.words(N_("Waiting for its turn") if run.waiting else N_("Reading the reference rows")))


def _upload(visit: Visit) -> None:
    """One table is enough for the clinic."""
    words = visit.words
    st.markdown(words(N_("Give one table with the rows that a model is trained on, and the column to be learnt.")))
    version = st.session_state.setdefault("version-clinic", 0)
    door.admit()
    given = st.file_uploader(words(N_("Training rows")), key=f"upload-clinic-{version}")
    if st.session_state.get("refused-clinic"):
        st.error(st.session_state["refused-clinic"])
    st.page_link(ROOT / START, label=words(N_("Or open a sample on the start page →")), query_params=visit.link or None)
    if given is None:
        return
    st.session_state["version-clinic"] += 1
    try:
        incident = visit.incident or store.create()
        store.save_upload(incident, "reference", given.name, given)
        if store.stated(incident).get("title") in (None, UNTITLED):
            store.describe(incident, {"title": title_of(given.name)})
        st.session_state.pop("refused-clinic", None)
        st.session_state[visits.INCIDENT] = incident
    except BadInput as reason:
        st.session_state["refused-clinic"] = plain(reason.statement(words))
    st.rerun()


TASKS: Final = {Task.CLASSIFICATION: N_("classes"), Task.REGRESSION: N_("a quantity")}


def choose_target(opened: Opened) -> None:
    """The column to be learnt and what it holds; kept in incident.yaml, where the investigation finds it too."""
    words, incident = opened.words, opened.incident
    if incident.reference is None or opened.visit.incident is None or opened.visit.read_only:
        return
    columns = [column.name for column in incident.reference if column.kind in (Kind.NUMBER, Kind.CATEGORY)]
    chosen = incident.roles.target
    left, right = st.columns(2)
    with left:
        name = st.selectbox(
            words(N_("Column to be learnt (target)")),
            columns,
            index=columns.index(chosen) if chosen in columns else None,
            key=f"target-{chosen}",
            placeholder=words(N_("Choose a column")),
        )
    with right:
        kinds = list(TASKS)
        task = st.selectbox(
            words(N_("It holds")),
            kinds,
            index=kinds.index(incident.task) if incident.task in kinds else None,
            format_func=lambda kind: words(TASKS[kind]),
            key=f"task-{incident.task}",
            placeholder=words(N_("guess it")),
        )
    if name is not None and (name, task) != (chosen, incident.task):
        # A task that was guessed for another column says nothing of this one.
        stated = task if task != incident.task else None if name != chosen else task
        positive = {} if name == chosen else {"positive": None}
        store.describe(opened.visit.incident, {"target": name, "task": stated.value if stated else None, **positive})
        st.rerun()
