"""Are the rows themselves at fault: copies, contradictions, outliers, gaps, doubtful labels, leaks."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diagnostics.clinic.data_quality.check import DataQuality, Settings, rows_at
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import data_quality as drawing
from pages.parts.clinic import Opened, clinic_page
from pages.parts.export import csv_bytes
from pages.parts.measured import show_comparison
from pages.parts.text import plain

SHOWN = 20


def settings(opened: Opened, last: Settings) -> Settings:
    """The model that judges the rows."""
    words, names = opened.words, list(FAMILIES)
    family = st.selectbox(
        words(N_("Model")),
        names,
        index=names.index(last.family) if last.family in names else 0,
        format_func=lambda name: words(FAMILIES[name].title),
        key="data-quality-family",
        width=320,
    )
    return Settings(family=family)


@st.cache_data(show_spinner=False, scope="session", max_entries=16)
def _rows(fingerprint: str, chosen: Settings, numbers: tuple[int, ...], noise: bool, _incident: Incident) -> pd.DataFrame:
    return rows_at(_incident, chosen, numbers, noise=noise)


def below(p: DataQuality, opened: Opened) -> None:
    """Rows to review, leaks measured, gaps and scaling."""
    _review(p, opened)
    _leaks(p, opened)
    _gaps(p, opened)
    if p.scaling is not None:
        words = opened.words
        st.subheader(words(N_("Ways to scale")), anchor=False)
        said = N_("Measured with: {family}. Trees see only which value is larger; scaling changes nothing for them.")
        st.markdown(plain(words(said, family=words(FAMILIES[p.scaled_by].title))))
        show_comparison(p.scaling, opened.visit, key="data-quality-scaling")


def _review(p: DataQuality, opened: Opened) -> None:
    words = opened.words
    lists: list[tuple[str, tuple[int, ...], str, bool]] = []
    if p.noise is not None:
        lists.append((N_("Doubtful labels"), tuple(s.row for s in p.noise.suspects), "labels", True))
    lists.append((N_("Contradictions"), p.copies.conflict_rows, "contradictions", False))
    lists.append((N_("Copies"), p.copies.repeated_rows, "copies", False))
    lists.append((N_("Nearly equal"), p.copies.near_rows_numbers, "nearly-equal", False))
    lists.append((N_("Stand apart"), p.outliers.numbers, "apart", False))
    lists = [entry for entry in lists if entry[1]]
    if not lists:
        return
    st.subheader(words(N_("Rows to review")), anchor=False)
    titles = [words(N_("{what} ({count:count})"), what=words(title), count=len(rows)) for title, rows, _, _ in lists]
    for tab, (title, rows, name, noise) in zip(st.tabs(titles), lists, strict=True):
        with tab:
            _table(p, opened, words(title), rows, name, noise=noise)


def _table(p: DataQuality, opened: Opened, title: str, rows: tuple[int, ...], name: str, *, noise: bool) -> None:
    words, chosen = opened.words, Settings(family=p.family)
    frame = _rows(opened.fingerprint, chosen, rows, noise, opened.incident)
    if noise and p.noise is not None and len(frame) == len(p.noise.suspects):
        # Beside the columns of the file, so that whoever reviews sees why.
        first = pd.DataFrame(
            {
                words(N_("chance of this label")): [round(s.chance, 3) for s in p.noise.suspects],
                words(N_("looks like")): [s.looks for s in p.noise.suspects],
                words(N_("label")): [s.given for s in p.noise.suspects],
            }
        )
        frame = pd.concat([first, frame.rename(columns=lambda c: f"{c} " if c in first.columns else c)], axis=1)
    st.dataframe(frame.head(SHOWN), hide_index=True, alt=title)
    if len(frame) > SHOWN:
        st.markdown(
            plain(words(N_("The first {shown:count} of {rows:count}; all are in the file."), shown=SHOWN, rows=len(frame)))
        )
    st.download_button(
        words(N_("Download these rows (.csv)")),
        data=lambda: csv_bytes(frame),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"data-quality-{name}",
        on_click="ignore",
    )


def _leaks(p: DataQuality, opened: Opened) -> None:
    words = opened.words
    st.subheader(words(N_("How much does a random split flatter?")), anchor=False)
    if not p.inflations:
        st.markdown(words(N_("No id repeats, no rows are alike and there is no timestamp: a random split gives nothing away.")))
    for found in p.inflations:
        said = N_(
            "{kind}: the {score:term} is {honest:number} instead of {easy:number}; that can be chance ({folds:count} splits, "
            "difference {low:number} to {high:number})."
        )
        if found.lost.low > 0:
            said = N_(
                "{kind}: the {score:term} is {honest:number} instead of {easy:number}: a random split flatters by {lost:number} "
                "({low:number} to {high:number}, {folds:count} splits)."
            )
        st.markdown(
            "- "
            + plain(
                words(
                    said,
                    kind=words(drawing.HONEST[found.leak]),
                    score=p.says,
                    honest=found.honest.value,
                    easy=found.easy.value,
                    lost=round(found.lost.value, 4),
                    low=round(found.lost.low, 4),
                    high=round(found.lost.high, 4),
                    folds=found.folds,
                )
            )
        )
    if p.tellers:
        said = N_("The column that tells most alone is {column:name}: {alone:percent} of the way from guessing to always right.")
        st.markdown("- " + plain(words(said, column=p.tellers[0].column, alone=p.tellers[0].alone)))


def _gaps(p: DataQuality, opened: Opened) -> None:
    words = opened.words
    if not p.gaps.share:
        return
    st.subheader(words(N_("Gaps")), anchor=False)
    said = N_("{share:percent} of all values are missing; {complete:percent} of the rows are complete.")
    st.markdown(plain(words(said, share=p.gaps.share, complete=p.gaps.complete)))
    for group in p.gaps.together:
        st.markdown("- " + plain(words(N_("Missing in the same rows: {columns:list}."), columns=group)))
    if p.imputers is not None:
        show_comparison(p.imputers, opened.visit, key="data-quality-imputers")


clinic_page(
    "data_quality",
    N_("Are the rows themselves at fault: copies, contradictions, outliers, gaps, doubtful labels, leaks?"),
    settings=settings,
    below=below,
    well=N_("No fault was found in the rows."),
)
