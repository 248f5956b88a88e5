"""One case: a fault (or a control) on a table, written as an incident folder, with what should be said about it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from benchmarks.incidents.inject import CONTROLS, INJECTORS, NEEDS
from benchmarks.incidents.tables import Source, load
from benchmarks.incidents.world import Fault, Unsuitable, World, world

TIERS: Final[dict[str, frozenset[str]]] = {
    "all": frozenset(),
    "no labels": frozenset({"labels"}),
    "no scores": frozenset({"scores"}),
    "no timestamps": frozenset({"times"}),
}
"""Name to what is taken away."""

SEVERITIES: Final = ("mild", "moderate", "severe")
BUSY: Final = np.array([2, 1, 1, 1, 1, 2, 5, 9, 14, 17, 18, 16, 12, 14, 16, 16, 15, 13, 11, 10, 8, 6, 4, 3], dtype=float)
TRIES: Final = 6
"""Settings that are tried until the table can carry the fault."""


@dataclass(frozen=True)
class Case:
    table: str
    code: str
    """A code of the contract, or the name of a control."""
    severity: int
    tier: str
    seed: int

    @property
    def control(self) -> bool:
        return self.code in CONTROLS

    @property
    def name(self) -> str:
        return f"{self.table}/{self.code}/{SEVERITIES[self.severity]}/{self.tier}/{self.seed}"


@dataclass(frozen=True)
class Truth:
    """columns: the columns at fault; accept: other answers that are as right. since: None where nobody can tell (no times).

    hurts: the loss of the rows after the onset is worse than without the fault, beyond chance; else the fault is latent.
    """

    style: str
    columns: tuple[str, ...]
    accept: tuple[tuple[str, ...], ...]
    since: pd.Timestamp | None
    hurts: bool
    rows: tuple[int, int]


def plan(sources: Sequence[Source], codes: Sequence[str], seeds: int, tiers: Sequence[str]) -> Iterator[Case]:
    """Every table, fault, severity and seed with all parts; the other tiers with the moderate severity only."""
    for seed in range(seeds):
        for source in sources:
            for code in codes:
                control = code in CONTROLS
                for tier in tiers:
                    if TIERS[tier] & NEEDS.get(code, frozenset()):
                        continue
                    for severity in (1,) if tier != "all" or (control and code != "benign_drift") else (0, 1, 2):
                        yield Case(source.name, code, severity, tier, seed)


def write(case: Case, source: Source, folder: Path) -> Truth:
    """Make the case in `folder`. Raises Unsuitable when the table cannot carry the fault."""
    for attempt in range(TRIES):
        # The same rows and fault in every tier, so that tiers differ in what is taken away alone.
        text = f"{case.table}|{case.code}|{case.severity}|{case.seed}|{attempt}"
        rng = np.random.default_rng(zlib.crc32(text.encode()))
        size, make = CONTROLS.get(case.code) or ("usual", INJECTORS[case.code])
        w = world(load(source), rng, case.severity, size=size)
        try:
            return write_fault(case, w, make(w), folder)
        except Unsuitable as reason:
            why = reason
    raise Unsuitable(f"{case.table} cannot carry {case.code}: {why}")


def write_fault(case: Case, w: World, fault: Fault, folder: Path) -> Truth:
    """The incident of one fault, with times, answers and roles."""
    target = w.target
    current = w.clean() if fault.current is None else fault.current
    reference = w.reference if fault.reference is None else fault.reference
    form = fault.form or w.form
    model = fault.model or w.model
    seen = current if fault.seen is None else fault.seen
    start = 0 if fault.whole or case.control else w.start if fault.start is None else fault.start
    answered = model.answer(seen.drop(columns=target), form, w.positive) if fault.answers is None else fault.answers
    logged = current.assign(prediction=answered)
    before = reference.assign(prediction=model.answer(reference.drop(columns=target), form, w.positive))
    hurts = _hurts(w, fault, before, logged, start, form)

    times = _times(w.rng, len(before), "2026-01-05", 70), _times(w.rng, len(logged), "2026-04-06", int(w.rng.integers(14, 40)))
    since = pd.Timestamp(times[1][start])
    before, logged = before.assign(seen_at=times[0]), logged.assign(seen_at=times[1])
    offset = fault.extra.get("offset")
    if offset is not None or w.rng.random() < 0.25:
        before, logged = (f.assign(created_at=f["seen_at"] - _lag(w.rng, len(f))) for f in (before, logged))
        if offset is not None:
            moved = logged["created_at"] + pd.Timedelta(hours=float(offset))
            logged["created_at"] = logged["created_at"].where(np.arange(len(logged)) < start, moved)
    stated: dict[str, Any] = {
        "title": case.table,
        "task": w.task,
        "target": target,
        "prediction": "prediction",
        "timestamp": "seen_at",
    }
    if w.positive:
        stated["positive"] = w.positive
    if w.rng.random() < 0.5:
        stated["id"] = "row_id"
        before, logged = (f.assign(row_id=first + np.arange(len(f))) for f, first in ((before, 10_000), (logged, 900_000)))
    if fault.repeat is not None:
        logged = logged.iloc[fault.repeat]
        since = pd.Timestamp(times[1][start])
    names = [str(n) for n in w.rng.permutation([str(n) for n in logged if n in before])]
    extra = [n for n in logged if n not in before]
    before = before[[n for n in names if n in before] + [n for n in before if n not in logged]]
    logged = logged[names + extra]
    before, logged, stated, known = _taken_away(case.tier, w.rng, before, logged, stated, target)
    if fault.extra.get("exchanged"):
        before, logged = logged, before
    folder.mkdir(parents=True, exist_ok=True)
    before.to_csv(folder / "reference.csv", index=False)
    logged.to_csv(folder / "current.csv", index=False)
    (folder / "incident.yaml").write_text(yaml.safe_dump(stated, allow_unicode=True), encoding="utf-8")
    sizes = (len(before), len(logged))
    return Truth(fault.style, fault.columns, fault.accept, since if known else None, hurts, sizes)


def _taken_away(
    tier: str, rng: np.random.Generator, before: pd.DataFrame, logged: pd.DataFrame, stated: dict[str, Any], target: str
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], bool]:
    """Without the parts that the tier lacks; the last entry tells whether the onset can still be known."""
    known = True
    if "labels" in TIERS[tier]:
        logged = logged.drop(columns=target)
    if "scores" in TIERS[tier]:
        before, logged = before.drop(columns="prediction"), logged.drop(columns="prediction")
        stated = {key: value for key, value in stated.items() if key != "prediction"}
    if "times" in TIERS[tier]:
        clocks = [n for n in ("seen_at", "created_at") if n in before]
        before, logged = before.drop(columns=clocks), logged.drop(columns=[n for n in clocks if n in logged])
        stated = {key: value for key, value in stated.items() if key != "timestamp"}
        logged = logged.iloc[rng.permutation(len(logged))]
        known = False
    return before, logged, stated, known


def _hurts(w: World, fault: Fault, before: pd.DataFrame, logged: pd.DataFrame, start: int, form: str) -> bool:
    """Mean loss of the affected rows worse by more than two standard errors and by 3%: than that of the same rows without the
    fault where the fault left the rows in place (the sharper comparison), else than that of the reference.
    """
    right = _loss(w, logged.iloc[start:], w.target, form)
    clean = w.clean()
    if fault.model is None and _same_rows(clean, logged):
        clean = clean.assign(prediction=w.model.answer(clean.drop(columns=w.target), form, w.positive))
        left = _loss(w, clean.iloc[start:], w.target, form)
        wobble = float(np.std(right - left) / np.sqrt(max(1, right.size)))
    else:
        left = _loss(w, before, w.target, form)
        wobble = float(np.sqrt(left.var() / left.size + right.var() / max(1, right.size)))
    return bool(right.mean() > 1.03 * left.mean() + 1e-9 and right.mean() - left.mean() > 2 * wobble)


def _same_rows(clean: pd.DataFrame, logged: pd.DataFrame) -> bool:
    """Most columns hold the very same values: the fault changed some values and drew no other rows."""
    names = [n for n in clean if n in logged]
    return len(clean) == len(logged) and sum(clean[n].equals(logged[n]) for n in names) > len(names) / 2


def _loss(w: World, frame: pd.DataFrame, target: str, form: str) -> np.ndarray:
    if form == "value":
        return np.asarray(np.abs(frame["prediction"].to_numpy("float64") - frame[target].to_numpy("float64")))
    if form == "score":
        return (frame["prediction"].to_numpy("float64") - (frame[target] == w.positive).to_numpy("float64")) ** 2
    return np.asarray(frame["prediction"].astype(str) != frame[target].astype(str), dtype="float64")


def _times(rng: np.random.Generator, rows: int, first: str, days: int) -> np.ndarray:
    """Ascending times with a daily rhythm, shape (rows,), datetime64[s]."""
    second = rng.integers(0, days, rows) * 86400 + rng.choice(24, rows, p=BUSY / BUSY.sum()) * 3600 + rng.integers(0, 3600, rows)
    return np.datetime64(first, "s") + np.sort(second).astype("timedelta64[s]")


def _lag(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.integers(5, 900, rows).astype("timedelta64[s]")
