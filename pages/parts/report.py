"""The report of an incident: what it says on screen, a preview of the document, and its downloads."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial
from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES
from diagnostics.investigation import Investigation
from diagnostics.keep.review import packed, record
from diagnostics.keep.review.record import Record
from diagnostics.nouns.check import Status
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words, words_for
from diagnostics.report import as_pdf
from diagnostics.report.as_html import rendered
from diagnostics.report.as_json import as_json
from diagnostics.report.files import document
from pages.parts import visit as visits
from pages.parts.board import line
from pages.parts.cards import badge, evidence_table, rows_used
from pages.parts.export import csv_bytes
from pages.parts.guard import ROOT, STEP_SCRIPTS
from pages.parts.header import MARKS, STATES, header, states
from pages.parts.step import remarked, say, unreadable
from pages.parts.text import plain, sentence, statement
from pages.parts.visit import Visit

VERDICTS: Final = {
    "data": N_("The data are at fault."),
    "population": N_("Another population arrives than the model learnt from."),
    "concept": N_("The relation that the model learnt no longer holds."),
    "model": N_("The model that answers is at fault."),
    "training": N_("The training is at fault."),
    "code": N_("Code, environment or configuration is at fault."),
    "operations": N_("Operations are at fault."),
}
SHOWN: Final = 5
"""Findings per step on screen; the downloads hold all."""

PREVIEW: Final = 720
"""Pixels of the preview; the document scrolls in it."""


def report_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit, whole=True)
    words = visit.words
    header(visit.title, states(investigation), words, visit.link)
    unreadable(investigation.incident, visit)
    remarked(investigation, visit)
    conclusion = investigation.conclusion
    say(plain(words(VERDICTS[conclusion.verdict]) if conclusion.cause else conclusion.statement(words)))
    written = _written(visit)
    _downloads(investigation, written, visit)
    _preview(investigation, written, visit)
    _causes(investigation, words)
    _steps(investigation, visit)
    st.subheader(words(N_("How this was made")), anchor=False)
    st.markdown(plain(rows_used(investigation.incident, words)))


def _written(visit: Visit) -> Record | None:
    """What people wrote; without it, where the database cannot be read, the report still says all that was found."""
    try:
        return record.read(visit.incident or "")
    except BadInput as reason:
        st.warning(plain(reason.statement(visit.words)))
        return None


@st.cache_resource(show_spinner=False)
def _no_pdf(language: str) -> BadInput | None:
    """Why there is no PDF on this machine; asked once, because it loads what draws it."""
    try:
        as_pdf.ready(words_for(language))
    except BadInput as reason:
        return reason
    return None


def _downloads(investigation: Investigation, written: Record | None, visit: Visit) -> None:
    words, incident = visit.words, visit.incident or ""
    title = written.title if written and written.title else investigation.incident.title
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-")[:60] or "incident"
    no_pdf = _no_pdf(words.language)
    forms: list[tuple[str, Callable[[], str | bytes], str, str]] = [
        (N_("Report (.html)"), partial(document, ".html", investigation, words, written), "html", "text/html"),
        (N_("Report (.pdf)"), partial(document, ".pdf", investigation, words, written), "pdf", "application/pdf"),
        (N_("Report (.md)"), partial(document, ".md", investigation, words, written), "md", "text/markdown"),
        (N_("Result (.json)"), lambda: as_json(investigation, words), "json", "application/json"),
        (N_("All numbers (.csv)"), lambda: csv_bytes(evidence_table(list(investigation.findings()), words)), "csv", "text/csv"),
    ]
    if not visit.read_only:
        forms.append((N_("The incident (.zip)"), lambda: packed.pack(incident), "zip", "application/zip"))
    with st.container(horizontal=True, gap="small"):
        for label, content, ending, mime in forms:
            # Made when somebody clicks, and not before.
            st.download_button(
                words(label),
                content,
                f"{name}.{ending}",
                mime,
                key=f"get-{ending}",
                on_click="ignore",
                disabled=ending == "pdf" and no_pdf is not None,
            )
    if no_pdf is not None:
        st.markdown(plain(no_pdf.statement(words)))
    if not visit.read_only:
        st.markdown(
            words(
                N_(
                    "The .zip holds every file as you gave it, with the secrets in it, and the record; the start page restores "
                    "it, here or elsewhere."
                )
            )
        )


@st.fragment
def _preview(investigation: Investigation, written: Record | None, visit: Visit) -> None:
    """The document as it prints, in a frame of its own: it is drawn only when somebody opens it."""
    with st.expander(visit.words(N_("Preview of the report")), key="preview", on_change="rerun") as box:
        if not box.open:
            return
        told = rendered(investigation, visit.words, written, live=False)
        # An address with the data in it has an origin of its own, so nothing in the frame could reach the app.
        address = "data:text/html;charset=utf-8;base64," + base64.b64encode(told.encode(errors="replace")).decode()
        st.iframe(address, height=PREVIEW, alt=visit.words(N_("Preview of the report")))


def _causes(investigation: Investigation, words: Words) -> None:
    st.subheader(words(N_("Causes")), anchor=False)
    if not investigation.causes:
        st.markdown(plain(words(N_("None was found."))))
    for place, cause in enumerate(investigation.causes, start=1):
        remedy = sentence(cause.remedy, cause.evidence, words)
        todo = words(N_("{what}: {why}"), what=words(N_("What to do")), why=remedy)
        st.markdown(f"{place}\\. {line(cause, words)}  \n{todo}")


def _steps(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    for number, title in enumerate(STEP_TITLES, start=1):
        status = investigation.status(number)
        mark, colour = MARKS[status]
        st.subheader(f"{number} {words(title)} :{colour}[{mark} {words(STATES[status])}]", anchor=False)
        found = investigation.findings(number)
        if status is not Status.PROBLEM:
            st.markdown(plain(investigation.standing(number).statement(words)))
        # One list rather than many, so that its lines stand close together.
        if found:
            st.markdown("\n".join(f"- {badge(finding, words)} {statement(finding, words)}" for finding in found[:SHOWN]))
        if len(found) > SHOWN:
            st.page_link(
                ROOT / STEP_SCRIPTS[number - 1],
                label=words(N_("{count:count} more in this step →"), count=len(found) - SHOWN),
                query_params=visit.link,
            )
