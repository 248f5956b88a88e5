from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift import marginal
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.factory import incident_of


def test_a_number_that_moved_is_named_with_both_means_and_its_onset(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[1500:, "age"] += 12
    findings = marginal.judge(marginal.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert [(f.code, f.columns, f.severity) for f in findings] == [("DRF001", ("age",), Severity.WARNING)]
    assert findings[0].statement(words_for("en")).startswith("Mean age rose from 39.8 to 46.1 (KS")
    assert findings[0].since is not None
    assert abs(findings[0].since - current["when"][1500].to_pydatetime()).days == 0


def test_a_spread_that_grew_is_said_as_such(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current["noise"] *= 2.5
    (finding,) = marginal.judge(marginal.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert "spreads wider" in finding.statement(words_for("en"))


def test_a_level_whose_share_rose_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[rng.random(3000) < 0.4, "city"] = "Graz"
    (finding,) = marginal.judge(marginal.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert (finding.code, finding.columns, finding.evidence["level"]) == ("DRF002", ("city",), "Graz")
    assert "The share of Graz in city rose from" in finding.statement(words_for("en"))


@pytest.mark.parametrize("rows", [60, 600, 6000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    reference, current = pair(rng, rows)
    assert marginal.judge(marginal.profile(incident_of(tmp_path, reference, current, **ROLES))) == []


def test_a_harmless_shift_in_many_rows_is_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 20_000)
    current["age"] += 0.5  # A twentieth of a standard deviation: certain, and of no account.
    assert marginal.judge(marginal.profile(incident_of(tmp_path, reference, current, **ROLES))) == []


def test_a_running_number_and_a_clock_are_no_drift(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 600)
    for side, start in ((reference, 0), (current, 600)):
        side["ticks"] = start + np.cumsum(rng.random(600)) / 10 + start
    p = marginal.profile(incident_of(tmp_path, reference, current, **ROLES))
    assert {"customer_id", "ticks"} <= set(p.left_out)
    assert marginal.judge(p) == []


def test_a_reference_that_swings_by_itself_forgives_a_swing(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 2000)
    reference["noise"] += 2 * np.sin(np.arange(2000) / 2000 * 2 * np.pi)
    current["noise"] += 0.5
    p = marginal.profile(incident_of(tmp_path, reference, current, **ROLES))
    assert next(c for c in p.columns if c.name == "noise").wobble > 0.3
    assert marginal.judge(p) == []


def test_bad_inputs_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = frame(rng, 300), frame(rng, 3)
    for side in (reference, current):
        side["empty"] = np.nan
        side["constant"] = 1
        side["<b>$x$</b>"] = np.where(np.arange(len(side)) % 2, np.inf, 1.0)
    p = marginal.profile(incident_of(tmp_path, reference, current))
    marginal.judge(p)
    with pytest.raises(NotApplicable):
        marginal.profile(incident_of(tmp_path / "one", reference))


def test_two_tables_without_a_comparable_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [None] * 30, "b": np.arange(30)}, dtype=object).astype({"b": "int64"})
    with pytest.raises(NotApplicable):
        marginal.profile(incident_of(tmp_path, frame[["a"]], frame[["a"]]))


def test_the_picture_shows_both_sides(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 600)
    current["age"] += 12
    current["city"] = "Graz"
    p = marginal.profile(incident_of(tmp_path, reference, current, **ROLES))
    for finding in (None, *marginal.judge(p)):
        assert drawing.marginal(p, finding, words_for("en")) is not None
