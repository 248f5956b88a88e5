"""The page All columns: one row a column, whether a rule accused it or not; a click opens the column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.looking.overview import PARTS, VERDICTS, ColumnRow, Overview, Verdict, overview
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Words, shorten
from pages.parts import visit as visits
from pages.parts.chosen import chosen
from pages.parts.export import csv_bytes
from pages.parts.guard import COLUMN, ROOT
from pages.parts.header import header, states
from pages.parts.looked import counted
from pages.parts.reading import KINDS
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

ROW: Final = 40
"""Pixels of a row: high enough for its small histograms."""

SEEN: Final = 14
"""Rows on the screen at once; the rest by scrolling."""

SAID: Final = {
    Verdict.CAUSE: N_("{count:count} named as the cause"),
    Verdict.CRITICAL: N_("{count:count} critical"),
    Verdict.WARNING: N_("{count:count} to watch"),
    Verdict.NOTED: N_("{count:count} noted"),
    Verdict.UNCHANGED: N_("{count:count} without a change"),
    Verdict.NOT_COMPARED: N_("{count:count} not compared"),
}
MARKS: Final = {
    Verdict.CAUSE: "✕",
    Verdict.CRITICAL: "✕",
    Verdict.WARNING: "!",
    Verdict.NOTED: "i",
    Verdict.UNCHANGED: "✓",
    Verdict.NOT_COMPARED: "–",
}


def all_columns_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit)
    words = visit.words
    header(visit.title, states(investigation), words, visit.link)
    chosen(investigation.incident, visit)
    found = counted(visit, ("overview", *visit.link.items()), investigation.incident.fingerprint, lambda: overview(investigation))
    if found is None:
        say(plain(words(N_("All columns"))))
        return
    say(plain(_sentence(found, words)))
    if found.columns:
        _table(found, visit)


def _sentence(found: Overview, words: Words) -> str:
    if not found.columns:
        return words(N_("There is no table, so there are no columns to look at."))
    number = Counter(row.verdict for row in found.columns)
    parts = [words(SAID[verdict], count=number[verdict]) for verdict in Verdict if number[verdict]]
    return words(N_("Columns: {count:count} in all, {parts}."), count=len(found.columns), parts=words(N_(", ")).join(parts))


@st.fragment
def _table(found: Overview, visit: Visit) -> None:
    words = visit.words
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            words(N_("Search by name")),
            key="columns-search",
            persist_state="session",
            bind="query-params",
            max_chars=200,
            width=260,
        )
        verdicts = st.multiselect(
            words(N_("Verdict")),
            list(dict.fromkeys(row.verdict for row in found.columns)),
            format_func=lambda one: words(VERDICTS[one]),
            placeholder=words(N_("all")),
            key="columns-verdict",
            persist_state="session",
            width=260,
        )
        kinds = st.multiselect(
            words(N_("Type")),
            [kind for kind in KINDS if any(kind in (row.kind.reference, row.kind.current) for row in found.columns)],
            format_func=lambda one: words(KINDS[one]),
            placeholder=words(N_("all")),
            key="columns-kind",
            persist_state="session",
            width=220,
        )
    rows = [row for row in found.columns if _asked(row, wanted or "", verdicts, kinds)]
    if not rows:
        st.markdown(words(N_("No column is like that. Take a word or a choice away.")))
        return
    frame = table(rows, words)
    head = list(frame.columns)
    picked = st.dataframe(
        frame,
        hide_index=True,
        height=min(SEEN, len(rows)) * ROW + 42,
        row_height=ROW,
        key=f"columns-{len(rows)}-{wanted}",
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        column_config={
            head[0]: st.column_config.TextColumn(pinned=True, width=150),
            head[1]: st.column_config.BarChartColumn(width=110, y_min=0.0, y_max=1.0, color=visit.palette.reference),
            head[2]: st.column_config.BarChartColumn(width=110, y_min=0.0, y_max=1.0, color=visit.palette.current),
            head[4]: st.column_config.NumberColumn(format="%.2f", help=words(DISTANCE)),
            head[5]: st.column_config.NumberColumn(format="percent"),
            head[6]: st.column_config.NumberColumn(format="percent"),
            head[7]: st.column_config.DateColumn(width=100),
            head[8]: st.column_config.NumberColumn(format="percent", help=words(USE)),
        },
        alt=words(N_("All columns, one a row, with what each looks like on both sides")),
    )
    st.markdown(words(N_("Click the box beside a row to open the column. A click on a heading sorts.")))
    st.download_button(
        words(N_("Download this table (.csv)")),
        data=lambda: csv_bytes(frame.drop(columns=head[1:3])),
        file_name="columns.csv",
        mime="text/csv",
        key="columns-download",
        on_click="ignore",
    )
    if picked.selection.rows and picked.selection.rows[0] < len(rows):
        st.switch_page(ROOT / COLUMN, query_params={**visit.link, "column": rows[picked.selection.rows[0]].name})


DISTANCE: Final = N_("How far the values moved: 0 alike, 1 nothing in common. Measured on all rows.")
USE: Final = N_(
    "How much the predictions depend on the column, as a share of the most important one: measured by shuffling it "
    "for the model, or for a stand-in fitted to the logged predictions."
)


def _asked(row: ColumnRow, wanted: str, verdicts: Sequence[Verdict], kinds: Sequence[Kind]) -> bool:
    if wanted.strip() and wanted.strip().casefold() not in row.name.casefold():
        return False
    return (not verdicts or row.verdict in verdicts) and (not kinds or row.kind.reference in kinds or row.kind.current in kinds)


def table(rows: Sequence[ColumnRow], words: Words) -> pd.DataFrame:
    """One row a column."""
    heights = [_heights(row.shares) for row in rows]
    return pd.DataFrame(
        {
            words(N_("column")): [shorten(row.name) for row in rows],
            words(N_("reference")): [pair[0] for pair in heights],
            words(N_("current")): [pair[1] for pair in heights],
            words(N_("verdict")): [f"{MARKS[row.verdict]} {words(VERDICTS[row.verdict])}" for row in rows],
            words(N_("moved")): [row.distance for row in rows],
            words(N_("missing before")): [row.missing.reference for row in rows],
            words(N_("missing now")): [row.missing.current for row in rows],
            words(N_("since")): [None if row.since is None else row.since.date() for row in rows],
            words(N_("used by the model")): [row.use for row in rows],
            words(N_("type")): [_kinds(row.kind, words) for row in rows],
            words(N_("part")): [words(PARTS[row.part]) for row in rows],
        }
    )


def _heights(shares: Sides[tuple[float, ...]]) -> tuple[list[float], list[float]]:
    """Both histograms on one scale, so that they can be compared."""
    most = max((*shares.reference, *shares.current), default=1.0) or 1.0
    return [share / most for share in shares.reference], [share / most for share in shares.current]


def _kinds(kind: Sides[Kind | None], words: Words) -> str:
    left, right = (None if one is None else words(KINDS[one]) for one in (kind.reference, kind.current))
    if left is None or right is None:
        side = N_("only in reference: {kind}") if right is None else N_("only in current: {kind}")
        return words(side, kind=left or right or "")
    return left if left == right else words(N_("{before}, now {after}"), before=left, after=right)
