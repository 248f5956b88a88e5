"""Pictures of every page, light and dark, wide and narrow: ``python tests/browser/screenshots.py FOLDER [SAMPLE [LOCALE]]``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from pages.parts.guard import STEP_SCRIPTS
from tests.browser.browsing import CHROMIUM, FLAGS, served, settle

SIZES: Final = ((1280, 1500), (375, 1500))


def main(folder: Path, sample: str = "unit-change", locale: str = "en-US") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for scheme in ("light", "dark"):
            for width, height in SIZES:
                shown = {"width": width, "height": height}
                tab = browser.new_context(viewport=shown, color_scheme=scheme, locale=locale).new_page()
                tab.goto(address)
                settle(tab)
                tab.screenshot(path=folder / f"start-{scheme}-{width}.png")
                tab.goto(f"{address}/?sample={sample}")
                tab.wait_for_url("**/step_*?incident=*")
                settle(tab)
                link = tab.url.split("?")[1]
                for script in (*STEP_SCRIPTS, "pages/columns.py", "pages/causes.py", "pages/report.py"):
                    name, began = Path(script).stem, time.monotonic()
                    tab.goto(f"{address}/{name}?{link}")
                    settle(tab)
                    print(f"{name:20} {scheme:6} {width:5} {time.monotonic() - began:.1f} s")
                    tab.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
                tab.context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
