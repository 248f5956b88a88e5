from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import SCHEMA_CHANGE
from diagnostics.checks.inputs import shifted_names
from diagnostics.investigation import investigate
from tests.checks.inputs_frames import check, frame, pair
from tests.factory import incident_of


def shifted(table: pd.DataFrame, step: int) -> pd.DataFrame:
    """The values one column to the right (1) or left (-1) of their names; the free place holds the number of the row."""
    number = pd.Series(np.arange(len(table)), index=table.index, name="row")
    names = list(table.columns)
    parts = [number, *(table[name] for name in names[:-1])] if step > 0 else [*(table[name] for name in names[1:]), number]
    return pd.concat(parts, axis=1).set_axis(names, axis=1)


def test_names_beside_their_values_are_one_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    for step, side, first in ((1, "right", "age"), (-1, "left", "income")):
        incident = incident_of(tmp_path / side, reference, shifted(current, step))
        findings = check(shifted_names, incident)
        assert [f.code for f in findings] == ["INP015"]
        assert f"to the {side} of their names" in findings[0].says
        assert first in findings[0].columns


def test_shifted_names_are_the_only_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    result = investigate(incident_of(tmp_path, reference, shifted(current, 1)))
    assert [cause.kind for cause in result.causes] == [SCHEMA_CHANGE]
    assert result.causes[0].supports == ("INP015",)


def test_names_in_their_place_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    assert check(shifted_names, incident_of(tmp_path, *pair(rng, 400), timestamp="when")) == []


def test_one_column_of_another_type_is_no_shift(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    incident = incident_of(tmp_path, reference, current.assign(age="old"), timestamp="when")
    assert check(shifted_names, incident) == []


def test_two_columns_that_changed_places_are_no_shift(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 400), frame(rng, 400, "2026-06-01")
    current[["age", "city"]] = current[["city", "age"]].to_numpy()
    assert check(shifted_names, incident_of(tmp_path, reference, current, timestamp="when")) == []
