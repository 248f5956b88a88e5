from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.drift import leakage
from diagnostics.nouns.incident import Answer, Task
from diagnostics.nouns.refusal import NotApplicable
from tests.factory import incident_of


def rows(rng: np.random.Generator, start: str, *, leaks: bool, numeric: bool = False) -> pd.DataFrame:
    frame = pd.DataFrame({"when": pd.date_range(start, periods=1500, freq="h"), "age": rng.normal(40, 10, 1500)})
    chance = 1 / (1 + np.exp(-0.1 * (frame["age"] - 40)))
    frame["churn"] = frame["age"] * 2 + rng.normal(0, 10, 1500) if numeric else (rng.random(1500) < chance).astype(int)
    frame["calls"] = frame["churn"] * 3 + rng.normal(0, 1, 1500) if leaks else rng.normal(0.5, 2, 1500)
    return frame


@pytest.mark.parametrize("numeric", [False, True])
def test_a_column_that_knew_the_answer_and_lost_it_is_named(tmp_path: Path, rng: np.random.Generator, numeric: bool) -> None:
    reference = rows(rng, "2026-01-01", leaks=True, numeric=numeric)
    current = rows(rng, "2026-05-01", leaks=False, numeric=numeric)
    task = Task.REGRESSION if numeric else Task.CLASSIFICATION
    incident = incident_of(tmp_path, reference, current, target="churn", timestamp="when", task=task, answer=Answer.VALUE)
    findings = leakage.judge(leakage.profile(incident))
    assert [f.columns for f in findings] == [("calls",)]
    assert findings[0].since == current["when"][0].to_pydatetime()
    assert findings[0].evidence["before"] > 0.8 > 0.6 > findings[0].evidence["after"]


@pytest.mark.parametrize("leaks", [False, True])
def test_a_column_that_keeps_what_it_knows_is_silent(tmp_path: Path, rng: np.random.Generator, leaks: bool) -> None:
    reference, current = rows(rng, "2026-01-01", leaks=leaks), rows(rng, "2026-05-01", leaks=leaks)
    assert leakage.judge(leakage.profile(incident_of(tmp_path, reference, current, target="churn"))) == []


def test_without_labels_an_emptied_column_is_enough(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = rows(rng, "2026-01-01", leaks=True), rows(rng, "2026-05-01", leaks=True)
    current = current.drop(columns="churn").assign(calls=np.nan)
    findings = leakage.judge(leakage.profile(incident_of(tmp_path, reference, current, target="churn")))
    assert [f.evidence["filled"] for f in findings] == [0.0]
    assert findings[0].evidence["before"] > 0.8


def test_without_a_target_it_says_so(tmp_path: Path, rng: np.random.Generator) -> None:
    reference = rows(rng, "2026-01-01", leaks=True)
    with pytest.raises(NotApplicable, match="target"):
        leakage.profile(incident_of(tmp_path, reference, reference))
