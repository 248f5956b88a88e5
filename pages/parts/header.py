"""The top of every page of an incident: its title, the ways out, and the seven steps with what each found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES
from diagnostics.investigation import Investigation
from diagnostics.nouns.check import Status
from diagnostics.nouns.words import N_, Words
from pages.parts.guard import ALL_COLUMNS, CAUSES, COLUMNS, REPORT, REVIEW, ROOT, STEP_SCRIPTS, WATCH
from pages.parts.text import plain

WAYS_OUT: Final = (
    (COLUMNS, N_("Columns")),
    (ALL_COLUMNS, N_("All columns")),
    (CAUSES, N_("Causes")),
    (REVIEW, N_("Review")),
    (REPORT, N_("Report")),
    (WATCH, N_("Watch")),
)
RUNNING: Final = "running"
WAITING: Final = "waiting"
STATES: Final[Mapping[str, str]] = {
    Status.PROBLEM: N_("problem"),
    Status.OK: N_("ok"),
    Status.SKIPPED: N_("skipped"),
    RUNNING: N_("running"),
    WAITING: N_("waiting"),
}
MARKS: Final[Mapping[str, tuple[str, str]]] = {
    Status.PROBLEM: ("✕", "red"),
    Status.OK: ("✓", "green"),
    Status.SKIPPED: ("–", "gray"),
    RUNNING: ("…", "blue"),
    WAITING: ("·", "gray"),
}
"""A sign and a colour for each state; the word always stands beside them."""


def header(title: str, states: Mapping[int, str], words: Words, link: Mapping[str, str]) -> None:
    """`states`: per step 1 to 7 one of STATES. `link`: the query parameters of the incident."""
    with st.container(key="bar", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(words('{title:term}', title=title)) or words(N_('Incident'))}**", width="content")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            for page, label in WAYS_OUT:
                st.page_link(ROOT / page, label=words(label), query_params=dict(link))
    with st.container(key="steps", horizontal=True, wrap=False, gap="xxsmall"):
        for number, (script, name) in enumerate(zip(STEP_SCRIPTS, STEP_TITLES, strict=True), start=1):
            mark, colour = MARKS[states[number]]
            label = f"{number} {plain(words(name))} :{colour}[{mark} {words(STATES[states[number]])}]"
            st.page_link(ROOT / script, label=label, query_params=dict(link), width="stretch")


def states(investigation: Investigation) -> dict[int, str]:
    return {number: investigation.status(number) for number in range(1, len(STEP_TITLES) + 1)}


def states_while(step: int, found: Investigation | None) -> dict[int, str]:
    """States while step number `step` runs (0: the files are still being read; 8: all are done); `found`: the steps before it."""
    numbers = range(1, len(STEP_TITLES) + 1)
    return {n: found.status(n) if found and n < step else RUNNING if n == step else WAITING for n in numbers}
