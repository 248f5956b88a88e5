from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.inputs import overlap
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import check, drawn, pair, survives, told
from tests.factory import incident_of


def test_reference_rows_among_the_current_ones_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for place, side in enumerate((reference, current)):
        side["key"] = np.arange(len(side)) + 10_000 * place  # An id that nobody named.
    known = reference.iloc[:300].assign(when=current["when"][:300].to_numpy(), key=np.arange(300) + 50_000)
    mixed = pd.concat([known, current.iloc[300:]], ignore_index=True)
    incident = incident_of(tmp_path, reference, mixed, timestamp="when")
    findings = check(overlap, incident)
    assert told(findings) == [("INP102", ())]
    assert findings[0].evidence["rows"] == 300
    assert findings[0].evidence["share"] == 0.3
    assert len(overlap.offending(incident, findings[0])) == 300
    assert drawn(drawing.overlap, overlap.profile(incident), findings)[1] is not None


def test_numbers_written_otherwise_are_the_same_numbers(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    again = reference.iloc[:200].assign(income=reference["income"][:200] * (1 + 1e-12))
    mixed = pd.concat([again, current.iloc[200:]], ignore_index=True)
    assert told(check(overlap, incident_of(tmp_path, reference, mixed, timestamp="when"))) == [("INP102", ())]


def test_rows_that_are_alike_by_nature_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    names = ["city", "member", "visits"]
    reference, current = (side[names] for side in pair(rng))
    assert check(overlap, incident_of(tmp_path / "a", reference, current)) == []
    narrow = current[current["city"] == "Ulm"]
    assert check(overlap, incident_of(tmp_path / "b", reference, narrow)) == []
    assert check(overlap, incident_of(tmp_path / "c", reference.iloc[:100], current)) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(overlap, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(overlap, drawing.overlap)
