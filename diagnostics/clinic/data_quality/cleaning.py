"""Ways to clean the training rows, each to be tried on held-out rows that stay as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.data_quality.noise import without_suspects
from diagnostics.clinic.data_quality.rows import Copies, find_conflicts, flag_outliers
from diagnostics.clinic.shared.compare import Remedy
from diagnostics.clinic.shared.training_set import TrainingSet, identical
from diagnostics.nouns.incident import Task
from diagnostics.nouns.words import N_


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


def propose_cleaning(data: TrainingSet, before: Remedy, copied: Copies) -> list[Remedy]:
    made = []
    if data.numbers:
        made.append(
            Remedy(
                name="clipped",
                says=N_("numbers kept within the 1st and 99th percentile"),
                build=lambda data, seed: _Clipped(before.build(data, seed), data.numbers),
            )
        )
        made.append(
            Remedy(name="apart", says=N_("trained without rows that stand apart"), build=before.build, rows=_drop_outliers)
        )
    if data.task is Task.CLASSIFICATION:
        made.append(without_suspects(before))
    if copied.repeated:
        made.append(Remedy(name="once", says=N_("repeated rows trained on once"), build=before.build, rows=_keep_first))
    if copied.conflicts:
        made.append(
            Remedy(
                name="agreed",
                says=N_("trained without rows that contradict each other"),
                build=before.build,
                rows=_drop_conflicts,
            )
        )
    return made


def _drop_outliers(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    return _unless_class_lost(data, train, ~flag_outliers(data, train, seed=seed))


def _keep_first(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    part = data.take(train)
    return _unless_class_lost(data, train, ~pd.Series(identical(part.features, part.truth)).duplicated().to_numpy())


def _drop_conflicts(data: TrainingSet, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    return _unless_class_lost(data, train, ~find_conflicts(data.take(train)))


def _unless_class_lost(data: TrainingSet, train: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rows to keep; all of them where a class would be lost."""
    kept = train[keep]
    if data.task is Task.CLASSIFICATION and len(np.unique(data.truth[kept])) < len(np.unique(data.truth[train])):
        return train
    return kept if len(kept) >= 20 else train
