from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import UNIT_CHANGE
from diagnostics.causes.hypothesis import Case, Hypothesis
from diagnostics.causes.proof.likeness import likeness
from diagnostics.measure.undo import NO_UNDO, Undo
from tests.causes.cases import ONSET, case, late, people


def in_cents(folder: Path, rng: np.random.Generator) -> Case:
    current = people(rng, start="2026-05-01")
    current["income"] = current["income"].where(~late(current), current["income"] * 1.7)
    return case(folder, people(rng), current)


def hypothesis(undo: Undo) -> Hypothesis:
    since = ONSET.to_pydatetime()
    return Hypothesis(kind=UNIT_CHANGE, strength=0.9, says="", remedy="", columns=("income",), since=since, undo=undo)


def test_the_right_undo_makes_the_rows_alike(tmp_path: Path, rng: np.random.Generator) -> None:
    told = likeness(in_cents(tmp_path, rng), hypothesis(Undo(repair=lambda f: f.assign(income=f["income"] / 1.7))))
    assert told is not None
    assert told.before > 0.9
    assert told.explained is not None
    assert told.explained > 0.9


def test_an_undo_that_only_mends_the_mean_does_not(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, start="2026-05-01")
    # More old people: their incomes are higher, and dividing them brings the mean back but tears income and age apart.
    current = current[~late(current) | (current["age"] > 50)].reset_index(drop=True)
    told = likeness(case(tmp_path, people(rng), current), hypothesis(Undo(repair=lambda f: f.assign(income=f["income"] / 1.15))))
    assert told is not None
    assert told.explained is not None
    assert told.explained < 0.3


def test_rows_matched_on_what_selected_them_are_alike(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 4000, start="2026-05-01")
    current = current[~late(current) | (rng.random(len(current)) < current["age"] / 70)].reset_index(drop=True)
    told = likeness(case(tmp_path, people(rng, 4000), current), hypothesis(Undo(matched="age", leave_out=("age",))))
    assert told is not None
    assert told.after < told.floor + 0.03


def test_rows_that_hardly_differ_prove_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    told = likeness(case(tmp_path, people(rng), people(rng, start="2026-05-01")), hypothesis(Undo(leave_out=("income",))))
    assert told is not None
    assert told.explained is None


def test_a_hypothesis_that_cannot_be_undone_is_not_tried(tmp_path: Path, rng: np.random.Generator) -> None:
    assert likeness(case(tmp_path, people(rng, 300), people(rng, 300)), hypothesis(NO_UNDO)) is None


def test_too_few_rows_are_not_compared(tmp_path: Path, rng: np.random.Generator) -> None:
    few = case(tmp_path, people(rng, 300), people(rng, 40, start="2026-05-16"))
    assert likeness(few, hypothesis(Undo(leave_out=("income",)))) is None
    assert isinstance(few.samples and few.samples.current, pd.DataFrame)
