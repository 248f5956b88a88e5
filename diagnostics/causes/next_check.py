"""The one input that would decide most about a cause that is not sure yet."""

from __future__ import annotations

from typing import Final

from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.nouns.cause_kind import Family
from diagnostics.nouns.words import N_

SURE: Final = 0.9
"""A cause given at least this needs nothing more to be acted on."""

LABELS: Final = N_(
    "Add the true answers of the current rows, even of a part of them: they tell moved rows from a moved relation, and show "
    "whether the undo brings the performance back."
)
ANSWERS: Final = N_("Add the model's logged answers to both tables: they tell a fault in the inputs from another model.")
TIMES: Final = N_("Add the time of each row: a fault that began at one moment points at a release, a slow one at the population.")
MODEL: Final = N_("Upload the model that served (model.onnx or model.skops): then it scores the undo, not a stand-in.")
ONLINE: Final = N_("Log the online features of rows whose offline features you have, with their id, to compare the two.")
LOGS: Final = N_("Upload the service's logs and metrics of the days around the onset.")


def next_check(case: Case, told: Hypothesis, confidence: float) -> str | None:
    """A message id, None where the cause is sure enough."""
    if confidence >= SURE or case.samples is None:
        return None
    if told.family is Family.OPERATIONS:
        return LOGS
    known = case.outcome
    if known is None or known.truth.current is None:
        return LABELS
    if known.answers.current is None:
        return ANSWERS
    if case.incident.roles.timestamp is None:
        return TIMES
    if case.incident.model is None:
        return MODEL
    return ONLINE if told.family is Family.DATA else None
