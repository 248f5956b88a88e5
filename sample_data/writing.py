"""What all recipes share: times with a daily rhythm, models in a pipeline, and the text of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

BUSY: Final = np.array([1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 12, 14, 16, 16, 15, 13, 11, 10, 9, 7, 4, 2], dtype=float)
"""Relative traffic of the 24 hours of a day."""


def times(rng: np.random.Generator, rows: int, first: str, last: str) -> pd.DatetimeIndex:
    """`rows` ascending times to the second, from the day `first` to the day `last` inclusive, busier by day than by night."""
    days = pd.date_range(first, last, freq="D")
    day = rng.integers(0, len(days), rows)
    hour = rng.choice(24, rows, p=BUSY / BUSY.sum())
    second = rng.integers(0, 3600, rows)
    return pd.DatetimeIndex(np.sort(days.to_numpy()[day] + (hour * 3600 + second).astype("timedelta64[s]")))


def split(rng: np.random.Generator, rows: int, *sizes: int) -> list[np.ndarray]:
    """Disjoint row numbers of the given sizes, drawn without replacement."""
    order = rng.permutation(rows)
    ends = np.cumsum(sizes)
    if ends[-1] > rows:
        raise ValueError(f"sizes must sum to at most {rows}, got {ends[-1]}")
    return [order[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def linear(task: str, features: pd.DataFrame, truth: pd.Series) -> Pipeline:
    """A linear model on scaled numbers and one-hot levels. Its optimum is unique and found to many digits on any machine."""
    numbers = list(features.select_dtypes("number"))
    levels = [name for name in features if name not in numbers]
    prepare = make_column_transformer(
        (make_pipeline(StandardScaler()), numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), levels)
    )
    model = Ridge(alpha=1.0) if task == "regression" else LogisticRegression(C=1.0, tol=1e-10, max_iter=2000)
    with threadpool_limits(limits=1):
        return make_pipeline(prepare, model).fit(features, truth)


def scores(model: Any, features: pd.DataFrame, positive: str) -> np.ndarray:
    """Probability of `positive`, shape (n,), four decimals."""
    with threadpool_limits(limits=1):
        return np.asarray(np.round(model.predict_proba(features)[:, list(model.classes_).index(positive)], 4))


def answers(model: Any, features: pd.DataFrame, decimals: int = 2) -> np.ndarray:
    """Predicted labels or values, shape (n,); values with `decimals` decimals."""
    with threadpool_limits(limits=1):
        found = model.predict(features)
    return np.asarray(np.round(found, decimals) if found.dtype.kind == "f" else found)


def csv(frame: pd.DataFrame) -> str:
    """Columns must be rounded already; floats are written by their shortest form, times to the second."""
    return frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d %H:%M:%S")


def files(
    *,
    incident: Mapping[str, Any],
    expected: Mapping[str, Any],
    reference: pd.DataFrame | None = None,
    current: pd.DataFrame | None = None,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The files of one folder, path to text."""
    made = {"incident.yaml": _yaml(incident), "expected.yaml": _yaml(expected)}
    for name, frame in (("reference.csv", reference), ("current.csv", current)):
        if frame is not None:
            made[name] = csv(frame)
    return made | dict(more or {})


def events(*entries: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"time": datetime.fromisoformat(time), "what": what} for time, what in entries]


def ids(prefix: str, rows: int, first: int) -> list[str]:
    """Unique, in the order in which they were given out."""
    return [f"{prefix}{first + 7 * number}" for number in range(rows)]


def hours(start: datetime, count: int, minutes: int) -> Sequence[datetime]:
    return [start + timedelta(minutes=minutes * number) for number in range(count)]


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=1000)
