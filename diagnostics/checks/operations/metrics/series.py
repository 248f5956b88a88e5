"""Metric files to series: whatever the file is, values over time with a meaning, a unit and, where it is known, a limit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.checks.operations.metrics.counters import rates
from diagnostics.checks.operations.metrics.documents import document, exposition
from diagnostics.checks.operations.metrics.printed import printed
from diagnostics.checks.operations.metrics.samples import Samples
from diagnostics.checks.operations.metrics.tables import BYTES_CAP, from_file, from_printed
from diagnostics.checks.operations.reading.lines import lines
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

SERIES_CAP: Final = 100
LEAST: Final = 20
"""Points of a series below which nothing is said about it."""


class Meaning(StrEnum):
    """What a series measures, by its name."""

    LATENCY = "latency"
    ERRORS = "errors"
    RESOURCE = "resource"
    MEMORY = "memory"
    OTHER = "other"


_MEANINGS: Final = (
    (
        Meaning.LATENCY,
        r"latenc|duration|response.?time|request.?time|elapsed|(?:^|[_\W])(?:p50|p90|p95|p99|rt)(?:$|[_\W])|_ms$|\(ms\)|_seconds(?:$|\{)"
        r"|antwortzeit|延迟|耗时|响应时间",
    ),
    (
        Meaning.ERRORS,
        r"error|exception|5xx|\b50\d\b|timeouts|rejected|dropped|failed|failures|fail_?(?:rate|count)|fehler|错误|失败",
    ),
    (
        Meaning.MEMORY,
        r"mem(?:ory|us|_|$|\W)|rss|heap|swap|resident|working.?set|(?:^|[_\W])(?:fds?|ram|vsz)(?:$|[_\W])|file.?descriptor|open.?files"
        r"|threads|goroutine|speicher|内存",
    ),
    (
        Meaning.RESOURCE,
        r"%(?:user|usr|system|sys|iowait)$|cpu|gpu|disk|util|usage|(?:^|[_\W])load|queue|pool|capacity|saturation|percent|pct|iops|storage|connections|使用率|磁盘|队列",
    ),
)
_COMPILED: Final = tuple((meaning, re.compile(pattern, re.IGNORECASE)) for meaning, pattern in _MEANINGS)
_WORK: Final = re.compile(r"cpu|gpu|(?:^|[_\W])load|iops|throughput|bandwidth|i/o|%(?:us|sys|iowait|steal|nice)", re.IGNORECASE)
"""What is done per second; it can be too much, but it does not pile up."""
_LEFT: Final = re.compile(r"free|avail|idle|remaining|headroom|空闲|可用", re.IGNORECASE)
"""What is left over: that it climbs is no leak, and that it is high is no limit."""
_PERCENT: Final = re.compile(r"percent|pct|%|util|使用率|(?:^|[_\W])cpu(?:$|[_\W])", re.IGNORECASE)
_SHARE: Final = re.compile(r"util|percent|pct|ratio|fraction|share|使用率", re.IGNORECASE)


def meaning_of(name: str, unit: str = "") -> Meaning:
    """By the name; where it says nothing, by the unit."""
    known = next((meaning for meaning, pattern in _COMPILED if pattern.search(name)), None)
    if known is not None:
        return known
    if unit in ("ns", "us", "µs", "ms", "s", "min"):
        return Meaning.LATENCY
    if re.fullmatch(r"[kKMGT]?i?B", unit) and re.search(r"^(?:real|virtual|rss|used|private)", name, re.IGNORECASE):
        return Meaning.MEMORY
    return Meaning.OTHER


@dataclass(frozen=True)
class Series:
    """One metric. times: datetime64[us], sorted, shape (n,); values: float64, finite, shape (n,). limit: where it ends; None
    if not known. unit: as the file writes it, per second ("/s") for what was a counter. dated: False when times only say how
    long after the beginning.
    """

    name: str
    file: str
    meaning: Meaning
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]
    limit: float | None
    unit: str = ""
    dated: bool = True

    @property
    def label(self) -> str:
        """The name with the unit that its numbers are in."""
        return self.name if not self.unit or self.name.rstrip(")]").endswith(self.unit) else f"{self.name} ({self.unit})"

    @property
    def hours(self) -> NDArray[np.float64]:
        """Hours since the first point, shape (n,)."""
        return np.asarray((self.times - self.times[0]) / np.timedelta64(1, "us") / 3.6e9, dtype="float64")

    @property
    def fills(self) -> bool:
        """Whether it measures something that is held and can leak: memory, disk, a queue, connections; not work per second."""
        if _LEFT.search(self.name) or self.unit.endswith("/s"):
            return False
        if self.meaning is Meaning.MEMORY:
            return True
        return self.meaning is Meaning.RESOURCE and not _WORK.search(self.name)


@dataclass(frozen=True)
class Metrics:
    """problems: (file, sentence) of the files that could not be read."""

    series: tuple[Series, ...]
    problems: tuple[tuple[str, str], ...] = ()


def metrics(incident: Incident) -> Metrics:
    """Raises NotApplicable without a metrics file that can be read."""
    if not incident.metrics:
        raise NotApplicable(
            N_("No metrics: upload time series of CPU, memory, latency or errors as CSV, so that leaks and shifts can be found."),
            needs="metrics",
        )
    try:
        stamp = tuple((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in incident.metrics)
        return _metrics(stamp, incident.limits)
    except BadInput as reason:
        raise NotApplicable(reason.message, needs="metrics", **reason.values) from reason


@lru_cache(maxsize=4)
def _metrics(stamp: tuple[tuple[str, int, int], ...], limits: tuple[tuple[str, float], ...]) -> Metrics:
    return read_metrics(tuple(Path(path) for path, _, _ in stamp), dict(limits))


def read_metrics(paths: tuple[Path, ...], limits: Mapping[str, float] = MappingProxyType({})) -> Metrics:
    """limits: by the name of a series, in its unit, as a person stated them.

    Raises BadInput when no file can be read, or a limit is stated for a series that there is not.
    """
    found: list[Series] = []
    problems = []
    for path in paths:
        try:
            found += read_series(path)
        except BadInput as reason:
            problems.append((path.name, reason.phrase))
    if not found and problems:
        raise BadInput(N_("{file:name} cannot be used as a metrics file: {why}"), file=problems[0][0], why=problems[0][1])
    for name in limits:
        if not any(_named(one, name) for one in found):
            raise BadInput(
                N_("There is no metric {name:name} to set a limit for: the files hold {known:list}."),
                name=name,
                known=[one.name for one in found],
            )
    stated = [
        replace(one, limit=next((limit for name, limit in limits.items() if _named(one, name)), one.limit)) for one in found
    ]
    return Metrics(tuple(stated[:SERIES_CAP]), tuple(problems))


def _named(one: Series, name: str) -> bool:
    """With or without its labels."""
    return name.lower() in (one.name.lower(), one.name.partition("{")[0].lower())


def read_series(path: Path) -> list[Series]:
    """The series of one file. Raises BadInput for a file without times or without numbers."""
    if path.is_file() and path.stat().st_size > BYTES_CAP:
        raise BadInput(N_("{file:name} is larger than 256 MB: give the part around the incident."), file=path.name)
    given = rates(_samples(path))
    series = [one for sample in given if (one := _series(sample, path)) is not None]
    if not series:
        raise BadInput(
            N_("{file:name} has no column of at least {least:count} numbers beside its time."), file=path.name, least=LEAST
        )
    return series


def _samples(path: Path) -> list[Samples]:
    """By what the file is: what no table is, what a tool printed, else a table."""
    beginning = _beginning(path)
    first = next((line.strip() for line in beginning if line.strip()), "")
    if first[:1] in ("{", "[") and (found := document("\n".join(lines(path)))) is not None:
        return found
    if re.match(r"# (?:HELP|TYPE) |[A-Za-z_:][\w:]*\{[A-Za-z_]\w*=\"", first) and (found := exposition(lines(path))) is not None:
        return found
    tables = printed(list(lines(path))) if beginning else []
    if tables:
        return [sample for table in tables for sample in from_printed(table, path)]
    return from_file(path)


def _beginning(path: Path) -> list[str]:
    """The first lines of what is text, none of what is not: a workbook or a typed file is for the table reader."""
    try:
        return list(islice(lines(path), 50))
    except BadInput:
        return []


def _series(sample: Samples, path: Path) -> Series | None:
    """Sorted and finite; None with fewer than LEAST points."""
    known = np.isfinite(sample.values) & ~np.isnat(sample.times)
    if known.sum() < LEAST:
        return None
    times, values = sample.times[known], sample.values[known]
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    meaning = meaning_of(sample.name, sample.unit)
    limit = sample.limit
    if limit is None and meaning is not Meaning.ERRORS and values.min() >= 0 and not _LEFT.search(sample.name):
        # A percentage ends at 100 by its unit; CPU of several cores passes that, and then the limit is not known.
        if sample.unit == "%" or _PERCENT.search(sample.name):
            limit = 100.0 if 1.5 < values.max() <= 100.5 else None
        if limit is None and _SHARE.search(sample.name) and values.max() <= 1.0:
            limit = 1.0
    return Series(sample.name, path.name, meaning, times, values, limit, sample.unit, sample.dated)
