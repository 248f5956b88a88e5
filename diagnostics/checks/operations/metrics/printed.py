"""What tools print for people, as rows of a table: sar and its family, psrecord, nvidia-smi dmon, vmstat -t."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SYSSTAT: Final = re.compile(r"\S+ \d\S* \(.{1,80}?\)\s+(?P<day>\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4})\b")
_CLOCK: Final = re.compile(r"(?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)(?: (?P<half>[AP]M))?\s+(?P<rest>.*)")
_NUMBER: Final = re.compile(r"-?\d+(?:[.,]\d+)?%?\Z")
_STAMPED: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\Z")


@dataclass(frozen=True)
class Printed:
    """names: of the columns, the first of them the time; rows: their cells. dated: False where times count from the beginning."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    dated: bool = True


def printed(lines: Sequence[str]) -> list[Printed]:
    """The tables that one of the known tools printed; none when it was none of them."""
    first = next((line for line in lines if line.strip()), "")
    if (told := _SYSSTAT.match(first)) is not None:
        return _sysstat(lines, told["day"])
    if first.startswith("#"):
        return _hashed(lines)
    if first.lstrip().startswith("procs "):
        return _vmstat(lines)
    return []


def _sysstat(lines: Sequence[str], day: str) -> list[Printed]:
    """sar, mpstat, pidstat: blocks under rows of names, each row with a clock; a clock that falls back begins the next day."""
    tables: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    date, ahead, last = _day(day, us=any(" AM " in line or " PM " in line for line in lines[:50])), 0, -1
    names: tuple[str, ...] | None = None
    for line in lines:
        clock = _CLOCK.match(line.strip())
        if clock is None:
            names = None if not line.strip() else names
            continue
        cells = clock["rest"].split()
        if not any(_NUMBER.match(cell) for cell in cells):
            names = tuple(cells) if len(cells) > 1 else None
            continue
        if names is None or len(cells) != len(names):
            continue
        hour = int(clock["h"]) % 12 + 12 * (clock["half"] == "PM") if clock["half"] else int(clock["h"])
        seconds = hour * 3600 + int(clock["m"]) * 60 + int(clock["s"])
        if seconds < last - 43_200:
            ahead += 1
        last = seconds
        when = f"{_later(date, ahead)} {hour:02}:{clock['m']}:{clock['s']}"
        tables.setdefault(("time", *names), []).append((when, *cells))
    return [Printed(names, tuple(rows)) for names, rows in tables.items()]


def _day(day: str, *, us: bool) -> str:
    """The day in a head of sysstat as ISO text; its order follows the locale, of which the clock of twelve hours speaks."""
    parts = [int(part) for part in re.split(r"[/.-]", day)]
    if parts[0] > 31:
        year, month, number = parts
    else:
        month, number, year = parts
        # Month first is the default of sysstat in the C locale; where that cannot be, the day stands first.
        if month > 12 or (not us and "." in day):
            month, number = number, month
    return f"{year if year > 99 else 2000 + year:04}-{month:02}-{number:02}"


def _later(day: str, ahead: int) -> str:
    import numpy as np

    return str(np.datetime64(day) + ahead) if ahead else day


def _hashed(lines: Sequence[str]) -> list[Printed]:
    """Columns padded with blanks below one row of names that begins with #: psrecord, nvidia-smi dmon and pmon."""
    head = lines[0].lstrip("# ").rstrip()
    body = [line.split() for line in lines[1:] if line.strip() and not line.lstrip().startswith("#")]
    if len(body) < 2:
        return []
    width = max(set(map(len, body)), key=[len(cells) for cells in body].count)
    for names in (re.split(r"\s{2,}", head), head.split()):
        if len(names) == width and width > 1:
            break
    else:
        return []
    rows = [tuple(cells) for cells in body if len(cells) == width]
    lower = [name.lower() for name in names]
    if "date" in lower and "time" in lower:
        # nvidia-smi dmon -o DT writes 20260512 and 08:00:01.
        day, clock = lower.index("date"), lower.index("time")
        rest = [i for i in range(width) if i not in (day, clock)]
        dates = [f"{r[day][:4]}-{r[day][4:6]}-{r[day][6:]}" if r[day].isdigit() and len(r[day]) == 8 else r[day] for r in rows]
        told = tuple((f"{date} {row[clock]}", *(row[i] for i in rest)) for date, row in zip(dates, rows, strict=True))
        return [Printed(("time", *(names[i] for i in rest)), told)]
    if "elapsed" in lower[0]:
        return [Printed(("elapsed", *names[1:]), tuple(rows), dated=False)]
    return []


def _vmstat(lines: Sequence[str]) -> list[Printed]:
    """vmstat -t: the last two cells of a row are its time."""
    names: list[str] | None = None
    rows = []
    for line in lines:
        cells = line.split()
        stamp = _STAMPED.search(line.strip())
        if stamp is None:
            names = cells[:-1] if len(cells) > 10 and cells[0] == "r" else names
        elif names is not None and len(cells) - 2 == len(names):
            rows.append((stamp.group(), *cells[:-2]))
    return [Printed(("time", *names), tuple(rows))] if names and rows else []
