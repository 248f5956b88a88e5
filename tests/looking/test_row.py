"""Why one row got its prediction, and which rows are the worst."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.looking.row import explain, faulty_cells, row_at, worst_rows
from diagnostics.measure.samples import samples
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from tests.factory import incident_of


def rows(rng: np.random.Generator, n: int, start: int) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "id": [f"r{start + k}" for k in range(n)],
            "income": rng.normal(40, 8, n),
            "noise": rng.normal(size=n),
            "city": rng.choice(["Ulm", "Bern"], n),
        }
    )
    score = 1 / (1 + np.exp(-(frame["income"] - 40) / 4 - (frame["city"] == "Ulm")))
    return frame.assign(score=score, paid=np.where(rng.random(n) < score, "yes", "no"))


@pytest.fixture
def incident(tmp_path: Path, rng: np.random.Generator) -> Incident:
    reference, current = rows(rng, 600, 0), rows(rng, 300, 1000)
    current.loc[7, ["income", "score", "paid"]] = [4000.0, 1.0, "no"]
    current.loc[8, "city"] = "Wien"
    current.loc[9, "noise"] = np.nan
    roles = {"target": "paid", "prediction": "score", "id": "id", "positive": "yes"}
    return incident_of(tmp_path, reference, current, **roles)  # type: ignore[arg-type]


def test_contributions_add_up_and_name_what_matters(incident: Incident) -> None:
    found = explain(incident, 7)
    assert not found.uploaded
    assert found.what == "paid = yes"
    assert found.contributions[0].column == "income"
    assert sum(one.adds for one in found.contributions) == pytest.approx(found.value - found.usual)
    by = {one.column: abs(one.adds) for one in found.contributions}
    assert by["noise"] < 0.2 * by["income"]
    assert found == explain(incident, 7)


def test_the_nearest_rows_and_the_change_that_turns_the_decision(incident: Incident) -> None:
    drawn = samples(incident)
    found = explain(incident, 20)
    own, other = drawn.current.iloc[20], drawn.reference.iloc[found.nearest[0][0]]
    assert own["city"] == other["city"]
    assert [apart for _, apart in found.nearest] == sorted(apart for _, apart in found.nearest)
    turned = {change.column: change for change in explain(incident, 7).changes}
    assert "income" in turned
    assert float(turned["income"].instead) < 42
    assert turned["income"].score < 0.5


def test_cells_at_fault_are_those_without_their_like_in_the_reference(incident: Incident) -> None:
    marks = faulty_cells(samples(incident))
    assert [name for name in marks if marks.loc[7, name]] == ["income"]
    assert [name for name in marks if marks.loc[8, name]] == ["city"]
    assert [name for name in marks if marks.loc[9, name]] == ["noise"]
    assert marks.sum().sum() < 8
    worst = worst_rows(incident)
    assert worst.positions[0] == 7
    assert worst.faults[0] == {"income"}
    assert worst.loss is not None
    assert list(worst.loss) == sorted(worst.loss, reverse=True)


def test_without_labels_the_strangest_rows_come_first(tmp_path: Path, rng: np.random.Generator) -> None:
    reference, current = rows(rng, 200, 0), rows(rng, 100, 1000).drop(columns="paid")
    current.loc[5, ["income", "city"]] = [9e9, "Wien"]
    worst = worst_rows(incident_of(tmp_path, reference, current, target="paid", prediction="score", id="id"))
    assert worst.loss is None
    assert worst.positions[0] == 5


def test_rows_are_found_by_id_or_number(incident: Incident) -> None:
    assert row_at(incident, "r1007") == 7
    assert row_at(incident, "8") == 7
    assert row_at(incident, "nobody") is None
    assert row_at(incident, "0") is None


def test_without_predictions_and_labels_nothing_is_explained(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = rows(rng, 100, 0)[["income", "city"]]
    with pytest.raises(NotApplicable):
        explain(incident_of(tmp_path, frame, frame), 0)
