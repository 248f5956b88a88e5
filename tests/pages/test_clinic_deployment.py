from __future__ import annotations

import numpy as np

from tests.clinic.frames import classes
from tests.pages.clinic_pages import alone, examined
from tests.pages.conftest import said


def test_variants_stand_side_by_side_with_their_files() -> None:
    at = examined("clinic_deployment", alone(classes(np.random.default_rng(6), 200)))
    assert not at.exception
    text = said(at)
    assert "Side by side" in text
    assert "8 bits can hold" in text
    assert len(at.get("plotly_chart")) >= 3
    assert len(at.get("download_button")) >= 2
