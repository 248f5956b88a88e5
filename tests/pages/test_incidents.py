from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from diagnostics.keep import store
from diagnostics.keep.review.edit import Edit, change
from tests.pages.conftest import opened, said


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path))
    monkeypatch.delenv("MODEL_CLINIC_LIST", raising=False)


def made(title: str, **said_of: object) -> str:
    incident = store.create()
    change(incident, [Edit("title", title), *(Edit(name, value) for name, value in said_of.items())], who="Ann")
    return incident


def headline(at: AppTest) -> str:
    return at.title[0].value.replace("\\", "")


def titles(text: str) -> list[str]:
    return [line.strip("*") for line in text.splitlines() if line.startswith("**") and line.endswith("**")]


def test_all_are_listed_newest_first_and_can_be_searched_and_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_LIST", "on")
    made("Scores of April", owner="Ann", status="closed", severity="low")
    made("Churn in May", owner="Ben", status="open", severity="high")
    made("ÄRGER mit 100% der Zeilen_x", owner="Cy")
    at = opened("incidents")
    assert not at.exception
    assert headline(at) == "Incidents: 3."
    assert titles(said(at)) == ["ÄRGER mit 100% der Zeilen_x", "Churn in May", "Scores of April"]
    for words, fits in (
        ("april", 1),
        ("ANN", 1),
        ("churn ben", 1),
        ("churn ann", 0),
        ("ärger", 1),
        ("100%", 1),
        ("0_x", 0),
        ("%", 1),
    ):
        at.text_input(key="list-text").set_value(words).run()
        assert headline(at) == (f"Incidents that fit: {fits}." if fits else "No incident fits."), words
    at.text_input(key="list-text").set_value("").run()
    at.selectbox(key="list-status").select_index(3).run()
    assert titles(said(at)) == ["Scores of April"]
    at.selectbox(key="list-status").set_value(None)
    at.selectbox(key="list-severity").select_index(1).run()
    assert titles(said(at)) == ["Churn in May"]


def test_a_stranger_sees_only_what_was_opened_in_this_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_LIST", "off")
    mine, other = made("Mine"), made("Another's")
    store.save_upload(mine, "current", "a.csv", b"a,b\n1,2\n3,4\n")
    at = opened("incidents")
    assert headline(at) == "No incident was investigated yet."
    at = opened("step_1_confirm", mine)
    at.switch_page("pages/incidents.py").run()
    text = said(at)
    assert "Mine" in text
    assert "Another's" not in text
    assert other not in text + repr([link.proto for link in at.page_link])
    assert "Only incidents that you opened in this browser session are listed" in text


def test_the_page_says_that_the_app_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(opened("incidents"))
    assert "this app is open to whoever reaches its address" in text


def test_long_lists_have_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_CLINIC_LIST", "on")
    for number in range(23):
        made(f"Incident {number:02}")
    at = opened("incidents")
    assert headline(at) == "Incidents: 23."
    assert len(titles(said(at))) == 20
    at.selectbox(key="list-page").set_value(1).run()
    assert titles(said(at)) == ["Incident 02", "Incident 01", "Incident 00"]
