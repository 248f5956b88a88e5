"""How times are written, as texts of many programs or as numbers of days or seconds since a day, and the SQL that reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from diagnostics.read.numbers import quoted
from diagnostics.read.worded import is_worded, worded_sql

UNZONED: Final = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
_CLOCKED: Final = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"
_ZONE: Final = r"(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
ISO: Final = _CLOCKED + rf"(?: ?{_ZONE})?(?:\[[\w/+-]+\])?"
ZONED: Final = rf".*:.* ?{_ZONE}(?:\[[\w/+-]+\])?"

DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y")
MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%m.%d.%y", "%m-%d-%y")
OTHERS: Final = (
    *("%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y年%m月%d日"),
    *("%a, %d %b %Y", "%d/%b/%Y", "%d%b%Y"),
)
CLOCKS: Final = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", " %I:%M:%S%p", "T%H:%M:%S"),
    *(", %H:%M", ", %H:%M:%S", ", %I:%M:%S %p", ", %I:%M %p", ":%H:%M:%S", ":%H:%M:%S.%f"),
)
PARTS: Final = {
    "%d": r"\d{1,2}",
    "%m": r"\d{1,2}",
    "%Y": r"\d{4}",
    "%y": r"\d{2}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]{3,9}",
    "%a": "[A-Za-z]{3}",
    "%H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}",
    "%f": r"\d{1,6}",
    "%p": r"[AaPp]\.?[Mm]\.?",
}


BLANKS: Final = " \u00a0\u202f"
"""What stands between a clock and AM or PM: browsers write a narrow blank there."""


@dataclass(frozen=True)
class Rewritten:
    """A way of writing that strptime does not know. pattern: of a whole cell, with groups. put: those groups, for `written`.

    written: a strptime format; zoned: with an offset from UTC.
    """

    pattern: str
    put: str
    written: str
    zoned: bool = False


_YMD: Final = r"((?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
_HMS: Final = r"(\d{2}:\d{2}:\d{2})"
REWRITTEN: Final[Mapping[str, Rewritten]] = {
    "YYYYMMDD": Rewritten(_YMD, r"\1", "%Y%m%d"),
    "YYYYMMDDHHMM": Rewritten(_YMD + r"[T ]?(\d{2})(\d{2})Z?", r"\1 \2:\3", "%Y%m%d %H:%M"),
    "YYYYMMDDHHMMSS+HHMM": Rewritten(
        _YMD + r"[T _-]?(\d{2}):?(\d{2}):?(\d{2})(?:[.,]\d{1,9})? ?([+-]\d{2}):?(\d{2})",
        r"\1 \2:\3:\4 \5\6",
        "%Y%m%d %H:%M:%S %z",
        zoned=True,
    ),
    "Y. M. D.": Rewritten(r"(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?", r"\1 \2 \3", "%Y %m %d"),
    "년월일": Rewritten(r"(\d{4})년 ?(\d{1,2})월 ?(\d{1,2})일", r"\1 \2 \3", "%Y %m %d"),
    "年月日時分": Rewritten(
        r"(\d{4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일] ?(\d{1,2})[时時点시] ?(\d{1,2})[分분]",
        r"\1 \2 \3 \4:\5",
        "%Y %m %d %H:%M",
    ),
    "年月日時分秒": Rewritten(
        r"(\d{4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일] ?(\d{1,2})[时時点시] ?(\d{1,2})[分분] ?(\d{1,2})[秒초]",
        r"\1 \2 \3 \4:\5:\6",
        "%Y %m %d %H:%M:%S",
    ),
    "YYYYMMDDHHMMSS": Rewritten(_YMD + r"[T _-]?(\d{2}):?(\d{2}):?(\d{2})(?:[.,]\d{1,9})?Z?", r"\1 \2:\3:\4", "%Y%m%d %H:%M:%S"),
    "Java": Rewritten(
        rf"[A-Za-z]{{3}} ([A-Za-z]{{3}}) +(\d{{1,2}}) {_HMS}(?: [A-Z]{{2,5}})? (\d{{4}})", r"\1 \2 \4 \3", "%b %d %Y %H:%M:%S"
    ),
    "JavaScript": Rewritten(
        rf"[A-Za-z]{{3}} ([A-Za-z]{{3}}) (\d{{2}}) (\d{{4}}) {_HMS} (?:GMT|UTC)([+-]\d{{4}})(?: \(.*\))?",
        r"\1 \2 \3 \4 \5",
        "%b %d %Y %H:%M:%S %z",
        zoned=True,
    ),
    "RFC 2822": Rewritten(
        rf"(?:[A-Za-z]{{3}}, )?(\d{{1,2}}) ([A-Za-z]{{3}}) (\d{{4}}) {_HMS} ([+-]\d{{4}})",
        r"\1 \2 \3 \4 \5",
        "%d %b %Y %H:%M:%S %z",
        zoned=True,
    ),
    "RFC 1123": Rewritten(
        rf"(?:[A-Za-z]{{3}}, )?(\d{{1,2}}) ([A-Za-z]{{3}}) (\d{{4}}) {_HMS} (?:GMT|UTC|Z)", r"\1 \2 \3 \4", "%d %b %Y %H:%M:%S"
    ),
    "access log": Rewritten(
        rf"\[?(\d{{2}})/([A-Za-z]{{3}})/(\d{{4}}):{_HMS} ([+-]\d{{4}})\]?", r"\1 \2 \3 \4 \5", "%d %b %Y %H:%M:%S %z", zoned=True
    ),
    "Oracle": Rewritten(
        r"(\d{1,2})-([A-Za-z]{3})-(\d{2}) (\d{1,2})\.(\d{2})\.(\d{2})(?:\.\d{1,9})? ([AaPp][Mm])",
        r"\1 \2 \3 \4:\5:\6 \7",
        "%d %b %y %I:%M:%S %p",
    ),
    "DB2": Rewritten(
        r"(\d{4}-\d{2}-\d{2})-(\d{2})\.(\d{2})\.(\d{2})(?:\.\d{1,12})?", r"\1 \2:\3:\4", "%Y-%m-%d %H:%M:%S"
    ),
}  # fmt: skip


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    patterns = [(name, re.compile(form.pattern + r"\Z")) for name, form in REWRITTEN.items()]
    for day in (*DAY_FIRST, *MONTH_FIRST, *OTHERS):
        for clock in CLOCKS:
            written = re.escape(day + clock)
            for part, pattern in PARTS.items():
                written = written.replace(re.escape(part), pattern)
            written = written.replace(re.escape(" "), f"[{BLANKS}]")
            patterns.append((day + clock, re.compile(written + r"\Z")))
    return tuple(patterns)


_DIGITS: Final = re.compile(r"\D*\d+\D+\d|\D*\d{8}")
"""Two runs of digits, or one as long as a day: whatever is a time has them, and most texts do not."""


def time_formats(cells: Sequence[str]) -> list[str]:
    """The word ISO, names of `REWRITTEN` or strptime formats, whose pattern fits at least half of the cells (trimmed, filled)."""
    few = cells[:400]
    spread = few[:: max(1, len(few) // 20)]
    if not any(_DIGITS.match(cell) for cell in spread):
        return []
    iso = re.compile(ISO + r"\Z")
    if any(iso.match(cell) for cell in spread) and sum(iso.match(cell) is not None for cell in few) >= 0.5 * len(few):
        return ["ISO"]
    fits: list[str] = []
    if not any(_DIGITS.match(cell) for cell in (few[0], few[-1], few[len(few) // 2])):
        return fits
    for written, pattern in _patterns():
        likely = any(pattern.match(cell) for cell in (few[0], few[-1], few[len(few) // 2]))
        if likely and sum(pattern.match(cell) is not None for cell in few) >= 0.5 * len(few):
            fits.append(written)
    return fits


def order_of(written: str) -> str:
    """What comes first in a strptime format, "day" or "month"; "" where it begins with neither."""
    day = written.split(" ")[0].split(",")[0].split("T")[0]
    return "day" if day in DAY_FIRST else "month" if day in MONTH_FIRST else ""


def time_sql(written: str, cell: str) -> str:
    """A TIMESTAMP expression (UTC where the cells name a zone), NULL where the cell is not written so."""
    if written == "ISO":
        # Python's logging writes a comma before the milliseconds; zones in brackets repeat what the offset says.
        plain = f"replace(replace(regexp_replace({cell}, '\\[.*\\]$', ''), ',', '.'), 'GMT', 'UTC')"
        return (
            f"CASE WHEN regexp_full_match({cell}, {quoted(ISO)}) THEN CASE WHEN regexp_full_match({cell}, {quoted(ZONED)}) "
            f"THEN timezone('UTC', TRY_CAST({plain} AS TIMESTAMPTZ)) ELSE TRY_CAST({plain} AS TIMESTAMP) END END"
        )
    if is_worded(written):
        return worded_sql(written, cell)
    if written in REWRITTEN:
        form = REWRITTEN[written]
        put = f"regexp_replace({cell}, {quoted('^' + form.pattern + '$')}, {quoted(form.put)})"
        # An offset makes it a moment; what has none stays as it is written.
        stamp = f"try_strptime({put}, {quoted(form.written)})"
        stamp = f"timezone('UTC', {stamp})" if form.zoned else f"CAST({stamp} AS TIMESTAMP)"
        return f"CASE WHEN regexp_full_match({cell}, {quoted(form.pattern)}) THEN {stamp} END"
    if "%p" in written:
        cell = f"regexp_replace(regexp_replace({cell}, '[{BLANKS}]', ' ', 'g'), '([AaPp])\\.?[Mm]\\.?$', '\\1M')"
    return f"TRY_CAST(try_strptime({cell}, {quoted(written)}) AS TIMESTAMP)"


TIME_NAMES: Final = re.compile(
    r"(?:^|[^a-z])(?:time|timestamp|date|datetime|ts|epoch|created|updated|at|day|when|datum|zeit|zeitpunkt|fecha|hora|heure)"
    r"(?:$|[^a-z])|time$|date$|stamp|时间|日期|時間|日時|日付|дата|время"
)
DAY_NAMES: Final = re.compile(
    r"(?:^|[^a-z])(?:timestamp|date|datetime|dt|created|updated|at|day)(?:$|[^a-z])|date$|datetime$|stamp"
)
SECONDS: Final = {"epoch seconds": 1, "epoch milliseconds": 10**3, "epoch microseconds": 10**6, "epoch nanoseconds": 10**9}
SERIAL: Final = "days since 1899-12-30"
SERIAL_1904: Final = "days since 1904-01-01"
DAYS: Final = {SERIAL: 25_569, SERIAL_1904: 24_107}
"""Days from the first day of a spreadsheet's calendar to 1 January 1970."""

