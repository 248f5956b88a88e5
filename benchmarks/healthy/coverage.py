"""How often the intervals that pages show hold the truth: ``python benchmarks/healthy/coverage.py --draws 1000``

Draws tables of a population whose metrics are known, measures each as step 1 does, and counts how often the 95% interval holds
the population's metric: 93% to 97% is asked. Errors are normal, of heavy tails (Student's t with 3 degrees of freedom, lognormal)
or mostly zero; classes are balanced or rare, scores calibrated or too extreme, and there are two classes or three.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

ASKED: Final = (0.93, 0.97)
LARGE: Final = 2_000_000
"""Rows of the draw that stands for the population where no formula is at hand: its own error is far below any interval's."""

Drawn = tuple[np.ndarray, np.ndarray]
"""Truths and predictions, shapes (n,)."""


@dataclass(frozen=True)
class Setting:
    """draw: of so many rows. known: metrics of the population; what is not in it is taken of a draw of `LARGE` rows.

    form: "value", "score" or "label". positive: of two classes the one that counts, None for the mean over classes.
    """

    name: str
    form: str
    draw: Callable[[np.random.Generator, int], Drawn]
    rows: tuple[int, ...]
    known: Mapping[str, float]
    classes: tuple[str, ...] = ()
    positive: str | None = None


@dataclass(frozen=True)
class Coverage:
    """held: share of the draws whose interval holds the truth; low: whose interval lies below it; high: above it.

    without: share of the draws for which there was no number. width: median, of finite intervals.
    """

    setting: str
    rows: int
    metric: str
    truth: float
    held: float
    low: float
    high: float
    without: float
    width: float
    draws: int

    @property
    def as_asked(self) -> bool:
        # Two standard errors of the share, so that a right interval is hardly ever blamed for the few draws.
        doubt = 2 * math.sqrt(0.95 * 0.05 / self.draws)
        return ASKED[0] - doubt <= self.held <= ASKED[1] + doubt


def _values(name: str, error: Callable[[np.random.Generator, int], np.ndarray], **known: float) -> Setting:
    return Setting(name, "value", lambda rng, rows: (np.zeros(rows), error(rng, rows)), (50, 200, 1_000, 5_000), known)


def _scores(name: str, rows: tuple[int, ...], base: float, extreme: float = 1.0) -> Setting:
    """Log odds normal around `base` with a spread of 1.5; the score's are `extreme` times the true ones."""

    def draw(rng: np.random.Generator, count: int) -> Drawn:
        odds = base + 1.5 * rng.standard_normal(count)
        truth = np.where(rng.random(count) < _share(odds), "yes", "no").astype(object)
        return truth, _share(extreme * odds)

    # The slope of the truth on the log odds of a score that is too extreme by a factor is one over that factor.
    return Setting(name, "score", draw, rows, {"slope": 1 / extreme}, ("no", "yes"), "yes")


def _labels(name: str, rows: tuple[int, ...], shares: Sequence[float], right: Sequence[float], positive: str | None) -> Setting:
    """Classes by `shares`; a row of a class is told right by its `right`, else it is given to a random class."""
    names = np.array([f"class {place}" for place in range(len(shares))], dtype=object)

    def draw(rng: np.random.Generator, count: int) -> Drawn:
        truth = rng.choice(len(shares), count, p=shares)
        other = rng.choice(len(shares), count, p=shares)
        told = np.where(rng.random(count) < np.asarray(right)[truth], truth, other)
        return names[truth], names[told]

    return Setting(name, "label", draw, rows, {}, tuple(names), positive)


