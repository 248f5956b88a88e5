"""Faults that look alike or come together, from the tables to the first causes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.investigation import investigate
from tests.causes.cases import late, people
from tests.factory import incident_of

ROLES = {"target": "churn", "prediction": "score", "timestamp": "when", "positive": "1"}
START = "2026-05-01"
ROWS = 3_000


def first_codes(folder: Path, reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    return [cause.code for cause in investigate(incident_of(folder, reference, current, **ROLES)).causes[:3]]


def test_a_few_labels_given_by_lot_are_noise_and_no_moved_relation(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, ROWS), people(rng, ROWS, start=START)
    hit = late(current).to_numpy() & (rng.random(ROWS) < 0.2)
    current.loc[hit, "churn"] = 1 - current.loc[hit, "churn"]
    assert first_codes(tmp_path, reference, current)[:1] == ["label_noise"]


def test_a_relation_turned_round_is_a_moved_relation(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, ROWS), people(rng, ROWS, start=START)
    turned = late(current).to_numpy() & (current["city"] == "Wien").to_numpy()
    current.loc[turned, "churn"] = (rng.random(turned.sum()) > current.loc[turned, "score"]).astype(int)
    assert first_codes(tmp_path, reference, current)[:1] == ["concept_drift"]


def test_what_stays_lost_when_a_column_is_mended_is_named_too(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, ROWS), people(rng, ROWS, start=START)
    turned = late(current).to_numpy() & (current["city"] != "Rom").to_numpy()
    current.loc[turned, "churn"] = (rng.random(turned.sum()) > current.loc[turned, "score"]).astype(int)
    current.loc[late(current), "income"] *= 1000
    assert set(first_codes(tmp_path, reference, current)[:2]) == {"unit_change", "concept_drift"}


def test_a_mended_column_alone_leaves_nothing_to_name(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, ROWS), people(rng, ROWS, start=START)
    current.loc[late(current), "income"] *= 1000
    assert first_codes(tmp_path, reference, current) == ["unit_change"]
