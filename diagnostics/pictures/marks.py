"""What every picture is made of: axes, and marks on them. A shape becomes these; a renderer draws these and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

import numpy as np

from diagnostics.pictures.style import Tone

Place: TypeAlias = float | int | datetime | np.datetime64 | str
"""A number, or a moment (ISO 8601 where it is text)."""

ROOM: Final = 0.04
"""Share of an axis left free beside marks, so that none is cut."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """title: translated; form: "%" and "+%" for shares of 1, "d" for whole numbers, "" as it comes; ticks: (place, label), none
    where the renderer finds them; low, high: ends in values, None where the marks decide; zero: begins at zero.
    """

    title: str = ""
    form: str = ""
    time: bool = False
    log: bool = False
    zero: bool = False
    low: float | None = None
    high: float | None = None
    ticks: tuple[tuple[float, str], ...] = ()
    shown: bool = True
    grid: bool = True

    def units(self, value: Place | None) -> float | None:
        """Seconds since 1970 on an axis of time, the power of ten on a logarithmic one; None for what has no place."""
        if value is None:
            return None
        if self.time:
            return seconds(value)
        number = float(value)  # type: ignore[arg-type]  # moments are on axes of time
        if not math.isfinite(number) or (self.log and number <= 0):
            return None
        return math.log10(number) if self.log else number


def seconds(value: Place) -> float | None:
    """Seconds since 1970 of a moment, as its clock shows it."""
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    if isinstance(value, int | float):
        return float(value)
    at = np.asarray(value, dtype="datetime64[us]")
    return None if np.isnat(at) else float(at.astype("int64")) / 1e6


def moment(units: float) -> str:
    """Seconds since 1970 as ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(units, UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


Symbol: TypeAlias = Literal["circle", "circle-open", "diamond", "square", "x", "triangle-down", "hexagon", "star", "line-ns"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line through points; a None among `y` breaks it. name: what the pointer shows; dash: "", "dot" or "dash"; steps: drawn in
    steps, each value until the next place.
    """

    x: Sequence[Place]
    y: Sequence[float | None]
    tone: Tone
    name: str = ""
    width: float = 2.0
    dash: str = ""
    steps: bool = False
    opacity: float = 1.0
    hover: bool = False


@dataclass(frozen=True, kw_only=True)
class Band:
    """The surface between `low` and `high`."""

    x: Sequence[Place]
    low: Sequence[float]
    high: Sequence[float]
    tone: Tone
    opacity: float = 0.18


@dataclass(frozen=True, kw_only=True)
class Points:
    """Marks. tones: one each; hover: a text each, or () for the numbers; inside: a text in each mark, or ()."""

    x: Sequence[Place]
    y: Sequence[Place]
    tones: Sequence[Tone]
    symbol: Symbol = "circle"
    size: float = 11.0
    name: str = ""
    hover: Sequence[str] = ()
    inside: Sequence[str] = ()
    opacity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """Rectangles: (x0, x1, y0, y1) each. hover: a text each."""

    ends: Sequence[tuple[float, float, float, float]]
    tones: Sequence[Tone]
    flat: bool = True
    name: str = ""
    hover: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Cross:
    """A line through the whole picture at a place of an axis; its label stands outside: above, or to the right."""

    at: Place
    axis: Literal["x", "y"]
    tone: Tone
    label: str = ""
    dash: str = ""
    width: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """A pale stretch of an axis through the whole picture."""

    low: Place
    high: Place
    axis: Literal["x", "y"]
    tone: Tone
    opacity: float = 0.12


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A map: z per row (y) and column (x), None where nothing is known; `low` is pale, `high` in the tone."""

    x: Sequence[float]
    y: Sequence[float]
    z: Sequence[Sequence[float | None]]
    low: float
    high: float
    tone: Tone = Tone.CURRENT


@dataclass(frozen=True, kw_only=True)
class Note:
    """Words in the picture, above `y`, from the left edge where x is None, else about it."""

    y: float
    text: str
    x: Place | None = None
    tone: Tone = Tone.TEXT


Mark: TypeAlias = Line | Band | Points | Boxes | Cross | Span | Cells | Note


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Words to the right of the picture, at a height of it."""

    y: float
    text: str
    tone: Tone = Tone.TEXT


@dataclass(frozen=True, kw_only=True)
class Key:
    """An entry of the key above the picture."""

    name: str
    tone: Tone
    symbol: Symbol = "square"


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One pair of axes and what is on it; height in pixels, without the key. apart: the words beside may be moved apart."""

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    beside: tuple[Beside, ...] = ()
    key: tuple[Key, ...] = ()
    height: float = 340.0

    @property
    def numbered(self) -> bool:
        """Marks hold texts that no line may cross."""
        return any(isinstance(mark, Points) and mark.inside for mark in self.marks)

    @property
    def above(self) -> tuple[Cross, ...]:
        """Lines with words above the picture, from left to right."""
        named = [mark for mark in self.marks if isinstance(mark, Cross) and mark.axis == "x" and mark.label]
        return tuple(sorted(named, key=lambda mark: self.x.units(mark.at) or 0.0))

    @property
    def right(self) -> tuple[Beside, ...]:
        """All words to the right, those of lines across among them."""
        named = [m for m in self.marks if isinstance(m, Cross) and m.axis == "y" and m.label]
        lines = [Beside(y=float(m.at), text=m.label, tone=m.tone) for m in named]  # type: ignore[arg-type]  # y holds numbers
        return (*self.beside, *lines)

    def ends(self, letter: Literal["x", "y"]) -> tuple[float, float]:
        """Both ends of an axis in its units, low first: as it says, else around all that is on it."""
        axis = self.x if letter == "x" else self.y
        given = [None if end is None else axis.units(end) for end in (axis.low, axis.high)]
        found = [units for value in _on(self.marks, letter) if (units := axis.units(value)) is not None]
        low, high = (min(found), max(found)) if found else (0.0, 1.0)
        if axis.zero and not axis.log:
            low, high = min(low, 0.0), max(high, 0.0)
        if high <= low:
            room = 0.1 * abs(low) or 0.5
            low, high = (0.0 if axis.zero and low == 0 else low - room), high + room
        room = ROOM * (high - low)
        # Bars stand on zero; a mark there needs half its size of room.
        rest = 0.0 if any(isinstance(mark, Boxes) for mark in self.marks) else room / 2
        low, high = (-rest if axis.zero and low == 0 else low - room), (rest if axis.zero and high == 0 else high + room)
        return (low if given[0] is None else given[0]), (high if given[1] is None else given[1])

    def share(self, letter: Literal["x", "y"], value: Place) -> float:
        """Where a value lies between the ends of its axis, 0 to 1."""
        low, high = self.ends(letter)
        units = (self.x if letter == "x" else self.y).units(value)
        return 0.0 if units is None else min(1.0, max(0.0, (units - low) / ((high - low) or 1.0)))


def _on(marks: Iterable[Mark], letter: Literal["x", "y"]) -> Iterator[Place | None]:
    across = letter == "x"
    for mark in marks:
        match mark:
            case Line() | Points():
                yield from mark.x if across else mark.y
            case Band():
                yield from mark.x if across else (*mark.low, *mark.high)
            case Boxes():
                for x0, x1, y0, y1 in mark.ends:
                    yield from (x0, x1) if across else (y0, y1)
            case Cross():
                yield from (mark.at,) if mark.axis == letter else ()
            case Span():
                yield from (mark.low, mark.high) if mark.axis == letter else ()
            case Cells():
                yield from mark.x if across else mark.y
            case Note():
                yield from ()


LABEL_PIXELS: Final = 18.0
"""Height of a line of text in a picture."""


def apart(wanted: Sequence[tuple[float, float]]) -> list[float]:
    """Heights of words beside each other, moved apart: (height in pixels, lines of text) each, in any order."""
    placed = [at for at, _ in wanted]
    order = sorted(range(len(wanted)), key=lambda place: wanted[place][0])
    end = -math.inf
    for place in order:
        at, tall = wanted[place]
        half = LABEL_PIXELS * tall / 2
        placed[place] = max(at, end + half)
        end = placed[place] + half
    return placed


def levels(wanted: Sequence[tuple[float, float]]) -> list[int]:
    """The line above the picture for each of the words along it: the first that is free. wanted: (left, right) in pixels."""
    ends: list[float] = []
    found = []
    for left, right in wanted:
        free = next((level for level, end in enumerate(ends) if left >= end + 8), len(ends))
        if free == len(ends):
            ends.append(right)
        ends[free] = right
        found.append(free)
    return found