def _share(odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _mostly_zero(rng: np.random.Generator, rows: int) -> np.ndarray:
    return np.where(rng.random(rows) < 0.05, rng.exponential(10, rows), 0.0)


SETTINGS: Final = (
    _values("normal", lambda rng, n: rng.standard_normal(n), mae=math.sqrt(2 / math.pi), rmse=1.0, bias=0.0),
    _values("t3", lambda rng, n: rng.standard_t(3, n), mae=2 * math.sqrt(3) / math.pi, rmse=math.sqrt(3), bias=0.0),
    _values("lognormal", lambda rng, n: rng.lognormal(0, 1, n), mae=math.exp(0.5), rmse=math.e, bias=math.exp(0.5)),
    _values(
        "lognormal 1.5", lambda rng, n: rng.lognormal(0, 1.5, n), mae=math.exp(1.125), rmse=math.exp(2.25), bias=math.exp(1.125)
    ),
    _values("5% exponential", _mostly_zero, mae=0.5, rmse=math.sqrt(10), bias=0.5),
    _scores("half positive", (50, 200, 1_000, 5_000), 0.0),
    _scores("12% positive", (50, 200, 1_000, 5_000), -2.7),
    _scores("2% positive", (200, 1_000, 5_000), -5.0),
    _scores("too extreme", (200, 1_000, 5_000), -1.0, 2.0),
    _labels("two classes, 30%", (50, 200, 1_000), (0.7, 0.3), (0.8, 0.6), "class 1"),
    _labels("two classes, 3%", (100, 300, 1_000, 5_000), (0.97, 0.03), (0.98, 0.4), "class 1"),
    _labels("three classes", (50, 200, 1_000), (0.4, 0.35, 0.25), (0.7, 0.6, 0.5), None),
    _labels("three classes, one 3%", (100, 300, 1_000, 5_000), (0.6, 0.37, 0.03), (0.8, 0.7, 0.4), None),
    _labels("nearly all right", (50, 200, 1_000), (0.6, 0.4), (0.995, 0.995), "class 1"),
)


def cover(setting: Setting, rows: int, draws: int, truth: Mapping[str, float], rng: np.random.Generator) -> list[Coverage]:
    """One line for each metric that has an interval."""
    seen: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(draws):
        for metric, interval in measured(setting, setting.draw(rng, rows), rng).items():
            seen.setdefault(metric, []).append(interval)
    found = []
    for metric, intervals in seen.items():
        value, low, high = np.array(intervals).T
        if not np.isfinite(low).any():
            continue  # shown without an interval
        there, right = np.isfinite(value), truth[metric]
        if not there.any():
            continue
        low, high = low[there], high[there]
        width = (high - low)[np.isfinite(high - low)]
        # A hair of rounding must not decide about a bound that is exactly 0 or 1.
        below, above = high < right - 1e-12, low > right + 1e-12
        shares = float(np.mean(~below & ~above)), float(below.mean()), float(above.mean())
        middle = float(np.median(width)) if width.size else math.inf
        found.append(
            Coverage(
                setting.name, rows, metric, right, *shares, float(1 - len(intervals) / draws + np.mean(~there)), middle, draws
            )
        )
    return found


def population(setting: Setting, rng: np.random.Generator) -> dict[str, float]:
    """The true metrics."""
    if setting.form == "value":
        return dict(setting.known)
    large = measured(setting, setting.draw(rng, LARGE), rng)
    return {name: value for name, (value, _, _) in large.items()} | dict(setting.known)


def measured(setting: Setting, drawn: Drawn, rng: np.random.Generator) -> dict[str, tuple[float, float, float]]:
    """What step 1 shows for these rows: each metric's value and the two ends of its interval."""
    from diagnostics.measure.metrics import measure
    from diagnostics.measure.outcome import Outcome
    from diagnostics.nouns.incident import Answer, Sides, Task

    truth, told = drawn
    task = Task.REGRESSION if setting.form == "value" else Task.CLASSIFICATION
    known = Outcome(task, Answer(setting.form), setting.classes, setting.positive, Sides(None, truth), Sides(None, told))
    result = measure(known, "current", rng)
    if result is None:
        return {}
    return {name: (float(i.value), float(i.low), float(i.high)) for name, i in result.metrics.items()}


HEAD: Final = f"{'':24}{'rows':>7}  {'metric':12}{'truth':>9}{'held':>8}{'below':>8}{'above':>8}{'none':>7}{'width':>10}"


def line(c: Coverage) -> str:
    return (
        f"{c.setting:24}{c.rows:7,}  {c.metric:12}{c.truth:9.4f}{c.held:8.1%}{c.low:8.1%}{c.high:8.1%}{c.without:7.0%}"
        f"{c.width:10.4f}" + ("" if c.as_asked else "  <-- outside 93% to 97%")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="How often do the intervals hold the truth?")
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--only", nargs="*", metavar="SETTING", help=f"of {', '.join(s.name for s in SETTINGS)}")
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl", help="one JSON line per setting, rows and metric")
    options = parser.parse_args()
    unknown = sorted(set(options.only or ()) - {s.name for s in SETTINGS})
    if unknown:
        print(f"no setting {unknown[0]}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    found = []
    print(HEAD)
    for setting in SETTINGS:
        if options.only and setting.name not in options.only:
            continue
        rng = np.random.default_rng(23)
        truth = population(setting, rng)
        for rows in setting.rows:
            new = cover(setting, rows, options.draws, truth, rng)
            print("\n".join(map(line, new)), flush=True)
            found += new
    print(f"\n{'metric':14}{'settings':>9}{'as asked':>9}{'worst':>8}")
    for metric in dict.fromkeys(c.metric for c in found):
        mine = [c for c in found if c.metric == metric]
        worst = min(mine, key=lambda c: c.held)
        print(f"{metric:14}{len(mine):9}{sum(c.as_asked for c in mine):9}{worst.held:8.1%}  {worst.setting}, {worst.rows:,} rows")
    print(f"{time.perf_counter() - began:.0f} seconds, {options.draws} draws each; below: the interval lies below the truth")
    if options.out:
        options.out.write_text("".join(json.dumps(asdict(c)) + "\n" for c in found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
