"""The preview of synthetic rows: where they lie, how many, from how many neighbours, and the rows themselves, marked."""

from __future__ import annotations

from typing import Final

import streamlit as st

from diagnostics.clinic.imbalance.check import Imbalance
from diagnostics.clinic.imbalance.methods import SAMPLERS
from diagnostics.clinic.imbalance.rows import Preview, preview, to_download, two_classes
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import imbalance as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened
from pages.parts.export import csv_bytes
from pages.parts.text import plain

SMOTE: Final = "smote"
ROWS: Final = 5_000
"""Rows that the preview is made from: it answers while somebody turns a knob."""


@st.cache_data(show_spinner=False, scope="session", max_entries=16)
def _preview(
    fingerprint: str, neighbours: int, wanted: int | None, columns: tuple[str, str] | None, how: str, _incident: Incident
) -> Preview:
    data = two_classes(_incident, rows=ROWS)
    return preview(data, neighbours=neighbours, wanted=wanted, columns=columns, seed=_incident.seed, how=how)


@st.fragment
def show_synthetic_rows(p: Imbalance, opened: Opened) -> None:
    """Drawn when somebody opens it."""
    words, incident = opened.words, opened.incident
    with st.expander(words(N_("Synthetic rows (SMOTE): a preview")), key="synthetic", on_change="rerun") as box:
        if not box.open:
            return
        try:
            first = _preview(opened.fingerprint, 5, None, None, SMOTE, incident)
        except NotApplicable as reason:
            st.markdown(plain(reason.statement(words)))
            return
        lacks = max(1, first.count)
        names = {SMOTE: N_("Synthetic rare rows (SMOTE)"), **{name: method.says for name, method in SAMPLERS.items()}}
        how = st.selectbox(
            words(N_("Method")), list(names), format_func=lambda name: words(names[name]), key="synthetic-how", width=480
        )
        left, middle, right = st.columns(3)
        with left:
            most = max(1, min(50, first.most))
            near = st.slider(words(N_("Neighbours")), 1, most, min(5, most), key="synthetic-k") if most > 1 else 1
            st.markdown(
                plain(words(N_("{rows:count} rows of this class allow at most {most:count}."), rows=first.rows, most=first.most))
            )
        with middle:
            wanted = st.number_input(words(N_("How many")), 1, lacks, lacks, key="synthetic-count")
        with right:
            numbers = [
                c.name for c in incident.reference or () if c.kind.value == "number" and c.name not in incident.roles.named
            ]
            pair = st.multiselect(
                words(N_("Draw on two columns")),
                numbers,
                max_selections=2,
                key="synthetic-columns",
                placeholder=words(N_("the two main components")),
            )
        columns = (pair[0], pair[1]) if len(pair) == 2 else None
        try:
            shown = _preview(opened.fingerprint, int(near), int(wanted), columns, how, incident)
        except NotApplicable as reason:
            st.markdown(plain(reason.statement(words)))
            return
        except ValueError:
            st.markdown(words(N_("One of these columns was left out: choose two others.")))
            return
        text = words(
            N_(
                "{count:count} synthetic rows of {name} ({kind}), each between one of {rows:count} real rows and one of its "
                "{near:count} nearest of that class."
            ),
            count=shown.count,
            name=p.named,
            kind=shown.kind,
            rows=shown.rows,
            near=shown.neighbours,
        )
        if how != SMOTE:
            said = N_("“{what:term}” makes {count:count} rows of {name} and drops {gone:count} rows.")
            text = words(said, what=SAMPLERS[how].says, count=shown.count, name=p.named, gone=shown.gone)
        st.markdown(plain(text))
        if how != SMOTE:
            st.markdown(words(SAMPLERS[how].when))
        plot(drawing.draw_preview(shown, words), opened.visit, alt=text, key="synthetic-chart")
        if incident.reference is not None and incident.reference.rows > ROWS:
            said = N_("Made from {rows:count} of {whole:count} rows, drawn at random.")
            st.markdown(plain(words(said, rows=ROWS, whole=incident.reference.rows)))
        if shown.missing:
            said = N_("{count:count} missing cells were filled with medians, or with a level of their own, before.")
            st.markdown(plain(words(said, count=shown.missing)))
        st.markdown(words(N_("Never judge a model on synthetic rows, and make them from training rows only, after the split.")))
        if how != SMOTE:
            return
        st.download_button(
            words(N_("Download the synthetic rows, marked as such (.csv)")),
            data=lambda: csv_bytes(
                to_download(
                    two_classes(incident, rows=ROWS), incident, neighbours=int(near), wanted=int(wanted), seed=incident.seed
                )
            ),
            file_name="synthetic-rows.csv",
            mime="text/csv",
            key="synthetic-download",
            on_click="ignore",
        )
