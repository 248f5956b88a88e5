"""A table as the reader gives it, to metrics: its times, its numbers with their units, wide or long."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.operations.metrics.printed import Printed
from diagnostics.checks.operations.metrics.samples import Samples, epoch, labelled, moments, telling
from diagnostics.checks.operations.metrics.units import converted, in_name, quantities
from diagnostics.measure.engine import connect, relation
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.table import Column, Kind, Table
from diagnostics.nouns.words import N_
from diagnostics.read.caps import Caps
from diagnostics.read.reader import read_table

BYTES_CAP: Final = 256 * 1024**2
ROWS_CAP: Final = 2_000_000
GROUPS_CAP: Final = 200
"""Series that a long table may be divided into."""

_TIME: Final = re.compile(r"time|date|^ts$|^t$|when|clock|zeit|datum|heure|fecha|hora|日期|时间|時間", re.IGNORECASE)
_ELAPSED: Final = re.compile(r"elapsed|^(?:seconds|secs?|t|time_?s|offset)$", re.IGNORECASE)
_NAME: Final = re.compile(r"^_?(?:metric|series|name|measure|measurement|variable|key|field|指标)(?:_?name)?$", re.IGNORECASE)
_VALUE: Final = re.compile(r"^_?(?:value|val|v|y|average|mean|avg|值)$", re.IGNORECASE)
_LABEL_NUMBER: Final = re.compile(r"^(?:index|gpu|core|cpu|id|pid|shard|partition|replica|worker|node|port|rank)$", re.IGNORECASE)
_PLUMBING: Final = re.compile(r"^(?:table|result|_start|_stop|period|statistic|insertid|row_?name)$", re.IGNORECASE)
_LIMIT: Final = re.compile(r"(?:^|[\W_])(?:limit|max|maximum|capacity|quota|total)$", re.IGNORECASE)
_PAIR: Final = re.compile(r"(.+?)\s*/\s*(.+)\Z")
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\Z")


def from_file(path: Path) -> list[Samples]:
    """Raises BadInput, in one sentence, for what is no table, has no times or no numbers."""
    caps = Caps(bytes=BYTES_CAP, rows=ROWS_CAP)
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as scratch:
        table = read_table(path, Path(scratch), name="metrics", caps=caps)
        return _samples(table, path)


def from_printed(printed: Printed, path: Path) -> list[Samples]:
    """What a tool printed goes the way of every table."""
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as scratch:
        file = Path(scratch, path.stem + ".csv")
        frame = pd.DataFrame(list(printed.rows), columns=pd.Index(printed.names))
        frame.to_csv(file, index=False)
        return _samples(read_table(file, Path(scratch), name="metrics"), path, dated=printed.dated)


def _samples(table: Table, path: Path, *, dated: bool = True) -> list[Samples]:
    cells = _cells(table)
    when, own, dated = _times(table, cells, path, dated=dated)
    rest = [c for c in table.columns if c.name not in own and not _PLUMBING.match(c.name)]
    numbers: dict[str, tuple[NDArray[np.float64], str]] = {}
    limits: dict[str, float] = {}
    labels: list[Column] = []
    for column in rest:
        read = _numbers(column, cells)
        if read is not None:
            numbers[column.name] = read
        elif (pair := _pair(column, cells)) is not None:
            for name, values, unit in pair:
                numbers[name] = (values, unit)
        elif column.kind is Kind.CATEGORY:
            labels.append(column)
    for name, (values, unit) in list(numbers.items()):
        # "memory_limit" or "MEM LIMIT", which hardly moves, is where "memory" ends.
        bare = _LIMIT.sub("", name)
        owner = next((other for other in numbers if other != name and bare and other.lower().startswith(bare.lower())), None)
        known = values[np.isfinite(values)]
        if bare != name and known.size and float(np.ptp(known)) <= 1e-9 * abs(float(known.max())):
            del numbers[name]
            if owner is not None and float(known[-1]) > 0:
                limits[owner] = converted(float(known[-1]), unit, numbers[owner][1])
    if not numbers:
        raise BadInput(N_("{file:name} has no column of numbers beside its time."), file=path.name)
    rows, groups, name_of = _groups(when, labels, numbers, cells)
    found = []
    for place, (positions, group) in enumerate(zip(rows, groups, strict=True)):
        for name, (values, unit) in numbers.items():
            lone = _VALUE.match(name) is not None
            base = name_of[place] or (path.stem if lone else name)
            if name_of[place] and not (lone or len(numbers) == 1):
                base = f"{base} {name}"
            one = Samples(
                name=labelled(base, group),
                times=when[positions],
                values=values[positions],
                unit=unit,
                dated=dated,
                limit=limits.get(name),
            )
            found.append(one)
    return found


def _cells(table: Table) -> pd.DataFrame:
    """Columns by name: numbers and times as they are, everything else as text."""
    asked = ", ".join(
        f"{c.key}" if c.kind in (Kind.NUMBER, Kind.TIME) else f"coalesce(CAST({c.key} AS VARCHAR), '') AS {c.key}"
        for c in table.columns
    )
    with connect() as con:
        frame: pd.DataFrame = con.execute(f"SELECT {asked} FROM {relation(table)}").df()
    frame.columns = pd.Index([column.name for column in table.columns])
    return frame


def _times(table: Table, cells: pd.DataFrame, path: Path, *, dated: bool) -> tuple[NDArray[np.datetime64], tuple[str, ...], bool]:
    """The times, the names of the columns that hold them, and whether they name a day.

    The column that is named so comes first, then the first that holds times; a day beside a clock is put together.
    """
    columns = sorted(table.columns, key=lambda c: not _TIME.search(c.name))
    if dated:
        for column in columns:
            when = _parsed(column, cells[column.name])
            if when is None:
                continue
            known = when[~np.isnat(when)]
            if bool((known == known.astype("datetime64[D]")).all()) and (clock := _clock(table, cells)) is not None:
                return when + clock[1], (column.name, clock[0]), True
            return when, (column.name,), True
    for column in columns:
        if column.kind is Kind.NUMBER and _ELAPSED.search(column.name):
            seconds = cells[column.name].to_numpy("float64")
            if (np.diff(seconds[np.isfinite(seconds)]) >= 0).all():
                return moments(seconds), (column.name,), False
    raise BadInput(N_("{file:name} has no column of times: a metric needs one, for example named timestamp."), file=path.name)


def _parsed(column: Column, cells: pd.Series) -> NDArray[np.datetime64] | None:
    if column.kind is Kind.TIME:
        return np.asarray(cells.to_numpy("datetime64[us]"))
    if column.kind is Kind.NUMBER:
        seconds = epoch(cells.to_numpy("float64")) if _TIME.search(column.name) else None
        return None if seconds is None else moments(seconds)
    few = cells.iloc[:: max(1, len(cells) // 50)]
    if few.str.contains(r"\d[-/.:年]\d", regex=True).mean() < 0.5:
        return None
    parsed = pd.to_datetime(cells, errors="coerce", format="mixed", utc=True)
    if parsed.isna().mean() > 0.2:
        return None
    return np.asarray(parsed.dt.tz_localize(None).to_numpy("datetime64[us]"))


def _clock(table: Table, cells: pd.DataFrame) -> tuple[str, NDArray[np.timedelta64]] | None:
    for column in table.columns:
        if column.kind is Kind.CATEGORY and cells[column.name].str.match(_CLOCK).mean() > 0.9:
            text = cells[column.name].where(cells[column.name].str.count(":") > 1, cells[column.name] + ":00")
            return column.name, np.asarray(pd.to_timedelta(text, errors="coerce").to_numpy("timedelta64[us]"))
    return None


def _numbers(column: Column, cells: pd.DataFrame) -> tuple[NDArray[np.float64], str] | None:
    """The numbers of a column and their unit; None for a column of words."""
    if column.kind is Kind.NUMBER:
        values = cells[column.name].to_numpy("float64")
        if "percent" in column.format:
            return values * 100, "%"
        unit = next((part.removeprefix("unit ") for part in column.format.split(", ") if part.startswith("unit ")), "")
        return values, unit or in_name(column.name)
    if column.kind is Kind.CATEGORY:
        return quantities(cells[column.name].tolist())
    return None


def _pair(column: Column, cells: pd.DataFrame) -> list[tuple[str, NDArray[np.float64], str]] | None:
    """Two numbers in one cell, as docker stats writes "1.1GiB / 4GiB" under "MEM USAGE / LIMIT"."""
    if column.kind is not Kind.CATEGORY or cells[column.name].str.count("/").iloc[:50].mean() < 0.9:
        return None
    parts = cells[column.name].str.split("/", n=1, expand=True).fillna("")
    named = _PAIR.match(column.name)
    names = [named[1], f"{named[1]} {named[2]}"] if named else [f"{column.name} 1", f"{column.name} 2"]
    found = [(name, quantities(parts[i].tolist())) for i, name in enumerate(names)]
    return [(name, *read) for name, read in found if read is not None] or None


def _groups(
    when: NDArray[np.datetime64],
    labels: Sequence[Column],
    numbers: dict[str, tuple[NDArray[np.float64], str]],
    cells: pd.DataFrame,
) -> tuple[list[NDArray[np.intp]], list[dict[str, str]], list[str]]:
    """The rows of each series, what tells it from its sisters, and its own name where a column holds names of metrics.

    A table is long where moments repeat and its words (or a number such as the index of a GPU) say of which thing each row is.
    """
    everything = np.arange(when.size)
    naming = [c.name for c in labels if _NAME.match(c.name)]
    keys = [c.name for c in labels]
    repeated = np.unique(when).size < 0.95 * when.size
    if repeated:
        for name in [n for n in numbers if _LABEL_NUMBER.match(n)]:
            values = numbers[name][0]
            if np.unique(values).size <= GROUPS_CAP and bool((values == np.floor(values)).all()):
                keys.append(name)
                del numbers[name]
    if not keys or not (repeated or naming):
        return [everything], [{}], [""]
    frame = cells[keys].astype(str)
    # A free text, which is another in most rows, names no series.
    keys = [key for key in keys if frame[key].nunique() <= GROUPS_CAP]
    if not keys:
        return [everything], [{}], [""]
    found = list(frame.groupby(keys, sort=True, observed=True).indices.items())[:GROUPS_CAP]
    rows = [{key: str(v) for key, v in zip(keys, k if isinstance(k, tuple) else (k,), strict=True)} for k, _ in found]
    names = [row.pop(naming[0]) if naming else "" for row in rows]
    told = telling(rows)
    return [np.asarray(positions) for _, positions in found], told, names
