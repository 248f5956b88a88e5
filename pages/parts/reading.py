"""How one table was read: in sentences, in its first rows, and the form that has it read differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from diagnostics.keep import investigation_job, store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Kind, Table
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.read.folder import reading_options
from diagnostics.read.preview import first_rows
from pages.parts.export import csv_bytes
from pages.parts.jobs import job_queue
from pages.parts.text import plain, sentence
from pages.parts.visit import Visit

REJECTED_SHOWN = 20
KINDS = {Kind.NUMBER: N_("number"), Kind.CATEGORY: N_("text"), Kind.TIME: N_("time"), Kind.NESTED: N_("list or object")}
DECIDE = N_("decide from the file")
DECIMALS = {None: DECIDE, ".": N_("point (1.5)"), ",": N_("comma (1,5)")}
ORDERS = {None: DECIDE, "day": N_("day first (31/12)"), "month": N_("month first (12/31)")}


def table_as_read(heading: str, side: str, table: Table | None, visit: Visit) -> None:
    """How the table of one side was read, its first rows, and the form that has it read differently."""
    words, said = visit.words, store.stated(visit.incident or "").get("reading") or {}
    if table is None and side not in said:
        return
    st.subheader(heading, anchor=False)
    if table is not None:
        _told(heading, table, words)
    if not visit.read_only:
        _differently(side, table, said, visit)


def _told(side: str, table: Table, words: Words) -> None:
    reading = table.reading
    lines = [
        sentence(
            N_("{rows:count} rows and {columns:count} columns from {file}."),
            {"rows": table.rows, "columns": len(table.columns), "file": reading.source},
            words,
        )
    ]
    if reading.encoding:
        lines.append(
            plain(
                words(N_("Written as {container}, encoding {encoding}."), container=reading.container, encoding=reading.encoding)
            )
        )
    if reading.delimiter:
        marks = {",": N_("commas"), ";": N_("semicolons"), "\t": N_("tabs"), "|": N_("bars")}
        lines.append(
            plain(words(N_("Fields are set apart by {mark}."), mark=words(marks.get(reading.delimiter, reading.delimiter))))
        )
    if reading.skipped_rows:
        lines.append(plain(words(N_("{count:count} lines above the header were passed over."), count=reading.skipped_rows)))
    if reading.header_rows > 1:
        lines.append(plain(words(N_("{count:count} lines make up the header."), count=reading.header_rows)))
    tokens: dict[str, int] = {}
    for column in table:
        for token, count in column.tokens:
            tokens[token] = tokens.get(token, 0) + count
    named = [f"{token} ({tokens[token]:,})" for token in sorted(tokens, key=lambda t: (-tokens[t], t)) if token]
    if named:
        lines.append(sentence(N_("Read as missing, with their number: {tokens:list}."), {"tokens": named}, words))
    lines += [plain(note.statement(words)) for note in reading.notes]
    st.markdown("\n".join(f"- {line}" for line in lines))
    if reading.rejected_count:
        _rejected(side, table, words)
    if reading.repaired:
        with st.expander(words(N_("Which records were repaired, and how"))):
            listed = pd.DataFrame(
                {
                    words(N_("line")): [r.line for r in reading.repaired],
                    words(N_("as it stood")): [r.was for r in reading.repaired],
                    words(N_("as it was read")): [" | ".join(r.cells) for r in reading.repaired],
                }
            )
            st.dataframe(listed, hide_index=True, alt=words(N_("Records that were repaired")))
    st.markdown(words(N_("The first rows, as they were read:")))
    st.dataframe(first_rows(table), hide_index=True, alt=words(N_("First rows of the table as read")))
    with st.expander(words(N_("Columns of this table"))):
        shown = pd.DataFrame(
            {
                words(N_("column")): [shorten(c.name) for c in table],
                words(N_("type")): [words(KINDS[c.kind]) for c in table],
                words(N_("written as")): [c.format for c in table],
                words(N_("missing values")): [sum(count for _, count in c.tokens) for c in table],
            }
        )
        st.dataframe(
            shown, hide_index=True, height=min(420, 40 + 35 * len(shown)), alt=words(N_("Columns and how they were read"))
        )


def _rejected(side: str, table: Table, words: Words) -> None:
    reading = table.reading
    st.warning(plain(words(N_("{count:count} records could not be read and are left out."), count=reading.rejected_count)))
    with st.expander(words(N_("Which lines, and why"))):
        listed = pd.DataFrame({"line": [r.line for r in reading.rejected], "reason": [words(r.reason) for r in reading.rejected]})
        st.dataframe(listed.head(REJECTED_SHOWN), hide_index=True, alt=words(N_("Lines that could not be read")))
        st.download_button(
            words(N_("Download the list (.csv)")),
            data=lambda: csv_bytes(listed),
            file_name=f"{table.name}-rejected.csv",
            mime="text/csv",
            key=f"rejected-{table.name}",
            on_click="ignore",
        )


def _differently(side: str, table: Table | None, said: Mapping[str, Any], visit: Visit) -> None:
    """Choices that overrule the reader; an empty one leaves the decision to it."""
    words, before = visit.words, dict(said.get(side) or {})
    sheets = list(table.reading.sheets) if table is not None else []
    with st.expander(words(N_("Read it differently")), expanded=table is None), st.form(f"reading-{side}"):

        def one_of(label: str, key: str, choices: Mapping[str | None, str]) -> str | None:
            options = list(choices)
            return st.selectbox(
                words(label),
                options,
                index=options.index(before.get(key)) if before.get(key) in options else 0,
                format_func=lambda option: words(choices[option]) if choices[option] != option else shorten(str(option)),
                key=f"reading-{side}-{key}",
            )

        def rows(label: str, key: str) -> int | None:
            given = st.number_input(
                words(label),
                min_value=0,
                max_value=1000,
                value=before.get(key),
                step=1,
                placeholder=words(DECIDE),
                key=f"reading-{side}-{key}",
            )
            return None if given is None else int(given)

        left, right = st.columns(2)
        with left:
            decimal = one_of(N_("Decimal mark"), "decimal", DECIMALS)
            dates = one_of(N_("Order of day and month"), "dates", ORDERS)
            sheet = before.get("sheet")
            if len(sheets) > 1 or sheet:
                names = dict.fromkeys([*sheets, *([sheet] if sheet else [])])
                sheet = one_of(N_("Sheet"), "sheet", {None: DECIDE, **{name: name for name in names}})
        with right:
            header = rows(N_("Rows that hold the names of the columns"), "header")
            skip = rows(N_("Lines above them to skip"), "skip")
            missing = st.text_input(
                words(N_("Words that mean that there is no value, separated by blanks")),
                value=" ".join(before.get("missing") or []),
                placeholder=words(DECIDE),
                key=f"reading-{side}-missing",
            )
        if st.form_submit_button(words(N_("Read it again"))):
            chosen = {"decimal": decimal, "dates": dates, "sheet": sheet, "header": header, "skip": skip}
            kept = {key: value for key, value in before.items() if key not in (*chosen, "missing")}
            kept |= {key: value for key, value in chosen.items() if value is not None}
            if missing.split():
                kept["missing"] = missing.split()
            _save(side, {**said, side: kept}, visit)


def _save(side: str, said: Mapping[str, Any], visit: Visit) -> None:
    stated = {name: choices for name, choices in said.items() if choices}
    try:
        reading_options({"reading": stated})
        store.describe(visit.incident or "", {"reading": stated or None})
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return
    for key in ("decimal", "dates", "sheet", "header", "skip", "missing"):
        st.session_state.pop(f"reading-{side}-{key}", None)
    st.session_state["roles-saved"] = True
    investigation_job.ask(job_queue(), visit.incident or "")
    st.rerun()
