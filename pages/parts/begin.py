"""Before an investigation: what to bring, what the files look like, what the incident is called, and what happened when."""

from __future__ import annotations

from typing import Final

import streamlit as st

from diagnostics.keep import store
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from pages.parts.text import plain, sentence
from pages.parts.visit import Visit

BRING: Final = (
    (
        N_("You run the business"),
        N_(
            "Two exports from your reports: one of a time when all was well, one of now. Each row is one case, with what the "
            "model predicted and, if you know it, what came true. A date in each row tells since when."
        ),
    ),
    (
        N_("You analyse data"),
        N_(
            "The rows that the model was trained or validated on, and a week or more of logged requests with their predictions. "
            "Labels may be late or missing. Keep the id and the time. Clean nothing: what is dirty is evidence."
        ),
    ),
    (
        N_("You run the service"),
        N_(
            "The logs and metrics around the bad time, the model as ONNX or skops, pip freeze and configuration from training "
            "and from production, and the code that prepares the rows. No table is needed to begin."
        ),
    ),
)


def bring(visit: Visit) -> None:
    """What to bring, for three kinds of people."""
    words = visit.words
    with st.expander(words(N_("What should I bring?"))):
        for who, what in BRING:
            st.markdown(f"**{words(who)}.** {words(what)}")


def named(visit: Visit) -> None:
    """The field with the incident's name; what is typed once stays."""
    words, incident = visit.words, visit.incident or ""
    before = store.called(incident)
    typed = st.text_input(words(N_("Name of this incident")), before, max_chars=200, key=f"called-{before}").strip()
    if typed and typed != before:
        try:
            store.call(incident, typed)
        except BadInput as reason:
            st.error(plain(reason.statement(words)))
            return
        st.rerun()


def happened(visit: Visit) -> None:
    """Deploys and other events, typed or pasted, one a line."""
    from diagnostics.read import stated as statement
    from diagnostics.read.events_text import as_text, parse_events

    words, incident = visit.words, visit.incident or ""
    with st.expander(words(N_("What happened when? Deploys, releases, new data"))):
        try:
            before = as_text(statement.events(store.stated(incident).get("events")))
        except BadInput as reason:
            st.error(plain(reason.statement(words)))
            return
        text = st.text_area(
            words(N_("One event a line, its date first")),
            before,
            placeholder=words(N_("2026-05-12 08:00 feature service 4.1")),
            max_chars=20_000,
            key=f"events-{hash(before)}",
        )
        if st.button(words(N_("Keep these events")), key="events-keep"):
            try:
                kept = [{"time": event.time, "what": event.what} for event in parse_events(text or "")]
                store.describe(incident, {"events": kept or None})
            except BadInput as reason:
                st.error(plain(reason.statement(words)))
                return
            st.rerun()


def exchanged(visit: Visit) -> None:
    """The button that makes the reference the current table and the reverse, where both are there."""
    words, incident = visit.words, visit.incident or ""
    sides = {file.name.split(".")[0] for file in store.files(incident) if file.parent == store.folder(incident)}
    if {"reference", "current"} <= sides and st.button(words(N_("Exchange reference and current")), key="exchange-files"):
        try:
            store.exchange(incident)
        except BadInput as reason:
            st.error(plain(reason.statement(words)))
            return
        st.rerun()


def preview(visit: Visit) -> None:
    """The first rows as they will be read, and what each column seems to be, read when somebody opens it."""
    words, incident = visit.words, visit.incident or ""
    with st.expander(words(N_("See how the files are read")), key="preview", on_change="rerun") as box:
        if not box.open:
            return
        # What reads tables takes half a second to load; whoever opens nothing need not wait for it.
        from diagnostics.read.folder import open_incident
        from diagnostics.read.preview import first_rows
        from pages.parts.looked import counted
        from pages.parts.roles import role_sentences

        def read() -> Incident:
            return open_incident(store.folder(incident), work=store.work(incident))

        found = counted(visit, "preview", store.stamp(incident), read)
        if found is None:
            return
        for file, why in found.unreadable:
            st.warning(plain(words(N_("{file:name} could not be read: {why}"), file=file, why=why)))
        for name, table in ((N_("Reference"), found.reference), (N_("Current"), found.current)):
            if table is not None:
                said = N_("{side:term}: {rows:count} rows and {columns:count} columns.")
                st.markdown(sentence(said, {"side": name, "rows": table.rows, "columns": len(table.columns)}, words))
                st.dataframe(first_rows(table), hide_index=True, alt=words(N_("First rows of the table as read")))
        if found.reference is not None or found.current is not None:
            st.markdown("\n".join(f"- {line}" for line in role_sentences(found, words)))
