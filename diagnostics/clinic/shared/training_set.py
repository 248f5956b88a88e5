"""The rows that the clinic trains on: bounded, seeded, with a target that can be learnt, and what was left out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure import engine
from diagnostics.measure.samples import as_level
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_

ROWS: Final = 20_000
"""Rows drawn from a larger table: enough that an interval is narrow, few enough that ten models are trained in seconds."""

MIN_ROWS: Final = 60
MIN_CLASS: Final = 10
"""Rows of a class: below, a fold of five would hold one or none of it."""

MAX_CLASSES: Final = 50
NUMBER_CLASSES: Final = 20
"""A number target with more values than this is taken for a quantity where the task is not given."""

MAX_FEATURES: Final = 200
TEXT_WORDS: Final = 4.0
"""Mean words in a value from which a column reads as text rather than as levels."""

TEXT_DISTINCT: Final = 0.5
"""Share of different values from which a column of words names rows rather than groups of them."""

MIN_GROUPS: Final = 100
"""Fewer different rows than this are a small set of patterns, whose rows repeat anyway: they are not kept together."""


class Why(StrEnum):
    """Why a column is not used."""

    CONSTANT = "constant"
    EMPTY = "empty"
    TEXT = "text"
    NESTED = "nested"
    MANY = "many"


WHY: Final = {
    Why.CONSTANT: N_("the same value in every row"),
    Why.EMPTY: N_("no values"),
    Why.TEXT: N_("free text, or nearly as many values as rows"),
    Why.NESTED: N_("lists or objects"),
    Why.MANY: N_("beyond the first 200 columns"),
}


class Split(StrEnum):
    """How rows are held out."""

    ORDERED = "ordered"
    IDS = "ids"
    IDENTICAL = "identical"
    PLAIN = "plain"


SPLIT: Final = {
    Split.ORDERED: N_("Each model is trained on earlier rows and judged on later ones."),
    Split.IDS: N_("Rows of one id stay together: a model never judges an id that it was trained on."),
    Split.IDENTICAL: N_("Identical rows stay together: a model never judges a copy of a row that it was trained on."),
    Split.PLAIN: N_("The rows are split at random; a model never judges a row that it was trained on."),
}


@dataclass(frozen=True)
class LeftOut:
    column: str
    why: Why


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a profile says of the rows it used."""

    target: str
    task: Task
    rows: int
    """Rows used."""

    drawn: int
    """Rows looked at."""

    whole: int
    """Rows of the table."""

    unlabelled: int
    """Drawn rows without a target."""

    features: int
    left_out: tuple[LeftOut, ...]
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    """Rows per class, in the order of `classes`."""

    small: tuple[str, ...]
    """Classes left out for having fewer than `MIN_CLASS` rows."""

    split: Split
    seed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingSet:
    """Rows to train on."""

    features: pd.DataFrame
    """Shape (rows, p): numbers float64 (times as seconds since 1970), NaN where missing or infinite; categories object, str or
    None.
    """

    truth: NDArray[np.generic]
    """Shape (rows,): int64 codes into `classes`, or float64 values."""

    task: Task
    classes: tuple[str, ...]
    """Names; of two, the one to be found stands last (code 1). Empty for a quantity."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    groups: NDArray[np.int64] | None
    """int64 codes of rows that must stay on one side, shape (rows,); None where all are different."""

    order: NDArray[np.datetime64] | None
    """The rows' times as datetime64[us], shape (rows,), none missing; None without a timestamp."""

    described: Described
    drawn: NDArray[np.int64]
    """Number of each row in `frame`, shape (rows,)."""

    frame: pd.DataFrame
    """The drawn rows with every column."""

    def __len__(self) -> int:
        return len(self.features)

    @property
    def positive(self) -> str | None:
        """The class to be found, of two."""
        return self.classes[-1] if len(self.classes) == 2 else None

    def take(self, rows: NDArray[np.integer]) -> TrainingSet:
        """The same with only `rows` (numbers of rows, in the order given); what is `described` stays that of the whole."""
        return TrainingSet(
            features=self.features.iloc[rows],
            truth=self.truth[rows],
            task=self.task,
            classes=self.classes,
            numbers=self.numbers,
            categories=self.categories,
            groups=None if self.groups is None else self.groups[rows],
            order=None if self.order is None else self.order[rows],
            described=self.described,
            drawn=self.drawn[rows],
            frame=self.frame,
        )


def sample_rows(data: TrainingSet, rows: int, *, seed: int) -> TrainingSet:
    """At most `rows` of the rows, sampled without replacement, and described as such."""
    if len(data) <= rows:
        return data
    chosen = data.take(np.sort(np.random.default_rng((seed, 3)).choice(len(data), rows, replace=False)))
    counts = tuple(int(c) for c in np.bincount(chosen.truth.astype("int64"), minlength=len(data.classes))) if data.classes else ()
    return replace(chosen, described=replace(data.described, rows=rows, drawn=rows, unlabelled=0, counts=counts))


