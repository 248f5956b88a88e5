"""Metrics that are no table: Prometheus (text and JSON), CloudWatch, Grafana and Datadog (JSON)."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import numpy as np

from diagnostics.checks.operations.metrics.samples import Samples, labelled, moments, telling
from diagnostics.nouns.documents import NotPlain, load_json

_SAMPLE: Final = re.compile(
    r"(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>(?:[^\"{}]|\"(?:[^\"\\]|\\.)*\")*)\})?[ \t]+(?P<value>\S+)"
    r"(?:[ \t]+(?P<time>-?[\d.]+))?(?:[ \t]+#.*)?[ \t]*\Z"
)
_LABEL: Final = re.compile(r'([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')
_TYPE: Final = re.compile(r"# TYPE (\S+) (\w+)")
_STATISTICS: Final = ("Average", "Maximum", "Sum", "Minimum", "SampleCount", "p99", "p95", "p90", "p50")
_COUNTS: Final = ("_total", "_count", "_sum", "_bucket")


class _Gathered:
    """Points by series, in the order of their first."""

    def __init__(self) -> None:
        self.points: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, float]]] = defaultdict(list)
        self.units: dict[str, str] = {}
        self.counters: dict[str, bool] = {}

    def add(self, name: str, labels: dict[str, str], seconds: float, value: float) -> None:
        self.points[name, tuple(labels.items())].append((seconds, value))

    def samples(self) -> list[Samples]:
        found = []
        by_name: dict[str, list[tuple[tuple[str, str], ...]]] = defaultdict(list)
        for name, labels in self.points:
            by_name[name].append(labels)
        for name, rows in by_name.items():
            for labels, told in zip(rows, telling([dict(row) for row in rows]), strict=True):
                points = np.array(self.points[name, labels], dtype="float64").reshape(-1, 2)
                found.append(
                    Samples(
                        name=labelled(name, told),
                        times=moments(points[:, 0]),
                        values=points[:, 1],
                        unit=self.units.get(name, ""),
                        counter=self.counters.get(name),
                    )
                )
        return found


def exposition(lines: Iterable[str]) -> list[Samples] | None:
    """Samples of the Prometheus or OpenMetrics text format that carry their times; None when the lines are not that.

    Prometheus documentation, exposition formats: times are milliseconds since 1970 (OpenMetrics: seconds).
    """
    gathered, told, plain = _Gathered(), 0, 0
    types: dict[str, str] = {}
    for line in lines:
        if line.startswith("#"):
            if kind := _TYPE.match(line):
                types[kind[1]] = kind[2]
            continue
        if not line.strip():
            continue
        plain += 1
        sample = _SAMPLE.match(line.strip())
        value = _float(sample["value"]) if sample else None
        if sample is None or value is None:
            if plain > 20 and told < 0.5 * plain:
                return None
            continue
        told += 1
        name = sample["name"]
        kind_of = types.get(name) or next(
            (types[name.removesuffix(end)] for end in _COUNTS if name.removesuffix(end) in types), ""
        )
        if kind_of:
            gathered.counters[name] = kind_of == "counter" or (kind_of in ("histogram", "summary") and name.endswith(_COUNTS[1:]))
        if sample["time"] is not None:
            when = float(sample["time"])
            gathered.add(name, _labels(sample["labels"] or ""), when / 1e3 if when > 1e11 else when, value)
    if told < 0.5 * plain or not gathered.points:
        return None
    return gathered.samples()


def _labels(text: str) -> dict[str, str]:
    return {key: value.replace('\\"', '"').replace("\\\\", "\\") for key, value in _LABEL.findall(text)}


def document(text: str) -> list[Samples] | None:
    """Samples of a JSON document of a known kind; None when it is none of them (it may still be a table)."""
    try:
        root = load_json(text)
    except NotPlain:
        return None
    gathered = _Gathered()
    for part in root if isinstance(root, list) else [root]:
        if isinstance(part, dict):
            _prometheus(part, gathered)
            _cloudwatch(part, gathered)
            _grafana(part, gathered)
            _datadog(part, gathered)
    return gathered.samples() or None


def _prometheus(part: dict[str, Any], into: _Gathered) -> None:
    """The HTTP API's answer to query_range (a matrix): {"data": {"result": [{"metric": {...}, "values": [[t, "v"]]}]}}."""
    data = part.get("data", part)
    for series in _dicts(data.get("result")) if isinstance(data, dict) else ():
        labels = {str(k): str(v) for k, v in series.get("metric", {}).items()} if isinstance(series.get("metric"), dict) else {}
        name = labels.pop("__name__", "value")
        for when, value in _pairs(series.get("values")):
            into.add(name, labels, when, value)


