"""Metric files to series: a CSV with a time and one or more numeric columns, wide or long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.operations.reading.lines import lines
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_

BYTES_CAP: Final = 256 * 1024**2
ROWS_CAP: Final = 2_000_000
SERIES_CAP: Final = 100
LEAST: Final = 20
"""Points of a series below which nothing is said about it."""

_TIME: Final = re.compile(r"time|date|^ts$|^t$|when|clock", re.IGNORECASE)
_NAME: Final = re.compile(r"^(?:metric|series|name|measure|variable|key)(?:_?name)?$", re.IGNORECASE)
_VALUE: Final = re.compile(r"^(?:value|val|v|y)$", re.IGNORECASE)


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
        r"latenc|duration|response.?time|request.?time|elapsed|(?:^|[_\W])(?:p50|p90|p95|p99|rt)(?:$|[_\W])|_ms$|\(ms\)|_seconds$",
    ),
    (Meaning.ERRORS, r"error|exception|5xx|\b50\d\b|timeouts|rejected|dropped|failed|failures|fail_?(?:rate|count)"),
    (
        Meaning.MEMORY,
        r"mem(?:ory|_|$|\W)|rss|heap|swap|(?:^|[_\W])(?:fds?|ram)(?:$|[_\W])|file.?descriptor|open.?files|threads|goroutine",
    ),
    (
        Meaning.RESOURCE,
        r"cpu|gpu|disk|util|usage|(?:^|[_\W])load|queue|pool|capacity|saturation|percent|pct|iops|storage|connections",
    ),
)
_COMPILED: Final = tuple((meaning, re.compile(pattern, re.IGNORECASE)) for meaning, pattern in _MEANINGS)
_WORK: Final = re.compile(r"cpu|gpu|(?:^|[_\W])load|iops|throughput|bandwidth", re.IGNORECASE)
"""What is done per second; it can be too much, but it does not pile up."""
_PERCENT: Final = re.compile(r"percent|pct|%|util|(?:^|[_\W])cpu(?:$|[_\W])|usage$", re.IGNORECASE)


@dataclass(frozen=True)
class Series:
    """One metric. times: datetime64[us], sorted, shape (n,); values: float64, finite, shape (n,). limit: where it ends; None
    if not known.
    """

    name: str
    file: str
    meaning: Meaning
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]
    limit: float | None

    @property
    def hours(self) -> NDArray[np.float64]:
        """Hours since the first point, shape (n,)."""
        return np.asarray((self.times - self.times[0]) / np.timedelta64(1, "us") / 3.6e9, dtype="float64")

    @property
    def fills(self) -> bool:
        """Whether it measures something that is held and can leak: memory, disk, a queue, connections; not work per second."""
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
        return _metrics(tuple((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in incident.metrics))
    except BadInput as reason:
        raise NotApplicable(reason.message, needs="metrics", **reason.values) from reason


@lru_cache(maxsize=4)
def _metrics(stamp: tuple[tuple[str, int, int], ...]) -> Metrics:
    return read_metrics(tuple(Path(path) for path, _, _ in stamp))


def read_metrics(paths: tuple[Path, ...]) -> Metrics:
    found: list[Series] = []
    problems = []
    for path in paths:
        try:
            found += read_series(path)
        except BadInput as reason:
            problems.append((path.name, reason.phrase))
    if not found and problems:
        raise BadInput(N_("{file:name} cannot be used as a metrics file: {why}"), file=problems[0][0], why=problems[0][1])
    return Metrics(tuple(found[:SERIES_CAP]), tuple(problems))


def read_series(path: Path) -> list[Series]:
    """The series of one file. Raises BadInput for a file without a time column or without numbers."""
    if path.stat().st_size > BYTES_CAP:
        raise BadInput(N_("{file:name} is larger than 256 MB: give the part around the incident."), file=path.name)
    text = [line for line in lines(path) if line.strip() and not line.startswith("#")]
    if len(text) < 2:
        raise BadInput(N_("{file:name} has no rows below its header."), file=path.name)
    delimiter = max(",;\t|", key=lambda d: (text[0].count(d), d == ","))
    try:
        frame = pd.read_csv(
            StringIO("\n".join(text)), sep=delimiter, nrows=ROWS_CAP, on_bad_lines="skip", dtype=str, keep_default_na=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise BadInput(N_("{file:name} cannot be read as a table of times and numbers."), file=path.name) from error
    frame.columns = [str(name).strip() for name in frame.columns]
    when, time_name = _times(frame, path.name)
    rest = [name for name in frame.columns if name != time_name]
    labels = [name for name in rest if _NAME.match(name)]
    values = [name for name in rest if _VALUE.match(name)]
    if labels and values:
        parts = [(str(label), group.index.to_numpy(), values[0]) for label, group in frame.groupby(labels[0], sort=True)]
    else:
        everything = np.arange(len(frame))
        parts = [(path.stem if _VALUE.match(name) else name, everything, name) for name in rest]
    found = []
    for label, rows, column in parts[:SERIES_CAP]:
        numbers = pd.to_numeric(frame[column].iloc[rows].str.rstrip(" %"), errors="coerce").to_numpy("float64")
        known = np.isfinite(numbers) & ~np.isnat(when[rows])
        if known.sum() < max(LEAST, 0.5 * len(rows)):
            continue
        order = np.argsort(when[rows][known], kind="stable")
        found.append(_series(label, path, when[rows][known][order], numbers[known][order]))
    if not found:
        raise BadInput(
            N_("{file:name} has no column of at least {least:count} numbers beside its time."), file=path.name, least=LEAST
        )
    return found


def _series(label: str, path: Path, times: NDArray[np.datetime64], values: NDArray[np.float64]) -> Series:
    named = label if label != path.stem else path.stem
    meaning = next((m for m, pattern in _COMPILED if pattern.search(named)), Meaning.OTHER)
    limit = None
    if _PERCENT.search(named) and meaning is not Meaning.ERRORS and values.min() >= 0:
        # CPU of several cores in percent passes 100; then the limit is not known.
        limit = 1.0 if values.max() <= 1.0 else 100.0 if 5 < values.max() <= 100.5 else None
    return Series(label, path.name, meaning, times, values, limit)


def _times(frame: pd.DataFrame, file: str) -> tuple[NDArray[np.datetime64], str]:
    """The time column: the one that is named so, else the first that holds times."""
    names = sorted(frame.columns, key=lambda name: not _TIME.search(name))
    for name in names[:20]:
        when = _parsed(frame[name], named=bool(_TIME.search(name)))
        if when is not None:
            return when, name
    raise BadInput(N_("{file:name} has no column of times: a metric needs one, for example named timestamp."), file=file)


def _parsed(column: pd.Series, *, named: bool) -> NDArray[np.datetime64] | None:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy("float64")
    if np.isfinite(numbers).mean() > 0.9:
        middle = float(np.nanmedian(numbers))
        scale = next((s for s in (1.0, 1e3, 1e6, 1e9) if 1e8 < middle / s < 4e9), None)
        if scale is None or not named:
            return None
        seconds = np.where(np.isfinite(numbers), numbers, 0.0) / scale
        when = (seconds * 1e6).astype("int64").astype("datetime64[us]")
        when[~np.isfinite(numbers)] = np.datetime64("NaT")
        return np.asarray(when)
    try:
        parsed = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=False)
    except (ValueError, TypeError):
        parsed = pd.to_datetime(column, errors="coerce", utc=True)
    if not hasattr(parsed, "dt") or parsed.isna().mean() > 0.5:
        try:
            parsed = pd.to_datetime(column, errors="coerce", format="mixed", utc=True)
        except (ValueError, TypeError):
            return None
    if parsed.isna().mean() > 0.5:
        return None
    if getattr(parsed.dt, "tz", None) is not None:
        parsed = parsed.dt.tz_localize(None)
    return np.asarray(parsed.to_numpy("datetime64[us]"))
