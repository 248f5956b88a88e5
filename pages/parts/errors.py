"""The page Errors: groups where the model errs, a map of two columns, and a threshold with its costs and its code."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.looking.decisions import Confusion, Decisions, Matrix, at, by_group, cheapest, code, decisions, heat, matrix
from diagnostics.looking.overview import names
from diagnostics.looking.scope import say_group
from diagnostics.looking.tree import ErrorTree, error_tree
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures import decisions as drawing
from pages.parts import visit as visits
from pages.parts.cards import plot
from pages.parts.chosen import chosen
from pages.parts.guard import ROOT, STEP_SCRIPTS
from pages.parts.header import header, states
from pages.parts.looked import counted
from pages.parts.step import say
from pages.parts.taken import take_along
from pages.parts.text import plain
from pages.parts.visit import Visit, look_at

NAMES: Final = 70
"""Characters of a group's name in a picture."""


def errors_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit)
    incident, words = investigation.incident, visit.words
    header(visit.title, states(investigation), words, visit.link)
    chosen(incident, visit)
    seen = incident.fingerprint
    tree = counted(visit, ("tree", *visit.link.items()), seen, lambda: error_tree(incident))
    if tree is None:
        say(plain(words(N_("Where the model errs"))))
        st.page_link(ROOT / STEP_SCRIPTS[0], label=words(N_("See step {number:count} →"), number=1), query_params=visit.link)
        return
    _worst(tree, visit)
    _map(incident, visit)
    if incident.answer is Answer.SCORE:
        found = counted(visit, ("decisions", *visit.link.items()), seen, lambda: decisions(incident))
        if found is not None:
            _threshold(found, incident, visit)
    elif incident.answer is Answer.LABEL:
        table = counted(visit, ("matrix", *visit.link.items()), seen, lambda: matrix(incident))
        if table is not None:
            _matrix(table, words)
    take_along(visit, "errors")


def _worst(tree: ErrorTree, visit: Visit) -> None:
    words = visit.words
    written = words.percent if tree.percent else words.number
    bad = [leaf for leaf in tree.leaves if leaf.loss.low > tree.whole.high]
    if bad and bad[0].group is not None:
        text = words(N_("The model errs most where {group}."), group=say_group(bad[0].group, words))
        said = N_("There the {loss:term} is {here}, and {there} over all rows.")
        beside = words(said, loss=tree.loss, here=written(bad[0].loss.value), there=written(tree.whole.value))
    else:
        text = words(N_("The model errs much the same in all groups of rows."))
        beside = words(N_("Over all rows the {loss:term} is {there}."), loss=tree.loss, there=written(tree.whole.value))
    say(plain(text))
    st.markdown(plain(beside))
    if not tree.leaves:
        return
    labels = [shorten(say_group(leaf.group, words), cap=NAMES) if leaf.group else "" for leaf in tree.leaves]
    plot(drawing.tree(tree, labels, words), visit, alt=text, key="errors-tree")
    st.markdown(
        plain(
            words(
                N_("Found on half of the current rows with a label, counted on the other half ({rows:count} rows)."),
                rows=tree.judged,
            )
        )
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            words(N_("Look at one of these groups on all pages")),
            range(len(labels)),
            format_func=lambda n: labels[n],
            key="errors-leaf",
            width=420,
        )
        if st.button(words(N_("Look at this group")), key="errors-go") and picked is not None:
            look_at(visit, replace(visit.scope, group=tree.leaves[picked].group))


@st.fragment
def _map(incident: Incident, visit: Visit) -> None:
    words = visit.words
    st.subheader(words(N_("Two columns at once")), anchor=False)
    columns = [name for name in names(incident) if name not in incident.roles.named]
    if len(columns) < 2:
        st.markdown(words(N_("A map needs two features.")))
        return
    with st.container(horizontal=True):
        first = st.selectbox(
            words(N_("Across")), columns, index=0, format_func=shorten, key="map-first", persist_state="session", width=300
        )
        second = st.selectbox(
            words(N_("Upwards")), columns, index=1, format_func=shorten, key="map-second", persist_state="session", width=300
        )
    if first == second:
        st.markdown(words(N_("Choose two different columns.")))
        return
    found = counted(
        visit, ("map", first, second, *visit.link.items()), incident.fingerprint, lambda: heat(incident, first, second)
    )
    if found is not None:
        title = words(N_("{what:term} by {first:name} and {second:name}"), what=found.what, first=first, second=second)
        st.markdown(plain(title))
        plot(drawing.heat(found, words), visit, alt=title, key="errors-map")


