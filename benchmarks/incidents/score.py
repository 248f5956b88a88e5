"""What the results amount to: hits, false alarms, columns, onset, calibration, seconds; per table, per tier, per fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

ALARM_AT: Final = 0.5
"""A cause above this confidence on a control is a false alarm (the contract's measure)."""

NOTHING: Final = "(none)"


@dataclass(frozen=True)
class Result:
    """causes: code and confidence as ranked. f1: of the first cause's columns, NaN where its code is wrong.

    days: between the first cause's onset and the true one, NaN where its code is wrong, or none was given or can be known.
    """

    table: str
    code: str
    control: bool
    severity: str
    tier: str
    seed: int
    style: str
    hurts: bool
    causes: tuple[tuple[str, float], ...]
    f1: float
    days: float
    timed: bool
    seconds: float
    failed: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        return self.causes[0][0] if self.causes else NOTHING

    @property
    def top1(self) -> bool:
        return self.first == self.code

    @property
    def top3(self) -> bool:
        return self.code in [code for code, _ in self.causes[:3]]

    @property
    def alarm(self) -> bool:
        return any(confidence > ALARM_AT for _, confidence in self.causes)


def columns_f1(found: Sequence[str], right: Sequence[Sequence[str]]) -> float:
    """The best F1 over all answers that count as right, between 0 and 1; two empty lists agree."""
    return max(_f1(set(found), set(answer)) for answer in right)


def _f1(found: set[str], right: set[str]) -> float:
    if not found and not right:
        return 1.0
    return 2 * len(found & right) / (len(found) + len(right))


def calibration_error(results: Sequence[Result], bins: int = 10) -> float:
    """Expected calibration error of all causes given (Naeini et al. 2015): mean gap of confidence and hit rate over ten bins."""
    pairs = [(confidence, code == r.code) for r in results for code, confidence in r.causes]
    if not pairs:
        return float("nan")
    confidence, hit = np.array([c for c, _ in pairs]), np.array([h for _, h in pairs], dtype=float)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].mean() - hit[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(sum(gaps))


COLUMNS: Final = (("cases", 6), ("top-1", 7), ("top-3", 7), ("hurts", 7), ("cols F1", 9), ("onset", 7), ("controls", 10))
HEAD: Final = " " * 24 + "".join(f"{name:>{width}}" for name, width in (*COLUMNS, ("alarms", 8), ("ECE", 7), ("sec", 7)))


def line(name: str, results: Sequence[Result]) -> str:
    """top-1 and top-3 over the faults, "hurts": top-1 over those that hurt; F1 and onset where the first cause is right."""
    faults = [r for r in results if not r.control]
    controls = [r for r in results if r.control]
    hits = [r for r in faults if r.top1]
    cells = [
        f"{len(faults):6}",
        _share([r.top1 for r in faults], 7),
        _share([r.top3 for r in faults], 7),
        _share([r.top1 for r in faults if r.hurts], 7),
        _mean([r.f1 for r in hits], 9, "{:.2f}"),
        _share([r.days <= 1.0 for r in hits if r.timed], 7),
        f"{len(controls):10}",
        _share([r.alarm for r in controls], 8),
        _mean([calibration_error(results)], 7, "{:.2f}"),
        _mean([r.seconds for r in results], 7, "{:.2f}"),
    ]
    return f"{name:24}" + "".join(cells)


def report(results: Sequence[Result]) -> str:
    parts = [HEAD, line("all", results), ""]
    groups: list[tuple[str, Callable[[Result], str]]] = [
        ("per table", lambda r: r.table),
        ("per tier", lambda r: r.tier),
        ("per severity", lambda r: r.severity),
        ("per fault or control", lambda r: r.code),
    ]
    for title, key in groups:
        parts.append(f"-- {title}")
        for name in dict.fromkeys(sorted(key(r) for r in results)):
            parts.append(line(name, [r for r in results if key(r) == name]))
        parts.append("")
    failed = Counter(check for r in results for check in r.failed)
    if failed:
        parts.append("-- checks that failed: " + ", ".join(f"{name} ({count})" for name, count in failed.most_common()))
    return "\n".join(parts)


def confusion(results: Sequence[Result]) -> str:
    """True code: what was named first, most often first."""
    parts = ["-- confusion: truth, then what came first"]
    for code in sorted({r.code for r in results}):
        counted = Counter(r.first for r in results if r.code == code)
        named = ", ".join(f"{name} {count}" for name, count in counted.most_common(6))
        parts.append(f"{code:24}{named}")
    return "\n".join(parts)


def _share(values: Sequence[bool], width: int) -> str:
    return f"{np.mean(values):{width}.0%}" if values else " " * (width - 1) + "-"


def _mean(values: Sequence[float], width: int, form: str) -> str:
    known = [v for v in values if np.isfinite(v)]
    return f"{form.format(np.mean(known)):>{width}}" if known else " " * (width - 1) + "-"
