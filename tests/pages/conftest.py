"""Incidents on disk for the pages, and a way to run a page until its investigation is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from diagnostics.keep import store

APP = Path(__file__).parent.parent.parent / "app.py"


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("incidents")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(store.HOME, str(made))
        yield made


@pytest.fixture(scope="session")
def broken() -> str:
    """An incident whose income changed its unit half-way."""
    rng = np.random.default_rng(7)
    reference, current = loans(rng, 1500, "2026-03-01"), loans(rng, 1500, "2026-05-01")
    current.loc[700:, "income"] *= 1000
    current.loc[700:, "score"] = 1.0
    return keep(reference, current)


@pytest.fixture(scope="session")
def healthy() -> str:
    rng = np.random.default_rng(8)
    return keep(loans(rng, 1500, "2026-03-01"), loans(rng, 1500, "2026-05-01"))


def loans(rng: np.random.Generator, rows: int, start: str) -> pd.DataFrame:
    """Applications for loans with a score of a good model."""
    frame = pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="30min"),
            "customer": [f"{start}-{n}" for n in range(rows)],
            "income": rng.normal(41_200, 5_000, rows).round(),
            "age": rng.integers(18, 80, rows),
            "city": rng.choice(["Ulm", "Bern", "Graz"], rows),
        }
    )
    chance = 1 / (1 + np.exp(-(frame["income"] - 41_200) / 3_000))
    return frame.assign(approved=(rng.random(rows) < chance).astype(int), score=chance.round(3))


def keep(reference: pd.DataFrame, current: pd.DataFrame) -> str:
    incident = store.create()
    store.save_upload(incident, "reference", "reference.csv", reference.to_csv(index=False).encode())
    store.save_upload(incident, "current", "loans in May.csv", current.to_csv(index=False).encode())
    return incident


def opened(page: str = "", incident: str = "", **query: str) -> AppTest:
    """The app on `page` ("step_2_inputs"; "" is the start), with no investigation under way."""
    at = AppTest.from_file(APP, default_timeout=60)
    if incident:
        at.query_params["incident"] = incident
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    if page:
        at.switch_page(f"pages/{page}.py").run()
    return done(at)


def done(at: AppTest, *, within: float = 300) -> AppTest:
    until = time.monotonic() + within
    while at.progress and time.monotonic() < until:
        time.sleep(0.2)
        at.run()
    return at


def said(at: AppTest) -> str:
    """Everything that the page says, without the backslashes that keep names from being markup."""
    texts = [e.value for kind in (at.title, at.subheader, at.markdown, at.error, at.warning, at.success, at.info) for e in kind]
    texts += [e.label for kind in (at.expander, at.button, at.page_link) for e in kind]
    return "\n".join(texts).replace("\\", "").replace("\u2060", "")
