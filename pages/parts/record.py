"""The record of an incident on screen, and its downloads."""

from __future__ import annotations

import re
from typing import Final

import streamlit as st

from diagnostics import store
from diagnostics.catalogue import STEP_TITLES
from diagnostics.causes.cause import TITLES
from diagnostics.investigation import Investigation, Status
from diagnostics.report.as_html import as_html
from diagnostics.report.as_json import as_json, reason, verdict
from diagnostics.report.as_markdown import as_markdown
from diagnostics.report.outline import NOTHING_SURE
from diagnostics.words import N_, Words
from pages.parts import visit as visits
from pages.parts.board import confidence
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
    "none": N_("Nothing is wrong."),
    "undecided": N_("It cannot be decided from what was given."),
}
SHOWN: Final = 5
"""Findings per step on screen; the downloads hold all."""


def record_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit)
    words = visit.words
    header(investigation.incident.title, states(investigation), words, visit.link)
    unreadable(investigation.incident, visit)
    remarked(investigation, visit)
    open_end = not investigation.causes and investigation.limited
    say(plain(words(NOTHING_SURE if open_end else VERDICTS[verdict(investigation)])))
    _downloads(investigation, visit)
    _causes(investigation, words)
    _steps(investigation, visit)
    st.subheader(words(N_("How this was made")), anchor=False)
    st.markdown(plain(rows_used(investigation.incident, words)))


def _downloads(investigation: Investigation, visit: Visit) -> None:
    words, incident = visit.words, visit.incident or ""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", investigation.incident.title).strip("-")[:60] or "incident"
    forms = (
        (N_("Report (.html)"), lambda: as_html(investigation, words), f"{name}.html", "text/html"),
        (N_("Report (.md)"), lambda: as_markdown(investigation, words), f"{name}.md", "text/markdown"),
        (N_("Result (.json)"), lambda: as_json(investigation, words), f"{name}.json", "application/json"),
        (
            N_("All numbers (.csv)"),
            lambda: csv_bytes(evidence_table(list(investigation.findings()), words)),
            f"{name}.csv",
            "text/csv",
        ),
        (N_("The incident (.zip)"), lambda: store.pack(incident), f"{name}.zip", "application/zip"),
    )
    with st.container(horizontal=True, gap="small"):
        for label, content, file_name, mime in forms:
            st.download_button(words(label), content, file_name, mime, key=f"get-{file_name[-5:]}", on_click="ignore")
    st.markdown(words(N_("The .zip holds every file you gave; the start page restores it, here or elsewhere.")))


def _causes(investigation: Investigation, words: Words) -> None:
    st.subheader(words(N_("Causes")), anchor=False)
    if not investigation.causes:
        st.markdown(plain(words(N_("None was found."))))
    for place, cause in enumerate(investigation.causes, start=1):
        title = plain(words(TITLES.get(cause.code, cause.code)))
        todo = f"{words(N_('What to do'))}: {sentence(cause.remedy, cause.evidence, words)}"
        st.markdown(f"{place}\\. **{title}**, {confidence(cause, words)}. {statement(cause, words)}  \n{todo}")


def _steps(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    for number, title in enumerate(STEP_TITLES, start=1):
        status = investigation.status(number)
        mark, colour = MARKS[status]
        st.subheader(f"{number} {words(title)} :{colour}[{mark} {words(STATES[status])}]", anchor=False)
        found = investigation.findings(number)
        if status is not Status.PROBLEM:
            st.markdown(plain(reason(investigation, number, words)))
        # One list rather than many, so that its lines stand close together.
        if found:
            st.markdown("\n".join(f"- {badge(finding, words)} {statement(finding, words)}" for finding in found[:SHOWN]))
        if len(found) > SHOWN:
            st.page_link(
                ROOT / STEP_SCRIPTS[number - 1],
                label=words(N_("{count:count} more in this step →"), count=len(found) - SHOWN),
                query_params=visit.link,
            )
