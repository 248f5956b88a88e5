"""One finding on a page: its picture, what it means, what to do, how it was computed, and the rows at fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.causes.cause import Cause
from diagnostics.measure.engine import SAMPLE_ROWS
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import pictured
from diagnostics.pictures.as_plotly import figure
from diagnostics.pictures.pictured import UNDRAWN, Picture
from diagnostics.pictures.shapes import Shape
from diagnostics.report.numbers import cells, numbers
from pages.parts.export import csv_bytes
from pages.parts.leads import clinic_link
from pages.parts.text import plain, sentence, statement
from pages.parts.visit import Visit

CHART: Final = {"displaylogo": False, "displayModeBar": "hover", "responsive": True}

FONT: Final = '"Source Sans", "Segoe UI", Arial, sans-serif'

BADGES: Final = {
    Severity.CRITICAL: (N_("critical"), "✕", "red"),
    Severity.WARNING: (N_("to watch"), "!", "orange"),
    Severity.INFO: (N_("for information"), "i", "gray"),
}


def picture(check: Check, finding: Finding | None, visit: Visit, *, alt: str, key: str) -> bool:
    """The picture of a check, if there is one worth drawing; whether it was drawn."""
    return show(pictured.of_finding(check, finding, visit.words, alt), visit, key=key)


def show(shown: Picture | None, visit: Visit, *, key: str, height: int | None = None) -> bool:
    """A picture, or in its place that it could not be drawn; whether it was drawn."""
    if shown is None:
        return False
    if shown.shape is None:
        st.markdown(visit.words(UNDRAWN))
        return False
    plot(shown.shape, visit, alt=shown.alt, key=key, height=height)
    return True


def plot(shape: Shape | None, visit: Visit, *, alt: str, key: str, height: int | None = None) -> None:
    """A shape in its own colours, if there is one: Streamlit's chart theme would paint the axes in a grey too pale to read."""
    if shape is None:
        return
    drawn = figure(shape, visit.words, visit.palette)
    drawn.update_layout(font_family=FONT, **({} if height is None else {"height": height}))
    st.plotly_chart(drawn, key=key, theme=None, config=CHART, alt=alt)


def badge(finding: Finding, words: Words) -> str:
    word, mark, colour = BADGES[finding.severity or finding.rule.severity]
    return f":{colour}[**{mark} {words(word)}**]"


def remedy(said: Finding | Cause, words: Words) -> None:
    """What to do, under its heading."""
    message = said.rule.remedy if isinstance(said, Finding) else said.remedy
    st.markdown(f"**{words(N_('What to do'))}**  \n{sentence(message, said.evidence, words)}")
    code(said, words)


def code(said: Finding | Cause, words: Words) -> None:
    """The lines at fault and the mended ones, as text: what stands in a stranger's file is never markup."""
    for name, title in (("code", N_("As it is")), ("mended", N_("Mended"))):
        lines = said.evidence.get(name)
        if isinstance(lines, str) and lines.strip():
            st.markdown(f"**{words(title)}**")
            st.code(lines.rstrip(), language="python", wrap_lines=True)


def meaning(finding: Finding, words: Words, *, heading: bool = False) -> None:
    """The statistic in one sentence, and why it matters."""
    above = f"**{words(N_('What does this mean?'))}**  \n" if heading else ""
    st.markdown(f"{above}{plain(words(finding.rule.statistic))} {plain(words(finding.rule.why))}")


def computed(finding: Finding, incident: Incident, visit: Visit, *, key: str) -> None:
    """Statistic, numbers, source, rows and seed, with the numbers as a download."""
    statistic(finding, visit.words)
    st.markdown(plain(rows_used(incident, visit.words)))
    numbers_button(finding, visit.words, key=key)


def statistic(finding: Finding, words: Words) -> None:
    """The statistic in one sentence, its numbers under their names, and its source."""
    st.markdown(plain(words(finding.rule.statistic)))
    shown = numbers(finding, words)
    if shown:
        st.table(
            {plain(number.name): plain(number.text) for number in shown},
            border="horizontal",
            width="content",
            alt=words(N_("Numbers behind this finding")),
        )
    st.markdown(plain(words(N_("Rule {code}. Source: {source}."), code=finding.code, source=finding.rule.source.rstrip("."))))


def numbers_button(finding: Finding, words: Words, *, key: str) -> None:
    """The numbers of one finding as a download."""
    st.download_button(
        words(N_("Download these numbers (.csv)")),
        data=lambda: csv_bytes(evidence_table([finding], words)),
        file_name=f"{finding.code}.csv",
        mime="text/csv",
        key=f"{key}-evidence",
        on_click="ignore",
    )


def offending(check: Check, finding: Finding, incident: Incident, visit: Visit, *, key: str) -> None:
    """The rows at fault to download, where the diagnostic can name them."""
    rows = getattr(check.diagnostic.module, "offending", None)
    if rows is None or visit.read_only:
        return

    def content() -> bytes:
        found = rows(incident, finding)
        return csv_bytes(found if found is not None else pd.DataFrame())

    st.download_button(
        visit.words(N_("Download the rows at fault (.csv)")),
        data=content,
        file_name=f"{finding.code}-rows.csv",
        mime="text/csv",
        key=f"{key}-rows",
        on_click="ignore",
    )


@st.fragment
def card(check: Check, finding: Finding, incident: Incident, visit: Visit, *, key: str) -> None:
    """A folded card; its picture is drawn only when somebody opens it."""
    words = visit.words
    label = f"{badge(finding, words)} {statement(finding, words)}"
    with st.expander(label, key=key, on_change="rerun") as box:
        if not box.open:
            return
        picture(check, finding, visit, alt=finding.statement(words), key=f"{key}-chart")
        remedy(finding, words)
        clinic_link(finding, visit)
        meaning(finding, words, heading=True)
        st.markdown(f"**{words(N_('How was this computed?'))}**")
        computed(finding, incident, visit, key=key)
        offending(check, finding, incident, visit, key=key)


def rows_used(incident: Incident, words: Words) -> str:
    if incident.reference is None or incident.current is None:
        return words(N_("Every line of the files was read; seed {seed:number}."), seed=incident.seed)
    return words(
        N_(
            "All {reference:count} reference rows and {current:count} current rows were counted; "
            "what needs single rows used at most {cap:count} of each, drawn with seed {seed:number}."
        ),
        reference=incident.reference.rows,
        current=incident.current.rows,
        cap=SAMPLE_ROWS,
        seed=incident.seed,
    )


def evidence_table(findings: Sequence[Finding], words: Words) -> pd.DataFrame:
    """One row per number of each finding; one row without a number for a finding that has none to show."""
    heads = (N_("Rule"), N_("Finding"), N_("Columns at fault"), N_("Number"), N_("Value"), N_("Unit"))
    rows = []
    for finding in findings:
        about = (finding.code, finding.statement(words), "; ".join(finding.columns))
        shown = [(number.name, *cells(number, words)) for number in numbers(finding, words)]
        rows += [(*about, *number) for number in shown or [("", None, "")]]
    return pd.DataFrame(rows, columns=[words(head) for head in heads])
