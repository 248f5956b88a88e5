"""Cause: a hypothesis that explains findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from diagnostics.causes.weighing import Part
from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Value, Words


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

    floor: the 97.5th percentile under the null.
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


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One entry of the board.

    says and evidence make the statement, as in a Finding; remedy is a message id with the same values. confidence and explains
    lie between 0 and 1; explains is None where the cause could not be replayed. supports and against hold rule codes.
    """

    kind: CauseKind
    confidence: float
    says: str
    remedy: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    segment: str | None = None
    since: datetime | None = None
    ramp: bool = False
    """It grows slowly from then on, rather than at once."""

    explains: float | None = None
    replay: Replay | None = None
    likeness: Likeness | None = None
    supports: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    weighed: tuple[Part, ...] = ()
    """What its confidence consists of, the most telling first."""

    next_check: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def family(self) -> Family:
        return self.kind.family

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
