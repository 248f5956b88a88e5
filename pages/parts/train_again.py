"""The page *Train again*: what candidates would gain, the advised z-score beside ours, and which labels to buy."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.investigation import Investigation
from diagnostics.keep import store
from diagnostics.keep.jobs import Stopped
from diagnostics.measure.outcome import LOSS_NAMES
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_
from diagnostics.pictures import train_again as charts
from diagnostics.watch import buy
from diagnostics.watch.again import TITLES, Again
from diagnostics.watch.again_record import sentence
from diagnostics.watch.command import WATCHES
from diagnostics.watch.jobs import AgainJob
from pages.parts import door
from pages.parts import visit as visits
from pages.parts.cards import plot
from pages.parts.header import header, states
from pages.parts.jobs import job_queue
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

FAMILIES: Final = {"boosting": N_("Boosted trees"), "linear": N_("Linear model"), "forest": N_("Random forest")}
LIST_CAP: Final = 20_000_000
"""Bytes of a list of labels that comes back."""


def train_again_page() -> None:
    visit = visits.enter()
    investigation, complete = visits.investigated(visit, whole=True)
    if complete:
        header(visit.title, states(investigation), visit.words, visit.link)
    job = job_queue().latest(WATCHES.name, _key(visit))
    if isinstance(job, AgainJob) and job.stamp == store.stamp(visit.incident or ""):
        if not job.ended.is_set():
            say(plain(visit.words(N_("Candidates are being trained and judged."))))
            _running(_key(visit), visit)
        elif job.result is not None:
            _found(job.result, visit)
        else:
            _refused(job.error, visit)
    else:
        say(plain(visit.words(N_("Would a new training help, and with which rows?"))))
    _form(investigation, visit)
    _labels(investigation, visit)


def _key(visit: Visit) -> tuple[str, str]:
    return ("again", visit.incident or "")


def _form(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    with st.form("train-again", border=True), st.container(horizontal=True, vertical_alignment="bottom"):
        family = st.selectbox(
            words(N_("Recipe")), list(FAMILIES), format_func=lambda one: words(FAMILIES[one]), key="again-family", width=220
        )
        price = st.number_input(
            words(N_("Price of one unit of loss (optional)")), min_value=0.0, value=0.0, key="again-price", width=240
        )
        if st.form_submit_button(words(N_("Compare")), type="primary"):
            job = AgainJob(
                key=_key(visit),
                incident=visit.incident,
                investigation=investigation,
                stamp=store.stamp(visit.incident or ""),
                family=family,
                price=price or None,
            )
            job_queue().ask(WATCHES.name, job)
            st.rerun()


@st.fragment(run_every=0.7)
def _running(key: tuple[str, str], visit: Visit) -> None:
    job = job_queue().latest(WATCHES.name, key)
    if job is None or job.ended.is_set():
        st.rerun()
    st.progress(min(1.0, job.share), text=plain(visit.words(job.what)) if job.what else "")
    if st.button(visit.words(N_("Stop")), key="stop-again"):
        job.stop()


def _refused(error: Exception | None, visit: Visit) -> None:
    words = visit.words
    if isinstance(error, NotApplicable | BadInput):
        say(plain(words(N_("Training again could not be tried."))))
        st.warning(plain(error.statement(words)))
    elif error is None or isinstance(error, Stopped):
        say(plain(words(N_("It was stopped."))))
    else:
        say(plain(words(N_("Training again could not be tried."))))
        st.warning(plain(words(N_("It broke off ({reason:name}); the details are in the log."), reason=type(error).__name__)))


def _found(found: Again, visit: Visit) -> None:
    words = visit.words
    say(plain(sentence(found, words)))
    alt = words(N_("Gain of each candidate with its interval"))
    plot(charts.gains(found, words), visit, alt=alt, key="gains")
    rows = []
    for one in found.candidates:
        loss = one.skipped.statement(words) if one.skipped else words.number(one.loss.value)
        gain = (
            ""
            if one.skipped
            else f"{words.number(one.gain.value)} ({words.number(one.gain.low)} – {words.number(one.gain.high)})"
        )
        more = words.number(one.more_labels) if one.more_labels else ""
        rows.append((words(TITLES[one.which]), loss, gain, more))
    heads = [
        words(N_("Trained on")),
        words("{unit:term}", unit=found.unit),
        words(N_("Gain")),
        words(N_("Labels that are missing")),
    ]
    st.dataframe(pd.DataFrame(rows, columns=heads), hide_index=True)
    if found.serving is not None:
        says = N_("The predictions that were served have a {unit:term} of {value:number} on the same rows.")
        st.markdown(plain(words(says, unit=found.unit, value=found.serving.value)))
    if found.cost is not None:
        st.markdown(plain(words(N_("Not training again costs {cost:number} for every thousand rows."), cost=found.cost)))
    with st.expander(words(N_("How was this computed?"))):
        says = N_(
            "The {recent:count} recent rows with a label are cut into stretches of time. Every candidate is trained by the "
            "same recipe on what was known before a stretch, and judged on that stretch: {judged:count} rows in all. Gains are "
            "paired row by row; their intervals hold for all candidates at once, and are wider where neighbours are alike."
        )
        st.markdown(plain(words(says, recent=found.recent, judged=found.judged)))


def _labels(investigation: Investigation, visit: Visit) -> None:
    """A list of rows whose labels would tell most, and what they tell when they are there."""
    words, incident = visit.words, investigation.incident
    if incident.reference is None or incident.current is None:
        return
    st.subheader(words(N_("Which labels to buy")), anchor=False)
    about = N_("Rows without a label that tell most: more where the model is unsure, and where rows are unlike the reference.")
    st.markdown(plain(words(about)))
    count = st.number_input(words(N_("Labels")), min_value=20, max_value=5_000, value=200, step=20, key="buy-count", width=180)
    if st.button(words(N_("Draw the list")), key="buy"):
        try:
            found = buy.to_buy(incident, int(count), seed=incident.seed)
        except NotApplicable as reason:
            st.warning(plain(reason.statement(words)))
        else:
            says = N_("{count:count} of {whole:count} rows without a label.")
            st.markdown(plain(words(says, count=len(found.rows), whole=found.unlabelled)))
            data = found.rows.to_csv(index=False).encode()
            st.download_button(
                words(N_("Download the list")), data, file_name="labels-to-buy.csv", mime="text/csv", key="buy-list"
            )
    door.admit()
    back = st.file_uploader(words(N_("The list with its labels filled in")), type=["csv"], key="bought")
    if back is not None:
        _estimated(back.getvalue(), investigation, visit)


def _estimated(content: bytes, investigation: Investigation, visit: Visit) -> None:
    words, incident = visit.words, investigation.incident
    try:
        if len(content) > LIST_CAP:
            raise BadInput(N_("The list is larger than 20 MB: give the list as it was downloaded."))
        try:
            held = pd.read_csv(BytesIO(content))
        except (ValueError, UnicodeDecodeError) as error:
            raise BadInput(N_("The list cannot be read as CSV: give the list as it was downloaded.")) from error
        interval = buy.estimated(incident, held)
    except BadInput as reason:
        st.warning(plain(reason.statement(words)))
        return
    unit = LOSS_NAMES[incident.answer or Answer.LABEL]
    says = N_("Of all rows without a label, the {unit:term} is {value:number} ({low:number} to {high:number}).")
    st.markdown(f"**{plain(words(says, unit=unit, value=interval.value, low=interval.low, high=interval.high))}**")
