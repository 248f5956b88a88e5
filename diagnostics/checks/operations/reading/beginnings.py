"""Heads told by their beginning alone: in a log whose messages never repeat, the head still does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

LENGTHS_CAP: Final = 16
BEGINNINGS_CAP: Final = 5_000
SURE_AT: Final = 40
"""Lines that must agree on where the head ends before a beginning is trusted."""

CHECK_EVERY: Final = 64
"""One trusted line in so many is read in full all the same."""


class Ended(Protocol):
    @property
    def end(self) -> int: ...


T = TypeVar("T", bound=Ended)


@dataclass
class _Seen(Generic[T]):
    what: T
    agreed: int = 1
    doubtful: bool = False


@dataclass
class Beginnings(Generic[T]):
    """Remembers what was found in lines that begin alike, and answers for the next one that begins so.

    A beginning is trusted when `SURE_AT` lines that have it were read in full, and all of them had the same head.
    """

    lengths: list[int] = field(default_factory=list)
    seen: dict[str, _Seen[T]] = field(default_factory=dict)
    hits: int = 0

    def find(self, shape: str) -> T | None:
        """What is known of a line of this shape (every digit a zero); None when it has to be read."""
        for length in self.lengths:
            known = self.seen.get(shape[:length])
            if known is not None and known.agreed >= SURE_AT and not known.doubtful:
                self.hits += 1
                return known.what if self.hits % CHECK_EVERY else None
        return None

    def learn(self, shape: str, what: T) -> None:
        """A line of this shape was read in full, its head ends at `what.end` (0 for none)."""
        for length in self.lengths:
            if length != what.end and (other := self.seen.get(shape[:length])) is not None:
                other.doubtful = True
        if not what.end:
            return
        beginning = shape[: what.end]
        known = self.seen.get(beginning)
        if known is not None:
            known.agreed += 1
            known.doubtful |= known.what != what
        elif len(self.seen) < BEGINNINGS_CAP:
            if what.end not in self.lengths:
                if len(self.lengths) >= LENGTHS_CAP:
                    return
                self.lengths = sorted([*self.lengths, what.end], reverse=True)
            self.seen[beginning] = _Seen(what)
