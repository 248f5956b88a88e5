"""One thing that went wrong in a run, with the numbers that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from diagnostics.nouns.entry import Entry, Unit, shown
from diagnostics.nouns.words import N_, Value


@dataclass(frozen=True, kw_only=True)
class Evidence(Entry):
    """The numbers behind a problem; those that a problem does not need are None."""

    epoch: float | None = shown(N_("From"), optional=True)
    last: float | None = shown(N_("Last point"), optional=True)
    first: float | None = shown(N_("Loss at the beginning"), optional=True)
    end: float | None = shown(N_("Loss at the end"), optional=True)
    own: float | None = shown(N_("Training loss at the end"), optional=True)
    low: float | None = shown(N_("Lowest validation loss"), optional=True)
    held: float | None = shown(N_("Validation loss at the end"), optional=True)
    worst: float | None = shown(N_("Highest loss"), optional=True)
    later: float | None = shown(N_("Loss expected after as long again"), optional=True)
    speed: float | None = shown(N_("Fall of the loss per point at the end"), Unit.SHARE, optional=True)
    gain: float | None = shown(N_("Gain of as long again, by what was gained"), Unit.SHARE, optional=True)
    move: float | None = shown(N_("Change of the loss after the first tenth"), Unit.SHARE, optional=True)
    jumps: float | None = shown(N_("Points that jump up"), Unit.SHARE, optional=True)
    score: float | None = shown(N_("Score at the end"), Unit.SHARE, optional=True)
    rate: float | None = shown(N_("Highest learning rate"), optional=True)
    update: float | None = shown(N_("Largest update over the size of the weights"), optional=True)
    largest: float | None = shown(N_("Largest gradient"), optional=True)
    share: float | None = shown(N_("Share"), Unit.SHARE, optional=True)
    layer: str | None = shown(N_("Layer"), Unit.NAME, optional=True)

    def as_arguments(self) -> dict[str, Any]:
        """The numbers, to make a record that holds more beside them."""
        return {one.name: getattr(self, one.name) for one in fields(Evidence)}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that went wrong.

    code: of the contract, or one of the other keys of check.BY_CODE.
    confidence: chance that it is this, between 0 and 1.
    epoch: where the stretch begins that shows it, in the history's unit; until: where it ends.
    says: the sentence, a message id.
    evidence: its numbers.
    """

    code: str
    confidence: float
    epoch: float
    until: float
    says: str
    evidence: Evidence = Evidence()

    @property
    def numbers(self) -> Mapping[str, Value]:
        """The numbers that are there, by the names that the sentence uses."""
        return self.evidence.evidence