@st.fragment
def _threshold(found: Decisions, incident: Incident, visit: Visit) -> None:
    words = visit.words
    st.subheader(words(N_("Where to draw the line")), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        miss = st.number_input(
            words(N_("Cost of a missed {name:name}"), name=found.name),
            0.0,
            1e9,
            5.0,
            key="cost-miss",
            persist_state="session",
            width=220,
        )
        alarm = st.number_input(
            words(N_("Cost of a false alarm")), 0.0, 1e9, 1.0, key="cost-alarm", persist_state="session", width=220
        )
        base = found.scored.reference or found.scored.current
        best = min(1.0, cheapest(base, miss, alarm)) if base is not None else 0.5
        if st.button(words(N_("Cheapest: {threshold:number}"), threshold=best), key="threshold-best", help=words(CHEAPEST)):
            st.session_state["threshold"] = best
    threshold = st.slider(
        words(N_("Threshold: at or above it, a row is taken for {name:name}"), name=found.name),
        0.0,
        1.0,
        0.5,
        step=0.001,
        key="threshold",
        persist_state="session",
    )
    here = {side: at(scored, threshold) for side, _, _ in drawing.SIDES if (scored := getattr(found.scored, side)) is not None}
    told = [
        words(N_("{side:term}: {cost:number} per 1,000 rows"), side=name, cost=here[side].cost(miss, alarm))
        for side, name, _ in drawing.SIDES
        if side in here
    ]
    st.markdown(f"**{words(N_('Cost at this threshold'))}** {plain('; '.join(told))}")
    _confusions(here, found, words)
    picked = st.segmented_control(
        words(N_("Curve")),
        list(CURVES),
        default=next(iter(CURVES)),
        format_func=lambda one: words(CURVES[one][0]),
        key="errors-curve",
        persist_state="session",
        label_visibility="collapsed",
    )
    if picked is not None:
        # One at a time: four would be drawn anew with every move of the slider.
        shape = drawing.calibration(found, words) if picked == "calibration" else DRAWN[picked](found, threshold, words)
        plot(shape, visit, alt=words(CURVES[picked][1]), key=f"errors-{picked}")
    with st.expander(words(N_("This threshold as code"))):
        st.code(code(found, threshold), language="python", wrap_lines=True)
    _fair(found, threshold, incident, visit)


CURVES: Final = {
    "roc": (N_("Found against false alarms (ROC)"), N_("Share found against share of false alarms")),
    "pr": (N_("Found against right (precision and recall)"), N_("Share found against share right")),
    "lift": (N_("Lift"), N_("Times as many as by chance")),
    "calibration": (N_("Calibration"), N_("Predicted probability against what came")),
}
DRAWN: Final = {"roc": drawing.roc, "pr": drawing.precision_recall, "lift": drawing.lift}
CHEAPEST: Final = N_("The threshold with the least cost on the reference, or on current where the reference has no scores.")


def _confusions(here: dict[str, Confusion], found: Decisions, words: Words) -> None:
    rows = {}
    for side, name, _ in drawing.SIDES:
        if side not in here:
            continue
        one = here[side]
        rows[words(name)] = {
            words(N_("{name:name} found"), name=found.name): _counted(one.found, one.rows, words),
            words(N_("{name:name} missed"), name=found.name): _counted(one.missed, one.rows, words),
            words(N_("false alarms")): _counted(one.alarms, one.rows, words),
            words(N_("rightly left")): _counted(one.left, one.rows, words),
            words(N_("wrong in all")): words.percent(one.wrong.value),
            words(N_("of those that were {name:name}, found (recall)"), name=found.name): words.percent(one.recall.value),
            words(N_("of those chosen, right (precision)")): words.percent(one.precision.value),
        }
    shown = {side: {plain(key): value for key, value in numbers.items()} for side, numbers in rows.items()}
    st.table(pd.DataFrame(shown), border="horizontal", width="content", alt=words(N_("Decisions by what was true")))


def _counted(count: int, rows: int, words: Words) -> str:
    return f"{words.number(count)} ({words.percent(count / max(1, rows))})"


def _fair(found: Decisions, threshold: float, incident: Incident, visit: Visit) -> None:
    words = visit.words
    st.subheader(words(N_("How the line falls on groups")), anchor=False)
    columns = [
        name for name in names(incident) if name not in (incident.roles.target, incident.roles.prediction, incident.roles.id)
    ]
    preferred = next((name for name in incident.roles.segments if name in columns), None)
    column = st.selectbox(
        words(N_("Groups by")),
        columns,
        index=columns.index(preferred) if preferred else None,
        placeholder=words(N_("choose a column")),
        format_func=shorten,
        key="fair-column",
        persist_state="session",
        width=300,
    )
    if column is None:
        return
    try:
        rates = by_group(incident, column, threshold)
    except NotApplicable as reason:
        st.markdown(plain(reason.statement(words)))
        return
    st.markdown(words(N_("The bars are 95% intervals: groups whose bars overlap may be treated alike. ◆ reference, ● current.")))
    drawn = dict(drawing.groups(rates, found.name, words))
    picked = st.segmented_control(
        words(N_("Rate")), list(drawn), default=next(iter(drawn)), key="fair-rate", label_visibility="collapsed"
    )
    if picked in drawn:
        plot(drawn[picked], visit, alt=picked, key="fair-chart")


def _matrix(table: Matrix, words: Words) -> None:
    st.subheader(words(N_("What was true, and what was predicted")), anchor=False)
    named = [plain(shorten(name)) if name else words(N_("all others")) for name in table.classes]
    for side, name, _ in drawing.SIDES:
        counts = getattr(table.counts, side)
        if counts is None:
            continue
        st.markdown(f"**{words(name)}**")
        frame = pd.DataFrame(
            [[words.number(n) for n in row] for row in counts],
            index=named,
            columns=[words(N_("predicted {name}"), name=one) for one in named],
        )
        st.table(frame, border="horizontal", width="content", alt=words(N_("True class by row, predicted class by column")))
