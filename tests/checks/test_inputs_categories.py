from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.inputs.categories import check as categories
from diagnostics.pictures import inputs as drawing
from tests.checks.inputs_frames import ONSET, check, drawn, pair, survives, told, undone
from tests.factory import incident_of


def test_new_categories_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    hit = (current.index >= ONSET) & (rng.random(len(current)) < 0.2)
    current.loc[hit, "city"] = "Oslo"
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(categories, incident)
    assert told(findings) == [("INP090", ("city",))]
    assert findings[0].evidence["levels"] == ("Oslo",)
    assert findings[0].evidence["share"] == pytest.approx(hit.mean())
    assert findings[0].since is not None
    assert findings[0].since >= current["when"][ONSET].to_pydatetime()
    assert len(categories.offending(incident, findings[0])) == hit.sum()
    assert len(undone(categories, incident, findings[0])) == len(current) - hit.sum()
    assert drawn(drawing.categories, categories.profile(incident), findings)[1] is not None


@pytest.mark.parametrize(
    "names",
    [
        {"Ulm": "ULM", "Bern": " bern", "Graz": "Gräz", "Genf": "genf."},
        {"Ulm": "C1", "Bern": "C2", "Graz": "C3", "Genf": "C4"},
        {"Ulm": "0", "Bern": "1", "Graz": "2", "Genf": "3"},
    ],
)
def test_other_names_for_the_same_are_mapped(tmp_path: Path, rng: np.random.Generator, names: dict[str, str]) -> None:
    reference, current = pair(rng)
    right = current["city"].tolist()
    current.loc[ONSET:, "city"] = current.loc[ONSET:, "city"].map(names)
    incident = incident_of(tmp_path, reference, current, timestamp="when")
    findings = check(categories, incident)
    assert told(findings) == [("INP092", ("city",))]
    assert set(findings[0].evidence["mapping"]) == {f"{old} -> {new}" for old, new in names.items()}
    assert findings[0].since == current["when"][ONSET].to_pydatetime()
    assert undone(categories, incident, findings[0])["city"].tolist() == right


def test_codes_that_became_other_codes_are_mapped(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["level"] = rng.choice([1.0, 2.0, 3.0], len(side), p=[0.6, 0.3, 0.1])
    current.loc[ONSET:, "level"] = current.loc[ONSET:, "level"] - 1
    reference["level"] = reference["level"].astype("int64")
    current["level"] = current["level"].astype("int64")
    findings = check(categories, incident_of(tmp_path, reference, current, timestamp="when"))
    assert all(f.code == "INP092" for f in findings)


def test_spellings_beside_each_other_are_variants(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    hit = (current.index >= ONSET) & (rng.random(len(current)) < 0.5)
    current.loc[hit, "member"] = current.loc[hit, "member"].str.lower() + " "
    findings = check(categories, incident_of(tmp_path, reference, current, timestamp="when"))
    assert told(findings) == [("INP093", ("member",))]


def test_a_group_that_left_is_only_noted(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current = current[current["city"] != "Graz"]
    findings = check(categories, incident_of(tmp_path, reference, current, timestamp="when"))
    assert [(f.code, f.columns, str(f.severity)) for f in findings] == [("INP091", ("city",), "info")]


def test_rare_categories_of_the_same_population_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    for side in (reference, current):
        side["street"] = [f"street {n}" for n in rng.zipf(1.6, len(side))]
    assert check(categories, incident_of(tmp_path, reference, current, timestamp="when")) == []


@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_two_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert check(categories, incident_of(tmp_path, *pair(rng, rows), timestamp="when")) == []


def test_odd_tables_are_survived() -> None:
    survives(categories, drawing.categories)
