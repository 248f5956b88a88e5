from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.clinic.data_quality import check as data_quality
from diagnostics.clinic.data_quality.check import DataQuality, Settings, rows_at
from diagnostics.clinic.data_quality.noise import estimate_joint, prune_by_noise_rate
from diagnostics.clinic.shared.compare import Verdict
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import data_quality as drawing
from tests.clinic.frames import classes, values
from tests.factory import incident_of

QUICK = Settings(family="linear", repeats=1)


def found(p: DataQuality) -> dict[str, Finding]:
    return {finding.code: finding for finding in data_quality.judge(p)}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> DataQuality:
    frame = classes(np.random.default_rng(0), 500, noise=0.5)
    return data_quality.profile(incident_of(tmp_path_factory.mktemp("clean"), frame, target="answer"), QUICK)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataQuality, Incident, np.ndarray]:
    """Flipped labels, gaps that go with the answer, and far-out values; copies of rows at the end."""
    rng = np.random.default_rng(1)
    frame = classes(rng, 600, noise=0.1, share=0.5)
    numbers = frame[["x0", "x1"]].sum(axis=1)
    flipped = rng.choice(np.flatnonzero(np.abs(numbers) > 0.8), 30, replace=False)
    frame.loc[flipped, "answer"] = np.where(frame.loc[flipped, "answer"] == "yes", "no", "yes")
    frame.loc[(frame["answer"] == "yes") & (rng.random(600) < 0.3), ["x3", "x4"]] = np.nan
    frame.loc[:5, "x2"] = 1e6
    again = frame.iloc[100:140].copy()
    other = frame.iloc[200:220].assign(answer=lambda f: np.where(f["answer"] == "yes", "no", "yes"))
    whole = pd.concat([frame, again, other], ignore_index=True)
    incident = incident_of(tmp_path_factory.mktemp("dirty"), whole, target="answer")
    return data_quality.profile(incident, QUICK), incident, flipped


def test_clean_rows_are_left_in_peace(clean: DataQuality) -> None:
    assert not {"DAT001", "DAT002", "DAT004", "DAT008", "DAT009", "DAT010", "DAT011"} & set(found(clean))
    assert clean.inflations == ()
    assert clean.imputers is None
    assert all(finding.severity == "info" for finding in found(clean).values())


def test_copies_contradictions_and_gaps_are_counted(dirty: tuple[DataQuality, Incident, np.ndarray]) -> None:
    p = dirty[0]
    assert p.copies.repeated == 40
    assert p.copies.conflicts == 40
    codes = found(p)
    assert {"DAT001", "DAT002", "DAT004"} <= set(codes)
    assert p.copies.ceiling == pytest.approx(1 - 20 / 660)
    assert p.gaps.together == (("x3", "x4"),)
    where, elsewhere = codes["DAT004"].evidence["where"], codes["DAT004"].evidence["elsewhere"]
    assert isinstance(where, float)
    assert isinstance(elsewhere, float)
    assert abs(where - elsewhere) > 0.4
    assert any(column.column == "x2" for column in p.outliers.columns)
    assert p.imputers is not None


def test_nearly_equal_rows_and_a_better_way_to_fill_gaps_are_told(dirty: tuple[DataQuality, Incident, np.ndarray]) -> None:
    p = dirty[0]
    assert p.imputers is not None
    assert not {"DAT005", "DAT011"} & set(found(p))
    first, *others = p.imputers.remedies
    gained = replace(first, gain=Interval(0.05, 0.03, 0.07), verdict=Verdict.GAIN)
    near = replace(p.copies, near=90, near_rows=660, by_chance=2)
    said = found(replace(p, imputers=replace(p.imputers, remedies=(gained, *others)), copies=near))
    assert "better by 0.03 to 0.07" in said["DAT005"].statement(Words())
    assert said["DAT011"].statement(Words()).startswith("90 of 660 rows are nearly equal")


def test_flipped_labels_are_found_and_can_be_reviewed(dirty: tuple[DataQuality, Incident, np.ndarray]) -> None:
    p, incident, flipped = dirty
    assert p.noise is not None
    named = {suspect.row for suspect in p.noise.suspects}
    assert len(named & set(flipped.tolist())) >= 24
    assert p.noise.suspects[0].chance < 0.1
    shown = rows_at(incident, QUICK, tuple(s.row for s in p.noise.suspects), noise=True)
    assert list(shown["answer"]) == [s.given for s in p.noise.suspects]


