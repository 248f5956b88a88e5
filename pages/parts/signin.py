"""Who is there: the sign-in where one is configured, else the name that a person gives once per session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st
from streamlit.errors import StreamlitAuthError

from diagnostics.nouns.words import N_, Words
from pages.parts.text import plain

WHO: Final = "who"
WHO_CAP: Final = 80
CLAIMS: Final = ("name", "preferred_username", "email", "sub")
"""What a provider may tell of a person, the most legible first (OpenID Connect Core 1.0, section 5.1)."""

LOOPBACK: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
"""Names by which a browser reaches the computer that it runs on."""

SHARED: Final = frozenset({"redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url", "client_kwargs"})


def configured() -> bool:
    """Whether the secrets of this server have a section [auth]: then nobody gets in without a sign-in."""
    return "is_logged_in" in st.user


def open_to_others() -> bool:
    """Whether this page came over the network from a server that asks nobody for a sign-in."""
    host = st.context.headers.get("Host") or str(st.get_option("server.address") or "")
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 or host.startswith("[") else host
    return not configured() and name.strip("[]").lower() not in LOOPBACK


def signed_in() -> bool:
    return configured() and bool(st.user.is_logged_in)


def required(words: Words) -> None:
    """Where a sign-in is configured, the page ends here until somebody has signed in."""
    if not configured() or signed_in():
        return
    with st.container(key="sentence"):
        st.title(words(N_("Sign in to see the incidents.")), anchor=False)
    for provider in _providers():
        label = words(N_("Sign in with {provider:name}"), provider=provider) if provider else words(N_("Sign in"))
        if st.button(plain(label), type="primary", key=f"sign-in-{provider}"):
            _sign_in(provider, words)
    st.stop()


def _sign_in(provider: str, words: Words) -> None:
    try:
        st.login(provider or None)
    except StreamlitAuthError:
        st.error(words(N_("The sign-in is not set up completely: see the section [auth] of .streamlit/secrets.toml.")))


def _providers() -> list[str]:
    """Names of the providers; the one without a name is ""."""
    section = st.secrets.get("auth", {})
    named = [str(name) for name, value in section.items() if isinstance(value, Mapping) and name not in SHARED]
    return [*([""] if "client_id" in section else []), *named] or [""]


def who() -> str:
    """The name that a change is kept with; "" where nobody gave one."""
    if signed_in():
        told = st.user.to_dict()
        return next((str(told[claim]) for claim in CLAIMS if told.get(claim)), "")
    return str(st.session_state.get(WHO) or "").strip()


def name_field(words: Words) -> None:
    """Where a person gives the name; with a sign-in there is nothing to give."""
    if signed_in():
        st.markdown(plain(words(N_("You are signed in as {who:name}."), who=who())))
        return
    st.text_input(
        words(N_("Your name, kept with every change")),
        key=WHO,
        max_chars=WHO_CAP,
        persist_state="session",
        autocomplete="name",
        width=320,
    )


def account(words: Words) -> None:
    """Who is signed in, and the way out; nothing without a sign-in."""
    if not signed_in():
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.markdown(plain(who()), width="content")
        if st.button(words(N_("Sign out")), type="tertiary", key="sign-out"):
            st.logout()
