"""Which labels to buy, where they are late or dear: rows that tell most about how the model does, and what they say.

Rows without a label are put into strata by how unlike the reference they are and by how unsure the model is. More are drawn where
losses are expected to differ most (Neyman 1934, doi:10.2307/2342192), but some everywhere, so that nothing is left unseen. Every
row knows how many rows it stands for; the weighted mean of the losses is unbiased, whatever the strata (Horvitz and Thompson
1952, doi:10.1080/01621459.1952.10483446).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from diagnostics.measure import outcome
from diagnostics.measure.samples import as_level, encoder, samples
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

UNLIKE, UNSURE = 3, 4
"""Strata by the domain classifier's score, and by the model's."""

EVEN: Final = 0.3
"""Share of the labels that is drawn in proportion to the rows, so that no stratum is left out."""

LEAST: Final = 2
"""Labels of a stratum, without which its variance would be unknown."""

STRATUM, WEIGHT = "stratum", "stands_for_rows"
DOMAIN_ROWS: Final = 6_000


@dataclass(frozen=True, kw_only=True, eq=False)
class List:
    """rows: those whose labels to buy, as in the table, with the stratum and the rows that each stands for."""

    rows: pd.DataFrame
    unlabelled: int
    strata: int


def to_buy(incident: Incident, count: int, *, seed: int = 0) -> List:
    """`count` rows of the current table. Raises NotApplicable without predictions or rows that lack a label."""
    drawn = samples(incident)
    frame = drawn.current
    found = outcome.partial(incident, drawn)
    answers = found.answers.current
    if answers is None:
        raise NotApplicable(N_("The current table has no predictions to judge."), needs="prediction")
    target = incident.roles.target
    unknown = frame[target].isna().to_numpy() if target is not None and target in frame else np.ones(len(frame), dtype=bool)
    rows = np.flatnonzero(unknown)
    if not rows.size:
        raise NotApplicable(N_("Every row has its label already."), needs="current")
    rng = np.random.default_rng([seed, 22])
    unlike = _unlike(incident, rng)[rows]
    spread = _spread(found, answers)[rows]
    strata = _ranked(unlike, UNLIKE) * UNSURE + _ranked(spread, UNSURE)
    names, place = np.unique(strata, return_inverse=True)
    sizes = np.bincount(place).astype("float64")
    expected = np.array([spread[place == n].mean() for n in range(names.size)])
    take = _allotted(sizes, expected, min(count, rows.size))
    chosen, weights = [], []
    for number in range(names.size):
        inside = rows[place == number]
        picked = np.sort(rng.choice(inside, size=take[number], replace=False))
        chosen.append(picked)
        weights += [inside.size / take[number]] * picked.size
    places = np.concatenate(chosen)
    listed = frame.iloc[places].reset_index(drop=True)
    listed[STRATUM] = [int(names[place[np.searchsorted(rows, p)]]) for p in places]
    listed[WEIGHT] = weights
    if target is not None:
        listed[target] = None
    return List(rows=listed, unlabelled=int(rows.size), strata=int(names.size))


def estimated(incident: Incident, bought: pd.DataFrame) -> Interval:
    """Mean loss of all rows that had no label, from the list with its labels filled in; unbiased, with its interval.

    Raises BadInput where the list is not what `to_buy` gave, or lacks labels.
    """
    target, prediction = incident.roles.target, incident.roles.prediction
    needed = [name for name in (target, prediction, STRATUM, WEIGHT) if name is not None]
    gone = [name for name in needed if name not in bought]
    if gone or target is None or prediction is None:
        raise BadInput(N_("The list lacks the columns {columns:list}: fill in the list as it was downloaded."), columns=gone)
    kept = bought[bought[target].notna()]
    if len(kept) < 2:
        raise BadInput(N_("The list has no labels yet: fill in the column {column:name}."), column=target)
    loss = _losses(incident, kept, target, prediction)
    value = variance = 0.0
    whole = sum(float(part[WEIGHT].iloc[0]) * len(bought[bought[STRATUM] == s]) for s, part in bought.groupby(STRATUM))
    freedom = 0
    for stratum, part in kept.groupby(STRATUM):
        mine = loss[kept.index.get_indexer(part.index)]
        size = float(part[WEIGHT].iloc[0]) * len(bought[bought[STRATUM] == stratum])
        share = size / whole
        value += share * float(mine.mean())
        freedom += mine.size - 1
        if mine.size > 1:
            variance += share**2 * float(mine.var(ddof=1)) / mine.size * max(0.0, 1 - mine.size / size)
        else:
            variance += share**2 * 0.25
    half = float(stdtrit(max(1, freedom), 0.975)) * math.sqrt(variance)
    return Interval(value, max(0.0, value - half), value + half)


def _losses(incident: Incident, rows: pd.DataFrame, target: str, prediction: str) -> NDArray[np.float64]:
    drawn = samples(incident)
    found = outcome.partial(incident, drawn)
    if found.answer is Answer.VALUE:
        return np.asarray(np.abs(rows[prediction].to_numpy("float64") - pd.to_numeric(rows[target]).to_numpy("float64")))
    truth = outcome.match_classes(as_level(rows[target]).to_numpy(dtype=object), found.classes)
    if found.answer is Answer.SCORE:
        answers: NDArray[np.generic] = outcome.as_probability(rows[prediction].to_numpy("float64"))
    else:
        answers = outcome.match_classes(as_level(rows[prediction]).to_numpy(dtype=object), found.classes)
    return outcome.row_loss(found, truth, answers)


def _allotted(sizes: NDArray[np.float64], spread: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Labels of each stratum, at least LEAST where it has as many rows, at most all; about `count` together."""
    fair = sizes / sizes.sum()
    telling = sizes * np.sqrt(np.maximum(spread, 1e-9))
    share = EVEN * fair + (1 - EVEN) * telling / telling.sum()
    least = np.minimum(LEAST, sizes)
    return np.asarray(np.clip(np.round(share * count), least, sizes), dtype=np.intp)


