"""Data quality: rows that repeat, contradict or stand apart, gaps, doubtful labels, and leaks that make a score look good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.data_quality.gaps import Gaps, gaps, imputers, scalers, spreads
from diagnostics.clinic.data_quality.judge import EVERY, judged
from diagnostics.clinic.data_quality.leaks import Inflation, Teller, inflations, tellers
from diagnostics.clinic.data_quality.noise import Noise, noise, without_suspects
from diagnostics.clinic.data_quality.rows import Copies, Outliers, apart, conflicting, copies, outliers
from diagnostics.clinic.shared.compare import Compared, Progress, Remedy, compare, quiet
from diagnostics.clinic.shared.models import FAMILIES, pipeline
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, fewer, training_set
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.words import N_

RULES: Final = EVERY

TRIED_ROWS: Final = 2_000
"""Rows on which models are compared: some two hundred trainings are to end within a minute or two. Counts use all drawn."""

NOISE_ROWS: Final = 6_000
"""Rows whose labels are doubted: each is told by a model that never saw it."""


@dataclass(frozen=True)
class Settings:
    """family: of `models.FAMILIES`. rows: drawn at most. repeats: of the five folds."""

    family: str = "boosting"
    rows: int = ROWS
    repeats: int = 2


@dataclass(frozen=True)
class DataQuality:
    """says: message id of the score. compared: cleaning the training rows. imputers: None without gaps in numbers.

    scaling: None without numbers, or where these have about one spread; scaled_by: the family it was measured with. noise: None
    for values. tellers: the columns by what they tell alone, the most telling first.
    """

    data: Described
    family: str
    says: str
    copies: Copies
    outliers: Outliers
    gaps: Gaps
    imputers: Compared | None
    scaling: Compared | None
    scaled_by: str
    spreads: float
    noise: Noise | None
    inflations: tuple[Inflation, ...]
    tellers: tuple[Teller, ...]
    compared: Compared


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> DataQuality:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    metric, seed, family = metric_for(data.task), incident.seed, settings.family
    small, repeats = fewer(data, TRIED_ROWS, seed=seed), max(1, min(settings.repeats, 10))
    before = Remedy("before", N_("all rows as they are"), lambda data, seed: pipeline(data, family, seed=seed))

    def within(start: float, end: float) -> Progress:
        return lambda share, what="", so_far=None: on_progress(start + (end - start) * share, what)

    on_progress(0.0, N_("Looking for copies and contradictions"))
    copied = copies(data, seed=seed)
    on_progress(0.04, N_("Looking for rows that stand apart"))
    strange = outliers(data, seed=seed)
    holes = gaps(data)
    leaks = inflations(small, before, metric, repeats=repeats, seed=seed, on_progress=within(0.06, 0.2))
    telling = tellers(small, family, metric, seed=seed, on_progress=within(0.2, 0.3))
    on_progress(0.3, N_("Doubting the labels"))
    doubted = noise(fewer(data, NOISE_ROWS, seed=seed), before, seed=seed) if data.task is Task.CLASSIFICATION else None
    filled = scaled = None
    if data.numbers and small.features[list(data.numbers)].isna().to_numpy().any():
        first, others = imputers(small, family)
        filled = compare(small, first, others, metric, repeats=repeats, seed=seed, on_progress=within(0.35, 0.6))
    measured, spread = family if FAMILIES[family].scaled else "neighbours", spreads(data)
    if spread > 1.5:
        first, others = scalers(measured)
        scaled = compare(small, first, others, metric, repeats=repeats, seed=seed, on_progress=within(0.6, 0.75))
    cleaned = compare(
        small, before, _cleaning(small, before, copied), metric, repeats=repeats, seed=seed, on_progress=within(0.75, 1.0)
    )
    return DataQuality(
        data.described,
        family,
        metric.says,
        copied,
        strange,
        holes,
        filled,
        scaled,
        measured if scaled else "",
        spread,
        doubted,
        leaks,
        telling,
        cleaned,
    )


def judge(
    p: DataQuality, *, copies_at: float = 0.01, doubt_at: float = 0.005, flattered_at: float = 0.01, tells_at: float = 0.85
) -> list[Finding]:
    """copies_at: share of rows that repeat or contradict each other from which it is said. doubt_at: share of labels with a
    chance below 0.1. flattered_at: points of the score that a random split gives away. tells_at: score of a column alone (0
    chance, 1 perfect), as DataRobot's target-leakage check warns from; what is left without the column decides.
    """
    return judged(p, copies_at=copies_at, doubt_at=doubt_at, flattered_at=flattered_at, tells_at=tells_at)


def rows_at(incident: Incident, settings: Settings, numbers: tuple[int, ...], *, noise: bool = False) -> pd.DataFrame:
    """The rows of those numbers in the training set, every column as in the file. noise: of those that were doubted."""
    data = training_set(incident, rows=settings.rows)
    if noise:
        data = fewer(data, NOISE_ROWS, seed=incident.seed)
    known = [number for number in numbers if 0 <= number < len(data)]
    return data.frame.iloc[data.drawn[known]].reset_index(drop=True)


# --- what cleaning the training rows brings ----------------------------------------------------------------------------------


class _Clipped:
    """A model whose numbers are kept between the 1st and 99th percentile of the rows it was trained on."""

    def __init__(self, inner: Any, numbers: tuple[str, ...]) -> None:
        self.inner, self.numbers = inner, list(numbers)

    def fit(self, features: pd.DataFrame, truth: Any) -> _Clipped:
        held = features[self.numbers]
        self.low, self.high = held.quantile(0.01), held.quantile(0.99)
        self.inner.fit(self._clip(features), truth)
        self.classes_ = getattr(self.inner, "classes_", None)
        return self

    def predict(self, features: pd.DataFrame) -> Any:
        return self.inner.predict(self._clip(features))

    def predict_proba(self, features: pd.DataFrame) -> Any:
        return self.inner.predict_proba(self._clip(features))

    def _clip(self, features: pd.DataFrame) -> pd.DataFrame:
        clipped = features.copy()
        clipped[self.numbers] = features[self.numbers].clip(self.low, self.high, axis=1)
        return clipped


def _cleaning(data: TrainingSet, before: Remedy, copied: Copies) -> list[Remedy]:
    made = []
    if data.numbers:
        made.append(
            Remedy(
                "clipped",
                N_("numbers kept within the 1st and 99th percentile"),
                lambda data, seed: _Clipped(before.build(data, seed), data.numbers),
            )
        )
        made.append(Remedy("apart", N_("trained without rows that stand apart"), before.build, rows=_near_ones))
    if data.task is Task.CLASSIFICATION:
        made.append(without_suspects(before))
    if copied.repeated:
        made.append(Remedy("once", N_("repeated rows trained on once"), before.build, rows=_once))
    if copied.conflicts:
        made.append(Remedy("agreed", N_("trained without rows that contradict each other"), before.build, rows=_agreed))
    return made


def _near_ones(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    return _if_whole(data, train, ~apart(data, train, seed=seed))


def _once(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    from diagnostics.clinic.shared.training_set import identical

    part = data.take(train)
    return _if_whole(data, train, ~pd.Series(identical(part.features, part.truth)).duplicated().to_numpy())


def _agreed(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    return _if_whole(data, train, ~conflicting(data.take(train)))


def _if_whole(data: TrainingSet, train: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rows to keep; all of them where a class would be lost."""
    kept = train[keep]
    if data.task is Task.CLASSIFICATION and len(np.unique(data.truth[kept])) < len(np.unique(data.truth[train])):
        return train
    return kept if len(kept) >= 20 else train
