"""Labels that the other rows contradict: confident learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.compare import Remedy, fit
from diagnostics.clinic.shared.folds import folds
from diagnostics.clinic.shared.scores import predict
from diagnostics.clinic.shared.training_set import Split, TrainingSet
from diagnostics.nouns.words import N_

SURE: Final = 0.1
"""Chance of the given label below which a row is named first: nine to one against it."""

KEPT: Final = 2_000
CLASSES: Final = 20
"""Classes whose pairs are examined."""


@dataclass(frozen=True)
class Suspect:
    """A row whose label is doubtful."""

    row: int
    """Number in the training set."""

    given: str
    """Its label."""

    looks: str
    """The class that it looks like."""

    chance: float
    """Probability of the given label."""


@dataclass(frozen=True)
class Mixed:
    """Two classes that are mixed up."""

    given: str
    true: str
    rows: int
    """Rows estimated to be labelled `given` while they are `true`."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Labels that cross-fitted models contradict."""

    rows: int
    """Rows examined."""

    share: float
    """Share of labels estimated to be wrong."""

    found: int
    """How many rows are suspicious."""

    sure: int
    """Those with a probability of their label below `SURE`."""

    suspects: tuple[Suspect, ...]
    """The rows by the probability of their label, ascending, at most `KEPT`."""

    mixed: tuple[Mixed, ...]
    """Pairs of classes, the largest first."""


def estimate_joint(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimated number of rows by given and true class, shape (k, k): Northcutt, Jiang and Chuang 2021, Confident Learning,
    arXiv:1911.00068, equations 1 to 3.

    chances: out-of-sample, shape (n, k). A row counts as truly j where its chance of j reaches the mean chance of j among the
    rows labelled j (of several such classes, the likeliest); rows of the matrix are then brought to the labels' counts.
    """
    k = chances.shape[1]
    limits = np.array([chances[labels == code, code].mean() if (labels == code).any() else np.inf for code in range(k)])
    # Chances that are all the same must not miss their own mean by a rounding.
    sure = chances >= limits - 1e-9
    true = np.where(sure, chances, -1.0).argmax(axis=1)
    counts = np.zeros((k, k))
    any_sure = sure.any(axis=1)
    np.add.at(counts, (labels[any_sure], true[any_sure]), 1)
    sizes = np.bincount(labels, minlength=k)
    totals = counts.sum(axis=1, keepdims=True)
    # A class without one sure row is taken at its word.
    counts = np.where(totals > 0, counts, np.diag(sizes))
    totals = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts / np.where(totals > 0, totals, 1) * sizes[:, None])


def prune_by_noise_rate(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the suspicious rows and the classes they look like, shapes (m,): for each pair of classes as many rows as the
    matrix says, those with the largest margin ("prune by noise rate", section 3.2 of the same paper); never a row whose own
    label is the likeliest.
    """
    expected = estimate_joint(chances, labels)
    looks: dict[int, tuple[float, int]] = {}
    for given in range(chances.shape[1]):
        rows = np.flatnonzero(labels == given)
        for true in range(chances.shape[1]):
            count = round(float(expected[given, true]))
            if true == given or not count:
                continue
            margin = chances[rows, true] - chances[rows, given]
            for index in np.argsort(-margin, kind="stable")[:count]:
                row, size = int(rows[index]), float(margin[index])
                if size > 0 and size > looks.get(row, (0.0, 0))[0]:
                    looks[row] = (size, true)
    rows = np.array(sorted(looks), dtype="int64")
    return rows, np.array([looks[int(row)][1] for row in rows], dtype="int64")


def cross_fitted_probabilities(data: TrainingSet, before: Remedy, *, parts: int = 5, seed: int = 0) -> NDArray[np.float64]:
    """Chances of each row from models that never saw it, shape (rows, classes)."""
    plain = _without_order(data)
    held = np.full((len(data), len(data.classes)), np.nan)
    for number, fold in enumerate(folds(plain, parts=parts, repeats=1, seed=seed)):
        fitted, _ = fit(plain, before, fold.train, seed + number)
        answer = predict(fitted, plain.features.iloc[fold.test], plain)
        if answer.chances is not None:
            held[fold.test] = answer.chances
    return held


def noise(data: TrainingSet, before: Remedy, *, seed: int = 0) -> Noise | None:
    """None for models without chances."""
    chances = cross_fitted_probabilities(data, before, seed=seed)
    if not np.isfinite(chances).all():
        return None
    labels = data.truth.astype("int64")
    rows, looks = prune_by_noise_rate(chances, labels)
    own = chances[rows, labels[rows]]
    order = np.argsort(own, kind="stable")
    expected = estimate_joint(chances, labels)
    off = expected.sum() - np.trace(expected)
    pairs = [
        Mixed(data.classes[given], data.classes[true], round(float(expected[given, true])))
        for given in range(min(CLASSES, len(data.classes)))
        for true in range(min(CLASSES, len(data.classes)))
        if given != true and round(float(expected[given, true]))
    ]
    return Noise(
        rows=len(data),
        share=float(off / len(data)),
        found=len(rows),
        sure=int((own < SURE).sum()),
        suspects=tuple(
            Suspect(int(rows[p]), data.classes[labels[rows[p]]], data.classes[looks[p]], float(own[p])) for p in order[:KEPT]
        ),
        mixed=tuple(sorted(pairs, key=lambda pair: -pair.rows)[:10]),
    )


def without_suspects(before: Remedy) -> Remedy:
    """The same model, trained without the rows that are suspicious among its training rows."""

    def rows(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        inner = data.take(train)
        chances = cross_fitted_probabilities(inner, before, parts=3, seed=seed)
        labels = inner.truth.astype("int64")
        if not np.isfinite(chances).all():
            return train
        suspicious, _ = prune_by_noise_rate(chances, labels)
        kept = np.setdiff1d(np.arange(len(train)), suspicious)
        return train[kept] if len(np.unique(labels[kept])) == len(np.unique(labels)) else train

    return Remedy(name="suspects", says=N_("trained without suspicious labels"), build=before.build, rows=rows)


def _without_order(data: TrainingSet) -> TrainingSet:
    """The same to be split at random: every row must be held out once, the earliest too."""
    from dataclasses import replace

    return replace(data, order=None, described=replace(data.described, split=Split.PLAIN))
