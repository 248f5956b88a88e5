"""Rare classes: how often they are answered, and whether they could be told apart. No rule of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.cross_fitted import Honest
from diagnostics.measure.outcome import Outcome
from diagnostics.nouns import intervals
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.intervals import Interval

CLASSES: Final = 12


@dataclass(frozen=True, kw_only=True)
class Rare:
    """One class with a small share of the rows."""

    name: str
    share: Sides[float]
    """Share of the rows that are of this class."""

    named: Sides[float]
    """Share of the rows that were predicted to be."""

    rows: Sides[int]
    """Rows of this class."""

    recall: Sides[Interval]
    """Share of them that the logged predictions name."""

    found: float
    """The same for the cross-fitted model, when it names as many rows as there are of the class."""

    auc: Interval
    """How well the cross-fitted model ranks the class, on the reference."""

    plain: float
    """Recall on the reference of the cross-fitted models as they come out of training, the lesser one."""

    classes: int
    """How many classes there are."""


def rare_classes(
    known: Outcome, model: Honest, models: Sequence[Honest], home: NDArray[np.intp], away: NDArray[np.intp]
) -> tuple[Rare, ...]:
    """The classes below a third of the rows on both sides, rarest first."""
    truth, told = known.truth, known.answers
    if truth.reference is None or truth.current is None or told.reference is None or told.current is None:
        return ()
    y, z = truth.reference[home].astype(str), truth.current[away].astype(str)
    a, b = told.reference[home].astype(str), told.current[away].astype(str)
    found = []
    for name in model.classes[:CLASSES]:
        hit, late = y == name, z == name
        if min(hit.sum(), late.sum()) < 5 or max(hit.mean(), late.mean()) > 1 / 3:
            continue
        chance = model.home[:, model.classes.index(name)]
        top = np.argsort(-chance, kind="stable")[: int(hit.sum())]
        found.append(
            Rare(
                name=name,
                share=Sides(float(hit.mean()), float(late.mean())),
                named=Sides(float((a == name).mean()), float((b == name).mean())),
                rows=Sides(int(hit.sum()), int(late.sum())),
                recall=Sides(
                    intervals.share(float((a[hit] == name).sum()), float(hit.sum())),
                    intervals.share(float((b[late] == name).sum()), float(late.sum())),
                ),
                found=float(hit[top].mean()),
                auc=_auc(chance, hit),
                plain=min(
                    float((m.home.argmax(axis=1)[hit] == m.classes.index(name)).mean()) for m in models if name in m.classes
                ),
                classes=len(model.classes),
            )
        )
    return tuple(sorted(found, key=lambda r: r.share.reference))


def _auc(chance: NDArray[np.float64], hit: NDArray[np.bool_]) -> Interval:
    """With the interval of Hanley and McNeil 1982 (doi:10.1148/radiology.143.1.7063747)."""
    from scipy.stats import rankdata

    n, m = int(hit.sum()), int((~hit).sum())
    a = float((rankdata(chance)[hit].sum() - n * (n + 1) / 2) / (n * m))
    q, r = a / (2 - a), 2 * a * a / (1 + a)
    error = float(np.sqrt(max(0.0, a * (1 - a) + (n - 1) * (q - a * a) + (m - 1) * (r - a * a)) / (n * m)))
    return Interval(a, a - 1.96 * error, a + 1.96 * error)
