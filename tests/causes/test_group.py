from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.causes.proposals.group import find_group
from tests.causes.cases import ONSET, case, late, people

SINCE = ONSET.to_pydatetime()


def test_a_group_that_went_is_a_group(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 6000, start="2026-05-01")
    current = current[~late(current) | (current["age"] < 55)].reset_index(drop=True)
    group = find_group(case(tmp_path, people(rng, 4000), current), "age", SINCE)
    assert group is not None
    assert group.sure > 0.7
    assert group.text.startswith("age > 5")
    assert group.after < 0.02 < group.before


def test_a_level_that_takes_over_is_a_group(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 4000, start="2026-05-01")
    current = current[~late(current) | (current["city"] == "Bern") | (rng.random(len(current)) < 0.1)].reset_index(drop=True)
    group = find_group(case(tmp_path, people(rng), current), "city", SINCE)
    assert group is not None
    assert group.text == "city = Bern"
    assert group.sure > 0.7


def test_a_steady_drift_is_no_group(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 8000, start="2026-05-01")
    chance = np.exp(0.06 * (current["age"] - 75))
    current = current[~late(current) | (rng.random(len(current)) < chance)].reset_index(drop=True)
    group = find_group(case(tmp_path, people(rng, 4000), current), "age", SINCE)
    assert group is None or group.sure < 0.3


@pytest.mark.parametrize("name", ["age", "city", "nothing such"])
def test_the_same_population_has_no_group(tmp_path: Path, rng: np.random.Generator, name: str) -> None:
    assert find_group(case(tmp_path, people(rng), people(rng, start="2026-05-01")), name, None) is None