def training_set(incident: Incident, *, rows: int = ROWS, task: Task | None = None) -> TrainingSet:
    """At most `rows` rows of the reference table. `task` overrides that of the incident.

    Raises NotApplicable, in one plain sentence, where nothing can be learnt from them.
    """
    table = incident.reference
    if table is None:
        raise NotApplicable(N_("No training data: upload a table (one CSV is enough)."), needs="reference")
    name = incident.role("target")
    if name not in table:
        raise NotApplicable(N_("The table has no column {target:name}: choose another target."), needs="target", target=name)
    frame = engine.sample(table, rows=rows, seed=incident.seed)
    known = _known(frame[name])
    if int(known.sum()) < MIN_ROWS:
        raise NotApplicable(
            N_("Too few rows with a value of {target:name}: {rows:count}; at least {least:count} are needed."),
            needs="reference",
            target=name,
            rows=int(known.sum()),
            least=MIN_ROWS,
        )
    values, kind = frame[name][known], table[name].kind
    task = task or _task(values, kind, incident)
    drawn = np.flatnonzero(known)
    truth, classes, small = _truth(values, kind, task, name, incident)
    keep = np.ones(len(truth), dtype=bool)
    if task is Task.CLASSIFICATION:
        keep = truth.astype("int64") >= 0
    truth, drawn = truth[keep], drawn[keep]
    used = frame.iloc[drawn].reset_index(drop=True)
    features, numbers, categories, left_out = _features(table, used, incident)
    if not numbers and not categories:
        raise NotApplicable(
            N_("No column to learn from beside {target:name}: all are constant, empty or free text."),
            needs="reference",
            target=name,
        )
    order = _order(used, incident)
    groups, split = _groups(features, used, truth, incident)
    if order is not None:
        split = Split.ORDERED
    described = Described(
        target=name,
        task=task,
        rows=len(truth),
        drawn=len(frame),
        whole=table.rows,
        unlabelled=int((~known).sum()),
        features=features.shape[1],
        left_out=left_out,
        classes=classes,
        counts=tuple(int(c) for c in np.bincount(truth.astype("int64"), minlength=len(classes))) if classes else (),
        small=small,
        split=split,
        seed=incident.seed,
    )
    return TrainingSet(
        features=features,
        truth=truth,
        task=task,
        classes=classes,
        numbers=numbers,
        categories=categories,
        groups=groups,
        order=order,
        described=described,
        drawn=drawn,
        frame=frame,
    )


def _known(values: pd.Series) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.asarray(np.isfinite(values.to_numpy("float64")))
    return np.asarray(values.notna())


def _task(values: pd.Series, kind: Kind, incident: Incident) -> Task:
    if incident.task is not None:
        return incident.task
    if kind is Kind.NUMBER and values.nunique() > NUMBER_CLASSES:
        return Task.REGRESSION
    return Task.CLASSIFICATION


def _truth(
    values: pd.Series, kind: Kind, task: Task, name: str, incident: Incident
) -> tuple[NDArray[np.generic], tuple[str, ...], tuple[str, ...]]:
    """The target as codes or numbers, the classes, and those that are too small; rows of these have code -1."""
    if task is Task.REGRESSION:
        if kind is not Kind.NUMBER:
            raise NotApplicable(
                N_("{target:name} holds words, not numbers: choose a target of numbers, or the task classification."),
                needs="target",
                target=name,
            )
        numbers = values.to_numpy("float64")
        if float(numbers.min()) == float(numbers.max()):
            raise NotApplicable(
                N_("{target:name} has the same value in every row: there is nothing to learn."), needs="target", target=name
            )
        return numbers, (), ()
    levels = as_level(values)
    counts = levels.value_counts()
    if len(counts) == 1:
        raise NotApplicable(
            N_("All rows have the same {target:name} ({level:name}): rows of another class are needed."),
            needs="reference",
            target=name,
            level=str(counts.index[0]),
        )
    large = counts[counts >= MIN_CLASS]
    if len(counts) > MAX_CLASSES and (len(large) > MAX_CLASSES or int(large.sum()) < 0.9 * len(levels)):
        raise NotApplicable(
            N_(
                "{target:name} has {levels:count} different values, too many to be classes (at most {most:count}): "
                "choose another target, or the task regression if it is a quantity."
            ),
            needs="target",
            target=name,
            levels=len(counts),
            most=MAX_CLASSES,
        )
    if len(large) < 2:
        rare = str(counts.index[1])
        raise NotApplicable(
            N_("{level:name} is the {target:name} of only {rows:count} rows: at least {least:count} rows of a class are needed."),
            needs="reference",
            target=name,
            level=rare,
            rows=int(counts.iloc[1]),
            least=MIN_CLASS,
        )
    classes = _ordered([str(level) for level in large.index], large, incident)
    codes = levels.map({level: code for code, level in enumerate(classes)}).fillna(-1).to_numpy("int64")
    small = tuple(sorted(str(level) for level in counts.index if level not in large.index))
    return codes, classes, small[:MAX_CLASSES]


