"""Step 5: files that mend the environment, and the real resolver on request."""

from __future__ import annotations

import streamlit as st

from diagnostics.checks.environment.packages.pins import read_environment
from diagnostics.checks.environment.packages.remedies import remedies
from diagnostics.checks.environment.packages.resolver import Answer, Resolution, resolve
from diagnostics.investigation import Investigation
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from pages.parts.text import plain
from pages.parts.visit import Visit

LABELS = {
    "requirements.txt": N_("Pinned requirements (requirements.txt)"),
    "Dockerfile": N_("Image with these packages (Dockerfile)"),
    "convert_to_onnx.py": N_("Conversion of the model to ONNX (convert_to_onnx.py)"),
}


def mending(investigation: Investigation, visit: Visit) -> None:
    """Download buttons for what can be written for the uploaded lists of packages; nothing without one."""
    found = remedies(investigation.incident)
    if not found:
        return
    words = visit.words
    st.subheader(words(N_("Files that put it right")), anchor=False)
    st.markdown(words(N_("Written for the lists of packages of this incident. Read them before you use them.")))
    with st.container(horizontal=True, key="remedies"):
        for remedy in found:
            label = words(LABELS[remedy.name])
            st.download_button(label, remedy.text, remedy.name, remedy.mime, key=f"remedy-{remedy.name}", on_click="ignore")
    _resolver(investigation, visit)


@st.fragment
def _resolver(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    says = N_("The names and versions, and nothing else, are sent to the package index; it takes up to a minute for each list.")
    if not st.button(words(N_("Ask the resolver whether these versions can be installed")), key="resolve", help=words(says)):
        return
    sides = investigation.incident.environment
    for path in (sides.reference, sides.current):
        if path is None:
            continue
        try:
            with st.spinner(words(N_("Asking the package index"))):
                answer = resolve(read_environment(path))
        except BadInput as reason:
            st.warning(plain(reason.statement(words)))
            continue
        _tell(answer, visit)


def _tell(answer: Resolution, visit: Visit) -> None:
    words = visit.words
    show = {Answer.AGREES: st.success, Answer.CONFLICT: st.error, Answer.UNSURE: st.info}[answer.answer]
    show(plain(words(answer.says, file=answer.file)))
    if answer.left_out:
        st.markdown(plain(words(N_("Left out, because they exist as source only: {names:list}."), names=answer.left_out)))
    if answer.text:
        st.code(answer.text, language=None, wrap_lines=True)
