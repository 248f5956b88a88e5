from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.causes.catalogue import REFERENCE_FAULT
from diagnostics.checks.confirm import sides
from diagnostics.investigation import investigate
from diagnostics.nouns.check import Status
from diagnostics.nouns.words import words_for
from tests.checks.inputs_frames import check, pair, told
from tests.factory import incident_of

WORDS = words_for("en")


def test_current_rows_from_before_the_reference_are_exchanged_files(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    incident = incident_of(tmp_path, current, reference, timestamp="when")
    findings = check(sides, incident)
    assert told(findings) == [("CON051", ())]
    assert findings[0].evidence["last"] == reference["when"].max().to_pydatetime()
    assert findings[0].evidence["first"] == current["when"].min().to_pydatetime()


def test_a_stray_time_does_not_hide_it(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    current.loc[0, "when"] = pd.Timestamp("1999-01-01")
    reference.loc[0, "when"] = pd.Timestamp("2031-01-01")
    assert told(check(sides, incident_of(tmp_path, current, reference, timestamp="when"))) == [("CON051", ())]


def test_the_right_order_and_overlapping_times_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    assert check(sides, incident_of(tmp_path / "right", reference, current, timestamp="when")) == []
    over = current.assign(when=reference["when"] - pd.Timedelta(days=5))
    assert check(sides, incident_of(tmp_path / "over", reference, over, timestamp="when")) == []
    assert check(sides, incident_of(tmp_path / "no-time", current, reference)) == []


def test_the_same_rows_in_another_order_are_the_same_file(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, _ = pair(rng, 400)
    shuffled = reference.sample(frac=1, random_state=3)[list(reference.columns[::-1])]
    assert told(check(sides, incident_of(tmp_path, reference, shuffled, timestamp="when"))) == [("CON052", ())]


def test_one_other_value_makes_another_file(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, _ = pair(rng, 400)
    other = reference.copy()
    other.loc[17, "income"] += 0.01
    assert check(sides, incident_of(tmp_path, reference, other, timestamp="when")) == []


def test_exchanged_files_are_the_only_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 400)
    result = investigate(incident_of(tmp_path, current.assign(income=current["income"] * 1000), reference, timestamp="when"))
    assert [cause.kind for cause in result.causes] == [REFERENCE_FAULT]
    assert "The two files look exchanged." in result.conclusion.statement(WORDS)


def test_the_same_file_twice_is_undecided_and_no_step_is_well(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, _ = pair(rng, 400)
    incident = incident_of(tmp_path, reference, reference, timestamp="when")
    result = investigate(replace(incident, current=replace(incident.reference, name="current")))
    assert result.causes == ()
    assert result.conclusion.verdict == "undecided"
    assert result.conclusion.statement(WORDS).startswith("The same file was given twice")
    assert result.status(1) is Status.PROBLEM
    assert Status.OK not in [result.status(number) for number in (2, 3, 4, 7)]
