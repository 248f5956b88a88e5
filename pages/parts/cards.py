"""One finding on a page: its picture, what it means, what to do, how it was computed, and the rows at fault."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from diagnostics.causes.cause import Cause
from diagnostics.measure.engine import SAMPLE_ROWS
from diagnostics.nouns.check import Check
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.pictured import FAILURES, Draw, drawing
from diagnostics.pictures.style import Palette, finish
from diagnostics.report.numbers import cells, numbers
from pages.parts.export import csv_bytes
from pages.parts.text import plain, sentence, statement
from pages.parts.visit import Visit

log = logging.getLogger(__name__)

CHART: Final = {"displaylogo": False, "displayModeBar": "hover", "responsive": True}

FONT: Final = '"Source Sans", "Segoe UI", Arial, sans-serif'

BADGES: Final = {
    Severity.CRITICAL: (N_("critical"), "✕", "red"),
    Severity.WARNING: (N_("to watch"), "!", "orange"),
    Severity.INFO: (N_("for information"), "i", "gray"),
}


@dataclass(frozen=True)
class Section:
    """One diagnostic on a page: its name in the catalogue and how its profile is drawn."""

    check_name: str
    draw: Draw


def section(check_name: str) -> Section | None:
    """The picture of a check by its name alone, for pages that show one finding of any step; None where it has none."""
    draw = drawing(check_name)
    return Section(check_name, draw) if draw else None


def picture(section: Section | None, check: Check, finding: Finding | None, visit: Visit, *, alt: str, key: str) -> bool:
    """The figure of a check, if there is one worth drawing; whether it was drawn."""
    if section is None or check.profile is None:
        return False
    try:
        figure = section.draw(check.profile, finding, visit.words, visit.palette)
        if figure is not None:
            finish(figure, visit.words, visit.palette)
    except FAILURES:
        # One picture that fails must not take the findings of the page with it.
        log.exception("chart of %s failed", check.name)
        st.markdown(visit.words(N_("The picture could not be drawn; the numbers below are not affected.")))
        return False
    if figure is None:
        return False
    plot(figure, alt=alt, key=key)
    return True


def plot(figure: go.Figure, *, alt: str, key: str) -> None:
    """A figure in its own colours: Streamlit's chart theme would paint the axes in a grey too pale to read."""
    figure.update_layout(font_family=FONT)
    st.plotly_chart(figure, key=key, theme=None, config=CHART, alt=alt)


def badge(finding: Finding, words: Words) -> str:
    word, mark, colour = BADGES[finding.severity or finding.rule.severity]
    return f":{colour}[**{mark} {words(word)}**]"


def remedy(said: Finding | Cause, words: Words) -> None:
    """What to do, under its heading."""
    message = said.rule.remedy if isinstance(said, Finding) else said.remedy
    st.markdown(f"**{words(N_('What to do'))}**  \n{sentence(message, said.evidence, words)}")
    code(said, words)


def no_picture(profile: Any, finding: Finding | None, words: Words, palette: Palette) -> go.Figure | None:
    """For a diagnostic whose numbers make no chart."""
    return None


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
def card(section: Section | None, check: Check, finding: Finding, incident: Incident, visit: Visit, *, key: str) -> None:
    """A folded card; its picture is drawn only when somebody opens it."""
    words = visit.words
    label = f"{badge(finding, words)} {statement(finding, words)}"
    with st.expander(label, key=key, on_change="rerun") as box:
        if not box.open:
            return
        picture(section, check, finding, visit, alt=finding.statement(words), key=f"{key}-chart")
        remedy(finding, words)
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
