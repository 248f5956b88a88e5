from __future__ import annotations

from tests.pages.clinic_pages import examined
from tests.pages.conftest import said


def test_a_test_is_planned_without_any_table() -> None:
    at = examined("clinic_ab_test", "")
    assert not at.exception
    assert "rows" in at.title[0].value
    assert "When may one look?" in said(at)
    assert len(at.get("plotly_chart")) >= 1
