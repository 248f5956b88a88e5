"""Damaged tables: read or refused in a plain sentence, every record accounted for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.reading.mutants import check, mutant


def test_no_mutant_is_lost(tmp_path: Path) -> None:
    faults = []
    for number in range(300):
        case = mutant(np.random.default_rng([7, number]))
        verdict, detail = check(tmp_path, case)
        if verdict == "fault":
            faults.append((number, case.what, detail))
    assert not faults
