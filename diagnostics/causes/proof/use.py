"""Which columns the model uses: what a column that it ignores does can harm nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Case, Use
from diagnostics.nouns.incident import Answer

ROWS: Final = 2_000
TURNS: Final = 2

SURE: Final = 3.0
"""Standard errors above which the loss is no chance: tables have many columns."""

AT_MOST: Final = 2.0
"""Standard errors by which the loss may be larger than it was measured."""

TWINS: Final = 0.98
"""Rank correlation from which on two columns count as collinear: a stand-in may use either, whichever the model uses."""

TRUSTED: Final = 0.3
"""A stand-in with less skill than this says nothing about what the model uses."""


def column_use(case: Case) -> Mapping[str, Use]:
    """Share of the stand-in's agreement with the logged answers that is lost when a column is shuffled, by the largest such
    share: 1 for the column that matters most, about 0 for one that the model ignores. Empty without a stand-in to be trusted.

    Columns that say the same are shuffled together as well. Measured on reference rows that the stand-in was not fitted on, or a
    column of noise would seem to matter (Breiman 2001, doi:10.1023/A:1010933404324; Fisher, Rudin and Dominici 2019,
    arXiv:1801.01489).
    """
    stand, drawn = case.surrogate, case.samples
    if stand is None or drawn is None or stand.skill < TRUSTED or stand.held.size < 30:
        return {}
    rng = np.random.default_rng([case.incident.seed, 8])
    rows = stand.held if stand.held.size <= ROWS else np.sort(rng.permutation(stand.held)[:ROWS])
    known = stand.outcome.answers.reference if stand.learnt == "prediction" else stand.outcome.truth.reference
    matrix = stand.encoder.matrix(drawn.reference.iloc[rows])
    if known is None:
        return {}
    scores = stand.scores_of(matrix)
    if stand.outcome.answer is Answer.LABEL:
        classes = {str(name): number for number, name in enumerate(stand.model.classes_)}
        place = np.array([classes.get(str(told), -1) for told in known[rows]])
        chosen = place >= 0
        wanted = np.eye(len(classes))[place[chosen]]
    elif stand.learnt == "target" and stand.outcome.answer is Answer.SCORE:
        chosen = np.ones(rows.size, dtype=bool)
        wanted = (known[rows] == stand.outcome.positive).astype("float64")[:, None]
    else:
        wanted = known[rows].astype("float64")[:, None]
        chosen = np.isfinite(wanted[:, 0])
        wanted = wanted[chosen]
    if chosen.sum() < 30:
        return {}
    matrix, scores = matrix[chosen], scores[chosen]
    right = np.mean((scores - wanted) ** 2, axis=1)

    def shuffled(columns: tuple[int, ...]) -> tuple[float, float]:
        places = list(columns)
        kept = matrix[:, places].copy()
        worse = np.zeros(len(kept))
        for _ in range(TURNS):
            matrix[:, places] = kept[rng.permutation(len(kept))]
            worse += (np.mean((stand.scores_of(matrix) - wanted) ** 2, axis=1) - right) / TURNS
        matrix[:, places] = kept
        mean, error = float(np.mean(worse)), float(np.std(worse) / np.sqrt(len(worse)))
        # Where answers are noisy, a column of noise seems to matter now and then.
        return (mean if mean > SURE * error else 0.0), max(mean, 0.0) + AT_MOST * error

    lost = [shuffled((number,)) for number in range(matrix.shape[1])]
    for twins in _twins(matrix):
        together = shuffled(twins)
        for number in twins:
            lost[number] = (max(lost[number][0], together[0]), max(lost[number][1], together[1]))
    most = max((sure for sure, _ in lost), default=0.0)
    if most <= 0:
        return {}
    return {name: Use(sure / most, at_most / most) for name, (sure, at_most) in zip(stand.encoder.features, lost, strict=True)}


def _twins(matrix: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """Groups of two and more columns that say the same; each with its first member."""
    ranks = pd.DataFrame(matrix).rank().to_numpy()
    centred = np.nan_to_num(ranks - np.nanmean(np.where(np.isfinite(ranks).any(axis=0), ranks, 0.0), axis=0))
    size = np.sqrt((centred**2).sum(axis=0))
    both = np.outer(size, size)
    # A column of one value says nothing, and so not the same as any other.
    alike = (np.abs(centred.T @ centred) >= TWINS * both) & (both > 0)
    groups = {tuple(int(i) for i in np.flatnonzero(row)) for row in alike}
    return sorted(group for group in groups if len(group) > 1)
