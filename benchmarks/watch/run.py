"""How often is a healthy watch alarmed, and how late is a faulty one? `python -m benchmarks.watch.run`"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.watch.series import predicted, rows_of
from diagnostics.nouns.incident import Roles
from diagnostics.nouns.table import Kind
from diagnostics.watch.clock import Every, floor
from diagnostics.watch.course import Course, course
from diagnostics.watch.expected import Expected, fit
from diagnostics.watch.summary import Baseline, Summary, baseline, summarise

ROLES: Final = Roles(target="label", prediction="score", timestamp="when", id="id", positive="1")
Batches = list[tuple[datetime, pd.DataFrame]]


def kinds_of(frame: pd.DataFrame) -> dict[str, Kind]:
    return {
        str(name): Kind.TIME
        if frame[name].dtype.kind == "M"
        else Kind.NUMBER
        if frame[name].dtype.kind in "if"
        else Kind.CATEGORY
        for name in frame
    }


def cut(frame: pd.DataFrame, every: Every) -> Batches:
    begins = frame["when"].map(lambda when: floor(when.to_pydatetime(), every))
    return [(begin + every.length / 2, part) for begin, part in frame.groupby(begins)]


def wrong(frame: pd.DataFrame) -> np.ndarray:
    return ((frame["score"] >= 0.5) != (frame["label"] == 1)).to_numpy("float64")


def learnt(frame: pd.DataFrame, every: Every) -> tuple[Baseline, Expected]:
    base = baseline(frame, kinds_of(frame), ROLES, wrong(frame))
    parts = cut(frame, every)
    return base, fit(base, [summarise(part, base, wrong(part)) for _, part in parts], [when for when, _ in parts])


def watched(base: Baseline, expected: Expected, batches: Batches) -> Course:
    found: list[Summary | None] = [summarise(part, base, wrong(part)) for _, part in batches]
    return course(base, expected, found, [when for when, _ in batches], run_length=1_000, calm=2)


def ramp(batches: Batches, at: int) -> None:
    for place in range(at, len(batches)):
        part = batches[place][1]
        batches[place] = batches[place][0], part.assign(age=part["age"] + 2 * 18 * min(1, (place - at + 1) / 10))


def unit(batches: Batches, at: int) -> None:
    part = batches[at][1].assign(amount=lambda rows: rows["amount"] * 100)
    batches[at] = batches[at][0], part.assign(score=predicted(part))


def accuracy(batches: Batches, at: int) -> None:
    """Three points of accuracy: labels turned round in rows that had been right."""
    rng = np.random.default_rng(at)
    for place in range(at, len(batches)):
        when, part = batches[place]
        right = wrong(part) == 0
        turned = right & (rng.random(len(part)) < 0.03 / right.mean())
        batches[place] = when, part.assign(label=np.where(turned, 1 - part["label"], part["label"]))


FAULTS: Final[dict[str, Callable[[Batches, int], None]]] = {"ramp": ramp, "unit": unit, "accuracy": accuracy}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--batches", type=int, default=1_000)
    options = parser.parse_args()
    for every, history, per_day, columns in (
        (Every.DAY, 60, 400, 8),
        (Every.DAY, 28, 400, 30),
        (Every.HOUR, 28, 2_400, 8),
        (Every.WEEK, 140, 60, 8),
    ):
        alarms: list[int] = []
        delays: dict[str, list[int | None]] = {name: [] for name in FAULTS}
        for seed in range(options.seeds):
            rng = np.random.default_rng([seed, history])
            base, expected = learnt(rows_of(rng, "2025-01-06", history, per_day, columns=columns), every)
            days = max(1, round(options.batches * every.length.total_seconds() / 86_400))
            batches = cut(rows_of(rng, "2025-09-01", days, per_day, columns=columns), every)
            alarms.append(len(watched(base, expected, batches).detected.alarms))
            for name, fault in FAULTS.items():
                for at in range(40, min(len(batches) - 40, 400), 60):
                    broken = list(batches[max(0, at - 30) : at + 40])
                    fault(broken, 30)
                    found = [a for a in watched(base, expected, broken).detected.alarms if a.at >= 30]
                    delays[name].append(found[0].at - 30 if found else None)
        print(f"{every}, reference {history} days, {per_day} rows a day, {columns} columns, waves {len(expected.waves)}")
        print(f"  false alarms in {len(batches)} healthy batches: {alarms}")
        for name, late in delays.items():
            known = [one for one in late if one is not None]
            middle = np.median(known) if known else "-"
            print(f"  {name}: found {len(known)}/{len(late)}, delay median {middle}, most {max(known, default=0)}")


if __name__ == "__main__":
    main()
