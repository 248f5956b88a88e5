from __future__ import annotations

import numpy as np

from tests.clinic.frames import classes
from tests.pages.clinic_pages import alone, examined
from tests.pages.conftest import said


def test_a_rare_class_is_shown_with_its_remedies_and_a_preview() -> None:
    incident = alone(classes(np.random.default_rng(2), 500, share=0.12, noise=1.2))
    at = examined("clinic_imbalance", incident)
    assert not at.exception
    text = said(at)
    assert "answer = yes" in at.title[0].value.replace("\\", "").replace("*", "")
    for heading in ("Every limit at once", "Do the chances hold?", "What was tried", "Synthetic rows (SMOTE): a preview"):
        assert heading in text
    assert len(at.get("plotly_chart")) >= 4
