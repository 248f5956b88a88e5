"""The rows and columns that are looked at: chosen once, they hold on every page of the incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.looking.overview import names
from diagnostics.looking.scope import CONDITIONS_CAP, LEVELS_CAP, WHOLE, Condition, Group, Scope, Test, say_scope, wants
from diagnostics.measure.outcome import frames
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import N_, shorten
from pages.parts.text import plain
from pages.parts.visit import Visit, look_at

TESTS: Final = {
    Test.IS: N_("is one of"),
    Test.NOT: N_("is none of"),
    Test.FROM: N_("is at least"),
    Test.UP_TO: N_("is at most"),
    Test.HOLDS: N_("contains"),
    Test.MISSING: N_("is missing"),
    Test.GIVEN: N_("is given"),
}
OPTIONS: Final[tuple[Test, ...]] = tuple(Test)
DRAFT: Final = "group-draft"
AND, OR = "and", "or"
JOINS: Final = {AND: N_("and"), OR: N_("or")}


def chosen(incident: Incident, visit: Visit) -> None:
    """What is looked at, where that is not all, with the way back; and the door to choosing."""
    words, scope = visit.words, visit.scope
    with st.container(horizontal=True, vertical_alignment="center", key="chosen"):
        if not scope.whole:
            told = " ".join(plain(line) for line in say_scope(scope, words))
            st.markdown(f":blue[**{words(N_('Looked at:'))}**] {told}", width="content")
            if st.button(words(N_("Look at all rows again")), key="all-rows"):
                look_at(visit, WHOLE)
        with st.popover(words(N_("Choose rows")), key="choose-rows", on_change="rerun") as box:
            if box.open:
                _days(incident, visit)
                builder(incident, visit)


def _days(incident: Incident, visit: Visit) -> None:
    words, time = visit.words, incident.roles.timestamp
    current = frames(incident).current
    if (
        time is None
        or current is None
        or time not in current
        or current[time].dtype.kind != "M"
        or not current[time].notna().any()
    ):
        st.markdown(words(N_("Days can be chosen where a column of the current table tells when a row arose.")))
        return
    first, last = current[time].min().date(), current[time].max().date()
    low = min(first, visit.scope.since.date()) if visit.scope.since else first
    high = max(last, visit.scope.until.date()) if visit.scope.until else last
    picked = st.date_input(
        words(N_("Days of the current rows")),
        (low, high),
        format="YYYY-MM-DD",
        key=f"days-{low}-{high}",
        help=words(N_("The reference stays whole: it is what the days are held against.")),
    )
    days = picked if isinstance(picked, tuple) and len(picked) == 2 and picked != (low, high) else None
    if st.button(words(N_("Look at these days")), type="primary", disabled=days is None, key="days-go") and days:
        look_at(visit, replace(visit.scope, since=_start(days[0]), until=_start(days[1])))


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def builder(incident: Incident, visit: Visit) -> None:
    """Conditions joined by "and" and "or"; "and" holds tighter."""
    words, columns = visit.words, names(incident)
    draft: list[int] = st.session_state.setdefault(f"{DRAFT}-{visit.incident}", [0])
    st.markdown(f"**{words(N_('A group of rows, in both tables'))}**")
    made: list[list[Condition]] = [[]]
    for place, number in enumerate(draft):
        if (
            place
            and st.segmented_control(
                words(N_("And or or")),
                list(JOINS),
                default=AND,
                format_func=lambda join: words(JOINS[join]),
                key=f"group-join-{number}",
                persist_state="session",
                label_visibility="collapsed",
            )
            == OR
        ):
            made.append([])
        condition = _condition(number, columns, incident, visit)
        if condition is not None:
            made[-1].append(condition)
    with st.container(horizontal=True):
        if len(draft) < CONDITIONS_CAP and st.button(words(N_("Add a condition")), key="group-add"):
            draft.append(max(draft) + 1)
            st.rerun()
        if len(draft) > 1 and st.button(words(N_("Take the last one away")), key="group-less"):
            draft.pop()
            st.rerun()
        either = tuple(tuple(every) for every in made if every)
        if st.button(words(N_("Look at this group")), type="primary", disabled=not either, key="group-go"):
            look_at(visit, replace(visit.scope, group=Group(either=either)))


def _condition(number: int, columns: tuple[str, ...], incident: Incident, visit: Visit) -> Condition | None:
    words = visit.words
    left, middle, right = st.columns([3, 2, 4], vertical_alignment="bottom")
    column = left.selectbox(
        words(N_("Column")), columns, index=None, format_func=shorten, key=f"group-column-{number}", persist_state="session"
    )
    test = middle.selectbox(
        words(N_("Condition")),
        OPTIONS,
        format_func=lambda one: words(TESTS[one]),
        key=f"group-test-{number}",
        persist_state="session",
    )
    if column is None:
        return None
    if not wants(test):
        return Condition(column=column, test=test)
    if test in (Test.IS, Test.NOT):
        values = right.multiselect(
            words(N_("Values")),
            levels(incident, column),
            format_func=shorten,
            accept_new_options=True,
            max_selections=LEVELS_CAP,
            key=f"group-values-{number}-{column}",
            persist_state="session",
        )
        return Condition(column=column, test=test, values=tuple(map(str, values))) if values else None
    value = right.text_input(words(N_("Value")), key=f"group-value-{number}", persist_state="session", max_chars=200)
    return Condition(column=column, test=test, values=(value.strip(),)) if value and value.strip() else None


def levels(incident: Incident, column: str) -> list[str]:
    """The commonest values of a column on either side."""
    both = frames(incident)
    found = [as_level(f[column]).dropna().astype(str) for f in (both.reference, both.current) if f is not None and column in f]
    counts = pd.concat(found).value_counts().head(LEVELS_CAP) if found else pd.Series(dtype="int64")
    return [str(level) for level in counts.index]


def without(name: str, scope: Scope) -> Scope:
    """The scope without one more column."""
    return replace(scope, without=tuple(dict.fromkeys((*scope.without, name))))
