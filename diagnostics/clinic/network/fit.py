"""The small network with dropout, beside scikit-learn's, which has none: the lab's library as a model with fit and predict."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.clinic.network.settings import Network
from diagnostics.clinic.shared.models import FAMILIES, preparation
from diagnostics.clinic.shared.training_set import TrainingSet
from diagnostics.nouns.incident import Task

DROPPED: Final = 0.3
"""Share of the units left out in each step. Half suits wide layers (Srivastava et al. 2014, JMLR 15:1929); this one has 32."""


class Dropped:
    """The family `network` as it is by default, with dropout after its hidden layer."""

    def __init__(self, data: TrainingSet, seed: int) -> None:
        self.data, self.seed = data, seed

    def fit(self, features: pd.DataFrame, truth: NDArray[np.generic]) -> Dropped:
        """features: those of the training rows; truth: codes or values, shape (n,)."""
        # JAX takes half a second to import and is wanted in the run's own process only.
        from diagnostics.clinic.network.train import Rows, learn

        self.prepared_ = preparation(self.data, scaled=True).fit(features)
        x = self._inputs(features)
        classes = self.data.task is Task.CLASSIFICATION
        if classes:
            self.classes_, y = np.unique(np.asarray(truth), return_inverse=True)
            y = y.astype("int32")
            self.predict_proba = self._chances
        else:
            values = np.asarray(truth, dtype="float64")
            self.mean_, self.spread_ = float(values.mean()), max(float(values.std()), 1e-12)
            y = ((values - self.mean_) / self.spread_).astype("float32")
        usual = FAMILIES["network"].settings
        settings = Network(
            depth=int(usual["depth"]),
            width=int(usual["width"]),
            rate=float(usual["learning_rate"]),
            batch=int(usual["batch_size"]),
            epochs=int(usual["max_iter"]),
            dropout=DROPPED,
        )
        rows = Rows(x=x, y=y, x_held=x[:0], y_held=y[:0], classes=len(self.classes_) if classes else 0)
        self.answer_ = learn(rows, settings, seed=self.seed)
        return self

    def predict(self, features: pd.DataFrame) -> Any:
        """Codes or values, shape (n,)."""
        raw = self.answer_(self._inputs(features))
        if self.data.task is Task.CLASSIFICATION:
            return self.classes_[raw.argmax(axis=1)]
        return raw[:, 0] * self.spread_ + self.mean_

    def _chances(self, features: pd.DataFrame) -> NDArray[np.float64]:
        raw = self.answer_(self._inputs(features))
        raised = np.exp(raw - raw.max(axis=1, keepdims=True))
        chances: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return chances

    def _inputs(self, features: pd.DataFrame) -> NDArray[np.float32]:
        return np.asarray(self.prepared_.transform(features), dtype="float32")
