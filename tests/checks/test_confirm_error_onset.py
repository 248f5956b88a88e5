from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.confirm.error_onset import check as error_onset
from diagnostics.nouns.incident import Answer, Event
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import words_for
from diagnostics.pictures import confirm as drawing
from tests.factory import incident_of

WORDS = words_for("en")
START = datetime(2026, 6, 1)


def stream(rng: np.random.Generator, rows: int, start: datetime = START, wrong: float = 0.1) -> pd.DataFrame:
    truth = rng.integers(0, 2, rows)
    miss = rng.random(rows) < wrong
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="10min"),
            "x": rng.normal(size=rows),
            "y": truth,
            "p": np.where(miss, 1 - truth, truth),
        }
    )


def profiled(folder: Path, reference: pd.DataFrame | None, current: pd.DataFrame, **more: object) -> error_onset.ErrorOnset:
    roles = {"target": "y", "prediction": "p", "timestamp": "when", "answer": Answer.LABEL} | more
    return error_onset.profile(incident_of(folder, reference, current, **roles))  # type: ignore[arg-type]


def late(frame: pd.DataFrame, rows: slice, rng: np.random.Generator, share: float) -> pd.DataFrame:
    frame = frame.copy()
    hit = np.zeros(len(frame), dtype=bool)
    hit[rows] = rng.random(len(hit[rows])) < share
    frame.loc[hit, "p"] = 1 - frame.loc[hit, "y"]
    return frame


def test_the_onset_of_errors_is_found_within_a_day_and_the_event_before_it_named(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    reference, current = stream(rng, 3000, START - timedelta(days=30)), late(stream(rng, 3000), slice(1800, None), rng, 0.3)
    true = START + timedelta(minutes=18_000)
    events = (Event(true - timedelta(hours=5), "deploy <b>4.1</b>"), Event(true - timedelta(days=9), "deploy 4.0"))
    p = profiled(tmp_path, reference, current, events=events)
    found = error_onset.judge(p)
    assert [f.code for f in found] == ["CON021", "CON024"]
    assert found[0].since is not None
    assert abs(found[0].since - true) < timedelta(days=1)
    assert "deploy <b>4.1</b>" in found[1].statement(WORDS)
    figure = drawing.error_onset(p, found[0], WORDS)
    assert figure is not None
    assert len(p.shown.current.bins) <= 300


def test_a_fault_that_ended_is_placed_at_its_beginning(tmp_path: Path, rng: np.random.Generator) -> None:
    current = late(stream(rng, 4000), slice(1000, 2000), rng, 0.4)
    found = error_onset.judge(profiled(tmp_path, stream(rng, 3000), current))
    assert found[0].since is not None
    assert abs(found[0].since - (START + timedelta(minutes=10_000))) < timedelta(days=1)


def test_a_steady_stream_is_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    for rows in (80, 800, 8000):
        assert error_onset.judge(profiled(tmp_path, stream(rng, rows), stream(rng, rows))) == []


def test_a_level_that_the_reference_knew_is_no_alarm(tmp_path: Path, rng: np.random.Generator) -> None:
    reference = late(stream(rng, 4000, START - timedelta(days=40)), slice(1000, 2000), rng, 0.3)
    current = late(stream(rng, 4000), slice(1000, 2000), rng, 0.3)
    assert error_onset.judge(profiled(tmp_path, reference, current)) == []


def test_without_labels_the_move_of_the_answers_is_told(tmp_path: Path, rng: np.random.Generator) -> None:
    current = stream(rng, 3000).drop(columns="y")
    current["p"] = rng.beta(2, 5, 3000)
    reference = stream(rng, 3000)
    reference["p"] = rng.beta(2, 5, 3000)
    assert error_onset.judge(profiled(tmp_path, reference, current, answer=Answer.SCORE)) == []
    current.loc[2000:, "p"] = np.clip(current.loc[2000:, "p"] + 0.2, 0, 1)
    p = profiled(tmp_path, reference, current, answer=Answer.SCORE)
    found = error_onset.judge(p)
    assert [f.code for f in found] == ["CON022"]
    assert found[0].since is not None
    assert abs(found[0].since - (START + timedelta(minutes=20_000))) < timedelta(days=1)
    assert drawing.error_onset(p, found[0], WORDS) is not None


def test_without_labels_the_share_of_a_class_is_followed(tmp_path: Path, rng: np.random.Generator) -> None:
    current = stream(rng, 3000).drop(columns="y")
    current.loc[1500:, "p"] = (rng.random(1500) < 0.9).astype(int)
    found = error_onset.judge(profiled(tmp_path, stream(rng, 3000), current))
    assert [f.code for f in found] == ["CON022"]


def test_rows_that_stopped_coming_are_told_for_information(tmp_path: Path, rng: np.random.Generator) -> None:
    current = stream(rng, 6000)
    thin = current[(current.index < 3000) | (rng.random(6000) < 0.3)].reset_index(drop=True)
    found = error_onset.judge(profiled(tmp_path, stream(rng, 3000), thin))
    assert [(f.code, f.severity) for f in found] == [("CON023", Severity.INFO)]
    hole = current[(current.index < 2000) | (current.index > 3500)].reset_index(drop=True)
    p = profiled(tmp_path, stream(rng, 3000), hole)
    found = error_onset.judge(p)
    assert any("No rows came between" in f.statement(WORDS) for f in found)
    assert drawing.error_onset(p, found[0], WORDS) is not None


def test_odd_times_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    usual = stream(rng, 400)
    same, wild, holes, tiny = usual.copy(), usual.copy(), usual.copy(), usual.head(3)
    same["when"] = pd.Timestamp(START)
    wild.loc[0, "when"] = pd.Timestamp("1970-01-01")
    wild.loc[1, "when"] = pd.Timestamp("2200-01-01")
    holes.loc[::2, "when"] = pd.NaT
    for odd in (same, wild, holes, tiny):
        p = profiled(tmp_path, usual, odd)
        assert [f for f in error_onset.judge(p) if f.severity is not Severity.INFO] == []
        drawing.error_onset(p, None, WORDS)


def test_without_times_it_says_what_it_lacks(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable) as raised:
        profiled(tmp_path, stream(rng, 100), stream(rng, 100), timestamp=None)
    assert raised.value.needs == "timestamp"
