"""What an examination of data quality measured."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.clinic.data_quality.gaps import Gaps
from diagnostics.clinic.data_quality.leaks import Inflation, SingleColumn
from diagnostics.clinic.data_quality.noise import Noise
from diagnostics.clinic.data_quality.rows import Copies, Outliers
from diagnostics.clinic.shared.compare import Compared
from diagnostics.clinic.shared.training_set import Described


@dataclass(frozen=True, kw_only=True)
class DataQuality:
    """Everything that was measured of one training table."""

    data: Described
    family: str
    says: str
    """Message id of the metric."""

    copies: Copies
    outliers: Outliers
    gaps: Gaps
    imputers: Compared | None
    """Ways to impute; None without missing numbers."""

    scaling: Compared | None
    """None without numbers, or where these have about one spread."""

    scaled_by: str
    """The family that scaling was measured with, "" where it was not."""

    spreads: float
    noise: Noise | None
    """None for a quantity."""

    inflations: tuple[Inflation, ...]
    tellers: tuple[SingleColumn, ...]
    """The columns by how well each predicts alone, the best first."""

    compared: Compared
    """Ways to clean the training rows."""
