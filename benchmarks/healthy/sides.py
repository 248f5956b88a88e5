"""One healthy pair: rows of one table shared out at random, with a model that knows neither side better than the other.

Rows are shared out one by one, whole groups at a time where several rows are one customer's, or whole weeks (or four weeks) at a
time where rows follow one another; or, with every second seed, one by one all the same. Which side a row, group or week is on
was drawn at random, so no difference has a cause.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from benchmarks.healthy.sources import Loaded, Source, load
from benchmarks.incidents.cases import BUSY, TIERS
from benchmarks.incidents.served import KINDS, Served

SIZES: Final = (100, 300, 1_000, 3_000, 10_000, 20_000)
"""Rows of the current table."""
SPLITS: Final = {"equal": 1.0, "larger reference": 3.0, "larger current": 0.5}
"""Rows of the reference for one row of current."""
FOLDS: Final = 5
TRAINED: Final = 6_000
"""Rows that a model is trained on, at most."""
FEWEST_TRAINED: Final = 200
FEWEST_UNITS: Final = {"rows": 100, "scattered": 100, "groups": 10, "weeks": 4}
"""Rows, groups or weeks of the smaller side, at least: one week differs from another, and three customers from three others."""
REFERENCE, CURRENT, TRAIN, UNUSED = range(4)
CALENDAR: Final = 0.25
"""Share of the pairs with times that have columns which only tell the time: month, week, running number."""


@dataclass(frozen=True)
class Case:
    """rows: wanted in current. scattered: rows of one customer, or of one week, go to both sides.

    consecutive: current is the later part of the table, so that a difference may be real.
    """

    table: str
    split: str
    rows: int
    tier: str
    seed: int
    scattered: bool = False
    consecutive: bool = False

    @property
    def name(self) -> str:
        how = "/consecutive" if self.consecutive else "/scattered" if self.scattered else ""
        return f"{self.table}/{self.split}/{self.rows}/{self.tier}/{self.seed}{how}"


@dataclass(frozen=True)
class Shared:
    """Row numbers of the table. train: rows of neither side, empty where the model is cross-fitted on the reference.

    unit: for every row of the table, the number of what was shared out as a whole, shape (n,); None for single rows.
    """

    train: np.ndarray
    reference: np.ndarray
    current: np.ndarray
    unit: np.ndarray | None = None


@dataclass(frozen=True)
class Made:
    """What a pair turned out to be. way: "rows", "groups" or "weeks", "scattered" or "consecutive"."""

    way: str
    rows: tuple[int, int]
    fitted: str
    model: str
    form: str
    calendar: bool


def plan(sources: Sequence[Source], seeds: int, tiers: Sequence[str], *, consecutive: bool = False) -> Iterator[Case]:
    """Each table, seed and tier. Size and split change from seed to seed, so that a few seeds see all that the table allows; with
    every second seed customers and weeks are scattered over both sides.
    """
    for seed in range(seeds):
        for source in sources:
            if consecutive and not source.clock:
                continue
            scattered = seed % 2 == 1 and not consecutive and bool(source.group or source.clock)
            choices = _choices(load(source), scattered)
            # The order of the sizes is the table's, the split the seed's.
            sizes = np.random.default_rng(zlib.crc32(source.name.encode())).permutation(sorted({rows for rows, _ in choices}))
            rows = int(sizes[seed % sizes.size])
            rng = np.random.default_rng(zlib.crc32(f"{source.name}|{seed}".encode()))
            split = str(rng.choice([name for size, name in choices if size == rows]))
            for tier in tiers:
                # Without times nobody could know that rows of one week are alike: the weeks of the two sides do differ.
                if scattered or not (source.clock and tier == "no timestamps"):
                    yield Case(source.name, split, rows, tier, seed, scattered, consecutive)


def _choices(table: Loaded, scattered: bool) -> list[tuple[int, str]]:
    """Rows of current and split that the table has rows and weeks or groups enough for; half of it where it is too small."""
    unit, way = _units(table, scattered)
    each = len(unit) / (unit.max() + 1)
    choices = [
        (rows, split)
        for split, times in SPLITS.items()
        for rows in SIZES
        if rows * (1 + times) <= len(unit) and rows * min(1.0, times) >= FEWEST_UNITS[way] * each
    ]
    return choices or [(len(unit) // 2, "equal")]


def share_out(case: Case, table: Loaded, rng: np.random.Generator) -> tuple[Shared, str]:
    """The row numbers of both sides and of the training rows, and by what they were shared out."""
    unit, way = _units(table, case.scattered)
    each = len(unit) / (unit.max() + 1)
    wanted = [max(1, round(rows / each)) for rows in (case.rows * SPLITS[case.split], case.rows)]
    spare = len(unit) - int(sum(wanted) * each)
    trained = spare >= FEWEST_TRAINED and (case.consecutive or rng.random() < 0.7)
    if case.consecutive:
        # The model came first, then the reference, then current, and nothing after it.
        count = int(unit.max()) + 1
        side = np.full(count, TRAIN)
        side[-sum(wanted) : -wanted[1]], side[-wanted[1] :] = REFERENCE, CURRENT
        way = "consecutive"
    elif way == "weeks":
        side = _alternated(int(unit.max()) + 1, wanted, trained, rng)
    else:
        side = np.full(int(unit.max()) + 1, TRAIN)
        order = rng.permutation(side.size)
        side[order[: wanted[0]]], side[order[wanted[0] : sum(wanted)]] = REFERENCE, CURRENT
    reference, current, rest = (np.flatnonzero(side[unit] == which) for which in (REFERENCE, CURRENT, TRAIN))
    rest = rest[-TRAINED:] if case.consecutive else rng.permutation(rest)[:TRAINED]
    return Shared(rest if trained and rest.size >= FEWEST_TRAINED else rest[:0], reference, current, unit), way


def _alternated(count: int, wanted: Sequence[int], trained: bool, rng: np.random.Generator) -> np.ndarray:
    """The side of each week, shape (count,). In a stretch of the table, weeks next to one another go to the two sides (and to
    training) by chance in the right proportion, or one side would have the winter and the other the summer, which is a cause.
    """
    smaller = min(wanted)
    pattern = [REFERENCE] * max(1, round(wanted[0] / smaller)) + [CURRENT] * max(1, round(wanted[1] / smaller))
    if trained and count >= (len(pattern) + 1) * smaller:
        pattern.append(TRAIN)
    rounds = max(1, min(smaller, count // len(pattern)))
    first = int(rng.integers(count - rounds * len(pattern) + 1))
    side = np.full(count, UNUSED)
    side[first : first + rounds * len(pattern)] = np.concatenate([rng.permutation(pattern) for _ in range(rounds)])
    return side


def _units(table: Loaded, scattered: bool = False) -> tuple[np.ndarray, str]:
    """The number of the group, the week or the row that each row belongs to, shape (n,), and which of these it is."""
    if scattered:
        return np.arange(len(table.frame)), "scattered"
    if table.when is not None:
        days = (table.when - table.when.min()).astype("timedelta64[D]").astype("int64")
        return pd.factorize(days // table.source.block, sort=True)[0], "weeks"
    if table.source.group:
        return pd.factorize(table.frame[table.source.group])[0], "groups"
    return np.arange(len(table.frame)), "rows"


def write(case: Case, source: Source, folder: Path) -> Made:
    """Make the pair in `folder`, as an incident folder."""
    table = load(source)
    # The same rows and model in every tier, so that tiers differ in what is taken away alone.
    text = f"{case.table}|{case.split}|{case.rows}|{case.seed}|{case.scattered}|{case.consecutive}"
    rng = np.random.default_rng(zlib.crc32(text.encode()))
    shared, way = share_out(case, table, rng)
    kind = KINDS[int(rng.integers(2))]
    labelled = "score" if source.positive and rng.random() < 0.65 else "label"
    form = "value" if source.task == "regression" else labelled
    before, now = predicted(table, shared, kind, form, rng)
    calendar = bool(rng.random() < CALENDAR)
    before, now, stated = _dressed(table, shared, before, now, rng, calendar=calendar, keep_times=way == "consecutive")
    stated |= {"title": source.name, "task": source.task, "target": source.target, "prediction": "prediction"}
    if source.positive:
        stated["positive"] = source.positive
    before, now, stated = _taken_away(case.tier, rng, before, now, stated, source.target)
    folder.mkdir(parents=True, exist_ok=True)
    before.to_csv(folder / "reference.csv", index=False)
    now.to_csv(folder / "current.csv", index=False)
    (folder / "incident.yaml").write_text(yaml.safe_dump(stated, allow_unicode=True), encoding="utf-8")
    fitted = "on other rows" if shared.train.size else "cross-fitted"
    return Made(way, (len(before), len(now)), fitted, kind, form, calendar and case.tier != "no timestamps")


def predicted(table: Loaded, shared: Shared, kind: str, form: str, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both sides with what the model predicted for them.

    Without rows to train on, a reference row is predicted by the model of the folds that it is not in, and a current row by one
    of these models at random: had the two rows changed places, their predictions would be distributed alike.
    """
    source, frame, seed = table.source, table.frame, int(rng.integers(1000))
    reference, current = (frame.iloc[rows].reset_index(drop=True) for rows in (shared.reference, shared.current))

    def fit(rows: pd.DataFrame) -> Served:
        return Served(kind, source.task, seed).fit(rows[table.features], rows[source.target])

    if shared.train.size:
        model = fit(frame.iloc[shared.train])
        answers = (model.answer(side[table.features], form, source.positive) for side in (reference, current))
        reference["prediction"], current["prediction"] = answers
        return reference, current
    unit = np.arange(len(reference)) if shared.unit is None else pd.factorize(shared.unit[shared.reference])[0]
    fold = rng.permutation(unit.max() + 1)[unit] % FOLDS
    drawn = rng.integers(0, FOLDS, len(current))
    told = [np.empty(len(side), dtype="float64" if form != "label" else object) for side in (reference, current)]
    for number in range(FOLDS):
        outside = np.flatnonzero(fold != number)
        model = fit(reference.iloc[rng.permutation(outside)[:TRAINED]])
        for side, place, chosen in zip((reference, current), told, (fold == number, drawn == number), strict=True):
            if chosen.any():
                place[chosen] = model.answer(side.loc[chosen, table.features], form, source.positive)
    return reference.assign(prediction=told[0]), current.assign(prediction=told[1])


