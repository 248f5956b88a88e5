"""The shell: page config, language, navigation. Every page runs inside it."""

from __future__ import annotations

import streamlit as st

from diagnostics.keep import sample_incidents
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import LANGUAGES, N_, name_of
from pages.parts import guard, look, share, signin, visit
from pages.parts.text import plain

st.set_page_config(page_title="Model Clinic", page_icon="🩺", layout="wide", initial_sidebar_state="collapsed")
st.session_state[guard.SHELL] = True
words = visit.words()
page = st.navigation(guard.pages(words), position="top")
st.logo(guard.ROOT / "pages" / "parts" / "logo.svg", size="medium")
st.html(look.STYLE)

signin.required(words)
signin.account(words)
share.swept()

sample = st.query_params.get("sample")
if sample:
    del st.query_params["sample"]
    try:
        visit.begin(sample_incidents.opened(sample))
    except BadInput as reason:
        st.error(plain(reason.statement(words)))

if len(LANGUAGES) > 1:
    with st.container(key="language-switch"):
        st.selectbox(
            words(N_("Language")),
            LANGUAGES,
            format_func=name_of,
            key=visit.LANGUAGE,
            persist_state="session",
            label_visibility="collapsed",
            width=130,
        )

page.run()
