from __future__ import annotations

import numpy as np

from tests.clinic.frames import classes
from tests.pages.clinic_pages import alone, examined
from tests.pages.conftest import said


def test_the_spread_is_shown_with_where_it_comes_from_and_what_calms_it() -> None:
    at = examined("clinic_stability", alone(classes(np.random.default_rng(2), 300, noise=1.5)))
    assert not at.exception
    text = said(at)
    assert "seed" in at.title[0].value
    assert "What moves the score" in text
    assert "Smaller batches do not" in text
    assert len(at.get("plotly_chart")) >= 4
