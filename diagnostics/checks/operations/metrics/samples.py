"""What every kind of metric file comes to before it is judged: named values over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Samples:
    """One metric as its file has it."""

    name: str
    times: NDArray[np.datetime64]
    """datetime64[us] in UTC where the file names a zone, shape (n,); in the file's order, NaT where there is none."""

    values: NDArray[np.float64]
    """Shape (n,), NaN where there is none."""

    unit: str = ""
    """As the file writes it, "" where it does not."""

    counter: bool | None = None
    """Whether it only counts up, where the file says so."""

    dated: bool = True
    """False when times only say how long after the beginning."""

    limit: float | None = None
    """Where it ends, when the file says so beside it."""


def moments(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Seconds since 1970 as datetime64[us], NaT for what is not finite."""
    known = np.isfinite(seconds) & (np.abs(seconds) < 1e11)
    when = (np.where(known, seconds, 0.0) * 1e6).astype("int64").astype("datetime64[us]")
    when[~known] = np.datetime64("NaT")
    return np.asarray(when)


def epoch(numbers: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Seconds since 1970 of numbers that count seconds, milli-, micro- or nanoseconds since then; None when they do not."""
    middle = float(np.nanmedian(numbers)) if np.isfinite(numbers).any() else 0.0
    scale = next((s for s in (1.0, 1e3, 1e6, 1e9) if 3e8 < middle / s < 4e9), None)
    return None if scale is None else numbers / scale


def labelled(name: str, labels: dict[str, str]) -> str:
    """`name` with what tells it from its sisters, as Prometheus writes it."""
    return name if not labels else name + "{" + ", ".join(f"{key}={value}" for key, value in labels.items()) + "}"


def telling(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The labels without those that all rows share."""
    keys = dict.fromkeys(key for row in rows for key in row)
    differing = [key for key in keys if len({row.get(key) for row in rows}) > 1]
    return [{key: row[key] for key in differing if key in row} for row in rows]
