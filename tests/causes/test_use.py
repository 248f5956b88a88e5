from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from diagnostics.causes.proof.use import column_use
from tests.causes.cases import case, people


def test_a_column_that_the_model_ignores_has_no_weight(tmp_path: Path, rng: np.random.Generator) -> None:
    use = column_use(case(tmp_path, people(rng), people(rng, start="2026-05-01")))
    assert use["noise"].sure < 0.002
    assert use["noise"].at_most < 0.01
    assert use["income"].sure == 1.0
    assert use["city"].sure > 0.01


def test_an_untrusted_stand_in_says_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    told = case(tmp_path, people(rng), people(rng, start="2026-05-01"))
    assert told.surrogate is not None
    assert column_use(replace(told, surrogate=replace(told.surrogate, skill=0.1))) == {}
    assert column_use(replace(told, surrogate=None)) == {}


def test_a_column_of_one_value_is_no_twin_of_all_others(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng).assign(country=7.0), people(rng, start="2026-05-01").assign(country=7.0)
    use = column_use(case(tmp_path, reference, current))
    assert use["country"].at_most < 0.01
    assert use["noise"].at_most < 0.01
