from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.confirm.segments import check as segments
from diagnostics.nouns.incident import Answer
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import words_for
from diagnostics.pictures import confirm as drawing
from tests.factory import incident_of

WORDS = words_for("en")


def people(rng: np.random.Generator, rows: int, start: str = "2026-01-01") -> pd.DataFrame:
    truth = rng.choice(["no", "yes"], rows)
    wrong = rng.random(rows) < 0.1
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="h"),
            "age": rng.integers(18, 80, rows),
            "country": rng.choice(["DE", "AT", "CH"], rows),
            "income": rng.lognormal(10, 0.5, rows),
            "y": truth,
            "p": np.where(wrong, np.where(truth == "yes", "no", "yes"), truth),
        }
    )


def spoil(frame: pd.DataFrame, rows: pd.Series, rng: np.random.Generator, share: float) -> None:
    hit = rows & (rng.random(len(frame)) < share)
    frame.loc[hit, "p"] = np.where(frame.loc[hit, "y"] == "yes", "no", "yes")


def profiled(folder: Path, reference: pd.DataFrame, current: pd.DataFrame, **roles: object) -> segments.Segments:
    return segments.profile(
        incident_of(
            folder,
            reference,
            current,
            target="y",
            prediction="p",
            timestamp="when",
            answer=Answer.LABEL,
            **roles,  # type: ignore[arg-type]
        )
    )


def test_a_group_of_one_column_is_named_with_its_onset(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 3000), people(rng, 3000, "2026-06-01")
    late = pd.Series(current.index >= 1500)
    spoil(current, (current["country"] == "DE") & late, rng, 0.6)
    p = profiled(tmp_path, reference, current)
    worst = min(segments.judge(p), key=lambda f: f.rank)
    assert (worst.code, worst.columns, worst.segment) == ("CON011", ("country",), "country = DE")
    assert worst.since is not None
    assert abs((worst.since - datetime.fromisoformat(str(current["when"][1500]))).total_seconds()) < 86400
    assert "Where country = DE, the error rate rose from" in worst.statement(WORDS)
    assert drawing.segments(p, worst, WORDS) is not None


def test_a_group_of_two_columns_is_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 5000), people(rng, 5000)
    spoil(current, (current["country"] == "AT") & current["age"].between(40, 60), rng, 0.8)
    worst = min(segments.judge(profiled(tmp_path, reference, current)), key=lambda f: f.rank)
    assert set(worst.columns) == {"country", "age"}
    assert "country = AT" in str(worst.segment)


def test_stated_segments_are_marked(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 2000), people(rng, 2000)
    spoil(current, current["country"] == "CH", rng, 0.7)
    p = profiled(tmp_path, reference, current, segments=("country",))
    assert p.segments[0].stated
    assert p.segments[0].columns == ("country",)


def test_errors_everywhere_are_said_to_be_everywhere(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 3000), people(rng, 3000)
    spoil(current, pd.Series(True, index=current.index), rng, 0.3)
    assert [f.code for f in segments.judge(profiled(tmp_path, reference, current))] == ["CON012"]


def test_halves_of_one_population_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    for rows in (100, 2000):
        assert segments.judge(profiled(tmp_path, people(rng, rows), people(rng, rows))) == []


def test_fifty_thousand_rows_of_fifty_columns_are_searched_in_time(tmp_path: Path, rng: np.random.Generator) -> None:
    def wide(rows: int) -> pd.DataFrame:
        frame = people(rng, rows)
        more = pd.DataFrame(rng.normal(size=(rows, 47)), columns=[f"x{i}" for i in range(47)])
        return pd.concat([frame, more], axis=1)

    incident = incident_of(tmp_path, wide(50_000), wide(50_000), target="y", prediction="p", answer=Answer.LABEL)
    segments.profile(incident)  # Reads the rows, which all steps share.
    began = time.process_time()
    segments.profile(incident)
    assert time.process_time() - began < 6


def test_odd_columns_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = people(rng, 300), people(rng, 300)
    for frame in (reference, current):
        frame["empty"] = np.nan
        frame["same"] = 1.0
        frame["<b>$x$</b>"] = rng.choice(["=1+1", "<script>"], len(frame))
        frame["endless"] = np.where(rng.random(len(frame)) < 0.1, np.inf, rng.normal(size=len(frame)))
        frame["id"] = [f"k{i}" for i in range(len(frame))]
    for pair in ((reference, current), (reference, current.head(3)), (reference.head(3), current)):
        p = profiled(tmp_path, *pair)
        assert segments.judge(p) == []
        drawing.segments(p, None, WORDS)


def test_two_thousand_columns_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    more = [pd.DataFrame(rng.normal(size=(200, 2000)), columns=[f"x{i}" for i in range(2000)]) for _ in range(2)]
    frames = [pd.concat([people(rng, 200), wide], axis=1) for wide in more]
    assert segments.judge(profiled(tmp_path, *frames)) == []


def test_without_current_labels_it_says_what_it_lacks(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable) as raised:
        profiled(tmp_path, people(rng, 100), people(rng, 100).drop(columns="y"))
    assert raised.value.needs == "target"
