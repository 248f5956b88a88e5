"""The start page: give what there is, open a sample, or restore a saved incident."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from diagnostics.keep import sample_incidents, store
from diagnostics.keep.review import packed
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words, shorten
from pages.parts import door, signin
from pages.parts import visit as visits
from pages.parts.begin import bring, exchanged, happened, named, preview
from pages.parts.guard import CAUSES, ROOT, START
from pages.parts.jobs import load_ahead
from pages.parts.text import plain
from pages.parts.visit import Visit

MORE: Final = (
    ("model", N_("The model that served"), N_("An .onnx or .skops file. A pickle is kept, and never opened."), False),
    (
        "environment/reference",
        N_("Environment of the training"),
        N_("pip freeze, requirements, conda, a lock file or a Dockerfile."),
        False,
    ),
    ("environment/current", N_("Environment of production"), N_("The same kind of file, from where the model runs."), False),
    ("config/reference", N_("Configuration of the training"), N_("YAML, JSON, TOML, INI or .env."), False),
    ("config/current", N_("Configuration of production"), N_("The same kind of file, from where the model runs."), False),
    ("scaler", N_("Scaler of the service"), N_("A JSON file with the lists columns, mean and scale."), False),
    ("code", N_("Code"), N_("Scripts (.py) and notebooks (.ipynb); they are read, never run."), True),
    ("logs", N_("Logs of the service"), N_("Text or JSON lines."), True),
    (
        "metrics",
        N_("Metrics"),
        N_("Memory, latency, errors over time: tables, Prometheus, CloudWatch, sar."),
        True,
    ),
    ("training", N_("Training histories"), N_("Keras CSV, Lightning, Hugging Face, XGBoost or TensorBoard files."), True),
    ("incident", N_("incident.yaml"), N_("Title, roles of the columns, and what happened when."), False),
)
"""Part, label, what it takes, whether several files may be given."""

EXAMPLE: Final = """when,customer,income,age,approved,score
2026-05-01 08:00,c1,41200,34,yes,0.81
2026-05-01 09:00,c2,38900,51,no,0.22
2026-05-01 10:00,c3,52750,46,yes,0.77
"""


def start_page() -> None:
    visit = visits.enter()
    if visit.incident is not None:
        visits.known(visit)
    words = visit.words
    if st.session_state.pop("deleted", False):
        st.success(words(N_("The incident was deleted with everything in it.")))
    if visit.read_only:
        _reading(visit)
        return
    with st.container(key="sentence"):
        st.title(words(N_("Your model was good in training and is bad in production. Find out what happened.")), anchor=False)
    if signin.open_to_others():
        st.warning(
            words(
                N_(
                    "This server asks for no sign-in: everybody who can reach its address can give it files and open an incident "
                    "by its link. Set up a sign-in, or let only those reach it whom you trust (README, Safety)."
                )
            )
        )
    st.markdown(words(N_("Give rows from when all was well and rows from production. Any one file alone is enough to begin.")))
    bring(visit)
    left, right = st.columns(2)
    with left:
        _upload(
            "reference", N_("Reference: rows from when all was well"), N_("Training, validation or an earlier period."), visit
        )
    with right:
        _upload(
            "current", N_("Current: rows from production"), N_("In whatever state they are in; labels may be missing."), visit
        )
    with st.expander(words(N_("More evidence: model, environments, configuration, code, logs, metrics"))):
        for pair in (MORE[i : i + 2] for i in range(0, len(MORE), 2)):
            for column, (part, label, about, several) in zip(st.columns(2), pair, strict=False):
                with column:
                    _upload(part, label, about, visit, several=several)
    with st.expander(words(N_("Images, audio, long texts?"))):
        st.markdown(
            words(
                N_(
                    "Pictures and sound are not looked into. Give a table with one row for each: size, brightness, camera, "
                    "duration, "
                    "and the numbers of an embedding as columns; all steps work on those. Of long texts give length, language "
                    "and an "
                    "embedding likewise: a column of free text is shown, but no model here learns from it."
                )
            )
        )
    _given(visit)
    _samples(visit)
    _restore(visit)
    load_ahead()


def _reading(visit: Visit) -> None:
    """What a person who came through a link for reading can do here."""
    words = visit.words
    with st.container(key="sentence"):
        st.title(words(N_("This incident was given to you to read.")), anchor=False)
    st.page_link(ROOT / CAUSES, label=words(N_("See what was found →")), query_params=visit.link)
    if st.button(words(N_("Begin an incident of your own")), key="another"):
        visits.leave()
        st.switch_page(ROOT / START)


def _upload(part: str, label: str, about: str, visit: Visit, *, several: bool = False) -> None:
    """An uploader that writes what it is given to the disk at once, and forgets it."""
    words = visit.words
    version = st.session_state.setdefault(f"version-{part}", 0)
    door.admit()
    given = st.file_uploader(
        words(label),
        accept_multiple_files=several,
        key=f"upload-{part}-{version}",
        help=words(about),
    )
    if given:
        _keep(part, given if isinstance(given, list) else [given], visit)
    for reason in st.session_state.get(f"refused-{part}", ()):
        st.error(reason)


def _keep(part: str, given: Sequence[UploadedFile], visit: Visit) -> None:
    refused = []
    for file in given:
        try:
            incident = visit.incident or st.session_state.get(visits.INCIDENT) or store.create()
            st.session_state[visits.INCIDENT] = incident
            store.save_upload(incident, part, file.name, file)
        except BadInput as reason:
            refused.append(plain(reason.statement(visit.words)))
    st.session_state[f"refused-{part}"] = refused
    # Another key makes the uploader a new one, and the server drops the bytes of the old.
    st.session_state[f"version-{part}"] += 1
    st.rerun()


def _says_more_than_its_title(incident: str) -> bool:
    try:
        return bool(set(store.stated(incident)) - {"title"})
    except BadInput:
        return True  # A person gave it, and the investigation will say what is wrong with it.


def _given(visit: Visit) -> None:
    """What was given so far, and the button that begins."""
    words, incident = visit.words, visit.incident
    # A file that holds nothing but the title was written here, not given.
    held = (
        [f for f in store.files(incident) if f.name != "incident.yaml" or _says_more_than_its_title(incident)] if incident else []
    )
    if not incident or not held:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(words(N_("Investigate")), type="primary", disabled=True, key="investigate")
            st.markdown(words(N_("Give a file first, or open a sample below.")), width="content")
            st.download_button(
                words(N_("An example file (.csv)")),
                EXAMPLE,
                "example.csv",
                "text/csv",
                key="example",
                type="tertiary",
                on_click="ignore",
            )
        return
    base = store.folder(incident)
    with st.container(border=True):
        st.markdown(f"**{words(N_('Given so far'))}**")
        named(visit)
        given_as = store.names(incident)
        for file in held:
            path = file.relative_to(base).as_posix()
            own = given_as.get(path, "")
            said = f"{path} ({shorten(own)})" if own and own != file.name else path
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.markdown(f":green[✓] {plain(said)}, {_size(file, words)}", width="content")
                label = words(N_("Remove {file:name}"), file=shorten(path, cap=40))
                if st.button(plain(label), key=f"remove-{path}", type="tertiary"):
                    _remove(incident, path, visit)
        preview(visit)
        happened(visit)
        with st.container(horizontal=True):
            if st.button(words(N_("Investigate")), type="primary", key="investigate"):
                visits.begin(incident)
            exchanged(visit)
            if st.button(words(N_("Begin another incident")), key="another"):
                visits.leave()
                st.switch_page(ROOT / START)
        st.markdown(words(N_("The link in your browser leads back to this incident. Whoever has it can see and change it.")))


def _remove(incident: str, path: str, visit: Visit) -> None:
    try:
        store.remove(incident, path)
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return
    st.rerun()


def _size(file: Path, words: Words) -> str:
    size = file.stat().st_size
    for unit, step in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= step:
            return plain(f"{words.number(round(size / step, 1))} {unit}")
    return plain(words(N_("{count:count} bytes"), count=size))


def _samples(visit: Visit) -> None:
    words = visit.words
    samples = sample_incidents.listed()
    if not samples:
        return
    st.subheader(words(N_("Or see it work on a sample")), anchor=False)
    with st.grid(3, min_column_width=260, gap="small"):
        for sample in samples:
            with st.container(border=True, height="stretch"):
                label = f"**{plain(words(sample.title))}** →"
                if st.button(label, key=f"sample-{sample.name}", type="tertiary", wrap=True):
                    _open(sample.name, visit)
                if sample.about:
                    st.markdown(plain(words(sample.about)))


def _open(name: str, visit: Visit) -> None:
    try:
        incident = sample_incidents.opened(name)
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return
    visits.begin(incident)


def _restore(visit: Visit) -> None:
    words = visit.words
    with st.expander(words(N_("Restore a saved incident (.zip)"))):
        door.admit()
        given = st.file_uploader(
            words(N_("The .zip of an incident")),
            type=["zip"],
            key=f"restore-{st.session_state.setdefault('version-restore', 0)}",
            help=words(N_("What the report page saved, or a .zip of an incident folder.")),
        )
        if st.session_state.get("refused-restore"):
            st.error(st.session_state["refused-restore"])
        if given is None:
            return
        st.session_state["version-restore"] += 1
        try:
            incident = packed.restore(given, name=given.name)
        except BadInput as reason:
            st.session_state["refused-restore"] = plain(reason.statement(words))
            st.rerun()
        st.session_state.pop("refused-restore", None)
        visits.begin(incident)
