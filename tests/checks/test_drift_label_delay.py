from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.causes.catalogue import LABEL_DELAY
from diagnostics.checks.drift.label_delay import check as label_delay
from diagnostics.nouns.incident import Answer, Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.pictures import drift as drawing
from tests.checks.drift_frames import ROLES, frame, pair
from tests.checks.inputs_frames import check, drawn, survives
from tests.factory import incident_of

AMOUNTS = {"target": "spent", "prediction": "told", "timestamp": "when", "task": Task.REGRESSION, "answer": Answer.VALUE}


def amounts(rng: np.random.Generator, rows: int = 3_000) -> tuple[pd.DataFrame, pd.DataFrame]:
    sides = [side.drop(columns=["bought", "score"]) for side in pair(rng, rows)]
    for side in sides:
        side["told"] = np.exp(side["age"] / 20)
        side["spent"] = side["told"] * np.exp(rng.normal(0, 0.4, rows))
    return sides[0], sides[1]


def codes(incident: Incident) -> list[str]:
    return [f.code for f in check(label_delay, incident)]


def test_cases_that_are_not_known_yet_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    late = rng.random(3000) < np.clip(np.arange(3000) - 2000, 0, None) / 1000
    current.loc[late, "bought"] = "no"
    incident = incident_of(tmp_path, reference, current, **ROLES)
    (finding,) = check(label_delay, incident)
    assert (finding.code, finding.columns) == ("DRF034", ("bought",))
    assert finding.evidence["last"] < 0.4
    assert abs((finding.since - current["when"][2000].to_pydatetime()).total_seconds()) < 3 * 86_400
    assert drawn(drawing.label_delay, label_delay.profile(incident), [finding])[1] is not None


def test_cases_are_missed_without_predictions_too(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = (side.drop(columns="score") for side in pair(rng))
    current.loc[2500:, "bought"] = "no"
    roles = {**ROLES, "prediction": None}
    assert codes(incident_of(tmp_path, reference, current, **roles)) == ["DRF034"]


def test_amounts_that_still_grow_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = amounts(rng)
    age = np.arange(3000)[::-1] + 20
    current["spent"] *= 1 - np.exp(-age / 300)
    assert codes(incident_of(tmp_path, reference, current, **AMOUNTS)) == ["DRF034"]


@pytest.mark.parametrize("lag", [1, -3, 40])
def test_labels_beside_other_rows_are_named(tmp_path: Path, rng: np.random.Generator, lag: int) -> None:
    reference, current = amounts(rng)
    current.loc[1000:, "spent"] = np.roll(current.loc[1000:, "spent"].to_numpy(), lag)
    incident = incident_of(tmp_path, reference, current, **AMOUNTS)
    (finding,) = check(label_delay, incident)
    assert (finding.code, finding.evidence["lag"]) == ("DRF035", lag)
    assert abs((finding.since - current["when"][1000].to_pydatetime()).total_seconds()) < 86_400
    assert drawn(drawing.label_delay, label_delay.profile(incident), [finding])[1] is not None


def test_labels_that_have_not_arrived_are_told(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[2500:, "bought"] = None
    incident = incident_of(tmp_path, reference, current, **ROLES)
    (finding,) = check(label_delay, incident)
    assert finding.rule is label_delay.PENDING
    assert (finding.of.before, finding.of.after) == (1.0, 0.0)
    assert finding.rule.cause(finding.of) is LABEL_DELAY
    assert drawn(drawing.label_delay, label_delay.profile(incident), [finding])[1] is not None


def test_a_third_of_the_labels_lacking_is_told_and_no_cause(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    current.loc[(np.arange(3000) >= 2700) & (rng.random(3000) < 0.35), "bought"] = None
    (finding,) = check(label_delay, incident_of(tmp_path, reference, current, **ROLES))
    assert finding.rule is label_delay.PENDING
    assert finding.rule.cause(finding.of) is None


def test_labels_that_lack_here_and_there_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 60)
    for place in range(20):
        some = current.assign(bought=current["bought"].where(rng.random(60) < 0.5))
        assert codes(incident_of(tmp_path / str(place), reference, some, **ROLES)) == []


def test_other_changes_of_the_labels_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng)
    other = {"yes": "no", "no": "yes"}
    tail = np.arange(3000) >= 2000
    noisy = current["bought"].where(~tail | (rng.random(3000) > 0.4), current["bought"].map(other))
    level = current["bought"].where(~tail | (rng.random(3000) > 0.4), "no")
    turned = current["bought"].where(~tail, current["bought"].map(other))
    for place, labels in enumerate((noisy, level, turned)):
        incident = incident_of(tmp_path / str(place), reference, current.assign(bought=labels), **ROLES)
        assert codes(incident) == []


def test_fewer_cases_among_the_rows_are_silent(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, many = frame(rng, 3_000), frame(rng, 9_000, "2026-06-01")
    keep = rng.random(9_000) > 0.9 * np.clip(np.arange(9_000) / 6_000 - 0.5, 0, 1) * (many["bought"] == "yes")
    current = many[keep].reset_index(drop=True)
    assert codes(incident_of(tmp_path, reference, current, **ROLES)) == []


@pytest.mark.parametrize("rows", [60, 600, 6000])
def test_the_same_population_is_silent(tmp_path: Path, rng: np.random.Generator, rows: int) -> None:
    assert codes(incident_of(tmp_path, *pair(rng, rows), **ROLES)) == []


def test_without_labels_or_times_it_does_not_apply(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = pair(rng, 300)
    for place, (table, roles) in enumerate(((current.drop(columns="bought"), ROLES), (current, {**ROLES, "timestamp": None}))):
        with pytest.raises(NotApplicable) as raised:
            label_delay.profile(incident_of(tmp_path / str(place), reference, table, **roles))
        assert raised.value.needs in ("target", "timestamp")


def test_odd_tables_are_survived(tmp_path: Path, rng: np.random.Generator) -> None:
    survives(label_delay, drawing.label_delay)
    reference, current = pair(rng, 200)
    check(label_delay, incident_of(tmp_path / "one class", reference, current.assign(bought="yes"), **ROLES))
    with pytest.raises(NotApplicable):
        check(label_delay, incident_of(tmp_path / "no label", reference, current.assign(bought=None), **ROLES))
