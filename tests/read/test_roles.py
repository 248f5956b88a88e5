"""Roles: guessed on good grounds, said in plain sentences, never against what was stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.nouns.incident import Answer, Roles, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import Words
from diagnostics.read.record import reading_record, write_clean
from diagnostics.read.roles import guess_roles, settle
from tests.factory import table_of


def frame(rng: np.random.Generator, rows: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customerID": [f"k{i}" for i in range(rows)],
            "created_at": pd.date_range("2026-05-01", periods=rows, freq="h"),
            "credit_score": rng.integers(300, 850, rows),
            "region": rng.choice(["north", "south"], rows),
            "churn": rng.choice(["no", "yes"], rows),
            "proba": rng.random(rows),
        }
    )


def test_everything_is_found_and_said(tmp_path: Path, rng: np.random.Generator) -> None:
    guess = guess_roles(table_of(frame(rng), tmp_path, "reference"), None)
    assert guess.roles == Roles("churn", "proba", "created_at", "customerID", ("region",), positive="yes")
    assert (guess.task, guess.answer) == (Task.CLASSIFICATION, Answer.SCORE)
    said = [one.evidence.statement(Words()) for one in guess.guesses]
    assert "The target is churn: it is named like one and has 2 classes." in said


def test_no_target_without_grounds(tmp_path: Path, rng: np.random.Generator) -> None:
    table = table_of(pd.DataFrame({"a": rng.random(50), "b": rng.integers(0, 2, 50)}), tmp_path, "reference")
    guess = guess_roles(table, None)
    assert guess.roles == Roles()
    assert guess.task is None


def test_late_labels_point_at_the_target(tmp_path: Path, rng: np.random.Generator) -> None:
    table = frame(rng).assign(outcome=rng.integers(0, 2, 200))
    reference, current = table_of(table, tmp_path, "reference"), table_of(table.drop(columns="outcome"), tmp_path, "current")
    assert guess_roles(reference, current).roles.target == "outcome"


def test_labels_and_values(tmp_path: Path, rng: np.random.Generator) -> None:
    classes = pd.DataFrame({"x": rng.random(60), "kind": rng.choice(["a", "b", "c"], 60)})
    classes["y_pred"] = classes["kind"].sample(frac=1, random_state=1).to_numpy()
    guess = guess_roles(table_of(classes, tmp_path, "a"), None)
    assert (guess.roles.target, guess.answer) == ("kind", Answer.LABEL)
    numbers = pd.DataFrame({"x": rng.random(60), "target": rng.normal(50, 9, 60), "forecast": rng.normal(50, 9, 60)})
    guess = guess_roles(table_of(numbers, tmp_path, "b"), None)
    assert (guess.task, guess.answer, guess.roles.prediction) == (Task.REGRESSION, Answer.VALUE, "forecast")


def test_stated_roles_stay(tmp_path: Path, rng: np.random.Generator) -> None:
    table = table_of(frame(rng), tmp_path, "reference")
    roles, task, answer, guessed = settle(Roles(target="region", positive="north"), None, table, None)
    assert (roles.target, roles.positive, roles.prediction) == ("region", "north", "proba")
    assert (task, answer) == (Task.CLASSIFICATION, Answer.SCORE)
    assert {guess.role: guess.column for guess in guessed} == {
        "prediction": "proba",
        "timestamp": "created_at",
        "id": "customerID",
        "task": "classification",
        "answer": "score",
    }


def test_stated_column_that_is_not_there(tmp_path: Path, rng: np.random.Generator) -> None:
    table = table_of(frame(rng), tmp_path, "reference")
    with pytest.raises(BadInput, match="customerID"):
        settle(Roles(target="nope"), None, table, None)
    assert settle(Roles(target="x"), None, None, None)[0].target == "x"


def test_survives_empty_and_constant_columns(tmp_path: Path) -> None:
    table = table_of(pd.DataFrame({"target": [1.0, 1.0], "prediction": [np.nan, np.nan], "id": [1, 2]}), tmp_path, "r")
    assert guess_roles(table, table).roles.target is None


def test_record_and_clean_file(tmp_path: Path) -> None:
    from diagnostics.read.reader import read_table

    source = tmp_path / "a.csv"
    source.write_bytes('Bericht\n\nid;betrag;NA;churn\n007;1.234,50;NA;ja\n008;3,20;"a;""b";nein\n'.encode("utf-16"))
    table = read_table(source, tmp_path / "out", name="a")
    record = reading_record(table, Roles(target="churn"))
    assert (record["encoding"], record["delimiter"], record["header_rows"], record["skipped_rows"]) == ("utf-16-le", ";", 1, 1)
    assert record["rows"] == 2
    assert record["columns"][3] == {"name": "churn", "type": "category", "role": "target"}
    write_clean(source, tmp_path / "clean.csv")
    cells = pd.read_csv(tmp_path / "clean.csv", dtype=str, keep_default_na=False)
    assert cells.to_numpy().tolist() == [["007", "1.234,50", "NA", "ja"], ["008", "3,20", 'a;"b', "nein"]]


def test_one_class_alone_is_the_target_of_a_score(tmp_path: Path, rng: np.random.Generator) -> None:
    table = pd.DataFrame({"income": rng.normal(41_000, 5_000, 200), "approved": 1, "score": rng.random(200)})
    guess = guess_roles(table_of(table, tmp_path, "a"), None)
    assert (guess.roles.target, guess.roles.prediction, guess.task) == ("approved", "score", Task.CLASSIFICATION)
    guess = guess_roles(table_of(table.drop(columns="approved"), tmp_path, "b"), None)
    assert guess.roles.target is None
