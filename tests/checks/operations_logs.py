"""Small logs and metrics for the tests of step 6."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diagnostics.nouns.incident import Incident

START = datetime(2026, 5, 12, 8)


def incident(folder: Path, *, log: str | bytes | None = None, metrics: str | bytes | None = None, name: str = "") -> Incident:
    logs, series = (), ()
    if log is not None:
        file = folder / (name or "app.log")
        file.write_bytes(log.encode() if isinstance(log, str) else log)
        logs = (file,)
    if metrics is not None:
        file = folder / (name or "metrics.csv")
        file.write_bytes(metrics.encode() if isinstance(metrics, str) else metrics)
        series = (file,)
    return replace(Incident(), logs=logs, metrics=series)


def line(minute: float, level: str, message: str) -> str:
    return f"{START + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S},123 {level} [worker-1] app.predict: {message}"


def quiet(minutes: int) -> list[str]:
    """A request a minute, and a warning now and then."""
    lines = [line(m, "INFO", f"Answered request {1000 + m} in {10 + m % 7} ms") for m in range(minutes)]
    return lines + [line(m + 0.5, "WARNING", f"Slow client 10.0.0.{m % 250}") for m in range(0, minutes, 30)]


def text(lines: Iterable[str]) -> str:
    return "\n".join(sorted(lines)) + "\n"


def csv(values: NDArray[np.float64], name: str = "value", *, minutes: int = 5) -> str:
    rows = [f"{START + timedelta(minutes=minutes * i):%Y-%m-%d %H:%M:%S},{value:.5f}" for i, value in enumerate(values)]
    return f"timestamp,{name}\n" + "\n".join(rows) + "\n"
