"""The form of a new watch, and who is told of an old one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.watch import channels, records
from diagnostics.watch.clock import Every
from diagnostics.watch.look import begin
from diagnostics.watch.records import Watch
from diagnostics.watch.settings import Kind, settings_of
from pages.parts import share
from pages.parts.text import plain
from pages.parts.visit import Visit

KINDS: Final = {
    Kind.FOLDER: N_("files in a folder"),
    Kind.TABLE: N_("a table with a time column"),
    Kind.PUSH: N_("a command that hands over files"),
}
EVERIES: Final = {
    None: N_("when files come"),
    Every.HOUR: N_("every hour"),
    Every.DAY: N_("every day"),
    Every.WEEK: N_("every week"),
}


def new(visit: Visit, show: Callable[[str], None], look: Callable[[str], Any]) -> None:
    """Make a watch of the open incident."""
    words = visit.words
    st.subheader(words(N_("Keep watching this")), anchor=False)
    if visit.incident is None:
        st.markdown(plain(words(N_("Open an incident first: its reference becomes that of the watch. Or write a watch.yaml."))))
        return
    if not share.everything():
        st.markdown(plain(words(N_("Watches are made by those who sign in, or on the machine itself: they read its files."))))
        return
    kind = st.radio(
        words(N_("Batches come as")), list(KINDS), format_func=lambda one: words(KINDS[one]), horizontal=True, key="watch-kind"
    )
    with st.form("new-watch", border=True):
        name = st.text_input(words(N_("Name")), value=visit.title, key="watch-name")
        address = table = time = ""
        pattern = "*"
        if kind is Kind.FOLDER:
            address = st.text_input(words(N_("Folder on this machine")), key="watch-folder")
            pattern = st.text_input(words(N_("Files")), value="*", key="watch-pattern")
        elif kind is Kind.TABLE:
            address = st.text_input(
                words(N_("Address of the database, or a Parquet, CSV or DuckDB file")), key="watch-address", type="password"
            )
            table = st.text_input(words(N_("Table")), key="watch-table")
            time = st.text_input(words(N_("Column of times")), key="watch-time")
        with st.container(horizontal=True):
            every = st.selectbox(
                words(N_("How often")),
                list(EVERIES),
                index=2,
                format_func=lambda one: words(EVERIES[one]),
                key="watch-every",
                width=200,
            )
            zone = st.text_input(words(N_("Time zone")), value=str(st.context.timezone or "UTC"), key="watch-zone", width=240)
        tell = st.text_area(words(N_("Who is told: one Apprise address a line, such as mailto://…")), key="watch-tell", height=80)
        sent = st.form_submit_button(words(N_("Keep watching this")), type="primary")
    if not sent:
        return
    try:
        stated = {
            "name": name.strip(),
            "reference": visit.incident,
            "source": {"kind": str(kind), "address": address, "table": table, "time": time, "pattern": pattern or "*"},
            "every": str(every) if every else None,
            "zone": zone.strip() or "UTC",
            "link": _origin(),
            "language": words.language,
        }
        settings = settings_of(stated)
        if records.named(settings.name) is not None:
            raise BadInput(N_("There is a watch named {name:name} already: give this one another name."), name=settings.name)
        watch = records.keep(settings, channels.checked(_lines(tell)), now=records.utc(datetime.now(UTC)))
        try:
            begin(watch)
        except BadInput:
            records.delete(watch.id)
            raise
    except BadInput as reason:
        st.error(plain(reason.statement(words)))
        return
    look(watch.id)
    show(watch.id)


def change(watch: Watch, visit: Visit) -> None:
    """Other people to tell. The old addresses are replaced, and were never shown."""
    words = visit.words
    with st.form("who-is-told", border=False):
        tell = st.text_area(words(N_("New addresses, one a line (they replace all)")), key="tell-new", height=80)
        if st.form_submit_button(words(N_("Replace"))):
            try:
                found = channels.checked(_lines(tell))
                records.keep(replace(watch.settings), found, now=records.utc(datetime.now(UTC)))
            except BadInput as reason:
                st.error(plain(reason.statement(words)))
            else:
                st.rerun()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _origin() -> str:
    url = st.context.url or ""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/')[0]}" if rest else ""
