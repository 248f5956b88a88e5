"""Save what a person changed in a record, and ask where two people changed the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from diagnostics.finding import BadInput
from diagnostics.review import edit, record
from diagnostics.review.edit import Conflict, Edit
from diagnostics.review.record import GRADES, STATUSES, Record
from diagnostics.words import N_, Words
from pages.parts import signin
from pages.parts.text import plain
from pages.parts.visit import Visit

EVERY: Final = 3.0
"""Seconds between two looks at whether somebody else changed something."""

CONFLICTS: Final = "review-conflicts"
REFUSED: Final = "review-refused"


def opened(visit: Visit) -> Record | None:
    """The record; None, with a sentence on the page, when the database cannot be used: all else on the page still stands."""
    try:
        return record.read(visit.incident or "")
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return None


def save(visit: Visit, edits: Sequence[Edit]) -> bool:
    """Whether the edits were dealt with: made, or put to the person who made them. If not, what was typed stays where it is."""
    try:
        found = edit.change(visit.incident or "", edits, who=signin.who())
    except BadInput as reason:
        st.session_state[REFUSED] = (visit.incident, reason)
        return False
    st.session_state.setdefault(CONFLICTS, []).extend((visit.incident, conflict) for conflict in found)
    return True


def add(visit: Visit, kind: str, values: Mapping[str, Any], *, key: str = "") -> bool:
    """Whether the new item was kept."""
    try:
        edit.add(visit.incident or "", kind, values, who=signin.who(), key=key)
    except BadInput as reason:
        st.session_state[REFUSED] = (visit.incident, reason)
        return False
    return True


def told(visit: Visit) -> None:
    """What could not be saved, and where somebody else was quicker; at the top of the page, where it is seen."""
    incident, reason = st.session_state.pop(REFUSED, (None, None))
    if reason is not None and incident == visit.incident:
        st.error(plain(reason.statement(visit.words)))
    waiting = [conflict for named, conflict in st.session_state.get(CONFLICTS, []) if named == visit.incident]
    for conflict in waiting:
        _asked(conflict, visit)


def _asked(conflict: Conflict, visit: Visit) -> None:
    words = visit.words
    key = f"conflict-{conflict.field.replace('.', '-')}-{conflict.version}"
    with st.container(border=True, key=key):
        what = words(
            N_("{field:term}: {who:name} changed this while you did. Which one is to stand?"),
            field=edit.label(conflict.field),
            who=conflict.who,
        )
        st.markdown(f"**{plain(what)}**")
        mine, theirs = st.columns(2)
        for column, label, value in ((mine, N_("Yours"), conflict.yours), (theirs, N_("The other"), conflict.theirs)):
            with column:
                st.markdown(words(label))
                st.code(shown(conflict.field, value, words) or "–", language=None, wrap_lines=True)
        with st.container(horizontal=True):
            if st.button(words(N_("Keep yours")), key=f"{key}-mine"):
                _settled(conflict, visit)
                save(visit, [Edit(conflict.field, conflict.yours, conflict.version)])
                st.rerun()
            if st.button(words(N_("Keep the other")), key=f"{key}-theirs"):
                _settled(conflict, visit)
                st.rerun()


def _settled(conflict: Conflict, visit: Visit) -> None:
    kept = [pair for pair in st.session_state.get(CONFLICTS, []) if pair != (visit.incident, conflict)]
    st.session_state[CONFLICTS] = kept


def shown(field: str, value: Any, words: Words) -> str:
    """A value of an entry for a person."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or value in ("yes", "no"):
        return words(N_("yes")) if value in (True, "yes") else words(N_("no"))
    if field == "severity":
        return words(GRADES.get(value, str(value)))
    if field == "status":
        return words(STATUSES.get(value, str(value)))
    when = record.moment(value) if edit.is_time(field) else None
    return words.time(when) if when else str(value)


def turn(name: str) -> str:
    """The key of a form: another one after `fresh`, so that what was typed goes when it was saved, and only then."""
    return f"{name}-{st.session_state.get(f'turn-{name}', 0)}"


def fresh(name: str) -> None:
    st.session_state[f"turn-{name}"] = st.session_state.get(f"turn-{name}", 0) + 1


@st.fragment(run_every=EVERY)
def watch(incident: str, version: int, words: Words) -> None:
    """Show the page anew when somebody else changed the record; forms keep what is being typed."""
    try:
        now = record.version(incident)
    except BadInput as reason:
        st.warning(plain(reason.statement(words)))
        return
    if now != version:
        st.rerun()
