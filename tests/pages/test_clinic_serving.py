from __future__ import annotations

from pathlib import Path

import numpy as np

from diagnostics.keep import store
from tests.clinic.services import FLASK, service_log
from tests.pages.clinic_pages import examined, opened
from tests.pages.conftest import said


def test_a_log_and_code_alone_show_what_limits_and_the_files(tmp_path: Path) -> None:
    incident = store.create()
    log = service_log(tmp_path / "service.log", np.random.default_rng(4), rows=300)
    store.save_upload(incident, "logs", "service.log", log.read_bytes())
    store.save_upload(incident, "code", "service.py", FLASK.encode())
    at = examined("clinic_serving", incident)
    assert not at.exception
    text = said(at)
    assert "Fetching features takes" in text
    assert "What each remedy would bring" in text
    assert "Files that start a server" in text
    assert any("workers =" in code.value for code in at.code)
    assert len(at.get("download_button")) >= 1


def test_without_anything_it_says_what_to_give() -> None:
    at = opened("clinic_serving")
    assert not at.exception
    assert "upload its log" in said(at)
