"""The page One row: the worst rows with the cells at fault, and why the model predicted what it did for one of them."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.looking.row import Explained, WorstRows, explain, row_at, shown, worst_rows
from diagnostics.measure.samples import Samples, samples
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Row
from diagnostics.pictures.style import Tone
from pages.parts import visit as visits
from pages.parts.cards import plot
from pages.parts.chosen import chosen
from pages.parts.export import csv_bytes
from pages.parts.header import header, states
from pages.parts.looked import counted
from pages.parts.needs import needs_link
from pages.parts.step import say
from pages.parts.taken import take_along
from pages.parts.text import plain
from pages.parts.visit import Visit

ROW: Final = "row"
BARS: Final = 12
SEEN: Final = 10


def one_row_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit)
    incident, words = investigation.incident, visit.words
    header(visit.title, states(investigation), words, visit.link)
    chosen(incident, visit)
    try:
        drawn = samples(incident)
    except NotApplicable as reason:
        say(plain(reason.statement(words)))
        needs_link(reason.needs, words, visit.link)
        return
    seen = incident.fingerprint
    worst = counted(visit, ("worst", *visit.link.items()), seen, lambda: worst_rows(incident))
    if worst is None:
        say(plain(words(N_("One row"))))
        return
    position = _position(incident, worst, visit)
    if position is None:
        say(plain(words(N_("There is no such row among those drawn."))))
        _worst(worst, drawn, incident, visit)
        return
    found = counted(visit, ("row", position, *visit.link.items()), seen, lambda: explain(incident, position))
    name = _name(position, drawn, incident)
    if found is None:
        say(plain(words(N_("Row {name:name}"), name=name)))
    else:
        _why(name, found, drawn, incident, visit)
        take_along(visit, "row")
    _worst(worst, drawn, incident, visit)


def _position(incident: Incident, worst: WorstRows, visit: Visit) -> int | None:
    """The row of the link, of the field, or the worst one."""
    words = visit.words
    asked = st.query_params.get(ROW, "")
    named = incident.roles.id
    label = words(N_("Row: its {column:name}, or its number"), column=named) if named else words(N_("Row: its number, from 1"))
    typed = st.text_input(label, asked, key=f"row-{asked}", max_chars=200, width=320).strip()
    if typed != asked:
        st.query_params[ROW] = typed
    if not typed:
        return worst.positions[0] if worst.positions else None
    return row_at(incident, typed)


def _name(position: int, drawn: Samples, incident: Incident) -> str:
    named = incident.roles.id
    value = shown(drawn.current[named].iloc[position]) if named is not None and named in drawn.current else ""
    return value or str(position + 1)


def _why(name: str, found: Explained, drawn: Samples, incident: Incident, visit: Visit) -> None:
    words = visit.words
    written = words.percent if found.percent else words.number
    first = found.contributions[0]
    values = {
        "name": name,
        "what": found.what,
        "value": written(found.value),
        "usual": written(found.usual),
        "column": first.column,
    }
    if found.percent:
        said = N_(
            "Row {name:name}: {what:name} is predicted with {value}, usually with {usual}. Most of that comes from {column:name}."
        )
    else:
        said = N_("Row {name:name}: {value} is predicted, usually {usual}. Most of that comes from {column:name}.")
    text = words.sentence(said, values)
    say(plain(text))
    rows = [
        Row(
            label=f"{shorten(one.column, cap=30)}: {shorten(one.value, cap=24) or words(N_('missing'))}",
            value=one.adds,
            tone=Tone.FAULT if place == 0 else Tone.CURRENT,
            said=words(N_("usually {value:name}"), value=one.usual),
        )
        for place, one in enumerate(found.contributions[:BARS])
    ]
    title = words(N_("added to the prediction, against usual values"))
    plot(Bars(rows=rows, axis=Axis(title=title, form="+%" if found.percent else "")), visit, alt=text, key="row-why")
    st.markdown(plain(_source(found, words)))
    _changes(found, words)
    _nearest(found, drawn, incident, words)


def _source(found: Explained, words: Words) -> str:
    if found.uploaded:
        return words(N_("Explained is the uploaded model itself."))
    if found.learnt == "target":
        said = N_("Explained is a stand-in fitted to the labels of the reference: the real model may reason differently.")
    else:
        said = N_(
            "Explained is a stand-in fitted to the logged predictions; on rows that it never saw it agrees with {share:percent} "
            "of them. Upload the model to have it explained itself."
        )
    return words(said, share=max(0.0, found.fidelity))


def _changes(found: Explained, words: Words) -> None:
    st.subheader(words(N_("Which value would have to change")), anchor=False)
    if not found.changes:
        st.markdown(words(N_("No single value of the reference, put in its place, turns the decision.")))
        return
    said = N_("{column:name}: {instead:name} instead of {value:name} → {predicted:name}")
    lines = [
        words(
            said,
            column=one.column,
            instead=one.instead,
            value=one.value or words(N_("missing")),
            predicted=one.predicted or words.percent(one.score),
        )
        for one in found.changes
    ]
    st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _nearest(found: Explained, drawn: Samples, incident: Incident, words: Words) -> None:
    if not found.nearest:
        return
    st.subheader(words(N_("Reference rows that are most alike")), anchor=False)
    frame = drawn.reference.iloc[[at for at, _ in found.nearest]].map(shown)
    front = [
        name
        for name in (incident.roles.id, incident.roles.target, incident.roles.prediction)
        if name is not None and name in frame
    ]
    frame = frame[[*front, *(name for name in frame if name not in front)]]
    frame.insert(0, words(N_("likeness")), [words.percent(1 - apart) for _, apart in found.nearest])
    st.dataframe(frame, hide_index=True, alt=words(N_("The reference rows that are most like this one")))


@st.fragment
def _worst(worst: WorstRows, drawn: Samples, incident: Incident, visit: Visit) -> None:
    words = visit.words
    st.subheader(words(N_("The worst rows")), anchor=False)
    if not worst.positions:
        st.markdown(words(N_("There is no row to show.")))
        return
    frame = drawn.current.iloc[list(worst.positions)].map(shown).reset_index(drop=True)
    faults = worst.faults
    front = [
        name
        for name in (incident.roles.id, incident.roles.target, incident.roles.prediction)
        if name is not None and name in frame
    ]
    at_fault = [name for name in frame if name not in front and any(name in row for row in faults)]
    frame = frame[[*front, *at_fault, *(name for name in frame if name not in front and name not in at_fault)]]
    if worst.loss is not None:
        frame.insert(0, words(worst.what), [round(value, 4) for value in worst.loss])
    colour = visit.palette.fault
    marks = pd.DataFrame("", index=frame.index, columns=frame.columns)
    for number, row in enumerate(faults):
        for name in row:
            marks.loc[number, name] = f"background-color: {colour}; color: {visit.palette.ground}"
    told = N_("Sorted by error. A marked cell is one that no reference row has the like of: out of range, unseen, or missing.")
    if worst.loss is None:
        told = N_("There are no labels, so rows with most strange cells come first; those cells are marked.")
    st.markdown(words(told))
    picked = st.dataframe(
        frame.style.apply(lambda _: marks, axis=None),
        hide_index=True,
        height=36 * min(SEEN, len(frame)) + 40,
        on_select="rerun",
        selection_mode="single-row",
        key="worst-rows",
        alt=words(N_("The worst rows with the cells at fault marked")),
    )
    if not visit.read_only:
        st.download_button(
            words(N_("Download these rows (.csv)")),
            data=lambda: csv_bytes(frame),
            file_name="worst-rows.csv",
            mime="text/csv",
            key="worst-download",
            on_click="ignore",
        )
    if picked.selection.rows and picked.selection.rows[0] < len(worst.positions):
        name = _name(worst.positions[picked.selection.rows[0]], drawn, incident)
        if st.query_params.get(ROW) != name:
            st.query_params[ROW] = name
            st.rerun()
