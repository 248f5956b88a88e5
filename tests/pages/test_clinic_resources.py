from __future__ import annotations

from tests.pages.clinic_pages import examined
from tests.pages.conftest import said


def test_it_says_whether_a_model_fits_without_any_table() -> None:
    at = examined("clinic_resources", "")
    assert not at.exception
    text = said(at)
    assert "It does not fit" in at.title[0].value
    assert "What each change would leave" in text
    assert "Measured on this machine" in text
    assert len(at.get("plotly_chart")) >= 3