def _ranked(values: NDArray[np.float64], parts: int) -> NDArray[np.intp]:
    """Which of `parts` equal parts each value is in, low to high."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, parts + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.intp)


def _spread(found: outcome.Outcome, answers: NDArray[np.generic]) -> NDArray[np.float64]:
    """Expected variance of each row's loss, up to a factor: of a chance that of a coin, of a value by its distance."""
    if found.answer is Answer.LABEL:
        return np.ones(len(answers))
    values = np.nan_to_num(answers.astype("float64"), nan=0.5)
    if found.answer is Answer.SCORE:
        chance = np.clip(values, 0.0, 1.0)
        return np.asarray(chance * (1 - chance) * (1 - 2 * chance) ** 2 + 0.25 * chance * (1 - chance))
    middle = np.median(values)
    return np.asarray(np.abs(values - middle) + 0.1 * (np.abs(values - middle).mean() or 1.0))


def _unlike(incident: Incident, rng: np.random.Generator) -> NDArray[np.float64]:
    """How unlike the reference each current row is: the score of a classifier that tells the tables apart, by cross-fitting."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    drawn = samples(incident)
    coder = encoder(drawn)
    left, right = coder.matrix(drawn.reference), coder.matrix(drawn.current)
    home = left[rng.permutation(len(left))[:DOMAIN_ROWS]]
    half = rng.integers(0, 2, len(right))
    scores = np.zeros(len(right))
    for part in (0, 1):
        away = right[half != part][:DOMAIN_ROWS]
        if not len(away) or not (half == part).any():
            continue
        matrix = np.concatenate([home, away])
        known = (~np.isnan(matrix)).any(axis=0)
        model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, early_stopping=False, random_state=0)
        model.fit(matrix[:, known], np.repeat([0, 1], [len(home), len(away)]))
        scores[half == part] = model.predict_proba(right[half == part][:, known])[:, 1]
    return scores
