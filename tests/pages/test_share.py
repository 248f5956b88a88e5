from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from diagnostics.keep import sample_incidents, sharing, store
from diagnostics.keep.review import record
from diagnostics.keep.review.edit import Edit, change
from pages.parts import share
from pages.parts.guard import CLINIC, STEP_SCRIPTS
from tests.pages.conftest import APP, done, opened, said

READERS_PAGES = (
    "start",
    *(Path(script).stem for script in STEP_SCRIPTS),
    "columns",
    "causes",
    "review",
    "meeting",
    "report",
    "incidents",
)


@pytest.fixture(scope="module")
def given(broken: str) -> tuple[str, str]:
    """An incident with a record, and a link for reading it."""
    incident = store.restore(store.pack(broken))
    change(incident, [Edit("owner", "Ann Lee"), Edit("impact.says", "Sixty loans")], who="Ann")
    return incident, sharing.share(incident)


def everything(at: AppTest) -> str:
    """All that a browser is sent."""
    return repr(at._tree)


@pytest.mark.parametrize("script", READERS_PAGES)
def test_a_reader_sees_the_page_and_nowhere_the_id(given: tuple[str, str], script: str) -> None:
    incident, link = given
    at = opened("" if script == "start" else script, link)
    assert not at.exception
    assert at.title
    assert at.query_params["incident"] == [link] or at.query_params["incident"] == link
    assert incident not in everything(at)
    assert incident not in said(at)
    assert not at.file_uploader
    assert not [b.label for b in at.button if re.search("Save|Delete|Add|Remove|Accept|Upload|Withdraw", b.label)]


def test_a_reader_reads_the_record_and_has_no_form(given: tuple[str, str]) -> None:
    at = opened("review", given[1])
    assert "owner: Ann Lee" in said(at)
    assert "Sixty loans" in said(at)
    assert not at.text_input
    assert not at.text_area
    assert all(box.disabled for box in opened("meeting", given[1]).checkbox)


def test_the_zip_of_all_files_is_not_for_readers(given: tuple[str, str]) -> None:
    at = opened("report", given[1])
    labels = [button.label for button in at.get("download_button")] if at.get("download_button") else []
    assert not [label for label in labels if "zip" in label]


@pytest.mark.parametrize("script", [Path(script).stem for script, _ in CLINIC][:3])
def test_a_reader_cannot_keep_results_in_the_incident(given: tuple[str, str], script: str) -> None:
    at = opened(script, given[1])
    assert not at.exception
    for button in [b for b in at.button if b.key and b.key.startswith("run-")]:
        assert button.disabled
    assert store.results(given[0]) == []


def test_a_link_for_reading_is_made_renewed_and_withdrawn(given: tuple[str, str]) -> None:
    incident = store.restore(store.pack(given[0]))
    at = opened("review", incident)
    at.button(key="share-reading").click().run()
    first = sharing.reading_link(incident)
    assert first
    assert any(first in block.value for block in at.code)
    at.button(key="share-reading").click().run()
    assert sharing.reading_link(incident) not in (None, first)
    at.button(key="unshare-reading").click().run()
    assert sharing.reading_link(incident) is None
    at = opened(incident=first)
    assert at.title[0].value == "There is no incident under this link."


def test_an_incident_is_deleted_with_a_second_click(given: tuple[str, str]) -> None:
    incident = store.restore(store.pack(given[0]))
    at = opened("review", incident)
    at.button(key="delete-sure").click().run()
    assert not at.exception
    assert not store.exists(incident)
    assert "incident" not in at.query_params
    assert "deleted" in said(at)
    assert opened(incident=incident).title[0].value == "There is no incident under this link."


def test_an_incident_past_its_time_is_deleted_when_somebody_comes_by(
    given: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = store.restore(store.pack(given[0]))
    monkeypatch.setenv(sharing.KEEP_DAYS, "30")
    for file in [*store.folder(incident).iterdir(), store.folder(incident)]:
        os.utime(file, (1_000_000_000, 1_000_000_000))
    share.swept.clear()
    opened()
    assert not store.exists(incident)
    assert store.exists(given[0])
    share.swept.clear()
    assert "30 days after it was last looked at" in said(opened("review", given[0]))
    monkeypatch.setenv(sharing.KEEP_DAYS, "soon")
    assert "whole number of days" in said(opened("review", given[0]))


AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "x" * 40,
    "client_id": "clinic",
    "client_secret": "secret",
    "server_metadata_url": "http://127.0.0.1:9/.well-known/openid-configuration",
}


