"""Metric files of many tools: what their series are called, how long they are, their units, limits and times."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.operations.metrics import check
from diagnostics.checks.operations.metrics.counters import is_counter, rates
from diagnostics.checks.operations.metrics.documents import document
from diagnostics.checks.operations.metrics.samples import Samples
from diagnostics.checks.operations.metrics.series import Meaning, Series, read_metrics, read_series
from diagnostics.checks.operations.metrics.units import quantities
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import Words

START = datetime(2026, 5, 12)
MINUTES = range(0, 300, 5)


def at(minute: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (START + timedelta(minutes=minute)).strftime(form)


def seconds(minute: int) -> int:
    return int((START - datetime(1970, 1, 1)).total_seconds()) + 60 * minute


def rows(head: str, row: Callable[[int, int], str]) -> str:
    """A line for every fifth minute with its place, below `head`."""
    return "\n".join([*head.splitlines(), *(row(m, i) for i, m in enumerate(MINUTES))]) + "\n"


def read(folder: Path, text: str, name: str = "m.csv") -> list[Series]:
    file = folder / name
    file.write_text(text)
    return read_series(file)


SAR = "Linux 5.15.0 (node1) \t05/12/2026 \t_x86_64_\t(4 CPU)\n\n12:00:00 AM     CPU     %user     %idle"
DMON = "#Date      Time       gpu    sm   mem\n#YYYYMMDD  HH:MM:SS   Idx     %     %"
FILES = {
    "clock and comma": (rows("ts,rss_mb", lambda m, i: f"{at(m)},{100 + i}"), {"rss_mb": ""}),
    "units in cells": (rows('"Time","memory"', lambda m, i: f"{at(m)},{1000 + i} MiB"), {"memory": "MiB"}),
    "comma as mark": (rows("Zeit;CPU %", lambda m, i: f"{at(m, '%d.%m.%Y %H:%M')};2{i % 9},{i % 7}"), {"CPU %": ""}),
    "sep and percent": (rows('sep=,\n"Time","cpu"', lambda m, i: f"{at(m)},{20 + i % 5}.5%"), {"cpu": "%"}),
    "docker stats": (
        rows("time,NAME,CPU %,MEM USAGE / LIMIT", lambda m, i: f"{at(m)},model,3{i % 9}.5%,{1000 + i}MiB / 4GiB"),
        {"CPU %": "%", "MEM USAGE": "MiB"},
    ),
    "long": (
        rows("timestamp,metric,value", lambda m, i: f"{seconds(m)},rps,{i % 9}.5\n{seconds(m)},latency_ms,{50 + i % 7}"),
        {"latency_ms": "", "rps": ""},
    ),
    "long by pod": (
        rows("time,pod,mem", lambda m, i: f"{at(m)},a,{5 + i % 3}.5\n{at(m)},b,{6 + i % 3}.5"),
        {"mem{pod=a}": "", "mem{pod=b}": ""},
    ),
    "day beside clock": (
        rows("date,time,load", lambda m, i: f"{at(m, '%Y-%m-%d')},{at(m, '%H:%M:%S')},{i % 4}.25"),
        {"load": ""},
    ),
    "cloudwatch": (
        rows("Label,CPUUtilization\nPeriod,300", lambda m, i: f"{at(m, '%Y/%m/%d %H:%M:%S')},{20 + i % 9}.1"),
        {"CPUUtilization": ""},
    ),
    "sar": (
        rows(SAR, lambda m, i: f"{at(m, '%I:%M:%S %p')}     all     2{i % 9}.17     6{i % 9}.51"),
        {"%idle": "", "%user": ""},
    ),
    "psrecord": (
        rows("# Elapsed time   CPU (%)     Real (MB)", lambda m, i: f"   {60 * m}.000    {20 + i % 9}.5   {1000 + i}.25"),
        {"CPU (%)": "%", "Real (MB)": "MB"},
    ),
    "dmon": (
        rows(DMON, lambda m, i: f" {at(m, '%Y%m%d')}  {at(m, '%H:%M:%S')}    0    {50 + i % 9}    {20 + i % 5}"),
        {"mem": "", "sm": ""},
    ),
    "vmstat": (
        rows(
            "procs -----memory----- ---swap-- -----io---- -system-- -----cpu----- -----timestamp-----\n"
            " r b swpd free si so bi bo in cs us sy UTC",
            lambda m, i: f" 1 0 0 {800 + i} 0 0 5 {i % 5} 100 200 1{i % 9} 2 {at(m)}",
        ),
        {"free": "", "us": ""},
    ),
    "prometheus": (
        "# TYPE rss gauge\n" + rows("", lambda m, i: f'rss{{instance="a:80"}} {100 + i} {1000 * seconds(m)}'),
        {"rss": ""},
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_many_tools_are_read(tmp_path: Path, kind: str) -> None:
    text, wanted = FILES[kind]
    found = {one.name.removeprefix("model "): one for one in read(tmp_path, text)}
    assert {name: found[name].unit for name in wanted} == wanted
    one = found[next(iter(wanted))]
    assert one.values.size == len(MINUTES)
    assert str(one.times[-1]).endswith("04:55:00.000000")
    assert one.dated == (kind != "psrecord")
    assert not one.dated or str(one.times[0]).startswith("2026-05-12T00:00")


def test_a_limit_is_what_the_file_names_or_what_a_percentage_has(tmp_path: Path) -> None:
    docker = {one.name: one.limit for one in read(tmp_path, FILES["docker stats"][0])}
    assert docker == {"model CPU %": 100.0, "model MEM USAGE": 4096.0}
    (memory,) = read(tmp_path, FILES["clock and comma"][0])
    assert memory.limit is None


PROM = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [{"metric": {"__name__": "up", "pod": p}, "values": [[seconds(m), "1"] for m in MINUTES]} for p in "ab"],
    },
}
CLOUDWATCH = {
    "Label": "Mem",
    "Datapoints": [{"Timestamp": at(m, "%Y-%m-%dT%H:%M:%SZ"), "Average": m, "Unit": "Percent"} for m in MINUTES],
}
DATA = {
    "MetricDataResults": [
        {"Label": "Mem", "Timestamps": [at(m, "%Y-%m-%dT%H:%M:%S+02:00") for m in MINUTES], "Values": [*MINUTES]}
    ]
}
GRAPHITE = [{"target": "rps", "datapoints": [[m % 25, seconds(m)] for m in MINUTES]}]
DATADOG = {"series": [{"metric": "rps", "scope": "host:a", "pointlist": [[1000 * seconds(m), m % 25] for m in MINUTES]}]}
FRAMES = {
    "results": {
        "A": {
            "frames": [
                {
                    "schema": {"fields": [{"name": "Time", "type": "time"}, {"name": "rps", "type": "number"}]},
                    "data": {"values": [[1000 * seconds(m) for m in MINUTES], [m % 25 for m in MINUTES]]},
                }
            ]
        }
    }
}


@pytest.mark.parametrize(
    ("given", "names", "first"),
    [
        (PROM, ["up{pod=a}", "up{pod=b}"], "2026-05-12T00:00:00"),
        (CLOUDWATCH, ["Mem"], "2026-05-12T00:00:00"),
        (DATA, ["Mem"], "2026-05-11T22:00:00"),
        (GRAPHITE, ["rps"], "2026-05-12T00:00:00"),
        (DATADOG, ["rps"], "2026-05-12T00:00:00"),
        (FRAMES, ["rps"], "2026-05-12T00:00:00"),
    ],
)
def test_documents_of_many_tools_are_read(tmp_path: Path, given: object, names: list[str], first: str) -> None:
    found = read(tmp_path, json.dumps(given), "m.json")
    assert [one.name for one in found] == names
    assert str(found[0].times[0]).startswith(first)
    assert found[0].values.size == len(MINUTES)


@pytest.mark.parametrize(
    "text", ["{", "[[[[", '{"a": 1}', '{"data": {"result": [{"values": [[1]]}]}}', '{"series": [{"pointlist": 3}]}']
)
def test_a_document_of_no_known_kind_is_none(text: str) -> None:
    assert document(text) is None


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["900 MiB", "1.5 GiB", "1 GiB", "2 GiB"], [900 / 1024, 1.5, 1.0, 2.0], "GiB"),
        (["230 ms", "1.2 s", "180 ms", ""], [230.0, 1200.0, 180.0, np.nan], "ms"),
        (["1,5 %", "2,5 %", "12,25 %"], [1.5, 2.5, 12.25], "%"),
        (["1.2 K", "3 K", "900"], [1.2, 3.0, 0.9], "K"),
        (["3 MB/s", "500 kB/s", "4 MB/s"], [3.0, 0.5, 4.0], "MB/s"),
    ],
)
def test_cells_with_units_come_to_one(cells: list[str], values: list[float], unit: str) -> None:
    read_as = quantities(cells)
    assert read_as is not None
    assert read_as[1] == unit
    np.testing.assert_allclose(read_as[0], values)


@pytest.mark.parametrize("cells", [["a", "b"], ["12 apples", "3 pears"], ["", ""], ["v1", "v2", "3"]])
def test_words_are_no_quantities(cells: list[str]) -> None:
    assert quantities(cells) is None


def samples(name: str, values: list[float]) -> Samples:
    times = np.datetime64("2026-05-12", "us") + np.arange(len(values)) * np.timedelta64(60, "s")
    return Samples(name=name, times=times, values=np.array(values))


def test_a_counter_becomes_its_rate_and_a_reset_is_left_out() -> None:
    climbs = [60.0 * i for i in range(20)] + [60.0 * i for i in range(20)]
    (rate,) = rates([samples("http_requests_total", climbs)])
    assert (rate.unit, rate.values.size, set(rate.values.tolist())) == ("/s", 38, {1.0})


def test_of_sum_and_count_the_mean_is_kept_and_no_bucket() -> None:
    total, count = [0.3 * i for i in range(30)], [3.0 * i for i in range(30)]
    bucket = [2.0 * i for i in range(30)]
    found = rates(
        [samples("took_seconds_sum", total), samples("took_seconds_count", count), samples("took_seconds_bucket{le=1}", bucket)]
    )
    assert [one.name for one in found] == ["took_seconds", "took_seconds_count"]
    np.testing.assert_allclose(found[0].values, 0.1)


@pytest.mark.parametrize("name", ["memory_bytes", "queue_size", "open_connections", "heap used"])
def test_what_is_held_is_no_counter_however_it_climbs(name: str) -> None:
    assert not is_counter(samples(name, [100.0 * i for i in range(50)]))
    assert is_counter(samples("packets", [100.0 * i for i in range(50)]))
    assert not is_counter(samples("requests_total", [float(i % 7) for i in range(50)]))


def found(folder: Path, text: str) -> list[Finding]:
    (folder / "m.csv").write_text(text)
    return check.judge(check.of(read_metrics((folder / "m.csv",))))


def test_the_rise_of_a_morning_is_told_and_names_no_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    def climb(hours: int, gain: float) -> str:
        values = 1000 + gain * np.arange(12 * hours) / (12 * hours) + rng.normal(0, 5, 12 * hours)
        return "\n".join(["ts,memory_mb", *(f"{at(5 * i)},{v:.1f}" for i, v in enumerate(values))])

    (morning,) = found(tmp_path, climb(9, 700))
    assert (morning.code, str(morning.severity)) == ("OPS011", "info")
    assert "covers only 8.92 hours" in morning.statement(Words())
    (leak,) = found(tmp_path, climb(30, 700))
    assert (leak.code, str(leak.severity)) == ("OPS011", "critical")
    (fast,) = found(tmp_path, climb(9, 4000))
    assert str(fast.severity) == "critical"


def test_times_that_name_no_day_give_no_date(tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.concatenate([rng.normal(50, 2, 60), rng.normal(200, 5, 60)])
    climbing = 500 + 10 * np.arange(120) + rng.normal(0, 5, 120)
    jumping = rng.normal(30, 1, 120)
    text = "\n".join(
        ["elapsed,latency_ms,Real (MB),rps"]
        + [f"{10 * i},{a:.2f},{b:.2f},{c:.2f}" for i, (a, b, c) in enumerate(zip(values, climbing, jumping, strict=True))]
    )
    told = {f.code: f for f in found(tmp_path, text)}
    assert {"OPS011", "OPS013"} <= set(told)
    assert all(f.since is None for f in told.values())
    assert "hours after the beginning" in told["OPS013"].statement(Words())
    assert "an hour" in told["OPS011"].statement(Words())


def test_before_and_after_follow_time(tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.concatenate([rng.normal(55, 1, 40), rng.normal(99, 1, 160)])
    (shift,) = found(tmp_path, "\n".join(["ts,rps", *(f"{at(5 * i)},{v:.2f}" for i, v in enumerate(values))]))
    assert shift.statement(Words()).startswith("rps rose from 5")
    assert shift.since == START + timedelta(minutes=200)


def test_meanings_follow_names_in_several_languages_and_units() -> None:
    from diagnostics.checks.operations.metrics.series import meaning_of

    wanted = {
        ("p95", ""): Meaning.LATENCY,
        ("响应时间", ""): Meaning.LATENCY,
        ("checkout", "ms"): Meaning.LATENCY,
        ("内存使用率", ""): Meaning.MEMORY,
        ("Real (MB)", "MB"): Meaning.MEMORY,
        ("错误数", ""): Meaning.ERRORS,
        ("CPU使用率", ""): Meaning.RESOURCE,
        ("rps", ""): Meaning.OTHER,
    }
    assert {key: meaning_of(*key) for key in wanted} == wanted
