from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.drift import over_time
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import words_for
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.factory import incident_of


@pytest.mark.parametrize("rows", [100, 3000])
@pytest.mark.parametrize("dated", [True, False])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int, dated: bool) -> None:
    reference, current = pair(rng, rows)
    if not dated:
        reference = reference.drop(columns="when")
    assert over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES))) == []


def test_a_mean_that_left_its_range_is_dated(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[1800:, "noise"] += 1.5
    (finding,) = over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert (finding.code, finding.columns, finding.severity) == ("DRF050", ("noise",), Severity.INFO)
    assert abs((finding.since - current["when"][1800].to_pydatetime()).total_seconds()) < 3 * 3600


@pytest.mark.parametrize("scaled", [False, True])
def test_a_mean_that_creeps_is_named_with_its_beginning(tmp_path: Path, rng: np.random.Generator, scaled: bool) -> None:
    reference, current = pair(rng)
    grown = np.clip((np.arange(len(current)) - 1200) / (len(current) - 1200), 0, 1)
    reference["noise"] += 5
    current["noise"] = (current["noise"] + 5) * (1 + 0.4 * grown) if scaled else current["noise"] + 5 + 2 * grown
    found = {f.code: f for f in over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES)))}
    assert found["DRF052"].columns == ("noise",)
    assert found["DRF052"].evidence["after"] == pytest.approx(7.0, abs=0.4)
    assert abs((found["DRF052"].since - current["when"][1200].to_pydatetime()).total_seconds()) < 20 * 3600
    assert "rises slowly" in found["DRF052"].says


def test_a_jump_does_not_creep(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[900:, "noise"] += 2
    found = over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert "DRF052" not in {f.code for f in found}


def test_a_spread_that_left_its_range(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[1500:, "noise"] *= 3
    found = over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES)))
    assert [(f.code, f.columns) for f in found] == [("DRF051", ("noise",))]
    assert abs((found[0].since - current["when"][1500].to_pydatetime()).total_seconds()) < 12 * 3600


def test_a_spread_that_grew_with_the_mean_has_the_same_beginning(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    reference["noise"] += 5
    current["noise"] += 5
    current.loc[1400:, "noise"] *= 1000
    found = {f.code: f for f in over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES)))}
    assert abs((found["DRF051"].since - current["when"][1400].to_pydatetime()).total_seconds()) < 3 * 3600
    assert found["DRF051"].evidence["low"] >= 0


def test_the_window_that_divides_by_the_spread_is_blind(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[1800:, "noise"] += 1.5
    p = over_time.profile(incident_of(tmp_path, reference, current, **ROLES))
    line = p.line("noise")
    assert line is not None
    assert over_time.alarm(line, p.points, of_spread=True) is None
    when = over_time.alarm(line, p.points, of_spread=False)
    assert when is not None
    assert abs((when - current["when"][1800].to_pydatetime()).total_seconds()) < 2 * 86_400


def test_at_most_two_hundred_bins(tmp_path: Path, rng: np.random.Generator) -> None:
    p = over_time.profile(incident_of(tmp_path, *pair(rng, 8000), **ROLES))
    assert len(p.when) <= 200
    assert all(line.mean.shape == line.std.shape == p.when.shape for line in p.lines)
    assert all(line.spread_z.shape == p.points.shape for line in p.lines)


def test_without_times_or_rows_it_does_not_apply(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 300)
    with pytest.raises(NotApplicable):
        over_time.profile(incident_of(tmp_path / "a", reference, current))
    with pytest.raises(NotApplicable):
        over_time.profile(incident_of(tmp_path / "b", reference, frame(rng, 3), **ROLES))
    with pytest.raises(NotApplicable):
        over_time.profile(incident_of(tmp_path / "c", reference, current.drop(columns="when"), **ROLES))


def test_gaps_and_infinities_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 300)
    for side in (reference, current):
        side.loc[::3, "noise"] = np.inf
        side.loc[100:200, "age"] = np.nan
        side["constant"] = 1.0
    current.loc[:20, "when"] = None
    over_time.judge(over_time.profile(incident_of(tmp_path, reference, current, **ROLES)))


def test_the_picture_shows_the_range_and_both_windows(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[1800:, "noise"] *= 3
    current.loc[1800:, "age"] += 30
    p = over_time.profile(incident_of(tmp_path, reference, current, **ROLES))
    for finding in (None, *over_time.judge(p)):
        assert drawing.over_time(p, finding, words_for("en")) is not None
