"""Times at the head of log lines, in the formats that services write."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

_SHORT: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS: Final = {name: number for number, name in enumerate(_SHORT, start=1)}
EPOCH: Final = datetime(1970, 1, 1)
CACHE_CAP: Final = 50_000

_CLOCK: Final = r"(?P<H{n}>[0-2]?\d)[:.](?P<M{n}>[0-5]\d)[:.](?P<S{n}>[0-6]\d)(?:[.,:]\d{{1,9}})?"
_ZONE: Final = r"(?: ?(?:Z\b|UTC\b|[+-]\d\d:?\d\d\b))?"
_DAYS: Final = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
_MON: Final = r"(?P<b{n}>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"

_FORMATS: Final = (
    # ISO 8601 and its relatives: 2026-05-12T08:00:00.123Z, 2026/05/12 08:00:00,123 +0800, 2005-06-03-15.42.50.675872
    r"(?P<Y{n}>(?:19|20)\d\d)[-/.](?P<m{n}>[01]?\d)[-/.](?P<d{n}>[0-3]?\d)[-T _]{{1,2}}" + _CLOCK + _ZONE,
    # Access logs: 10/Oct/2000:13:55:36 -0700
    r"(?P<d{n}>[0-3]?\d)[/ -]" + _MON + r"[/ -](?P<Y{n}>(?:19|20)\d\d)[: ]" + _CLOCK + _ZONE,
    # ctime, with the year last: Sun Dec 04 04:47:44 2005, also with microseconds
    _DAYS + _MON + r" +(?P<d{n}>[0-3]?\d) " + _CLOCK + r" (?:[A-Z]{{3,4}} )?(?P<Y{n}>(?:19|20)\d\d)",
    # syslog, without a year: Jun 14 15:16:01
    _MON + r" +(?P<d{n}>[0-3]?\d) " + _CLOCK,
    # compact: 20171223-22:15:29:606, 20260512T080000, 20260512 080000
    r"(?P<Y{n}>(?:19|20)\d\d)(?P<m{n}>[01]\d)(?P<d{n}>[0-3]\d)[-T _](?P<H{n}>[0-2]\d):?(?P<M{n}>[0-5]\d):?(?P<S{n}>[0-6]\d)"
    r"(?:[.,:]\d{{1,9}})?" + _ZONE,
    # two-digit years: 17/06/09 20:10:40, and the six digits of log4j: 081109 203615
    r"(?P<y{n}>[0-3]\d)/(?P<m{n}>[01]\d)/(?P<d{n}>[0-3]\d) " + _CLOCK,
    r"(?P<y{n}>[0-3]\d)(?P<m{n}>[01]\d)(?P<d{n}>[0-3]\d)[ -](?P<H{n}>[0-2]\d):?(?P<M{n}>[0-5]\d):?(?P<S{n}>[0-6]\d)(?!\d)",
    # no year: glog (I0512 08:00:00.123), Android (05-12 08:00:00.123), 05.12 08:00:00
    r"[IWEF]?(?P<m{n}>[01]\d)[-./]?(?P<d{n}>[0-3]\d) " + _CLOCK,
    # seconds or milliseconds since 1970
    r"(?P<E{n}>1\d{{9}})(?:\d{{3}}|\.\d{{1,9}})?(?![\d.])",
    # a day or a clock alone says where a header goes on
    r"(?P<Y{n}>(?:19|20)\d\d)[-/.](?P<m{n}>[01]\d)[-/.](?P<d{n}>[0-3]\d)(?![\d:])",
    r"(?P<H{n}>[0-2]\d):(?P<M{n}>[0-5]\d):(?P<S{n}>[0-6]\d)(?:[.,]\d{{1,9}})?(?!\d)",
)
PATTERN: Final = r"(?<![\w.:])(?:" + "|".join(f.format(n=i) for i, f in enumerate(_FORMATS)) + ")"
STAMP: Final = re.compile(PATTERN)


@dataclass
class Stamps:
    """Reads times; keeps what it read, since neighbouring lines share their second.

    year: of the last line of a log that names none; earlier lines that lie after `latest` belong to the year before.
    """

    year: int
    latest: datetime | None = None
    cache: dict[str, datetime | None] = field(default_factory=dict)

    def read(self, match: re.Match[str]) -> datetime | None:
        """The time of a match of `STAMP`, without zone, to the second; None for a day or clock alone or an impossible date."""
        text = match.group()
        if text in self.cache:
            return self.cache[text]
        if len(self.cache) >= CACHE_CAP:
            self.cache.clear()
        self.cache[text] = when = self._read(match)
        return when

    def _read(self, match: re.Match[str]) -> datetime | None:
        given = {name[0]: value for name, value in match.groupdict().items() if value is not None}
        if "E" in given:
            return EPOCH + timedelta(seconds=int(given["E"]))
        if "H" not in given or not {"d"} & set(given):
            return None
        month = MONTHS[given["b"].lower()] if "b" in given else int(given["m"])
        year = int(given["Y"]) if "Y" in given else 2000 + int(given["y"]) if "y" in given else self.year
        when = _moment(year, month, given)
        if when and "Y" not in given and "y" not in given and self.latest and when > self.latest + timedelta(days=2):
            when = _moment(year - 1, month, given)
        return when


def _moment(year: int, month: int, given: dict[str, str]) -> datetime | None:
    try:
        return datetime(year, month, int(given["d"]), int(given["H"]), int(given["M"]), min(59, int(given["S"])))
    except ValueError:
        return None


def written(value: object) -> datetime | None:
    """The time in a field of a JSON line: ISO text, or seconds, milliseconds, microseconds or nanoseconds since 1970."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).replace(tzinfo=None, microsecond=0)
        except ValueError:
            match = STAMP.search(value[:64])
            return Stamps(1970).read(match) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for unit in (1, 1e3, 1e6, 1e9):
        if 1e8 < value / unit < 4e9:
            return datetime.fromtimestamp(int(value / unit), tz=UTC).replace(tzinfo=None)
    return None
