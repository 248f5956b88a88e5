from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.proof.genuine import genuine
from tests.causes.cases import ONSET, case, late, people

SINCE = ONSET.to_pydatetime()


def is_old(frame: pd.DataFrame) -> NDArray[np.bool_]:
    return (frame["stage"] == "old").to_numpy()


def labelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(stage=np.where(frame["age"] > 55, "old", "young"))


def test_more_rows_of_the_kind_are_genuine(tmp_path: Path, rng: np.random.Generator) -> None:
    current = labelled(people(rng, 4000, start="2026-05-01"))
    current = current[~late(current) | (current["stage"] == "old") | (rng.random(len(current)) < 0.2)].reset_index(drop=True)
    share = genuine(case(tmp_path, labelled(people(rng)), current), "stage", is_old, SINCE)
    assert share is not None
    assert share > 0.8


def test_a_value_written_over_others_is_not(tmp_path: Path, rng: np.random.Generator) -> None:
    current = labelled(people(rng, start="2026-05-01"))
    current["stage"] = current["stage"].where(~(late(current) & (rng.random(len(current)) < 0.6)), "old")
    share = genuine(case(tmp_path, labelled(people(rng)), current), "stage", is_old, SINCE)
    assert share is not None
    assert share < 0.5


def test_nobody_knows_where_the_other_columns_know_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    told = case(tmp_path, people(rng), people(rng, start="2026-05-01"))
    assert genuine(told, "city", lambda frame: (frame["city"] == "Bern").to_numpy(), None) is None


def test_a_new_value_is_judged_by_the_rows_it_stands_in(tmp_path: Path, rng: np.random.Generator) -> None:
    current = labelled(people(rng, start="2026-05-01"))
    current["stage"] = np.where(current["age"] > 60, "old", "young")
    reference = people(rng).assign(stage="young")
    share = genuine(case(tmp_path, reference, current), "stage", is_old, None)
    assert share is not None
    assert share > 0.9
