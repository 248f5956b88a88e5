"""Frames with columns exchanged or added, whatever these are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of the same rows in which `columns` (name to values, shape (len(frame),), or one value for all rows) replace those
    of their name, or come last. The frame that was given stays as it is.

    `DataFrame.assign` takes names as keyword arguments and fails on a column called "self".
    """
    changed = frame.copy(deep=False)
    for name, values in columns.items():
        changed[name] = values
    return changed
