from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.confirm import estimate
from diagnostics.nouns.incident import Answer, Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import words_for
from diagnostics.pictures import confirm as drawing
from tests.factory import incident_of

WORDS = words_for("en")


def scored(rng: np.random.Generator, rows: int, spread: float = 2.0, flipped: float = 0.0) -> pd.DataFrame:
    """The smaller `spread`, the more rows lie near the boundary, where a calibrated model errs."""
    x = rng.normal(0, spread, rows)
    score = 1 / (1 + np.exp(-x))
    truth = (rng.random(rows) < score) ^ (rng.random(rows) < flipped)
    return pd.DataFrame({"x": x, "z": rng.normal(size=rows), "y": truth.astype(int), "p": score})


def incident(folder: Path, reference: pd.DataFrame, current: pd.DataFrame, **more: object) -> Incident:
    return incident_of(folder, reference, current, target="y", prediction="p", **more)  # type: ignore[arg-type]


def test_harder_rows_without_labels_are_foreseen(tmp_path: Path, rng: np.random.Generator) -> None:
    current = scored(rng, 3000, spread=1.0)
    p = estimate.profile(incident(tmp_path, scored(rng, 3000), current.drop(columns="y")))
    found = estimate.judge(p)
    assert [f.code for f in found] == ["CON031"]
    assert "if inputs and target are related as before" in found[0].statement(WORDS)
    assert p.method == "CBPE"
    assert p.estimated is not None
    realised = float(np.mean((current["p"] >= 0.5) != (current["y"] == 1)))
    assert abs(p.estimated.value - realised) < 0.03
    assert drawing.estimate(p, found[0], WORDS) is not None


def test_rows_of_the_same_kind_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    for rows in (200, 2000):
        for current in (scored(rng, rows), scored(rng, rows).drop(columns="y")):
            assert estimate.judge(estimate.profile(incident(tmp_path, scored(rng, rows), current))) == []


def test_errors_that_the_inputs_do_not_explain_are_told(tmp_path: Path, rng: np.random.Generator) -> None:
    p = estimate.profile(incident(tmp_path, scored(rng, 3000), scored(rng, 3000, flipped=0.3)))
    assert [f.code for f in estimate.judge(p)] == ["CON032"]


def test_a_broken_feed_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    current = scored(rng, 1000).drop(columns="y")
    current["x"] *= 1000
    p = estimate.profile(incident(tmp_path, scored(rng, 1000), current))
    assert p.estimated is None
    assert [f.code for f in estimate.judge(p)] == ["CON033"]
    assert drawing.estimate(p, None, WORDS) is None


def test_numbers_are_estimated_from_a_model_of_the_loss(tmp_path: Path, rng: np.random.Generator) -> None:
    def numbers(low: float) -> pd.DataFrame:
        x = rng.uniform(low, 10, 3000)
        truth = rng.normal(50, 10, 3000)
        return pd.DataFrame({"x": x, "y": truth, "p": truth + rng.normal(0, x)})

    kind = {"task": Task.REGRESSION, "answer": Answer.VALUE}
    p = estimate.profile(incident(tmp_path, numbers(0), numbers(5).drop(columns="y"), **kind))
    assert p.method == "DLE"
    assert [f.code for f in estimate.judge(p)] == ["CON031"]
    calm = estimate.profile(incident(tmp_path, numbers(0), numbers(0).drop(columns="y"), **kind))
    assert estimate.judge(calm) == []


def test_odd_tables_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    usual = scored(rng, 300)
    one_class, holes = usual.copy(), usual.copy()
    one_class["y"] = 0
    holes["x"] = np.nan
    for pair in ((usual, usual.head(3)), (one_class, one_class), (usual, holes), (holes, holes)):
        for finding in estimate.judge(estimate.profile(incident(tmp_path, *pair))):
            assert finding.statement(WORDS)


def test_too_few_labels_are_not_applicable(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        estimate.profile(incident(tmp_path, scored(rng, 20), scored(rng, 300)))
