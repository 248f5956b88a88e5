"""Save what a person changed in a record, and ask where two people changed the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import streamlit as st

from diagnostics.keep.review import edit, record
from diagnostics.keep.review.edit import Conflict, Edit
from diagnostics.keep.review.record import GRADES, STATUSES, Record
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words
from pages.parts import signin
from pages.parts.text import plain
from pages.parts.visit import Visit

T = TypeVar("T")

EVERY: Final = 3.0
"""Seconds between two looks at whether somebody else changed something."""

FACTS: Final = "facts"
CONFLICTS: Final = "review-conflicts"
REFUSED: Final = "review-refused"


def opened(visit: Visit) -> Record | None:
    """The record; None, with a sentence on the page, when the database cannot be used: all else on the page still stands."""
    try:
        return record.read(visit.incident or "")
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return None


def save(visit: Visit, edits: Sequence[Edit], *, at: str = "") -> bool:
    """Whether the edits were dealt with: made, or put to the person who made them. If not, what was typed stays where it is.

    at: where `told` says what was refused, if not in the part of the page that the entry belongs to.
    """
    try:
        found = edit.change(visit.incident or "", edits, who=signin.who())
    except BadInput as reason:
        st.session_state[REFUSED] = (visit.incident, at or part_of(edits[0].field), reason)
        return False
    st.session_state.setdefault(CONFLICTS, []).extend((visit.incident, conflict) for conflict in found)
    return True


def add(visit: Visit, kind: str, values: Mapping[str, Any], *, key: str = "") -> bool:
    """Whether the new item was kept."""
    try:
        edit.add(visit.incident or "", kind, values, who=signin.who(), key=key)
    except BadInput as reason:
        st.session_state[REFUSED] = (visit.incident, kind, reason)
        return False
    return True


def part_of(name: str) -> str:
    """The part of the page where an entry is written: the kind of an item, "facts" for a field of the record itself."""
    return name.partition(".")[0] if name.count(".") == 2 else FACTS


def told(visit: Visit, *parts: str) -> None:
    """What could not be saved, and where somebody else was quicker: of these parts of the page, or of all where none is named.

    The place is held also while there is nothing to say: what moves down would be drawn anew, folded, with what was typed hidden.
    """
    with st.container(key=f"told-{'-'.join(parts).replace('.', '-')}"):
        incident, part, reason = st.session_state.get(REFUSED, (None, "", None))
        if reason is not None and incident == visit.incident and (not parts or part in parts):
            del st.session_state[REFUSED]
            st.error(plain(reason.statement(visit.words)))
        waiting = [conflict for named, conflict in st.session_state.get(CONFLICTS, []) if named == visit.incident]
        for conflict in waiting:
            if not parts or part_of(conflict.field) in parts:
                _asked(conflict, visit)


def base(name: str, now: T, *, told_of: Callable[[T], object], opened: bool | None) -> T:
    """What the person saw when the form was opened: what differs from it is what they changed.

    A form that nobody opened yet follows what others write; one that was opened keeps what is typed in it.
    """
    form = turn(name)
    place, touched = f"base-{form}", f"opened-{form}"
    if opened or any(st.session_state.get(f"{form}-{button}") for button in ("save", "gone")):
        st.session_state[touched] = True
    if place in st.session_state and not st.session_state.get(touched) and told_of(st.session_state[place]) != told_of(now):
        del st.session_state[place]
        fresh(name)
        place = f"base-{turn(name)}"
    seen: T = st.session_state.setdefault(place, now)
    return seen


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
                # The form goes on from what stands now.
                part = part_of(conflict.field)
                fresh(part if part == FACTS else f"edit-{conflict.field.rpartition('.')[0].replace('.', '-')}")
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
