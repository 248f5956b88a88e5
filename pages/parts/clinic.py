"""What the pages of the clinic share: the training table, the run with its progress and stop, and what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.shared import clinic_job, results
from diagnostics.clinic.shared.clinic_job import ClinicJob, latest_result, latest_run
from diagnostics.clinic.shared.results import FinishedRun
from diagnostics.loading import load
from diagnostics.nouns.check import Check, Diagnostic
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_, Words
from pages.parts import visit as visits
from pages.parts.cards import badge, code, meaning, numbers_button, picture, statistic
from pages.parts.guard import COLUMNS, ROOT, START
from pages.parts.jobs import job_queue
from pages.parts.measured import show_measured, show_remedies, show_so_far
from pages.parts.step import say
from pages.parts.text import plain, statement
from pages.parts.training_table import EVERY, Opened, choose_target, draw_bar, open_training_table, open_without_table
from pages.parts.visit import Visit

__all__ = ["Opened", "clinic_page"]

SERVICE: Final = ("logs", "metrics", "code", "model", "memory")
"""What is uploaded on the start page and not chosen among columns."""


def clinic_page(
    name: str,
    about: str,
    *,
    settings: Callable[[Opened, Any], Any] = lambda opened, last: last,
    below: Callable[[Any, Opened], None] = lambda p, opened: None,
    while_running: Callable[[Any, Opened], None] | None = None,
    table: bool = True,
    service: bool = False,
    button: str = N_("Examine"),
    well: str = N_("Nothing wrong was found."),
    remedies: bool = True,
) -> Opened:
    """The page of the clinic's diagnostic `name`.

    about: one sentence (message id) that is the page's heading before the first run. settings: draws the widgets, given the
    settings of the latest run, and returns the new ones. below: more of a result, after its sentence and picture. while_running:
    draws a profile that is not complete yet. table: whether a training table with a target is needed; service:
    whether code, log and metrics count too. well: the sentence where
    no rule fired. remedies: whether what was tried is shown here; else `below` does it in its own words.
    """
    visit = visits.enter()
    diagnostic = clinic_diagnostic(name)
    if diagnostic is None:
        raise LookupError(f"the clinic has no diagnostic {name!r}")
    load()
    if visit.incident is not None:
        visits.known(visit)
    opened = open_training_table(visit, about) if table else open_without_table(visit, service=service)
    draw_bar(opened)
    found = _latest_result(diagnostic, opened)
    last = found.settings if found else results.find_types(diagnostic)[0]()
    run = latest_run(job_queue(), name, visit.incident)
    if run is not None and run.result is None and run.fingerprint == opened.fingerprint:
        # Refused or stopped: what was filled in stands there still.
        last = run.settings
    if run is not None and not run.ended.is_set():
        _show_running(run, opened, about, while_running)
        return opened
    if found is None:
        say(plain(visit.words(about)))
    _show_failure(run, opened)
    if found is None:
        chosen = _show_form(diagnostic, opened, settings, last, table=table)
        _show_button(diagnostic, opened, chosen, button)
        return opened
    _show(diagnostic, found, opened, below, well, remedies=remedies)
    st.subheader(visit.words(N_("Try it with other settings")), anchor=False)
    chosen = _show_form(diagnostic, opened, settings, last, table=table)
    _show_button(diagnostic, opened, chosen, N_("Run again"))
    return opened


def _show_form(diagnostic: Diagnostic, opened: Opened, settings: Callable[[Opened, Any], Any], last: Any, *, table: bool) -> Any:
    words = opened.words
    with st.container(border=True):
        if table and opened.incident.reference is not None:
            reference = opened.incident.reference
            st.markdown(plain(words(N_("Training rows: the {rows:count} rows of the reference table."), rows=reference.rows)))
            choose_target(opened)
        return settings(opened, last)


def _show_button(diagnostic: Diagnostic, opened: Opened, settings: Any, label: str) -> None:
    read_only = opened.visit.read_only
    if st.button(opened.words(label), type="primary", key=f"run-{diagnostic.name}", disabled=read_only):
        try:
            clinic_job.ask(
                job_queue(),
                diagnostic.name,
                settings,
                opened.visit.incident,
                fingerprint=opened.fingerprint,
                seed=opened.incident.seed,
            )
        except BadInput as reason:
            st.error(plain(reason.statement(opened.words)))
            return
        st.rerun()


def _latest_result(diagnostic: Diagnostic, opened: Opened) -> FinishedRun | None:
    """The newest result for what is open now: of this server, else kept in the incident."""
    run = latest_run(job_queue(), diagnostic.name, opened.visit.incident)
    if run is not None and run.result is not None and run.fingerprint == opened.fingerprint:
        return run.result
    return latest_result(diagnostic.name, opened.visit.incident, opened.fingerprint) if opened.visit.incident else None


def _show_running(run: ClinicJob, opened: Opened, about: str, while_running: Callable[[Any, Opened], None] | None) -> None:
    say(plain(opened.words(about)))
    _watch(run, opened, while_running)


@st.fragment(run_every=EVERY)
def _watch(run: ClinicJob, opened: Opened, while_running: Callable[[Any, Opened], None] | None) -> None:
    if run.ended.is_set():
        st.rerun()
    words = opened.words
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, run.share), text=_describe_progress(run, words))
        if st.button(words(N_("Stop")), key="stop-run"):
            run.stop()
            st.rerun()
    if run.so_far is None:
        return
    if while_running is not None:
        while_running(run.so_far, opened)
    else:
        show_so_far(run.so_far, opened.visit)


def _describe_progress(run: ClinicJob, words: Words) -> str:
    if run.waiting:
        return words(N_("Waiting for its turn: two runs are under way."))
    reading = run.what in ("", "reading")
    text = words(N_("Reading the rows")) if reading else words(N_("Now: {what}"), what=words(run.what))
    if run.left is not None:
        text = words(N_("{text}. About {seconds:count} s left."), text=text, seconds=max(1, round(run.left)))
    return plain(text)


def _show_failure(run: ClinicJob | None, opened: Opened) -> None:
    """Why the latest run has no result."""
    if run is None or run.result is not None or run.fingerprint != opened.fingerprint:
        return
    words = opened.words
    if run.stopped:
        st.info(words(N_("The run was stopped. Nothing else was changed.")))
    elif run.refused is not None:
        st.warning(plain(run.refused.statement(words)))
        if isinstance(run.refused, NotApplicable) and run.refused.needs in SERVICE:
            st.page_link(ROOT / START, label=words(N_("Give it on the start page →")), query_params=opened.visit.link)
        elif isinstance(run.refused, NotApplicable) and run.refused.needs not in ("reference", "target", ""):
            st.page_link(ROOT / COLUMNS, label=words(N_("Choose it in Columns →")), query_params=opened.visit.link)


def _show(
    diagnostic: Diagnostic,
    found: FinishedRun,
    opened: Opened,
    below: Callable[[Any, Opened], None],
    well: str,
    *,
    remedies: bool,
) -> None:
    """The sentence, the picture, what to do, what was tried, the rest folded, and how it was measured."""
    words, visit = opened.words, opened.visit
    findings = sorted(diagnostic.module.judge(found.profile), key=lambda finding: finding.rank)
    check = Check(diagnostic, found.profile, tuple(findings), seconds=found.seconds)
    lead = findings[0] if findings else None
    say(statement(lead, words) if lead else f":green[✓] {plain(words(well))}")
    picture(check, lead, visit, alt=lead.statement(words) if lead else words(well), key=f"{diagnostic.name}-lead")
    if lead is not None:
        with st.container(border=True):
            st.markdown(f"**{words(N_('What to do'))}**  \n{plain(words(lead.rule.remedy))}")
            code(lead, words)
    below(found.profile, opened)
    if remedies:
        show_remedies(found.profile, visit, key=diagnostic.name)
    if findings[1:]:
        st.subheader(words(N_("Also found")), anchor=False)
        for place, finding in enumerate(findings[1:]):
            _show_card(check, finding, visit, key=f"{diagnostic.name}-card{place}")
    if lead is not None:
        with st.expander(words(N_("What does this mean?"))):
            meaning(lead, words)
        with st.expander(words(N_("How was this computed?"))):
            _show_computed(lead, visit, key=f"{diagnostic.name}-lead")
    show_measured(found, visit)


@st.fragment
def _show_card(check: Check, finding: Finding, visit: Visit, *, key: str) -> None:
    """A folded card; its picture is drawn only when somebody opens it."""
    words = visit.words
    with st.expander(f"{badge(finding, words)} {statement(finding, words)}", key=key, on_change="rerun") as box:
        if not box.open:
            return
        picture(check, finding, visit, alt=finding.statement(words), key=f"{key}-chart")
        st.markdown(f"**{words(N_('What to do'))}**  \n{plain(words(finding.rule.remedy))}")
        code(finding, words)
        meaning(finding, words, heading=True)
        _show_computed(finding, visit, key=key)


def _show_computed(finding: Finding, visit: Visit, *, key: str) -> None:
    statistic(finding, visit.words)
    numbers_button(finding, visit.words, key=key)