def guarded(page: str, incident: str, **extra: object) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60)
    at.secrets["auth"] = {**AUTH, **extra}
    at.user = {"is_logged_in": False}
    at.query_params["incident"] = incident
    at.run()
    if page:
        at.switch_page(f"pages/{page}.py").run()
    return at


@pytest.mark.parametrize("script", ["", "review", "causes", "incidents", "report", "clinic_fit"])
def test_with_a_sign_in_configured_nobody_sees_anything_before_it(given: tuple[str, str], script: str) -> None:
    for link in given:
        at = guarded(script, link)
        assert not at.exception
        assert at.title[0].value == "Sign in to see the incidents."
        assert [button.label for button in at.button] == ["Sign in"]
        assert "loans" not in said(at)
        assert not at.file_uploader


def test_a_sample_in_the_link_begins_nothing_before_the_sign_in() -> None:
    before = set(store.home().iterdir())
    at = AppTest.from_file(APP, default_timeout=60)
    at.secrets["auth"] = AUTH
    at.user = {"is_logged_in": False}
    at.query_params["sample"] = sample_incidents.FIRST
    at.run()
    assert at.title[0].value == "Sign in to see the incidents."
    assert set(store.home().iterdir()) == before


def test_several_providers_have_a_button_each(given: tuple[str, str]) -> None:
    at = guarded("", given[0], google={"client_id": "a"}, okta={"client_id": "b"})
    assert [button.label for button in at.button] == ["Sign in", "Sign in with google", "Sign in with okta"]


def test_the_name_of_a_change_is_the_sign_ins(given: tuple[str, str]) -> None:
    at = AppTest.from_file(APP, default_timeout=60)
    at.secrets["auth"] = AUTH
    at.user = {"is_logged_in": True, "email": "dee@example.com", "name": "Dee"}
    at.query_params["incident"] = given[0]
    at.run()
    assert at.button(key="sign-out").label == "Sign out"
    done(at.switch_page("pages/review.py").run())
    assert not at.exception
    assert "You are signed in as Dee." in said(at)
    assert "Everybody who signs in here sees all incidents." in said(at)
    at.text_input(key="add-known-0-what").input("Only mobile")
    at.button(key="FormSubmitter:add-known-0-Add it").click().run()
    assert record.read(given[0]).known[-1].who == "Dee"
    at.switch_page("pages/incidents.py").run()
    assert "All incidents are listed, because you signed in." in said(at)


@pytest.mark.parametrize(
    ("headers", "ip", "all_of_them"),
    [
        ({"Host": "localhost:8501", "Origin": "http://localhost:8501"}, None, True),
        ({"Host": "127.0.0.1:8501"}, None, True),
        ({"Host": "127.0.0.1:8501"}, "::ffff:127.0.0.1", True),
        ({"Host": "localhost:8501"}, "::ffff:172.17.0.1", False),
        ({"Host": "[::1]:8501", "Origin": "http://[::1]:8501"}, None, True),
        ({"Host": "localhost:8501", "Origin": "https://clinic.example.com"}, None, False),
        ({"Host": "clinic.example.com", "Origin": "https://clinic.example.com"}, None, False),
        ({"Host": "localhost:8501", "Origin": "http://localhost:8501", "X-Forwarded-For": "1.2.3.4"}, None, False),
        ({"Host": "localhost:8501", "Origin": "http://localhost:8501"}, "172.17.0.1", False),
    ],
)
def test_the_list_of_all_is_for_the_machine_that_serves(
    headers: dict[str, str], ip: str | None, all_of_them: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(share.LIST, raising=False)
    monkeypatch.setattr(ContextProxy, "headers", property(lambda self: headers))
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda self: ip))
    assert (share.among() is None) is all_of_them
