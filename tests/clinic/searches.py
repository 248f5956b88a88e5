"""What the tests of searches share: a small table, a small search, and workers that are processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from diagnostics.clinic.search.check import Prepared, Settings, prepare
from diagnostics.clinic.search.storage import OpenStorage, open_storage, store_rows
from diagnostics.clinic.search.trials import create_study
from diagnostics.nouns.incident import Incident
from tests.clinic.frames import classes
from tests.factory import incident_of

ROOT = Path(__file__).parent.parent.parent


def table(folder: Path, rows: int = 300, **more: float) -> Incident:
    return incident_of(folder, classes(np.random.default_rng(5), rows, **more), target="answer")  # type: ignore[arg-type]


def begun(incident: Incident, settings: Settings, url: str) -> tuple[OpenStorage, Prepared]:
    """A study in its storage, with no trial yet; connections come back when the storage is used again."""
    prepared, opened = prepare(incident, settings), open_storage(url)
    store_rows(opened, prepared.plans[0].table, prepared.content)
    for name, plan in zip(prepared.names, prepared.plans, strict=True):
        create_study(opened, name, plan)
    opened.close()
    return opened, prepared


def worker(url: str, study: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "diagnostics", "search-worker", "--storage", url, "--study", study],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def until(what: Callable[[], object], within: float = 90) -> None:
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
