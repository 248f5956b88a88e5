"""Which causes the people at the table accept, which they reject, and why."""

from __future__ import annotations

import streamlit as st

from diagnostics.causes.catalogue import KINDS
from diagnostics.investigation import Investigation
from diagnostics.keep.review.edit import Edit, cause_key
from diagnostics.keep.review.record import Judged, Record, causes_of
from diagnostics.nouns.words import N_, Words
from pages.parts.board import line
from pages.parts.review_edits import fresh, save, told, turn
from pages.parts.review_items import EMPTY
from pages.parts.text import plain
from pages.parts.visit import Visit


def causes(held: Record, investigation: Investigation, visit: Visit) -> None:
    """Those of the board, then those that people named themselves."""
    words = visit.words
    st.subheader(words(N_("Causes, accepted or rejected")), anchor=False)
    judged = {cause.key: cause for cause in causes_of(held)}
    for cause in investigation.causes:
        key = cause_key(cause.code, cause.columns)
        what = ", ".join(cause.columns)
        _one(key, line(cause, words), judged.pop(key, None), {"code": cause.code, "what": what}, held, visit)
    for key, one in judged.items():
        _one(key, f"**{plain(spoken(one, words))}**", one, {"code": one.code, "what": one.what}, held, visit)
    told(visit, "causes")
    if not visit.read_only:
        _own(held, visit)


def spoken(cause: Judged, words: Words) -> str:
    """What a judged cause is called: the title of its kind and the columns, or what people wrote."""
    if cause.code not in KINDS:
        return cause.what or words(N_("A cause"))
    title = words(KINDS[cause.code].title)
    return words(N_("{what}: {subject:name}"), what=title, subject=cause.what) if cause.what else title


def verdict(cause: Judged, words: Words) -> str:
    """Accepted or rejected, by whom, and why, as safe Markdown."""
    mark = f":green[✓ {words(N_('accepted'))}]" if cause.accepted else f":red[✕ {words(N_('rejected'))}]"
    stamp = f":gray[{plain(cause.who)}, {plain(words.time(cause.when))} UTC]"
    return f"{mark} {plain(cause.reason)} {stamp}"


def _one(key: str, title: str, judged: Judged | None, about: dict[str, str], held: Record, visit: Visit) -> None:
    words = visit.words
    with st.container(border=True, key=f"cause-{key}"):
        st.markdown(title)
        if judged is not None:
            st.markdown(verdict(judged, words))
        if visit.read_only:
            return
        name = f"judge-{key}"
        form = turn(name)
        seen = st.session_state.setdefault(f"base-{form}", dict(held.versions))
        with st.form(form, border=False), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            reason = st.text_input(words(N_("Why")), judged.reason if judged else "", key=f"{form}-reason")
            yes = st.form_submit_button(words(N_("Accept")), key=f"{form}-accept")
            no = st.form_submit_button(words(N_("Reject")), key=f"{form}-reject")
            # A cause of the board comes back with the next look at the files; one that people named is theirs to take out.
            own = judged is not None and not judged.code
            gone = own and st.form_submit_button(words(N_("Take it out")), key=f"{form}-gone")
        if yes or no or gone:
            values = {"gone": True} if gone else {**about, "reason": reason, "accepted": yes}
            edits = [Edit(f"causes.{key}.{part}", value, seen.get(f"causes.{key}.{part}", 0)) for part, value in values.items()]
            if save(visit, edits):
                st.session_state.pop(f"base-{form}", None)
                fresh(name)
            st.rerun()


def _own(held: Record, visit: Visit) -> None:
    """A cause that nothing in the files speaks of."""
    words = visit.words
    form = turn("judge-own")
    with st.expander(words(N_("Name another cause"))), st.form(form, border=False):
        what = st.text_input(words(N_("What it is")), key=f"{form}-what")
        reason = st.text_input(words(N_("Why")), key=f"{form}-reason")
        with st.container(horizontal=True):
            yes = st.form_submit_button(words(N_("Accept")), key=f"{form}-accept")
            no = st.form_submit_button(words(N_("Reject")), key=f"{form}-reject")
    if (yes or no) and not what.strip():
        st.error(words(EMPTY))
    elif yes or no:
        if name_cause(held, what, reason, yes, visit):
            fresh("judge-own")
        st.rerun()


def name_cause(held: Record, what: str, reason: str, accepted: bool, visit: Visit) -> bool:
    """Keep a cause in people's own words, accepted or rejected; whether that could be done."""
    key = cause_key("", (), what.strip())
    gone = f"causes.{key}.gone" in held.versions and key not in {cause.key for cause in causes_of(held)}
    back: dict[str, object] = {"gone": False} if gone else {}
    values = {**back, "what": what, "reason": reason, "accepted": accepted}
    # Of one that was taken out, what stood there is known; of any other, somebody named it in this very moment.
    known = held.versions if gone else {}
    edits = [Edit(f"causes.{key}.{part}", value, known.get(f"causes.{key}.{part}", 0)) for part, value in values.items()]
    return save(visit, edits)
