"""What a recorder of memory wrote: our own (tracemalloc), memray's statistics, memory_profiler's lines. Read, never run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from diagnostics.nouns.documents import NotPlain, load_json
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten

CAP: Final = 64 * 1024**2
RECORDS: Final = 5_000
LINES: Final = 200
"""Lines of code that are kept, those with most memory."""

_UNITS: Final = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_MEMRAY: Final = re.compile(r"^\s*-\s(?P<place>.{1,400}):(?P<line>\d{1,7}) -> (?P<size>[\d.]{1,20})\s?(?P<unit>[kKMG]?i?B)\s*$")
_PROFILED: Final = re.compile(
    r"^\s*(?P<line>\d{1,7})\s+(?P<held>[\d.]{1,20}) (?P<unit>[KMG]?i?B)\s+(?P<more>-?[\d.]{1,20}) [KMG]?i?B\s+\d{1,12}\s"
)
_FILE: Final = re.compile(r"^Filename: (?P<file>.{1,400})$")


class Tool(StrEnum):
    """What wrote it."""

    TRACEMALLOC = "tracemalloc"
    MEMRAY = "memray"
    MEMORY_PROFILER = "memory_profiler"


@dataclass(frozen=True, kw_only=True)
class HeldLine:
    """A line of code and the bytes that what it allocated holds, at each record; objects: how many at the last."""

    file: str
    line: int
    bytes: tuple[float, ...]
    objects: int

    @property
    def grown(self) -> float:
        """Bytes from the first tenth of the records to the last, as medians; all of it where there is one record."""
        held = np.asarray(self.bytes)
        if held.size == 1:
            return float(held[0])
        part = max(1, held.size // 10)
        return float(np.median(held[-part:]) - np.median(held[:part]))

    @property
    def steady(self) -> float:
        """Share of the steps in which it did not shrink by more than a hundredth, 0 to 1."""
        held = np.asarray(self.bytes)
        return float(np.mean(np.diff(held) >= -0.01 * np.maximum(held[:-1], 1))) if held.size > 1 else 0.0


@dataclass(frozen=True, kw_only=True)
class Recording:
    """hours: of each record since the first; resident, traced: bytes at each record, () where not told."""

    file: str
    tool: Tool
    hours: tuple[float, ...]
    resident: tuple[float, ...]
    traced: tuple[float, ...]
    lines: tuple[HeldLine, ...]
    since: datetime | None


def read_recording(path: Path) -> Recording:
    """Raises BadInput, in one plain sentence, for a file that no known recorder wrote."""
    if path.stat().st_size > CAP:
        raise BadInput(N_("{file:name} is larger than {cap:count} MB: record for a shorter time."), file=path.name, cap=CAP >> 20)
    text = path.read_text(encoding="utf-8", errors="replace")
    for reader in (_own, _memray_json, _memray_text, _profiler):
        found = reader(path.name, text)
        if found is not None:
            return found
    raise BadInput(
        N_(
            "{file:name} is no recording of memory: give what memory_recorder.py, memray stats or memory_profiler wrote, as "
            "it is."
        ),
        file=path.name,
    )


def _own(name: str, text: str) -> Recording | None:
    records = []
    for line in text.splitlines()[:RECORDS]:
        try:
            entry = load_json(line) if line.strip() else None
        except NotPlain:
            # The last record of a service that was killed is cut off.
            continue
        if isinstance(entry, dict) and isinstance(entry.get("lines"), list):
            records.append(entry)
    if not records:
        return None
    held: dict[tuple[str, int], list[float]] = {}
    objects: dict[tuple[str, int], int] = {}
    for place, entry in enumerate(records):
        for one in entry["lines"]:
            if not isinstance(one, dict):
                continue
            key = shorten(str(one.get("file", "")), cap=200), _whole(one.get("line"))
            if key not in held and len(held) >= 20 * LINES:
                continue
            held.setdefault(key, [0.0] * len(records))[place] += float(_whole(one.get("bytes")))
            objects[key] = _whole(one.get("objects"))
    times = [_time(entry.get("time")) for entry in records]
    known = [when for when in times if when is not None]
    hours = tuple((when - known[0]).total_seconds() / 3600 if when is not None else 0.0 for when in times) if known else ()
    if len(known) < len(records):
        hours = tuple(float(n) for n in range(len(records)))
    lines = [HeldLine(file=f, line=n, bytes=tuple(values), objects=objects[f, n]) for (f, n), values in held.items()]
    return Recording(
        file=name,
        tool=Tool.TRACEMALLOC,
        hours=hours,
        resident=_every(records, "resident"),
        traced=_every(records, "traced"),
        lines=_largest(lines),
        since=known[0] if known else None,
    )


def _every(records: list[dict[str, object]], key: str) -> tuple[float, ...]:
    values = [entry.get(key) for entry in records]
    return tuple(float(v) for v in values if isinstance(v, int)) if all(isinstance(v, int) for v in values) else ()


def _memray_json(name: str, text: str) -> Recording | None:
    try:
        read = load_json(text)
    except NotPlain:
        return None
    top = read.get("top_locations_by_size") if isinstance(read, dict) else None
    if not isinstance(read, dict) or not isinstance(top, list):
        return None
    lines = []
    for one in top:
        place, size = (one.get("location"), one.get("size")) if isinstance(one, dict) else (None, None)
        if isinstance(one, list) and len(one) == 2:
            place, size = one
        found = re.match(r"(.{1,400}):(\d{1,7})$", str(place))
        if found and isinstance(size, int):
            lines.append(HeldLine(file=_file(found[1]), line=int(found[2]), bytes=(float(size),), objects=0))
    about = read.get("metadata")
    peak = about.get("peak_memory") if isinstance(about, Mapping) else None
    return _at_peak(name, Tool.MEMRAY, lines, float(peak) if isinstance(peak, int) else 0.0)


def _memray_text(name: str, text: str) -> Recording | None:
    lines, sized = [], True
    for line in text.splitlines()[:20_000]:
        if "by number of allocations" in line:
            sized = False
        found = _MEMRAY.match(line)
        if found and sized:
            size = float(found["size"]) * _UNITS[found["unit"].upper()]
            lines.append(HeldLine(file=_file(found["place"]), line=int(found["line"]), bytes=(size,), objects=0))
    return _at_peak(name, Tool.MEMRAY, lines, 0.0) if lines else None


def _file(place: str) -> str:
    """The file of "function:path"."""
    return shorten(place.split(":", 1)[-1] if ":" in place else place, cap=200)


def _profiler(name: str, text: str) -> Recording | None:
    file, lines = "", []
    for line in text.splitlines()[:200_000]:
        named = _FILE.match(line.rstrip())
        if named:
            file = shorten(named["file"], cap=200)
        found = _PROFILED.match(line)
        if found and file:
            more = float(found["more"]) * _UNITS[found["unit"].upper()]
            lines.append(HeldLine(file=file, line=int(found["line"]), bytes=(max(0.0, more),), objects=0))
    return _at_peak(name, Tool.MEMORY_PROFILER, lines, 0.0) if lines else None


def _at_peak(name: str, tool: Tool, lines: list[HeldLine], whole: float) -> Recording:
    total = max(whole, sum(one.bytes[0] for one in lines))
    return Recording(file=name, tool=tool, hours=(0.0,), resident=(), traced=(total,), lines=_largest(lines), since=None)


def _largest(lines: list[HeldLine]) -> tuple[HeldLine, ...]:
    return tuple(sorted(lines, key=lambda one: (-max(one.bytes), one.file, one.line))[:LINES])


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else 0


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        return None