def _ordered(levels: list[str], counts: pd.Series, incident: Incident) -> tuple[str, ...]:
    """Classes by name; of two, the stated positive one last, else the rarer."""
    ordered = sorted(levels)
    if len(ordered) != 2:
        return tuple(ordered)
    stated = incident.roles.positive
    positive = stated if stated in ordered else min(ordered, key=lambda level: (int(counts[level]), -ordered.index(level)))
    return tuple(sorted(ordered, key=lambda level: level == positive))


def _features(
    table: Table, used: pd.DataFrame, incident: Incident
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...], tuple[LeftOut, ...]]:
    kept: dict[str, pd.Series] = {}
    numbers: list[str] = []
    categories: list[str] = []
    left_out: list[LeftOut] = []
    for column in table:
        if column.name in incident.roles.named:
            continue
        values = _column(column, used[column.name])
        why = Why.MANY if len(kept) >= MAX_FEATURES else _unfit(column, values, incident)
        if why is not None:
            left_out.append(LeftOut(column.name, why))
            continue
        kept[column.name] = values
        (categories if column.kind is Kind.CATEGORY else numbers).append(column.name)
    frame = pd.DataFrame(kept)
    # Columns named by an Index of objects, as those of the sampled frame are.
    frame.columns = pd.Index(list(kept), dtype=object)
    return frame, tuple(numbers), tuple(categories), tuple(left_out)


def _column(column: Column, values: pd.Series) -> pd.Series:
    if column.kind in (Kind.CATEGORY, Kind.NESTED):
        return values
    numbers = engine.seconds(values)
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan), index=values.index)


def _unfit(column: Column, values: pd.Series, incident: Incident) -> Why | None:
    if column.kind is Kind.NESTED:
        return Why.NESTED
    present = values.dropna()
    if present.empty:
        return Why.EMPTY
    distinct = int(present.nunique())
    if distinct == 1 and len(present) == len(values):
        return Why.CONSTANT
    if column.kind is not Kind.CATEGORY or column.name in incident.roles.segments:
        return None
    words = float(present.iloc[:1000].str.count(r"\s+").mean()) + 1
    if distinct > MAX_CLASSES and (words >= TEXT_WORDS or distinct > TEXT_DISTINCT * len(present)):
        return Why.TEXT
    return None


def _order(used: pd.DataFrame, incident: Incident) -> NDArray[np.datetime64] | None:
    name = incident.roles.timestamp
    if name is None or name not in used or used[name].dtype.kind != "M" or used[name].isna().any():
        return None
    when = used[name].to_numpy("datetime64[us]")
    return when if len(np.unique(when)) >= MIN_ROWS else None


def _groups(
    features: pd.DataFrame, used: pd.DataFrame, truth: NDArray[np.generic], incident: Incident
) -> tuple[NDArray[np.int64] | None, Split]:
    """Codes of rows that belong together, and why they do."""
    name = incident.roles.id
    if name is not None and name in used:
        # A row without an id is a group of its own.
        keys = used[name].astype(object).where(used[name].notna(), pd.Series(np.arange(len(used)), index=used.index))
        codes = pd.factorize(keys.astype(str))[0].astype("int64")
        if MIN_GROUPS <= len(np.unique(codes)) < len(codes):
            return codes, Split.IDS
    codes = identical(features, truth)
    found = len(np.unique(codes))
    if MIN_GROUPS <= found < len(codes):
        return codes, Split.IDENTICAL
    return None, Split.PLAIN


def identical(features: pd.DataFrame, truth: NDArray[np.generic] | None = None) -> NDArray[np.int64]:
    """The same code for rows that are the same in every feature (and in `truth`), shape (rows,)."""
    columns: Sequence[NDArray[np.generic]] = [
        pd.factorize(features.iloc[:, index], use_na_sentinel=True)[0] for index in range(features.shape[1])
    ]
    matrix = pd.DataFrame(dict(enumerate([*columns, truth] if truth is not None else columns)))
    return matrix.groupby(list(matrix.columns), sort=False, dropna=False).ngroup().to_numpy().astype("int64")
