"""The record of the review: facts, impact, timeline, causes, decisions, actions, who changed what; and who may see it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from diagnostics.investigation import Investigation
from diagnostics.keep.review.edit import Edit, label
from diagnostics.keep.review.impact import filled, told
from diagnostics.keep.review.record import GRADES, STATUSES, Grade, Record, Status
from diagnostics.keep.review.timeline import review, shortened
from diagnostics.nouns.rule import Lane
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures import timeline as drawing
from diagnostics.report.headings import PAIR
from diagnostics.timeline import LANES
from diagnostics.timeline import label as named
from pages.parts import signin
from pages.parts import visit as visits
from pages.parts.cards import plot
from pages.parts.export import csv_bytes
from pages.parts.guard import MEETING, ROOT
from pages.parts.header import header, states
from pages.parts.incidents import seen_before
from pages.parts.review_causes import causes
from pages.parts.review_edits import FACTS, base, fresh, opened, save, shown, turn, watch
from pages.parts.review_edits import told as said
from pages.parts.review_items import items
from pages.parts.share import sharing_section
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

CHANGES_SHOWN = 20
GRADE_COLOURS = {Grade.CRITICAL: "red", Grade.HIGH: "red", Grade.MEDIUM: "orange", Grade.LOW: "gray"}


def review_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit, whole=True)
    words = visit.words
    header(visit.title, states(investigation), words, visit.link)
    written = opened(visit)
    held = filled(written or Record(), investigation)
    said(visit, "steps")
    say(plain(told(held.impact, words) or words(N_("Nothing is known of an impact."))))
    if written is None:
        timeline(held, investigation, visit)
        sharing_section(visit)
        return
    st.markdown(facts_line(held, words))
    if held.impact.says:
        st.markdown(plain_lines(held.impact.says))
    seen_before(investigation, visit)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if not visit.read_only:
            signin.name_field(words)
        st.page_link(ROOT / MEETING, label=words(N_("Go to the meeting page →")), query_params=visit.link)
    if not visit.read_only:
        _facts(held, written, visit)
    st.subheader(words(N_("Timeline")), anchor=False)
    timeline(held, investigation, visit)
    items("events", held, visit, heading=bool(held.events))
    causes(held, investigation, visit)
    items("decisions", held, visit)
    items("actions", held, visit)
    left, right = st.columns(2)
    with left:
        items("known", held, visit)
    with right:
        items("unknown", held, visit)
    _changes(held, words)
    sharing_section(visit)
    watch(visit.incident or "", held.version, words)


def facts_line(held: Record, words: Words) -> str:
    """Title, status, severity, owner and model in one line of safe Markdown."""
    parts = [f"**{plain(held.title)}**", plain(words(N_("status: {status:term}"), status=STATUSES[held.status]))]
    if held.severity:
        grade = plain(words(N_("severity: {severity:term}"), severity=GRADES[held.severity]))
        parts.append(f":{GRADE_COLOURS[held.severity]}[{grade}]")
    if held.owner:
        parts.append(plain(words(N_("owner: {owner:name}"), owner=held.owner)))
    if held.model:
        parts.append(plain(words(N_("model: {model:name}"), model=held.model)))
    return " · ".join(parts)


def plain_lines(text: str) -> str:
    """Text of several lines as safe Markdown that keeps them."""
    return "  \n".join(plain(line) for line in text.splitlines() if line.strip())


def _facts(held: Record, written: Record, visit: Visit) -> None:
    """The form for the fields of the record itself; what nobody touched is not saved, so that two people merge."""
    words = visit.words
    label_ = words(N_("Edit title, severity, status, owner, model and impact"))
    folded = st.expander(label_, key="edit-facts", on_change="rerun")
    seen, versions = base(FACTS, (held, dict(written.versions)), told_of=lambda pair: _values(pair[0]), opened=folded.open)
    form = turn(FACTS)
    before, current = _values(seen), _values(held)
    with folded, st.container(key="changed-meanwhile"):
        others = [
            words(PAIR, what=words(label(part)), why=shown(part, value, words) or "–")
            for part, value in current.items()
            if (value or None) != (before[part] or None)
        ]
        if others:
            says = N_("Changed by others since you opened this: {what:list}. What you leave as it is stays as they wrote it.")
            st.markdown(f":orange[{plain(words(says, what=others))}]")
    with folded, st.form(form, border=False):
        now: dict[str, Any] = {"title": st.text_input(words(N_("Title")), before["title"], key=f"{form}-title")}
        left, middle, right = st.columns(3)
        with left:
            now["severity"] = st.selectbox(
                words(N_("Severity")),
                [g.value for g in Grade],
                index=[g.value for g in Grade].index(before["severity"]) if before["severity"] else None,
                format_func=lambda g: words(GRADES[Grade(g)]),
                placeholder=words(N_("not said")),
                key=f"{form}-severity",
            )
            now["owner"] = st.text_input(words(N_("Owner")), before["owner"], key=f"{form}-owner")
        with middle:
            now["status"] = st.selectbox(
                words(N_("Status")),
                [s.value for s in Status],
                index=[s.value for s in Status].index(before["status"]),
                format_func=lambda s: words(STATUSES[Status(s)]),
                key=f"{form}-status",
            )
            now["model"] = st.text_input(words(N_("Model")), before["model"], key=f"{form}-model")
        with right:
            now["impact.rows_affected"] = st.number_input(
                words(N_("Rows affected")), 0, None, before["impact.rows_affected"], 1, key=f"{form}-rows"
            )
        left, right = st.columns(2)
        for column, part, text in ((left, "impact.since", N_("Since")), (right, "impact.until", N_("Until"))):
            with column:
                now[part] = st.text_input(words(text), before[part], key=f"{form}-{part}", placeholder="2026-05-12 08:00")
        now["impact.says"] = st.text_area(
            words(N_("Impact in your words")),
            before["impact.says"],
            key=f"{form}-says",
            help=words(N_("At most 20,000 characters.")),
        )
        sent = st.form_submit_button(words(N_("Save")), type="primary", key=f"{form}-save")
    with folded:
        said(visit, FACTS)
    if not sent:
        return
    edits = [Edit(part, value, versions.get(part, 0)) for part, value in now.items() if (value or None) != (before[part] or None)]
    if save(visit, edits):
        st.session_state.pop(f"base-{form}", None)
        fresh(FACTS)
    st.rerun()


def _values(held: Record) -> dict[str, Any]:
    impact = held.impact
    return {
        "title": held.title,
        "severity": held.severity.value if held.severity else None,
        "status": held.status.value,
        "owner": held.owner,
        "model": held.model,
        "impact.rows_affected": impact.rows_affected,
        "impact.since": f"{impact.since:%Y-%m-%d %H:%M}" if impact.since else "",
        "impact.until": f"{impact.until:%Y-%m-%d %H:%M}" if impact.until else "",
        "impact.says": impact.says,
    }


def timeline(held: Record, investigation: Investigation, visit: Visit, *, most: int | None = None) -> None:
    """Onsets, deploys and noted events on one axis, and the list that its numbers belong to; at most so many of them."""
    words = visit.words
    p = review(held, investigation)
    if p is None:
        st.markdown(words(N_("Nothing has a known time yet: note what happened when.")))
        return
    if most is not None:
        p = shortened(p, most=most)
    lines = []
    for number, moment in enumerate(p.moments, start=1):
        says = words(PAIR, what=words(lane_word(moment.lane)), why=named(moment, words))
        lines.append(f"{number}\\. **{plain(words.time(moment.time))}** {plain(says)}")
    if p.moments:
        said = words(
            N_("{count:count} things on one axis, the first: {what} ({since:time})."), count=len(p.moments), **_first(p, words)
        )
        plot(drawing.review(p, words), visit, alt=said, key="review-timeline")
    st.markdown("  \n".join(lines))


def lane_word(lane: Lane) -> str:
    return {Lane.DEPLOY: N_("deployed"), Lane.NOTED: N_("noted")}.get(lane, LANES[lane])


def _first(p: Any, words: Words) -> dict[str, Any]:
    return {"what": named(p.moments[0], words), "since": p.moments[0].time}


def _changes(held: Record, words: Words) -> None:
    """Who changed what, and when."""
    with st.expander(words(N_("Changes: {count:count}"), count=len(held.changes))):
        if not held.changes:
            st.markdown(words(N_("Nobody has changed anything yet.")))
            return
        listed = pd.DataFrame(
            {
                words(N_("when (UTC)")): [words.time(change.when) for change in reversed(held.changes)],
                words(N_("who")): [change.who for change in reversed(held.changes)],
                words(N_("what")): [words(label(change.field)) for change in reversed(held.changes)],
                words(N_("before")): [shown(change.field, change.before, words) for change in reversed(held.changes)],
                words(N_("after")): [shown(change.field, change.after, words) for change in reversed(held.changes)],
            }
        )
        st.dataframe(
            listed.head(CHANGES_SHOWN).map(lambda text: shorten(str(text), cap=120)),
            hide_index=True,
            alt=words(N_("The latest changes to this record")),
        )
        st.download_button(
            words(N_("Download all changes (.csv)")),
            data=lambda: csv_bytes(listed),
            file_name="changes.csv",
            mime="text/csv",
            key="changes-csv",
            on_click="ignore",
        )
