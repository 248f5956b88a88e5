"""Which rows are trained on and which are held out: repeated folds that keep classes even, groups together and time in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.training_set import Split, TrainingSet
from diagnostics.nouns.incident import Task

BINS: Final = 10
"""A number target is held even over the folds by its tenths."""

FIRST: Final = 0.4
"""Share of the rows, the earliest, that every model of a split by time is trained on."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Numbers of the rows trained on and held out, ascending; no row, and no group, is in both."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def folds(data: TrainingSet, *, parts: int = 5, repeats: int = 2, seed: int = 0) -> tuple[Fold, ...]:
    """parts * repeats folds. With a timestamp: as many stretches of later rows, each judged by a model of all rows before it."""
    if parts < 2:
        raise ValueError(f"parts must be at least 2, got {parts}")
    if data.described.split is Split.ORDERED and data.order is not None:
        return _ordered(data, parts * repeats)
    made = []
    for repeat in range(repeats):
        index = _places(data, parts, np.random.default_rng((seed, repeat)))
        made += [Fold(np.flatnonzero(index != part), np.flatnonzero(index == part)) for part in range(parts)]
    return tuple(made)


def strata(data: TrainingSet) -> NDArray[np.int64]:
    """What is held even over the folds: the class, or the tenth of the target's values. Shape (rows,)."""
    if data.task is Task.CLASSIFICATION:
        return data.truth.astype("int64")
    values = data.truth.astype("float64")
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype("int64")


def _places(data: TrainingSet, parts: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The part of each row, 0 to parts - 1, shape (rows,). Groups are dealt out class by class, the largest first."""
    even = strata(data)
    groups = np.arange(len(data)) if data.groups is None else np.unique(data.groups, return_inverse=True)[1]
    sizes = np.bincount(groups)
    first = np.unique(groups, return_index=True)[1]
    kind = even[first]
    chance = rng.random(len(sizes))
    order = np.lexsort((chance, -sizes, kind))
    dealt = np.empty(len(sizes), dtype="int64")
    # Every second round runs backwards, so that no part gets the largest group of each round.
    turn = np.concatenate([np.arange(parts), np.arange(parts)[::-1]])
    for level in np.unique(kind):
        members = order[kind[order] == level]
        start = int(rng.integers(parts))
        dealt[members] = (turn[np.arange(len(members)) % (2 * parts)] + start) % parts
    return dealt[groups]


def _ordered(data: TrainingSet, count: int) -> tuple[Fold, ...]:
    order = data.order
    if order is None:
        raise ValueError("a split by time needs the times of the rows")
    ranked = np.argsort(order, kind="stable")
    edges = np.linspace(FIRST * len(ranked), len(ranked), count + 1).astype(int)
    made = []
    for low, high in pairwise(edges):
        train, test = np.sort(ranked[:low]), np.sort(ranked[low:high])
        if data.groups is not None:
            fresh = ~np.isin(data.groups[test], data.groups[train])
            # Where nearly all later rows belong to known ids, that is what the model meets in use.
            test = test[fresh] if fresh.mean() >= 0.5 else test
        usable = data.task is Task.REGRESSION or (
            len(np.unique(data.truth[train])) == len(data.classes) and len(np.unique(data.truth[test])) > 1
        )
        if len(test) >= 5 and usable:
            made.append(Fold(train, test))
    return tuple(made)
