"""The lists of a record: decisions, actions, events, and what is known and is not. Anybody adds; every item can be corrected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

from diagnostics.keep.review.edit import Edit
from diagnostics.keep.review.record import Action, Decision, Happening, Note, Record
from diagnostics.nouns.words import N_, Words
from pages.parts.review_edits import add, base, fresh, save, told, turn
from pages.parts.text import plain
from pages.parts.visit import Visit

TITLES: Final = {
    "decisions": (N_("Decisions"), N_("What was decided"), N_("Add the decision"), N_("Nothing was decided yet.")),
    "actions": (N_("Actions"), N_("What is to be done"), N_("Add the action"), N_("Nothing is to be done yet.")),
    "events": (N_("Events noted by hand"), N_("What happened"), N_("Add the event"), N_("Nobody noted an event yet.")),
    "known": (N_("What we know"), N_("What we know"), N_("Add it"), N_("Nothing was written down yet.")),
    "unknown": (N_("What we don't know"), N_("What we don't know"), N_("Add it"), N_("Nothing was written down yet.")),
}
"""Heading, label of the field, of the button, and the sentence where there is nothing."""

EMPTY: Final = N_("Write something first: the field is empty.")

Item = Action | Decision | Happening | Note


def items(kind: str, held: Record, visit: Visit, *, shown: int = 100, heading: bool = True, brief: bool = False) -> None:
    """The items of one kind, newest last, and the form that adds one with Enter. brief: for a screen, without who and when."""
    words = visit.words
    title, _, _, nothing = TITLES[kind]
    if heading:
        st.subheader(words(title), anchor=False)
    found: Sequence[Item] = getattr(held, kind)
    if not found:
        st.markdown(words(nothing))
    if len(found) > shown:
        st.markdown(plain(words(N_("{count:count} earlier ones are on the page Review."), count=len(found) - shown)))
    for item in found[-shown:]:
        _row(kind, item, held, visit, brief=brief)
    if not brief:
        told(visit, kind)
    if not visit.read_only:
        form(kind, visit, brief=brief)


def form(kind: str, visit: Visit, *, brief: bool = False) -> None:
    """Add an item; what was typed stays until it is saved."""
    words = visit.words
    # On the screen of a meeting the words stand inside the fields; read aloud they are there all the same.
    seen: Literal["collapsed", "visible"] = "collapsed" if brief else "visible"
    _, label, button, _ = TITLES[kind]
    name = f"add-{kind}"
    key = turn(name)
    with st.form(key, border=False), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        values: dict[str, object] = {}
        if kind == "events":
            values["time"] = st.text_input(words(N_("When")), key=f"{key}-time", placeholder="2026-05-12 08:00", width=170)
        inside = words(label) if brief else None
        # Beside owner, day and button there is no room for it in a third of a screen.
        wide: int | Literal["stretch"] = 330 if brief and kind == "actions" else "stretch"
        values["what"] = st.text_input(words(label), key=f"{key}-what", placeholder=inside, label_visibility=seen, width=wide)
        if kind == "actions":
            inside, wide = (words(N_("Owner")), 90) if brief else (None, 130)
            values["owner"] = st.text_input(
                words(N_("Owner")), key=f"{key}-owner", placeholder=inside, label_visibility=seen, width=wide
            )
            values["due"] = st.date_input(
                words(N_("Due")), None, key=f"{key}-due", format="YYYY-MM-DD", label_visibility=seen, width=140
            )
        sent = st.form_submit_button(words(N_("Add") if brief else button))
    if sent and not str(values["what"] or "").strip():
        st.error(words(EMPTY))
    elif sent:
        if kind == "events" and not str(values["time"] or "").strip():
            st.error(words(N_("Say when it happened, like 2026-05-12 08:00.")))
            return
        if add(visit, kind, values):
            fresh(name)
        st.rerun()


def _row(kind: str, item: Item, held: Record, visit: Visit, *, brief: bool) -> None:
    words, key = visit.words, f"{kind}-{item.key}"
    with st.container(key=f"item-{key}", horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        if isinstance(item, Action):
            name = f"actions.{item.key}.done"
            version = held.versions.get(name, 0)
            box = f"done-{item.key}-{version}"
            st.checkbox(
                words(N_("done")),
                item.done,
                key=box,
                label_visibility="collapsed",
                disabled=visit.read_only,
                on_change=_switched,
                args=(visit, name, box, version),
            )
        st.markdown(line(item, words, stamped=not brief))
        if not visit.read_only and not brief:
            with st.popover(words(N_("Edit")), type="tertiary", key=f"edit-{key}", on_change="rerun") as editor:
                _editor(kind, item, held, visit, opened=editor.open)


def _switched(visit: Visit, name: str, box: str, version: int) -> None:
    if not save(visit, [Edit(name, bool(st.session_state[box]), version)]):
        # The tick says what is kept, not what was clicked.
        st.session_state[box] = not st.session_state[box]


def line(item: Item, words: Words, *, stamped: bool = True) -> str:
    """An item as safe Markdown, with who wrote it and when unless it is not to be `stamped`."""
    text = plain(item.what)
    if isinstance(item, Happening):
        text = f"**{plain(words.time(item.time))}** {text}"
    if isinstance(item, Action):
        text = f"~~{text}~~" if item.done else text
        if item.owner:
            text += f", **{plain(item.owner)}**"
        if item.due:
            text += f", {plain(words(N_('due {day:time}'), day=item.due))}"
    if not stamped:
        return text
    return f"{text} :gray[{plain(item.who)}, {plain(words.time(item.when))} UTC]"


def _editor(kind: str, item: Item, held: Record, visit: Visit, *, opened: bool | None) -> None:
    """Correct or take out one item; each field on the version that was shown."""
    words = visit.words
    name = f"edit-{kind}-{item.key}"
    seen, versions = base(name, (item, dict(held.versions)), told_of=lambda pair: pair[0], opened=opened)
    key = turn(name)
    with st.form(key, border=False):
        values: dict[str, object] = {"what": st.text_area(words(TITLES[kind][1]), seen.what, key=f"{key}-what")}
        if isinstance(seen, Happening):
            values["time"] = st.text_input(words(N_("When")), f"{seen.time:%Y-%m-%d %H:%M}", key=f"{key}-time")
        if isinstance(seen, Action):
            values["owner"] = st.text_input(words(N_("Owner")), seen.owner, key=f"{key}-owner")
            values["due"] = st.date_input(words(N_("Due")), seen.due, key=f"{key}-due", format="YYYY-MM-DD")
        with st.container(horizontal=True):
            sent = st.form_submit_button(words(N_("Save")), type="primary", key=f"{key}-save")
            gone = st.form_submit_button(words(N_("Take it out")), key=f"{key}-gone")
    place = f"{kind}.{item.key}"
    told(visit, place)
    if not sent and not gone:
        return

    def edit(part: str, value: object) -> Edit:
        entry = f"{place}.{part}"
        return Edit(entry, value, versions.get(entry, 0))

    before = {part: getattr(seen, part) for part in values}
    if isinstance(seen, Happening):
        before["time"] = f"{seen.time:%Y-%m-%d %H:%M}"
    edits = [edit("gone", True)] if gone else [edit(part, value) for part, value in values.items() if value != before[part]]
    if save(visit, edits, at=place):
        st.session_state.pop(f"base-{key}", None)
        fresh(name)
    st.rerun()