PLAUSIBLE: Final = (631_152_000, 4_102_444_800)
"""1990 to 2100 in seconds: a number outside is no time of an incident."""


COMPACT: Final = tuple(
    (19_900_101 * 10**digits, 21_010_101 * 10**digits, written)
    for digits, written in ((0, "YYYYMMDD"), (4, "YYYYMMDDHHMM"), (6, "YYYYMMDDHHMMSS"))
)
"""Lowest and highest whole number that could be such a day, from 1990 to 2100."""


def counted_time(low: float, high: float, *, days: bool) -> str | None:
    """How numbers from `low` to `high` count time, None when every reading lies outside 1990 to 2100; `days`: perhaps in days."""
    for written, unit in SECONDS.items():
        if PLAUSIBLE[0] * unit <= low and high <= PLAUSIBLE[1] * unit:
            return written
    if days and PLAUSIBLE[0] / 86_400 + DAYS[SERIAL] <= low and high <= PLAUSIBLE[1] / 86_400 + DAYS[SERIAL]:
        return SERIAL
    return None


def named_time(name: str, low: float, high: float, *, workbook: bool = False) -> str | None:
    """`counted_time` where the column's name speaks of time too; days only under the name of a day, as durations are "time"."""
    normal = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    day = bool(DAY_NAMES.search(normal)) or (workbook and normal == "d")
    return counted_time(low, high, days=day) if day or TIME_NAMES.search(normal) else None


def counted_sql(written: str, number: str) -> str:
    """A TIMESTAMP expression of a number expression that counts time as `written`; whole numbers lose no digit."""
    if written in SECONDS:
        return f"make_timestamp(CAST(CAST({number} AS DECIMAL(38, 6)) * 1000000 / {SECONDS[written]} AS BIGINT))"
    # To the second: a day as a double is known to a few microseconds, and 13:00 must not become 12:59:59.999999.
    return f"make_timestamp(CAST(round((CAST({number} AS DOUBLE) - {DAYS[written]}) * 86400) AS BIGINT) * 1000000)"
