from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift.links import check as links
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.factory import incident_of

ROLES = {"target": "bought", "timestamp": "seen", "prediction": None}
START = pd.Timestamp("2026-05-01")


def people(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Age goes along with years of work and with the kind of home; noise with nothing; who buys depends on income."""
    age = rng.normal(45, 12, rows)
    years = np.clip(age - 22 + rng.normal(0, 6, rows), 0, None)
    home = np.where(age + rng.normal(0, 15, rows) > 45, "own", "rent")
    income = 20_000 + 900 * years + rng.normal(0, 8_000, rows)
    return pd.DataFrame(
        {
            "seen": START + pd.to_timedelta(np.arange(rows), unit="min"),
            "age": age,
            "years": years,
            "home": home,
            "income": income,
            "noise": rng.normal(0, 1, rows),
            "bought": np.where(income + rng.normal(0, 9_000, rows) > 42_000, "yes", "no"),
        }
    )


def found(tmp_path: Path, reference: pd.DataFrame, current: pd.DataFrame) -> list[tuple[str, tuple[str, ...]]]:
    p = links.profile(incident_of(tmp_path, reference, current, **ROLES))
    findings = links.judge(p)
    assert all(f.evidence["before"] > f.evidence["after"] for f in findings)
    return [(f.code, f.columns) for f in findings]


@pytest.mark.parametrize("rows", [150, 250, 1_000, 4_000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert found(tmp_path, people(rng, rows), people(rng, rows)) == []


@pytest.mark.parametrize("name", ["years", "home"])
def test_a_shuffled_column_is_named_with_its_onset(tmp_path: Path, rng: np.random.Generator, name: str) -> None:
    reference, current = people(rng, 3_000), people(rng, 3_000)
    late = np.arange(1_200, 3_000)
    current.loc[late, name] = current[name].to_numpy()[rng.permutation(late)]
    p = links.profile(incident_of(tmp_path, reference, current, **ROLES))
    finding = links.judge(p)[0]
    assert finding.columns == (name,)
    assert finding.since is not None
    assert abs((finding.since - START) / pd.Timedelta(minutes=1) - 1_200) < 150
    assert drawing.links(p, finding, words_for("en")) is not None


def test_a_column_moved_down_by_three_rows_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 3_000)
    current["income"] = np.roll(current["income"].to_numpy(), 3)
    assert found(tmp_path, people(rng, 3_000), current) == [("DRF015", ("income",))]


def test_other_people_are_no_wrong_join(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 6_000)
    current = current[current["age"] > 50].reset_index(drop=True)
    assert found(tmp_path, people(rng, 3_000), current) == []


def test_a_moved_relation_leaves_the_links_alone(tmp_path: Path, rng: np.random.Generator) -> None:
    current = people(rng, 3_000)
    current["bought"] = current["bought"].to_numpy()[rng.permutation(3_000)]
    assert found(tmp_path, people(rng, 3_000), current) == []


def test_a_column_that_only_the_answer_ties_to_the_others_is_left_to_other_checks(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    reference, current = people(rng, 3_000), people(rng, 3_000)
    for frame in (reference, current):
        frame["case_closed"] = (frame["bought"] == "yes") * 3 + rng.normal(0, 0.5, 3_000)
    current["case_closed"] = rng.permutation(current["case_closed"].to_numpy())
    assert found(tmp_path, reference, current) == []


def test_missing_constant_and_few_columns_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 600), people(rng, 600)
    for frame in (reference, current):
        frame["empty"], frame["same"] = np.nan, 1.0
        frame.loc[::2, "age"] = np.nan
        frame.loc[::7, "income"] = np.inf
    assert found(tmp_path / "a", reference, current) == []
    with pytest.raises(NotApplicable):
        links.profile(
            incident_of(tmp_path / "b", reference[["seen", "age", "bought"]], current[["seen", "age", "bought"]], **ROLES)
        )
    with pytest.raises(NotApplicable):
        links.profile(incident_of(tmp_path / "c", people(rng, 100), people(rng, 100), **ROLES))
