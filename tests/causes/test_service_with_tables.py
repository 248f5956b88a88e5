"""What the tables show counts for causes outside of them and against them; on cases of `benchmarks/incidents/service.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

CASES = (
    "answers moved",
    "healthy tables",
    "unit_change beside",
    "threshold, labels answered",
    "nothing: tables",
    "serving code",
    "alone",
)
"""Parts of the names of the cases that are run here."""


@pytest.mark.parametrize("part", CASES)
def test_the_right_cause_comes_first_and_differences_that_harm_nobody_are_not_accused(part: str) -> None:
    command = [sys.executable, "benchmarks/incidents/service.py", "--only", part]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) > 1
    assert [line for line in told if line.startswith("WRONG")] == []
