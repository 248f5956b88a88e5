"""What every test shares."""

from __future__ import annotations

import os

# Threads of several test processes wait for one another by spinning: boosting then takes minutes. Set before NumPy is there.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260512)
