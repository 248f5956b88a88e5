"""Guesses tested on the reference, where the model is known to be good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.nouns.incident import Answer, Guess, Roles, Task
from diagnostics.nouns.refusal import Reason
from diagnostics.nouns.words import Words
from diagnostics.read.role_evidence import Settled, auc, check_on_reference
from tests.factory import table_of

GUESSES = tuple(
    Guess(role=role, column="c", evidence=Reason("why"), confidence=0.8) for role in ("target", "prediction", "answer")
)


def scored(rng: np.random.Generator, classes: tuple[str, str], rows: int = 400, slope: float = 2.0) -> pd.DataFrame:
    """The second class has the higher scores where `slope` is above 0."""
    hidden = rng.normal(size=rows)
    second = rng.random(rows) < 1 / (1 + np.exp(-slope * hidden))
    return pd.DataFrame({"label": np.where(second, classes[1], classes[0]), "score": 1 / (1 + np.exp(-hidden))})


def checked(folder: Path, frame: pd.DataFrame, *, guesses: tuple[Guess, ...] = (), positive: str | None = None) -> Settled:
    roles = Roles(target="label", prediction="score", positive=positive)
    return check_on_reference(Settled(roles, Task.CLASSIFICATION, Answer.SCORE, guesses), table_of(frame, folder, "r"))


@pytest.mark.parametrize(
    ("classes", "slope", "positive"),
    [
        (("a", "b"), 2.0, "b"),
        (("a", "b"), -2.0, "a"),
        # The rows have the last word, not the name: here the score is that of staying.
        (("churned", "stayed"), 2.0, "stayed"),
        (("no", "yes"), -2.0, "no"),
    ],
)
def test_the_positive_class_is_the_one_with_the_higher_scores(
    tmp_path: Path, rng: np.random.Generator, classes: tuple[str, str], slope: float, positive: str
) -> None:
    settled = checked(tmp_path, scored(rng, classes, slope=slope))
    assert settled.roles.positive == positive
    (guess,) = settled.guesses
    assert (guess.role, guess.column) == ("positive", positive)
    assert guess.confidence >= 0.9
    said = guess.evidence.statement(Words())
    assert said.startswith(f"The positive class is {positive}: in the reference it has the higher scores (AUC 0.")


def test_a_stated_positive_class_stays(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("a", "b")), positive="a")
    assert settled.roles.positive == "a"
    assert settled.guesses == ()


def test_where_the_scores_do_not_tell_the_word_does_and_is_less_sure(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("no", "yes"), rows=60, slope=0.0))
    assert settled.roles.positive == "yes"
    assert settled.guesses[0].confidence < 0.9
    assert settled.guesses[0].evidence.statement(Words()) == "The positive class is yes: the word says yes."


def test_where_nothing_tells_nothing_is_guessed(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("a", "b"), rows=60, slope=0.0))
    assert settled.roles.positive is None
    assert settled.guesses == ()


def test_a_guessed_prediction_that_has_nothing_to_do_with_the_labels_is_dropped(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("a", "b"), rows=2000, slope=0.0), guesses=GUESSES)
    assert settled.roles.prediction is None
    assert settled.roles.target == "label"
    assert settled.answer is None
    assert [guess.role for guess in settled.guesses] == ["target"]


def test_of_a_stated_prediction_the_guessed_target_is_dropped(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("a", "b"), rows=2000, slope=0.0), guesses=GUESSES[:1])
    assert (settled.roles.target, settled.roles.prediction) == (None, "score")
    assert settled.answer is Answer.SCORE


def test_what_was_stated_is_never_dropped(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("a", "b"), rows=2000, slope=0.0))
    assert (settled.roles.target, settled.roles.prediction) == ("label", "score")


def test_few_rows_drop_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    settled = checked(tmp_path, scored(rng, ("a", "b"), rows=200, slope=0.0), guesses=GUESSES)
    assert settled.roles.prediction == "score"


@pytest.mark.parametrize(("related", "kept"), [(True, "forecast"), (False, None)])
def test_a_guessed_forecast_must_go_with_the_numbers(
    tmp_path: Path, rng: np.random.Generator, related: bool, kept: str | None
) -> None:
    price = rng.normal(50, 9, 500)
    frame = pd.DataFrame({"price": price, "forecast": price + rng.normal(0, 5, 500) if related else rng.normal(50, 9, 500)})
    roles = Roles(target="price", prediction="forecast")
    settled = check_on_reference(Settled(roles, Task.REGRESSION, Answer.VALUE, GUESSES), table_of(frame, tmp_path, "r"))
    assert settled.roles.prediction == kept


def test_without_a_reference_nothing_is_checked() -> None:
    settled = Settled(Roles(target="label", prediction="score"), Task.CLASSIFICATION, Answer.SCORE, GUESSES)
    assert check_on_reference(settled, None) is settled


def test_auc_counts_pairs_and_ties_half() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == (1 + 0.5 + 1 + 1) / 4
    assert auc(np.array([1.0]), np.array([1.0])) == 0.5
