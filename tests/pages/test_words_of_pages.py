"""No page says anything that a catalogue could not translate."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import visit
from pages.parts.guard import CLINIC, STEP_SCRIPTS
from tests.pages.conftest import opened
from tests.pages.pseudo import PSEUDO, texts

SCRIPTS = [
    "start",
    "columns",
    "all_columns",
    "column",
    "errors",
    "row",
    "own_rules",
    *(Path(script).stem for script in STEP_SCRIPTS),
    "causes",
    "review",
    "meeting",
    "report",
    "incidents",
    *(Path(script).stem for script, _ in CLINIC),
]
FROM_FILES = {"when", "customer", "income", "age", "city", "approved", "score", "ulm", "bern", "graz", "loans", "may", "csv"}
NAMES = {"reference", "current", "incident", "yaml", "utf", "model", "clinic"}
"""File names and what they are written in."""


@pytest.fixture
def nobodys_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "words_for", lambda language: PSEUDO)


def plain_words(at: AppTest) -> set[str]:
    """Words in plain letters, without markup, code, links and the sources of methods."""
    left: set[str] = set()
    for text in texts(at):
        if "Ｓｏｕｒｃｅ" in text or text.lstrip().startswith(("<", "{")) or ("\n" in text.strip() and "=" in text):
            continue
        bare = re.sub(r":[a-z]+(?:-[a-z]+)*\[|`[^`]*`|https?:\S+|%\{[^}]*\}|<[^>]*>|[A-Z_]+=[a-z]+", " ", text)
        left |= {word.lower() for word in re.findall(r"[A-Za-z]{3,}", bare) if not word.isupper()}
    return left - FROM_FILES - NAMES


@pytest.mark.usefixtures("nobodys_language")
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_text_of_a_page_comes_from_the_catalogue(script: str, broken: str) -> None:
    at = opened(script, broken)
    assert not at.exception
    assert plain_words(at) == set()
