"""The meeting and the review with two people at once, in real browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from diagnostics.keep import sharing, store
from diagnostics.keep.review import record
from diagnostics.keep.review.edit import add
from tests.browser.browsing import CHROMIUM, FLAGS, served, settle
from tests.browser.test_browser import accessible, faulty

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]

SEEN_WITHIN = 10_000
"""Milliseconds within which a change of somebody else must be on the screen."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def incident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(store.HOME, str(tmp_path / "incidents"))
    made = store.create()
    for part, content in zip(("reference", "current"), faulty(3), strict=True):
        store.save_upload(made, part, f"{part}.csv", content)
    return made


def person(chromium: Browser, address: str, page: str, incident: str) -> Page:
    tab = chromium.new_context(viewport={"width": 1280, "height": 720}).new_page()
    tab.goto(f"{address}/{page}?incident={incident}")
    settle(tab)
    return tab


def named(tab: Page, name: str) -> None:
    field = tab.get_by_label("Your name, kept with every change")
    if not field.count():
        tab.get_by_role("button", name="Your name").click()
    field.fill(name)
    field.press("Enter")
    tab.keyboard.press("Escape")
    settle(tab)


def test_two_people_at_the_table_see_each_others_changes_and_lose_nothing(chromium: Browser, incident: str) -> None:
    with served(store.home()) as address:
        ann, ben = (person(chromium, address, "meeting", incident) for _ in range(2))
        named(ann, "Ann")
        named(ben, "Ben")
        # What Ben types while Ann decides must be there afterwards.
        ben.get_by_label("What is to be done").fill("Contract test for units")
        ann.get_by_label("What was decided").fill("Roll the feature service back")
        ann.get_by_label("What was decided").press("Enter")
        expect(ann.get_by_text("Roll the feature service back")).to_be_visible(timeout=SEEN_WITHIN)
        expect(ben.get_by_text("Roll the feature service back")).to_be_visible(timeout=SEEN_WITHIN)
        expect(ben.get_by_label("What is to be done")).to_have_value("Contract test for units")
        ben.get_by_label("What is to be done").press("Enter")
        expect(ann.get_by_text("Contract test for units")).to_be_visible(timeout=SEEN_WITHIN)
        # Ann's own field is empty again, ready for the next.
        expect(ann.get_by_label("What was decided")).to_have_value("")
        ben.get_by_text("2 Inputs").click()
        expect(ann.get_by_text("Steps confirmed: 1 of 7")).to_be_visible(timeout=SEEN_WITHIN)
        found = record.read(incident)
        assert [(d.what, d.who) for d in found.decisions] == [("Roll the feature service back", "Ann")]
        assert [(a.what, a.who) for a in found.actions] == [("Contract test for units", "Ben")]
        assert [(c.step, c.who, c.found) for c in found.confirmations] == [(2, "Ben", "problem")]


def test_the_meeting_is_one_screen_of_a_projector_and_the_keyboard_reaches_it(chromium: Browser, incident: str) -> None:
    for kind, values in (
        ("decisions", {"what": "Roll back"}),
        ("actions", {"what": "Test units", "owner": "Cy", "due": "2026-06-01"}),
    ):
        add(incident, kind, values, who="Ann")
    with served(store.home()) as address:
        tab = person(chromium, address, "meeting", incident)
        accessible(tab)
        assert tab.locator("[data-testid=stMain]").evaluate("main => main.scrollHeight") <= 720
        assert tab.locator("h1").evaluate("title => parseFloat(getComputedStyle(title).fontSize)") >= 24
        for text in ("Roll back", "Test units"):
            assert tab.get_by_text(text).first.evaluate("line => parseFloat(getComputedStyle(line).fontSize)") >= 16
        reached = set()
        for _ in range(60):
            tab.keyboard.press("Tab")
            reached.add(tab.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"))
        assert {"What was decided", "What is to be done"} <= reached
        assert any(re.search("7 Simplify", text or "") for text in reached)


def test_review_incidents_and_reading_are_accessible_also_on_a_phone(chromium: Browser, incident: str) -> None:
    link = sharing.share(incident)
    with served(store.home()) as address:
        for width, scheme in ((1280, "light"), (375, "dark")):
            context = chromium.new_context(viewport={"width": width, "height": 720}, color_scheme=scheme)
            tab = context.new_page()
            for page, named_by in (("review", incident), ("incidents", incident), ("review", link), ("meeting", link)):
                tab.goto(f"{address}/{page}?incident={named_by}")
                settle(tab)
                accessible(tab)
                assert tab.evaluate("document.documentElement.scrollWidth") <= width
                if named_by == link:
                    assert incident not in tab.content()
            context.close()
