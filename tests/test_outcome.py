from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.measure.outcome import Outcome, known, match_classes, outcome, positive_class, row_loss
from diagnostics.measure.samples import samples
from diagnostics.nouns.incident import Answer, Sides, Task
from diagnostics.nouns.refusal import NotApplicable
from tests.factory import incident_of


def objects(*values: object) -> np.ndarray:
    return np.array(values, dtype=object)


def test_labels_that_mean_one_class_are_written_as_that_class() -> None:
    assert list(match_classes(objects("1.0", "False", " 1", None), ("0", "1"))) == ["1", "0", "1", None]
    assert list(match_classes(objects(">50k.", "<=50K"), ("<=50K", ">50K"))) == [">50K", "<=50K"]
    assert list(match_classes(objects("maybe"), ("no", "yes"))) == ["maybe"]


def test_a_label_that_could_be_two_classes_stays() -> None:
    assert list(match_classes(objects("TRUE"), ("True", "true"))) == ["TRUE"]


@pytest.mark.parametrize(
    ("classes", "stated", "positive"),
    [
        (("0", "1"), None, "1"),
        (("No", "Yes"), "yes", "Yes"),
        (("a", "b"), None, None),
        (("a", "b"), "a", "a"),
        (("a", "b", "c"), None, None),
        (("a", "b", "c"), "c", "c"),
        (("0",), None, "1"),
    ],
)
def test_the_positive_class(classes: tuple[str, ...], stated: str | None, positive: str | None) -> None:
    assert positive_class(classes, stated) == positive


def test_the_loss_of_each_kind_of_answer() -> None:
    none: Sides[None] = Sides(None, None)
    label = Outcome(Task.CLASSIFICATION, Answer.LABEL, ("a", "b"), "b", none, none)
    score = Outcome(Task.CLASSIFICATION, Answer.SCORE, ("a", "b"), "b", none, none)
    value = Outcome(Task.REGRESSION, Answer.VALUE, (), None, none, none)
    np.testing.assert_array_equal(row_loss(label, objects("a", "b", None), objects("a", "a", "a")), [0, 1, np.nan])
    np.testing.assert_allclose(row_loss(score, objects("a", "b", None), np.array([0.5, 0.9, 0.1])), [0.25, 0.01, np.nan])
    np.testing.assert_array_equal(row_loss(value, np.array([1.0, np.inf]), np.array([3.0, np.inf])), [2, np.nan])


def frame(truth: list[object], told: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(len(truth), dtype=float), "y": truth, "p": told})


def test_truth_of_another_kind_in_the_current_file_is_still_read(tmp_path: Path) -> None:
    incident = incident_of(
        tmp_path,
        frame([0, 1, 1, 0], [0, 1, 1, 0]),
        frame(["False", "True"], ["True", "True"]),
        target="y",
        prediction="p",
        answer=Answer.LABEL,
    )
    found = outcome(incident, samples(incident))
    np.testing.assert_array_equal(found.loss("current"), [1, 0])


def test_a_single_table_has_an_outcome(tmp_path: Path) -> None:
    incident = incident_of(tmp_path, None, frame([0, 1], [0, 0]), target="y", prediction="p", answer=Answer.LABEL)
    found = known(incident)
    assert found.loss("reference") is None
    np.testing.assert_array_equal(found.loss("current"), [0, 1])


def test_one_probability_for_many_classes_is_refused(tmp_path: Path) -> None:
    incident = incident_of(tmp_path, frame(["a", "b", "c"], [0.1, 0.2, 0.3]), None, target="y", prediction="p")
    with pytest.raises(NotApplicable) as raised:
        known(incident)
    assert raised.value.needs == "prediction"


def test_predictions_that_are_no_class_are_refused(tmp_path: Path) -> None:
    incident = incident_of(
        tmp_path, frame(["a", "b"], ["model 1", "model 2"]), None, target="y", prediction="p", answer=Answer.LABEL
    )
    with pytest.raises(NotApplicable):
        known(incident)
