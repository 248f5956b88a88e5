"""The HTML report in a real browser: offline, from the disk, with hostile names, without scripts, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from diagnostics.nouns.words import Words
from diagnostics.report.as_html import as_html
from tests.browser.browsing import CHROMIUM, FLAGS
from tests.report.investigated import EVIL, broken, written

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in which every name, level, line and note is hostile."""
    found = broken(column=EVIL, level=EVIL, title=EVIL)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(as_html(found, Words(), written(found, EVIL)), encoding="utf-8")
    return file


def opened(chromium: Browser, report: Path, noted: list[str], *, scripts: bool = True) -> Page:
    """The report in an offline tab; `noted` gets each dialog, request and message of the console."""
    tab = chromium.new_context(viewport={"width": 1000, "height": 800}, offline=True, java_script_enabled=scripts).new_page()
    tab.on("dialog", lambda shown: (noted.append(f"dialog: {shown.message}"), shown.dismiss()))
    tab.on("request", lambda sent: noted.append(f"request: {sent.url[:100]}") if sent.url != report.as_uri() else None)
    tab.on("console", lambda told: noted.append(f"console: {told.text}"))
    tab.on("pageerror", lambda error: noted.append(f"error: {error}"))
    tab.goto(report.as_uri())
    if scripts:
        tab.wait_for_selector("html[data-charts=drawn]", timeout=60_000)
    return tab


def test_it_opens_offline_draws_every_chart_and_asks_for_nothing(chromium: Browser, report: Path) -> None:
    noted: list[str] = []
    tab = opened(chromium, report, noted)
    charts = tab.locator("figure[data-chart]").count()
    assert charts >= 4
    assert tab.locator("figure.drawn:has(svg.main-svg), figure.drawn:has(.main-svg)").count() == charts
    assert tab.locator("img").count() == 0
    assert tab.locator("a").count() == tab.locator("a.modebar-btn").count()
    assert EVIL[:20] in tab.locator("h1").inner_text()
    tab.wait_for_timeout(300)
    assert noted == []
    assert report.stat().st_size < 5_000_000


def test_its_policy_runs_no_other_script(chromium: Browser, report: Path) -> None:
    tab = opened(chromium, report, [])
    with pytest.raises(Error, match="Content Security Policy"):
        tab.add_script_tag(content="window.stranger = 1")
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.stranger = 1\">')")
    tab.wait_for_timeout(200)
    assert tab.evaluate("window.stranger") is None


def test_without_scripts_every_chart_has_its_still_picture_and_its_sentence(chromium: Browser, report: Path) -> None:
    noted: list[str] = []
    tab = opened(chromium, report, noted, scripts=False)
    figures = tab.locator("figure").all()
    assert len(figures) >= 4
    for figure in figures:
        shown = figure.locator(".still > svg, .still > table")
        assert shown.is_visible()
        assert figure.locator("svg[aria-label], table").count() >= 1
    assert noted == []


def test_on_paper_the_still_pictures_stand_in_for_the_charts(chromium: Browser, report: Path) -> None:
    tab = opened(chromium, report, [])
    tab.emulate_media(media="print")
    assert not tab.locator(".live").first.is_visible()
    assert tab.locator(".still").first.is_visible()
    assert tab.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_it_fits_a_telephone(chromium: Browser, report: Path) -> None:
    tab = opened(chromium, report, [])
    tab.set_viewport_size({"width": 375, "height": 700})
    tab.wait_for_timeout(500)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