def _dressed(
    table: Loaded,
    shared: Shared,
    before: pd.DataFrame,
    now: pd.DataFrame,
    rng: np.random.Generator,
    *,
    calendar: bool,
    keep_times: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """With times, in the order of time, sometimes with a number for each row and columns of the calendar, in one random order."""
    stated: dict[str, Any] = {"timestamp": "seen_at"}
    if table.when is None:
        times = [_drawn(rng, len(before), "2026-01-05", 70), _drawn(rng, len(now), "2026-04-06", int(rng.integers(14, 40)))]
    elif keep_times:
        times = [table.when[shared.reference], table.when[shared.current]]
    else:
        unit = _units(table)[0]
        first = _laid(table, unit, shared.reference, np.datetime64("2020-01-06", "s"))
        times = [first, _laid(table, unit, shared.current, _monday(first.max()))]
    if table.when is None and rng.random() < 0.2:
        # Some logs know the day only.
        times = [when.astype("datetime64[D]").astype("datetime64[s]") for when in times]
    sides = []
    for side, when in zip((before, now), times, strict=True):
        # Rows of one moment in no order, except in a series: the table's own order would leave neighbours alike on busy days.
        order = np.argsort(when, kind="stable") if table.when is not None else np.lexsort((rng.random(len(side)), when))
        sides.append(side.iloc[order].reset_index(drop=True).assign(seen_at=when[order]))
    before, now = sides
    if rng.random() < 0.4:
        stated["id"] = "row_id"
        before, now = (side.assign(row_id=first + np.arange(len(side))) for side, first in ((before, 10_000), (now, 900_000)))
    elif table.source.group and rng.random() < 0.5:
        stated["id"] = table.source.group
    if calendar:
        number = np.arange(len(before)), len(before) + np.arange(len(now))
        before, now = (
            side.assign(
                month_seen=side["seen_at"].dt.month,
                week_seen=side["seen_at"].dt.isocalendar().week.to_numpy("int64"),
                batch=place // 50,
            )
            for side, place in zip((before, now), number, strict=True)
        )
    names = [str(name) for name in rng.permutation([str(name) for name in before])]
    return before[names], now[names], stated


def _drawn(rng: np.random.Generator, rows: int, first: str, days: int) -> np.ndarray:
    """Times with a daily rhythm in no order, shape (rows,), datetime64[s]."""
    second = rng.integers(0, days, rows) * 86400 + rng.choice(24, rows, p=BUSY / BUSY.sum()) * 3600 + rng.integers(0, 3600, rows)
    return np.datetime64(first, "s") + second.astype("timedelta64[s]")


def _laid(table: Loaded, unit: np.ndarray, rows: np.ndarray, start: np.datetime64) -> np.ndarray:
    """New times of `rows`: their weeks one after the other from `start` on, in their own order, day and hour unchanged."""
    assert table.when is not None
    length = np.timedelta64(table.source.block * 86400, "s")
    day = table.when.min().astype("datetime64[D]").astype("datetime64[s]")
    within = (table.when[rows] - day) % length
    # Day of the week: a block begins on the weekday on which the table begins.
    weekday = np.timedelta64((int(day.astype("datetime64[D]").astype("int64")) + 3) % 7 * 86400, "s")
    laid: np.ndarray = start + weekday + pd.factorize(unit[rows], sort=True)[0] * length + within
    return laid


def _monday(last: np.datetime64) -> np.datetime64:
    """The Monday after the week of `last`, so that the first block of current cannot reach into the reference."""
    day = int(last.astype("datetime64[D]").astype("int64"))
    monday: np.datetime64 = np.datetime64(day - (day + 3) % 7 + 7, "D").astype("datetime64[s]")
    return monday


def _taken_away(
    tier: str, rng: np.random.Generator, before: pd.DataFrame, now: pd.DataFrame, stated: dict[str, Any], target: str
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Without the parts that the tier lacks."""
    gone = TIERS[tier]
    if "labels" in gone:
        now = now.drop(columns=target)
    if "scores" in gone:
        before, now = before.drop(columns="prediction"), now.drop(columns="prediction")
    if "times" in gone:
        clocks = [name for name in ("seen_at", "month_seen", "week_seen", "batch") if name in before]
        before, now = before.drop(columns=clocks), now.drop(columns=clocks)
        now = now.iloc[rng.permutation(len(now))]
    lost = {"scores": "prediction", "times": "timestamp"}
    stated = {key: value for key, value in stated.items() if key not in {lost.get(part) for part in gone}}
    return before, now, stated
