"""Metrics: what is found in faulty series and what is accused in healthy ones.

python -m benchmarks.logs.series [--seeds N]                 made series
python -m benchmarks.logs.series --labelled FOLDER           FOLDER/*.csv with FOLDER/windows.json, as the Numenta anomaly
benchmark publishes them (Lavin and Ahmad 2015, doi:10.1109/ICMLA.2015.141)

A made series is found when a cause of its kind is named, within three hours of its onset where it has one. A labelled window is
found when a finding begins in it; every other finding is false.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.metrics import check
from diagnostics.checks.operations.metrics.series import read_metrics

START: Final = datetime(2026, 3, 2)
Values = NDArray[np.float64]


class Made(NamedTuple):
    """code: of the cause, "" for a healthy series. onset: hours after the beginning, None where none can be told."""

    name: str
    code: str
    minutes: int
    days: float
    values: Callable[[Values, np.random.Generator], Values]
    onset: float | None = None


def daily(hours: Values, low: float, high: float, peak: float = 15.0) -> Values:
    return np.asarray(low + (high - low) * (0.5 + 0.5 * np.cos(2 * np.pi * (hours - peak) / 24)))


def weekend(hours: Values, share: float) -> Values:
    return np.asarray(np.where(((hours // 24) % 7) >= 5, share, 1.0))


def wandering(hours: Values, rng: np.random.Generator, rho: float = 0.95) -> Values:
    steps = rng.normal(0, np.sqrt(1 - rho**2), hours.size)
    out = np.empty(hours.size)
    out[0] = steps[0]
    for i in range(1, hours.size):
        out[i] = rho * out[i - 1] + steps[i]
    return out


def late(hours: Values, share: float = 0.6) -> Values:
    return np.asarray((hours >= share * hours[-1]).astype("float64"))


HEALTHY: Final = (
    Made("memory_mb", "", 5, 1, lambda h, r: daily(h, 900, 1500) + r.normal(0, 12, h.size)),
    Made("memory_mb", "", 5, 0.4, lambda h, r: 900 + 60 * h + r.normal(0, 12, h.size)),
    Made("rss_bytes", "", 1, 2, lambda h, r: 1e9 * (1 + 0.8 * (1 - np.exp(-h / 3))) + r.normal(0, 5e6, h.size)),
    Made("heap_used_mb", "", 1, 2, lambda h, r: 400 + 300 * ((h * 2.3) % 1) + r.normal(0, 8, h.size)),
    Made("memory_mb", "", 10, 7, lambda h, r: 1200 + 40 * wandering(h, r, 0.99)),
    Made("memory_percent", "", 5, 3, lambda h, r: 62 + 4 * wandering(h, r)),
    Made("latency_ms", "", 5, 2, lambda h, r: daily(h, 40, 75) * r.lognormal(0, 0.1, h.size)),
    Made("p99_ms", "", 1, 1, lambda h, r: 120 * r.lognormal(0, 0.35, h.size)),
    Made("latency_ms", "", 60, 28, lambda h, r: daily(h, 40, 60) * weekend(h, 0.8) * r.lognormal(0, 0.08, h.size)),
    Made("errors", "", 5, 5, lambda h, r: r.poisson(daily(h, 0.05, 0.6)).astype(float)),
    Made("error_rate", "", 10, 7, lambda h, r: r.binomial(400, 0.01, h.size) / 400),
    Made("errors_per_minute", "", 1, 1, lambda h, r: r.poisson(0.2, h.size).astype(float)),
    Made("cpu_percent", "", 5, 3, lambda h, r: np.clip(daily(h, 15, 70) + r.normal(0, 6, h.size), 0, 100)),
    Made("cpu_percent", "", 1, 1, lambda h, r: np.clip(20 + 60 * (np.mod(h, 1) < 0.1) + r.normal(0, 5, h.size), 0, 100)),
    Made("gpu_utilization", "", 5, 4, lambda h, r: np.clip(daily(h, 5, 85) + r.normal(0, 9, h.size), 0, 100)),
    Made("requests_per_second", "", 10, 3, lambda h, r: daily(h, 20, 160) + r.normal(0, 5, h.size)),
    Made("queue_size", "", 1, 1, lambda h, r: r.poisson(daily(h, 1, 6)).astype(float)),
    Made("disk_used_percent", "", 60, 14, lambda h, r: 55 + 6 * ((h / 24) % 1) + r.normal(0, 0.4, h.size)),
    Made("http_requests_total", "", 5, 3, lambda h, r: np.cumsum(r.poisson(300 * daily(h, 0.3, 1.0))).astype(float)),
    Made("open_connections", "", 5, 2, lambda h, r: 40 + 3 * wandering(h, r)),
    Made("threads", "", 5, 3, lambda h, r: np.round(48 + r.poisson(2, h.size))),
    Made("memory_mb", "", 5, 3, lambda h, r: np.where(h > 30, 1400.0, 1100.0) + r.normal(0, 10, h.size)),
)
FAULTY: Final = (
    Made("memory_mb", "memory_leak", 5, 2, lambda h, r: 900 + 18 * h + r.normal(0, 15, h.size)),
    Made("rss_bytes", "memory_leak", 10, 6, lambda h, r: 1e9 + 6e6 * h + daily(h, 0, 8e7) + r.normal(0, 9e6, h.size)),
    Made("heap_used_mb", "memory_leak", 5, 3, lambda h, r: 300 + 25 * np.mod(h, 16) + r.normal(0, 8, h.size)),
    Made("memory_percent", "memory_leak", 5, 4, lambda h, r: 40 + 1.1 * np.maximum(0, h - 50) + r.normal(0, 1, h.size), 50),
    Made("open_files", "memory_leak", 5, 2, lambda h, r: np.round(200 + 15 * h + r.normal(0, 6, h.size))),
    Made("latency_ms", "latency_regression", 5, 2, lambda h, r: (50 + 60 * late(h)) * r.lognormal(0, 0.1, h.size), 0.6 * 48),
    Made(
        "p95_ms",
        "latency_regression",
        5,
        7,
        lambda h, r: daily(h, 40, 70) * (1 + late(h)) * r.lognormal(0, 0.1, h.size),
        0.6 * 168,
    ),
    Made(
        "p95_ms",
        "latency_regression",
        10,
        2,
        lambda h, r: daily(h, 40, 70) * (1 + 1.5 * late(h)) * r.lognormal(0, 0.1, h.size),
        0.6 * 48,
    ),
    Made("errors", "error_burst", 5, 3, lambda h, r: r.poisson(0.4 + 6 * late(h)).astype(float), 0.6 * 72),
    Made("error_rate", "error_burst", 10, 4, lambda h, r: r.binomial(400, 0.01 + 0.04 * late(h)) / 400, 0.6 * 96),
    Made("http_errors_total", "error_burst", 5, 3, lambda h, r: np.cumsum(r.poisson(2 + 20 * late(h))).astype(float), 0.6 * 72),
    Made(
        "cpu_percent",
        "resource_saturation",
        5,
        2,
        lambda h, r: np.clip(35 + 63 * late(h) + r.normal(0, 2, h.size), 0, 100),
        0.6 * 48,
    ),
    Made(
        "gpu_utilization",
        "resource_saturation",
        1,
        1,
        lambda h, r: np.clip(60 + 39.5 * late(h) + r.normal(0, 1, h.size), 0, 100),
        0.6 * 24,
    ),
    Made(
        "memory_percent",
        "resource_saturation",
        5,
        2,
        lambda h, r: np.clip(60 + 38 * late(h) + r.normal(0, 1, h.size), 0, 100),
        0.6 * 48,
    ),
)


def written(one: Made, rng: np.random.Generator) -> str:
    hours = np.arange(0, one.days * 24, one.minutes / 60)
    values = one.values(hours, rng)
    rows = [
        f"{START + timedelta(hours=float(h)):%Y-%m-%d %H:%M:%S},{v:.5g}"
        if abs(v) < 1e5
        else f"{START + timedelta(hours=float(h)):%Y-%m-%d %H:%M:%S},{v:.0f}"
        for h, v in zip(hours, values, strict=True)
    ]
    return "\n".join([f"time,{one.name}", *rows]) + "\n"


def made(seeds: int) -> None:
    accused: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "m.csv")
        for seed in range(seeds):
            for place, one in enumerate((*HEALTHY, *FAULTY)):
                file.write_text(written(one, np.random.default_rng([seed, place])))
                findings = check.judge(check.of(read_metrics((file,))))
                causes = [f for f in findings if str(f.severity) != "info" and f.rule.cause(f.of) is not None]
                title = f"{one.name} {one.minutes} min, {one.days} days"
                if not one.code:
                    accused.update({f"{title}: {f.rule.cause(f.of).code}" for f in causes})  # type: ignore[union-attr]
                    continue
                right = [f for f in causes if f.rule.cause(f.of).code == one.code]  # type: ignore[union-attr]
                at = None if one.onset is None else START + timedelta(hours=one.onset)
                dated = at is None or any(f.since and abs(f.since - at) <= timedelta(hours=3) for f in right)
                missed.update([f"{title}: {one.code}" + ("" if not right else ", other onset")] if not right or not dated else [])
    healthy, faulty = seeds * len(HEALTHY), seeds * len(FAULTY)
    print(f"accused falsely {sum(accused.values())} of {healthy}; found {faulty - sum(missed.values())} of {faulty}")
    for name, count in (accused + missed).most_common():
        print(f"  {count:3} {name}")


def labelled(folder: Path) -> None:
    windows = json.loads((folder / "windows.json").read_text())
    found = total = false = series = 0
    for file in sorted(folder.glob("*.csv")):
        spans = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in windows.get(file.name, [])]
        inside: set[int] = set()
        for finding in check.judge(check.of(read_metrics((file,)))):
            hit = [i for i, (a, b) in enumerate(spans) if finding.since is not None and a <= finding.since <= b]
            inside.update(hit)
            false += not hit
        series += 1
        total += len(spans)
        found += len(inside)
        print(f"{file.name:50} {len(inside)} of {len(spans)}")
    print(f"found {found / total:.2f} of {total} windows, {false / series:.2f} false a series")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--labelled", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if options.labelled:
        labelled(options.labelled)
    else:
        made(options.seeds)


if __name__ == "__main__":
    main()
