from __future__ import annotations

from pathlib import Path

from diagnostics.keep import store
from tests.clinic.test_memory import GROWS, STAYS, recorded
from tests.pages.clinic_pages import examined, opened
from tests.pages.conftest import said


def test_a_recording_alone_names_the_line_and_gives_files(tmp_path: Path) -> None:
    incident = store.create()
    made = recorded(tmp_path / "memory.jsonl", {("/service/service.py", 10): GROWS, ("/service/load.py", 3): STAYS})
    store.save_upload(incident, "memory", "memory.jsonl", made.read_bytes())
    at = examined("clinic_memory", incident)
    assert not at.exception
    assert "What line 10 of *service.py* allocates is kept" in said(at)
    assert any("RuntimeMaxSec" in code.value for code in at.code)
    assert len(at.get("plotly_chart")) == 1


def test_without_anything_it_says_what_to_give() -> None:
    at = opened("clinic_memory")
    assert not at.exception
    assert "give a recording of it" in said(at)
