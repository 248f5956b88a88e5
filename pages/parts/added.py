"""Files that are added to an incident on the page that reads them."""

from __future__ import annotations

import streamlit as st

from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.read.uploads import UNTITLED, title_of
from pages.parts import door
from pages.parts import visit as visits
from pages.parts.clinic import Opened
from pages.parts.text import plain


def add_files(opened: Opened, part: str, label: str, about: str) -> None:
    """A field for files of `part` of an incident, which is created where none is open; refusals are said below it.

    label, about: what the field asks for and which files it takes, as message ids.
    """
    words, page = opened.words, f"{part}-page"
    version = st.session_state.setdefault(f"version-{page}", 0)
    door.admit()
    given = st.file_uploader(words(label), accept_multiple_files=True, key=f"upload-{part}-{version}", help=words(about))
    for reason in st.session_state.get(f"refused-{page}", ()):
        st.error(reason)
    if not given:
        return
    refused = []
    for file in given:
        try:
            incident = opened.visit.incident or st.session_state.get(visits.INCIDENT) or store.create()
            store.save_upload(incident, part, file.name, file)
            if store.stated(incident).get("title") in (None, UNTITLED):
                store.describe(incident, {"title": title_of(file.name)})
            st.session_state[visits.INCIDENT] = incident
        except BadInput as reason:
            refused.append(plain(reason.statement(words)))
    st.session_state[f"refused-{page}"] = refused
    st.session_state[f"version-{page}"] += 1
    st.rerun()
