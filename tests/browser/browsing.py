"""A fresh server and a real Chromium, for the tests and for the screenshots."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

ROOT: Final = Path(__file__).parent.parent.parent
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def served(home: Path, *, port: int = 0) -> Iterator[str]:
    """The address of a server that has answered nobody yet; its incidents are in `home`. Any free `port` unless one is given."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "serve.py",
        "--server.port",
        str(port),
        "--server.fileWatcherType",
        "none",
    ]
    environment = {**os.environ, "MODEL_CLINIC_HOME": str(home)}
    with subprocess.Popen(
        [*command, "--server.address", "127.0.0.1"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 60
            while not _healthy(address):
                if time.monotonic() > until or server.poll() is not None:
                    raise RuntimeError("the server did not start within 60 seconds")
                time.sleep(0.1)
            yield address
        finally:
            server.terminate()


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def settle(tab: Page, *, within: float = 120) -> None:
    """Wait until nothing runs, no placeholder is left and the page has its sentence."""
    until = time.monotonic() + within
    calm = 0
    while calm < 3:
        if time.monotonic() > until:
            shown = " | ".join(tab.locator("body").inner_text().split("\n"))[:500]
            raise TimeoutError(f"the page did not come to rest within {within} seconds; it shows: {shown}")
        idle = tab.locator("[data-testid=stApp][data-test-script-state=notRunning]").count() == 1
        held = tab.locator("[data-testid=stSkeleton]").count() + tab.locator("[data-testid=stProgress]").count()
        calm = calm + 1 if idle and not held and tab.locator("h1").count() else 0
        tab.wait_for_timeout(100)
