"""Online learning beside a fixed model: each row is predicted first, then learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.shared.models import preparation
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task
from diagnostics.nouns.intervals import Interval

FIRST: Final = 0.4
"""Share of the rows, the earliest, that both learn from."""

BLOCKS: Final = 20
LEAST: Final = 200


@dataclass(frozen=True, kw_only=True)
class Online:
    """A model that goes on learning beside one left as it was, on blocks of later rows."""

    rows: int
    fixed: tuple[float, ...]
    """Score in each block of the one left as it was: share of right predictions, or mean absolute error in standard deviations of
    the target.
    """

    online: tuple[float, ...]
    """The same of the one that goes on learning."""

    ends: tuple[float, ...]
    """Last row of each block, as a share of all rows."""

    gain: Interval
    """Gain of the one that goes on learning, positive is better; its interval allows for neighbouring blocks being alike."""

    higher: bool
    """Whether a higher score is better."""


def online(data: TrainingSet, *, seed: int = 0) -> Online | None:
    """None without times, or with fewer than `LEAST` rows. Test-then-train (Gama et al. 2013, doi:10.1007/s10994-012-5320-9)."""
    if data.order is None or len(data) < LEAST:
        return None
    rows = np.argsort(data.order, kind="stable")
    start = int(FIRST * len(rows))
    first, later = rows[:start], rows[start:]
    if data.task is Task.CLASSIFICATION and len(np.unique(data.truth[first])) < 2:
        return None
    prepare = preparation(data, scaled=True)
    known = data.take(first)
    matrix = np.asarray(prepare.fit_transform(replace(known).features), dtype="float64")
    rest = np.asarray(prepare.transform(data.features.iloc[later]), dtype="float64")
    # Later rows may lie far from what the scaler saw; one of them must not throw the learner off.
    rest = np.clip(rest, -10, 10)
    truth = data.truth
    middle, spread = 0.0, 1.0
    if data.task is Task.REGRESSION:
        values = data.truth.astype("float64")
        middle, spread = float(values[first].mean()), float(values[first].std()) or 1.0
        truth = (values - middle) / spread
    fixed, moving = (_learner(data, np.clip(matrix, -10, 10), truth[first], seed) for _ in range(2))
    blocks = np.array_split(np.arange(len(later)), BLOCKS)
    scores: list[list[float]] = [[], []]
    for block in blocks:
        right = truth[later[block]]
        for index, learner in enumerate((fixed, moving)):
            scores[index].append(_score(learner.predict(rest[block]), right, data.task))
        # In small parts, as they would come in.
        for part in np.array_split(block, max(1, len(block) // 20)):
            moving.partial_fit(rest[part], truth[later[part]])
    higher = data.task is Task.CLASSIFICATION
    sign = 1.0 if higher else -1.0
    apart = sign * (np.array(scores[1]) - np.array(scores[0]))
    ends = tuple(float(start + block[-1] + 1) / len(rows) for block in blocks)
    return Online(rows=len(later), fixed=tuple(scores[0]), online=tuple(scores[1]), ends=ends, gain=serial(apart), higher=higher)


def _learner(data: TrainingSet, matrix: NDArray[np.float64], truth: NDArray[np.generic], seed: int) -> Any:
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    if data.task is Task.CLASSIFICATION:
        made = SGDClassifier(loss="log_loss", alpha=1e-4, learning_rate="constant", eta0=0.01, random_state=seed)
        classes = {"classes": np.arange(len(data.classes))}
    else:
        made = SGDRegressor(alpha=1e-4, learning_rate="constant", eta0=0.005, random_state=seed)
        classes = {}
    rng = np.random.default_rng((seed, 51))
    for _ in range(10):
        drawn = rng.permutation(len(matrix))
        made.partial_fit(matrix[drawn], truth[drawn], **classes)
    return made


def _score(predicted: NDArray[np.generic], right: NDArray[np.generic], task: Task) -> float:
    if task is Task.CLASSIFICATION:
        return float(np.mean(predicted == right))
    return float(np.mean(np.abs(predicted.astype("float64") - right.astype("float64"))))


def serial(values: NDArray[np.float64], *, lags: int = 2) -> Interval:
    """Mean of a series with the interval of Newey and West 1987 (doi:10.2307/1913610), t with a degree less than blocks."""
    from scipy.stats import t

    n = values.size
    centred = values - values.mean()
    variance = float(centred @ centred) / n
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag]) / n
    reach = float(t.ppf(0.975, n - 1)) * float(np.sqrt(max(variance, 0.0) / (n - 1)))
    middle = float(values.mean())
    return Interval(middle, middle - reach, middle + reach)
