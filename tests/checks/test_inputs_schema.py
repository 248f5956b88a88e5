from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.inputs import schema
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import check, drawn, pair, survives, told
from tests.factory import incident_of


def test_missing_and_new_columns_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current = current.drop(columns="age").assign(batch=rng.integers(0, 5, len(current)) + 1_000)
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(schema, incident)
    assert told(findings) == [("INP010", ("age",)), ("INP011", ("batch",))]
    assert findings[0].since == current["when"].iloc[0].to_pydatetime()
    assert drawn(drawing.schema, schema.profile(incident), findings)[1] is not None


@pytest.mark.parametrize("name", ["Annual_Income", "INCOME", "x17"])
def test_a_renamed_column_is_found_by_name_or_by_values(tmp_path: Path, rng: np.random.Generator, name: str) -> None:
    reference, current = pair(rng, 4_000)
    findings = check(schema, incident_of(tmp_path, reference, current.rename(columns={"income": name}), timestamp="when"))
    assert told(findings) == [("INP012", ("income",))]
    assert findings[0].evidence["new_name"] == name


def test_another_order_is_only_noted(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    names = ["city", *(n for n in current if n != "city")]
    findings = check(schema, incident_of(tmp_path, reference, current[names], timestamp="when"))
    assert [(f.code, f.columns, str(f.severity)) for f in findings] == [("INP013", ("city",), "info")]


def test_numbers_that_became_names_are_a_change_of_type(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["age"] = np.where(current["age"] > 40, "older", "younger")
    assert told(check(schema, incident_of(tmp_path, reference, current, timestamp="when"))) == [("INP014", ("age",))]


def test_numbers_in_another_notation_are_only_noted(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["income"] = current["income"].astype(str).str.replace(".", ",")
    findings = check(schema, incident_of(tmp_path, reference, current, timestamp="when"))
    assert [(f.code, str(f.severity)) for f in findings] == [("INP014", "info")]


def test_columns_with_a_part_to_play_may_be_absent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    reference = reference.drop(columns="when").assign(label=1)
    assert check(schema, incident_of(tmp_path, reference, current, timestamp="when", target="label")) == []


def test_one_table_is_not_enough(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        schema.profile(incident_of(tmp_path, pair(rng)[0]))


def test_odd_tables_are_survived() -> None:
    survives(schema, drawing.schema)
