"""Whether two similar columns are exchanged, judged by the other columns of the row."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.inputs.swaps.exchange import LEAST, Exchange, Values, distance
from diagnostics.checks.inputs.timeline import ks_noise
from diagnostics.measure.surrogate import one_thread
from diagnostics.nouns.incident import Sides
from diagnostics.nouns.table import Kind

FIT_ROWS: Final = 2_000
LEARNT_FROM: Final = 200
"""Fewer rows overfit the classifier: in tables of 150 rows it finds exchanged pairs by chance."""

COLUMNS: Final = 30
"""Other columns that the classifier sees: of more, those that go along with the difference of the pair most."""

SURE: Final = 3.0
"""Log odds that one row may count for."""


def by_neighbours(
    pair: tuple[str, str], sides: Sides[Values], coded: Sides[pd.DataFrame], kind: Kind, rng: np.random.Generator
) -> Exchange | None:
    """A small boosted classifier learns on the reference to tell rows from the same rows with the pair exchanged.

    Its log odds are summed over the current rows from each row to the last. Half of the reference is kept back to see what it
    says of rows as they are and of exchanged ones: the current rows must look like the exchanged ones, not merely odd.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    one, other = pair
    rest = _company(pair, coded.reference)
    plain = Sides(_matrix(pair, rest, sides.reference, coded.reference), _matrix(pair, rest, sides.current, coded.current))
    old = plain.reference[rng.permutation(len(plain.reference))[: 2 * FIT_ROWS]]
    fit, kept_back = np.array_split(old, 2)
    if len(kept_back) < LEARNT_FROM:
        return None
    learner = HistGradientBoostingClassifier(
        max_iter=40, learning_rate=0.2, max_leaf_nodes=12, min_samples_leaf=10, l2_regularization=1.0, early_stopping=False,
        random_state=0,
    )  # fmt: skip
    with one_thread():
        learner.fit(np.concatenate([fit, _exchanged(fit)]), np.repeat([0, 1], len(fit)))
        as_is, turned, now = (
            _odds(learner.predict_proba(rows)[:, 1]) for rows in (kept_back, _exchanged(kept_back), plain.current)
        )
    spread = float(turned.mean() - as_is.mean())
    # Columns that relate to all others in the same way cannot be distinguished.
    if spread < 0.2:
        return None
    gained = np.cumsum(now[::-1])[::-1]
    start = int(np.argmax(gained))
    # 0: like rows as they are, 1: like exchanged ones. A wrong join or drift lands in between.
    if start and (now[:start].mean() - as_is.mean()) / spread > 0.6:
        start = 0  # The rows before look exchanged as well: a few odd ones among the first are no beginning.
    after, before = now[start:], now[:start]
    if after.size < LEAST or gained[start] < 10:
        return None
    likeness = float((after.mean() - as_is.mean()) / spread)
    usual = float((before.mean() - as_is.mean()) / spread) if start >= max(LEAST, 0.1 * now.size) else 0.0
    if likeness < 0.75 or usual > 0.4:
        return None
    values = {name: sides.current[name][start:] for name in pair}
    apart = [distance(sides.reference[name], values[name], kind) for name in pair]
    back = [distance(sides.reference[one], values[other], kind), distance(sides.reference[other], values[one], kind)]
    if max(back) > 0.1 + ks_noise(after.size, len(plain.reference)):
        return None
    share = after.size / now.size
    return Exchange(
        one=one,
        other=other,
        how="neighbours",
        start=start,
        share=share,
        apart=float(np.mean(apart)),
        fit=float(max(back)),
        gain=float(gained[start]),
    )


def _company(pair: tuple[str, str], frame: pd.DataFrame) -> list[object]:
    names: list[object] = [name for name in frame.columns if name not in pair]
    if len(names) <= COLUMNS:
        return names
    ranks = frame[[*pair, *names]].rank().fillna(0.0)
    links = np.abs(np.nan_to_num(np.corrcoef(ranks.to_numpy(), rowvar=False)[:2, 2:])).max(axis=0)
    return [names[i] for i in np.sort(np.argsort(-links, kind="stable")[:COLUMNS])]


def _matrix(pair: tuple[str, str], rest: list[object], values: Values, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Columns: the pair, their difference, the others."""
    one, other = (_bounded(values[name]) for name in pair)
    return np.column_stack([one, other, one - other, *(frame[name].to_numpy("float64") for name in rest)])


def _bounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    limit = float(np.finfo(np.float32).max) / 4
    return np.clip(values, -limit, limit)


def _exchanged(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    turned = rows.copy()
    turned[:, 0], turned[:, 1], turned[:, 2] = rows[:, 1], rows[:, 0], -rows[:, 2]
    return turned


def _odds(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    safe = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.clip(np.log(safe / (1 - safe)), -SURE, SURE)
