"""Cause: a hypothesis that explains findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Value, Words


class Family(StrEnum):
    DATA = "data"
    POPULATION = "population"
    CONCEPT = "concept"
    MODEL = "model"
    TRAINING = "training"
    CODE = "code"
    OPERATIONS = "operations"


@dataclass(frozen=True)
class Replay:
    """Mean loss of the current rows before and after the cause was undone, and of the reference, each with its 95% interval.

    unit: what the loss is ("error rate", "Brier score", "mean absolute error", "distance of the scores").
    """

    unit: str
    reference: Interval
    before: Interval
    after: Interval


@dataclass(frozen=True)
class Likeness:
    """AUC of telling the affected current rows from the reference: before and after the fault was taken out (0.5: alike).

    floor: what chance passes once in forty times.
    """

    before: float
    after: float
    floor: float

    @property
    def explained(self) -> float | None:
        """Share of what is above the floor that is gone; negative where the rows became less alike; None where they hardly
        differed in the first place.
        """
        if self.before < self.floor + 0.01:
            return None
        gone = (self.before - max(self.after, self.floor)) / (self.before - self.floor)
        return min(1.0, max(-1.0, gone))


@dataclass(frozen=True)
class Cause:
    """One entry of the board.

    says and evidence make the statement, as in a Finding; remedy is a message id with the same values. confidence and explains
    lie between 0 and 1; explains is None where the cause could not be replayed. supports and against hold rule codes.
    """

    code: str
    family: Family
    confidence: float
    says: str
    remedy: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    segment: str | None = None
    since: datetime | None = None
    explains: float | None = None
    replay: Replay | None = None
    likeness: Likeness | None = None
    supports: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    next_check: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))

    def statement(self, words: Words) -> str:
        """What happened, and since when where that is known."""
        what = words.sentence(self.says, self.evidence)
        told = self.since is None or "{since:time}" in self.says
        return what if told else words(N_("Since {since:time}: {what}"), since=self.since, what=what)

    def proof(self, words: Words) -> tuple[str, ...]:
        """What the undo showed, one sentence each; empty where it could not be tried."""
        told = []
        if self.explains is not None and self.replay is not None:
            told.append(
                words(
                    N_(
                        "Undoing this wins back {share:percent} of what was lost: the {unit:term} was {reference:number} in the "
                        "reference, is {before:number} now, and {after:number} after the undo."
                    ),
                    share=self.explains,
                    unit=self.replay.unit,
                    reference=self.replay.reference.value,
                    before=self.replay.before.value,
                    after=self.replay.after.value,
                )
            )
        elif self.explains is not None:
            told.append(words(N_("It accounts for {share:percent} of what was lost."), share=self.explains))
        explained = self.likeness.explained if self.likeness else None
        if self.likeness is not None and explained is not None:
            says = N_(
                "Of pairs of one such row and one of the reference, a small model puts {before:percent} the right way round; "
                "with this undone it is {after:percent}, and 50% is guessing."
            )
            told.append(words(says, before=self.likeness.before, after=max(0.5, self.likeness.after)))
        return tuple(told)

    def remedy_text(self, words: Words) -> str:
        return words.sentence(self.remedy, self.evidence)


TITLES: Final[Mapping[str, str]] = {
    "schema_change": N_("The schema changed"),
    "unit_change": N_("A column changed its unit"),
    "refit_scaler": N_("A scaler was fitted again"),
    "swapped_columns": N_("Two columns are swapped"),
    "misjoined_column": N_("A column was joined to the wrong rows"),
    "recoded_categories": N_("Categories go by other names"),
    "unseen_categories": N_("New categories appeared"),
    "missing_values": N_("Values are missing"),
    "default_fill": N_("Values were replaced by a default"),
    "stale_feature": N_("A column stopped changing"),
    "format_change": N_("The format of the values changed"),
    "out_of_range": N_("Impossible values"),
    "precision_loss": N_("Values lost their precision"),
    "clipped_values": N_("Values are cut off at a bound"),
    "time_shift": N_("Times are shifted"),
    "duplicated_rows": N_("Rows are repeated"),
    "covariate_drift": N_("The population moved"),
    "selection_bias": N_("Another group of rows arrives"),
    "prior_shift": N_("The class shares moved"),
    "concept_drift": N_("The relation to the target changed"),
    "label_delay": N_("Recent labels are not final"),
    "model_mismatch": N_("Another model answers"),
    "miscalibration": N_("The scores are no longer calibrated"),
    "overfitting": N_("The model learnt its training rows by heart"),
    "underfitting": N_("The model is too simple"),
    "class_imbalance": N_("The rare class is hardly ever predicted"),
    "label_noise": N_("Labels contradict the features"),
    "target_leakage": N_("A column knew the answer"),
    "train_test_overlap": N_("The same rows in training and evaluation"),
    "preprocessing_leakage": N_("Something was fitted before the split"),
    "environment_mismatch": N_("The environments differ"),
    "config_mismatch": N_("The configurations differ"),
    "memory_leak": N_("Memory leaks"),
    "resource_saturation": N_("A resource is exhausted"),
    "latency_regression": N_("Answers became slower"),
    "error_burst": N_("Errors burst"),
    "vanishing_gradient": N_("Gradients vanish"),
    "exploding_gradient": N_("Gradients explode"),
    "dead_units": N_("Units are dead"),
    "learning_rate_too_high": N_("The learning rate is too high"),
    "learning_rate_too_low": N_("The learning rate is too low"),
    "unstable_training": N_("Training is unstable"),
    "stopped_too_early": N_("Training stopped too early"),
}
"""Codes of the contract with their titles."""
