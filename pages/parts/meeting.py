"""The meeting on one screen: the sentence, its proof, the timeline, decisions, actions, and who confirmed which step."""

from __future__ import annotations

from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES
from diagnostics.investigation import Investigation
from diagnostics.keep.review.edit import Edit
from diagnostics.keep.review.impact import filled, told
from diagnostics.keep.review.record import Confirmation, Record
from diagnostics.nouns.words import N_, shorten
from diagnostics.pictures import pictured
from pages.parts import signin
from pages.parts import visit as visits
from pages.parts.cards import show
from pages.parts.guard import CAUSES, REPORT, REVIEW, ROOT
from pages.parts.header import MARKS, STATES
from pages.parts.review import facts_line, timeline
from pages.parts.review_edits import opened, save, watch
from pages.parts.review_edits import told as said
from pages.parts.review_items import items
from pages.parts.step import concluded
from pages.parts.text import plain
from pages.parts.visit import Visit

PROOF_HEIGHT: Final = 180
MOMENTS: Final = 5
"""Moments of the timeline on the screen."""

WHO_CAP: Final = 24
SHOWN: Final = 3
"""Decisions and actions on the screen, the latest; the page Review has them all."""


def meeting_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit, whole=True)
    words = visit.words
    written = opened(visit)
    held = filled(written or Record(), investigation)
    with st.container(key="meeting"):
        with st.container(key="bar", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(facts_line(held, words), width="content")
            with st.container(horizontal=True, width="content", gap="xsmall", vertical_alignment="center"):
                for page, label in ((CAUSES, N_("Causes")), (REVIEW, N_("Review")), (REPORT, N_("Report"))):
                    st.page_link(ROOT / page, label=words(label), query_params=visit.link)
                if not visit.read_only and not signin.signed_in():
                    with st.popover(plain(signin.who()) or words(N_("Your name")), type="tertiary", key="your-name"):
                        signin.name_field(words)
        said(visit)
        _sentence(investigation, visit)
        impact = told(held.impact, words)
        if impact:
            st.markdown(f"**{plain(impact)}**")
        left, right = st.columns([2, 3], gap="medium")
        with left:
            _proof(investigation, visit)
        with right:
            timeline(held, investigation, visit, most=MOMENTS)
        if written is None:
            return
        left, middle, right = st.columns([8, 9, 11])
        with left, st.container(border=True, height="stretch", key="table-decisions"):
            items("decisions", held, visit, shown=SHOWN, brief=True)
        with middle, st.container(border=True, height="stretch", key="table-actions"):
            items("actions", held, visit, shown=SHOWN, brief=True)
        with right, st.container(border=True, height="stretch", key="table-steps"):
            _steps(held, investigation, visit)
        watch(visit.incident or "", held.version, words)


def _sentence(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    concluded(investigation, words)


def _proof(investigation: Investigation, visit: Visit) -> None:
    """The picture of the undo; where nothing could be undone, that of the finding that speaks loudest for the cause."""
    words = visit.words
    if not investigation.causes:
        st.markdown(words(N_("There is no picture: nothing had to be proved.")))
        return
    cause = investigation.causes[0]
    shown = pictured.of_proof(cause, words)
    if shown is None:
        found = pictured.supporting(cause, investigation.checks, words)
        pictures = (pictured.of_finding(check, finding, words) for check, finding in found)
        shown = next((picture for picture in pictures if picture is not None), None)
    if shown is None:
        st.markdown(words(N_("This cause lies outside the rows: there is no picture of it.")))
        return
    show(shown, visit, key="meeting-proof", height=PROOF_HEIGHT)
    for line in cause.proof(words)[:1]:
        st.markdown(plain(line))


def _steps(held: Record, investigation: Investigation, visit: Visit) -> None:
    """The seven steps: what each says, and who confirmed it."""
    words = visit.words
    confirmed = {item.step: item for item in held.confirmations}
    st.subheader(
        words(N_("Steps confirmed: {count:count} of {all:count}"), count=len(confirmed), all=len(STEP_TITLES)), anchor=False
    )
    for number in range(1, len(STEP_TITLES) + 1):
        _step(number, confirmed.get(number), held, investigation, visit)


def _step(number: int, item: Confirmation | None, held: Record, investigation: Investigation, visit: Visit) -> None:
    """One tick: the step, what it says, who confirmed it, and what it said then if that was something else."""
    words = visit.words
    state = investigation.status(number)
    mark, colour = MARKS[state]
    name = f"steps.{number}.confirmed"
    box = f"confirm-{number}-{held.versions.get(name, 0)}"
    label = f"{number} {plain(words(STEP_TITLES[number - 1]))} :{colour}[{mark} {words(STATES[state])}]"
    if item is not None:
        # Only the name: seven lines with a time do not fit on the screen, and the report says when.
        label += f" :gray[{plain(shorten(item.who, cap=WHO_CAP))}]"
        if item.found and item.found != state:
            label += f" :orange[{plain(words(N_('it said {found:term} then'), found=STATES.get(item.found, item.found)))}]"
    st.checkbox(
        label,
        item is not None,
        key=box,
        disabled=visit.read_only,
        on_change=_confirm,
        args=(visit, number, str(state), box, dict(held.versions)),
        wrap=True,
    )


def _confirm(visit: Visit, number: int, state: str, box: str, versions: dict[str, int]) -> None:
    values = {"confirmed": bool(st.session_state[box]), "found": state}
    names = {part: f"steps.{number}.{part}" for part in values}
    if not save(visit, [Edit(names[part], value, versions.get(names[part], 0)) for part, value in values.items()]):
        # The tick says what is kept, not what was clicked.
        st.session_state[box] = not st.session_state[box]
