from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.causes.catalogue import SCALE_OF_SCORES
from diagnostics.checks.confirm import score_scale
from diagnostics.investigation import investigate
from diagnostics.nouns.incident import Incident
from tests.checks.inputs_frames import check, undone
from tests.factory import incident_of


def scored(rng: np.random.Generator, start: str, rows: int = 600) -> pd.DataFrame:
    income, age = rng.normal(0, 1, rows), rng.normal(0, 1, rows)
    p = 1 / (1 + np.exp(-(1.5 * income - age)))
    return pd.DataFrame(
        {
            "when": pd.date_range(start, periods=rows, freq="h"),
            "income": income,
            "age": age,
            "city": rng.choice(["Ulm", "Bern"], rows),
            "late": (rng.random(rows) < p).astype("int64"),
            "score": np.round(p, 6),
        }
    )


def given(folder: Path, reference: pd.DataFrame, current: pd.DataFrame) -> Incident:
    return incident_of(folder, reference, current, target="late", prediction="score", timestamp="when", positive="1")


def hundred(p: pd.Series) -> pd.Series:
    return p * 100


def log_odds(p: pd.Series) -> pd.Series:
    return np.log(p / (1 - p))


def turned(p: pd.Series) -> pd.Series:
    return 1 - p


@pytest.mark.parametrize(("write", "code"), [(hundred, "CON071"), (log_odds, "CON071"), (turned, "CON072")])
def test_scores_on_another_scale_are_named_and_brought_back(
    tmp_path: Path, rng: np.random.Generator, write: Callable[[pd.Series], pd.Series], code: str
) -> None:
    reference, current = scored(rng, "2026-01-01"), scored(rng, "2026-06-01")
    incident = given(tmp_path, reference, current.assign(score=write(current["score"])))
    findings = check(score_scale, incident)
    assert [(f.code, f.columns, f.since) for f in findings] == [(code, ("score",), None)]
    assert np.allclose(undone(score_scale, incident, findings[0])["score"], current["score"], atol=1e-9)


@pytest.mark.parametrize("write", [hundred, log_odds])
def test_a_reference_on_another_scale_is_named_too(
    tmp_path: Path, rng: np.random.Generator, write: Callable[[pd.Series], pd.Series]
) -> None:
    reference, current = scored(rng, "2026-01-01"), scored(rng, "2026-06-01")
    incident = given(tmp_path, reference.assign(score=write(reference["score"])), current)
    findings = check(score_scale, incident)
    assert [f.code for f in findings] == ["CON071"]
    assert np.allclose(undone(score_scale, incident, findings[0])["score"], write(current["score"]), atol=1e-6)


def test_the_scale_is_the_first_cause_and_the_first_finding(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = scored(rng, "2026-01-01"), scored(rng, "2026-06-01")
    for name, write in (("hundred", hundred), ("turned", turned)):
        result = investigate(given(tmp_path / name, reference, current.assign(score=write(current["score"]))))
        assert result.causes[0].kind is SCALE_OF_SCORES
        assert result.causes[0].confidence > 0.5
        assert result.findings(1)[0].rule.suggests is SCALE_OF_SCORES


def test_the_same_scale_is_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = scored(rng, "2026-01-01"), scored(rng, "2026-06-01")
    assert check(score_scale, given(tmp_path / "same", reference, current)) == []
    both = [side.assign(score=side["score"] * 100) for side in (reference, current)]
    assert check(score_scale, given(tmp_path / "both", *both)) == []


def test_a_few_impossible_scores_are_no_scale(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = scored(rng, "2026-01-01"), scored(rng, "2026-06-01")
    current.loc[:9, "score"] = 55.0
    assert check(score_scale, given(tmp_path, reference, current)) == []


def test_scores_of_a_broken_input_are_not_turned(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = scored(rng, "2026-01-01"), scored(rng, "2026-06-01")
    current["score"] = rng.permutation(current["score"].to_numpy())
    assert check(score_scale, given(tmp_path / "lot", reference, current)) == []
    few = scored(rng, "2026-06-01", 40)
    assert check(score_scale, given(tmp_path / "few", reference, few.assign(score=1 - few["score"]))) == []
