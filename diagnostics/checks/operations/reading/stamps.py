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
_ZONE: Final = r"(?: ?(?P<z{n}>Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b))?"
_DAYS: Final = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
_MON: Final = r"(?P<b{n}>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"

FORMATS: Final = (
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
    # the same with single digits: 20171223-22:15:0:606
    r"(?P<Y{n}>(?:19|20)\d\d)(?P<m{n}>[01]\d)(?P<d{n}>[0-3]\d)[-T _](?P<H{n}>[0-2]?\d):(?P<M{n}>[0-5]?\d):(?P<S{n}>[0-6]?\d)"
    r"(?:[.,:]\d{{1,9}})?",
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
    # 2026年05月12日 10:00:07
    r"(?P<Y{n}>(?:19|20)\d\d)年(?P<m{n}>[01]?\d)月(?P<d{n}>[0-3]?\d)日[ T]?" + _CLOCK + _ZONE,
    # day or month first, as the log itself tells: 05/12/2026 10:00:07 AM, 12.05.2026 10:00:07
    r"(?P<p{n}>[0-3]?\d)(?P<s{n}>[/.-])(?P<q{n}>[0-3]?\d)(?P=s{n})(?P<Y{n}>(?:19|20)\d\d),?[ T]{{1,2}}"
    + _CLOCK
    + r"(?: ?(?P<u{n}>[AaPp])\.?[Mm]\b\.?)?"
    + _ZONE,
)
PATTERN: Final = r"(?<![\w.:])(?:" + "|".join(f.format(n=i) for i, f in enumerate(FORMATS)) + ")"
STAMP: Final = re.compile(PATTERN)


def form(match: re.Match[str]) -> int:
    """Which of the formats matched: 1 is that of access logs, 3 that of syslog."""
    return int((match.lastgroup or "-1").lstrip("YmdHMSbyEpqsuz") or -1)


@dataclass
class Stamps:
    """Reads times; keeps what it read, since neighbouring lines share their second.

    year: of the last line of a log that names none; earlier lines that lie after `latest` belong to the year before.
    """

    year: int
    latest: datetime | None = None
    day_first: bool = False
    offset: timedelta | None = None
    """The offset from UTC of the first time that names one; all others are told in it."""

    cache: dict[str, datetime | None] = field(default_factory=dict)

    def read(self, match: re.Match[str]) -> datetime | None:
        """The time of a match of `STAMP`, to the second, in the zone of the first one that names any; None for a day or clock
        alone or an impossible date.
        """
        text = match.group()
        if text in self.cache:
            return self.cache[text]
        if len(self.cache) >= CACHE_CAP:
            self.cache.clear()
        self.cache[text] = when = self._read(match)
        return when

    def _read(self, match: re.Match[str]) -> datetime | None:
        given = {name[0]: value for name, value in match.groupdict().items() if value is not None}
        if "p" in given:
            first, second = given["p"], given["q"]
            # Dots stand in dates whose day comes first.
            day_first = self.day_first or given["s"] == "." or int(first) > 12
            given["d"], given["m"] = (first, second) if day_first and int(second) <= 12 else (second, first)
        if "u" in given:
            given["H"] = str(int(given["H"]) % 12 + 12 * (given["u"] in "pP"))
        if "E" in given:
            return EPOCH + timedelta(seconds=int(given["E"]))
        if "H" not in given or not {"d"} & set(given):
            return None
        month = MONTHS[given["b"].lower()] if "b" in given else int(given["m"])
        year = int(given["Y"]) if "Y" in given else 2000 + int(given["y"]) if "y" in given else self.year
        when = _moment(year, month, given)
        if when and "Y" not in given and "y" not in given and self.latest and when > self.latest + timedelta(days=2):
            when = _moment(year - 1, month, given)
        return self.shifted(when, given["z"]) if when and "z" in given else when

    def shifted(self, when: datetime, zone: str) -> datetime:
        digits = zone.replace(":", "")
        ahead = timedelta(0)
        if digits[0] in "+-":
            ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5])) * (-1 if digits[0] == "-" else 1)
        if self.offset is None:
            self.offset = ahead
        return when - ahead + self.offset

    def written(self, value: object) -> datetime | None:
        """The time in a field of a structured line: ISO text, or seconds, milliseconds, micro- or nanoseconds since 1970."""
        if isinstance(value, dict):
            value = value.get("timestamp") or value.get("$date") or value.get("repr")
        if isinstance(value, str):
            text = value.strip()
            if text.replace(".", "", 1).isdigit() and len(text) >= 10:
                return self.written(float(text) if "." in text else int(text))
            match = STAMP.search(text[:64])
            return self.read(match) if match else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        for unit in (1, 1e3, 1e6, 1e9):
            if 1e8 < value / unit < 4e9:
                when = datetime.fromtimestamp(int(value / unit), tz=UTC).replace(tzinfo=None)
                return when + (self.offset or timedelta(0))
        return None


def _moment(year: int, month: int, given: dict[str, str]) -> datetime | None:
    try:
        return datetime(year, month, int(given["d"]), int(given["H"]), int(given["M"]), min(59, int(given["S"])))
    except ValueError:
        return None
