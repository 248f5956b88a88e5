"""A disk that takes no more after the N-th byte, for several N: the old version stays, and what is said is about the disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.nouns.refusal import MachineFault
from diagnostics.read.faults import machine_fault

ROOT = Path(__file__).parents[1]

READ = """
import resource, sys
from pathlib import Path
from diagnostics.nouns.refusal import BadInput
from diagnostics.read.reader import read_table
source, work, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    print("read", read_table(source, work, name="table").rows)
except BadInput as reason:
    print(type(reason).__name__, any(work.glob("table.*")), reason)
"""


@pytest.mark.parametrize("most", [0, 3000, 30_000])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_full_disk_is_no_fault_of_the_table(tmp_path: Path, rng: np.random.Generator, ending: str, most: int) -> None:
    table = pd.DataFrame({"a": rng.normal(size=4000), "b": rng.normal(size=4000)})
    file = tmp_path / f"t.{ending}"
    if ending == "csv":
        table.to_csv(file, index=False)
    else:
        table.to_parquet(file)
    command = [sys.executable, "-c", READ, str(file), str(tmp_path / "work"), str(most)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("MachineFault False"), done.stdout + done.stderr


def test_errors_of_the_engine_are_told_apart() -> None:
    import duckdb

    full = duckdb.IOException('IO Error: {"exception_message":"Could not write file","errno":"28"}')
    fault = machine_fault(full)
    assert fault is not None
    assert fault.errno == 28
    assert machine_fault(duckdb.IOException("IO Error: No magic bytes found at end of file")) is None
    assert machine_fault(duckdb.IOException('IO Error: {"errno":"2"}')) is None


def test_an_investigation_that_the_machine_refused_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from diagnostics.keep.investigation_job import InvestigationJob
    from diagnostics.nouns.refusal import BadInput

    job = InvestigationJob(key="x", incident="x", stamp="s")
    assert not job.machine_refused
    job.error = BadInput("a file at fault")
    assert not job.machine_refused
    for error in (MachineFault("a full disk"), OSError(28, "full"), MemoryError()):
        job.error = error
        assert job.machine_refused
