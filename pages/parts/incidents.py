"""The list of incidents, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from diagnostics.causes.catalogue import title_of
from diagnostics.investigation import Investigation
from diagnostics.keep import store
from diagnostics.keep.review import listing, record
from diagnostics.keep.review.impact import completed, told
from diagnostics.keep.review.listing import PAGE, Found, Listed, Past
from diagnostics.keep.review.record import GRADES, STATUSES, Grade, Impact, Record, Status
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Value, Words
from pages.parts import share
from pages.parts import visit as visits
from pages.parts.guard import INCIDENTS, REVIEW, ROOT, START
from pages.parts.review_causes import spoken
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

PAST = "past"


def incidents_page() -> None:
    visit = visits.enter()
    words = visit.words
    try:
        other = st.query_params.get(PAST)
        if other and visit.incident is not None and not visit.read_only:
            _compared(other, visit)
        else:
            _list(visit)
    except BadInput as reason:
        say(plain(words(N_("The incidents cannot be listed."))))
        st.error(plain(reason.statement(words)))


def _list(visit: Visit) -> None:
    words, among = visit.words, share.among()
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        # Streamlit's own hint would be English.
        hint = words(N_("words of the title or the record"))
        text = st.text_input(words(N_("Search")), key="list-text", type="search", placeholder=hint, width=280)
        status = st.selectbox(
            words(N_("Status")),
            list(Status),
            index=None,
            placeholder=words(N_("any")),
            format_func=lambda one: words(STATUSES[one]),
            key="list-status",
            width=150,
        )
        severity = st.selectbox(
            words(N_("Severity")),
            list(Grade),
            index=None,
            placeholder=words(N_("any")),
            format_func=lambda one: words(GRADES[one]),
            key="list-severity",
            width=150,
        )
        cause = st.selectbox(
            words(N_("Cause")),
            listing.codes(among),
            index=None,
            placeholder=words(N_("any")),
            format_func=lambda code: words(title_of(code)),
            key="list-cause",
            width=280,
        )
        number = int(st.session_state.get("list-page", 0))
    fitting = partial(listing.listed, among=among, text=text or "", status=status, severity=severity, cause=cause or "")
    found, count = fitting(page=number)
    if not found and number:
        number = 0
        found, count = fitting(page=0)
    narrowed = any((text, status, severity, cause))
    if count:
        say(plain(words(N_("Incidents that fit: {count:count}.") if narrowed else N_("Incidents: {count:count}."), count=count)))
    else:
        say(plain(words(N_("No incident fits.") if narrowed else N_("No incident was investigated yet."))))
    for one in found:
        _row(one, visit)
    if count > PAGE:
        pages = -(-count // PAGE)
        st.selectbox(
            words(N_("Page")), range(pages), index=number, format_func=lambda n: f"{n + 1} / {pages}", key="list-page", width=120
        )
    if not count:
        st.page_link(ROOT / START, label=words(N_("Go to the start page →")))
    st.markdown(plain(share.why(words)))
    st.markdown(plain(share.openness(words)))


def _row(one: Listed, visit: Visit) -> None:
    words = visit.words
    with st.container(border=True, key=f"listed-{one.incident}"):
        if not store.exists(one.incident):
            st.markdown(f"{plain(one.title)} :gray[{words(N_('deleted'))}]")
            return
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            title = one.title or words(N_("Incident"))
            st.page_link(ROOT / REVIEW, label=f"**{plain(title)}**", query_params={visits.INCIDENT: one.incident})
            if visit.incident and visit.incident != one.incident and not visit.read_only:
                st.page_link(
                    ROOT / INCIDENTS,
                    label=words(N_("Compare with the open one →")),
                    query_params={**visit.link, PAST: one.incident},
                )
        st.markdown(_about(one, words))


def _about(one: Listed, words: Words) -> str:
    parts = [plain(words.time(one.opened)), plain(words(N_("status: {status:term}"), status=STATUSES[one.status]))]
    if one.severity:
        parts.append(plain(words(N_("severity: {severity:term}"), severity=GRADES[one.severity])))
    parts += [plain(_cause(cause, words)) for cause in one.causes[:1] if cause.confidence >= listing.SURE]
    if one.impact.rows_affected and one.impact.of_rows:
        says = N_("{rows:count} of {whole:count} rows")
        parts.append(plain(words(says, rows=one.impact.rows_affected, whole=one.impact.of_rows)))
    return " · ".join(parts)


def _cause(cause: Found, words: Words) -> str:
    title = words(title_of(cause.code))
    if not cause.columns:
        return title
    return words(N_("{what}: {columns:list}"), what=title, columns=list(cause.columns))


def seen_before(investigation: Investigation, visit: Visit) -> None:
    """One sentence with a link, where a past incident had the same cause; silent for those who read only, and for strangers."""
    if visit.read_only:
        return
    words = visit.words
    try:
        past = listing.similar(visit.incident or "", listing.found_of(investigation), among=share.among())
    except BadInput as reason:
        st.warning(plain(reason.statement(words)))
        return
    if past:
        with st.container(horizontal=True, vertical_alignment="center", key="seen-before"):
            st.markdown(plain(_seen(past, words)), width="content")
            query = {**visit.link, PAST: past[0].listed.incident}
            st.page_link(ROOT / INCIDENTS, label=words(N_("Compare the two →")), query_params=query)


def _seen(past: Sequence[Past], words: Words) -> str:
    first = past[0]
    values: dict[str, Value] = {
        "title": first.listed.title,
        "when": first.listed.opened.date(),
        "what": title_of(first.code),
    }
    if first.same:
        line = words(N_("These very files were looked at before, in “{title:name}”, {when:time}."), **values)
    elif first.columns:
        says = N_("Seen before, in the same columns ({columns:list}): {what:term}, in “{title:name}”, {when:time}.")
        line = words(says, columns=list(first.columns), **values)
    else:
        line = words(N_("Seen before, in other columns: {what:term}, in “{title:name}”, {when:time}."), **values)
    if len(past) == 1:
        return line
    return f"{line} {words(N_('And in {count:count} more.'), count=len(past) - 1)}"


def _compared(other: str, visit: Visit) -> None:
    words = visit.words
    among = share.among()
    if not store.exists(other) or (among is not None and other not in among):
        say(plain(words(N_("There is no such incident to compare with."))))
        st.page_link(ROOT / INCIDENTS, label=words(N_("All incidents →")), query_params=visit.link)
        return
    here = visit.incident or ""
    lines = [(name, listing.one(name)) for name in (here, other)]
    sides = [(name, completed(record.read(name), line.impact if line else Impact()), line) for name, line in lines]
    codes = [{(c.code, column) for c in (line.causes if line else ()) for column in c.columns or ("",)} for _, _, line in sides]
    shared = codes[0] & codes[1]
    columns = sorted({column for _, column in shared if column})
    kinds = {c.code for c in (sides[0][2].causes if sides[0][2] else ())} & {
        c.code for c in (sides[1][2].causes if sides[1][2] else ())
    }
    if columns:
        says = words(N_("The same cause in the same columns: {columns:list}."), columns=columns)
    elif kinds:
        says = words(N_("The same cause, in other columns."))
    else:
        says = words(N_("These two incidents have no cause in common."))
    say(plain(says))
    for column, (name, held, line) in zip(st.columns(2), sides, strict=True):
        with column, st.container(border=True, height="stretch"):
            _side(name, held, line, visit, here=name == here)
    st.page_link(ROOT / INCIDENTS, label=words(N_("All incidents →")), query_params=visit.link)


def _side(name: str, held: Record, line: Listed | None, visit: Visit, *, here: bool) -> None:
    words = visit.words
    st.subheader(plain(held.title) or words(N_("Incident")), anchor=False)
    st.markdown(words(N_("The open incident") if here else N_("The past incident")))
    impact = told(held.impact, words)
    rows = [
        (N_("Status"), [words(STATUSES[held.status])]),
        (N_("Severity"), [words(GRADES[held.severity])] if held.severity else []),
        (N_("Impact"), [impact] if impact else []),
        (N_("Causes found"), [_dated(cause, words) for cause in (line.causes if line else ())]),
        (N_("Accepted"), [_judged(spoken(cause, words), cause.reason, words) for cause in held.accepted]),
        (N_("Rejected"), [_judged(spoken(cause, words), cause.reason, words) for cause in held.rejected]),
        (N_("Decisions"), [decision.what for decision in held.decisions]),
        (N_("Actions"), [action.what for action in held.actions]),
    ]
    for title, texts in rows:
        shown = f"\n\n{chr(10).join(f'- {plain(text)}' for text in texts)}" if len(texts) > 1 else plain("".join(texts))
        st.markdown(f"**{words(title)}** {shown or words(N_('nothing written'))}")
    st.page_link(ROOT / REVIEW, label=words(N_("Open its review →")), query_params={visits.INCIDENT: name})


def _dated(cause: Found, words: Words) -> str:
    what = _cause(cause, words)
    return words(N_("{what}, since {since:time}"), what=what, since=cause.since) if cause.since else what


def _judged(what: str, why: str, words: Words) -> str:
    return words(N_("{what}: {why}"), what=what, why=why) if why else what
