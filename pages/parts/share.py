"""Who may see an incident: its links, the list of all, and how long it is kept."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import streamlit as st

from diagnostics.keep import links, sharing, store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words
from pages.parts import signin
from pages.parts import visit as visits
from pages.parts.guard import ROOT, START
from pages.parts.jobs import job_queue
from pages.parts.text import plain
from pages.parts.visit import OPENED, Visit

log = logging.getLogger(__name__)

LIST: Final = "MODEL_CLINIC_LIST"
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

OPEN: Final = N_(
    "There is no sign-in: this app is open to whoever reaches its address, and an incident to whoever has its link. "
    "A sign-in can be switched on in .streamlit/secrets.toml."
)
CLOSED: Final = N_("Everybody who signs in here sees all incidents.")


def openness(words: Words) -> str:
    return words(CLOSED if signin.configured() else OPEN)


def among() -> list[str] | None:
    """Ids that the list of incidents may show to this visitor; None for all.

    An id is all that it takes to open an incident. Without a sign-in, the list would hand out everybody's to whoever comes by: so
    it shows all only on the very machine that serves, and elsewhere what was opened in this browser session.
    """
    return None if everything() else list(st.session_state.get(OPENED, ()))


def everything() -> bool:
    said = os.environ.get(LIST, "").strip().lower()
    if said in ("on", "off"):
        return said == "on" and not links.for_reading(str(st.session_state.get(visits.INCIDENT) or ""))
    return signin.signed_in() or _same_machine()


def why(words: Words) -> str:
    """Which incidents are listed, and why these."""
    said = os.environ.get(LIST, "").strip().lower()
    if said == "off" or not everything():
        if said == "off":
            return words(
                N_("Only incidents that you opened in this browser session are listed: the list of all is switched off.")
            )
        return words(
            N_(
                "Only incidents that you opened in this browser session are listed: without a sign-in, a list of all would hand "
                "everybody's links to whoever comes by. MODEL_CLINIC_LIST=on lists all of them."
            )
        )
    if said == "on":
        return words(N_("All incidents are listed, because MODEL_CLINIC_LIST is on."))
    if signin.signed_in():
        return words(N_("All incidents are listed, because you signed in."))
    return words(
        N_(
            "All incidents are listed, because you are on the machine that serves this app. Others see those they opened "
            "themselves; MODEL_CLINIC_LIST=off switches the list off here too."
        )
    )


def _same_machine() -> bool:
    """Whether the browser runs on the machine of the server, with no proxy in between that anybody may come through."""
    headers = st.context.headers
    through = any(headers.get(name) for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-Ip", "Via"))
    hosts = [
        urlsplit(f"//{headers.get('Host') or 'localhost'}").hostname,
        urlsplit(headers.get("Origin") or "//localhost").hostname,
    ]
    return _loopback(st.context.ip_address) and not through and all(host in LOCAL for host in hosts)


def _loopback(peer: str | None) -> bool:
    """Whether the connection came from this machine. Streamlit says None then, but not where a server of both kinds of
    address hears 127.0.0.1 as ::ffff:127.0.0.1.
    """
    if peer is None:
        return True
    try:
        found = ip_address(peer)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


def address(link: str) -> str:
    """The address of the start of this app with `link` in it; only the question mark and on where the browser told nothing."""
    seen = urlsplit(st.context.url or "")
    path = seen.path.rstrip("/").rpartition("/")[0] if seen.path.strip("/") else ""
    return urlunsplit((seen.scheme, seen.netloc, f"{path}/review", f"{visits.INCIDENT}={link}", ""))


def sharing_section(visit: Visit) -> None:
    """Both links, and the end of the incident."""
    words, incident = visit.words, visit.incident or ""
    st.subheader(words(N_("Share and delete")), anchor=False)
    st.markdown(plain(openness(words)))
    if visit.read_only:
        st.markdown(
            words(
                N_("You came through a link for reading: nothing can be changed or deleted through it, and no file taken along.")
            )
        )
        return
    st.markdown(f"**{words(N_('Link to work on it'))}**  \n{words(N_('Whoever has it can read, change and delete.'))}")
    st.code(address(incident), language=None, wrap_lines=True)
    st.markdown(f"**{words(N_('Link for reading'))}**  \n{words(N_('Whoever has it can read, and nothing else.'))}")
    try:
        link = sharing.reading_link(incident)
        if link:
            st.code(address(link), language=None, wrap_lines=True)
        with st.container(horizontal=True):
            label = N_("Make a new one: the old one then leads nowhere") if link else N_("Make a link for reading")
            if st.button(words(label), key="share-reading"):
                sharing.share(incident)
                st.rerun()
            if link and st.button(words(N_("Withdraw it")), key="unshare-reading"):
                sharing.unshare(incident)
                st.rerun()
    except BadInput as reason:
        st.error(plain(reason.statement(words)))
    st.markdown(plain(kept_until(words)))
    _delete(visit)


def kept_until(words: Words) -> str:
    """How long an incident is kept."""
    try:
        days = sharing.keep_days()
    except BadInput as reason:
        return reason.statement(words)
    if days is None:
        return words(N_("Incidents are kept until somebody deletes them; MODEL_CLINIC_KEEP_DAYS can limit that."))
    return words(N_("An incident is deleted with all its files {days:count} days after it was last looked at."), days=days)


def _delete(visit: Visit) -> None:
    words, incident = visit.words, visit.incident or ""
    with st.popover(words(N_("Delete this incident …")), key="delete"):
        st.markdown(
            words(N_("Its files, its record with every change, and its links are gone for good. Nothing can bring them back."))
        )
        if st.button(words(N_("Delete it with everything in it")), type="primary", key="delete-sure"):
            try:
                forget(incident)
            except BadInput as reason:
                st.error(plain(reason.statement(words)))
                return
            visits.leave()
            st.session_state["deleted"] = True
            st.switch_page(ROOT / START)


def forget(incident: str) -> None:
    """Stop what still runs for the incident and delete it. Raises BadInput when the disk or the database refuses."""
    store.writable(incident)
    job_queue().drop(incident)
    sharing.delete(incident)


@st.cache_resource(show_spinner=False, ttl=3600)
def swept() -> list[str]:
    """Delete what is past its time, at most once an hour and once at the start; whoever comes by first sees to it."""
    try:
        gone = sharing.sweep(datetime.now(UTC))
    except (BadInput, OSError) as reason:
        log.warning("incidents past their time were not deleted: %s", reason)
        return []
    for incident in gone:
        job_queue().drop(incident)
    return gone
