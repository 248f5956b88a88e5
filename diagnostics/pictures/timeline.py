"""What began, was deployed and was noted, on one axis: row by row for a report, as numbered marks for a review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from diagnostics.nouns.rule import Lane as Of
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures.marks import Axis, Symbol, seconds
from diagnostics.pictures.shapes import Lane, Lanes, Limit, Shape, Stay
from diagnostics.pictures.style import Tone
from diagnostics.timeline import LANES, Timeline, label

LABEL_CAP: Final = 44
LOOKS: Final[Mapping[Of, tuple[Symbol, Tone]]] = {
    Of.DEPLOY: ("diamond", Tone.REFERENCE),
    Of.DATA: ("circle", Tone.CURRENT),
    Of.METRIC: ("square", Tone.WATCH),
    Of.ERRORS: ("x", Tone.FAULT),
    Of.ACCURACY: ("triangle-down", Tone.FAULT),
    Of.MODEL: ("hexagon", Tone.FINE),
    Of.NOTED: ("star", Tone.TEXT),
}

REVIEW: Final[Sequence[tuple[str, Symbol, Tone]]] = (
    (N_("detected"), "circle", Tone.FAULT),
    (N_("deployed"), "diamond", Tone.REFERENCE),
    (N_("noted"), "square", Tone.CURRENT),
)
ROWS: Final[Mapping[Of, int]] = {Of.DEPLOY: 1, Of.NOTED: 2}
"""Row of a lane in a review, from the top; everything that was detected is in row 0."""

NEAR: Final = 0.035
"""Share of the axis that a mark is wide, on half of a projector's screen."""

LINES: Final = 5
"""Lines of marks in a row at most: marks too close together to be side by side stand one below the other."""


def rows(p: Timeline, words: Words) -> Shape | None:
    """A row for each thing that began, its words above its mark, deploys as lines through all rows; None with fewer than two."""
    if len(p.moments) < 2:
        return None
    first, last = _span(p, 12, timedelta(minutes=2))
    lanes = []
    for moment in p.moments:
        symbol, tone = LOOKS[moment.lane]
        end = moment.until or (None if moment.lane in (Of.DEPLOY, Of.NOTED) else last)
        said = moment.finding.statement(words) if moment.finding else moment.what
        more = f" +{moment.also}" if moment.also else ""
        named = f"{words(LANES[moment.lane])} · {shorten(label(moment, words), cap=LABEL_CAP)}{more}"
        stay = Stay(start=moment.time, end=end, tone=tone, symbol=symbol, hover=f"{words.time(moment.time)}: {said}")
        lanes.append(Lane(label=named, stays=(stay,)))
    x = Axis(time=True, low=seconds(first), high=seconds(last))
    return Lanes(lanes=lanes, x=x, labels_above=True, moments=_deploys(p), onset=p.signs[0].time if p.signs else None)


def review(p: Timeline, words: Words) -> Shape | None:
    """Three rows of numbered marks over one axis, the numbers of the list beside it; None when nothing has a time."""
    if not p.moments:
        return None
    first, last = _span(p, 12, timedelta(hours=1))
    placed = _placed(p, (last - first) * NEAR)
    lanes = []
    for row, (name, symbol, tone) in enumerate(REVIEW):
        for level in range(1 + max((at for of, at in placed if of == row), default=0)):
            stays = [
                Stay(
                    start=moment.time,
                    tone=tone,
                    symbol=symbol,
                    hover=f"{words.time(moment.time)}: {label(moment, words)}",
                    inside=str(number),
                )
                for number, (moment, place) in enumerate(zip(p.moments, placed, strict=True), start=1)
                if place == (row, level)
            ]
            lanes.append(Lane(label="" if level else words(name), stays=stays, tall=0.75))
    return Lanes(lanes=lanes, x=Axis(time=True, low=seconds(first), high=seconds(last)), moments=_deploys(p), onset=p.onset)


def _deploys(p: Timeline) -> list[Limit]:
    return [Limit(at=moment.time, tone=Tone.REFERENCE) for moment in p.moments if moment.lane is Of.DEPLOY]


def _placed(p: Timeline, wide: timedelta) -> list[tuple[int, int]]:
    """The row of each mark, and its line within it: the first that is free there."""
    ends: dict[tuple[int, int], datetime] = {}
    placed = []
    for moment in p.moments:
        row = ROWS.get(moment.lane, 0)
        free = [level for level in range(LINES) if abs(moment.time - ends.get((row, level), datetime.min)) >= wide]
        placed.append((row, free[0] if free else LINES - 1))
        ends[placed[-1]] = moment.time
    return placed


def _span(p: Timeline, part: int, least: timedelta) -> tuple[datetime, datetime]:
    """First and last time of the axis, with room on either side."""
    times = [time for moment in p.moments for time in (moment.time, moment.until) if time is not None]
    room = max((max(times) - min(times)) / part, least)
    return min(times) - room, max(times) + room
