"""An operations incident: a model service that holds on to memory after a release. Simulated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from writing import BUSY, csv, events, files, hours

START: Final = datetime(2026, 3, 9, 0, 0)
SINCE: Final = datetime(2026, 3, 17, 9, 30)
END: Final = datetime(2026, 3, 21, 3, 0)
STEP: Final = 5
"""Minutes between two rows of metrics."""

LIMIT_MB: Final = 4096
GROWTH_MB: Final = 36.0
"""Megabytes an hour from the release on, at mean traffic."""

REFERENCE_PACKAGES: Final = """\
# Python 3.11.9
cachetools==5.3.3
fastapi==0.115.6
gunicorn==23.0.0
numpy==2.2.4
onnxruntime==1.20.1
pandas==2.2.3
prometheus-client==0.21.1
pydantic==2.10.6
requests==2.32.3
uvicorn==0.34.0
"""
CURRENT_PACKAGES: Final = REFERENCE_PACKAGES.replace("onnxruntime==1.20.1", "onnxruntime==1.20.2").replace(
    "prometheus-client==0.21.1", "prometheus-client==0.22.0"
)


def memory_leak() -> dict[str, str]:
    """Memory climbs from the release of 17 March on; in the last hours before the limit requests time out."""
    rng = np.random.default_rng(202621)
    when = hours(START, int((END - START) / timedelta(minutes=STEP)), STEP)
    table = _metrics(rng, when)
    return files(
        incident={
            "title": "Scoring service close to its memory limit",
            "events": events(
                ("2026-03-12 20:00", "certificate renewed"),
                ("2026-03-17 09:30", "scoring service 3.7.0: keeps recent feature vectors"),
            ),
        },
        expected={
            "cause": "memory_leak",
            "columns": [],
            "since": SINCE,
            "about": "A simulated scoring service without any table: since a release its memory climbs until requests time out.",
        },
        more={
            "metrics/service.csv": csv(table),
            "logs/service.log": _log(rng, when, table["memory_mb"].to_numpy()),
            "environment/reference.txt": REFERENCE_PACKAGES,
            "environment/current.txt": CURRENT_PACKAGES,
        },
    )


def _metrics(rng: np.random.Generator, when: list[datetime]) -> pd.DataFrame:
    traffic = np.array([BUSY[t.hour] / BUSY.mean() for t in when])
    requests = rng.poisson(40 * traffic)
    leaking = np.array([t >= SINCE for t in when])
    memory = 640 + 6 * traffic + rng.normal(0, 7, len(when))
    memory += np.cumsum(np.where(leaking, GROWTH_MB * STEP / 60 * (0.6 + 0.4 * traffic), 0))
    # Near the limit the machine spends its time looking for memory.
    squeeze = np.clip((memory / LIMIT_MB - 0.88) / 0.06, 0, 1)
    return pd.DataFrame(
        {
            "timestamp": when,
            "memory_mb": np.round(np.minimum(memory, LIMIT_MB - 20), 1),
            "cpu_percent": np.round(np.clip(9 + 14 * traffic + 12 * squeeze + rng.normal(0, 2.2, len(when)), 1, 99), 1),
            "latency_p95_ms": np.round((62 + 6 * traffic + rng.gamma(2, 3, len(when))) * (1 + 1.5 * squeeze), 1),
            "requests_per_minute": requests,
            "errors_per_minute": rng.poisson(0.03 + 0.8 * squeeze),
        }
    )


def _log(rng: np.random.Generator, when: list[datetime], memory: np.ndarray) -> str:
    lines = [
        (START + timedelta(seconds=2), "INFO", "service.main", "scoring service 3.6.2 started, model churn-7 loaded in 2.4 s")
    ]
    lines.append((SINCE, "INFO", "service.main", "scoring service 3.7.0 started, model churn-7 loaded in 2.5 s"))
    for moment, held in zip(when, memory, strict=True):
        at = moment + timedelta(seconds=int(rng.integers(0, 290)))
        if rng.random() < 0.45:
            size, took = int(rng.integers(1, 64)), float(rng.gamma(9, 5))
            lines.append(
                (at, "INFO", "service.score", f"scored batch of {size} rows in {took:.1f} ms for client {rng.integers(10, 40)}")
            )
        if moment.minute == 0:
            lines.append((at, "INFO", "service.health", f"health check passed in {rng.gamma(4, 0.6):.1f} ms"))
        if rng.random() < 0.015:
            lines.append(
                (
                    at,
                    "WARNING",
                    "service.features",
                    f"feature store slow: {rng.integers(300, 900)} ms for key {rng.integers(10**6)}",
                )
            )
        if moment >= SINCE and moment.minute == 30 and moment.hour % 2 == 1:
            lines.append((at, "INFO", "service.cache", f"vectors held: {int((held - 640) * 410)}"))
        if held > 0.92 * LIMIT_MB and rng.random() < 0.2:
            lines.append((at, "ERROR", "service.score", f"request {rng.integers(10**6)} timed out after 30 s"))
        if held > 0.96 * LIMIT_MB and rng.random() < 0.06:
            lines.append(
                (at, "ERROR", "service.score", f"MemoryError: unable to allocate {rng.integers(2, 40)} MiB for the result")
            )
    lines.sort(key=lambda line: line[0])
    return "".join(f"{at:%Y-%m-%d %H:%M:%S} {level} [{name}] {text}\n" for at, level, name, text in lines)
