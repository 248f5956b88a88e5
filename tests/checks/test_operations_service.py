from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.operations import service
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import Words
from diagnostics.pictures import operations as drawing
from diagnostics.pictures.marks import Points
from tests.checks.operations_logs import START, incident, line, quiet, text


def found(folder: Path, log: str) -> list[Finding]:
    return service.judge(service.profile(incident(folder, log=log)))


def test_a_kill_after_a_worker_timeout_is_no_lack_of_memory(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        "[2026-05-12 08:00:31 +0000] [73] [CRITICAL] WORKER TIMEOUT (pid:76)\n"
        "[2026-05-12 08:00:32 +0000] [73] [ERROR] Worker (pid:77) was sent SIGKILL! Perhaps out of memory?\n",
    )
    assert [(f.code, f.evidence["killed"], f.evidence["cause"]) for f in findings] == [("OPS005", 1, "latency_regression")]


def test_a_kill_without_a_timeout_is_lack_of_memory(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        "[2026-05-12 08:00:01 +0000] [18] [INFO] Using worker: sync\n"
        "[2026-05-12 08:00:32 +0000] [18] [ERROR] Worker (pid:21) was sent SIGKILL! Perhaps out of memory?\n"
        "[2026-05-12 08:00:32 +0000] [22] [INFO] Booting worker with pid: 22\n",
    )
    assert [(f.code, f.evidence["cause"]) for f in findings] == [("OPS006", "resource_saturation")]


def test_a_model_loaded_for_every_request_is_told(tmp_path: Path) -> None:
    told = [line(m, "INFO", f"Received request {m}") for m in range(60)]
    told += [line(m + 0.1, "INFO", f"Loading model from /models/a.pkl took {m} ms") for m in range(60)]
    findings = found(tmp_path, text(told))
    assert [(f.code, f.evidence["loads"], f.evidence["requests"]) for f in findings] == [("OPS007", 60, 60)]


def test_a_model_loaded_once_by_every_worker_is_silent(tmp_path: Path) -> None:
    told = [line(0, "INFO", f"Booting worker {i}") for i in range(8)]
    told += [line(0.1, "INFO", f"Model loaded by worker {i}") for i in range(8)]
    told += [line(m, "INFO", f"Received request {m}") for m in range(1, 9)]
    assert found(tmp_path, text(told)) == []


def test_features_that_became_slow_are_dated(tmp_path: Path, rng: np.random.Generator) -> None:
    took = np.where(np.arange(200) < 120, 20, 400) + rng.integers(0, 15, 200)
    told = [line(m, "INFO", f"feature store lookup took {took[m]} ms") for m in range(200)]
    findings = found(tmp_path, text(told))
    assert [f.code for f in findings] == ["OPS008"]
    assert findings[0].since == START + timedelta(minutes=120)
    even = [line(m, "INFO", f"feature store lookup took {20 + m % 9} ms") for m in range(200)]
    assert found(tmp_path, text(even)) == []


def test_a_cache_that_only_grows_is_told_and_one_that_is_emptied_is_not(tmp_path: Path) -> None:
    grows = [line(m, "DEBUG", f"cache now holds {40 + 9 * m} entries") for m in range(100)]
    findings = found(tmp_path, text(grows))
    assert [(f.code, f.evidence["cause"]) for f in findings] == [("OPS009", "memory_leak")]
    emptied = [line(m, "DEBUG", f"cache now holds {40 + 9 * (m % 5)} entries") for m in range(100)]
    assert found(tmp_path, text(emptied)) == []


def test_a_quiet_service_is_silent(tmp_path: Path) -> None:
    assert found(tmp_path, text(quiet(300))) == []


@pytest.mark.parametrize("kind", ["timeouts", "fetch"])
def test_pictures_are_drawn(tmp_path: Path, kind: str) -> None:
    told = [line(m, "INFO", f"feature store lookup took {20 if m < 60 else 900} ms") for m in range(100)]
    if kind == "timeouts":
        told = [line(m, "CRITICAL", f"WORKER TIMEOUT (pid:{m})") for m in range(5)]
    p = service.profile(incident(tmp_path, log=text(told)))
    shape = drawing.service(p, service.judge(p)[0], Words())
    assert shape is not None
    assert any(isinstance(mark, Points) and len(mark.x) >= 5 for mark in shape.plots(Words())[0].marks)
