"""Likeness: once a fault is taken back out of the current rows, can they still be told from the reference's?

A proof that needs neither labels nor a model. Dividing a column by the right constant makes the rows look like the reference's
again, jointly and not only column by column; dividing what a moved population brought does not. So hypotheses that explain
the same marginal can be told apart (Lopez-Paz and Oquab 2017, arXiv:1610.06545, for the test by a classifier).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.cause import Likeness
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.proof.window import affected
from diagnostics.checks.drift.columns import comparable
from diagnostics.checks.drift.separation import LEAST_ROWS, matched, separate, strata
from diagnostics.measure import engine
from diagnostics.measure.samples import encoder
from diagnostics.nouns.table import Kind

ROWS: Final = 3_000
"""Rows a side: the standard error of an AUC near a half is then 0.007."""

COLUMNS: Final = 60
"""Columns compared at most: those at fault and the first of the others."""


def likeness(case: Case, told: Hypothesis, *, without: Collection[str] = ()) -> Likeness | None:
    """`without`: columns that another fault may have broken; they would give the rows away whatever is undone here.

    None where the hypothesis says nothing about the features, or too few rows are left to compare.
    """
    drawn, undo = case.samples, told.undo
    if drawn is None or not (undo.repair or told.kept is not None or undo.matched or undo.leave_out):
        return None
    if told.columns and told.kept is None and not set(told.columns) & set(drawn.features):
        return None  # Labels and predictions are no features.
    names = tuple(name for name in comparable(drawn) if name not in without)
    if len(names) > COLUMNS:
        first = [name for name in names if name in told.columns]
        names = tuple([*first, *(name for name in names if name not in told.columns)][:COLUMNS])
    rows = affected(case, told.since, most=ROWS)
    if not names or rows.size < LEAST_ROWS:
        return None
    rng = np.random.default_rng([case.incident.seed, 7])
    coder = replace(encoder(drawn), features=names)
    home = np.sort(rng.permutation(len(drawn.reference))[:ROWS])
    reference = coder.matrix(drawn.reference.iloc[home])
    frame = drawn.current.iloc[rows]
    current = coder.matrix(frame)
    before = separate(reference, current, rng)
    if before is None:
        return None
    kept = np.ones(rows.size, dtype=bool)
    if undo.repair is not None:
        current = coder.matrix(undo.repair(frame))
    if told.kept is not None:
        kept = told.kept[rows]
        current = current[kept]
    if undo.matched is not None:
        pair = _matched(case, undo.matched, home, rows[kept], rng)
        if pair is None:
            return None
        reference, current = reference[pair[0]], current[pair[1]]
    if undo.leave_out:
        inside = np.array([name not in undo.leave_out for name in names])
        if not inside.any():
            return None
        reference, current = reference[:, inside], current[:, inside]
    after = separate(reference, current, rng)
    if after is None:
        return None
    # Small tables make every trained classifier guess a little worse or better than a half.
    floor = 0.5 + 1.96 * float(np.sqrt((len(reference) + len(current) + 1) / (12 * len(reference) * len(current))))
    return Likeness(before.auc.value, after.auc.value, floor)


def _matched(
    case: Case, name: str, home: NDArray[np.intp], rows: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Positions in `home` and `rows` of equally many rows with alike values of column `name`."""
    drawn = case.samples
    assert drawn is not None
    if name not in drawn.reference or name not in drawn.current:
        return None
    left, right = drawn.reference[name].iloc[home], drawn.current[name].iloc[rows]
    if drawn.kinds[name] is Kind.CATEGORY:
        codes, _ = pd.factorize(pd.concat([left, right]))
        both = np.where(codes < 0, np.nan, codes.astype("float64"))
    else:
        both = np.concatenate([engine.seconds(left), engine.seconds(right)])
    return matched(*strata(both[: len(left)], both[len(left) :]), rng)
