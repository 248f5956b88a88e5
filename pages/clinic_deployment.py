"""Smaller and faster in service: ONNX, 8 bits, a distilled tree; and whether learning on pays."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from diagnostics.clinic.deployment.check import Deployment, Settings, onnx_file
from diagnostics.clinic.shared.compare import Verdict
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.nouns.words import N_, Value
from diagnostics.pictures.clinic import deployment as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.measured import show_comparison
from pages.parts.text import plain


def settings(opened: Opened, last: Settings) -> Settings:
    """Which model is put into service."""
    words, names = opened.words, list(FAMILIES)
    family = st.selectbox(
        words(N_("Model")),
        names,
        index=names.index(last.family) if last.family in names else 0,
        format_func=lambda name: words(FAMILIES[name].title),
        key="deployment-family",
        width=320,
    )
    return Settings(family=family)


def below(p: Deployment, opened: Opened) -> None:
    """Side by side, workers, learning on, the uploaded file."""
    words = opened.words
    st.subheader(words(N_("Side by side")), anchor=False)
    st.dataframe(_table(p, opened), hide_index=True, alt=words(N_("Size, time and accuracy of each variant")))
    for variant in p.variants:
        if variant.skipped:
            said = N_("There is no “{what:term}”: {why}.")
            st.markdown("- " + plain(words(said, what=variant.says, why=variant.skipped.statement(words))))
    note = N_(
        "Each ONNX file takes raw rows, one input for each column under its name: numbers, words as text (empty where missing), "
        "times as seconds since 1970. Filling gaps, scaling and encoding are inside it; time and accuracy were measured on raw "
        "rows."
    )
    st.markdown(plain(words(note)))

    def content(name: str) -> bytes:
        return onnx_file(opened.incident, Settings(family=p.family), name)

    for variant in p.variants[1:]:
        if variant.bytes:
            st.download_button(
                words(N_("Download {what} (.onnx)"), what=words(variant.says)),
                data=partial(content, variant.name),
                file_name=f"model_{variant.name}.onnx",
                mime="application/octet-stream",
                key=f"deployment-{variant.name}",
                on_click="ignore",
            )
    with st.expander(words(N_("How to use such a file in Python"))):
        st.code(USE, language="python")
    st.subheader(words(N_("What each costs in accuracy")), anchor=False)
    show_comparison(p.compared, opened.visit, key="deployment", text=_cost(p, opened))
    st.subheader(words(N_("More rows at once, more workers")), anchor=False)
    for batch, column in zip((1, 512), st.columns(2), strict=True):
        figure = drawing.draw_workers(p, words, batch)
        if figure is None:
            continue
        text = words(N_("Rows in one answer: {rows:count}. The scale is in powers of ten."), rows=batch)
        with column:
            st.markdown(plain(text))
            plot(figure, opened.visit, alt=text, key=f"deployment-workers{batch}")
    with st.expander(words(N_("Every time that was measured"))):
        st.dataframe(_times(p, opened), hide_index=True, alt=words(N_("Percentiles by variant, rows and workers")))
    if p.online is None:
        said = N_("Whether learning on would pay cannot be told: it takes a timestamp column and 200 rows.")
        st.markdown(words(said))
    if p.uploaded is not None and p.uploaded.skipped:
        said = N_("{file:name} could not be timed: {why}")
        st.markdown(plain(words(said, file=p.uploaded.file, why=p.uploaded.skipped.statement(words))))


USE = """import onnxruntime
import pandas

session = onnxruntime.InferenceSession("model_onnx.onnx")
rows = pandas.read_csv("rows.csv")
given = {}
for column in session.get_inputs():
    values = rows[[column.name]]
    text = column.type == "tensor(string)"
    given[column.name] = values.astype("string").fillna("").to_numpy(object) if text else values.to_numpy("float64")
answers = session.run(None, given)[0]
classes = session.get_modelmeta().custom_metadata_map.get("classes")  # which column of the answers is which class
"""


def _cost(p: Deployment, opened: Opened) -> str:
    """Which variants answer as well as the trained model, and which do not, as safe Markdown."""
    words, worse = opened.words, [result for result in p.compared.ran if result.verdict is Verdict.WORSE]
    if not p.compared.ran:
        return words(N_("No other variant could be made of this model."))
    if not worse:
        said = N_("No variant is worse beyond chance: the {unit:term} of the trained model is {before:number} on held-out rows.")
        return plain(words(said, unit=p.compared.says, before=p.compared.before.score.value))
    said = N_("“{name:term}” is worse: the {unit:term} goes from {before:number} to {after:number} on held-out rows.")
    values: dict[str, Value] = {"unit": p.compared.says, "before": p.compared.before.score.value}
    return "  \n".join(plain(words(said, name=one.says, after=one.score.value, **values)) for one in worse)


def _table(p: Deployment, opened: Opened) -> pd.DataFrame:
    words = opened.words
    results = {result.name: result for result in (p.compared.before, *p.compared.remedies) if not result.skipped}
    rows = []
    for variant in p.variants:
        if variant.skipped:
            continue
        result = results.get(variant.name)
        cell = next((c for c in p.latency if (c.what, c.batch, c.workers) == (variant.name, 1, 1)), None)
        rows.append(
            {
                words(N_("variant")): words(variant.says),
                words(N_("size, kB")): round(variant.bytes / 1000, 1),
                words(N_("median, ms")): None if cell is None else round(cell.p50, 3),
                words(N_("95 of 100, ms")): None if cell is None else round(cell.p95, 3),
                words(N_("99 of 100, ms")): None if cell is None else round(cell.p99, 3),
                words(N_("held-out score")): None if result is None else round(result.score.value, 4),
                words(N_("from")): None if result is None else round(result.score.low, 4),
                words(N_("to")): None if result is None else round(result.score.high, 4),
                words(N_("answers differ by at most")): round(variant.apart, 6),
            }
        )
    return pd.DataFrame(rows)


def _times(p: Deployment, opened: Opened) -> pd.DataFrame:
    words = opened.words
    names = {variant.name: words(variant.says) for variant in p.variants}
    if p.uploaded is not None:
        names["uploaded"] = p.uploaded.file
    cells = [*p.latency, *(p.uploaded.latency if p.uploaded else ())]
    return pd.DataFrame(
        [
            {
                words(N_("variant")): names.get(cell.what, cell.what),
                words(N_("rows at once")): cell.batch,
                words(N_("workers")): cell.workers,
                words(N_("median, ms")): round(cell.p50, 3),
                words(N_("95 of 100, ms")): round(cell.p95, 3),
                words(N_("99 of 100, ms")): round(cell.p99, 3),
                words(N_("rows a second")): round(cell.per_second),
                words(N_("answers timed")): cell.answers,
            }
            for cell in cells
        ]
    )


clinic_page(
    "deployment",
    N_("How small and fast can the model be in service, what does that cost, and would learning on pay?"),
    settings=settings,
    below=below,
    remedies=False,
    well=N_("No variant is faster or smaller to speak of."),
)
