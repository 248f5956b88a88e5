"""The lines of Python that decide by the threshold that was found."""

from __future__ import annotations

from typing import Final

from diagnostics.clinic.imbalance.check import Imbalance

LINES: Final = """\
THRESHOLD = {limit}  # chosen on held-out rows; choose it again when the model or its costs change
names = [str(name) for name in model.classes_]
chance = model.predict_proba(rows)[:, names.index({positive})]
named = chance >= THRESHOLD

# The same inside scikit-learn, so that model.predict uses it; the model stays as it was trained:
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
positive = model.classes_[names.index({positive})]
model = FixedThresholdClassifier(FrozenEstimator(model), threshold=THRESHOLD, pos_label=positive).fit(rows, labels)
"""


def threshold_lines(p: Imbalance) -> str:
    """Code for two classes that reads `model`, `rows` and `labels`. Raises ValueError without a threshold."""
    if p.threshold is None:
        raise ValueError("no threshold was found")
    return LINES.format(limit=round(p.threshold.value, 4), positive=repr(p.positive))
