from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from diagnostics.keep import store
from pages.parts.guard import CLINIC
from tests.clinic.frames import classes
from tests.pages.clinic_pages import alone, examined, opened
from tests.pages.conftest import said

PAGES = ("clinic_fit", "clinic_imbalance", "clinic_stability")


@pytest.mark.parametrize("script", PAGES)
def test_a_page_alone_asks_for_one_table(script: str) -> None:
    at = opened(script)
    assert not at.exception
    assert "Give one table" in said(at)
    assert at.title


@pytest.mark.parametrize("script", PAGES)
def test_a_table_without_a_target_asks_which_column_is_to_be_learnt(script: str) -> None:
    frame = pd.DataFrame({"a": np.arange(200) % 7 + 0.5, "b": np.arange(200) % 11 + 0.25})
    incident = alone(frame, None)
    store.describe(incident, {}, none={"target"})
    at = opened(script, incident)
    assert not at.exception
    assert "Which column is to be learnt?" in said(at)
    at.selectbox[0].select("a").run()
    assert store.stated(incident)["target"] == "a"
    assert "Which column is to be learnt?" not in said(at)


@pytest.mark.parametrize("script", PAGES)
def test_what_cannot_be_learnt_is_one_plain_sentence(script: str) -> None:
    incident = alone(classes(np.random.default_rng(1)).assign(answer="no"))
    at = examined(script, incident)
    assert not at.exception
    assert "All rows have the same answer" in said(at)


def test_the_reference_of_an_incident_is_the_training_table(broken: str) -> None:
    at = opened("clinic_fit", broken)
    assert not at.exception
    assert "Training rows: the 1,500 rows of the reference table." in said(at)
    assert [link.label for link in at.page_link if link.label in ("Fit", "Imbalance", "Stability")]
    assert len(CLINIC) >= 3


def test_a_run_says_its_sentence_what_was_tried_and_on_which_rows() -> None:
    incident = alone(classes(np.random.default_rng(2), 700))
    at = opened("clinic_fit", incident)
    at.selectbox(key="fit-family").select("tree").run()
    at.button(key="run-fit").click().run()
    until = time.monotonic() + 240
    while any(button.key == "stop-run" for button in at.button) and time.monotonic() < until:
        time.sleep(0.3)
        at.run()
    assert not at.exception
    text = said(at)
    assert at.title[0].value.startswith("Overfitting")
    assert "What was tried" in text
    assert "Measured on all 700 rows" in text
    assert len(at.get("plotly_chart")) >= 4
    # A new session, and a new server, find it again.
    again = opened("clinic_fit", incident)
    assert again.title[0].value == at.title[0].value
    assert again.selectbox(key="fit-family").value == "tree"


def test_stop_stops_and_says_so() -> None:
    incident = alone(classes(np.random.default_rng(3), 6000, columns=15))
    at = opened("clinic_fit", incident)
    at.button(key="run-fit").click().run()
    at.button(key="stop-run").click().run()
    at.run()
    assert not at.exception
    assert "The run was stopped" in at.info[0].value
    assert at.button(key="run-fit")


def test_hostile_names_stay_names() -> None:
    frame = classes(np.random.default_rng(4), 300).rename(columns={"x0": "<script>alert(1)</script>", "x1": "[a](http://x) $x$"})
    at = examined("clinic_fit", alone(frame.assign(note="![x](http://x)")))
    assert not at.exception
    assert "[a](http" not in "".join(element.value for element in at.markdown)


def test_one_csv_alone_is_enough() -> None:
    at = opened("clinic_fit")
    content = classes(np.random.default_rng(5), 200).to_csv(index=False).encode()
    at.file_uploader(key="upload-clinic-0").upload("my rows.csv", content, "text/csv").run()
    assert not at.exception
    assert at.query_params["incident"]
    text = said(at)
    assert "my rows" in text
    assert "Which column is to be learnt?" in text or "Training rows: the 200 rows of the reference table." in text
