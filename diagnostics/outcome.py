"""What the model answered and how wrong it was, row by row, for every task in one unit: the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.incident import Answer, Incident, Sides, Task
from diagnostics.samples import Samples, as_level, as_number

LOSS_NAMES: Final = {Answer.LABEL: "error rate", Answer.SCORE: "Brier score", Answer.VALUE: "mean absolute error"}


@dataclass(frozen=True)
class Outcome:
    """Answers and truths of both sides as arrays.

    answer: what the prediction column holds. classes: class names, sorted (empty for regression); positive: the class whose
        probability a score gives, None when the answers are labels of more than two classes.
    truth, answers: shapes (n,); class names (object, None where missing) or float64 (NaN where missing). None for a side
        that lacks the column.
    """

    task: Task
    answer: Answer
    classes: tuple[str, ...]
    positive: str | None
    truth: Sides[NDArray[np.generic] | None]
    answers: Sides[NDArray[np.generic] | None]

    def loss(self, side: str) -> NDArray[np.float64] | None:
        """Loss of each row of "reference" or "current", shape (n,), NaN where unknown; None without truth or answer.

        0 or 1 for a label; squared distance between the probability and the truth (Brier 1950,
        doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2) for a score; absolute error for a value.
        """
        truth, answers = getattr(self.truth, side), getattr(self.answers, side)
        if truth is None or answers is None:
            return None
        return row_loss(self, truth, answers)

    @property
    def loss_name(self) -> str:
        return LOSS_NAMES[self.answer]


def row_loss(outcome: Outcome, truth: NDArray[np.generic], answers: NDArray[np.generic]) -> NDArray[np.float64]:
    """Loss of each row, shape (n,), for any answers in the outcome's unit (logged, replayed or from a surrogate)."""
    if outcome.answer is Answer.VALUE:
        return np.asarray(np.abs(answers.astype("float64") - truth.astype("float64")))
    known = pd.notna(truth)
    if outcome.answer is Answer.SCORE:
        hit = (truth == outcome.positive).astype("float64")
        return np.where(known, (answers.astype("float64") - hit) ** 2, np.nan)
    return np.where(known & pd.notna(answers), (truth != answers).astype("float64"), np.nan)


def outcome(incident: Incident, samples: Samples) -> Outcome:
    """Raises NotApplicable without a target and a prediction in the reference."""
    target, prediction = incident.role("target"), incident.role("prediction")
    task = incident.task or Task.CLASSIFICATION
    answer = incident.answer or Answer.LABEL
    truths = [_side(frame, target, task is Task.REGRESSION) for frame in (samples.reference, samples.current)]
    answers = [_side(frame, prediction, answer is not Answer.LABEL) for frame in (samples.reference, samples.current)]
    classes: tuple[str, ...] = ()
    positive = None
    if task is Task.CLASSIFICATION and truths[0] is not None:
        classes = tuple(sorted({str(v) for v in truths[0] if v is not None}))
        positive = positive_class(classes, incident.roles.positive)
    return Outcome(task, answer, classes, positive, Sides(truths[0], truths[1]), Sides(answers[0], answers[1]))


def positive_class(classes: tuple[str, ...], stated: str | None) -> str | None:
    """The stated class; else of two classes the one that says yes, else the last by name; None for more than two."""
    if stated is not None and stated in classes:
        return stated
    if len(classes) != 2:
        return None
    said_yes = [c for c in classes if c.strip().lower() in {"1", "yes", "true", "y", "t", "positive", "up", ">50k"}]
    return said_yes[0] if len(said_yes) == 1 else classes[-1]


def _side(frame: pd.DataFrame, name: str, numeric: bool) -> NDArray[np.generic] | None:
    if name not in frame or not frame[name].notna().any():
        return None
    return as_number(frame[name]).to_numpy() if numeric else as_level(frame[name]).to_numpy(dtype=object)
