"""Windows of time: when a batch begins and ends where hours, days and weeks are cut in somebody's time zone.

The rows' times have no zone (`nouns.table`): they are what a clock on the wall of the watch's zone showed. So windows are cut in
that clock, half open, and no row can be in two of them; a zone is only needed to know when a window is over, and which hours of
a day there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_


class Every(StrEnum):
    """How long a batch is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        """Its length by the clock on the wall."""
        return LENGTHS[self]


LENGTHS: Final = {Every.HOUR: timedelta(hours=1), Every.DAY: timedelta(days=1), Every.WEEK: timedelta(days=7)}


def zone_of(name: str) -> ZoneInfo:
    """Raises BadInput for a name that no time zone has."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            N_("There is no time zone {name:name}: write one such as Europe/Berlin, Asia/Shanghai or UTC."), name=name
        ) from error


def floor(when: datetime, every: Every) -> datetime:
    """Beginning of the window that holds `when`, a time without zone; weeks begin on Monday."""
    if every is Every.HOUR:
        return when.replace(minute=0, second=0, microsecond=0)
    day = when.replace(hour=0, minute=0, second=0, microsecond=0)
    return day if every is Every.DAY else day - timedelta(days=day.weekday())


def windows(first: datetime, last: datetime, every: Every, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """(begin, end) of every window from that of `first` to that of `last`, both without zone.

    An hour that the clock jumps over in spring is no window; the hour that it shows twice in autumn is one, twice as long.
    """
    begin = floor(first, every)
    while begin <= last:
        end = begin + every.length
        if exists(begin, zone) or exists(end - timedelta(microseconds=1), zone):
            yield begin, end
        begin = end


def exists(when: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock of `zone` ever shows `when`, a time without zone."""
    return instant(when, zone).astimezone(zone).replace(tzinfo=None, fold=0) == when.replace(fold=0)


def instant(when: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clock of `zone` shows `when` for the last time, with its zone UTC."""
    return when.replace(tzinfo=zone, fold=1).astimezone(UTC)


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock of `zone` shows at `moment` (aware), without zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
