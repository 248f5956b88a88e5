from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from diagnostics.checks.operations.record import logs_record
from diagnostics.nouns.words import Words
from tests.checks.operations_logs import csv, incident, line, quiet, text


def test_the_record_holds_templates_bursts_metrics_and_causes(tmp_path: Path, rng: np.random.Generator) -> None:
    told = quiet(400) + [line(200 + i / 10, "ERROR", f"Timeout after {i} ms") for i in range(120)]
    log = incident(tmp_path, log=text(told)).logs
    values = 40 + np.maximum(0, np.arange(1000) - 300) * 0.05 + rng.normal(0, 0.5, 1000)
    series = incident(tmp_path, metrics=csv(values, "memory_percent")).metrics
    record, assigned = logs_record(log, series, Words())
    assert len(assigned) == len(told)
    assert sum(t["count"] for t in record["templates"]) == len(told)
    assert [(b["since"], b["count"]) for b in record["bursts"]] == [("2026-05-12T11:20:00", 120)]
    assert [(m["series"], m["code"]) for m in record["metrics"]] == [("memory_percent", "memory_leak")]
    assert {c["code"] for c in record["causes"]} == {"memory_leak", "error_burst"}
    assert json.dumps(record, allow_nan=False) == json.dumps(logs_record(log, series, Words())[0], allow_nan=False)


def test_a_quiet_service_has_no_cause(tmp_path: Path) -> None:
    record, _ = logs_record(incident(tmp_path, log=text(quiet(200))).logs, (), Words())
    assert (record["bursts"], record["metrics"], record["causes"]) == ([], [], [])
