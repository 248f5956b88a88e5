from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift.domain import check as domain
from diagnostics.checks.drift.domain.moved import Moved
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.factory import incident_of


def moved(tmp_path: Path, reference: pd.DataFrame, current: pd.DataFrame) -> domain.Domain:
    return domain.profile(incident_of(tmp_path, reference, current, **ROLES))


def codes(p: domain.Domain) -> set[str]:
    return {f.code for f in domain.judge(p)}


@pytest.mark.parametrize("rows", [100, 1000, 4000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    p = moved(tmp_path, *pair(rng, rows))
    assert p.moved is Moved.NOTHING
    assert domain.judge(p) == []
    assert 0.4 < p.x.value < 0.6


def test_selected_rows_are_covariate_drift_of_the_column_that_selected(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 5000)
    chance = 1 / (1 + np.exp(-(current["city"] == "Ulm") * 4 + 2))
    current = current[rng.random(5000) < chance].reset_index(drop=True)
    p = moved(tmp_path, reference, current)
    assert (p.moved, p.column) == (Moved.ROWS, "city")
    assert "DRF011" in codes(p)


def test_moved_class_shares_are_prior_shift(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 6000)
    keep = rng.random(6000) < np.where(current["bought"] == "yes", 1.0, 0.25)
    p = moved(tmp_path, reference, current[keep].reset_index(drop=True))
    assert p.moved is Moved.CLASSES
    assert {"DRF012"} <= codes(p) <= {"DRF010", "DRF012"}


def test_other_answers_for_the_same_rows_are_concept_drift(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 4000)
    turned = current["age"] > 45
    current.loc[turned, "bought"] = np.where(current.loc[turned, "bought"] == "yes", "no", "yes")
    p = moved(tmp_path, reference, current)
    assert p.moved is Moved.RELATION
    assert codes(p) == {"DRF013"}


def test_a_wrong_join_is_a_broken_link_of_that_column(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 4000)
    current["income"] = rng.permutation(current["income"].to_numpy())
    p = moved(tmp_path, reference, current)
    assert (p.moved, p.column) == (Moved.LINK, "income")
    assert "DRF014" in codes(p)


def test_values_that_never_were_are_no_selection(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2000)
    current["income"] *= 1000
    p = moved(tmp_path, reference, current)
    assert p.moved is Moved.SEVERAL
    (finding,) = domain.judge(p)
    assert (finding.code, finding.columns[0], finding.severity) == ("DRF010", "income", Severity.WARNING)
    assert "100% of the pairs" in finding.statement(words_for("en"))


def test_without_labels_the_rows_alone_are_compared(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2000)
    current["age"] += 12
    p = moved(tmp_path, reference, current.drop(columns="bought"))
    assert p.moved is Moved.UNKNOWN
    assert p.given_target is None
    assert codes(p) == {"DRF010"}


def test_too_few_rows_are_said(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        moved(tmp_path, frame(rng, 300), frame(rng, 3))


def test_odd_tables_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 200)
    for side in (reference, current):
        side["bought"] = "yes"
        side["empty"] = np.nan
        side.loc[::3, "noise"] = np.inf
    domain.judge(moved(tmp_path, reference, current))
    wide = pd.DataFrame(rng.normal(size=(120, 400)), columns=[f"x{i}" for i in range(400)])
    domain.judge(domain.profile(incident_of(tmp_path / "wide", wide, wide.iloc[::-1])))


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 500)
    incident = incident_of(tmp_path, reference, current, **ROLES)
    assert domain.profile(incident) == domain.profile(incident)


def test_the_pictures(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 1000)
    current["age"] += 12
    p = moved(tmp_path, reference, current)
    for finding in (None, *domain.judge(p)):
        assert drawing.domain(p, finding, words_for("en")) is not None
