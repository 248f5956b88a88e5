"""One setting before anything goes wrong: three separate parts of a real table, a trained model, times, and a moment of onset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd

from benchmarks.incidents.served import KINDS, Served, movement
from benchmarks.incidents.tables import Loaded

Choice = TypeVar("Choice")


class Unsuitable(Exception):
    """This table cannot carry this fault: no category to recode, no class shares to move."""


@dataclass
class World:
    """train, reference, pool: disjoint rows with the target as one column; the current rows are drawn from the pool.

    severity: 0 mild, 1 moderate, 2 severe. start: number of the first current row after the onset. form: what is logged, "score",
    "label" or "value".
    """

    rng: np.random.Generator
    severity: int
    table: Loaded
    train: pd.DataFrame
    reference: pd.DataFrame
    pool: pd.DataFrame
    rows: int
    start: int
    kind: str
    form: str

    @property
    def target(self) -> str:
        return self.table.source.target

    @property
    def task(self) -> str:
        return self.table.source.task

    @property
    def positive(self) -> str | None:
        return self.table.source.positive

    @cached_property
    def model(self) -> Served:
        return self.fit(self.train)

    def fit(self, rows: pd.DataFrame, kind: str | None = None) -> Served:
        return Served(kind or self.kind, self.task, int(self.rng.integers(1000))).fit(
            rows.drop(columns=self.target), rows[self.target]
        )

    @cached_property
    def moved(self) -> pd.Series:
        return movement(self.model, self.reference.drop(columns=self.target), self.rng)

    def clean(self) -> pd.DataFrame:
        """Current rows of the same population; without replacement."""
        return self.pool.iloc[: self.rows].reset_index(drop=True)

    @property
    def after(self) -> np.ndarray:
        """Which current rows come after the onset, shape (rows,)."""
        return np.arange(self.rows) >= self.start

    def pick(self, values: Sequence[Choice]) -> Choice:
        return values[int(self.rng.integers(len(values)))]

    def by_severity(self, *choices: tuple[float, float]) -> float:
        low, high = choices[self.severity]
        return float(self.rng.uniform(low, high))

    def hit(self, share: float) -> np.ndarray:
        """A random share of the rows after the onset, shape (rows,), bool; sometimes more likely for one kind of row."""
        return self.after & (self.rng.random(self.rows) < share)

    def used(self, *, number: bool | None = None, many: int = 0) -> list[str]:
        """Columns that move the answers: numbers, categories or (None) both, with more than `many` values.

        In random order; the more severe the fault, the more often those come first that move the answers most.
        """
        top = self.moved[self.moved >= 0.15 * self.moved.iloc[0]]
        fits = {}
        for name, moves in top.items():
            is_number = self.reference[name].dtype.kind in "iuf"
            if number in (None, is_number) and self.reference[name].nunique() > many:
                fits[str(name)] = float(moves)
        if not fits:
            raise Unsuitable("no suitable column that the model uses")
        keys = self.severity * np.log(list(fits.values())) + self.rng.gumbel(size=len(fits))
        return [list(fits)[i] for i in np.argsort(-keys, kind="stable")]

    def ignored(self) -> list[str]:
        return [str(name) for name in self.moved[self.moved <= 0.02 * self.moved.iloc[0]].index]


@dataclass
class Fault:
    """What an injector made. `columns`: the columns at fault; `accept`: other answers that are as right.

    seen: what the model was given where that is not what was logged. model: who answered where that is not the world's.
    answers: logged answers of the current rows where no model of ours gave them. whole: the fault is there from the first
    current row on.
    """

    style: str
    columns: tuple[str, ...] = ()
    accept: tuple[tuple[str, ...], ...] = ()
    current: pd.DataFrame | None = None
    reference: pd.DataFrame | None = None
    seen: pd.DataFrame | None = None
    model: Served | None = None
    answers: np.ndarray | None = None
    whole: bool = False
    repeat: np.ndarray | None = None
    """Row numbers of the current table in the order in which they are logged, when some are logged twice."""
    form: str | None = None
    start: int | None = None
    extra: dict[str, float] = field(default_factory=dict)


def world(table: Loaded, rng: np.random.Generator, severity: int, *, size: str = "usual") -> World:
    """size: "usual", "small" (about 150 rows a side) or "large" (all that the table gives)."""
    frame = table.frame
    rows = len(frame)
    order = rng.permutation(rows)
    third = rows // 3
    train, reference, pool = (
        frame.iloc[part].reset_index(drop=True) for part in (order[:third], order[third : 2 * third], order[2 * third :])
    )
    # Population faults choose their rows from the pool, so the usual current table leaves some of it.
    wanted = {"usual": int(rng.integers(1200, 5000)), "small": 150, "large": rows}[size]
    train = train.iloc[:6000]
    reference = reference.iloc[:wanted]
    count = min(wanted, len(pool) if size == "large" or len(pool) < 1500 else len(pool) * 2 // 3)
    kind = KINDS[int(rng.integers(2))]
    labelled = "score" if table.source.positive and rng.random() < 0.65 else "label"
    form = "value" if table.source.task == "regression" else labelled
    start = int(count * rng.uniform(0.2, 0.7))
    return World(rng, severity, table, train, reference, pool, count, start, kind, form)
