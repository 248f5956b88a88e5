from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.clinic.shared.training_set import Split, Why, training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from tests.clinic.frames import classes, values
from tests.factory import incident_of


def refusal(incident: Incident) -> str:
    with pytest.raises(NotApplicable) as raised:
        training_set(incident)
    assert raised.value.needs
    return raised.value.statement(Words())


def test_one_table_and_a_target_are_enough(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, classes(rng), target="answer"))
    assert data.classes == ("no", "yes")
    assert data.positive == "yes"
    assert data.categories == ("city",)
    assert data.described.rows == data.described.whole == 600
    assert data.described.counts == (420, 180)
    assert data.described.split is Split.PLAIN


def test_the_stated_class_to_be_found_stands_last(tmp_path: Path, rng: np.random.Generator) -> None:
    assert training_set(incident_of(tmp_path, classes(rng), target="answer", positive="no")).classes == ("yes", "no")


def test_a_large_table_is_drawn_from_and_says_so(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, classes(rng, 3000), target="answer")
    first, again = training_set(incident, rows=1000), training_set(incident, rows=1000)
    assert (first.described.rows, first.described.whole) == (1000, 3000)
    pd.testing.assert_frame_equal(first.features, again.features)


def test_columns_that_teach_nothing_are_left_out_with_the_reason(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng).assign(
        same="x", empty=np.nan, note=[f"the customer number {n} was here again" for n in range(600)], broken=np.inf
    )
    data = training_set(incident_of(tmp_path, frame, target="answer"))
    why = {item.column: item.why for item in data.described.left_out}
    assert why == {"same": Why.CONSTANT, "empty": Why.EMPTY, "note": Why.TEXT, "broken": Why.EMPTY}


def test_what_cannot_be_learnt_is_said_in_one_plain_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng)
    assert "No training data" in refusal(Incident())
    assert "Choose" in refusal(incident_of(tmp_path / "a", frame)) or "target" in refusal(incident_of(tmp_path / "b", frame))
    assert "Too few rows" in refusal(incident_of(tmp_path / "c", frame.head(12), target="answer"))
    assert "All rows have the same answer (no)" in refusal(
        incident_of(tmp_path / "d", frame.assign(answer="no"), target="answer")
    )
    one = frame.assign(answer=["yes", "yes"] + ["no"] * 598)
    assert "yes is the answer of only 2 rows" in refusal(incident_of(tmp_path / "e", one, target="answer"))
    many = pd.DataFrame({"x": rng.normal(size=10_000), "name": [f"n{n % 5000}" for n in range(10_000)]})
    assert "5,000 different values" in refusal(incident_of(tmp_path / "f", many, target="name"))
    words = incident_of(tmp_path / "g", frame, target="answer", task=Task.REGRESSION)
    assert "holds words, not numbers" in refusal(words)
    flat = incident_of(tmp_path / "h", frame.assign(answer=1.5), target="answer", task=Task.REGRESSION)
    assert "the same value" in refusal(flat)
    alone = incident_of(tmp_path / "i", frame[["answer"]].assign(x=1), target="answer")
    assert "No column to learn from" in refusal(alone)


def test_rows_without_a_target_and_tiny_classes_are_left_out_and_told(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng)
    frame.loc[:49, "answer"] = None
    frame.loc[50:52, "answer"] = "perhaps"
    described = training_set(incident_of(tmp_path, frame, target="answer")).described
    assert described.unlabelled == 50
    assert described.small == ("perhaps",)
    assert described.rows == 547


def test_copies_ids_and_times_decide_how_rows_are_held_out(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng)
    copies = pd.concat([frame, frame.head(200)], ignore_index=True)
    data = training_set(incident_of(tmp_path / "a", copies, target="answer"))
    assert data.described.split is Split.IDENTICAL
    assert data.groups is not None
    assert len(np.unique(data.groups)) == 600
    ids = frame.assign(customer=[f"c{n // 3}" for n in range(600)])
    assert training_set(incident_of(tmp_path / "b", ids, target="answer", id="customer")).described.split is Split.IDS
    timed = frame.assign(when=pd.date_range("2026-01-01", periods=600, freq="h"))
    assert training_set(incident_of(tmp_path / "c", timed, target="answer", timestamp="when")).described.split is Split.ORDERED


def test_a_quantity_without_a_stated_task_is_one(tmp_path: Path, rng: np.random.Generator) -> None:
    data = training_set(incident_of(tmp_path, values(rng), target="price", task=None))
    assert data.task is Task.REGRESSION
    assert data.classes == ()
