from __future__ import annotations

import pytest

from benchmarks.gates import files
from benchmarks.gates.__main__ import GATES
from benchmarks.gates.bill import bill


def test_the_gates_are_all_there() -> None:
    names = [gate.name for gate in GATES]
    assert len(set(names)) == len(names)
    assert {f"G{number}" for number in range(1, 19)} <= set(names)


@pytest.mark.parametrize("measure", [files.caps, files.formulas, files.paths, files.hidden])
def test_the_quick_gates_hold(measure: files.Measure) -> None:
    figure = measure(True)
    assert figure.holds, figure.measured
    assert not figure.short


def test_the_bill_of_materials_names_every_package_with_its_hashes() -> None:
    told = bill()
    parts = told["components"]
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert {"streamlit", "duckdb", "pyyaml"} <= {part["name"] for part in parts}
    assert all(part["hashes"] and part["purl"].startswith("pkg:pypi/") for part in parts)
    assert sum("licenses" in part for part in parts) > 0.9 * len(parts)
    assert told["dependencies"][0]["dependsOn"] == [part["bom-ref"] for part in parts]
