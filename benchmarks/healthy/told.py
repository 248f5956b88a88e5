"""What became of the healthy pairs: how many were accused, of what, and by which rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

ACCUSED_AT: Final = 0.5
SURE_AT: Final = 0.8
STANDING: Final = frozenset({"underfitting", "class_imbalance"})
"""Claims about the model that may be true of a healthy pair, on both sides alike: counted as false, and told apart."""
STEPS: Final = range(1, 8)
SIZES: Final = ((0, 200), (200, 600), (600, 2_000), (2_000, 6_000), (6_000, 10**9))
"""Bounds of the rows of the smaller side, for the table by size."""


@dataclass(frozen=True)
class Named:
    """A cause of the board. supports: codes of the rules that speak for it."""

    code: str
    confidence: float
    columns: tuple[str, ...]
    supports: tuple[str, ...]
    explains: float | None


@dataclass(frozen=True)
class Found:
    """A finding of severity warning or critical."""

    step: int
    code: str
    severity: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """way: what the sides were shared out by. rows: of reference and current. problems: the steps with the status "problem"."""

    name: str
    table: str
    kind: str
    tier: str
    seed: int
    split: str
    way: str
    rows: tuple[int, int]
    fitted: str
    model: str
    form: str
    calendar: bool
    causes: tuple[Named, ...]
    problems: tuple[int, ...]
    findings: tuple[Found, ...]
    failed: tuple[str, ...]
    seconds: float

    def accused(self, at: float = ACCUSED_AT) -> bool:
        return any(cause.confidence > at for cause in self.causes)


def kept(line: str) -> Result:
    """The result that a line of `--out` holds."""
    return msgspec.json.decode(line, type=Result)


def size(result: Result) -> str:
    smaller = min(result.rows)
    low, high = next((low, high) for low, high in SIZES if low <= smaller < high)
    return f"{low:,} rows and more" if high == SIZES[-1][1] else f"{low:,} to {high - 1:,} rows"


HEAD: Final = f"{'':28}{'pairs':>6}{'>0.5':>7}{'>0.8':>7}{'step':>7}" + "".join(f"{step:>6}" for step in STEPS) + f"{'sec':>7}"


def line(name: str, results: Sequence[Result]) -> str:
    """Shares accused above 0.5 and above 0.8, with any step a problem, with each step a problem; mean seconds."""
    shares = [
        _share([r.accused() for r in results], 7),
        _share([r.accused(SURE_AT) for r in results], 7),
        _share([bool(r.problems) for r in results], 7),
        *(_share([step in r.problems for r in results], 6) for step in STEPS),
    ]
    return f"{name:28}{len(results):6}{''.join(shares)}{np.mean([r.seconds for r in results]):7.1f}"


def report(results: Sequence[Result]) -> str:
    groups: list[tuple[str, Callable[[Result], str]]] = [
        ("per tier", lambda r: r.tier),
        ("per size of the smaller side", size),
        ("per split", lambda r: r.split),
        ("per kind of table", lambda r: r.kind),
        ("per form of the prediction", lambda r: r.form),
        ("per fit of the model", lambda r: f"{r.model}, {r.fitted}"),
        ("way and columns of the calendar", lambda r: f"{r.way}, calendar" if r.calendar else r.way),
        ("per table", lambda r: r.table),
    ]
    parts = [HEAD, line("all", results), _reach(results), ""]
    for title, key in groups:
        split = defaultdict(list)
        for result in results:
            split[key(result)].append(result)
        parts.append(f"-- {title}")
        order = sorted(split, key=lambda name: min(split[name][0].rows)) if key is size else sorted(split)
        parts += [*(line(name, split[name]) for name in order), ""]
    failed = Counter(check for r in results for check in r.failed)
    if failed:
        parts.append("-- checks that failed: " + ", ".join(f"{name} ({count})" for name, count in failed.most_common()))
    return "\n".join(parts)


def _reach(results: Sequence[Result]) -> str:
    from scipy.stats import binomtest

    accused = sum(r.accused() for r in results)
    # Pairs of one table and seed share their rows, so this is a lower bound of the doubt.
    interval = binomtest(accused, len(results)).proportion_ci(method="wilson")
    weak = sum(all(c.code in STANDING for c in r.causes if c.confidence > ACCUSED_AT) for r in results if r.accused())
    seeds = {(r.table, r.seed) for r in results}
    hit = {(r.table, r.seed) for r in results if r.accused()}
    return (
        f"accused: {accused} of {len(results)} pairs, 95% interval {interval.low:.1%} to {interval.high:.1%}; "
        f"{weak} of them only of a weak model, which may be true\n"
        f"accused in some tier: {len(hit)} of {len(seeds)} shares of rows, of {len({t for t, _ in hit})} of "
        f"{len({t for t, _ in seeds})} tables"
    )


def accusations(results: Sequence[Result]) -> str:
    """Each cause named above 0.5 and each rule of a step with a problem: in how many pairs and tables, how sure."""
    parts = ["-- causes above 0.5: pairs, tables, median confidence, above 0.8; the rules that speak for it"]
    causes = [(r, c) for r in results for c in r.causes if c.confidence > ACCUSED_AT]
    for code, count in Counter(c.code for _, c in causes).most_common():
        mine = [(r, c) for r, c in causes if c.code == code]
        pairs, tables = len({r.name for r, _ in mine}), Counter(r.table for r, _ in mine)
        sure = sum(c.confidence > SURE_AT for _, c in mine)
        rules = Counter(rule for _, c in mine for rule in c.supports)
        parts.append(
            f"{code:22}{pairs:5}{len(tables):4}{np.median([c.confidence for _, c in mine]):6.2f}{sure:4}   "
            f"{_counted(rules)} | {_counted(tables)}" + (f" ({count} causes)" if count > pairs else "")
        )
    parts += ["", "-- rules of warnings and worse: step, pairs, tables, of these pairs accused of something above 0.5"]
    rules_seen = {(f.step, f.code) for r in results for f in r.findings}
    rows = []
    for step, code in rules_seen:
        here = [r for r in results if any(f.step == step and f.code == code for f in r.findings)]
        among = Counter(r.table for r in here)
        rows.append((len(here), step, code, len(among), sum(r.accused() for r in here), _counted(among)))
    for pairs, step, code, count, accused, where in sorted(rows, reverse=True):
        parts.append(f"{step}  {code:28}{pairs:5}{count:4}{accused:5}   {where}")
    return "\n".join(parts)


def _counted(counter: Counter[str], most: int = 6) -> str:
    told = ", ".join(f"{name} {count}" for name, count in counter.most_common(most))
    return told + (", …" if len(counter) > most else "")


def _share(values: Sequence[bool], width: int) -> str:
    return f"{np.mean(values):{width}.1%}" if values else " " * (width - 1) + "-"
