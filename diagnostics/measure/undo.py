"""Undo: how a fault is taken out of the current rows again. The check that found the fault knows the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Repair: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]
"""Takes current rows and returns them as they would be without the fault; the frame it is given stays as it is."""


@dataclass(frozen=True, kw_only=True)
class Undo:
    """At most one of `repair`, `faulty` and `weights` is given."""

    repair: Repair | None = None

    faulty: Callable[[pd.DataFrame], NDArray[np.bool_]] | None = None
    """Which rows of a frame are at fault, shape (len(frame),), where they can only be left out."""

    weights: NDArray[np.float64] | None = None
    """Weights of the current sample's rows, shape (m,), that give them the make-up of the reference."""

    matched: str | None = None
    """The column by which the rows of both sides are matched before they are compared."""

    leave_out: tuple[str, ...] = ()
    """Columns that say nothing any more once the fault is taken out."""


NO_UNDO = Undo()
