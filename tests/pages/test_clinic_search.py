"""The page of a search: run, stopped, come back to, resumed, and taken along."""

from __future__ import annotations

import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from diagnostics.clinic.search.plan import Method
from diagnostics.clinic.search.storage import default_url
from diagnostics.clinic.search.study_list import Progress, list_studies
from diagnostics.clinic.shared.clinic_job import latest_run
from diagnostics.keep import store
from pages.parts.jobs import job_queue
from tests.clinic.frames import classes
from tests.pages.clinic_pages import alone, opened
from tests.pages.conftest import said


def searched(at: AppTest, within: float = 240) -> AppTest:
    at.button(key="run-search").click().run()
    return waited(at, within)


def waited(at: AppTest, within: float = 240) -> AppTest:
    until = time.monotonic() + within
    while any(button.key == "stop-run" for button in at.button) and time.monotonic() < until:
        time.sleep(0.3)
        at.run()
    return at


def quick(incident: str, trials: int = 8) -> AppTest:
    at = opened("clinic_search", incident)
    at.selectbox(key="search-family").set_value("linear").run()
    at.number_input(key="search-trials").set_value(trials).run()
    return at


def test_a_search_is_set_run_shown_and_exported() -> None:
    incident = alone(classes(np.random.default_rng(2), 300, share=0.12))
    at = quick(incident)
    text = said(at)
    assert "Only 12% of the rows are yes: average precision" in text
    assert "Stratified validation: each of the 5 folds" in text
    assert "Preprocessing is fitted inside each fold" in text
    at = searched(at)
    assert not at.exception
    text = said(at)
    for heading in ("History", "What matters first", "All settings side by side", "One setting at a time", "Timeline"):
        assert heading in text
    assert "rows that the search never saw" in at.title[0].value.replace("\\", "")
    assert "The search's own best value" in text
    assert {button.key for button in at.get("download_button")} >= {"search-json", "search-python", "search-csv"}
    assert "complete" in at.dataframe[-1].value.to_string()
    code = "\n".join(block.value for block in at.code)
    assert "search-worker --storage" in code
    assert "uvx optuna-dashboard" in code
    # Another session finds it again, by the link alone.
    assert "History" in said(opened("clinic_search", incident))


def test_a_search_is_stopped_in_a_trial_left_come_back_to_and_resumed() -> None:
    incident = alone(classes(np.random.default_rng(3), 2_000))
    at = opened("clinic_search", incident)
    at.selectbox(key="search-family").set_value("forest").run()
    # So many that no machine is done with them before it is told to stop.
    at.number_input(key="search-trials").set_value(400).run()
    at.number_input(key="search-folds").set_value(2).run()
    at.button(key="run-search").click().run()
    url = default_url(incident)
    until = time.monotonic() + 120
    while time.monotonic() < until and not (list_studies(url) and list_studies(url)[0].done):
        time.sleep(0.1)
    elsewhere = opened("clinic_stability", incident)
    assert not elsewhere.exception
    back = opened_running(incident)
    assert "Best so far" in said(back)
    run = latest_run(job_queue(), "search", incident)
    assert run is not None
    began = time.monotonic()
    back.button(key="stop-run").click().run()
    assert run.ended.wait(2)
    assert time.monotonic() - began < 2 + 1  # The page's own rerun is part of it.
    held = list_studies(url)[0]
    assert held.progress is Progress.STOPPED
    assert 1 <= held.done < 400
    back = opened("clinic_search", incident)
    assert "was stopped" in said(back)
    assert "stopped: can be resumed" in back.dataframe[-1].value.to_string()
    back.button(key="resume-0").click().run()
    until = time.monotonic() + 120
    while time.monotonic() < until and list_studies(url)[0].done <= held.done:
        time.sleep(0.1)
    again = latest_run(job_queue(), "search", incident)
    assert again is not None
    again.stop()
    assert again.ended.wait(10)
    after = list_studies(url)[0]
    assert after.name == held.name
    assert after.done > held.done
    # Enough is enough: what it found is judged without the trials that are left.
    assert not store.results(incident)
    back = opened("clinic_search", incident)
    back.button(key="end-0").click().run()
    judged = latest_run(job_queue(), "search", incident)
    assert judged is not None
    assert judged.ended.wait(120)
    at = opened("clinic_search", incident)
    assert "rows that the search never saw" in at.title[0].value
    assert len(store.results(incident)) == 1
    assert list_studies(url)[0].progress is Progress.COMPLETE
    assert after.done <= list_studies(url)[0].done < 400


def opened_running(incident: str) -> AppTest:
    """The page in another session while the search goes on."""
    from tests.pages.conftest import APP

    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["incident"] = incident
    at.run()
    at.switch_page("pages/clinic_search.py").run()
    until = time.monotonic() + 20
    while "Best so far" not in said(at) and time.monotonic() < until:
        time.sleep(0.3)
        at.run()
    return at


def test_several_kinds_of_search_stand_side_by_side() -> None:
    at = quick(alone(classes(np.random.default_rng(4), 200)), trials=7)
    at.get("pills")[0].set_value([Method.GRID, Method.RANDOM]).run()
    assert "The grid has 7 points" in said(at)
    at = searched(at)
    assert not at.exception
    assert "Searches side by side" in said(at)
    assert len(at.dataframe[-1].value) == 2


def test_a_table_that_cannot_be_searched_and_a_space_that_is_none_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("clinic_search", alone(classes(np.random.default_rng(5), 100).assign(answer="no")))
    assert not at.exception
    assert "All rows have the same answer" in said(at)
    incident = alone(classes(np.random.default_rng(6), 100))
    monkeypatch.setenv("MODEL_CLINIC_DATABASE", "postgresql://clinic:geheim@127.0.0.1:9/clinic")
    at = opened("clinic_search", incident)
    assert not at.exception
    assert "cannot be reached" in said(at)
    assert "geheim" not in said(at)
    assert store.exists(incident)