def test_the_count_matrix_tells_which_class_is_taken_for_which() -> None:
    rng = np.random.default_rng(5)
    true = rng.integers(0, 3, 3000)
    chances = np.full((3000, 3), 0.05)
    chances[np.arange(3000), true] = 0.9
    given = np.where((true == 2) & (rng.random(3000) < 0.2), 0, true)
    counts = estimate_joint(chances, given)
    assert counts[0, 2] == pytest.approx(int(((given == 0) & (true == 2)).sum()), rel=0.02)
    assert counts[1, 2] == 0
    assert counts.sum() == pytest.approx(3000)
    rows, looks = prune_by_noise_rate(chances, given)
    assert set(rows) == set(np.flatnonzero(given != true))
    assert set(looks) == {2}


def test_rows_of_one_customer_on_both_sides_flatter(tmp_path: Path, rng: np.random.Generator) -> None:
    customers = rng.normal(size=(120, 4))
    answers = rng.choice(["yes", "no"], 120)
    who = np.repeat(np.arange(120), 4)
    frame = pd.DataFrame(customers[who] + 0.3 * rng.normal(size=(480, 4)), columns=list("abcd"))
    frame = frame.assign(customer=[f"k{n}" for n in who], answer=answers[who])
    incident = incident_of(tmp_path, frame, target="answer", id="customer")
    p = data_quality.profile(incident, Settings(family="neighbours", repeats=2))
    leak = next(i for i in p.inflations if i.leak == "ids")
    assert leak.easy.value - leak.honest.value > 0.1
    assert "DAT008" in found(p)
    assert drawing.draw_splits(p, Words()) is not None


@pytest.mark.parametrize("moving", [True, False])
def test_a_random_split_flatters_where_the_rule_moves_with_time(tmp_path: Path, rng: np.random.Generator, moving: bool) -> None:
    rows = 600
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=list("abc"))
    week = np.arange(rows) // 20
    # Weeks in which all goes well or ill: a random split lets the model learn each week by heart.
    luck = 2.0 * rng.normal(size=week[-1] + 1)[week] if moving else 0.0
    score = frame["a"] + luck + 0.2 * rng.normal(size=rows)
    frame = frame.assign(
        week=week, when=pd.date_range("2026-01-01", periods=rows, freq="h"), answer=np.where(score > 0, "yes", "no")
    )
    p = data_quality.profile(incident_of(tmp_path, frame, target="answer", timestamp="when"), Settings(family="tree", repeats=1))
    assert ("DAT009" in found(p)) is moving


def test_a_column_written_after_the_answer_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 500, noise=2.0)
    frame = frame.assign(closed=(frame["answer"] == "yes") * 3.0 + 0.1 * rng.normal(size=500))
    p = data_quality.profile(incident_of(tmp_path, frame, target="answer"), QUICK)
    assert found(p)["DAT010"].columns == ("closed",)


def test_scaling_is_measured_where_one_column_is_loud(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 400, noise=0.3).assign(x4=lambda f: 1e4 * f["x4"])
    p = data_quality.profile(incident_of(tmp_path, frame, target="answer"), Settings(family="neighbours", repeats=2))
    assert "DAT006" in found(p)
    assert p.scaling is not None
    assert p.scaling.best is not None


def test_a_quantity_has_no_doubtful_labels_and_still_a_result(tmp_path: Path, rng: np.random.Generator) -> None:
    p = data_quality.profile(incident_of(tmp_path, values(rng, 300), target="price", task=Task.REGRESSION), QUICK)
    assert p.noise is None
    assert p.copies.ceiling is None
    assert all(result.verdict is not Verdict.GAIN or result.gain.low > 0 for result in p.compared.remedies)
    data_quality.judge(p)


def test_it_comes_back_from_json_and_every_picture_can_be_drawn(dirty: tuple[DataQuality, Incident, np.ndarray]) -> None:
    p = dirty[0]
    assert decode(encode(p), DataQuality) == p
    for finding in (None, *data_quality.judge(p)):
        assert drawing.draw(p, finding, Words()) is not None
        if finding:
            assert finding.statement(Words())


def test_it_says_what_it_lacks_and_refuses_odd_settings(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        data_quality.profile(Incident())
    with pytest.raises(ValueError, match="family must be one of"):
        data_quality.profile(incident_of(tmp_path, classes(rng), target="answer"), Settings(family="oracle"))
