"""Causes that no single column shows: what creeps, and a loss to which nothing else points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.investigation import Investigation, investigate
from diagnostics.nouns.words import words_for
from diagnostics.report.as_json import record
from tests.causes.cases import people, score
from tests.factory import incident_of


def _investigated(folder: Path, reference: pd.DataFrame, current: pd.DataFrame) -> Investigation:
    return investigate(
        incident_of(folder, reference, current, target="churn", prediction="score", timestamp="when", positive="1")
    )


@pytest.mark.parametrize("scaled", [False, True])
def test_a_slow_instrument_is_a_drift_with_its_beginning_and_no_unit(
    tmp_path: Path, rng: np.random.Generator, scaled: bool
) -> None:
    reference, current = people(rng), people(rng, start="2026-05-01")
    grown = np.clip((np.arange(len(current)) - 600) / (len(current) - 600), 0, 1)
    current["income"] = current["income"] * (1 + 0.6 * grown) if scaled else current["income"] + 20 * grown
    current["score"] = score(current)
    found = _investigated(tmp_path, reference, current)
    first = record(found, words_for("en"))["causes"][0]
    assert (first["code"], first["columns"], first["ramp"]) == ("covariate_drift", ["income"], True)
    assert abs((pd.Timestamp(first["since"]) - current["when"][600]).total_seconds()) < 4 * 86_400
    assert "unit_change" not in {cause.code for cause in found.causes if cause.confidence > 0.3}


def test_a_loss_to_which_nothing_else_points_is_the_relation(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng), people(rng, start="2026-05-01")
    # Somewhat worse everywhere: as many yes as before, for other people.
    swapped = rng.random(len(current)) < 0.3
    current.loc[swapped, "churn"] = rng.permutation(current.loc[swapped, "churn"].to_numpy())
    found = _investigated(tmp_path, reference, current)
    assert found.causes[0].code in ("concept_drift", "label_noise")


def test_healthy_rows_have_no_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    found = _investigated(tmp_path, people(rng), people(rng, start="2026-05-01"))
    assert [cause.code for cause in found.causes if cause.confidence > 0.3] == []


def test_rows_that_come_many_times_are_named_without_times(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 200), people(rng, 200, start="2026-05-01")
    current = pd.concat([current, *([current[:3]] * 14)], ignore_index=True)
    incident = incident_of(
        tmp_path, reference.drop(columns="when"), current.drop(columns="when"), target="churn", prediction="score", positive="1"
    )
    assert investigate(incident).causes[0].code == "duplicated_rows"
