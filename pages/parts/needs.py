"""Where a missing input is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from diagnostics.nouns.words import N_, Words
from pages.parts.guard import COLUMNS, ROOT, START

IN_COLUMNS: Final = frozenset(
    {"target", "prediction", "timestamp", "id", "segments", "task", "positive", "answer", "group", "calendar"}
)
"""Needs that a person meets by naming a column; all others are files."""


def needs_link(needs: str, words: Words, link: Mapping[str, str]) -> None:
    """A link to the page where `needs` is given."""
    if needs in IN_COLUMNS:
        st.page_link(ROOT / COLUMNS, label=words(N_("Choose it in Columns →")), query_params=dict(link))
    else:
        st.page_link(ROOT / START, label=words(N_("Upload it on the start page →")), query_params=dict(link))
