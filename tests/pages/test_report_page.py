"""The report page: documents made when asked for, a preview, and a database that fails."""

from __future__ import annotations

import base64
import html

import pytest

from diagnostics.keep import links, store
from diagnostics.keep.review import record
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from pages.parts import report
from tests.pages.conftest import opened, said

FORMS = ("html", "pdf", "md", "json", "csv", "zip")


def offered(at: object) -> list[str]:
    return [button.proto.label.rpartition("(.")[2].rstrip(")") for button in at.get("download_button")]  # type: ignore[attr-defined]


def test_every_form_is_offered_and_none_is_made_before_somebody_asks(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(report, "document", lambda ending, *_: made.append(ending))
    at = opened("report", broken)
    assert not at.exception
    assert offered(at) == list(FORMS)
    assert made == []


def test_the_preview_is_the_document_in_a_frame_of_its_own_origin(broken: str) -> None:
    at = opened("report", broken)
    assert not at.get("iframe")
    at.session_state["preview"] = True
    at.run()
    assert not at.exception
    (frame,) = at.get("iframe")
    kind, _, content = frame.proto.src.partition(",")
    assert kind == "data:text/html;charset=utf-8;base64"
    told = html.unescape(base64.b64decode(content).decode())
    assert "default-src 'none'" in told
    assert "income" in told
    assert "<script" not in told


def test_without_the_database_the_report_still_says_what_was_found(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(incident: str) -> record.Record:
        raise BadInput(N_("The database is busy."))

    monkeypatch.setattr(record, "read", locked)
    at = opened("report", broken)
    assert not at.exception
    assert "The database is busy." in [warning.value.replace("\\", "") for warning in at.warning]
    assert offered(at) == list(FORMS)


def test_without_pango_the_page_says_what_to_install(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = BadInput(N_("PDF needs system libraries."))
    monkeypatch.setattr(report, "_no_pdf", lambda language: reason)
    at = opened("report", broken)
    assert "PDF needs system libraries." in said(at)
    assert [button.proto.disabled for button in at.get("download_button")] == [False, True, False, False, False, False]


def test_through_a_link_for_reading_the_files_stay_where_they_are(broken: str) -> None:
    at = opened("report", links.make(broken, store.home()))
    assert not at.exception
    assert offered(at) == list(FORMS[:-1])
