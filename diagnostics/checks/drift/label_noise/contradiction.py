"""How strongly the labels contradict what their rows lead to expect, and how evenly. No rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.measure.cross_fitted import Honest

SURE: Final = 0.15
WIDER: Final = 0.4
"""Shares of the rows, the surest first, whose contradictions are compared: with noise both have the same."""

LEAF_ROWS: Final = 15


@dataclass(frozen=True)
class Hints:
    """What each row says about noise, shapes (n,). reach: how much a false label would show, 0 to 1 for classes. lack: the
    expected agreement less the agreement that came; with a share r of false labels its mean is r times reach. likely: number of
    the likeliest class (zeros for numbers). wrong: the label is not the likeliest class
    (for numbers: it lies on the other side of the centre).
    """

    reach: NDArray[np.float64]
    lack: NDArray[np.float64]
    likely: NDArray[np.intp]
    wrong: NDArray[np.bool_]

    def of(self, rows: NDArray[np.generic]) -> Hints:
        return Hints(self.reach[rows], self.lack[rows], self.likely[rows], self.wrong[rows])


@dataclass(frozen=True)
class Rate:
    """Share of labels that look false, with its standard error."""

    value: float
    error: float


def hints(model: Honest, chances: NDArray[np.float64], truth: NDArray[np.generic], centre: float) -> Hints:
    """centre: mean of the target in the reference, which a false number falls back to on average."""
    if not model.classes:
        values = truth.astype("float64")
        reach = chances[:, 0] - centre
        return Hints(reach, chances[:, 0] - values, np.zeros(len(values), dtype=np.intp), reach * (values - centre) < 0)
    likely, top = chances.argmax(axis=1), chances.max(axis=1)
    wrong = truth.astype(str) != np.array(model.classes)[likely]
    # A false label is any of the other classes, so it may even become the likeliest one.
    reach = top - (1 - top) / (len(model.classes) - 1)
    return Hints(reach, top - (~wrong).astype("float64"), likely, wrong)


def rate(h: Hints) -> Rate:
    """The share of false labels that explains the lack best, rows that show it better counting more."""
    total = float((h.reach**2).sum())
    if total <= 0:
        return Rate(0.0, float("inf"))
    value = float((h.reach * h.lack).sum()) / total
    return Rate(value, float(np.sqrt(((h.reach * (h.lack - value * h.reach)) ** 2).sum())) / total)


def balance(h: Hints, classes: int) -> float:
    """The lowest rate of a likeliest class over the highest, -1 to 1; 1 with fewer than two classes of 20 rows to compare."""
    rates = [rate(h.of(h.likely == k)).value for k in range(classes) if (h.likely == k).sum() >= 20]
    if len(rates) < 2 or max(rates) <= 0:
        return 1.0 if len(rates) < 2 else -1.0
    return float(np.clip(min(rates) / max(rates), -1, 1))


def evenness(h: Hints, x: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    """How even the rate is over regions of the rows, 1 (everywhere alike) to 0 (all in some places), and how unsure that is.

    A small tree looks for regions on one half of the rows, the other half measures them, both ways; what the regions' rates vary
    by beyond chance, against the mean rate, is unevenness.
    """
    from sklearn.tree import DecisionTreeRegressor

    overall = rate(h).value
    half = rng.permutation(len(x)) % 2 == 0
    beyond, chance = [], []
    weight = h.reach**2
    wanted = h.lack / np.where(np.abs(h.reach) < 1e-6, 1e-6, h.reach)
    for grown in (half, ~half):
        least = max(LEAF_ROWS, int(0.07 * grown.sum()))
        tree = DecisionTreeRegressor(max_leaf_nodes=6, min_samples_leaf=least, random_state=0)
        leaves = tree.fit(x[grown], wanted[grown], sample_weight=weight[grown] + 1e-12).apply(x)
        regions = [(leaves == leaf) & ~grown for leaf in np.unique(leaves)]
        parts = [at for at in regions if at.sum() >= LEAF_ROWS and weight[at].sum() > 0]
        if not parts:
            return 1.0, 1.0
        rates = [rate(h.of(at)) for at in parts]
        share = np.array([weight[at].sum() for at in parts])
        share /= share.sum()
        values, errors = np.array([r.value for r in rates]), np.array([r.error for r in rates])
        noise = float((share * errors**2).sum())
        beyond.append(max(0.0, float((share * (values - (share * values).sum()) ** 2).sum()) - noise))
        chance.append(noise)
    size = max(abs(overall), 1e-9)
    return float(np.clip(1 - np.sqrt(np.mean(beyond)) / size, 0, 1)), float(np.sqrt(np.mean(chance)) / size)


def floor(h: Hints) -> tuple[float, float, int, float]:
    """Share of contradicting labels among the surest rows, the same among more of them, the number of the surest, and by how many
    standard errors the least sure rows have more.
    """
    order = np.argsort(-np.abs(h.reach), kind="stable")
    few, more = max(1, int(SURE * order.size)), max(1, int(WIDER * order.size))
    a, b = h.wrong[order[:more]], h.wrong[order[-more:]]
    error = float(np.sqrt(a.var() / more + b.var() / more)) or 1e-9
    return float(h.wrong[order[:few]].mean()), float(a.mean()), few, float(b.mean() - a.mean()) / error


def curve(h: Hints, points: int = 20) -> tuple[tuple[float, float], ...]:
    """(share of the rows, surest first; share of contradicting labels in that slice)."""
    order = np.argsort(-np.abs(h.reach), kind="stable")
    parts = [part for part in np.array_split(order, points) if part.size]
    return tuple(((i + 0.5) / len(parts), float(h.wrong[part].mean())) for i, part in enumerate(parts))
