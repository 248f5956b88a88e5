"""Looking for oneself, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from diagnostics.keep import store
from tests.browser.browsing import CHROMIUM, FLAGS, served, settle
from tests.browser.test_browser import accessible, faulty

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


def test_a_column_is_found_opened_and_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.HOME, str(tmp_path / "incidents"))
    incident = store.create()
    for part, content in zip(("reference", "current"), faulty(5), strict=True):
        few = b"\n".join(content.splitlines()[::4])
        store.save_upload(incident, part, f"{part}.csv", few)
    with served(tmp_path / "incidents") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark").new_page()
        for page in ("all_columns", "errors", "row"):
            tab.goto(f"{address}/{page}?incident={incident}")
            settle(tab)
            accessible(tab)
        tab.goto(f"{address}/column?incident={incident}&column=income")
        settle(tab)
        accessible(tab)
        said = tab.locator("h1").inner_text()
        assert "income" in said
        with tab.expect_download() as numbers:
            tab.get_by_role("button", name="Download what the pictures show (.csv)").click()
        assert len(Path(numbers.value.path()).read_text(encoding="utf-8-sig").splitlines()) > 20
        with tab.expect_download() as picture:
            tab.get_by_role("button", name="Download the pictures (.png)").click()
        assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
        tab.reload()
        settle(tab)
        assert tab.locator("h1").inner_text() == said
        browser.close()
