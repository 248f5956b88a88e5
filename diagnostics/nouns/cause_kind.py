"""CauseKind: a kind of cause, as a row of the catalogue of causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    DATA = "data"
    POPULATION = "population"
    CONCEPT = "concept"
    MODEL = "model"
    TRAINING = "training"
    CODE = "code"
    OPERATIONS = "operations"


def nothing() -> tuple[CauseKind, ...]:
    return ()


def no_marks() -> Mapping[CauseKind, float]:
    return {}


@dataclass(frozen=True, kw_only=True, eq=False)
class CauseKind:
    """A kind of cause. There is one object of each, so that two are equal when they are the same."""

    code: str
    """The contract's code."""

    family: Family
    title: str
    """A few words, as a message id."""

    plural: str = ""
    """The sentence where one fault hit several columns at once, with {count} and {columns}; "" where that cannot be one fault."""

    imitates: Callable[[], tuple[CauseKind, ...]] = nothing
    """What it looks like as well: if this one is true, signs of those are seen too. A function, as two kinds may imitate each
    other.
    """

    leaves: Callable[[], Mapping[CauseKind, float]] = no_marks
    """Faults whose signs it leaves in the same column: what share of their signature still counts, 0 to 1."""

    like_drift: bool = False
    """A change of the world may leave the same marks: it counts only in columns that the model is shown to use."""

    like_moved_rows: bool = False
    """When other rows arrive, a single column may look as if this had happened to it."""

    plain: bool = False
    """It is read off the names and words themselves: a few rows show it as surely as many."""

    def __repr__(self) -> str:
        return f"CauseKind({self.code})"
