from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.confirm import label_names
from diagnostics.checks.confirm.performance import check as performance
from diagnostics.checks.drift import labels
from diagnostics.nouns.incident import Incident
from tests.checks.inputs_frames import check, told, undone
from tests.factory import incident_of


def scored(rng: np.random.Generator, no: object, yes: object, rows: int = 600) -> pd.DataFrame:
    p = rng.random(rows)
    late = rng.random(rows) < p
    return pd.DataFrame({"age": p * 50 + rng.normal(0, 2, rows), "late": [yes if x else no for x in late], "score": p})


def given(folder: Path, reference: pd.DataFrame, current: pd.DataFrame, positive: str | None = None) -> Incident:
    return incident_of(folder, reference, current, target="late", prediction="score", positive=positive)


@pytest.mark.parametrize(("before", "after"), [(("no", "yes"), (0, 1)), (("False", "True"), (0, 1)), ((0, 1), ("N", "Y"))])
def test_labels_in_other_words_are_matched_and_said(
    tmp_path: Path, rng: np.random.Generator, before: tuple[object, object], after: tuple[object, object]
) -> None:
    incident = given(tmp_path, scored(rng, *before), scored(rng, *after), str(before[1]))
    findings = check(label_names, incident)
    assert [(f.code, f.severity, f.columns) for f in findings] == [("CON061", "warning", ("late",))]
    evidence = findings[0].evidence
    assert {str(name) for name in evidence["before"]} <= {str(name) for name in before}
    assert {str(name) for name in evidence["after"]} <= {str(name) for name in after}
    mended = undone(label_names, incident, findings[0])["late"]
    assert set(mended.dropna().map(str)) <= {str(name) for name in before}
    measured = performance.profile(incident)
    assert measured.reference is not None
    assert measured.current is not None
    assert measured.current.metrics["brier"].value < 0.25
    assert told(labels.judge(labels.profile(incident))) == []


@pytest.mark.parametrize(("before", "after"), [(("no", "yes"), ("A", "B")), ((0, 1), (1, 2))])
def test_where_no_word_says_which_is_which_no_error_is_counted(
    tmp_path: Path, rng: np.random.Generator, before: tuple[object, object], after: tuple[object, object]
) -> None:
    incident = given(tmp_path, scored(rng, *before), scored(rng, *after), str(before[1]))
    findings = check(label_names, incident)
    assert [(f.code, f.severity) for f in findings] == [("CON061", "critical")]
    assert performance.profile(incident).current is None
    assert told(labels.judge(labels.profile(incident))) == []


@pytest.mark.parametrize(
    ("before", "after"), [(("no", "yes"), ("no", "yes")), (("true", "false"), ("TRUE", "FALSE")), ((0, 1), ("0.0", "1.0"))]
)
def test_the_same_labels_in_another_notation_are_silent(
    tmp_path: Path, rng: np.random.Generator, before: tuple[object, object], after: tuple[object, object]
) -> None:
    assert check(label_names, given(tmp_path, scored(rng, *before), scored(rng, *after))) == []


def test_a_class_that_does_not_come_and_a_new_one_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    def grades(names: list[str]) -> pd.DataFrame:
        return pd.DataFrame({"age": rng.random(300), "late": rng.choice(names, 300), "score": rng.random(300)})

    assert check(label_names, given(tmp_path / "fewer", grades(["a", "b", "c"]), grades(["a", "b"]))) == []
    assert check(label_names, given(tmp_path / "more", grades(["a", "b"]), grades(["a", "b", "c"]))) == []
    assert check(label_names, given(tmp_path / "one", grades(["a", "b"]), grades(["a"]))) == []
