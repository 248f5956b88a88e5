"""Gates of bad days: killed while saving, a full disk at any byte, a locked database, a clock, the same answer again."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gates.gate import ROOT, Figure, clinic, run, suite

SAVING = """
import sys
from diagnostics.keep import store
incident = sys.argv[1]
number = 0
while True:
    number += 1
    content = (f"{number},x\\n" * 20000).encode()
    store.save_upload(incident, "current", "current.csv", content)
    print(number, flush=True)
"""

FULL = """
import resource, sys
from diagnostics.keep import store, sharing
from diagnostics.nouns.refusal import BadInput
incident, most = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
calls = [
    lambda: store.save_upload(incident, "current", "current.csv", b"c,d\\n" * 5000),
    lambda: store.describe(incident, {"title": "another " * 20}),
    lambda: store.call(incident, "another " * 20),
    lambda: store.keep_result(incident, "fit-0123456789abcdef.json", b"{}" * 5000),
]
for call in calls:
    try:
        call()
        print("kept")
    except BadInput as reason:
        print("said" if "disk" in str(reason) else "unclear")
"""


def killed(full: bool) -> Figure:
    """A process that saves table after table is killed at random; the table is then whole, and no older than acknowledged."""
    count = 200 if full else 25
    rng = np.random.default_rng(0)
    lost = broken = 0
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "MODEL_CLINIC_HOME": home}
        incident = _incident(environment)
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-c", SAVING, incident], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(float(rng.uniform(0, 0.15)))
            process.send_signal(signal.SIGKILL)
            said = [1, *(int(line) for line in process.communicate()[0].split())][-1]
            lines = Path(home, incident, "current.csv").read_text().splitlines()
            broken += len(lines) != 20_000 or len(set(lines)) != 1
            lost += int(lines[0].split(",")[0]) < said
    told = f"{lost} acknowledged lost, {broken} broken in {count} kills"
    return Figure(measured=told, holds=not lost and not broken, short="" if full else "25 of 200 kills, of saving alone")


def full_disk(full: bool) -> Figure:
    """A file may not pass N bytes, for N from 0 on; each change is then refused in a sentence about the disk or complete."""
    limits = [*range(0, 400, 40 if full else 200), 3000, 19_000]
    unclear = changed = tried = 0
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "MODEL_CLINIC_HOME": home}
        incident = _incident(environment)
        for most in limits:
            before = _seen(Path(home, incident))
            done = run([sys.executable, "-c", FULL, incident, str(most)], timeout=60, environment={"MODEL_CLINIC_HOME": home})
            said = done.out.split()
            tried += len(said)
            unclear += said.count("unclear") + (len(said) != 4)
            changed += "kept" not in said and _seen(Path(home, incident)) != before
    tests = suite("tests/test_disk.py", "tests/test_store.py", "tests/test_sharing.py")
    told = f"{unclear} without a plain sentence, {changed} old versions changed in {tried} writes; {tests.measured}"
    return Figure(measured=told, holds=not unclear and not changed and tests.holds, short="" if full else "fewer sizes")


def locked(full: bool) -> Figure:
    return suite("tests/test_database.py", "-k", "lock or deleted or newer or no_database or full")


def same_again(full: bool) -> Figure:
    count = 20 if full else 3
    sample = next((ROOT / "sample_data").glob("*/incident.yaml")).parent
    seen = {
        hashlib.sha256(clinic("investigate", sample, "--json", "-", timeout=180).out.encode()).hexdigest() for _ in range(count)
    }
    return Figure(
        measured=f"{len(seen)} different answers in {count} runs", holds=len(seen) == 1, short="" if full else "3 of 20 runs"
    )


def raising(full: bool) -> Figure:
    """Each diagnostic of the steps raises once; the others still answer, and one sentence says so."""
    from diagnostics import investigation
    from diagnostics.catalogue import catalogue
    from diagnostics.nouns.incident import Incident
    from diagnostics.read.folder import open_incident

    sample = next(
        (ROOT / "sample_data").glob("unit-change*/incident.yaml"), next((ROOT / "sample_data").glob("*/incident.yaml"))
    ).parent
    found = catalogue() if full else catalogue()[::6]
    fell = 0
    with tempfile.TemporaryDirectory() as work:
        incident = open_incident(sample, work=Path(work))
        for diagnostic in found:
            module: Any = diagnostic.module
            kept = module.profile

            def broken(given: Incident, *_: object, **__: object) -> None:
                raise RuntimeError("a defect")

            module.profile = broken
            try:
                checks = investigation.investigate(incident).checks
                fell += sum(bool(check.failed) for check in checks) > 1
            except RuntimeError:
                fell += 1
            finally:
                module.profile = kept
    told = f"{fell} investigations fell with one of {len(found)} diagnostics"
    return Figure(measured=told, holds=not fell, short="" if full else "every sixth diagnostic")


def _incident(environment: dict[str, str]) -> str:
    made = (
        "from diagnostics.keep import store; i = store.create(); store.save_upload(i, 'current', 'a.csv', b'1,x\\n' * 20000); "
        "store.describe(i, {'title': 'x'}); print(i)"
    )
    return subprocess.run(
        [sys.executable, "-c", made], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def _seen(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
