"""What the tests of the clinic's pages share: an incident of one table, and a page run to its end."""

from __future__ import annotations

import time

import pandas as pd
from streamlit.testing.v1 import AppTest

from diagnostics.keep import store
from tests.pages.conftest import opened

__all__ = ["alone", "examined", "opened"]


def alone(frame: pd.DataFrame, target: str | None = "answer") -> str:
    """An incident that holds nothing but a training table."""
    incident = store.create()
    store.save_upload(incident, "reference", "rows.csv", frame.to_csv(index=False).encode())
    if target:
        store.describe(incident, {"target": target})
    return incident


def examined(page: str, incident: str, *, within: float = 240) -> AppTest:
    """The page after its run, begun by its button, has ended."""
    at = opened(page, incident)
    at.button(key=f"run-{page.removeprefix('clinic_')}").click().run()
    until = time.monotonic() + within
    while any(button.key == "stop-run" for button in at.button) and time.monotonic() < until:
        time.sleep(0.3)
        at.run()
    return at
