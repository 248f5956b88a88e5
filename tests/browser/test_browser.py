"""The way that a person takes, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, Request, sync_playwright

from diagnostics.keep import store
from pages.parts.guard import STEP_SCRIPTS
from tests.browser.browsing import CHROMIUM, FLAGS, served, settle
from tests.pages.conftest import loans

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>[a](javascript:alert(3))"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(store.HOME, str(tmp_path / "incidents"))
    return tmp_path / "incidents"


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A tab that notes every dialog and every request to another machine."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    opened = context.new_page()
    noted: list[str] = []

    def dialog(shown: Dialog) -> None:
        noted.append(f"dialog: {shown.message}")
        shown.dismiss()

    def request(sent: Request) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|(data|blob):", sent.url):
            noted.append(f"request: {sent.url}")

    opened.on("dialog", dialog)
    opened.on("request", request)
    yield opened
    context.close()
    assert noted == []


def accessible(tab: Page) -> None:
    # The menu of narrow screens is Streamlit's own, and its lists hold headings between the items.
    found = Axe().run(tab, context={"exclude": [["[data-testid=stSidebarNav]"]]}).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []
    assert tab.locator("[data-testid=stException]").count() == 0


def faulty(seed: int, column: str = "income") -> tuple[bytes, bytes]:
    rng = np.random.default_rng(seed)
    reference, current = loans(rng, 1500, "2026-03-01"), loans(rng, 1500, "2026-05-01")
    current.loc[700:, "income"] *= 1000
    current.loc[700:, "score"] = 1.0
    return tuple(f.rename(columns={"income": column}).to_csv(index=False).encode() for f in (reference, current))  # type: ignore[return-value]


def test_a_deep_link_on_a_fresh_server_comes_with_the_shell(home: Path, tab: Page) -> None:
    incident = store.create()
    for part, content in zip(("reference", "current"), faulty(1), strict=True):
        store.save_upload(incident, part, f"{part}.csv", content)
    with served(home) as address:
        tab.goto(f"{address}/step_2_inputs?incident={incident}")
        settle(tab)
        assert tab.locator(".st-key-steps a").count() == 7
        assert "income" in tab.locator("h1").inner_text()
        tab.reload()
        settle(tab)
        assert "income" in tab.locator("h1").inner_text()


def test_a_restarted_server_has_the_incident_still(home: Path, tab: Page) -> None:
    incident = store.create()
    for part, content in zip(("reference", "current"), faulty(4), strict=True):
        store.save_upload(incident, part, f"{part}.csv", content)
    with served(home) as address:
        tab.goto(f"{address}/step_4_drift?incident={incident}")
        settle(tab)
        said = tab.locator("h1").inner_text()
        assert "income" in said
    with served(home, port=int(address.rpartition(":")[2])):
        tab.reload()
        settle(tab)
        assert tab.locator("h1").inner_text() == said
        assert tab.url.endswith(f"/step_4_drift?incident={incident}")


def test_from_two_files_through_seven_steps_to_the_first_cause(home: Path, tab: Page, tmp_path: Path) -> None:
    files = []
    for part, content in zip(("reference", "current"), faulty(2), strict=True):
        files.append(tmp_path / f"{part}.csv")
        files[-1].write_bytes(content)
    with served(home) as address:
        tab.goto(address)
        settle(tab)
        accessible(tab)
        for position, file in enumerate(files):
            tab.locator("[data-testid=stFileUploaderDropzoneInput]").nth(position).set_input_files(file)
            tab.get_by_text(file.name).first.wait_for()
            settle(tab)
        tab.get_by_role("button", name="Investigate").click()
        tab.wait_for_url(re.compile("/step_1_confirm"))
        for number, script in enumerate(STEP_SCRIPTS, start=1):
            tab.wait_for_url(re.compile(f"/{Path(script).stem}\\?incident="))
            settle(tab)
            accessible(tab)
            assert len(tab.locator("h1").inner_text()) > 15, number
            tab.get_by_role("button", name=re.compile("^Next")).click()
        tab.wait_for_url(re.compile(r"/causes\?incident="))
        settle(tab)
        accessible(tab)
        assert "income" in tab.locator("h1").inner_text()
        tab.get_by_role("button", name=re.compile("^Next")).click()
        tab.wait_for_url(re.compile(r"/report\?incident="))
        settle(tab)
        accessible(tab)
        with tab.expect_download() as download:
            tab.get_by_role("button", name="The incident (.zip)").click()
        assert store.exists(store.restore(Path(download.value.path()).read_bytes()))


def test_a_sample_opens_from_its_link_and_reads_well_in_the_dark_on_a_phone(home: Path, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 375, "height": 720}, color_scheme="dark")
    tab = context.new_page()
    with served(home) as address:
        tab.goto(f"{address}/?sample=unit-change")
        tab.wait_for_url(re.compile(r"/step_1_confirm\?incident="))
        settle(tab)
        accessible(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()


def test_names_with_markup_open_no_dialog_and_send_no_request(home: Path, tab: Page) -> None:
    incident = store.create()
    for part, content in zip(("reference", "current"), faulty(3, EVIL), strict=True):
        store.save_upload(incident, part, f"{part}.csv", content)
    with served(home) as address:
        for script in (*STEP_SCRIPTS, "pages/columns.py", "pages/causes.py", "pages/report.py"):
            tab.goto(f"{address}/{Path(script).stem}?incident={incident}")
            settle(tab)
            assert tab.locator("[data-testid=stException]").count() == 0
            assert tab.locator("img[src=x]").count() == 0
            for card in tab.locator("summary").all()[:4]:
                card.click()
                settle(tab)
