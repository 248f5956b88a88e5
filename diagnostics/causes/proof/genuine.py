"""Genuine: whether rows with a value are of the kind that always had it, or rows of any kind that it was written into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.hypothesis import Case
from diagnostics.causes.proof.window import affected
from diagnostics.checks.drift.columns import comparable
from diagnostics.checks.drift.separation import separate
from diagnostics.measure.samples import encoder
from diagnostics.measure.surrogate import one_thread

ROWS: Final = 4_000
LEAST: Final = 30
"""Rows of either kind below which nothing can be learnt about it."""

TOLD: Final = 0.6
"""AUC from which on the other columns know the value well enough to be asked."""


def genuine(case: Case, name: str, has_it: Callable[[pd.DataFrame], NDArray[np.bool_]], since: datetime | None) -> float | None:
    """How much the affected current rows with the value look like reference rows with it (1) or like those without (0).

    A small model learns from the reference which rows have the value, from the other columns alone. Where the reference has too
    few of them, the question is whether they differ from its rows at all: what was written into rows of any kind does not.
    None where neither can be answered.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    drawn = case.samples
    if drawn is None or name not in drawn.reference or name not in drawn.current:
        return None
    names = tuple(other for other in comparable(drawn) if other != name)
    rng = np.random.default_rng([case.incident.seed, 9])
    home = np.sort(rng.permutation(len(drawn.reference))[:ROWS])
    rows = affected(case, since, most=ROWS)
    reference, current = drawn.reference.iloc[home], drawn.current.iloc[rows]
    having, now = has_it(reference), has_it(current)
    if not names or now.sum() < LEAST:
        return None
    coder = replace(encoder(drawn), features=names)
    matrix, asked = coder.matrix(reference), coder.matrix(current.iloc[np.flatnonzero(now)])
    if having.sum() < LEAST:
        apart = separate(matrix, asked, rng)
        return None if apart is None else float(np.clip((apart.auc.value - 0.54) / 0.08, 0.0, 1.0))
    if (~having).sum() < LEAST:
        return None
    told, answers = np.empty(home.size), np.zeros(len(asked))
    fold = rng.permutation(home.size) % 2
    with one_thread():
        for number in (0, 1):
            model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, early_stopping=False, random_state=0)
            model.fit(matrix[fold != number], having[fold != number])
            told[fold == number] = model.predict_proba(matrix[fold == number])[:, 1]
            answers += model.predict_proba(asked)[:, 1] / 2
    if roc_auc_score(having, told) < TOLD:
        return None
    among, others = float(told[having].mean()), float(told[~having].mean())
    return float(np.clip((answers.mean() - others) / max(among - others, 1e-9), 0.0, 1.0))