def _cloudwatch(part: dict[str, Any], into: _Gathered) -> None:
    """The answers to get-metric-statistics (Datapoints) and get-metric-data (MetricDataResults)."""
    for point in _dicts(part.get("Datapoints")):
        when = _seconds(point.get("Timestamp"))
        given = {**point, **(point["ExtendedStatistics"] if isinstance(point.get("ExtendedStatistics"), dict) else {})}
        told = [(name, _float(given[name])) for name in _STATISTICS if name in given]
        for position, (statistic, value) in enumerate(told):
            name = str(part.get("Label") or "value")
            # The first statistic is the metric itself; the others say which they are.
            name = name if not position else f"{name} {statistic}"
            if when is not None and value is not None:
                into.add(name, {}, when, value)
                into.units[name] = {"Percent": "%", "Bytes": "B", "Seconds": "s", "Milliseconds": "ms"}.get(
                    str(point.get("Unit")), ""
                )
    for series in _dicts(part.get("MetricDataResults")):
        name = str(series.get("Label") or series.get("Id") or "value")
        times, values = series.get("Timestamps"), series.get("Values")
        if isinstance(times, list) and isinstance(values, list):
            for when, value in zip(map(_seconds, times), map(_float, values), strict=False):
                if when is not None and value is not None:
                    into.add(name, {}, when, value)


def _grafana(part: dict[str, Any], into: _Gathered) -> None:
    """Old panels ({"target", "datapoints": [[value, ms]]}, as Graphite answers) and data frames (results of queries)."""
    if isinstance(part.get("datapoints"), list):
        for value, when in _pairs(part["datapoints"]):
            into.add(str(part.get("target") or "value"), {}, when / 1e3 if when > 1e11 else when, value)
    results = part.get("results")
    for result in _dicts(list(results.values())) if isinstance(results, dict) else ():
        for frame in _dicts(result.get("frames")):
            schema, data = frame.get("schema"), frame.get("data")
            fields = list(_dicts(schema.get("fields"))) if isinstance(schema, dict) else []
            columns = data.get("values") if isinstance(data, dict) else None
            if not isinstance(columns, list) or len(columns) != len(fields):
                continue
            times = next((c for f, c in zip(fields, columns, strict=True) if f.get("type") == "time"), None)
            for field, column in zip(fields, columns, strict=True):
                if field.get("type") != "number" or not isinstance(times, list) or not isinstance(column, list):
                    continue
                given = field.get("labels")
                labels = {str(key): str(text) for key, text in given.items()} if isinstance(given, dict) else {}
                for second, number in zip(map(_seconds, times), map(_float, column), strict=False):
                    if second is not None and number is not None:
                        into.add(str(field.get("name") or "value"), labels, second, number)


def _datadog(part: dict[str, Any], into: _Gathered) -> None:
    """The answer to a query of time series: {"series": [{"metric", "scope", "pointlist": [[ms, value]]}]}."""
    for series in _dicts(part.get("series")):
        for when, value in _pairs(series.get("pointlist")):
            into.add(str(series.get("metric") or "value"), {"scope": str(series.get("scope", ""))}, when / 1e3, value)


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _pairs(value: object) -> Iterator[tuple[float, float]]:
    for pair in value if isinstance(value, list) else ():
        if isinstance(pair, list) and len(pair) == 2:
            left, right = _float(pair[0]), _float(pair[1])
            if left is not None and right is not None:
                yield left, right


def _float(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        return None
    return number


def _seconds(value: object) -> float | None:
    """Seconds since 1970 of ISO text, or of a number of seconds or milliseconds."""
    if isinstance(value, str):
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            return None
        return float(_utc(when).astype("int64")) / 1e6
    number = _float(value)
    return None if number is None else number / 1e3 if number > 1e11 else number


def _utc(when: datetime) -> np.datetime64:
    offset = when.utcoffset()
    return np.datetime64(when.replace(tzinfo=None) - offset if offset is not None else when, "us")
