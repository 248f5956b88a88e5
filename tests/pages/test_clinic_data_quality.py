from __future__ import annotations

import numpy as np

from tests.clinic.frames import classes
from tests.pages.clinic_pages import alone, examined
from tests.pages.conftest import said


def test_rows_to_review_are_shown_and_can_be_downloaded() -> None:
    rng = np.random.default_rng(4)
    frame = classes(rng, 300, noise=0.1)
    frame.loc[:9, "answer"] = np.where(frame.loc[:9, "answer"] == "yes", "no", "yes")
    frame.loc[100:140, "x1"] = np.nan
    at = examined("clinic_data_quality", alone(frame))
    assert not at.exception
    text = said(at)
    assert "Rows to review" in text
    assert "How much does a random split flatter?" in text
    assert "of all values are missing" in text
    assert len(at.get("plotly_chart")) >= 2
    assert len(at.get("download_button")) >= 2
